//! What every verb needs that runs agents here: `implement` and `work`.

pub(super) mod authority;
pub(super) mod listen;
pub(super) mod permission;
pub(super) mod purses;
pub(super) mod relay;
pub(super) mod reviewing;
pub(super) mod setup;
pub(super) mod tuning;
pub(super) mod unfinished;

use std::path::Path;

use crate::base::{Error, FeatureId, Result};
use crate::commands::{Context, reading};
use crate::os::host::{self, FileSystem};
use crate::plan::document::Asked;
use crate::store::Load;
use crate::worktree::baseline;

/// Whether locks on a network are good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NetworkDisk {
    /// A person says so.
    Allowed,
    /// Two processes may not see each other there.
    Refused,
}

/// True if events go to standard output, which only one of events and document can have.
///
/// # Errors
/// Usage: both want it.
pub(super) fn streams(events: Option<&Path>, cx: &Context<'_>) -> Result<bool> {
    let to_stdout = events.is_some_and(|path| path.as_os_str() == "-");
    if to_stdout && cx.ui.is_json() {
        let message = "`--events -` and `--json` both want standard output";
        return Err(Error::usage("usage", message).hint("--events FILE --json"));
    }
    Ok(to_stdout)
}

/// How the run reads its plan that was interrupted, where it was told to read it its own way.
///
/// # Errors
/// The state cannot be read.
pub(super) fn recorded_words(cx: &mut Context<'_>, feature: &FeatureId) -> Result<Asked> {
    if !cx.has_repo()? {
        return Ok(Asked::default());
    }
    let view = cx.store()?.view(&Load::Features(vec![feature.clone()]))?;
    let records = view.features.get(feature);
    let run = records.and_then(|records| records.last_run());
    let plan = run
        .filter(|run| run.ended.is_none())
        .map(|run| &run.started.plan);
    let origin = plan.and_then(|plan| records?.plans.get(plan));
    Ok(origin.map(reading::words_of).unwrap_or_default())
}

/// Undoes what agents of a killed run did to the configuration, before anything of it is read.
///
/// # Errors
/// A file cannot be read or put back.
pub(super) fn restore(cx: &mut Context<'_>) -> Result<()> {
    let (found, kept) = baseline::restore_abandoned(&cx.repo()?)?;
    for tampering in found {
        let what = tampering.describe();
        let message = format!("{what} during a run that was killed; it is as it was before");
        cx.ui.warn("tampering", &message);
    }
    for path in kept {
        let message = format!("what was found is kept at `{}`", path.display());
        cx.ui.warn("quarantine", &message);
    }
    Ok(())
}

/// Locks are the only thing that keeps two processes apart.
///
/// # Errors
/// Policy, `network-fs`.
pub(super) fn check_file_system(disk: NetworkDisk, cx: &mut Context<'_>) -> Result<()> {
    if disk == NetworkDisk::Allowed {
        return Ok(());
    }
    let repo = cx.repo()?;
    match host::file_system(repo.common_dir())? {
        FileSystem::Local => Ok(()),
        FileSystem::Network(kind) => {
            let message = format!("the repository is on {kind}, where locks may not hold");
            let hint = "clone it to a local disk, or: --allow-network-fs";
            Err(Error::policy("network-fs", message).hint(hint))
        }
    }
}
