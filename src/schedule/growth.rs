//! Packages that no plan names: what a loop wants done, computed from the plan's packages and the
//! records. Every process computes the same, so there is no record that says that they exist.
//!
//! A sprout inherits scope, locks, verification, tier and retries of its root, comes after it, and
//! is claimed, run, gated and merged like any other package.

use std::borrow::Cow;

use crate::base::{ContentHash, PackageId};
use crate::model::package::{Locks, Outputs};
use crate::model::{Edge, EdgeOrigin, Package, Plan, ScopeMode, ScopeSpec, Verification};
use crate::schedule::agenda::{Agenda, Item};
use crate::schedule::sprout::{self, Root, Sprout};
use crate::schedule::{fixes, gates, qa, revise};
use crate::scope::{Fold, Pattern};
use crate::state::record::PackageBrief;
use crate::state::{FeatureView, LockSet};

/// Retries of a sprout of the whole.
const RETRIES: u32 = 1;

/// Everything the loops want beside these packages of the plan, in the order in which they came up.
pub fn sprouts(briefs: &[PackageBrief], records: &FeatureView) -> Vec<Sprout> {
    let mut all = revise::redone(briefs, records);
    all.extend(gates::rework(briefs, records));
    let planned = briefs.iter().filter(|brief| !brief.gate);
    let planned: Vec<PackageId> = planned.map(|brief| brief.id.clone()).collect();
    let subjects = planned.iter().chain(all.iter().map(|sprout| &sprout.id));
    let fixes = fixes::fixes(subjects, records);
    all.extend(fixes);
    all.extend(qa::sprouts(records));
    all
}

/// The plan's packages and all sprouts, as a status needs them.
pub fn briefs<'a>(planned: &'a [PackageBrief], records: &FeatureView) -> Cow<'a, [PackageBrief]> {
    if is_bare(records) {
        return Cow::Borrowed(planned);
    }
    let sprouts = sprouts(planned, records);
    let mut all = planned.to_vec();
    for brief in &mut all {
        brief
            .after
            .extend(followed(&brief.id, &brief.after, &sprouts));
    }
    for sprout in &sprouts {
        let retries = match &sprout.root {
            Root::Package(root) => planned.iter().find(|b| b.id == *root).map(|b| b.retries),
            Root::Several(_) | Root::Whole => None,
        };
        all.push(PackageBrief {
            id: sprout.id.clone(),
            after: after(sprout, planned.iter().map(|b| &b.id)),
            retries: retries.unwrap_or(RETRIES),
            gate: false,
            definition: None,
        });
    }
    Cow::Owned(all)
}

/// True if no loop has anything to say: what is asked again and again costs nothing then.
fn is_bare(records: &FeatureView) -> bool {
    records.judged.is_empty() && !revise::is_revised(records)
}

/// Sprouts for which a package has to wait, because it waits for their root.
fn followed(id: &PackageId, own: &[PackageId], sprouts: &[Sprout]) -> Vec<PackageId> {
    let is_followed = |sprout: &&Sprout| {
        let by_root = matches!(&sprout.root, Root::Package(root) if own.contains(root));
        sprout.id != *id && (by_root || sprout.before.contains(id))
    };
    let followed = sprouts.iter().filter(is_followed);
    followed.map(|sprout| sprout.id.clone()).collect()
}

/// What must be merged before a sprout starts.
fn after<'a>(sprout: &Sprout, planned: impl Iterator<Item = &'a PackageId>) -> Vec<PackageId> {
    let mut out: Vec<PackageId> = match &sprout.root {
        Root::Package(root) => vec![root.clone()],
        Root::Several(roots) => roots.clone(),
        Root::Whole => planned.cloned().collect(),
    };
    let more = sprout.after.iter().filter(|id| !out.contains(id)).cloned();
    let more: Vec<PackageId> = more.collect();
    out.extend(more);
    out
}

impl Agenda {
    /// The agenda with what the loops want; `None` where they want nothing.
    pub fn grown(&self, records: &FeatureView) -> Option<Agenda> {
        if is_bare(records) {
            return None;
        }
        let sprouts = sprouts(&self.briefs(), records);
        if sprouts.is_empty() {
            return None;
        }
        let mut items = self.items().to_vec();
        for item in &mut items {
            item.after.extend(followed(&item.id, &item.after, &sprouts));
        }
        let grown = sprouts.iter().filter_map(|sprout| self.item(sprout));
        items.extend(grown);
        let kinds = sprouts.iter().map(|s| (s.id.clone(), s.kind));
        Some(Agenda::new(items).with_sprouts(kinds.collect()))
    }

    /// What a status needs to know of each package.
    pub fn briefs(&self) -> Vec<PackageBrief> {
        let briefs = self.items().iter().map(|item| PackageBrief {
            id: item.id.clone(),
            after: item.after.clone(),
            retries: item.retries,
            gate: item.gate,
            definition: Some(item.definition.clone()),
        });
        briefs.collect()
    }

    fn item(&self, sprout: &Sprout) -> Option<Item> {
        let root = match &sprout.root {
            Root::Package(id) => self.get(id)?.clone(),
            Root::Several(roots) => self.united(&|item| roots.contains(&item.id))?,
            Root::Whole => self.united(&|_| true)?,
        };
        Some(Item {
            id: sprout.id.clone(),
            gate: false,
            after: after(sprout, self.items().iter().map(|item| &item.id)),
            definition: sprout::definition(&root.definition, &sprout.task),
            ..root
        })
    }

    /// Several items in one.
    fn united(&self, which: &dyn Fn(&Item) -> bool) -> Option<Item> {
        let all = || self.items().iter().filter(|item| which(item));
        let mut whole = all().next()?.clone();
        whole.retries = RETRIES;
        for item in all().skip(1) {
            unite(&mut whole.locks, &item.locks);
            whole.tier = whole.tier.min(item.tier);
            whole.min_trust = whole.min_trust.max(item.min_trust);
            whole.minutes = whole.minutes.max(item.minutes);
            let definition = format!("{}{}", whole.definition, item.definition);
            whole.definition = ContentHash::of(definition.as_bytes());
        }
        let limits = all().map(|item| &item.locks);
        whole.locks.deny = common_limits(limits.map(|l| (&l.write[..], &l.deny[..])));
        Some(whole)
    }
}

/// What stays denied where several scopes are one: all that was denied to one of them and that no
/// other may write.
fn common_limits<'a>(scopes: impl Iterator<Item = (&'a [String], &'a [String])>) -> Vec<String> {
    let scopes: Vec<_> = scopes.collect();
    let mut kept = Vec::new();
    for (i, (_, denied)) in scopes.iter().enumerate() {
        let others = || scopes.iter().enumerate().filter(move |(j, _)| *j != i);
        for deny in *denied {
            let is_written = others().any(|(_, (write, _))| write.iter().any(|w| meet(w, deny)));
            if !is_written && !kept.contains(deny) {
                kept.push(deny.clone());
            }
        }
    }
    kept
}

fn meet(one: &str, other: &str) -> bool {
    match (Pattern::parse(one), Pattern::parse(other)) {
        (Ok(one), Ok(other)) => one.intersection(&other, Fold::None).is_some(),
        _ => one == other,
    }
}

fn unite(all: &mut LockSet, other: &LockSet) {
    add(&mut all.write, &other.write);
    add(&mut all.files, &other.files);
    add(&mut all.keys, &other.keys);
    all.alone |= other.alone;
}

fn add<T: Clone + PartialEq>(all: &mut Vec<T>, others: &[T]) {
    for other in others {
        if !all.contains(other) {
            all.push(other.clone());
        }
    }
}

/// The plan with what the loops want; `None` where they want nothing.
pub fn grow(plan: &Plan, planned: &[PackageBrief], records: &FeatureView) -> Option<Plan> {
    if is_bare(records) {
        return None;
    }
    let sprouts = sprouts(planned, records);
    if sprouts.is_empty() {
        return None;
    }
    let mut grown = plan.clone();
    let packages = sprouts.iter().filter_map(|sprout| package(plan, sprout));
    grown.packages.extend(packages);
    Some(grown)
}

/// A sprout as a package that an agent is given.
fn package(plan: &Plan, sprout: &Sprout) -> Option<Package> {
    let root = match &sprout.root {
        Root::Package(id) => plan.package(id)?.clone(),
        Root::Several(roots) => united(plan, &|package| roots.contains(&package.id))?,
        Root::Whole => united(plan, &|_| true)?,
    };
    let after = after(sprout, plan.packages.iter().map(|p| &p.id));
    let depends_on = after.into_iter().map(|on| Edge {
        on,
        origin: EdgeOrigin::Default,
    });
    Some(Package {
        id: sprout.id.clone(),
        title: Some(sprout.title.clone()),
        task_type: sprout.kind.to_owned(),
        description: sprout.task.clone(),
        depends_on: depends_on.collect(),
        // It is no element of the document, and not the one place where all is put together.
        listing: None,
        role: root
            .role
            .filter(|_| matches!(sprout.root, Root::Package(_))),
        ..root
    })
}

fn united(plan: &Plan, which: &dyn Fn(&Package) -> bool) -> Option<Package> {
    let all = || plan.packages.iter().filter(|package| which(package));
    let mut whole = all().next()?.clone();
    whole.retry_budget = RETRIES;
    whole.outputs = Outputs::default();
    let (scope, locks) = (&mut whole.scope, &mut whole.locks);
    let verification = &mut whole.verification;
    for package in all().skip(1) {
        unite_scopes(scope, &package.scope);
        unite_locks(locks, &package.locks);
        unite_steps(verification, &package.verification);
        whole.timeout_minutes = whole.timeout_minutes.max(package.timeout_minutes);
        whole.min_trust_level = whole.min_trust_level.max(package.min_trust_level);
    }
    let limits = all().map(|package| &package.scope);
    scope.deny = common_limits(limits.map(|s| (&s.write_allow[..], &s.deny[..])));
    Some(whole)
}

fn unite_scopes(all: &mut ScopeSpec, other: &ScopeSpec) {
    add(&mut all.write_allow, &other.write_allow);
    add(&mut all.read_allow, &other.read_allow);
    if all.mode == ScopeMode::Strict {
        all.mode = other.mode;
    }
}

fn unite_locks(all: &mut Locks, other: &Locks) {
    add(&mut all.files, &other.files);
    add(&mut all.keys, &other.keys);
    all.ttl_minutes = all.ttl_minutes.max(other.ttl_minutes);
}

fn unite_steps(all: &mut Verification, other: &Verification) {
    all.tier = all.tier.min(other.tier);
    for step in &other.steps {
        if !all.steps.iter().any(|known| known.kind == step.kind) {
            all.steps.push(step.clone());
        }
    }
}
