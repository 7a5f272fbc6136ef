//! Laws of requests: one ruling each, granted if and only if its effect is there, and nothing is
//! taken away that the asker had not seen.

use std::collections::BTreeMap;
use std::rc::Rc;

use git_wp::base::{AttemptId, TxnId, json};
use git_wp::model::outcome::EndReason;
use git_wp::state::layout::{self, FeatureSlot, LockSlot, PackageSlot, Slot};
use git_wp::state::record::{Body, By, End, Hold, Lift, Record, Ruling};
use git_wp::state::{Op, Request, View};

use super::laws::{Checked, broken};
use super::world::Tip;

/// What a clone saw when it filed a request.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) request: Request,
    /// Who held the package, the lock or the role.
    pub(super) holder: Option<AttemptId>,
    pub(super) integrator: Option<By>,
    pub(super) holds: Vec<By>,
}

impl Seen {
    pub(super) fn of(view: &View, request: Request) -> Seen {
        let feature = request.op.feature().and_then(|id| view.features.get(id));
        let holder = match &request.op {
            Op::Claim(claim) => feature.and_then(|f| {
                let live = f.packages.get(&claim.attempt.package)?.live()?;
                Some(live.attempt.clone())
            }),
            Op::LockAcquire { key, .. } => {
                let live = view.locks.get(key).and_then(|lock| lock.live());
                live.map(|(grant, _)| grant.attempt.clone())
            }
            _ => None,
        };
        let integrator = feature.and_then(|f| Some(f.integrator()?.by.clone()));
        let all = feature.iter().flat_map(|f| {
            let packages = f.packages.values().flat_map(|p| &p.holds);
            f.holds.iter().chain(packages)
        });
        let holds = all.map(|hold| hold.by.clone()).collect();
        Seen {
            request,
            holder,
            integrator,
            holds,
        }
    }
}

/// Who made a right.
pub(super) fn by(record: &Record) -> By {
    let value: json::Value = json::from_canonical(bytes(record)).unwrap();
    let by = value.get("by").unwrap();
    json::from_canonical(&json::to_canonical(by).unwrap()).unwrap()
}

fn bytes(record: &Record) -> &[u8] {
    match &record.body {
        Body::Json(bytes) => bytes,
        Body::Blob(_) => &[],
    }
}

fn decoded<T: serde::de::DeserializeOwned>(record: &Record) -> T {
    json::from_canonical(bytes(record)).unwrap()
}

/// Everything that a push brought.
pub(super) fn all(
    records: &[Record],
    (before, after): (&Tip, &Tip),
    seen: &BTreeMap<TxnId, Rc<Seen>>,
) -> Checked {
    for record in records {
        match layout::parse(&record.path) {
            Some(
                Slot::Feature(_, FeatureSlot::Ruling(_, txn))
                | Slot::Lock(_, LockSlot::Ruling(_, txn)),
            ) => match seen.get(&txn) {
                Some(seen) => one(seen, after)?,
                None => return broken("rulings", format!("{txn} was never filed")),
            },
            Some(Slot::Package(_, _, PackageSlot::End(..)) | Slot::Lock(_, LockSlot::End(..))) => {
                displaced_as_seen(record, seen)?;
            }
            Some(
                Slot::Feature(_, FeatureSlot::Lift(..))
                | Slot::Package(_, _, PackageSlot::Lift(..)),
            ) => {
                lifted_as_seen(record, before, after, seen)?;
            }
            Some(Slot::Feature(_, FeatureSlot::Resignation(..))) => {
                let by = by(record);
                let asked = asker(seen, &by);
                let ended: git_wp::state::record::Resignation = decoded(record);
                let known = asked.and_then(|s| {
                    let feature = s.request.op.feature()?;
                    let role = after.view.features[feature].integrators.get(&ended.epoch)?;
                    Some(role.by.actor == by.actor || s.integrator.as_ref() == Some(&role.by))
                });
                if known != Some(true) {
                    return broken("I13", format!("{} was not seen", record.path));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn asker<'a>(seen: &'a BTreeMap<TxnId, Rc<Seen>>, by: &By) -> Option<&'a Seen> {
    let mut all = seen.values();
    let found = all.find(|s| s.request.actor == by.actor && s.request.at == by.at);
    found.map(|s| &**s)
}

/// I13: a grant that was taken over is the one that the asker saw.
fn displaced_as_seen(record: &Record, seen: &BTreeMap<TxnId, Rc<Seen>>) -> Checked {
    let end: End = decoded(record);
    if !matches!(end.reason, EndReason::Expired | EndReason::Lost) {
        return Ok(());
    }
    let asked = asker(seen, &end.by);
    if asked.is_some_and(|s| s.holder.as_ref() == Some(&end.attempt)) {
        return Ok(());
    }
    let saw = asked.and_then(|s| s.holder.as_ref());
    broken(
        "I13",
        format!("{end:?} took away what was not seen: {saw:?}"),
    )
}

/// A hold that was lifted is one that the asker saw.
fn lifted_as_seen(
    record: &Record,
    before: &Tip,
    after: &Tip,
    seen: &BTreeMap<TxnId, Rc<Seen>>,
) -> Checked {
    let lift: Lift = decoded(record);
    let path = record.path.replace("/lift-", "/hold-");
    let tree = match before.tree.entries.contains_key(path.as_str()) {
        true => &before.tree,
        false => &after.tree,
    };
    let hold: Hold = decoded(&tree.record(&path));
    match asker(seen, &lift.by).is_some_and(|s| s.holds.contains(&hold.by)) {
        true => Ok(()),
        false => broken(
            "I13",
            format!("{lift:?} of a hold that was not seen: {hold:?}"),
        ),
    }
}

/// One request in the authority's state.
pub(super) fn one(seen: &Seen, tip: &Tip) -> Checked {
    let wrong = |how: &str| broken("rulings", format!("{how}: {:?}", seen.request));
    let Some(ruling) = ruling(seen, &tip.view) else {
        return wrong("no ruling");
    };
    if ruling.by.actor != seen.request.actor {
        return wrong("the ruling is about another clone");
    }
    match (
        fits(seen, &tip.view, ruling.refused.is_none()),
        &ruling.refused,
    ) {
        (true, _) => Ok(()),
        (false, None) => wrong("granted, without effect"),
        (false, Some(refusal)) => wrong(&format!("refused ({refusal}), but not without effect")),
    }
}

fn ruling<'a>(seen: &Seen, view: &'a View) -> Option<&'a Ruling> {
    let txn = &seen.request.txn;
    match &seen.request.op {
        Op::LockAcquire { key, .. } | Op::LockRelease { key, .. } => {
            view.locks.get(key)?.rulings.get(txn)
        }
        op => view.features.get(op.feature()?)?.rulings.get(txn),
    }
}

/// True if what is there is what the ruling says.
fn fits(seen: &Seen, view: &View, granted: bool) -> bool {
    let mine = |by: &By| by.actor == seen.request.actor && by.at == seen.request.at;
    match &seen.request.op {
        Op::Claim(claim) => {
            let wanted = &claim.attempt;
            let package = view.features[&wanted.feature].packages.get(&wanted.package);
            let attempt = package.and_then(|p| p.attempts.get(&wanted.attempt));
            attempt.is_some_and(|a| match granted {
                true => a.epoch.is_some() && !a.is_superseded(),
                false => a.epoch.is_none() && a.is_superseded(),
            })
        }
        Op::LockAcquire { attempt, key, .. } => {
            let lock = &view.locks[key];
            let held = lock.grants.values().any(|grant| grant.attempt == *attempt);
            held == granted && (granted || lock.ends.contains_key(attempt))
        }
        Op::End {
            feature,
            package,
            attempt,
            ..
        } => {
            let package = view.features[feature].packages.get(package);
            let attempt = package.and_then(|p| p.attempts.get(attempt));
            let end = attempt.and_then(|a| a.end.as_ref());
            granted == end.is_some_and(|end| end.epoch > 0 && mine(&end.by))
        }
        Op::Land { feature, land } => {
            let land = view.features[feature].lands.get(&land.n);
            granted == land.is_some_and(|l| mine(&l.land.by))
        }
        Op::Integrate { feature, .. } => {
            let mut roles = view.features[feature].integrators.values();
            granted || !roles.any(|role| mine(&role.by))
        }
        _ => true,
    }
}
