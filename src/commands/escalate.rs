//! `git wp escalate`: a question that an agent cannot answer by itself.

use crate::base::text::foreign;
use crate::base::{Error, Result, json};
use crate::commands::verbs::escalations::{self, Question};
use crate::commands::verbs::identity::{IdentityArgs, identity};
use crate::commands::{Answer, Context, feature};
use crate::model::escalation::{EscalationKind, EscalationSeverity};
use crate::model::procedure::PROCEDURES;

/// Ask what an agent cannot decide by itself
///
/// It is recorded and shown in git wp status. What follows is decided by its type and its severity:
/// the package goes on, is tried again, waits or fails; the feature goes on or pauses; a person
/// answers with git wp decide, or nobody has to. With --human a person has to at every severity. In
/// a room it is about the attempt's own package, whatever is named.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct Args {
    /// The feature or package
    #[arg(value_name = "FEATURE[/PACKAGE]")]
    about: String,
    /// What is the matter, in a sentence
    #[arg(required = true, value_name = "SUMMARY")]
    summary: Vec<String>,
    /// What it is about; see below
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    kind: EscalationKind,
    /// non-blocking, low, medium, high or blocking [default: as its type is as a rule]
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    severity: Option<EscalationSeverity>,
    /// In full
    #[arg(long, value_name = "TEXT")]
    details: Option<String>,
    /// What the agent would do
    #[arg(long, value_name = "TEXT")]
    propose: Option<String>,
    /// Only a person can decide it
    #[arg(long)]
    human: bool,
    /// A lock key or path that is in the way, or a contract:PATH that must change; several are
    /// possible
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// A package that it concerns beside its own; several are possible
    #[arg(long = "impacts", value_name = "PACKAGE")]
    impacts: Vec<String>,
    #[command(flatten)]
    who: IdentityArgs,
}

/// Asks.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let who = identity(cx, &args.who)?;
    let (feature, package) = feature::about(&store, Some(&args.about))?;
    let feature = feature.ok_or_else(|| {
        let message = format!("there is no feature `{}`", foreign(&args.about));
        Error::usage("feature-unknown", message).hint("git wp status --all")
    })?;
    let question = Question {
        feature,
        package,
        kind: args.kind,
        severity: args.severity,
        summary: args.summary.join(" "),
        details: args.details.clone(),
        proposed_action: args.propose.clone(),
        requires_human: args.human,
        keys: args.keys.clone(),
        impacts: args.impacts.clone(),
    };
    let noted = escalations::escalate(cx, &store, (&question, &who))?;
    let text = match noted.queued {
        true => "left the question with the supervisor of this room\n".to_owned(),
        false => format!(
            "escalated {} as {}\nnext: git wp decide {}\n",
            foreign(&args.about),
            noted.id,
            noted.id
        ),
    };
    Ok(Answer::done(json::value(&noted)?, text))
}

/// The table of procedures, as far as it fits the width of a help text.
fn after_help() -> String {
    let mut out =
        "Types, usual severity, package, feature, who decides, what may be answered:\n".to_owned();
    for row in &PROCEDURES {
        let usual = row.usually();
        let choices: Vec<&str> = row.choices.iter().map(|choice| choice.as_str()).collect();
        out += &format!(
            "    {:30} {:13} {:8} {:8} {}\n        {}\n",
            row.kind.as_str().to_lowercase().replace('_', "-"),
            row.kind.usual_severity().as_str(),
            usual.package.as_str(),
            usual.feature.as_str(),
            usual.decider().as_str(),
            choices.join(", "),
        );
    }
    out + "\nExample:\n  git wp escalate add-auth/wp-api --type scope-violation \"wp-api needs \
           src/web/login.ts\""
}

/// Words with hyphens or underscores, in any case.
fn plain(text: &str) -> String {
    text.to_uppercase().replace('-', "_")
}

fn kind(text: &str) -> Result<EscalationKind, String> {
    let found = { EscalationKind::ALL.into_iter() }.find(|kind| kind.as_str() == plain(text));
    found.ok_or_else(|| {
        let all = EscalationKind::ALL.map(|kind| kind.as_str().to_lowercase().replace('_', "-"));
        format!("one of {}", all.join(", "))
    })
}

fn severity(text: &str) -> Result<EscalationSeverity, String> {
    let all = EscalationSeverity::ALL;
    let found = { all.into_iter() }.find(|severity| severity.as_str() == plain(text));
    found.ok_or_else(|| "one of non-blocking, low, medium, high, blocking".to_owned())
}
