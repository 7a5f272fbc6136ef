//! What a plan's own files say of its progress. The tool alone writes them, on the feature branch,
//! so agents that work side by side never conflict over a tick.
//!
//! Pure: from what is known of a run and from the files as they are to the files as they should be.

mod project_state;
mod purple;
mod purple_qa;
mod team;
mod team_papers;
mod team_text;

pub use purple::{accepted, in_short, notes};

use std::collections::BTreeMap;

use crate::base::{PackageId, Result, Timestamp};
use crate::model::{Format, ItemKind, ItemStatus, Plan};
use crate::plan::write_back::{self, NewStatus, Whose};
use crate::plan::{outline::Text, outline_of};
use crate::state::FeatureView;
use crate::state::record::RunStarted;

/// What is known when the books are brought up to date.
pub struct Progress<'a> {
    /// The plan, as far as it was left to do when the run began.
    pub plan: &'a Plan,
    /// What became of packages; those without an entry stay as the file has them.
    pub statuses: &'a BTreeMap<PackageId, ItemStatus>,
    /// Everything that is recorded of the feature.
    pub records: &'a FeatureView,
    /// The run that keeps the books.
    pub run: &'a RunStarted,
    /// Nothing more will happen in this run.
    pub is_over: bool,
    /// The time.
    pub now: Timestamp,
    /// Gives the bytes of a file of the tree that the books are kept in.
    pub read: &'a dyn Fn(&str) -> Result<Option<Vec<u8>>>,
    /// Gives the paths of all files below a folder of it.
    pub list: &'a dyn Fn(&str) -> Result<Vec<String>>,
}

/// One commit of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// New content by path; `None` removes the file.
    pub files: BTreeMap<String, Option<Vec<u8>>>,
    /// Subject, and body where there is one.
    pub message: String,
}

/// The commits that bring the books up to date, oldest first; none if they are.
///
/// # Errors
/// A file cannot be read.
pub fn entries(progress: &Progress<'_>) -> Result<Vec<Entry>> {
    let plan = progress.plan;
    if !plan.format.is_document() {
        return Ok(Vec::new());
    }
    let Some(bytes) = (progress.read)(&plan.source)? else {
        return Ok(Vec::new());
    };
    let Ok(whole) = std::str::from_utf8(&bytes) else {
        return Ok(Vec::new());
    };
    match plan.format {
        Format::TeamPlan => return team::entries(progress, whole),
        Format::Purple => {
            let mut entries = purple::entries(progress, whole)?;
            entries.extend(purple_qa::entries(progress)?);
            return Ok(entries);
        }
        _ => {}
    }
    let (text, ticked) = tick(whole, progress, |_| true);
    if ticked.is_empty() {
        return Ok(Vec::new());
    }
    let files = BTreeMap::from([(plan.source.clone(), Some(text.into_bytes()))]);
    Ok(vec![Entry {
        files,
        message: message(plan, &ticked),
    }])
}

/// What the users of the format are used to read at the end of a run; `None` where they are used
/// to nothing.
///
/// # Errors
/// A file cannot be read.
pub fn returned(progress: &Progress<'_>) -> Result<Option<String>> {
    match progress.plan.format {
        Format::TeamPlan => team::returned(progress),
        _ => Ok(None),
    }
}

/// The document with every status that is known, and whose changed.
///
/// A status that the document cannot hold is left out: the state on the ref has it.
fn tick(
    whole: &str,
    progress: &Progress<'_>,
    wanted: impl Fn(&PackageId) -> bool,
) -> (String, Vec<(PackageId, ItemStatus)>) {
    let plan = progress.plan;
    let named = (plan.format, plan.source.as_str());
    let mut text = whole.to_owned();
    let mut ticked = Vec::new();
    let Some(outline) = outline_of::read_outline(plan.format, &Text::new(whole, &plan.source))
    else {
        return (text, ticked);
    };
    let marks = outline
        .items
        .iter()
        .map(|item| (item.id.as_str(), item.mark.status));
    let marks: BTreeMap<&str, ItemStatus> = marks.collect();
    // Rework that a review asked for stands in the document, and not among what is to be done.
    let more = progress
        .statuses
        .keys()
        .filter(|id| plan.package(id).is_none() && marks.contains_key(id.as_str()));
    let planned = plan.packages.iter().map(|package| &package.id);
    for id in planned.chain(more) {
        let Some(&status) = progress.statuses.get(id) else {
            continue;
        };
        if marks.get(id.as_str()) == Some(&status) || !wanted(id) {
            continue;
        }
        let whose = Whose::Item(id.as_str());
        let to = NewStatus::Status(status);
        if let Ok(after) = write_back::set_status(&text, named, whose, &to)
            && after != text
        {
            text = after;
            ticked.push((id.clone(), status));
        }
    }
    if !ticked.is_empty() {
        text = tick_containers(text, plan);
    }
    (text, ticked)
}

/// A heading with a box of its own is done when everything below it is.
fn tick_containers(mut text: String, plan: &Plan) -> String {
    let named = (plan.format, plan.source.as_str());
    let Some(outline) = outline_of::read_outline(plan.format, &Text::new(&text, &plan.source))
    else {
        return text;
    };
    let items = &outline.items;
    let mut settled: Vec<bool> = items.iter().map(|i| i.mark.status.is_settled()).collect();
    // What contains others stands before them.
    for (at, item) in items.iter().enumerate().rev() {
        if item.kind != ItemKind::Container || settled[at] {
            continue;
        }
        let mut below = (0..items.len()).filter(|&other| items[other].parent == Some(at));
        settled[at] = below.clone().next().is_some() && below.all(|other| settled[other]);
        let whose = Whose::Item(&item.id);
        let done = NewStatus::Status(ItemStatus::Done);
        if settled[at]
            && let Ok(after) = write_back::set_status(&text, named, whose, &done)
        {
            text = after;
        }
    }
    text
}

fn message(plan: &Plan, ticked: &[(PackageId, ItemStatus)]) -> String {
    let done = |status: ItemStatus| -> Vec<&str> {
        let those = ticked.iter().filter(|(_, other)| *other == status);
        those.map(|(id, _)| id.as_str()).collect()
    };
    let mut parts = Vec::new();
    for status in ItemStatus::ALL {
        let ids = done(status);
        if !ids.is_empty() {
            parts.push(format!("{} {}", ids.join(", "), status.as_str()));
        }
    }
    format!("{}: {}\n", plan.feature.id, parts.join("; "))
}

/// True if `after` says the same as `before` but for what it says of the element `own`: its
/// status, its steps, its notes.
pub fn changes_only(own: &PackageId, plan: &Plan, (before, after): (&[u8], &[u8])) -> bool {
    let parts = |bytes: &[u8]| -> Option<Vec<String>> {
        let whole = std::str::from_utf8(bytes).ok()?;
        let outline = outline_of::read_outline(plan.format, &Text::new(whole, &plan.source))?;
        let item = outline.item(own.as_str())?;
        let (start, end) = (item.range.start, item.range.end);
        let ids = outline.items.iter().map(|item| item.id.clone());
        let around = [whole.get(..start)?.to_owned(), whole.get(end..)?.to_owned()];
        Some(around.into_iter().chain(ids).collect())
    };
    match (parts(before), parts(after)) {
        (Some(before), Some(after)) => before == after,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
