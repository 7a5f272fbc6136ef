//! What is shown already, and what a person still has to do, as boxes.

use std::fmt::Write as _;

use crate::report::pull_request::PullRequest;
use crate::review::Decision;
use crate::state::record::Judgement;

/// Writes the boxes. One that only a person can tick is never ticked here.
pub(super) fn write(out: &mut String, pull: &PullRequest<'_>) {
    out.push_str("\n## Checklist\n\n");
    let summary = pull.summary;
    let list = |name: &str| summary[name].as_array().map_or(0, Vec::len);
    let rows = &pull.status.packages;
    let merged = !rows.is_empty() && rows.iter().all(|row| row.status.as_str() == "merged");
    tick(out, merged, "every package is merged");
    let last = summary["last_check"]["passed"].as_bool() == Some(true);
    tick(out, last, "the final verification is green");
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
    if list("awaiting") > 0 {
        tick(
            out,
            false,
            "the open steps are answered (`git wp evidence`)",
        );
    }
    let waived = pull.records.judged.iter();
    let waived = waived
        .filter(|one| matches!(one.what, Judgement::Waiver(_)))
        .count();
    if waived > 0 {
        tick(out, false, "a person read the waivers");
    }
    if list("deviations") > 0 {
        tick(out, false, "a person read the deviations");
    }
    if summary["risk"]["class"] == "high" {
        tick(out, false, "an owner looked at what makes the risk high");
    }
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

fn tick(out: &mut String, done: bool, what: &str) {
    let _ = writeln!(out, "- [{}] {what}", if done { "x" } else { " " });
}
