//! Whether somebody else holds what a package needs.

use crate::base::{AttemptId, FeatureId, PackageId};
use crate::schedule::agenda::Item;
use crate::schedule::attend;
use crate::schedule::decision::{Decision, Holding};
use crate::schedule::input::Input;
use crate::schedule::picture::Picture;
use crate::schedule::stage::Phase;
use crate::schedule::why::{Until, Why};
use crate::state::LockSet;
use crate::state::locks::Wanted;
use crate::state::record::Grant;

/// What stands in the way of a claim.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Obstacle {
    /// Somebody holds it.
    Why(Why),
    /// Somebody held it, and nobody looks after it any more: adopt it first.
    Abandoned(Holding),
}

/// The first obstacle to `item`'s claim: holders of this feature, packages that start in this
/// round, holders of other features, locks.
pub(super) fn obstacle(picture: &Picture<'_>, item: &Item) -> Option<Obstacle> {
    let asker = Asker {
        alone: item.locks.alone,
        wanted: Wanted::new(&item.locks),
    };
    own(picture, &asker)
        .or_else(|| starting(picture, &asker))
        .or_else(|| foreign(picture, &asker))
        .or_else(|| taken(picture, &asker))
}

/// A package's lock set, compiled once.
struct Asker<'a> {
    alone: bool,
    wanted: Wanted<'a>,
}

impl Asker<'_> {
    fn shares_in_feature(&self, locks: &LockSet) -> Option<String> {
        match self.alone || locks.alone {
            true => Some("the whole feature".to_owned()),
            false => self.wanted.shared_with(locks),
        }
    }
}

/// A live `feature:<id>:pause` lock stops new work and finalising.
pub(super) fn pause_lock(input: &Input<'_>) -> Option<String> {
    let key = format!("feature:{}:pause", input.feature);
    let (_, claim) = input.view.locks.get(&key)?.live()?;
    let reason = claim.reason.as_deref().unwrap_or("no reason given");
    Some(format!("`{key}` is held by {}: {reason}", claim.by.label))
}

fn own(picture: &Picture<'_>, asker: &Asker<'_>) -> Option<Obstacle> {
    let packages = picture.input.records().packages.iter();
    let mut live = packages.filter_map(|(id, p)| Some((id, p.live()?)));
    live.find_map(|(id, grant)| {
        let what = asker.shares_in_feature(&grant.locks)?;
        Some(Obstacle::Why(held(picture, id, &grant.attempt, &what)))
    })
}

fn starting(picture: &Picture<'_>, asker: &Asker<'_>) -> Option<Obstacle> {
    picture.decisions.iter().find_map(|decision| {
        let Decision::Start { package, .. } = decision else {
            return None;
        };
        let other = picture.input.agenda.get(package)?;
        let what = asker.shares_in_feature(&other.locks)?;
        Some(Obstacle::Why(Why::Held {
            who: format!("`{what}` is needed by `{package}`, which starts first"),
            until: Until::ItEnds,
        }))
    })
}

fn foreign(picture: &Picture<'_>, asker: &Asker<'_>) -> Option<Obstacle> {
    let briefs = picture.input.view.briefs.iter();
    let others = briefs.filter(|(id, _)| *id != picture.input.feature);
    let mut live = others.flat_map(|(id, brief)| brief.live.iter().map(move |l| (id, l)));
    live.find_map(|(feature, (package, grant))| {
        let what = asker.wanted.shared_with(&grant.locks)?;
        if attend::is_abandoned(picture, grant, &Phase::Working) {
            return Some(Obstacle::Abandoned(holding(feature, package, grant)));
        }
        let name = PackageId::parse(&format!("{feature}/{package}"));
        let name = name.unwrap_or_else(|| package.clone());
        Some(Obstacle::Why(held(picture, &name, &grant.attempt, &what)))
    })
}

fn taken(picture: &Picture<'_>, asker: &Asker<'_>) -> Option<Obstacle> {
    picture.input.view.locks.values().find_map(|lock| {
        let (grant, claim) = lock.live()?;
        let what = asker.wanted.shared_with(&grant.locks)?;
        let reason = claim.reason.as_deref().map(|r| format!(": {r}"));
        let reason = reason.unwrap_or_default();
        Some(Obstacle::Why(Why::Held {
            who: format!(
                "`{what}` is held by session {} ({}){reason}",
                claim.session, claim.by.label
            ),
            until: Until::SomebodyActs,
        }))
    })
}

fn holding(feature: &FeatureId, package: &PackageId, grant: &Grant) -> Holding {
    Holding {
        feature: feature.clone(),
        package: package.clone(),
        attempt: grant.attempt.clone(),
        epoch: grant.epoch,
    }
}

fn held(picture: &Picture<'_>, package: &PackageId, attempt: &AttemptId, what: &str) -> Why {
    let alive = picture.input.observed.supervised.contains(attempt);
    Why::Held {
        who: format!("`{what}` is held by `{package}`"),
        until: match alive {
            true => Until::ItEnds,
            false => Until::SomebodyActs,
        },
    }
}
