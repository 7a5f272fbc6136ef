//! `git wp escalate`: a question that an agent cannot answer by itself.

use crate::base::text::foreign;
use crate::base::{Error, Result, json};
use crate::commands::verbs::escalations::{self, Question};
use crate::commands::verbs::identity::{IdentityArgs, identity};
use crate::commands::{Answer, Context, feature};
use crate::model::escalation::{EscalationKind, EscalationSeverity};

/// Ask what an agent cannot decide by itself
///
/// It is recorded and shown in git wp status. In a room it is about the attempt's own package,
/// whatever is named.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Types: contract-revision-required, plan-revision-required, \
resource-conflict, verification-infeasible, scope-violation, env-resource-conflict, \
security-escalation, flaky-test-quarantine-request\n\nExample:\n  \
    git wp escalate add-auth/wp-api --type scope-violation \"wp-api needs src/web/login.ts\""
)]
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
    };
    let noted = escalations::escalate(cx, &store, (&question, &who))?;
    let text = match noted.queued {
        true => "left the question with the supervisor of this room\n".to_owned(),
        false => format!("escalated {}\nnext: git wp status\n", foreign(&args.about)),
    };
    Ok(Answer::done(json::value(&noted)?, text))
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
