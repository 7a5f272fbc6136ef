//! What was merged elsewhere comes along with the state: claims start from it, and people look at
//! it.

use crate::base::{Error, FeatureId, Oid, RefName, Result};
use crate::commands::Context;
use crate::git::remote::Trouble;
use crate::git::{Expected, Remote, Repo, SwapError};
use crate::model::Settings;
use crate::state::FeatureView;
use crate::store::sync::Names;
use crate::store::{Load, Store};

/// Fetches the commits that features have reached, where they are not here, and moves the
/// integration refs of this clone along. Without an answer nothing is lost: they are wanted again
/// the next time.
///
/// # Errors
/// The store or the repository failed, or what arrives is not sound.
pub(super) fn merged(
    cx: &mut Context<'_>,
    store: &Store,
    (remote, settings): (&Remote, &Settings),
) -> Result<()> {
    let repo = cx.repo()?;
    let names = Names::beside(&settings.remote_ref);
    let view = store.view(&Load::All)?;
    let mut wanted = Vec::new();
    for (id, records) in &view.features {
        if let Some(commit) = reached(records)
            && !repo.objects().exists(commit)?
        {
            wanted.push((names.integration(id)?, beside(remote.name(), id)?));
        }
    }
    fetch(remote, wanted, settings)?;
    for records in view.features.values() {
        follow(&repo, records, settings)?;
    }
    Ok(())
}

/// Where a feature with a run stands.
pub(super) fn reached(records: &FeatureView) -> Option<&Oid> {
    let begun = &records.last_run()?.started.base;
    Some(records.reached().unwrap_or(begun))
}

fn beside(remote: &str, feature: &FeatureId) -> Result<RefName> {
    let name = format!("refs/wp/remotes/{remote}/integration/{}", feature.slug());
    RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` is not a ref name")))
}

fn fetch(remote: &Remote, wanted: Vec<(RefName, RefName)>, settings: &Settings) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let asked: Vec<&str> = wanted.iter().map(|(theirs, _)| theirs.as_str()).collect();
    let fetched = remote.list(&asked).and_then(|there| {
        let is_there = |name: &RefName| there.iter().any(|(known, _)| known == name);
        let mut wanted = wanted.clone();
        wanted.retain(|(theirs, _)| is_there(theirs));
        remote.fetch_refs(&wanted, settings.durability)
    });
    match fetched {
        Ok(()) | Err(Trouble::Offline(_) | Trouble::Unknown(_)) => Ok(()),
        Err(Trouble::Failed(error)) => Err(error),
    }
}

/// The integration ref of this clone goes where others have brought the feature, never back.
fn follow(repo: &Repo, records: &FeatureView, settings: &Settings) -> Result<()> {
    let (Some(run), Some(to)) = (records.last_run(), reached(records)) else {
        return Ok(());
    };
    if !repo.objects().exists(to)? {
        return Ok(());
    }
    let (refs, name) = (repo.refs(), &run.started.integration);
    let here = refs.read(name)?;
    let behind = match &here {
        None => true,
        Some(here) => here != to && repo.is_ancestor(here, to)?,
    };
    if !behind {
        return Ok(());
    }
    let expected = Expected::same_as(here.as_ref());
    match refs.swap(name, Some(to), &expected, "wp: sync", settings.durability) {
        Ok(()) | Err(SwapError::Moved { .. }) => Ok(()),
        Err(error) => Err(error.into_error(name)),
    }
}
