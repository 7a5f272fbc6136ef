//! `git wp gate`: whether a feature may be handed on, and what a person sets aside.

use crate::base::text::foreign;
use crate::base::{Error, ExitCode, Oid, Result, json};
use crate::commands::feature::{self, Found};
use crate::commands::{Answer, Context, policy};
use crate::model::review_words::Ruling;
use crate::report;
use crate::schedule::readiness;
use crate::schedule::readiness::{Readiness, Reason};
use crate::schedule::review::{self, ReviewPolicy, ReviewState};
use crate::state::asked::Said;
use crate::state::record::{Judgement, Waiver};
use crate::state::{FeatureView, Op};

/// Say whether a feature may be handed on
///
/// READY, or BLOCKED with every reason: what is not merged, red or open, what reviewers found or
/// did not say, what waits for an answer. Exits with 0 only if it is READY. A person may set a
/// reason aside, with a reason; that is put on record and shown wherever the feature is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp gate add-auth
  git wp gate add-auth --waive f-0123456789abcdef --reason \"the input is checked above\" \\
      --as false-positive
  git wp gate add-auth --waive review:wp-docs --reason \"texts only\"")]
pub(super) struct Args {
    /// The feature [default: the only one]
    feature: Option<String>,
    /// Set this reason aside, by its key; given several times for several
    #[arg(long, value_name = "KEY", requires = "reason")]
    waive: Vec<String>,
    /// Why it is set aside
    #[arg(long, value_name = "TEXT", requires = "waive")]
    reason: Option<String>,
    /// What it comes to: fixed, false-positive, accepted-risk or deferred
    #[arg(long = "as", value_name = "WORD", value_parser = ruling, default_value = "accepted-risk")]
    ruling: Ruling,
}

fn ruling(word: &str) -> Result<Ruling, String> {
    let words = Ruling::ALL.map(|ruling| ruling.as_str().replace('_', "-"));
    Ruling::parse(&word.replace('-', "_")).ok_or_else(|| format!("one of {}", words.join(", ")))
}

/// Judges, after what is to be set aside was.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let mut found = feature::published(cx, &store, args.feature.as_deref())?;
    if !args.waive.is_empty() {
        waive(args, cx, &found)?;
        found = feature::published(cx, &store, args.feature.as_deref())?;
    }
    let judged = readiness(&found.id, &found.records);
    let ready = judged.is_ready();
    let data = json::json!({
        "feature": found.id,
        "verdict": if ready { "READY" } else { "BLOCKED" },
        "ready": ready,
        "commit": judged.commit,
        "count": judged.open().count(),
        "reasons": json::value(&judged.open().collect::<Vec<_>>())?,
        "waived": json::value(&judged.waived().collect::<Vec<_>>())?,
    });
    let text = report::gate::render(&found.id, &judged, cx.ui.page());
    let exit = match ready {
        true => ExitCode::Done,
        false => ExitCode::Negative,
    };
    Ok(Answer::done(data, text).exit(exit))
}

/// Puts on record what a person sets aside.
fn waive(args: &Args, cx: &mut Context<'_>, found: &Found) -> Result<()> {
    cx.refuse_in_room("gate --waive")?;
    let judged = readiness(&found.id, &found.records);
    let mut changes = Vec::new();
    for key in &args.waive {
        let reason = waivable(&judged, key, found)?;
        let commit = commit_of(&judged, reason, &found.records);
        for key in keys(reason, &found.records) {
            let waiver = Waiver {
                key,
                package: reason.package.clone(),
                commit: commit.clone(),
                ruling: args.ruling,
                reason: args.reason.clone().unwrap_or_default(),
            };
            let feature = found.id.clone();
            let what = Judgement::Waiver(waiver);
            let op = Op::Say(Box::new(Said::Judge { feature, what }));
            changes.push((op, Vec::new()));
        }
    }
    let permit = policy::demand(cx, "decide", (found.id.as_str(), Some(&found.id)))?;
    changes.push(permit.change());
    let store = cx.store()?;
    for answer in cx.submit(&store, changes)? {
        answer.map_err(Error::from)?;
    }
    Ok(())
}

fn waivable<'a>(judged: &'a Readiness, key: &str, found: &Found) -> Result<&'a Reason> {
    let shown = foreign(key).to_string();
    let known = judged.open().find(|reason| reason.key == key);
    match known {
        Some(reason) if reason.waivable => Ok(reason),
        Some(reason) => {
            let message = format!("`{shown}` cannot be set aside: {}", reason.text);
            Err(Error::usage("not-waivable", message).hint(&reason.next))
        }
        None => {
            let message = format!("no reason `{shown}` keeps `{}`", found.id);
            Err(Error::usage("reason-unknown", message).hint(format!("git wp gate {}", found.id)))
        }
    }
}

/// The commit that the reason is about: what is set aside is set aside there, and nowhere else.
fn commit_of(judged: &Readiness, reason: &Reason, records: &FeatureView) -> Option<Oid> {
    match state_of(reason, records) {
        Some(ReviewState::Due(due)) => Some(due.commit),
        Some(ReviewState::Blocked(blocked)) if is_review(reason) => Some(blocked.commit),
        _ => judged.commit.clone(),
    }
}

fn is_review(reason: &Reason) -> bool {
    matches!(reason.code, "finding" | "no-quorum" | "review-missing")
}

fn state_of(reason: &Reason, records: &FeatureView) -> Option<ReviewState> {
    let policy = ReviewPolicy::of(records)?;
    review::state(records, reason.package.as_ref()?, &policy)
}

/// What several reviewers said of one flaw is one reason with a key for each of them.
fn keys(reason: &Reason, records: &FeatureView) -> Vec<String> {
    if let Some(ReviewState::Blocked(blocked)) = state_of(reason, records) {
        let mut findings = blocked.findings.iter();
        if let Some(cluster) = findings.find(|c| c.key.as_str() == reason.key) {
            return cluster.keys().iter().map(ToString::to_string).collect();
        }
    }
    vec![reason.key.clone()]
}
