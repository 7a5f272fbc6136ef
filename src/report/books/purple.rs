//! The documentation of finished tickets, where their agents wrote none. The specification itself
//! holds no status and is never touched.

use std::collections::BTreeMap;

use crate::base::{PackageId, Result, text};
use crate::model::{Deviation, ItemStatus};
use crate::plan::outline::{Item, Text};
use crate::plan::outline_of::read_outline;
use crate::plan::purple::shelf::{self, Shelf};
use crate::report::books::{Entry, Progress};
use crate::state::view::{AttemptView, PackageView};

const SLUG_CHARS_MAX: usize = 48;
const SHORT_CHARS_MAX: usize = 400;
/// What a deviation of the specification can be, of all that is recorded as one: an edit outside
/// of the listed files, work that came to nothing, and what the agent itself said.
const DEVIATES: [&str; 3] = ["amended-scope", Deviation::SCOPE_GRANTED, "empty"];

/// One commit with the documentation that is missing.
pub(super) fn entries(progress: &Progress<'_>, whole: &str) -> Result<Vec<Entry>> {
    let plan = progress.plan;
    let done = progress.statuses.iter();
    let done = done.filter(|(_, status)| **status == ItemStatus::Done);
    if done.clone().next().is_none() {
        return Ok(Vec::new());
    }
    let folder = shelf::folder(plan);
    let standing = (progress.list)(&folder)?;
    let shelf = Shelf::read(plan, &standing, progress.read)?;
    let Some(outline) = read_outline(plan.format, &Text::new(whole, &plan.source)) else {
        return Ok(Vec::new());
    };
    let (mut files, mut written) = (BTreeMap::new(), Vec::new());
    for item in &outline.items {
        let is_done = done.clone().any(|(id, _)| id.as_str() == item.id);
        if !is_done || shelf.documents(&item.id) {
            continue;
        }
        let path = format!("{folder}/{}", file_name(item));
        let page = page(progress, item);
        files.insert(path, Some(page.into_bytes()));
        written.push(item.id.as_str());
    }
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let feature = &plan.feature.id;
    let message = format!("{feature}: document {}\n", written.join(", "));
    Ok(vec![Entry { files, message }])
}

/// `{phase}-{ticket#}-{slug}-documentation.md`; the number of a ticket is its id, letter by
/// letter.
fn file_name(item: &Item) -> String {
    let phase = item.labels.get("phase");
    let phase = phase.map_or_else(String::new, |phase| format!("{phase}-"));
    let slug = slug(&item.title);
    let slug = match slug.is_empty() {
        true => slug,
        false => format!("{slug}-"),
    };
    format!("{phase}{}-{slug}documentation.md", item.id)
}

fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    let mut out = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if out.len() + word.len() >= SLUG_CHARS_MAX {
            break;
        }
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&word.to_ascii_lowercase());
    }
    out
}

fn page(progress: &Progress<'_>, item: &Item) -> String {
    let attempt = attempt(progress, &item.id);
    let day: String = progress.now.to_string().chars().take(10).collect();
    let mut out = format!("# {}: {}\n\n", item.id, item.title);
    out += &format!("**Ticket:** {}\n", item.id);
    if let Some(phase) = item.labels.get("phase") {
        out += &format!("**Phase:** {phase}\n");
    }
    out += &format!("**Status:** Completed\n**Date:** {day}\n");
    out += "\n## What Was Implemented\n\n";
    out += &match attempt.and_then(summary) {
        Some(said) => block(&said),
        None => "The agent left no summary.\n".to_owned(),
    };
    out += "\n## Deviations from Spec\n\n";
    out += &deviations(attempt);
    out += "\n## Files Changed\n\n";
    out += &files(attempt);
    out += "\n## Testing\n\n";
    out += &testing(attempt);
    if let Some(notes) = attempt.and_then(notes) {
        out += "\n## Notes for Subsequent Tickets\n\n";
        out += &block(&notes);
    }
    out
}

/// The attempt that was accepted, or is just being merged.
fn attempt<'a>(progress: &Progress<'a>, ticket: &str) -> Option<&'a AttemptView> {
    let id = PackageId::parse(ticket)?;
    accepted(progress.records.packages.get(&id)?)
}

/// The attempt of a package that was accepted, else its last.
pub fn accepted(package: &PackageView) -> Option<&AttemptView> {
    let accept = package.accept.as_ref();
    let accepted = accept.and_then(|accept| package.attempts.get(&accept.attempt));
    let held = |attempt: &&AttemptView| attempt.epoch.is_some();
    accepted.or_else(|| package.in_order().into_iter().rfind(held))
}

/// What the agent says it did.
fn summary(attempt: &AttemptView) -> Option<String> {
    claimed(attempt, &["summary", "completion_summary"])
}

/// What the agent says others should know.
pub fn notes(attempt: &AttemptView) -> Option<String> {
    claimed(attempt, &["notes"])
}

fn claimed(attempt: &AttemptView, keys: &[&str]) -> Option<String> {
    let claimed = &attempt.result.as_ref()?.claimed;
    let mut said = keys.iter().filter_map(|key| claimed.get(*key)?.as_str());
    said.find(|said| !said.trim().is_empty())
        .map(|said| said.trim().to_owned())
}

fn deviations(attempt: Option<&AttemptView>) -> String {
    let recorded = attempt.into_iter().flat_map(|attempt| &attempt.deviations);
    let ours = |d: &&Deviation| d.is_for_agents() || DEVIATES.contains(&d.kind.as_str());
    let lines = recorded
        .filter(ours)
        .filter(|d| d.kind != Deviation::SCOPE_REQUEST);
    let lines: String = lines.map(|d| format!("- {}\n", line(&d.detail))).collect();
    match lines.is_empty() {
        true => "None.\n".to_owned(),
        false => lines,
    }
}

fn files(attempt: Option<&AttemptView>) -> String {
    let result = attempt.and_then(|attempt| attempt.result.as_ref());
    let paths = result.into_iter().flat_map(|result| &result.files_modified);
    let paths: String = paths
        .map(|path| format!("- `{}`\n", line(&path.to_text())))
        .collect();
    match paths.is_empty() {
        true => "No file was changed.\n".to_owned(),
        false => paths,
    }
}

fn testing(attempt: Option<&AttemptView>) -> String {
    let facts = attempt.into_iter().flat_map(|attempt| &attempt.evidence);
    let Some(last) = facts.last().filter(|fact| !fact.evidence.steps.is_empty()) else {
        return "The specification names no command that was run for this ticket.\n".to_owned();
    };
    let steps = last.evidence.steps.iter();
    let steps = steps.map(|step| {
        let (name, what) = (line(&step.name), line(&step.what));
        format!("- {name}: {} (`{what}`)\n", step.state.as_str())
    });
    steps.collect()
}

fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    text::foreign(&words.join(" ")).to_string()
}

/// Words of an agent that can begin no heading, no table and no code of this page.
fn block(said: &str) -> String {
    let lines = said.lines().map(|line| {
        let line = text::foreign(line.trim_end()).to_string();
        match line.trim_start().starts_with(['#', '|', '`', '~']) {
            true => format!("    {line}\n"),
            false => format!("{line}\n"),
        }
    });
    lines.collect()
}

/// One line of what became of a ticket, for a display: the first words of the agent, else what
/// was found.
pub fn in_short(attempt: &AttemptView) -> String {
    let said = summary(attempt).or_else(|| notes(attempt));
    let found = attempt.result.as_ref().map(|result| result.reason.clone());
    line(&text::cut(
        &said.or(found).unwrap_or_default(),
        SHORT_CHARS_MAX,
    ))
}
