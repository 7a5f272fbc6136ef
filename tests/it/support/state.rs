//! Requests as commands and the engine would make them, with names instead of random ids.

use git_wp::base::{
    ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, RefName, Timestamp, TxnId,
};
use git_wp::model::outcome::{EndReason, Mode};
use git_wp::model::plan::Format;
use git_wp::state::record::{Attempt, By, Land, Landing, PackageBrief, PlanOrigin};
use git_wp::state::request::{Claim, Steal};
use git_wp::state::{LockSet, Op, Request};

pub(crate) fn feature() -> FeatureId {
    FeatureId::parse("add-auth").unwrap()
}

pub(crate) fn package(name: &str) -> PackageId {
    PackageId::parse(name).unwrap()
}

pub(crate) fn attempt(name: &str) -> AttemptId {
    AttemptId::parse(name).unwrap()
}

pub(crate) fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
}

pub(crate) fn by() -> By {
    By {
        actor: ActorId::parse("clone1").unwrap(),
        label: "ann@host".to_owned(),
        at: at(0),
    }
}

pub(crate) fn plan_hash() -> ContentHash {
    ContentHash::of(b"plan")
}

/// A request that is named by its transaction.
pub(crate) fn request(txn: &str, op: Op) -> Request {
    Request {
        txn: TxnId::parse(txn).unwrap(),
        actor: by().actor,
        label: by().label,
        at: at(0),
        needs: Vec::new(),
        op,
    }
}

/// Publishes a plan with these packages; `blob` holds the bytes `plan`.
pub(crate) fn publish(txn: &str, blob: &Oid, packages: &[String]) -> Request {
    let brief = |name: &String| PackageBrief {
        id: package(name),
        after: Vec::new(),
        retries: 1,
        gate: false,
        definition: None,
    };
    let plan = PlanOrigin {
        barrier: None,
        eager: false,
        contracts: Vec::new(),
        hash: plan_hash(),
        blob: blob.clone(),
        path: "plan.yaml".to_owned(),
        format: Format::WorkPackages,
        plan_revision: 1,
        contracts_revision: 1,
        packages: packages.iter().map(brief).collect(),
        by: by(),
    };
    request(
        txn,
        Op::Publish {
            feature: feature(),
            title: Some("Add auth".to_owned()),
            plan,
        },
    )
}

/// Claims a package for an attempt that may write `<package>/**`.
pub(crate) fn claim(txn: &str, name: &str, aid: &str) -> Request {
    let claim = Claim {
        attempt: Attempt {
            attempt: attempt(aid),
            feature: feature(),
            package: package(name),
            number: 1,
            plan: plan_hash(),
            definition: ContentHash::of(name.as_bytes()),
            base: oid('a'),
            branch: RefName::parse(&format!("refs/heads/wp/add-auth/{name}/{aid}")).unwrap(),
            agent: "shell".to_owned(),
            session: None,
            continues: None,
            mode: Mode::Implement,
            sprout: None,
            run: None,
            by: by(),
        },
        locks: LockSet {
            write: vec![format!("{name}/**")],
            ..LockSet::default()
        },
        after: Vec::new(),
        lease_seconds: None,
        steal: None,
    };
    request(txn, Op::Claim(Box::new(claim)))
}

/// The same, with changes.
pub(crate) fn claim_with(
    txn: &str,
    (name, aid): (&str, &str),
    change: impl FnOnce(&mut Claim),
) -> Request {
    let mut request = claim(txn, name, aid);
    if let Op::Claim(claim) = &mut request.op {
        change(claim);
    }
    request
}

/// A claim that takes over an epoch.
pub(crate) fn steal(txn: &str, (name, aid): (&str, &str), epoch: u32) -> Request {
    claim_with(txn, (name, aid), |claim| {
        claim.steal = Some(Steal {
            epoch,
            reason: EndReason::Lost,
            note: "its supervisor is gone".to_owned(),
        });
    })
}

/// Ends an attempt.
pub(crate) fn end(txn: &str, (name, aid): (&str, &str), epoch: u32) -> Request {
    request(
        txn,
        Op::End {
            feature: feature(),
            package: package(name),
            attempt: attempt(aid),
            epoch,
            reason: EndReason::Released,
            note: String::new(),
        },
    )
}

/// The intent to land one attempt.
pub(crate) fn land(txn: &str, n: u32, (name, aid): (&str, &str), epoch: u32) -> Request {
    let landing = Landing {
        package: package(name),
        attempt: attempt(aid),
        epoch,
        head: oid('b'),
        merge: oid('c'),
    };
    let land = Land {
        n,
        attempts: vec![landing],
        branch: RefName::parse("refs/wp/integration/add-auth").unwrap(),
        old: oid('a'),
        new: oid('c'),
        by: by(),
    };
    let feature = feature();
    request(txn, Op::Land { feature, land })
}

/// A landing is done.
pub(crate) fn landed(txn: &str, n: u32) -> Request {
    let feature = feature();
    request(txn, Op::Landed { feature, n })
}

/// Takes a lock for an hour.
pub(crate) fn lock(txn: &str, key: &str, session: &str) -> Request {
    request(
        txn,
        Op::LockAcquire {
            attempt: attempt(&format!("l-{txn}")),
            key: key.to_owned(),
            session: session.to_owned(),
            reason: Some("because".to_owned()),
            ttl_minutes: 60,
            steal: None,
        },
    )
}

/// Gives it back.
pub(crate) fn unlock(txn: &str, key: &str, session: &str) -> Request {
    request(
        txn,
        Op::LockRelease {
            key: key.to_owned(),
            session: Some(session.to_owned()),
        },
    )
}
