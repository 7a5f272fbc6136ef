//! What an agent is told of others: results and deviations of what it depends on, and why earlier
//! attempts at its own package failed. The prompt quotes all of it as data.

use std::convert::Infallible;

use crate::agent::{Note, Sources};
use crate::base::json::Value;
use crate::base::{AttemptId, RepoPath};
use crate::model::{EdgeOrigin, EndReason, Format, Package, Plan};
use crate::plan::purple::shelf::{self, Kind, Shelf, Told};
use crate::state::FeatureView;
use crate::state::view::AttemptView;

/// The notes for a new attempt; it is told of those in `told` elsewhere.
pub(super) fn for_attempt(
    records: &FeatureView,
    package: &Package,
    attempt: &AttemptId,
    told: &[AttemptId],
) -> Vec<Note> {
    let mut notes = Vec::new();
    // That a group comes later is no interest in everything the groups before it did.
    let stated = package.depends_on.iter();
    for edge in stated.filter(|edge| edge.origin != EdgeOrigin::Barrier) {
        let view = records.packages.get(&edge.on);
        let accepted = view.and_then(|p| p.attempts.get(&p.accept.as_ref()?.attempt));
        if let Some(view) = accepted {
            notes.extend(of_dependency(view));
        }
    }
    let own = records.packages.get(&package.id);
    for earlier in own.into_iter().flat_map(|p| p.in_order()) {
        let id = &earlier.attempt.attempt;
        if id != attempt && !told.contains(id) {
            notes.extend(of_failure(earlier));
        }
    }
    notes
}

/// Adds what the documentation of finished tickets says that concerns `package`, where the plan
/// is one of those whose agents leave such documentation. What is among the notes already, word
/// for word, is not said twice.
pub(super) fn of_documents(
    plan: &Plan,
    package: &Package,
    sources: Sources<'_>,
    notes: &mut Vec<Note>,
) {
    if plan.format != Format::Purple {
        return;
    }
    let paths = (sources.list)(&shelf::folder(plan));
    let text = |path: &str| Ok::<_, Infallible>((sources.read)(path).map(String::into_bytes));
    let Ok(shelf) = Shelf::read(plan, &paths, text);
    for told in shelf.concerning(plan, package) {
        let known = |note: &Note| note.text.contains(&told.remark.text);
        if !notes.iter().any(known) {
            notes.push(of_document(&told));
        }
    }
}

fn of_document(told: &Told<'_>) -> Note {
    let tickets = told.doc.tickets.join(", ");
    let name = told.path.rsplit('/').next().unwrap_or(told.path);
    let kind = match told.kind {
        Kind::Deviation => "deviation from the specification",
        Kind::Note => "note for later tickets",
    };
    Note {
        from: format!("{tickets} ({name}:{})", told.remark.line),
        kind: kind.to_owned(),
        text: told.remark.text.clone(),
    }
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

/// What an attempt left that stopped for no reason of its own.
fn cut_short(why: &str) -> String {
    format!("{why}\nWhat it had done so far may be in the working folder already: look first.")
}

fn of_failure(view: &AttemptView) -> Option<Note> {
    let end = view.end.as_ref()?;
    let (kind, mut text) = match end.reason {
        EndReason::Failed => ("failed attempt", end.note.clone()),
        EndReason::Unserved => ("attempt that was cut short", cut_short(&end.note)),
        _ => return None,
    };
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
        kind: kind.to_owned(),
        text,
    })
}
