//! What may happen in a world, as small data: a random history is a list of these.
//!
//! What a number means depends on what the clone sees, so that much is granted.

use git_wp::base::{AttemptId, ContentHash, FeatureId, Oid, PackageId, RefName, Timestamp};
use git_wp::model::LockKey;
use git_wp::model::outcome::{Deviation, EndReason, Mode};
use git_wp::model::plan::Format;
use git_wp::state::record::{Attempt, By, HoldKind, Land, Landing, PackageBrief, PlanOrigin};
use git_wp::state::request::{AttemptFact, Claim, Steal};
use git_wp::state::{FeatureView, LockSet, Op, PackageView, View};

use super::world::{World, actor};

/// One step of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// A clone files a request.
    Ask(usize, Asked),
    /// A clone shows that it lives.
    Beat(usize),
    /// First step of a sync: reads the authority's tip.
    Fetch(usize),
    /// Second: joins, settles, sends.
    Prepare(usize),
    /// Third: a push reaches the authority, or does not.
    Deliver(usize, Fate),
    /// Fourth: what won becomes the clone's own.
    Adopt(usize),
    /// A clone loses everything but its tree.
    Crash(usize),
    /// All four, nothing in between.
    Sync(usize),
    /// A clone does what comes next on the way to a landing of a feature, and syncs.
    Advance(usize, u8),
}

/// What happens to a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It arrives and is answered.
    Arrives,
    /// It arrives; the answer does not.
    NoAnswer,
    /// It arrives, and will arrive once more.
    Again,
    /// It never arrives.
    Cut,
}

/// What a clone asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Claim(u8, u8),
    Steal(u8, u8),
    End(u8, u8),
    Integrate(u8, u8),
    Resign(u8),
    Land(u8, u8),
    Landed(u8),
    Void(u8),
    Hold(u8, u8),
    Lift(u8, u8),
    Lock(u8, u8),
    StealLock(u8, u8),
    Unlock(u8, u8),
    Note(u8, u8),
    Publish(u8, u8),
}

pub(super) const FEATURES: [&str; 2] = ["add-auth", "fix-web"];
const PACKAGES: [&str; 3] = ["wp-api", "wp-web", "wp-docs"];
const SCOPES: [&str; 4] = ["src/api/**", "web/**", "docs/", "src/**/*.rs"];
const KEYS: [&str; 4] = ["flag:x", "flag:x/a", "docs/a.md", "feature:add-auth:pause"];

impl Asked {
    /// What brings the clone nearer to a landing.
    pub(super) fn next(world: &World, r: usize, a: u8) -> Asked {
        let view = &*world.replicas[r].shown;
        // Mostly of the first feature, so that somebody gets there.
        let at = if a.is_multiple_of(4) { 3 } else { 0 } + a / 4 % 3;
        let full = &view.features[&Look::at(view, at).feature];
        let merges = full.integrator().is_some_and(|i| i.by.actor == actor(r));
        let live = full.packages.values().any(|p| p.live().is_some());
        match full.open_land() {
            _ if !full.holds.is_empty() => Asked::Lift(at, 1),
            _ if !merges => Asked::Integrate(at, 0),
            Some(_) if a % 16 > 11 => Asked::Void(at | 1),
            Some(_) => Asked::Landed(at | 1),
            None if live => Asked::Land(at | 1, 1),
            None => Asked::Claim(at, 0),
        }
    }

    /// The request; `None` where the clone sees nothing that it could be about.
    pub(super) fn op(self, world: &World, r: usize) -> Option<Op> {
        let view = &*world.replicas[r].shown;
        let asked = world.replicas[r].asked;
        let look = |p: u8| Look::at(view, p);
        match self {
            Asked::Claim(p, c) => Some(claim(&look(p), (r, asked), c, None)),
            Asked::Steal(p, c) => {
                let look = look(p);
                let epoch = look.package?.highest()?.epoch;
                Some(claim(&look, (r, asked), c, Some(steal(epoch))))
            }
            Asked::End(p, c) => end(&look(p), r, c),
            Asked::Integrate(f, c) => {
                let feature = look(f).feature;
                let last = view.features[&feature].integrators.keys().next_back();
                let steal = c.is_multiple_of(2).then(|| last.map_or(1, |n| *n));
                Some(Op::Integrate { feature, steal })
            }
            Asked::Resign(f) => Some(Op::Resign {
                feature: look(f).feature,
            }),
            Asked::Land(f, c) => land(view, &look(own(view, r, f)), (r, asked), c),
            Asked::Landed(f) => {
                let (feature, n) = look(own(view, r, f)).last_land()?;
                Some(Op::Landed { feature, n })
            }
            Asked::Void(f) => {
                let (feature, n) = look(own(view, r, f)).last_land()?;
                let note = String::new();
                Some(Op::VoidLand { feature, n, note })
            }
            Asked::Hold(p, c) => Some(Op::Hold {
                package: c.is_multiple_of(2).then(|| look(p).name),
                feature: look(p).feature,
                kind: [HoldKind::Pause, HoldKind::Cancel][usize::from(c % 4 == 3)],
                reason: format!("{}", c % 3),
            }),
            Asked::Lift(p, c) => Some(Op::Lift {
                package: c.is_multiple_of(2).then(|| look(p).name),
                feature: look(p).feature,
            }),
            Asked::Lock(k, c) => Some(lock((r, asked), k, c, None)),
            Asked::StealLock(k, c) => {
                let known = view.locks.get(KEYS[usize::from(k) % KEYS.len()]);
                let epoch = known.and_then(|l| l.grants.keys().next_back());
                let epoch = epoch.map_or(1, |n| *n) + u32::from(c.is_multiple_of(5));
                Some(lock((r, asked), k, c, Some(steal(epoch))))
            }
            Asked::Unlock(k, c) => Some(Op::LockRelease {
                key: KEYS[usize::from(k) % KEYS.len()].to_owned(),
                session: c.is_multiple_of(2).then(|| session(r, c)),
            }),
            Asked::Note(p, c) => note(&look(p), c),
            Asked::Publish(f, c) => Some(publish(usize::from(f) % view.features.len(), c % 2)),
        }
    }
}

/// What a clone sees of one package.
struct Look<'a> {
    feature: FeatureId,
    name: PackageId,
    number: usize,
    full: Option<&'a FeatureView>,
    package: Option<&'a PackageView>,
}

impl<'a> Look<'a> {
    fn at(view: &'a View, p: u8) -> Self {
        let p = usize::from(p) % (view.features.len() * PACKAGES.len());
        let feature = feature(p / PACKAGES.len());
        let name = PackageId::parse(PACKAGES[p % PACKAGES.len()]).unwrap();
        let full = view.features.get(&feature);
        let package = full.and_then(|f| f.packages.get(&name));
        Look {
            feature,
            name,
            number: p,
            full,
            package,
        }
    }

    fn last_land(&self) -> Option<(FeatureId, u32)> {
        let n = self.full?.lands.keys().next_back()?;
        Some((self.feature.clone(), *n))
    }
}

fn feature(i: usize) -> FeatureId {
    FeatureId::parse(FEATURES[i]).unwrap()
}

fn steal(epoch: u32) -> Steal {
    Steal {
        epoch,
        reason: EndReason::Expired,
        note: String::new(),
    }
}

fn session(r: usize, c: u8) -> String {
    format!("s{r}x{}", c % 2)
}

fn claim(look: &Look<'_>, (r, asked): (usize, u32), c: u8, steal: Option<Steal>) -> Op {
    let write = match c % 6 {
        5 => "src/**",
        _ => SCOPES[look.number % SCOPES.len()],
    };
    let key = (c % 5 == 4).then(|| LockKey::unchecked("flag:x/a"));
    let after = (c % 16 == 7).then(|| PackageId::parse(PACKAGES[0]).unwrap());
    Op::Claim(Box::new(Claim {
        attempt: Attempt {
            attempt: AttemptId::parse(&format!("a{r}x{asked}")).unwrap(),
            feature: look.feature.clone(),
            package: look.name.clone(),
            number: 1,
            plan: ContentHash::of(&[0]),
            definition: ContentHash::of(b"package"),
            base: oid("base"),
            branch: RefName::parse("refs/heads/x").unwrap(),
            agent: String::new(),
            session: c.is_multiple_of(3).then(|| session(r, c)),
            continues: None,
            mode: Mode::Implement,
            sprout: None,
            run: None,
            by: nobody(),
        },
        locks: LockSet {
            write: vec![write.to_owned()],
            keys: key.into_iter().collect(),
            alone: c % 32 == 9,
            ..LockSet::default()
        },
        after: after.into_iter().collect(),
        lease_seconds: Some(900),
        steal,
    }))
}

fn end(look: &Look<'_>, r: usize, c: u8) -> Option<Op> {
    let live = look.package?.live()?;
    // Mostly its own; anybody may end what somebody else holds.
    if live.by.actor != actor(r) && !c.is_multiple_of(8) {
        return None;
    }
    Some(Op::End {
        feature: look.feature.clone(),
        package: look.name.clone(),
        attempt: live.attempt.clone(),
        epoch: live.epoch,
        reason: [EndReason::Failed, EndReason::Released][usize::from(c % 2)],
        note: String::new(),
    })
}

/// A feature that the clone merges, if there is one: others are tried now and then.
fn own(view: &View, r: usize, f: u8) -> u8 {
    let merges = |view: &FeatureView| view.integrator().is_some_and(|i| i.by.actor == actor(r));
    let at = (0..view.features.len()).find(|i| merges(&view.features[&feature(*i)]));
    match at.filter(|_| !f.is_multiple_of(8)) {
        Some(at) => u8::try_from(at * PACKAGES.len()).unwrap(),
        None => f,
    }
}

fn land(view: &View, look: &Look<'_>, (r, asked): (usize, u32), c: u8) -> Option<Op> {
    let full = look.full?;
    let live = full.packages.iter().filter_map(|(package, known)| {
        let hoped = |id: &AttemptId| view.tentative.grants.contains(id) && !c.is_multiple_of(8);
        let grant = known.live().filter(|grant| !hoped(&grant.attempt))?;
        Some(Landing {
            package: package.clone(),
            attempt: grant.attempt.clone(),
            epoch: grant.epoch,
            head: oid("head"),
            merge: oid("merge"),
        })
    });
    let n = full.lands.keys().next_back().map_or(0, |n| *n) + 1;
    let land = Land {
        n,
        attempts: live.take(1 + usize::from(c % 2)).collect(),
        branch: RefName::parse("refs/wp/integration/x").unwrap(),
        old: full.reached().cloned().unwrap_or_else(|| oid("base")),
        new: oid(&format!("land {r} {asked}")),
        by: nobody(),
    };
    Some(Op::Land {
        feature: look.feature.clone(),
        land,
    })
}

fn lock((r, asked): (usize, u32), k: u8, c: u8, steal: Option<Steal>) -> Op {
    Op::LockAcquire {
        attempt: AttemptId::parse(&format!("l{r}x{asked}")).unwrap(),
        key: KEYS[usize::from(k) % KEYS.len()].to_owned(),
        session: session(r, c),
        reason: None,
        ttl_minutes: u32::from(c % 8 != 7),
        steal,
    }
}

fn note(look: &Look<'_>, c: u8) -> Option<Op> {
    let attempts = &look.package?.attempts;
    let attempt = attempts
        .keys()
        .nth(usize::from(c) % attempts.len().max(1))?;
    Some(Op::Note {
        feature: look.feature.clone(),
        package: look.name.clone(),
        attempt: attempt.clone(),
        fact: AttemptFact::Deviation(Deviation {
            kind: "empty".to_owned(),
            detail: format!("{}", c % 5),
            paths: Vec::new(),
            at: Timestamp::from_millis(i64::from(c % 3)),
        }),
    })
}

/// Publishes a plan with all packages; anybody may publish the same one.
pub(super) fn publish(i: usize, plan: u8) -> Op {
    let brief = |id: &&str| PackageBrief {
        id: PackageId::parse(id).unwrap(),
        after: Vec::new(),
        retries: 1,
        gate: false,
        definition: None,
    };
    Op::Publish {
        feature: feature(i),
        title: None,
        plan: PlanOrigin {
            barrier: None,
            eager: false,
            contracts: Vec::new(),
            hash: ContentHash::of(&[plan]),
            blob: oid("plan"),
            path: String::new(),
            format: Format::WorkPackages,
            plan_revision: 1,
            contracts_revision: 1,
            packages: PACKAGES.iter().map(brief).collect(),
            by: nobody(),
        },
    }
}

/// Replaced by who asks.
fn nobody() -> By {
    By {
        actor: actor(99),
        label: String::new(),
        at: Timestamp::from_millis(0),
    }
}

fn oid(text: &str) -> Oid {
    Oid::parse(ContentHash::of(text.as_bytes()).short(40)).unwrap()
}
