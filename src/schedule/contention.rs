//! Whether somebody else holds what a package needs.

use crate::schedule::agenda::Item;
use crate::schedule::decision::Decision;
use crate::schedule::input::Input;
use crate::schedule::picture::Picture;
use crate::schedule::why::{Until, Why};
use crate::state::LockSet;
use crate::state::locks::Wanted;
use crate::state::questions;
use crate::state::record::Grant;

/// The first obstacle to `item`'s claim: holders of this feature, packages that start in this
/// round, holders of other features, locks.
///
/// A dead holder of another feature is left to that feature's own run: from here nobody can tell
/// whether it died or waits for a person's answer.
pub(super) fn obstacle(picture: &Picture<'_>, item: &Item) -> Option<Why> {
    let asker = Asker {
        alone: item.locks.alone,
        wanted: Wanted::new(&item.locks),
    };
    let first = own(picture, &asker)
        .or_else(|| starting(picture, &asker))
        .or_else(|| foreign(picture, &asker))
        .or_else(|| taken(picture, &asker));
    first.or_else(|| named(picture, item))
}

/// The holder of a key that the last attempt named as being in its way.
fn named(picture: &Picture<'_>, item: &Item) -> Option<Why> {
    let records = picture.input.records();
    let last = records.packages.get(&item.id)?.in_order().pop()?;
    let question = questions::again(records, &last.attempt)?;
    let keys = &question.asked.escalation.impact.as_ref()?.logical_locks;
    keys.iter().find_map(|key| {
        let locks = LockSet::of_key(key);
        let asker = Asker {
            alone: false,
            wanted: Wanted::new(&locks),
        };
        own(picture, &asker)
            .or_else(|| foreign(picture, &asker))
            .or_else(|| taken(picture, &asker))
    })
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

fn own(picture: &Picture<'_>, asker: &Asker<'_>) -> Option<Why> {
    let packages = picture.input.records().packages.iter();
    let mut live = packages.filter_map(|(id, p)| Some((id, p.live()?)));
    live.find_map(|(id, grant)| {
        let what = asker.shares_in_feature(&grant.locks)?;
        Some(held(picture, id.as_str(), grant, &what))
    })
}

fn starting(picture: &Picture<'_>, asker: &Asker<'_>) -> Option<Why> {
    picture.decisions.iter().find_map(|decision| {
        let Decision::Start { package, .. } = decision else {
            return None;
        };
        let other = picture.input.agenda.get(package)?;
        let what = asker.shares_in_feature(&other.locks)?;
        Some(Why::Held {
            who: format!("`{what}` is needed by `{package}`, which starts first"),
            until: Until::ItEnds,
        })
    })
}

fn foreign(picture: &Picture<'_>, asker: &Asker<'_>) -> Option<Why> {
    let briefs = picture.input.view.briefs.iter();
    let others = briefs.filter(|(id, _)| *id != picture.input.feature);
    let mut live = others.flat_map(|(id, brief)| brief.live.iter().map(move |l| (id, l)));
    live.find_map(|(feature, (package, grant))| {
        let what = asker.wanted.shared_with(&grant.locks)?;
        let name = format!("{feature}/{package}");
        Some(held(picture, &name, grant, &what))
    })
}

fn taken(picture: &Picture<'_>, asker: &Asker<'_>) -> Option<Why> {
    picture.input.view.locks.values().find_map(|lock| {
        let (grant, claim) = lock.live()?;
        let what = asker.wanted.shared_with(&grant.locks)?;
        let reason = claim.reason.as_deref().map(|r| format!(": {r}"));
        let reason = reason.unwrap_or_default();
        Some(Why::Held {
            who: format!(
                "`{what}` is held by session {} ({}){reason}",
                claim.session, claim.by.label
            ),
            until: Until::SomebodyActs,
        })
    })
}

fn held(picture: &Picture<'_>, package: &str, grant: &Grant, what: &str) -> Why {
    Why::Held {
        who: format!("`{what}` is held by `{package}`"),
        until: match picture.input.is_alive(grant) {
            true => Until::ItEnds,
            false => Until::SomebodyActs,
        },
    }
}
