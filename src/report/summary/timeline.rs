//! When each package ran, from its first claim to its merge.

use serde::Serialize;

use crate::base::{Oid, PackageId, Timestamp};
use crate::model::{Package, PackageStatus, Usage};
use crate::report::summary::Sources;
use crate::report::used;

/// One package in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimelineRow {
    /// The package.
    pub package: PackageId,
    /// Title for people.
    pub label: String,
    /// Its level in the graph, from 0.
    pub level: usize,
    /// What it waits for.
    pub after: Vec<PackageId>,
    /// Where it stands.
    pub status: PackageStatus,
    /// Number of attempts.
    pub attempts: usize,
    /// When its first attempt began.
    pub started: Option<Timestamp>,
    /// When it was merged, or its last attempt ended.
    pub ended: Option<Timestamp>,
    /// Whole seconds from the one to the other.
    pub seconds: Option<u64>,
    /// What its agents used up, as far as they tell.
    pub usage: Option<Usage>,
    /// The merge commit.
    pub merge: Option<Oid>,
}

/// In file order.
pub(super) fn rows(sources: &Sources<'_>) -> Vec<TimelineRow> {
    let packages = sources.plan.packages.iter();
    packages.map(|p| row(sources, p)).collect()
}

fn row(sources: &Sources<'_>, package: &Package) -> TimelineRow {
    let view = sources.feature.packages.get(&package.id);
    let attempts = view.map_or_else(Vec::new, |v| v.in_order());
    let started = attempts.first().map(|a| a.attempt.by.at);
    let accept = view.and_then(|v| v.accept.as_ref());
    let last_end = attempts.last().and_then(|a| a.end.as_ref());
    let ended = accept.map(|a| a.by.at).or(last_end.map(|e| e.by.at));
    let status = sources.statuses.get(&package.id).copied();
    TimelineRow {
        package: package.id.clone(),
        label: package.label().to_owned(),
        level: sources.levels.get(&package.id).copied().unwrap_or(0),
        after: package.depends_on.iter().map(|e| e.on.clone()).collect(),
        status: status.unwrap_or(PackageStatus::Pending),
        attempts: attempts.len(),
        started,
        ended,
        seconds: started.zip(ended).map(|(a, b)| b.since(a).as_secs()),
        usage: used::sum(attempts.iter().filter_map(|a| used::account(a))),
        merge: accept.map(|a| a.merge.clone()),
    }
}
