//! The folders of the state tree: the one place that writes paths.

use crate::base::id::{is_component, slug};
use crate::base::{ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, TxnId};

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

    /// Path of a `Judged`, made by the transaction `id`.
    pub fn judged(&self, id: &TxnId) -> String {
        format!("{}/facts/judged/{id}.json", self.0)
    }

    /// Path of an `Escalated`, made by the transaction `id`.
    pub fn escalation(&self, id: &TxnId) -> String {
        format!("{}/facts/escalations/{id}.json", self.0)
    }

    /// Path of a `Delivered`, made by the transaction `id`.
    pub fn delivered(&self, id: &TxnId) -> String {
        format!("{}/facts/delivered/{id}.json", self.0)
    }

    /// Path of a `Resolution`, made by the transaction `id`.
    pub fn resolution(&self, id: &TxnId) -> String {
        format!("{}/facts/resolutions/{id}.json", self.0)
    }

    /// Path of a `Filed`.
    pub fn filed(&self, actor: &ActorId, txn: &TxnId) -> String {
        format!("{}/facts/requests/{actor}/{txn}.json", self.0)
    }

    /// Path of a `Ruling`.
    pub fn ruling(&self, authority: &ActorId, txn: &TxnId) -> String {
        format!("{}/rights/{authority}/ruling-{txn}.json", self.0)
    }

    /// Path of a right of the feature: `land`, `landed`, `void`, `hold`, `lift`, `integrator` or
    /// `resign` number `n`.
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

    /// Path of a `Filed`.
    pub fn filed(&self, actor: &ActorId, txn: &TxnId) -> String {
        format!("{}/facts/requests/{actor}/{txn}.json", self.0)
    }

    /// Path of a `Ruling`.
    pub fn ruling(&self, authority: &ActorId, txn: &TxnId) -> String {
        format!("{}/rights/{authority}/ruling-{txn}.json", self.0)
    }
}

/// Path of a `Beat`.
pub fn beat(actor: &ActorId) -> String {
    format!("actors/{actor}/registers/beat.json")
}

/// Path of a `Session`.
pub fn session(actor: &ActorId, session: &str) -> String {
    format!("actors/{actor}/registers/session-{}.json", slug(session))
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

/// True if the folder `room` ends in `<h2>/<slug>` of `id`.
fn names(room: &str, id: &str, slug: &str) -> bool {
    let mut parts = room.rsplit('/');
    parts.next() == Some(slug) && parts.next() == Some(&fan(id))
}

pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.len() == digits && text.bytes().all(hex)
}
