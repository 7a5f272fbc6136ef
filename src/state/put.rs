//! How one record changes a view of its level. The only place where views grow.
//!
//! Each `put` is total: a record that does not fit leaves the view as it was and says why. Lists
//! are kept oldest first, equal times in the order of their bytes, so that the order in which
//! facts arrive does not show.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::{ActorId, Timestamp, TxnId, json};
use crate::state::codec::decode;
use crate::state::filed::Filed;
use crate::state::layout::{FeatureRoom, FeatureSlot, PackageRoom, PackageSlot};
use crate::state::record::{
    Accept, Answer, Approval, Attempt, Delivered, End, Escalated, EvidenceFact, FinalCheck, Grant,
    Hold, Integrator, Judged, Land, LandClosed, Lift, Open, PlanOrigin, Resignation, Resolution,
    Ruling, RunEnded, RunStarted, Salvage,
};
use crate::state::request::Op;
use crate::state::view::{AttemptView, FeatureView, LandState, LandView, PackageView, RunView};

pub(super) type Put = Result<(), String>;

impl FeatureView {
    /// Adds the record at `slot` of `room`.
    pub(super) fn put(
        &mut self,
        room: &FeatureRoom,
        slot: &FeatureSlot,
        authority: Option<&ActorId>,
        bytes: &[u8],
    ) -> Put {
        match slot {
            FeatureSlot::Plan(_) | FeatureSlot::RunSummary(_) => Ok(()),
            FeatureSlot::Open(actor) => {
                let open: Open = decode(bytes)?;
                agree(room.is_of(&open.feature) && open.by.actor == *actor)?;
                insert(&mut self.opens, open, |o| o.by.at)
            }
            FeatureSlot::Origin(hash) => {
                let origin: PlanOrigin = decode(bytes)?;
                agree(origin.hash == *hash)?;
                self.plans.insert(hash.clone(), origin);
                Ok(())
            }
            FeatureSlot::Approval(hash, actor) => {
                let approval: Approval = decode(bytes)?;
                agree(approval.plan == *hash && approval.by.actor == *actor)?;
                insert(&mut self.approvals, approval, |a| a.by.at)
            }
            FeatureSlot::RunStarted(run) => self.begin(run, decode(bytes)?),
            FeatureSlot::RunEnded(run) => {
                let ended: RunEnded = decode(bytes)?;
                agree(ended.run == *run)?;
                let view = self.runs.get_mut(run).ok_or("its run has no beginning")?;
                view.ended = Some(ended);
                Ok(())
            }
            FeatureSlot::Final(_) => {
                let check: FinalCheck = decode(bytes)?;
                insert(&mut self.finals, check, |c| c.by.at)
            }
            FeatureSlot::Escalation(_)
            | FeatureSlot::Resolution(_)
            | FeatureSlot::Delivered(_)
            | FeatureSlot::Judged(_) => self.put_said(slot, bytes),
            FeatureSlot::Filed(actor, txn) => {
                let here = |op: &Op| op.feature().is_some_and(|id| room.is_of(id));
                file(&mut self.filed, (actor, txn), (bytes, here))
            }
            FeatureSlot::Land(..)
            | FeatureSlot::Integrator(..)
            | FeatureSlot::Resignation(..)
            | FeatureSlot::Ruling(..)
            | FeatureSlot::Landed(..)
            | FeatureSlot::Void(..)
            | FeatureSlot::Hold(..)
            | FeatureSlot::Lift(..) => self.put_right(slot, authority, bytes),
        }
    }

    /// What is said of the feature, and orders by its time alone.
    fn put_said(&mut self, slot: &FeatureSlot, bytes: &[u8]) -> Put {
        match slot {
            FeatureSlot::Escalation(_) => {
                insert(&mut self.escalations, decode::<Escalated>(bytes)?, |e| {
                    e.by.at
                })
            }
            FeatureSlot::Delivered(_) => {
                let delivered: Delivered = decode(bytes)?;
                insert(&mut self.delivered, delivered, |d| d.by.at)
            }
            FeatureSlot::Judged(_) => {
                insert(&mut self.judged, decode::<Judged>(bytes)?, |j| j.by.at)
            }
            FeatureSlot::Resolution(_) => {
                insert(&mut self.resolutions, decode::<Resolution>(bytes)?, |r| {
                    r.by.at
                })
            }
            _ => Err("it is nothing said of a feature".to_owned()),
        }
    }

    fn begin(&mut self, run: &TxnId, started: RunStarted) -> Put {
        agree(started.run == *run)?;
        let ended = None;
        self.runs.insert(run.clone(), RunView { started, ended });
        Ok(())
    }

    fn put_right(&mut self, slot: &FeatureSlot, authority: Option<&ActorId>, bytes: &[u8]) -> Put {
        match slot {
            FeatureSlot::Land(by, n) => {
                own(authority, by)?;
                let land: Land = decode(bytes)?;
                agree(land.n == *n)?;
                let state = LandState::Open;
                self.lands.insert(*n, LandView { land, state });
                Ok(())
            }
            FeatureSlot::Landed(by, n) => self.close(authority, by, *n, (bytes, LandState::Landed)),
            FeatureSlot::Void(by, n) => self.close(authority, by, *n, (bytes, LandState::Void)),
            FeatureSlot::Hold(by, n) => {
                own(authority, by)?;
                hold(&mut self.holds, &mut self.holds_seen, *n, bytes)
            }
            FeatureSlot::Lift(by, n) => {
                own(authority, by)?;
                lift(&mut self.holds, *n, bytes)
            }
            FeatureSlot::Integrator(by, n) => {
                own(authority, by)?;
                let integrator: Integrator = decode(bytes)?;
                agree(integrator.epoch == *n)?;
                self.integrators.insert(*n, integrator);
                Ok(())
            }
            FeatureSlot::Resignation(by, n) => {
                own(authority, by)?;
                let resignation: Resignation = decode(bytes)?;
                agree(resignation.epoch == *n && self.integrators.contains_key(n))?;
                self.resigned.insert(*n);
                Ok(())
            }
            FeatureSlot::Ruling(by, txn) => {
                own(authority, by)?;
                rule(&mut self.rulings, txn, bytes)
            }
            _ => Err(NO_RIGHT.to_owned()),
        }
    }

    fn close(
        &mut self,
        authority: Option<&ActorId>,
        by: &ActorId,
        n: u32,
        (bytes, state): (&[u8], LandState),
    ) -> Put {
        own(authority, by)?;
        let closed: LandClosed = decode(bytes)?;
        agree(closed.n == n)?;
        let view = self.lands.get_mut(&n).ok_or("there is no such landing")?;
        if view.state != LandState::Open {
            return Err("its landing is both done and given up".to_owned());
        }
        view.state = state;
        Ok(())
    }
}

impl PackageView {
    /// Adds the record at `slot` of `room`.
    pub(super) fn put(
        &mut self,
        room: &PackageRoom,
        slot: &PackageSlot,
        authority: Option<&ActorId>,
        bytes: &[u8],
    ) -> Put {
        match slot {
            PackageSlot::Attempt(aid) => {
                let attempt: Attempt = decode(bytes)?;
                agree(attempt.attempt == *aid && room.is_of(&attempt.package))?;
                self.attempts.insert(aid.clone(), AttemptView::new(attempt));
                Ok(())
            }
            PackageSlot::Result(aid)
            | PackageSlot::Evidence(aid, _)
            | PackageSlot::Gate(aid, _)
            | PackageSlot::Deviation(aid, _)
            | PackageSlot::Salvage(aid, _) => {
                let attempt = self.attempts.get_mut(aid);
                attempt.ok_or(NO_ATTEMPT)?.put(slot, bytes)
            }
            PackageSlot::Answer(id) => {
                let answer: Answer = decode(bytes)?;
                agree(answer.id == *id)?;
                insert(&mut self.answers, answer, |a| a.by.at)
            }
            PackageSlot::Grant(..)
            | PackageSlot::End(..)
            | PackageSlot::Accept(_)
            | PackageSlot::Hold(..)
            | PackageSlot::Lift(..) => self.put_right(slot, authority, bytes),
        }
    }

    fn put_right(&mut self, slot: &PackageSlot, authority: Option<&ActorId>, bytes: &[u8]) -> Put {
        match slot {
            PackageSlot::Grant(by, epoch) => {
                own(authority, by)?;
                let grant: Grant = decode(bytes)?;
                agree(grant.epoch == *epoch)?;
                let attempt = self.attempts.get_mut(&grant.attempt).ok_or(NO_ATTEMPT)?;
                if attempt.epoch.is_some_and(|known| known != *epoch) {
                    return Err("its attempt was granted twice".to_owned());
                }
                attempt.epoch = Some(*epoch);
                self.grants.insert(*epoch, grant);
                Ok(())
            }
            PackageSlot::End(by, aid) => {
                own(authority, by)?;
                let end: End = decode(bytes)?;
                let attempt = self.attempts.get_mut(aid).ok_or(NO_ATTEMPT)?;
                // Epoch 0: it asked for the package and never held it.
                agree(end.attempt == *aid && attempt.epoch.unwrap_or(0) == end.epoch)?;
                attempt.end = Some(end);
                Ok(())
            }
            PackageSlot::Accept(by) => {
                own(authority, by)?;
                let accept: Accept = decode(bytes)?;
                let grant = self.grants.get(&accept.epoch).ok_or("it names no grant")?;
                agree(grant.attempt == accept.attempt)?;
                self.accept = Some(accept);
                Ok(())
            }
            PackageSlot::Hold(by, n) => {
                own(authority, by)?;
                hold(&mut self.holds, &mut self.holds_seen, *n, bytes)
            }
            PackageSlot::Lift(by, n) => {
                own(authority, by)?;
                lift(&mut self.holds, *n, bytes)
            }
            _ => Err(NO_RIGHT.to_owned()),
        }
    }
}

impl AttemptView {
    fn new(attempt: Attempt) -> Self {
        AttemptView {
            attempt,
            epoch: None,
            end: None,
            result: None,
            gates: Vec::new(),
            evidence: Vec::new(),
            deviations: Vec::new(),
            salvages: Vec::new(),
        }
    }

    fn put(&mut self, slot: &PackageSlot, bytes: &[u8]) -> Put {
        match slot {
            PackageSlot::Result(_) => {
                self.result = Some(decode(bytes)?);
                Ok(())
            }
            PackageSlot::Evidence(..) => {
                let fact: EvidenceFact = decode(bytes)?;
                insert(&mut self.evidence, fact, |e| e.at)
            }
            PackageSlot::Gate(..) => insert(&mut self.gates, decode(bytes)?, |g| g.at),
            PackageSlot::Deviation(..) => insert(&mut self.deviations, decode(bytes)?, |d| d.at),
            PackageSlot::Salvage(_, commit) => {
                let salvage: Salvage = decode(bytes)?;
                agree(salvage.commit == *commit)?;
                insert(&mut self.salvages, salvage, |s| s.at)
            }
            _ => Err("it is no fact of an attempt".to_owned()),
        }
    }
}

/// Elsewhere than in the room that it is about, a request would never get its ruling.
pub(super) fn file(
    all: &mut BTreeMap<TxnId, Filed>,
    (actor, txn): (&ActorId, &TxnId),
    (bytes, is_here): (&[u8], impl Fn(&Op) -> bool),
) -> Put {
    let filed: Filed = decode(bytes)?;
    let request = &filed.request;
    agree(request.actor == *actor && request.txn == *txn && is_here(&request.op))?;
    all.insert(txn.clone(), filed);
    Ok(())
}

pub(super) fn rule(all: &mut BTreeMap<TxnId, Ruling>, txn: &TxnId, bytes: &[u8]) -> Put {
    let ruling: Ruling = decode(bytes)?;
    agree(ruling.txn == *txn)?;
    all.insert(txn.clone(), ruling);
    Ok(())
}

const NO_ATTEMPT: &str = "its attempt has no readable record";
const NO_RIGHT: &str = "it is no right";

/// The name of a record and its content must say the same.
pub(super) fn agree(same: bool) -> Put {
    if same {
        Ok(())
    } else {
        Err("its content does not belong at its path".to_owned())
    }
}

/// Rights count only where the authority of this state wrote them.
pub(super) fn own(authority: Option<&ActorId>, by: &ActorId) -> Put {
    match authority {
        Some(authority) if authority == by => Ok(()),
        _ => Err("it is a right of another authority".to_owned()),
    }
}

fn hold(holds: &mut Vec<Hold>, seen: &mut u32, n: u32, bytes: &[u8]) -> Put {
    let hold: Hold = decode(bytes)?;
    agree(hold.n == n)?;
    *seen = n.max(*seen);
    let at = holds.partition_point(|h| h.n < n);
    holds.insert(at, hold);
    Ok(())
}

fn lift(holds: &mut Vec<Hold>, n: u32, bytes: &[u8]) -> Put {
    let lift: Lift = decode(bytes)?;
    agree(lift.n == n)?;
    let before = holds.len();
    holds.retain(|h| h.n != n);
    if holds.len() == before {
        return Err("there is no such hold".to_owned());
    }
    Ok(())
}

/// Inserts by time, equal times by their canonical bytes; what is there already stays single.
fn insert<T, F>(list: &mut Vec<T>, item: T, at: F) -> Put
where
    T: Serialize + DeserializeOwned + PartialEq,
    F: Fn(&T) -> Timestamp,
{
    let bytes = |item: &T| json::to_canonical(item).unwrap_or_default();
    let (when, what) = (at(&item), bytes(&item));
    let place = list.partition_point(|old| {
        let then = at(old);
        then < when || (then == when && bytes(old) < what)
    });
    if list.get(place) != Some(&item) {
        list.insert(place, item);
    }
    Ok(())
}
