//! One exchange with the authority, as every command makes it: what this clone lost is saved
//! before and after, so that it travels with the state.

use crate::base::{Error, Result};
use crate::commands::{Context, bring, kept};
use crate::git::Remote;
use crate::git::remote::Atomic;
use crate::model::Settings;
use crate::store::Store;
use crate::store::sync::{Exchange, SyncMode, SyncReport, SyncResult};

/// Exchanges with the authority that is configured.
///
/// # Errors
/// Usage if there is none, and those of [`Store::sync`]. An authority that was rewound is an
/// answer here.
pub(super) fn run(cx: &mut Context<'_>, store: &Store, mode: SyncMode) -> Result<SyncReport> {
    let settings = cx.settings()?;
    let Some(name) = &settings.remote else {
        return Err(no_remote());
    };
    let remote = open(cx, name)?;
    with(cx, store, (&remote, &settings), mode)
}

/// The same with a remote that is about to be configured.
///
/// # Errors
/// As [`run`].
pub(super) fn with(
    cx: &mut Context<'_>,
    store: &Store,
    (remote, settings): (&Remote, &Settings),
    mode: SyncMode,
) -> Result<SyncReport> {
    cx.env().refuse_in_room("sync")?;
    if mode != SyncMode::DryRun {
        kept::save(cx, store)?;
    }
    let mut report = once(cx, store, (remote, settings), mode)?;
    let news = |report: &SyncReport| {
        let changed = matches!(report.result, SyncResult::Pushed | SyncResult::Adopted);
        changed && mode != SyncMode::DryRun
    };
    // What ended in this exchange had nobody to save it before.
    if news(&report) && kept::save(cx, store)? > 0 {
        let more = once(cx, store, (remote, settings), SyncMode::Normal)?;
        add(&mut report, more);
    }
    if news(&report) {
        bring::merged(cx, store, (remote, settings))?;
    }
    Ok(report)
}

/// Exchanges; gives the reason why the authority did not answer, if it did not.
///
/// # Errors
/// As [`run`], and damaged, `rewound`.
pub(super) fn now(cx: &mut Context<'_>, store: &Store) -> Result<Option<String>> {
    let report = run(cx, store, SyncMode::Normal)?;
    match report.result {
        SyncResult::Rewound => Err(rewound(&report)),
        SyncResult::Offline => Ok(Some(report.notes.join("; "))),
        SyncResult::InSync | SyncResult::Pushed | SyncResult::Adopted => Ok(None),
    }
}

/// The remote, which may ask the person at a terminal for a password.
///
/// # Errors
/// Usage: there is no such remote.
pub(super) fn open(cx: &mut Context<'_>, name: &str) -> Result<Remote> {
    let remote = cx.repo()?.remote(name)?;
    Ok(match cx.ui.is_attended() {
        true => remote.at_terminal(),
        false => remote,
    })
}

/// The authority does not go on from what it was.
pub(super) fn rewound(report: &SyncReport) -> Error {
    let why = report
        .notes
        .first()
        .map_or("it was rewound", String::as_str);
    Error::damaged("rewound", why)
        .hint("facts were taken over; what needs a right is refused for now")
        .hint("if somebody did that on purpose: git wp sync --accept-rewind")
}

/// There is nobody to exchange with.
pub(super) fn no_remote() -> Error {
    let message = "this repository is its own authority, there is no remote to sync with";
    Error::usage("no-remote", message).hint("git wp init --remote origin")
}

fn once(
    cx: &mut Context<'_>,
    store: &Store,
    (remote, settings): (&Remote, &Settings),
    mode: SyncMode,
) -> Result<SyncReport> {
    let by = cx.by()?;
    store.sync(&Exchange {
        remote,
        remote_ref: &settings.remote_ref,
        atomic: match settings.atomic {
            true => Atomic::Yes,
            false => Atomic::No,
        },
        by: &by,
        beat: None,
        lease: settings.lease,
        mode,
    })
}

/// Puts a second exchange to the first, as one answer.
fn add(report: &mut SyncReport, more: SyncReport) {
    report.confirmed.extend(more.confirmed);
    report.superseded.extend(more.superseded);
    report.refused.extend(more.refused);
    report.facts_in += more.facts_in;
    report.facts_out += more.facts_out;
    report.tries += more.tries;
    report.notes.extend(more.notes);
    if matches!(more.result, SyncResult::Rewound | SyncResult::Offline) {
        report.result = more.result;
    }
}
