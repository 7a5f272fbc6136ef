//! Where live attempts of this repository stand: the last checkpoint of each, or its branch where
//! that is newer. Of all features and processes; nothing is recorded and nobody is asked.

use std::collections::BTreeMap;

use crate::base::{AttemptId, Oid, Result};
use crate::git::Repo;

const BRANCHES: &str = "refs/heads/wp";
const CHECKPOINTS: &str = "refs/wp/wip";

/// A live attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveTip {
    /// The attempt.
    pub attempt: AttemptId,
    /// The slug of its feature.
    pub feature: String,
    /// The slug of its package.
    pub package: String,
    /// A commit with everything that it had at its last checkpoint.
    pub tip: Oid,
}

/// All attempts that `is_live` knows.
///
/// # Errors
/// Refs or commits cannot be read.
pub fn live_tips(
    repo: &Repo,
    is_live: &dyn Fn(&AttemptId) -> Result<bool>,
) -> Result<Vec<LiveTip>> {
    let (refs, objects) = (repo.refs(), repo.objects());
    let checkpoints: BTreeMap<String, Oid> = refs
        .list(CHECKPOINTS)?
        .into_iter()
        .filter_map(|(name, oid)| Some((below(name.as_str(), CHECKPOINTS)?.to_owned(), oid)))
        .collect();
    let mut out = Vec::new();
    for (name, head) in refs.list(BRANCHES)? {
        let Some(place) = below(name.as_str(), BRANCHES) else {
            continue;
        };
        let parts: Vec<&str> = place.split('/').collect();
        let [feature, package, attempt] = parts[..] else {
            continue;
        };
        let Some(attempt) = AttemptId::parse(attempt) else {
            continue;
        };
        if !is_live(&attempt)? {
            continue;
        }
        // A checkpoint names the head on which it was made first.
        let last = checkpoints.get(place);
        let last = match last.map(|oid| objects.commit(oid)).transpose()? {
            Some(commit) if commit.parents.first() == Some(&head) => Some(commit.oid),
            _ => None,
        };
        out.push(LiveTip {
            attempt,
            feature: feature.to_owned(),
            package: package.to_owned(),
            tip: last.unwrap_or(head),
        });
    }
    Ok(out)
}

fn below<'a>(name: &'a str, folder: &str) -> Option<&'a str> {
    name.strip_prefix(folder)?.strip_prefix('/')
}
