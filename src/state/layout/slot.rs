//! What a path of the state tree is. Nothing is guessed: a path is a drawn one or none.

use crate::base::id::is_component;
use crate::base::{ActorId, AttemptId, ContentHash, Oid, TxnId};
use crate::state::layout::class::Class;
use crate::state::layout::common::{filed, json, number};
use crate::state::layout::room::{
    FeatureRoom, LockRoom, PackageRoom, feature_room, is_hex, lock_room, package_room,
};
use crate::state::layout::shelf::{Shelf, shelf_slot};
use crate::state::layout::task::{TaskRoom, TaskSlot, task_room, task_slot};

/// `meta/format.json`
pub const FORMAT: &str = "meta/format.json";
/// `meta/authority.json`
pub const AUTHORITY: &str = "meta/authority.json";
/// What a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// `meta/format.json`
    Format,
    /// `meta/authority.json`
    Authority,
    /// A record of a feature.
    Feature(FeatureRoom, FeatureSlot),
    /// A record of a package.
    Package(FeatureRoom, PackageRoom, PackageSlot),
    /// A record of a lock.
    Lock(LockRoom, LockSlot),
    /// A record of a free-standing task.
    Task(TaskRoom, TaskSlot),
    /// A handoff, a memory, a retraction or a decision.
    Shelf(Shelf, TxnId),
    /// `Beat`
    Beat(ActorId),
    /// `Session`, with the slug of its name.
    Session(ActorId, String),
}

/// What a path inside a feature is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeatureSlot {
    /// `Open`
    Open(ActorId),
    /// The plan's bytes.
    Plan(ContentHash),
    /// `PlanOrigin`
    Origin(ContentHash),
    /// `Approval`
    Approval(ContentHash, ActorId),
    /// `RunStarted`
    RunStarted(TxnId),
    /// `RunEnded`
    RunEnded(TxnId),
    /// A run's summary for people.
    RunSummary(TxnId),
    /// `Escalated`
    Escalation(TxnId),
    /// `Judged`
    Judged(TxnId),
    /// `Delivered`
    Delivered(TxnId),
    /// `Resolution`
    Resolution(TxnId),
    /// `FinalCheck` with its hash.
    Final(String),
    /// `Land`
    Land(ActorId, u32),
    /// `LandClosed`, done.
    Landed(ActorId, u32),
    /// `LandClosed`, given up.
    Void(ActorId, u32),
    /// `Hold`
    Hold(ActorId, u32),
    /// `Lift`
    Lift(ActorId, u32),
    /// `Integrator`
    Integrator(ActorId, u32),
    /// `Resignation`
    Resignation(ActorId, u32),
    /// `Filed`
    Filed(ActorId, TxnId),
    /// `Ruling`
    Ruling(ActorId, TxnId),
}

/// What a path inside a package is. The order is the order in which a fold needs them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageSlot {
    /// `Attempt`
    Attempt(AttemptId),
    /// `AttemptResult`
    Result(AttemptId),
    /// `EvidenceFact` with its hash.
    Evidence(AttemptId, String),
    /// `GateVerdict` with its hash.
    Gate(AttemptId, String),
    /// `Deviation` with its hash.
    Deviation(AttemptId, String),
    /// `Salvage`
    Salvage(AttemptId, Oid),
    /// `Answer`
    Answer(TxnId),
    /// `Grant`
    Grant(ActorId, u32),
    /// `End`
    End(ActorId, AttemptId),
    /// `Accept`
    Accept(ActorId),
    /// `Hold`
    Hold(ActorId, u32),
    /// `Lift`
    Lift(ActorId, u32),
}

/// What a path inside a lock is. The order is the order in which a fold needs them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockSlot {
    /// `LockClaim`
    Claim(AttemptId),
    /// `Grant`
    Grant(ActorId, u32),
    /// `End`
    End(ActorId, AttemptId),
    /// `Filed`
    Filed(ActorId, TxnId),
    /// `Ruling`
    Ruling(ActorId, TxnId),
}

/// Reads a path of the state tree; `None` if it is none that this format has.
pub fn parse(path: &str) -> Option<Slot> {
    match path {
        FORMAT => return Some(Slot::Format),
        AUTHORITY => return Some(Slot::Authority),
        _ => {}
    }
    let (room, rest) = path.split_once('/')?;
    match room {
        "features" => feature(rest),
        "locks" => lock(rest),
        "actors" => register(rest),
        "tasks" => task(rest),
        _ => Some(Slot::Shelf(Shelf::at(room)?, shelf_slot(rest)?)),
    }
}

/// The class of a path; `None` if it is none that this format has.
pub fn class(path: &str) -> Option<Class> {
    Some(match parse(path)? {
        Slot::Format | Slot::Authority => Class::Meta,
        Slot::Beat(_) | Slot::Session(..) => Class::Register,
        Slot::Shelf(..) => Class::Fact,
        Slot::Task(_, slot) => slot.class(),
        Slot::Feature(_, slot) => match slot {
            FeatureSlot::Land(by, _)
            | FeatureSlot::Landed(by, _)
            | FeatureSlot::Void(by, _)
            | FeatureSlot::Hold(by, _)
            | FeatureSlot::Lift(by, _)
            | FeatureSlot::Integrator(by, _)
            | FeatureSlot::Resignation(by, _)
            | FeatureSlot::Ruling(by, _) => Class::Right(by),
            FeatureSlot::Open(_)
            | FeatureSlot::Plan(_)
            | FeatureSlot::Origin(_)
            | FeatureSlot::Approval(..)
            | FeatureSlot::RunStarted(_)
            | FeatureSlot::RunEnded(_)
            | FeatureSlot::RunSummary(_)
            | FeatureSlot::Escalation(_)
            | FeatureSlot::Judged(_)
            | FeatureSlot::Delivered(_)
            | FeatureSlot::Resolution(_)
            | FeatureSlot::Final(_)
            | FeatureSlot::Filed(..) => Class::Fact,
        },
        Slot::Package(_, _, slot) => match slot {
            PackageSlot::Grant(by, _)
            | PackageSlot::End(by, _)
            | PackageSlot::Accept(by)
            | PackageSlot::Hold(by, _)
            | PackageSlot::Lift(by, _) => Class::Right(by),
            PackageSlot::Attempt(_)
            | PackageSlot::Result(_)
            | PackageSlot::Evidence(..)
            | PackageSlot::Gate(..)
            | PackageSlot::Deviation(..)
            | PackageSlot::Salvage(..)
            | PackageSlot::Answer(_) => Class::Fact,
        },
        Slot::Lock(_, slot) => match slot {
            LockSlot::Grant(by, _) | LockSlot::End(by, _) | LockSlot::Ruling(by, _) => {
                Class::Right(by)
            }
            LockSlot::Claim(_) | LockSlot::Filed(..) => Class::Fact,
        },
    })
}

/// True for facts that several clones may state on their own, each in its words: that a plan was
/// published, how a run that they serve together began and ended. One of them is enough.
pub fn is_said_by_many(path: &str) -> bool {
    let Some(Slot::Feature(_, slot)) = parse(path) else {
        return false;
    };
    matches!(
        slot,
        FeatureSlot::Origin(_)
            | FeatureSlot::RunStarted(_)
            | FeatureSlot::RunEnded(_)
            | FeatureSlot::RunSummary(_)
    )
}

/// The feature in which a record lies.
pub fn feature_of(path: &str) -> Option<FeatureRoom> {
    match parse(path)? {
        Slot::Feature(room, _) | Slot::Package(room, _, _) => Some(room),
        Slot::Format
        | Slot::Authority
        | Slot::Lock(..)
        | Slot::Task(..)
        | Slot::Shelf(..)
        | Slot::Beat(_)
        | Slot::Session(..) => None,
    }
}

/// True unless the path is one of the records that are no JSON.
pub fn is_json(path: &str) -> bool {
    !(path.ends_with("/plan") || path.ends_with("/summary.md"))
}

fn register(rest: &str) -> Option<Slot> {
    let (actor, name) = rest.split_once("/registers/")?;
    let (actor, name) = (ActorId::parse(actor)?, json(name)?);
    if name == "beat" {
        return Some(Slot::Beat(actor));
    }
    let slug = name
        .strip_prefix("session-")
        .filter(|slug| is_component(slug))?;
    Some(Slot::Session(actor, slug.to_owned()))
}

fn task(rest: &str) -> Option<Slot> {
    let parts: Vec<&str> = rest.split('/').collect();
    let [h2, id, inner @ ..] = parts.as_slice() else {
        return None;
    };
    let room = task_room(&format!("tasks/{h2}/{id}"))?;
    Some(Slot::Task(room, task_slot(inner)?))
}

fn feature(rest: &str) -> Option<Slot> {
    let parts: Vec<&str> = rest.split('/').collect();
    let [h2, slug, inner @ ..] = parts.as_slice() else {
        return None;
    };
    let room = feature_room(&format!("features/{h2}/{slug}"))?;
    if let ["packages", h2, slug, inner @ ..] = inner {
        let package = package_room(&format!("{}/packages/{h2}/{slug}", room.path()))?;
        return Some(Slot::Package(room, package, package_slot(inner)?));
    }
    Some(Slot::Feature(room, feature_slot(inner)?))
}

/// Reads the path of a record below the folder of its feature, packages excluded.
pub fn feature_slot(parts: &[&str]) -> Option<FeatureSlot> {
    Some(match parts {
        ["facts", "open", actor] => FeatureSlot::Open(ActorId::parse(json(actor)?)?),
        ["facts", "plans", hash, "plan"] => FeatureSlot::Plan(ContentHash::parse(hash)?),
        ["facts", "plans", hash, "origin.json"] => FeatureSlot::Origin(ContentHash::parse(hash)?),
        ["facts", "approvals", hash, actor] => {
            FeatureSlot::Approval(ContentHash::parse(hash)?, ActorId::parse(json(actor)?)?)
        }
        ["facts", "runs", run, "started.json"] => FeatureSlot::RunStarted(TxnId::parse(run)?),
        ["facts", "runs", run, "ended.json"] => FeatureSlot::RunEnded(TxnId::parse(run)?),
        ["facts", "runs", run, "summary.md"] => FeatureSlot::RunSummary(TxnId::parse(run)?),
        ["facts", "escalations", name] => FeatureSlot::Escalation(TxnId::parse(json(name)?)?),
        ["facts", "delivered", name] => FeatureSlot::Delivered(TxnId::parse(json(name)?)?),
        ["facts", "judged", name] => FeatureSlot::Judged(TxnId::parse(json(name)?)?),
        ["facts", "resolutions", name] => FeatureSlot::Resolution(TxnId::parse(json(name)?)?),
        ["facts", "final", name] => FeatureSlot::Final(about(json(name)?)?.1),
        ["facts", "requests", actor, name] => filed(actor, name, FeatureSlot::Filed)?,
        ["rights", authority, name] => {
            let authority = ActorId::parse(authority)?;
            let (word, n) = json(name)?.split_once('-')?;
            if word == "ruling" {
                return Some(FeatureSlot::Ruling(authority, TxnId::parse(n)?));
            }
            let n = number(n)?;
            match word {
                "integrator" => FeatureSlot::Integrator(authority, n),
                "resign" => FeatureSlot::Resignation(authority, n),
                "land" => FeatureSlot::Land(authority, n),
                "landed" => FeatureSlot::Landed(authority, n),
                "void" => FeatureSlot::Void(authority, n),
                "hold" => FeatureSlot::Hold(authority, n),
                "lift" => FeatureSlot::Lift(authority, n),
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// Reads the path of a record below the folder of its package.
pub fn package_slot(parts: &[&str]) -> Option<PackageSlot> {
    match parts {
        ["facts", attempt, name] => package_fact(AttemptId::parse(attempt)?, json(name)?),
        ["answers", h2, name] if is_hex(h2, 2) => {
            Some(PackageSlot::Answer(TxnId::parse(json(name)?)?))
        }
        ["rights", authority, "accept.json"] => {
            Some(PackageSlot::Accept(ActorId::parse(authority)?))
        }
        ["rights", authority, name] => {
            let authority = ActorId::parse(authority)?;
            let (word, rest) = json(name)?.split_once('-')?;
            Some(match word {
                "grant" => PackageSlot::Grant(authority, number(rest)?),
                "end" => PackageSlot::End(authority, AttemptId::parse(rest)?),
                "hold" => PackageSlot::Hold(authority, number(rest)?),
                "lift" => PackageSlot::Lift(authority, number(rest)?),
                _ => return None,
            })
        }
        _ => None,
    }
}

fn package_fact(attempt: AttemptId, name: &str) -> Option<PackageSlot> {
    match name {
        "attempt" => return Some(PackageSlot::Attempt(attempt)),
        "result" => return Some(PackageSlot::Result(attempt)),
        _ => {}
    }
    let (word, rest) = name.split_once('-')?;
    Some(match word {
        "evidence" => PackageSlot::Evidence(attempt, about(rest)?.1),
        "gate" => PackageSlot::Gate(attempt, about(rest)?.1),
        "deviation" => PackageSlot::Deviation(attempt, hex8(rest)?),
        "salvage" => PackageSlot::Salvage(attempt, Oid::parse(rest)?),
        _ => return None,
    })
}

fn lock(rest: &str) -> Option<Slot> {
    let parts: Vec<&str> = rest.split('/').collect();
    let [h2, hash, inner @ ..] = parts.as_slice() else {
        return None;
    };
    let room = lock_room(&format!("locks/{h2}/{hash}"))?;
    Some(Slot::Lock(room, lock_slot(inner)?))
}

/// Reads the path of a record below the folder of its lock.
pub fn lock_slot(parts: &[&str]) -> Option<LockSlot> {
    match parts {
        ["facts", attempt, "claim.json"] => Some(LockSlot::Claim(AttemptId::parse(attempt)?)),
        ["facts", "requests", actor, name] => filed(actor, name, LockSlot::Filed),
        ["rights", authority, name] => {
            let authority = ActorId::parse(authority)?;
            let (word, rest) = json(name)?.split_once('-')?;
            match word {
                "grant" => Some(LockSlot::Grant(authority, number(rest)?)),
                "end" => Some(LockSlot::End(authority, AttemptId::parse(rest)?)),
                "ruling" => Some(LockSlot::Ruling(authority, TxnId::parse(rest)?)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `<object id>-<h8>`
fn about(name: &str) -> Option<(Oid, String)> {
    let (oid, h8) = name.rsplit_once('-')?;
    Some((Oid::parse(oid)?, hex8(h8)?))
}

fn hex8(text: &str) -> Option<String> {
    is_hex(text, 8).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FeatureId, PackageId};
    use crate::state::layout;

    fn oid() -> Oid {
        Oid::parse(&"a1".repeat(20)).unwrap()
    }

    #[test]
    fn every_path_that_is_written_is_read_back() {
        let feature_id = FeatureId::parse("Add Auth").unwrap();
        let package_id = PackageId::parse("wp-api").unwrap();
        let feature = FeatureRoom::of(&feature_id);
        let package = PackageRoom::of(&feature, &package_id);
        assert!(feature.is_of(&feature_id) && package.is_of(&package_id));
        let (aid, actor) = (
            AttemptId::parse("a1").unwrap(),
            ActorId::parse("c1").unwrap(),
        );
        let (txn, hash) = (TxnId::parse("t1").unwrap(), ContentHash::of(b"x"));
        let lock = LockRoom::of("flag:x/*");
        for path in [
            feature.open(&actor),
            feature.plan(&hash),
            feature.origin(&hash),
            feature.approval(&hash, &actor),
            feature.run_started(&txn),
            feature.run_ended(&txn),
            feature.run_summary(&txn),
            feature.final_check(&oid(), b"{}"),
            feature.right(&actor, "land", 1),
            feature.right(&actor, "landed", 1),
            feature.right(&actor, "void", 12),
            feature.right(&actor, "hold", 1),
            feature.right(&actor, "lift", 1),
            feature.right(&actor, "integrator", 1),
            feature.right(&actor, "resign", 1),
            feature.filed(&actor, &txn),
            feature.ruling(&actor, &txn),
            package.attempt(&aid),
            package.result(&aid),
            package.fact(&aid, "evidence", Some(&oid()), b"{}"),
            package.fact(&aid, "gate", Some(&oid()), b"{}"),
            package.fact(&aid, "deviation", None, b"{}"),
            package.salvage(&aid, &oid()),
            package.answer("unit tests", &txn),
            package.grant(&actor, 3),
            package.end(&actor, &aid),
            package.accept(&actor),
            package.right(&actor, "hold", 1),
            package.right(&actor, "lift", 1),
            lock.claim(&aid),
            lock.grant(&actor, 1),
            lock.end(&actor, &aid),
            lock.filed(&actor, &txn),
            lock.ruling(&actor, &txn),
            layout::beat(&actor),
            layout::session(&actor, "Ann's shell"),
            feature.escalation(&txn),
            feature.judged(&txn),
            feature.delivered(&txn),
            feature.resolution(&txn),
            FORMAT.to_owned(),
            AUTHORITY.to_owned(),
        ] {
            assert!(parse(&path).is_some(), "{path}");
        }
    }

    #[test]
    fn nothing_else_is_a_record() {
        let room = "features/aa/f/packages/bb/p";
        for path in [
            "README".to_owned(),
            "features/aa/f/x".to_owned(),
            format!("{room}/rights/c1/grant-01.json"),
            format!("{room}/rights/c1/grant-0.json"),
            format!("{room}/rights/c1/grant-1"),
            format!("{room}/rights/C1/accept.json"),
            format!("{room}/facts/a1/evidence-x.json"),
            format!("locks/aa/{}/facts/a/claim.json", "b".repeat(64)),
        ] {
            assert_eq!(parse(&path), None, "{path}");
        }
        for path in [
            "tasks/aa/x.json",
            "memories/x.json",
            "actors/c1/registers/session-.json",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
