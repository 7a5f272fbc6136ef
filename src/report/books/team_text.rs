//! The text that ends a run of team-implement, in the words its users know. Every figure is
//! measured, the same as in the papers.

use std::collections::BTreeSet;

use crate::base::text::{self, count};
use crate::model::ItemStatus;
use crate::report::books::team::Task;
use crate::report::books::team_papers::{self, Figures};

const NOTE_CHARS_MAX: usize = 120;

/// The return text, whole or partial.
pub(super) fn returned(task: &Task<'_>) -> String {
    let figures = Figures::of(task);
    let (how, lines) = match figures.done == figures.phases {
        true => ("completed", complete(task, &figures)),
        false => ("partially completed", partial(task, &figures)),
    };
    let mut out = format!("Team implementation {how} for task {}:\n", task.number);
    for line in lines {
        out += &format!("- {line}\n");
    }
    out
}

fn complete(task: &Task<'_>, figures: &Figures) -> Vec<String> {
    let waves = count(figures.waves, "wave");
    let mut lines = vec![match team_papers::jobs(task) {
        1 => format!("Executed {waves} with a single agent (degraded to single)"),
        jobs => format!("Executed {waves} with up to {jobs} parallel teammates"),
    }];
    for (wave, phases) in &task.waves {
        let attempts = phases.iter().map(|&at| &task.item(at).id);
        let attempts = attempts.flat_map(|id| team_papers::attempts(task, id));
        let attempts: Vec<_> = attempts.collect();
        let how = match team_papers::most_at_once(&attempts) {
            0 | 1 => "",
            _ => " in parallel",
        };
        let phases = named(task, phases);
        lines.push(format!("Wave {wave}: {phases} completed{how}"));
    }
    if figures.debuggers > 0 {
        let times = count(figures.debuggers, "debugger invocation");
        lines.push(format!("{times} for error recovery (resolved)"));
    }
    lines.push(match figures.phases {
        1 => "The only phase is completed".to_owned(),
        phases => format!("All {phases} phases completed"),
    });
    lines.push(format!("Summary at {}", team_papers::summary_path(task)));
    lines.push("Status updated to [COMPLETED]".to_owned());
    lines.push(format!("Changes committed with session {}", task.session()));
    lines
}

fn partial(task: &Task<'_>, figures: &Figures) -> Vec<String> {
    let waves = count(task.waves.len(), "wave");
    let mut lines = vec![format!("Executed {} of {waves}", figures.waves)];
    for (wave, phases) in &task.waves {
        let (done, open): (Vec<usize>, Vec<usize>) =
            phases.iter().partition(|&&at| task.is_done(at));
        let done = (!done.is_empty()).then(|| format!("{} completed", named(task, &done)));
        let blocked = open.iter().filter(|&&at| is_blocked(task, at));
        let parts: Vec<String> = done
            .into_iter()
            .chain(blocked.map(|&at| blocked_for(task, at)))
            .collect();
        if !parts.is_empty() {
            lines.push(format!("Wave {wave}: {}", parts.join("; ")));
        }
    }
    let blocked: Vec<usize> = (0..task.outline.items.len())
        .filter(|&at| is_blocked(task, at))
        .collect();
    lines.extend(remaining(task, &blocked));
    let reports: Vec<String> = blocked
        .iter()
        .map(|&at| team_papers::debug_path(task, &task.item(at).id))
        .collect();
    if !reports.is_empty() {
        let said = match figures.debuggers {
            0 => "See debug report",
            _ => "Debugger attempted fix, see debug report",
        };
        lines.push(format!("{said}: {}", reports.join(", ")));
    }
    lines.push("Status remains [IMPLEMENTING]".to_owned());
    let after = match blocked.is_empty() {
        true => String::new(),
        false => format!(" after fixing {}", named(task, &blocked)),
    };
    let number = task.number;
    lines.push(format!("Run git wp implement {number} to resume{after}"));
    lines
}

/// What has not begun: because of what, where that is known.
fn remaining(task: &Task<'_>, blocked: &[usize]) -> Vec<String> {
    let rest =
        (0..task.outline.items.len()).filter(|&at| !task.is_done(at) && !blocked.contains(&at));
    let (waiting, free): (Vec<usize>, Vec<usize>) =
        rest.partition(|&at| !blockers(task, at, blocked).is_empty());
    let mut lines = Vec::new();
    if !waiting.is_empty() {
        let why = waiting.iter().flat_map(|&at| blockers(task, at, blocked));
        let why: BTreeSet<usize> = why.collect();
        let why = named(task, &why.into_iter().collect::<Vec<_>>());
        let phases = named(task, &waiting);
        lines.push(format!("Remaining: {phases} blocked by {why}"));
    }
    if !free.is_empty() {
        lines.push(format!("Remaining: {} not completed", named(task, &free)));
    }
    lines
}

/// Those of the blocked phases that a phase waits for, by way of others too.
fn blockers(task: &Task<'_>, at: usize, blocked: &[usize]) -> BTreeSet<usize> {
    let packages = &task.progress.plan.packages;
    let mut seen = BTreeSet::new();
    let mut next = vec![task.item(at).id.as_str()];
    while let Some(id) = next.pop() {
        let package = packages.iter().find(|package| package.id.as_str() == id);
        let edges = package.iter().flat_map(|package| &package.depends_on);
        for edge in edges {
            if seen.insert(edge.on.as_str()) {
                next.push(edge.on.as_str());
            }
        }
    }
    let among = blocked.iter().copied();
    among
        .filter(|&at| seen.contains(task.item(at).id.as_str()))
        .collect()
}

fn is_blocked(task: &Task<'_>, at: usize) -> bool {
    let status = task.status(task.item(at));
    matches!(status, ItemStatus::Blocked | ItemStatus::Failed)
}

fn blocked_for(task: &Task<'_>, at: usize) -> String {
    let item = task.item(at);
    let end = team_papers::attempts(task, &item.id)
        .pop()
        .and_then(|attempt| attempt.end.as_ref());
    let why = end.map_or_else(String::new, |end| {
        let note = team_papers::one_line(&end.note);
        format!(" ({})", text::cut(&note, NOTE_CHARS_MAX))
    });
    let marker = team_papers::marker(task.status(item));
    format!("Phase {} [{marker}]{why}", item.id)
}

/// `Phase 3`, `Phases 1, 2`.
fn named(task: &Task<'_>, phases: &[usize]) -> String {
    let ids: Vec<&str> = phases.iter().map(|&at| task.item(at).id.as_str()).collect();
    let word = if ids.len() == 1 { "Phase" } else { "Phases" };
    format!("{word} {}", ids.join(", "))
}
