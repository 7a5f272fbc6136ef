//! What must hold, law by law: after every push, in what every clone shows, and at the end.
//!
//! A law that is broken is a value, so that planted bugs can be told from what nobody planted.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use git_wp::base::TxnId;
use git_wp::model::outcome::EndReason;
use git_wp::state::join::{Entries, join, regression};
use git_wp::state::layout::{self, FeatureSlot, LockSlot, PackageSlot, Slot};
use git_wp::state::locks::Wanted;
use git_wp::state::record::{Grant, Record};
use git_wp::state::settle::{self, Filing};
use git_wp::state::{Op, PackageView, Request, View, fold};

use super::rulings::{self, Seen};
use super::tree::{Tree, is_right};
use super::world::{Replica, Tip, World};

/// A broken law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// Its number, or a word for those that have none.
    pub(super) law: &'static str,
    /// How.
    pub(super) how: String,
}

/// What a step came to.
pub(super) type Checked<T = ()> = Result<T, Broken>;

pub(super) fn broken<T>(law: &'static str, how: String) -> Checked<T> {
    Err(Broken { law, how })
}

fn hold(holds: bool, law: &'static str, how: impl FnOnce() -> String) -> Checked {
    match holds {
        true => Ok(()),
        false => broken(law, how()),
    }
}

/// Filing writes facts only, and nothing that cannot be taken back rests on a mere hope.
pub(super) fn filed_in_order(replica: &Replica, request: &Request, filing: &Filing) -> Checked {
    let right = filing.facts.iter().find(|record| is_right(&record.path));
    hold(right.is_none(), "no-local-right", || format!("{right:?}"))?;
    let (Op::Land { feature, .. } | Op::Landed { feature, .. } | Op::VoidLand { feature, .. }) =
        &request.op
    else {
        return Ok(());
    };
    let confirmed = replica.view.features[feature].integrator();
    let own = confirmed.is_some_and(|live| live.by.actor == replica.me);
    hold(own, "integrator", || {
        format!("{request:?} on a provisional role")
    })
}

/// I6: what a tree held as a fact stays.
pub(super) fn no_fact_is_lost(before: &Tree, after: &Tree) -> Checked {
    let (mut here, there) = before.differences(after);
    // Whoever was first has said it for all.
    here.retain(|path, _| !(layout::is_said_by_many(path) && there.contains_key(path)));
    match regression(&here, &there) {
        None => Ok(()),
        Some(path) => broken("I6", format!("{path} was lost")),
    }
}

/// The overlay that a clone kept up to date request by request is what a new one would be.
pub(super) fn overlay_is_what_was_filed(replica: &Replica) -> Checked {
    let fresh = settle::overlay(&replica.view, &replica.me);
    hold(fresh == *replica.shown, "overlay", || {
        format!(
            "shown by {}: {:#?}\nnow: {fresh:#?}",
            replica.me, replica.shown
        )
    })
}

/// I5: what a clone does not show as tentative, the authority has.
pub(super) fn shown(replica: &Replica, authority: &Tip) -> Checked {
    let (view, there) = (&*replica.shown, &*authority.view);
    let tentative = &view.tentative;
    let wrong = |what: String| broken("I5", format!("{} shows {what} as confirmed", replica.me));
    for (id, feature) in &view.features {
        let known = &there.features[id];
        for (package, shown) in &feature.packages {
            let known = known.packages.get(package);
            for grant in shown.grants.values() {
                let confirmed = known.is_some_and(|p| p.grants.get(&grant.epoch) == Some(grant));
                if !confirmed && !tentative.grants.contains(&grant.attempt) {
                    return wrong(format!("{grant:?}"));
                }
            }
            let confirmed = shown.accept.is_none() || known.is_some_and(|p| p.accept.is_some());
            let place = (id.clone(), package.clone());
            if !confirmed && !tentative.accepts.contains(&place) {
                return wrong(format!("{:?}", shown.accept));
            }
        }
        for (n, land) in &feature.lands {
            let confirmed = known.lands.get(n).is_some_and(|l| l.land == land.land);
            if !confirmed && !tentative.lands.contains(&(id.clone(), *n)) {
                return wrong(format!("{land:?}"));
            }
        }
        for (n, role) in &feature.integrators {
            if known.integrators.get(n) != Some(role) && !tentative.integrators.contains(id) {
                return wrong(format!("{role:?}"));
            }
        }
    }
    for (key, lock) in &view.locks {
        let known = there.locks.get(key);
        for grant in lock.grants.values() {
            let confirmed = known.is_some_and(|l| l.grants.get(&grant.epoch) == Some(grant));
            if !confirmed && !tentative.grants.contains(&grant.attempt) {
                return wrong(format!("{grant:?}"));
            }
        }
    }
    let only_here = replica.tree.differences(&authority.tree).0;
    let right = only_here.keys().find(|path| is_right(path));
    right.map_or(Ok(()), |path| wrong(path.clone()))
}

/// What the authority was given: `before` is its tip, `after` what replaces it.
pub(super) fn push(before: &Tip, after: &Tip, seen: &BTreeMap<TxnId, Rc<Seen>>) -> Checked {
    let (old, new) = before.tree.differences(&after.tree);
    if let Some(path) = regression(&old, &new) {
        return broken("I4", format!("{path} was lost or replaced"));
    }
    for (key, lock) in &after.view.locks {
        let ended = |grant: &&Grant| !lock.ends.contains_key(&grant.attempt);
        let open = lock.grants.values().filter(ended).count();
        hold(open <= 1, "I3", || format!("{key}: {:?}", lock.grants))?;
    }
    for feature in after.view.features.values() {
        for package in feature.packages.values() {
            epochs(package)?;
            accepted(package)?;
        }
        chain_of_landings(feature)?;
    }
    let problem = after.view.problems.first();
    hold(problem.is_none(), "I25", || format!("{problem:?}"))?;
    let added: Vec<Slot> = new.keys().filter_map(|path| layout::parse(path)).collect();
    let grants = |slot: &Slot| {
        matches!(
            slot,
            Slot::Package(_, _, PackageSlot::Grant(..)) | Slot::Lock(_, LockSlot::Grant(..))
        )
    };
    if added.iter().any(grants) {
        nobody_shares(&after.view)?;
    }
    let records: Vec<Record> = new.keys().map(|path| after.tree.record(path)).collect();
    for record in &records {
        only_integrators_land(record, &after.view)?;
    }
    rulings::all(&records, (before, after), seen)
}

/// I1, I2, I3: 1, 2, 3 ..., each to another attempt, all but the last one ended.
fn epochs(package: &PackageView) -> Checked {
    for (expected, (epoch, grant)) in (1..).zip(&package.grants) {
        hold(expected == *epoch, "I3", || format!("no epoch {expected}"))?;
        hold(*epoch == grant.epoch, "I1", || format!("{grant:?}"))?;
        let known = package.attempts.get(&grant.attempt);
        let ended = known.is_some_and(|a| a.end.is_some());
        let highest = package.highest() == Some(grant);
        hold(ended || highest, "I3", || format!("displaced: {grant:?}"))?;
    }
    let holders: BTreeSet<_> = package.grants.values().map(|g| &g.attempt).collect();
    hold(holders.len() == package.grants.len(), "I2", || {
        format!("granted twice: {:?}", package.grants)
    })
}

/// I7: the accepted attempt has the highest grant, and ended by that.
fn accepted(package: &PackageView) -> Checked {
    let Some(accept) = &package.accept else {
        return Ok(());
    };
    let highest = package.highest();
    let right = highest.is_some_and(|g| g.attempt == accept.attempt && g.epoch == accept.epoch);
    let end = package.attempts.get(&accept.attempt);
    let end = end.and_then(|a| a.end.as_ref());
    let completed = end.is_some_and(|end| end.reason == EndReason::Completed);
    hold(right && completed, "I7", || format!("{accept:?}: {end:?}"))
}

/// Each landing that was done begins where the one before it ended.
fn chain_of_landings(feature: &git_wp::state::FeatureView) -> Checked {
    let done = feature.lands.values();
    let done: Vec<_> = done
        .filter(|l| l.state == git_wp::state::view::LandState::Landed)
        .collect();
    let broken_at = done.windows(2).find(|w| w[0].land.new != w[1].land.old);
    hold(broken_at.is_none(), "landings", || format!("{broken_at:?}"))
}

/// I11, I12: no two live holders have anything in common, but what one session locked beside.
pub(super) fn nobody_shares(view: &View) -> Checked {
    let mut live: Vec<(&Grant, String, bool, Option<&str>)> = Vec::new();
    for (feature, brief) in &view.briefs {
        for (package, grant) in &brief.live {
            let attempts = &view.features[feature].packages[package].attempts;
            let session = attempts[&grant.attempt].attempt.session.clone();
            let session = session.unwrap_or_else(|| grant.attempt.to_string());
            live.push((grant, session, true, Some(feature.as_str())));
        }
    }
    let locks = view.locks.values().filter_map(|lock| lock.live());
    live.extend(locks.map(|(grant, claim)| (grant, claim.session.clone(), false, None)));
    for (i, (one, session, is_package, feature)) in live.iter().enumerate() {
        for (other, other_session, is_other, other_feature) in &live[..i] {
            let both = *is_package && *is_other;
            let alone = one.locks.alone || other.locks.alone;
            let by_one = session == other_session && !both;
            let shared = Wanted::new(&one.locks).shared_with(&other.locks);
            let apart = !(both && alone && feature == other_feature);
            hold((shared.is_none() || by_one) && apart, "I11", || {
                format!("{one:?} and {other:?}")
            })?;
        }
    }
    Ok(())
}

/// A record of a landing is by somebody who had the role.
fn only_integrators_land(record: &Record, view: &View) -> Checked {
    let slot = match layout::parse(&record.path) {
        Some(Slot::Feature(room, slot)) => (room, slot),
        _ => return Ok(()),
    };
    let (FeatureSlot::Land(..) | FeatureSlot::Landed(..) | FeatureSlot::Void(..)) = &slot.1 else {
        return Ok(());
    };
    let by = rulings::by(record).actor;
    let feature = view.features.iter().find(|(id, _)| slot.0.is_of(id));
    let roles = feature.map(|(_, f)| &f.integrators);
    // Who pushes it has the role until then, or gave it up in the same push.
    let had = roles.is_some_and(|all| all.values().next_back().is_some_and(|i| i.by.actor == by));
    hold(had, "integrator", || format!("{by} wrote {}", record.path))
}

/// All that must hold once everybody was in sync twice.
pub(super) fn end(world: &World) -> Checked {
    let there = &world.authority;
    for replica in &world.replicas {
        let same = replica.tree.digest == there.tree.digest;
        hold(
            same && replica.tree.entries == there.tree.entries,
            "I8",
            || {
                let (here, there) = replica.tree.differences(&there.tree);
                format!("{} has {here:?}, the authority {there:?}", replica.me)
            },
        )?;
        hold(!replica.view.has_pending(), "I8", || {
            format!(
                "{} still waits: {:?}",
                replica.me,
                replica.view.pending(&replica.me)
            )
        })?;
        hold(
            replica.view == there.view && replica.shown == there.view,
            "I10",
            || format!("{} sees something else", replica.me),
        )?;
    }
    // The costly part, for some.
    if there.tree.digest.is_multiple_of(8) {
        let mut entries = there.tree.all();
        hold(fold::everything(&entries) == *there.view, "I10", || {
            "a fold of everything is another view".to_owned()
        })?;
        entries.reverse();
        hold(fold::everything(&entries) == *there.view, "I10", || {
            "the order of the entries shows".to_owned()
        })?;
    }
    nobody_shares(&there.view)?;
    for seen in world.seen.values() {
        rulings::one(seen, there)?;
    }
    Ok(())
}

/// I9: commutative and associative in facts and registers, idempotent, an upper bound.
pub(super) fn join_laws(a: &Tree, b: &Tree, c: &Tree) -> Checked {
    let [a, b, c] = [a, b, c].map(|tree| {
        let mut all = tree.leaves();
        all.retain(|path, _| !is_right(path) && !layout::is_said_by_many(path));
        all
    });
    let both = |ours: &Entries, theirs: &Entries| join(ours, theirs).onto(theirs);
    let (ab, ba) = (both(&a, &b), both(&b, &a));
    hold(ab == ba, "I9", || "not commutative".to_owned())?;
    let (left, right) = (both(&ab, &c), both(&a, &both(&b, &c)));
    hold(left == right, "I9", || "not associative".to_owned())?;
    hold(both(&a, &a) == a && both(&a, &ab) == ab, "I9", || {
        "not idempotent".to_owned()
    })?;
    let lost = regression(&a, &ab).or(regression(&b, &ab));
    hold(lost.is_none(), "I9", || format!("no upper bound: {lost:?}"))
}
