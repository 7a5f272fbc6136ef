//! Where each record lies: paths are written by [`FeatureRoom`], [`PackageRoom`] and
//! [`LockRoom`], and read back by [`parse`]. The tree is drawn in [`crate::state::record`].
//!
//! A path is either one of the drawn ones, reserved for later, or foreign; nothing is guessed.

use crate::base::id::is_component;
use crate::base::{ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, TxnId};

/// `meta/format.json`
pub const FORMAT: &str = "meta/format.json";
/// `meta/authority.json`
pub const AUTHORITY: &str = "meta/authority.json";
/// Rooms at the root that later versions of the same format may fill.
const RESERVED: [&str; 5] = ["tasks", "handoffs", "memories", "retractions", "actors"];

/// The first two hex digits of the SHA-256 of an id.
pub fn fan(id: &str) -> String {
    ContentHash::of(id.as_bytes()).short(2).to_owned()
}

/// The first eight hex digits of the SHA-256 of a record's bytes.
pub fn h8(bytes: &[u8]) -> String {
    ContentHash::of(bytes).short(8).to_owned()
}

/// The folder of one feature; its methods are the paths inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeatureRoom(String);

impl FeatureRoom {
    /// The room of `id`.
    pub fn of(id: &FeatureId) -> Self {
        FeatureRoom(format!("features/{}/{}", fan(id.as_str()), id.slug()))
    }

    /// The folder, without a slash at the end.
    pub fn path(&self) -> &str {
        &self.0
    }

    /// True if this is the room of `id`.
    pub fn is_of(&self, id: &FeatureId) -> bool {
        names(&self.0, id.as_str(), &id.slug())
    }

    /// The last component.
    pub fn slug(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// Path of an `Open`.
    pub fn open(&self, actor: &ActorId) -> String {
        format!("{}/facts/open/{actor}.json", self.0)
    }

    /// Path of a plan's bytes.
    pub fn plan(&self, plan: &ContentHash) -> String {
        format!("{}/facts/plans/{plan}/plan", self.0)
    }

    /// Path of a `PlanOrigin`.
    pub fn origin(&self, plan: &ContentHash) -> String {
        format!("{}/facts/plans/{plan}/origin.json", self.0)
    }

    /// Path of an `Approval`.
    pub fn approval(&self, plan: &ContentHash, actor: &ActorId) -> String {
        format!("{}/facts/approvals/{plan}/{actor}.json", self.0)
    }

    /// Path of a `RunStarted`.
    pub fn run_started(&self, run: &TxnId) -> String {
        format!("{}/facts/runs/{run}/started.json", self.0)
    }

    /// Path of a `RunEnded`.
    pub fn run_ended(&self, run: &TxnId) -> String {
        format!("{}/facts/runs/{run}/ended.json", self.0)
    }

    /// Path of a run's summary for people.
    pub fn run_summary(&self, run: &TxnId) -> String {
        format!("{}/facts/runs/{run}/summary.md", self.0)
    }

    /// Path of a `FinalCheck` with the canonical bytes `body`.
    pub fn final_check(&self, tree: &Oid, body: &[u8]) -> String {
        format!("{}/facts/final/{tree}-{}.json", self.0, h8(body))
    }

    /// Path of a right of the feature: `land`, `landed`, `void`, `hold` or `lift` number `n`.
    pub fn right(&self, authority: &ActorId, word: &str, n: u32) -> String {
        format!("{}/rights/{authority}/{word}-{n}.json", self.0)
    }
}

/// The folder of one package; its methods are the paths inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageRoom(String);

impl PackageRoom {
    /// The room of `package` in `feature`.
    pub fn of(feature: &FeatureRoom, package: &PackageId) -> Self {
        let (fan, slug) = (fan(package.as_str()), package.slug());
        PackageRoom(format!("{}/packages/{fan}/{slug}", feature.0))
    }

    /// The folder, without a slash at the end.
    pub fn path(&self) -> &str {
        &self.0
    }

    /// True if this is the room of `id`, in whatever feature.
    pub fn is_of(&self, id: &PackageId) -> bool {
        names(&self.0, id.as_str(), &id.slug())
    }

    /// The last component.
    pub fn slug(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// Path of an `Attempt`.
    pub fn attempt(&self, attempt: &AttemptId) -> String {
        format!("{}/facts/{attempt}/attempt.json", self.0)
    }

    /// Path of an `AttemptResult`.
    pub fn result(&self, attempt: &AttemptId) -> String {
        format!("{}/facts/{attempt}/result.json", self.0)
    }

    /// Path of a fact named by its content: `evidence`, `gate` (with the object `about`) or
    /// `deviation` (without).
    pub fn fact(
        &self,
        attempt: &AttemptId,
        word: &str,
        about: Option<&Oid>,
        body: &[u8],
    ) -> String {
        let about = about.map_or_else(String::new, |oid| format!("{oid}-"));
        format!("{}/facts/{attempt}/{word}-{about}{}.json", self.0, h8(body))
    }

    /// Path of a `Salvage`.
    pub fn salvage(&self, attempt: &AttemptId, commit: &Oid) -> String {
        format!("{}/facts/{attempt}/salvage-{commit}.json", self.0)
    }

    /// Path of an `Answer`.
    pub fn answer(&self, step: &str, id: &TxnId) -> String {
        format!("{}/answers/{}/{id}.json", self.0, fan(step))
    }

    /// Path of a `Grant`.
    pub fn grant(&self, authority: &ActorId, epoch: u32) -> String {
        format!("{}/rights/{authority}/grant-{epoch}.json", self.0)
    }

    /// Path of an `End`.
    pub fn end(&self, authority: &ActorId, attempt: &AttemptId) -> String {
        format!("{}/rights/{authority}/end-{attempt}.json", self.0)
    }

    /// Path of the `Accept`.
    pub fn accept(&self, authority: &ActorId) -> String {
        format!("{}/rights/{authority}/accept.json", self.0)
    }

    /// Path of a `hold` or `lift` number `n`.
    pub fn right(&self, authority: &ActorId, word: &str, n: u32) -> String {
        format!("{}/rights/{authority}/{word}-{n}.json", self.0)
    }
}

/// The folder of one lock taken outside a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockRoom(String);

impl LockRoom {
    /// The room of `key`.
    pub fn of(key: &str) -> Self {
        let hash = ContentHash::of(key.as_bytes());
        LockRoom(format!("locks/{}/{hash}", hash.short(2)))
    }

    /// The folder, without a slash at the end.
    pub fn path(&self) -> &str {
        &self.0
    }

    /// Path of a `LockClaim`.
    pub fn claim(&self, attempt: &AttemptId) -> String {
        format!("{}/facts/{attempt}/claim.json", self.0)
    }

    /// Path of a `Grant`.
    pub fn grant(&self, authority: &ActorId, epoch: u32) -> String {
        format!("{}/rights/{authority}/grant-{epoch}.json", self.0)
    }

    /// Path of an `End`.
    pub fn end(&self, authority: &ActorId, attempt: &AttemptId) -> String {
        format!("{}/rights/{authority}/end-{attempt}.json", self.0)
    }
}

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
    /// A room of a later version of this format.
    Reserved,
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
        _ if is_reserved(room) => Some(Slot::Reserved),
        _ => None,
    }
}

/// Reads the folder of a feature, `features/<h2>/<slug>`.
pub fn feature_room(path: &str) -> Option<FeatureRoom> {
    let (h2, slug) = path.strip_prefix("features/")?.split_once('/')?;
    (is_component(slug) && is_hex(h2, 2)).then(|| FeatureRoom(path.to_owned()))
}

/// Reads the folder of a package, `features/<h2>/<slug>/packages/<h2>/<slug>`.
pub fn package_room(path: &str) -> Option<PackageRoom> {
    let (feature, rest) = path.split_once("/packages/")?;
    let (h2, slug) = rest.split_once('/')?;
    feature_room(feature)?;
    (is_component(slug) && is_hex(h2, 2)).then(|| PackageRoom(path.to_owned()))
}

/// Reads the folder of a lock, `locks/<h2>/<sha256>`.
pub fn lock_room(path: &str) -> Option<LockRoom> {
    let (h2, hash) = path.strip_prefix("locks/")?.split_once('/')?;
    let hash = ContentHash::parse(hash)?;
    (hash.short(2) == h2).then(|| LockRoom(path.to_owned()))
}

/// True for rooms at the root that later versions of the same format may fill.
pub fn is_reserved(room: &str) -> bool {
    RESERVED.contains(&room)
}

/// True unless the path is one of the records that are no JSON.
pub fn is_json(path: &str) -> bool {
    !(path.ends_with("/plan") || path.ends_with("/summary.md"))
}

fn feature(rest: &str) -> Option<Slot> {
    let parts: Vec<&str> = rest.split('/').collect();
    let [h2, slug, inner @ ..] = parts.as_slice() else {
        return None;
    };
    let room = feature_room(&format!("features/{h2}/{slug}"))?;
    if let ["packages", h2, slug, inner @ ..] = inner {
        let package = package_room(&format!("{}/packages/{h2}/{slug}", room.0))?;
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
        ["facts", "final", name] => FeatureSlot::Final(about(json(name)?)?.1),
        ["rights", authority, name] => {
            let authority = ActorId::parse(authority)?;
            let (word, n) = json(name)?.split_once('-')?;
            let n = number(n)?;
            match word {
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
        ["rights", authority, name] => {
            let authority = ActorId::parse(authority)?;
            let (word, rest) = json(name)?.split_once('-')?;
            match word {
                "grant" => Some(LockSlot::Grant(authority, number(rest)?)),
                "end" => Some(LockSlot::End(authority, AttemptId::parse(rest)?)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// True if the folder `room` ends in `<h2>/<slug>` of `id`.
fn names(room: &str, id: &str, slug: &str) -> bool {
    let mut parts = room.rsplit('/');
    parts.next() == Some(slug) && parts.next() == Some(&fan(id))
}

fn json(name: &str) -> Option<&str> {
    name.strip_suffix(".json")
}

/// `<object id>-<h8>`
fn about(name: &str) -> Option<(Oid, String)> {
    let (oid, h8) = name.rsplit_once('-')?;
    Some((Oid::parse(oid)?, hex8(h8)?))
}

fn hex8(text: &str) -> Option<String> {
    is_hex(text, 8).then(|| text.to_owned())
}

fn is_hex(text: &str, digits: usize) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.len() == digits && text.bytes().all(hex)
}

/// A number from 1 in its one spelling.
fn number(text: &str) -> Option<u32> {
    let n: u32 = text.parse().ok()?;
    (n > 0 && n.to_string() == text).then_some(n)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(parse("tasks/aa/x.json"), Some(Slot::Reserved));
    }
}
