//! What is shown already, and what a person still has to do, as boxes.

use std::fmt::Write as _;

use crate::report::pull_request::PullRequest;
use crate::review::Decision;
use crate::schedule::readiness::readiness;
use crate::state::record::Judgement;

/// Writes the boxes. One that only a person can tick is never ticked here.
pub(super) fn write(out: &mut String, pull: &PullRequest<'_>) {
    out.push_str("\n## Checklist\n\n");
    let summary = pull.summary;
    let rows = &pull.status.packages;
    let merged = !rows.is_empty() && rows.iter().all(|row| row.status.as_str() == "merged");
    tick(out, merged, "every package is merged");
    let last = summary["last_check"]["passed"].as_bool() == Some(true);
    tick(out, last, "the final verification is green");
    let ready = readiness(pull.feature, pull.records).is_ready();
    tick(out, ready, "the gate is READY (`git wp gate`)");
    let approved = |review: &crate::report::reviews::SubjectReview| {
        review.verdict.decision == Decision::Approved
    };
    let reviewed = !pull.reviews.is_empty() && pull.reviews.iter().all(approved);
    tick(
        out,
        reviewed,
        "reviewers of other work approved the commits",
    );
    if !pull.qa.is_empty() {
        tick(
            out,
            pull.qa.iter().all(|row| row.passed),
            "QA passed on every surface",
        );
    }
    if summary["awaiting"]
        .as_array()
        .is_some_and(|steps| !steps.is_empty())
    {
        tick(
            out,
            false,
            "the open steps are answered (`git wp evidence`)",
        );
    }
    read_by_a_person(out, pull);
    let open = pull.records.escalations.iter().filter(|asked| {
        let id = &asked.escalation.escalation_id;
        !pull
            .records
            .resolutions
            .iter()
            .any(|one| one.question == *id)
    });
    if open.count() > 0 {
        tick(
            out,
            false,
            "the open questions are answered (`git wp decide`)",
        );
    }
    tick(out, false, "a person read the change");
}

/// What only a person can have looked at.
fn read_by_a_person(out: &mut String, pull: &PullRequest<'_>) {
    let summary = pull.summary;
    let waived = pull.records.judged.iter();
    let waived = waived
        .filter(|one| matches!(one.what, Judgement::Waiver(_)))
        .count();
    if waived > 0 {
        tick(out, false, "a person read the waivers");
    }
    if summary["deviations"]
        .as_array()
        .is_some_and(|rows| !rows.is_empty())
    {
        tick(out, false, "a person read the deviations");
    }
    if summary["risk"]["class"] == "high" {
        tick(out, false, "an owner looked at what makes the risk high");
    }
}

fn tick(out: &mut String, done: bool, what: &str) {
    let _ = writeln!(out, "- [{}] {what}", if done { "x" } else { " " });
}
