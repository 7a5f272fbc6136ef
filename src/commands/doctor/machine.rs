//! Git, the file system, free room, settings.

use super::{Mode, by_hand};
use crate::base::{Error, Result};
use crate::commands::Context;
use crate::git::version::{FLOOR, Version};
use crate::git::{RefStorage, Repo};
use crate::os::file::{self, Access};
use crate::os::host::{self, FileSystem};
use crate::os::random;
use crate::report::doctor::{Diagnosis, Gravity};

/// Looks at what the machine offers.
pub(super) fn look(cx: &mut Context<'_>, _mode: Mode, found: &mut Diagnosis) -> Result<()> {
    let repo = cx.repo()?;
    git(found)?;
    found.fact("objects", repo.format().word());
    let refs = match repo.ref_storage() {
        RefStorage::Files => "files",
        RefStorage::Reftable => "reftable",
    };
    found.fact("refs", refs);
    if let FileSystem::Network(kind) = host::file_system(repo.common_dir())? {
        let message = format!("the repository is on {kind}, where locks may not hold");
        let hint = "clone it to a local disk";
        found
            .damages
            .push(by_hand("network-fs", Gravity::Warning, message, hint));
    }
    can_write(&repo, found)
}

fn git(found: &mut Diagnosis) -> Result<()> {
    let version = Version::of_git()?;
    found.fact("git version", version.to_string());
    if version < FLOOR {
        let message = format!("git {version} is too old, {FLOOR} or newer is needed");
        found.damages.push(by_hand(
            "git-too-old",
            Gravity::Error,
            message,
            "install a newer git",
        ));
    } else if version.has_known_holes() {
        let message = format!("git {version} has holes that a newer release of its line closed");
        let hint = "install the newest release of its line";
        found
            .damages
            .push(by_hand("git-vulnerable", Gravity::Warning, message, hint));
    }
    Ok(())
}

/// Whether a disk is full, mounted read-only or of another owner is best known by trying, with
/// enough bytes that a disk without room says no.
fn can_write(repo: &Repo, found: &mut Diagnosis) -> Result<()> {
    let probe = repo
        .common_dir()
        .join(format!("wp-probe-{}", random::id(10)?));
    let written = file::create_new(&probe, &[0; PROBE_BYTES], Access::Private);
    let removed = file::remove(&probe);
    if let Err(error) = written.and(removed) {
        let folder = repo.common_dir().display();
        let (code, hint) = match is_full(&error) {
            true => ("disk-full", "make room on the disk of the git folder"),
            false => (
                "not-writable",
                "look at mount options and owner of the git folder",
            ),
        };
        let message = format!(
            "nothing can be written to `{folder}`: {}",
            last_cause(&error)
        );
        found
            .damages
            .push(by_hand(code, Gravity::Error, message, hint));
    }
    Ok(())
}

fn is_full(error: &Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge);
        }
        next = cause.source();
    }
    false
}

const PROBE_BYTES: usize = 64 << 10;

fn last_cause(error: &Error) -> String {
    error
        .causes()
        .pop()
        .unwrap_or_else(|| error.message().to_owned())
}

/// Looks at settings and `wp.toml`; damages of them keep every other verb from working.
pub(super) fn settings(cx: &mut Context<'_>, _mode: Mode, found: &mut Diagnosis) -> Result<()> {
    let settings = cx.settings()?;
    found.fact("state ref", settings.state_ref.as_str());
    if !settings.agents.is_empty() {
        let names: Vec<&str> = settings.agents.keys().map(String::as_str).collect();
        found.fact("agents", names.join(" "));
    }
    Ok(())
}
