//! What goes on after a feature: a plan of what it left undone, and its change in the archive.

use std::collections::BTreeSet;

use crate::base::{Error, FeatureId, PackageId, Result};
use crate::commands::cleanup::feature::Scene;
use crate::commands::reading::{self, Linear};
use crate::commands::{Context, places};
use crate::model::Format;
use crate::os::file::{self, Access};
use crate::os::process::{self, Invocation, Status};
use crate::plan::{follow_up as left, profile};
use crate::report::cleanup::{ArchiveRow, FollowUpRow, KeptRow};
use crate::store::Store;

/// Longest task list that is read.
const TASKS_BYTES_MAX: u64 = 1 << 20;
/// Bytes of what a tool says that are kept.
const SAID_MAX: u64 = 8 << 10;
const CHANGES: &str = "openspec/changes/";

/// Writes a plan of what is left: packages that were not merged, and unchecked boxes of the task
/// list beside the plan. `None` if there is nothing.
///
/// # Errors
/// The plan cannot be read, or a file cannot be written.
pub(super) fn follow_up(
    cx: &mut Context<'_>,
    store: &Store,
    scene: &Scene<'_>,
    kept: &mut Vec<KeptRow>,
) -> Result<Option<FollowUpRow>> {
    let valid = reading::published(cx, store, (&scene.id, &scene.records))?;
    let records = &scene.records.packages;
    let is_open = |id: &PackageId| records.get(id).is_none_or(|p| p.accept.is_none());
    let packages = valid.plan.packages.iter().map(|package| &package.id);
    let open: BTreeSet<PackageId> = packages.filter(|id| is_open(id)).cloned().collect();
    let id = FeatureId::parse(&format!("followup-{}", scene.id))
        .ok_or_else(|| Error::usage("feature-id", "the id has no room for `followup-`"))?;
    let folder = profile::feature_folder(valid.plan.format, &valid.plan.source);
    let is_change = valid.plan.source.starts_with(CHANGES);
    let place = match is_change {
        true => format!("{CHANGES}{}", id.slug()),
        false => join(folder, &id.slug()),
    };
    let mut files: Vec<(String, String)> = Vec::new();
    let boxes = match is_change {
        true => open_boxes(cx, folder)?,
        false => None,
    };
    if let Some(boxes) = boxes {
        files.push((join(&place, "tasks.md"), boxes));
    }
    let has_list = !files.is_empty() && valid.plan.format == Format::OpenspecTasks;
    if !open.is_empty() && !has_list {
        let text = left::packages((&valid.plan, &valid.text), &open, &id)?;
        files.push((join(&place, places::PLAN_FILE), text));
    }
    if files.is_empty() {
        return Ok(None);
    }
    if is_change {
        files.push((join(&place, "proposal.md"), proposal(&scene.id)));
    }
    let written = write(cx, scene.wanted.dry_run, (&id, &files), kept)?;
    Ok(written.map(|files| FollowUpRow {
        feature: id,
        packages: open.into_iter().collect(),
        files,
    }))
}

fn join(folder: &str, name: &str) -> String {
    match folder.is_empty() {
        true => name.to_owned(),
        false => format!("{folder}/{name}"),
    }
}

fn open_boxes(cx: &mut Context<'_>, folder: &str) -> Result<Option<String>> {
    let path = cx.root()?.join(folder).join("tasks.md");
    let bytes = file::read_bounded(&path, TASKS_BYTES_MAX)?;
    Ok(bytes.and_then(|bytes| left::boxes(&String::from_utf8_lossy(&bytes))))
}

fn proposal(id: &FeatureId) -> String {
    format!(
        "# Follow up on {id}\n\n## Why\n\nWhen `{id}` was merged, these tasks were still open.\n\n\
         ## What Changes\n\n- Finish what `{id}` left undone; its proposal says why.\n"
    )
}

/// Nothing that stands there is written over.
fn write(
    cx: &mut Context<'_>,
    dry_run: bool,
    (id, files): (&FeatureId, &[(String, String)]),
    kept: &mut Vec<KeptRow>,
) -> Result<Option<Vec<String>>> {
    let root = cx.root()?;
    let there = files.iter().find(|(path, _)| root.join(path).exists());
    if let Some((path, _)) = there {
        kept.push(KeptRow {
            what: path.clone(),
            why: "it exists already, so no follow-up was written".to_owned(),
        });
        return Ok(None);
    }
    for (path, text) in files.iter().filter(|_| !dry_run) {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            file::make_shared_dirs(folder)?;
        }
        file::create_new(&path, text.as_bytes(), Access::Shared)?;
    }
    let plan = files
        .iter()
        .find(|(path, _)| path.ends_with(places::PLAN_FILE));
    if let Some((path, _)) = plan.filter(|_| !dry_run) {
        let reading = reading::read(cx, Some(path), Linear::Refused)?;
        if !reading.report.valid {
            let message = format!("the plan of `{id}` needs a look: git wp validate {id}");
            cx.ui.warn("follow-up", &message);
        }
    }
    Ok(Some(files.iter().map(|(path, _)| path.clone()).collect()))
}

/// Runs `openspec archive`, where that tool is installed.
///
/// # Errors
/// It cannot be started.
pub(super) fn archive(cx: &mut Context<'_>, scene: &Scene<'_>) -> Result<ArchiveRow> {
    let root = cx.root()?;
    let source = scene.records.current_plan().map(|plan| plan.path.as_str());
    let change = source.and_then(|path| path.strip_prefix(CHANGES)?.split('/').next());
    let change = change.unwrap_or(scene.id.as_str()).to_owned();
    let words = ["archive", change.as_str(), "--yes"];
    let command = format!("openspec {}", words.join(" "));
    let not_run = |said: &str| ArchiveRow {
        command: command.clone(),
        done: false,
        said: said.to_owned(),
    };
    if !root.join(CHANGES).join(&change).is_dir() {
        return Ok(not_run("there is no such change in this checkout"));
    }
    if !cx.env().finds_program("openspec", &root) {
        return Ok(not_run(
            "the program `openspec` is not installed: npm install -g @fission-ai/openspec",
        ));
    }
    if scene.wanted.dry_run {
        return Ok(not_run("it would be run"));
    }
    let done = process::run(&Invocation::new("openspec", &root).args(words), SAID_MAX)?;
    let said = [done.stdout, done.stderr].concat();
    Ok(ArchiveRow {
        command,
        done: done.status == Status::Code(0),
        said: cx.redactor().redact(&String::from_utf8_lossy(&said)),
    })
}
