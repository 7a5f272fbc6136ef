//! What an agent is told of others: results and deviations of what it depends on, and why earlier
//! attempts at its own package failed. The prompt quotes all of it as data.

use crate::agent::Note;
use crate::base::RepoPath;
use crate::base::json::Value;
use crate::model::{EndReason, Package};
use crate::state::FeatureView;
use crate::state::record::Attempt;
use crate::state::view::AttemptView;

/// The notes for a new attempt.
pub(super) fn for_attempt(
    records: &FeatureView,
    package: &Package,
    attempt: &Attempt,
) -> Vec<Note> {
    let mut notes = Vec::new();
    for edge in &package.depends_on {
        let view = records.packages.get(&edge.on);
        let accepted = view.and_then(|p| p.attempts.get(&p.accept.as_ref()?.attempt));
        if let Some(view) = accepted {
            notes.extend(of_dependency(view));
        }
    }
    let own = records.packages.get(&package.id);
    for earlier in own.into_iter().flat_map(|p| p.in_order()) {
        if earlier.attempt.attempt != attempt.attempt {
            notes.extend(of_failure(earlier));
        }
    }
    notes
}

fn of_dependency(view: &AttemptView) -> Vec<Note> {
    let from = format!("package {}", view.attempt.package);
    let note = |kind: &str, text: String| Note {
        from: from.clone(),
        kind: kind.to_owned(),
        text,
    };
    let mut out = Vec::new();
    if let Some(result) = &view.result {
        let said = result.claimed.get("notes").and_then(Value::as_str);
        let files: Vec<String> = result
            .files_modified
            .iter()
            .map(RepoPath::to_text)
            .collect();
        let mut text = format!("{}\nchanged: {}", result.reason, files.join(", "));
        if let Some(said) = said {
            text.push('\n');
            text.push_str(said);
        }
        out.push(note("result", text));
    }
    for deviation in &view.deviations {
        out.push(note(
            "deviation",
            format!("{}: {}", deviation.kind, deviation.detail),
        ));
    }
    out
}

fn of_failure(view: &AttemptView) -> Option<Note> {
    let end = view.end.as_ref()?;
    if end.reason != EndReason::Failed {
        return None;
    }
    let mut text = end.note.clone();
    let red = view
        .evidence
        .iter()
        .rev()
        .find_map(|e| e.evidence.first_failure());
    if let Some(step) = red {
        text.push_str(&format!(
            "\nstep `{}`: {}\n{}",
            step.name, step.what, step.tail
        ));
    }
    Some(Note {
        from: format!("attempt {}", view.attempt.number),
        kind: "failed attempt".to_owned(),
        text,
    })
}
