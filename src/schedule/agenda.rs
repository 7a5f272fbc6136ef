//! The plan as the scheduler sees it: items in file order, with what each waits for and claims.
//!
//! Made once per run. It holds no state: what happened comes with the view.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{ContentHash, PackageId};
use crate::graph::Graph;
use crate::model::{Package, Plan, Tier};
use crate::schedule::gates;
use crate::state::record::PackageBrief;
use crate::state::{FeatureView, LockSet};

/// All packages of a plan, prepared for deciding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Agenda {
    items: Vec<Item>,
    index: BTreeMap<PackageId, usize>,
    sprouts: BTreeMap<PackageId, &'static str>,
}

/// One package.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Verbatim id.
    pub id: PackageId,
    /// What must be merged before it starts; effective, so the integration package lists all.
    pub after: Vec<PackageId>,
    /// Minutes of the longest path from its start to the end of the plan, itself included.
    pub rank: u64,
    /// 1 (most urgent) to 10.
    pub priority: u8,
    /// Everything it has to hold.
    pub locks: LockSet,
    /// Retry budget.
    pub retries: u32,
    /// True for a gate of a document: a review whose verdict lets others go on.
    pub gate: bool,
    /// What must be shown before it is merged.
    pub tier: Tier,
    /// An agent below this trust level is not given the package.
    pub min_trust: u8,
    /// Expected length in minutes; the time limit where nothing better is known.
    pub minutes: u32,
    /// Hash of the definition: an attempt at another definition is not merged.
    pub definition: ContentHash,
}

impl Agenda {
    /// The agenda of a plan. The rank is the longest remaining path, weighted by time limits.
    pub fn of(plan: &Plan, graph: &Graph) -> Self {
        let minutes = |id: &PackageId| {
            let package = plan.package(id);
            package.map_or(1, |p| u64::from(p.timeout_minutes.max(1)))
        };
        let ranks = graph.longest_remaining(minutes);
        let items = plan.packages.iter().map(|package| {
            let rank = ranks.get(&package.id).copied().unwrap_or(1);
            item(package, graph, rank)
        });
        Agenda::new(items.collect())
    }

    /// Keeps the order of `items`, which is file order.
    pub fn new(items: Vec<Item>) -> Self {
        let index = items
            .iter()
            .enumerate()
            .map(|(i, item)| (item.id.clone(), i));
        Agenda {
            index: index.collect(),
            items,
            sprouts: BTreeMap::new(),
        }
    }

    /// Says which of its packages no plan names, and what they are.
    #[must_use]
    pub(super) fn with_sprouts(mut self, kinds: BTreeMap<PackageId, &'static str>) -> Self {
        self.sprouts = kinds;
        self
    }

    /// What a package is that no plan names; `None` for those of the plan.
    pub fn sprout(&self, id: &PackageId) -> Option<&'static str> {
        self.sprouts.get(id).copied()
    }

    /// The same with the definitions that were recorded when the plan was published.
    pub fn stamped(mut self, briefs: &[PackageBrief]) -> Self {
        for brief in briefs {
            let place = self.index.get(&brief.id);
            if let (Some(at), Some(definition)) = (place, &brief.definition) {
                self.items[*at].definition = definition.clone();
            }
        }
        self
    }

    /// As [`Agenda::stamped`], by the records of the feature.
    pub fn recorded(self, records: &FeatureView, plan: &ContentHash) -> Self {
        match records.plans.get(plan) {
            Some(origin) => self.stamped(&origin.packages),
            None => self,
        }
    }

    /// In file order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item with this id.
    pub fn get(&self, id: &PackageId) -> Option<&Item> {
        self.index.get(id).map(|i| &self.items[*i])
    }

    /// Position in file order; unknown packages come last.
    pub fn position(&self, id: &PackageId) -> usize {
        self.index.get(id).copied().unwrap_or(self.items.len())
    }
}

fn item(package: &Package, graph: &Graph, rank: u64) -> Item {
    Item {
        id: package.id.clone(),
        after: graph
            .effective(&package.id)
            .iter()
            .map(|e| e.on.clone())
            .collect(),
        rank,
        priority: package.priority,
        locks: lock_set(package, graph.runs_alone(&package.id)),
        retries: package.retry_budget,
        gate: gates::is_gate(package),
        tier: package.verification.tier,
        min_trust: package.min_trust_level,
        minutes: package.timeout_minutes,
        definition: definition(package),
    }
}

/// Everything the package holds while an attempt is live.
///
/// With `ttl_minutes: 0` its claims beside the write scope are intents, which exclude nobody.
pub fn lock_set(package: &Package, alone: bool) -> LockSet {
    let claims = package.locks.ttl_minutes > 0;
    let papers = package.listing.iter().flat_map(|listing| &listing.papers);
    let papers: BTreeSet<&String> = papers.collect();
    LockSet {
        write: package
            .scope
            .write_allow
            .iter()
            .filter(|path| !papers.contains(path))
            .cloned()
            .collect(),
        deny: package.scope.deny.clone(),
        files: package
            .locks
            .files
            .iter()
            .filter(|_| claims)
            .cloned()
            .collect(),
        keys: package
            .locks
            .keys
            .iter()
            .filter(|_| claims)
            .cloned()
            .collect(),
        alone,
    }
}

/// A hash of what the plan says of the work: text, scope, locks, verification and what must come
/// out. Two packages with the same one are the same work, also in two revisions of a plan.
///
/// The debug form names every field in order, so two definitions that differ anywhere differ
/// here; it need not be the same in another release, so what counts is the one that was recorded
/// when the plan was published. How the package stands in its document is no part of it: that
/// changes as work goes on. Nor is when it starts, how long it may take and how often it is tried.
pub fn definition(package: &Package) -> ContentHash {
    let mut package = package.clone();
    package.listing = None;
    package.depends_on.clear();
    package.priority = 0;
    package.timeout_minutes = 0;
    package.retry_budget = 0;
    package.min_trust_level = 0;
    package.locks.ttl_minutes = 0;
    package.locks.reason = None;
    package.metadata.clear();
    ContentHash::of(format!("{package:?}").as_bytes())
}
