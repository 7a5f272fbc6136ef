//! Where this clone stands with the remote whose state decides. Asks nobody: what a fetch or a
//! sync left here has to do.

use crate::base::{Error, Result};
use crate::commands::Context;
use crate::report::remote::RemoteView;
use crate::state::View;
use crate::state::record::Grant;
use crate::store::{Seen, Store, actor, tracking_ref};

/// What to say of the remote; `None` where this repository is its own authority.
///
/// # Errors
/// The repository cannot be read.
pub(super) fn standing(
    cx: &mut Context<'_>,
    store: &Store,
    view: &View,
) -> Result<Option<RemoteView>> {
    let seen = match store.seen() {
        Ok(Some(seen)) => seen,
        Ok(None) => return Ok(None),
        Err(error) if error.code() == "remembered" => unreadable(cx, &error)?,
        Err(error) => return Err(error),
    };
    let me = actor::read(&cx.repo()?.wp_dir())?;
    Ok(Some(RemoteView {
        newer: is_newer(cx, store, &seen.remote)?,
        pending: me.map_or(0, |me| view.pending(&me).len()),
        name: seen.remote,
        frozen: seen.frozen,
    }))
}

/// A reader says so and goes on; what needs a right is refused with the same words.
fn unreadable(cx: &mut Context<'_>, error: &Error) -> Result<Seen> {
    let message = format!("{}; git wp doctor says more", error.message());
    cx.ui.warn("remembered", &message);
    Ok(Seen {
        remote: cx.settings()?.remote.unwrap_or_default(),
        tip: None,
        authority: None,
        generation: 0,
        frozen: None,
    })
}

/// True if a fetch brought state that this clone has not joined.
fn is_newer(cx: &mut Context<'_>, store: &Store, remote: &str) -> Result<bool> {
    let repo = cx.repo()?;
    let Some(name) = tracking_ref(remote) else {
        return Ok(false);
    };
    let Some(fetched) = repo.refs().read(&name)? else {
        return Ok(false);
    };
    Ok(match store.tip()? {
        None => true,
        // What cannot be compared is for the sync to judge.
        Some(tip) => !repo.is_ancestor(&fetched, &tip).unwrap_or(false),
    })
}

/// True if the holder sits at another clone, so that nothing here shows whether it lives.
///
/// # Errors
/// The file that names this clone cannot be read.
pub(super) fn is_elsewhere(cx: &mut Context<'_>, grant: &Grant) -> Result<bool> {
    if cx.settings()?.remote.is_none() {
        return Ok(false);
    }
    let me = actor::read(&cx.repo()?.wp_dir())?;
    Ok(me.is_none_or(|me| me != grant.by.actor))
}
