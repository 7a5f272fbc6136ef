//! Where this clone stands with the remote whose state decides. Asks nobody: what a fetch or a
//! sync left here has to do.

use crate::base::Result;
use crate::commands::Context;
use crate::report::remote::RemoteView;
use crate::state::View;
use crate::state::record::Grant;
use crate::store::{Store, actor, tracking_ref};

/// What to say of the remote; `None` where this repository is its own authority.
///
/// # Errors
/// What was remembered of the remote cannot be read.
pub(super) fn standing(
    cx: &mut Context<'_>,
    store: &Store,
    view: &View,
) -> Result<Option<RemoteView>> {
    let Some(seen) = store.seen()? else {
        return Ok(None);
    };
    let me = actor::read(&cx.repo()?.wp_dir())?;
    Ok(Some(RemoteView {
        newer: is_newer(cx, store, &seen.remote)?,
        pending: me.map_or(0, |me| view.pending(&me).len()),
        name: seen.remote,
        frozen: seen.frozen,
    }))
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
