//! The papers of team-implement, as its users know them. Every figure is measured.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::base::json::{Value, json};
use crate::base::{PackageId, text, time};
use crate::model::ItemStatus;
use crate::plan::outline::Item;
use crate::report::books::team::Task;
use crate::state::view::{AttemptView, PackageView};

const TAIL_CHARS_MAX: usize = 4000;

/// Where a phase's results stand.
pub(super) fn results_path(task: &Task<'_>, item: &Item) -> String {
    task.path(&format!(
        "phases/{}_phase-{}-results.md",
        task.round, item.id
    ))
}

/// Where it stands what went wrong with a phase.
pub(super) fn debug_path(task: &Task<'_>, phase: &str) -> String {
    task.path(&format!("debug/{}_phase-{phase}-debug.md", task.round))
}

/// Where the summary of the whole task stands.
pub(super) fn summary_path(task: &Task<'_>) -> String {
    task.path(&format!(
        "summaries/{}_implementation-summary.md",
        task.round
    ))
}

/// The results of a phase whose agent wrote none.
pub(super) fn results(task: &Task<'_>, item: &Item) -> String {
    let status = marker(task.status(item));
    let mut out = format!("# Phase {} Results: {}\n\n", item.id, item.title);
    out += &format!("- **Task**: {}\n- **Phase**: {}\n", task.number, item.id);
    out += &format!("- **Status**: [{status}]\n- **Date**: {}\n", date(task));
    let attempt = last_of(task, &item.id);
    if let Some(summary) = attempt.and_then(summary_of) {
        out += &format!("\n## Summary\n\n{}\n", summary.trim_end());
    }
    out += "\n## Changes Made\n\n";
    out += &paths(&attempt.map(changed).unwrap_or_default());
    if !item.checks.is_empty() {
        out += "\n## Verification\n\n";
        for check in &item.checks {
            out += &format!("- {}\n", one_line(check));
        }
    }
    out
}

/// What is known of a phase that failed, and what was tried to repair it.
pub(super) fn debug(task: &Task<'_>, phase: &PackageId) -> String {
    let item = task.outline.item(phase.as_str());
    let title = item.map_or("", |item| item.title.as_str());
    let mut out = format!("# Debug Report: Task #{} Phase {phase}\n\n", task.number);
    let status = item.map_or(ItemStatus::Blocked, |item| task.status(item));
    let status = marker(status);
    out += &format!("- **Phase**: {title}\n- **Status**: [{status}]\n");
    out += &format!("- **Date**: {}\n", date(task));
    for attempt in attempts(task, phase.as_str()) {
        let end = attempt.end.as_ref();
        let note = end.map_or("no end is recorded", |end| end.note.as_str());
        let who = if is_debugger(attempt) {
            " (debugger)"
        } else {
            ""
        };
        out += &format!("\n## Attempt {}{who}\n\n", attempt.attempt.number);
        out += &match ended_well(attempt) {
            true => "- Result: fixed\n".to_owned(),
            false => format!("- Error: {}\n", one_line(note)),
        };
        out += &format!("- Branch: {}\n", attempt.attempt.branch.short());
        let Some(result) = &attempt.result else {
            continue;
        };
        if let Some(code) = result.exit_code {
            out += &format!("- Exit code: {code}\n");
        }
        let said = result.hypotheses.as_deref().unwrap_or_default();
        out += &quoted("Hypotheses, in the words of the debugger:", said);
        let tail = text::cut(result.tail.trim_end(), TAIL_CHARS_MAX);
        out += &quoted("Last output of the agent, quoted:", &tail);
    }
    out
}

fn quoted(title: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let lines = text.lines();
    let lines: String = lines
        .map(|line| format!("    {}\n", text::foreign(line)))
        .collect();
    format!("\n{title}\n\n{lines}")
}

/// The summary of the whole task.
pub(super) fn summary(task: &Task<'_>) -> String {
    let progress = task.progress;
    let ran = progress.now.since(progress.run.by.at);
    let ran = time::human(Duration::from_secs(ran.as_secs()));
    let mut out = format!("# Implementation Summary: Task #{}\n\n", task.number);
    out += &format!("**Completed**: {}\n", date(task));
    out += &format!(
        "**Mode**: Team Implementation ({} max concurrent teammates)\n",
        jobs(task)
    );
    out += &format!("**Duration**: {ran}\n**Session**: {}\n", task.session());
    out += "\n## Wave Execution\n";
    for (n, (wave, phases)) in task.waves.iter().enumerate() {
        let next = task.waves.get(n + 1).map_or(0, |(_, phases)| phases.len());
        let kind = match (phases.len(), next) {
            (1, 2..) => " (trunk)",
            (0 | 1, _) => "",
            _ => " (parallel)",
        };
        out += &format!("\n### Wave {wave}{kind}\n");
        for &at in phases {
            let item = task.item(at);
            let status = marker(task.status(item));
            let who = last_of(task, &item.id).map(|a| a.attempt.agent.as_str());
            let who = who.unwrap_or("done before");
            out += &format!("- Phase {}: {} [{status}] ({who})\n", item.id, item.title);
        }
    }
    out += "\n## Changes Made\n";
    for item in &task.outline.items {
        let said = last_of(task, &item.id).and_then(summary_of);
        let said = said.unwrap_or_else(|| item.title.clone());
        out += &format!(
            "\n### Phase {}: {}\n{}\n",
            item.id,
            item.title,
            said.trim_end()
        );
    }
    let items = task.outline.items.iter();
    let files = items
        .filter_map(|item| last_of(task, &item.id))
        .flat_map(changed);
    let files: BTreeSet<String> = files.collect();
    let files: Vec<String> = files.into_iter().collect();
    out + "\n## Files Modified\n\n" + &paths(&files) + &verification(task) + &metrics(task)
}

fn verification(task: &Task<'_>) -> String {
    let packages = task.progress.records.packages.values();
    let attempts = packages.flat_map(PackageView::in_order);
    let facts = attempts.flat_map(|attempt| &attempt.evidence);
    let steps: usize = facts.map(|fact| fact.evidence.steps.len()).sum();
    let tests = match steps {
        0 => "N/A (the plan names no command)".to_owned(),
        steps => format!("{} run", text::count(steps, "step")),
    };
    let scope = "- Scope: Pass (every phase was checked before its merge)";
    format!("\n## Verification\n\n{scope}\n- Tests: {tests}\n")
}

fn metrics(task: &Task<'_>) -> String {
    let figures = Figures::of(task);
    let rows = [
        ("Total phases", figures.phases),
        ("Waves executed", figures.waves),
        ("Max parallelism", figures.parallel),
        ("Debugger invocations", figures.debuggers),
        ("Total teammates spawned", figures.teammates),
    ];
    let mut out = "\n## Team Metrics\n\n| Metric | Value |\n|--------|-------|\n".to_owned();
    for (name, value) in rows {
        out += &format!("| {name} | {value} |\n");
    }
    out
}

/// What was measured of a run.
pub(super) struct Figures {
    pub(super) phases: usize,
    pub(super) done: usize,
    pub(super) waves: usize,
    parallel: usize,
    pub(super) debuggers: usize,
    teammates: usize,
    completed: usize,
}

impl Figures {
    pub(super) fn of(task: &Task<'_>) -> Self {
        let items = &task.outline.items;
        let all = items.iter().flat_map(|item| attempts(task, &item.id));
        let all: Vec<&AttemptView> = all.collect();
        let began = |at: &usize| !attempts(task, &task.item(*at).id).is_empty();
        let waves = task
            .waves
            .iter()
            .filter(|(_, phases)| phases.iter().any(began));
        Figures {
            phases: items.len(),
            done: items
                .iter()
                .filter(|item| task.status(item).is_settled())
                .count(),
            waves: waves.count(),
            parallel: most_at_once(&all),
            debuggers: all.iter().filter(|a| is_debugger(a)).count(),
            teammates: all.len(),
            completed: all.iter().filter(|a| ended_well(a)).count(),
        }
    }
}

/// A second attempt is given what went wrong with the first, whatever that was: this is what
/// users of team-implement know as the debugger.
fn is_debugger(attempt: &AttemptView) -> bool {
    attempt.attempt.number > 1
}

pub(super) fn failed(attempt: &AttemptView) -> bool {
    let end = attempt.end.as_ref();
    end.is_some_and(|end| end.reason.uses_retry())
}

fn ended_well(attempt: &AttemptView) -> bool {
    // Those without an end are being merged while this is written.
    let end = attempt.end.as_ref();
    end.is_none_or(|end| end.reason.is_completion())
}

/// The most attempts that were under way at one moment.
pub(super) fn most_at_once(attempts: &[&AttemptView]) -> usize {
    let mut moments = Vec::new();
    for attempt in attempts {
        let start = attempt.attempt.by.at;
        let end = attempt.result.as_ref().map_or(start, |result| result.at);
        moments.push((start, 1_isize));
        moments.push((end, -1));
    }
    moments.sort();
    let (mut now, mut most) = (0_isize, 0);
    for (_, step) in moments {
        now += step;
        most = most.max(now);
    }
    usize::try_from(most).unwrap_or(0)
}

/// `.return-meta.json`. Its status is never the word `completed`, which stops the model that reads
/// it.
pub(super) fn return_meta(task: &Task<'_>, summary: Option<&str>) -> String {
    let figures = Figures::of(task);
    let details = format!("{} of {} phases completed", figures.done, figures.phases);
    let mut meta = json!({
        "status": "partial",
        "summary": details,
        "artifacts": [],
        "team_execution": {
            "enabled": true,
            "wave_count": figures.waves,
            "teammates_spawned": figures.teammates,
            "teammates_completed": figures.completed,
            "teammates_failed": figures.teammates - figures.completed,
            "max_parallelism": figures.parallel,
            "debugger_invocations": figures.debuggers,
            "degraded_to_single": jobs(task) == 1,
        },
        "metadata": {
            "session_id": task.session(),
            "agent_type": "git-wp",
            "phases_completed": figures.done,
            "phases_total": figures.phases,
        },
    });
    if let Some(path) = summary {
        meta["status"] = "implemented".into();
        meta["summary"] = "Team implementation completed with parallel phase execution".into();
        meta["artifacts"] = json!([{
            "type": "summary",
            "path": path,
            "summary": "Implementation summary with wave execution details",
        }]);
        let title = task.outline.title.clone().unwrap_or_default();
        meta["completion_data"] = json!({ "completion_summary": title });
    } else {
        meta["partial_progress"] = json!({
            "stage": "waves",
            "details": details,
            "phases_completed": figures.done,
            "phases_total": figures.phases,
        });
        meta["errors"] = errors(task).into();
    }
    format!("{meta:#}\n")
}

fn errors(task: &Task<'_>) -> Vec<Value> {
    let items = task.outline.items.iter();
    let blocked = items.filter(|item| task.status(item) == ItemStatus::Blocked);
    let error = |item: &Item| {
        let end = last_of(task, &item.id).and_then(|attempt| attempt.end.as_ref());
        let note = end.map_or("blocked", |end| end.note.as_str());
        let (id, number) = (&item.id, task.number);
        json!({
            "type": "phase_blocked",
            "message": format!("phase {id}: {note}"),
            "recoverable": true,
            "recommendation": format!("fix phase {id}, then: git wp implement {number}"),
        })
    };
    blocked.map(error).collect()
}

pub(super) fn attempts<'a>(task: &Task<'a>, phase: &str) -> Vec<&'a AttemptView> {
    let id = PackageId::parse(phase);
    let package = id.and_then(|id| task.progress.records.packages.get(&id));
    let attempts = package.map_or_else(Vec::new, PackageView::in_order);
    attempts.into_iter().filter(|a| a.epoch.is_some()).collect()
}

fn last_of<'a>(task: &Task<'a>, phase: &str) -> Option<&'a AttemptView> {
    attempts(task, phase).pop()
}

/// What the agent says it did, quoted so that it cannot begin a heading or a table.
fn summary_of(attempt: &AttemptView) -> Option<String> {
    let claimed = &attempt.result.as_ref()?.claimed;
    let said = ["summary", "notes"]
        .iter()
        .find_map(|key| claimed.get(*key)?.as_str());
    let lines = said?.lines().map(|line| {
        let line = text::foreign(line).to_string();
        match line.starts_with(['#', '|', '`']) {
            true => format!("    {line}"),
            false => line,
        }
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

fn changed(attempt: &AttemptView) -> Vec<String> {
    let result = attempt.result.iter();
    let paths = result.flat_map(|result| &result.files_modified);
    paths.map(ToString::to_string).collect()
}

fn paths(paths: &[String]) -> String {
    if paths.is_empty() {
        return "No file was changed.\n".to_owned();
    }
    let lines = paths
        .iter()
        .map(|path| format!("- `{}`\n", text::foreign(path)));
    lines.collect()
}

pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    text::foreign(&words.join(" ")).to_string()
}

pub(super) fn marker(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::Done => "COMPLETED",
        ItemStatus::Blocked | ItemStatus::Failed => "BLOCKED",
        ItemStatus::Partial => "PARTIAL",
        ItemStatus::Running | ItemStatus::InReview => "IN PROGRESS",
        ItemStatus::Skipped => "SKIPPED",
        ItemStatus::Cancelled => "ABANDONED",
        ItemStatus::Pending | ItemStatus::Unknown => "NOT STARTED",
    }
}

fn date(task: &Task<'_>) -> String {
    task.progress.now.to_string().chars().take(10).collect()
}

pub(super) fn jobs(task: &Task<'_>) -> u64 {
    let jobs = task.progress.run.options.get("jobs");
    jobs.and_then(Value::as_u64).unwrap_or(1)
}
