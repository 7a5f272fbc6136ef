//! `git wp report`: what became of a feature, for people, for code hosts and for CI services.

use clap::ValueEnum;

use crate::base::json::{self, json};
use crate::base::text::foreign;
use crate::base::{Error, Result};
use crate::commands::outputs::Outputs;
use crate::commands::{Answer, Context, feature};
use crate::report::{alerts, junit, pull_request, sarif};

/// Show what became of a feature
///
/// `md` and `json` show the execution summary of the last run that ended: timeline, contracts,
/// scope, evidence, lock keys, risk class, open steps, deviations. The others show the feature as
/// it stands now: `pr` the text of a pull request, `sarif` what is wrong with its place, `junit`
/// the verification steps. No file of the checkout is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp report add-auth
  git wp report add-auth > report.md
  git wp report add-auth --format sarif > wp.sarif
  git wp report add-auth --format junit > wp.xml")]
pub(super) struct Args {
    /// A feature; the only one if there is but one
    #[arg(value_name = "FEATURE")]
    feature: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Markdown, for people
    #[default]
    #[value(alias = "markdown")]
    Md,
    /// The same as --json
    Json,
    /// Text of a pull request: title, empty line, body
    Pr,
    /// SARIF 2.1.0: findings, gate violations, failed steps
    Sarif,
    /// JUnit XML: verification steps by package
    Junit,
}

/// Shows it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    if args.format == Format::Json {
        cx.ui.use_json();
    }
    let store = cx.store()?;
    let found = feature::published(cx, &store, args.feature.as_deref())?;
    let outputs = Outputs::read(&store, found)?;
    match args.format {
        Format::Md | Format::Json => summary(cx, &outputs),
        Format::Pr => pull(&outputs),
        Format::Sarif => alerts(&outputs),
        Format::Junit => Ok(steps(&outputs)),
    }
}

fn summary(cx: &mut Context<'_>, outputs: &Outputs) -> Result<Answer> {
    let (_, ended) = outputs.last().ok_or_else(|| {
        let shown = foreign(outputs.found.id.as_str()).to_string();
        let message = format!("no run of `{shown}` has ended yet");
        Error::negative("no-report", message).hint(format!("git wp status {shown}"))
    })?;
    let mut runs = outputs.found.records.runs.values().rev();
    if runs.next().is_some_and(|newest| newest.ended.is_none()) {
        cx.ui.warn("run-under-way", "a newer run has not ended yet");
    }
    let text = foreign(&outputs.text).multi_line().to_string();
    Ok(Answer::done(ended.summary.clone(), text))
}

fn pull(outputs: &Outputs) -> Result<Answer> {
    let pull = outputs.pull_request();
    let (title, body) = (pull_request::title(&pull), pull_request::body(&pull));
    let data = json!({
        "feature": outputs.found.id,
        "title": title,
        "body": body,
        "reviews": json::value(&outputs.reviews)?,
    });
    Ok(Answer::done(data, format!("{title}\n\n{body}")))
}

fn alerts(outputs: &Outputs) -> Result<Answer> {
    let alerts = alerts::collect(&outputs.found.records, &outputs.reviews);
    let home = outputs.home();
    let subject = sarif::Subject {
        feature: &outputs.found.id,
        head: outputs.head(),
        home: &home,
        version: env!("CARGO_PKG_VERSION"),
    };
    let document = sarif::render(subject, &alerts);
    let text = json::pretty(&document)? + "\n";
    Ok(Answer::done(document, text))
}

fn steps(outputs: &Outputs) -> Answer {
    let rows = outputs.status.packages.iter();
    let names: Vec<_> = rows.map(|row| (row.id.to_string(), row.status)).collect();
    let suites = junit::suites(&outputs.found.records, &names);
    let text = junit::render(&outputs.found.id, &suites);
    Answer::done(json!({"feature": outputs.found.id, "junit": text}), text)
}
