//! A plan that was published again: what is kept, and what is done again.
//!
//! The identity of work is the definition that was recorded with the plan. What is merged and has
//! the same one still counts; what is merged and has another one is done again by a package of its
//! own, `wp-rev<revision>-<package>`, because what is merged is never taken back.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::{ContentHash, PackageId};
use crate::schedule::sprout::{self, Root, Sprout};
use crate::state::FeatureView;
use crate::state::record::{PackageBrief, PlanOrigin};

/// How often a package is done again in one revision.
const AGAIN_MAX: u32 = 8;

/// What a revision of the plan means for one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reuse {
    /// The package.
    pub package: PackageId,
    /// What becomes of it.
    pub fate: Fate,
    /// The package that has its newest result, or will have it.
    #[serde(rename = "as")]
    pub result_of: Option<PackageId>,
}

/// What becomes of a package when its plan is revised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It is merged, and defined as before.
    Reused,
    /// It is merged, and defined otherwise now: it is done again.
    Redone,
    /// It is not merged yet, and was there before.
    Open,
    /// No earlier plan had it.
    New,
    /// The plan no longer has it; what is merged of it stays.
    Removed,
}

/// True if the feature has more than one plan: else nothing here has anything to say.
pub fn is_revised(records: &FeatureView) -> bool {
    records.plans.len() > 1
}

/// The packages that do merged ones again, those that are merged themselves included.
pub fn redone(briefs: &[PackageBrief], records: &FeatureView) -> Vec<Sprout> {
    let Some(plan) = records.current_plan().filter(|_| is_revised(records)) else {
        return Vec::new();
    };
    let known: BTreeSet<&PackageId> = briefs.iter().map(|brief| &brief.id).collect();
    let planned = plan.packages.iter().filter(|b| known.contains(&b.id));
    let all = planned.filter_map(|brief| Some(Past::of(brief, plan, records)?.sprouts()));
    all.flatten().collect()
}

/// What the newest plan means for every package of any plan, in file order, removed ones last;
/// nothing for a feature with one plan.
pub fn reuse(records: &FeatureView) -> Vec<Reuse> {
    let Some(plan) = records.current_plan().filter(|_| is_revised(records)) else {
        return Vec::new();
    };
    let earlier = records
        .plans
        .values()
        .filter(|other| other.hash != plan.hash);
    let earlier: BTreeSet<&PackageId> = earlier
        .flat_map(|other| other.packages.iter().map(|b| &b.id))
        .collect();
    let now: BTreeSet<&PackageId> = plan.packages.iter().map(|brief| &brief.id).collect();
    let kept = plan.packages.iter().map(|brief| {
        let (fate, result_of) = match Past::of(brief, plan, records) {
            Some(past) if past.wanted.is_some() => (Fate::Redone, past.wanted.map(|(id, _)| id)),
            Some(past) => (Fate::Reused, Some(past.newest)),
            None if earlier.contains(&brief.id) => (Fate::Open, None),
            None => (Fate::New, None),
        };
        Reuse {
            package: brief.id.clone(),
            fate,
            result_of,
        }
    });
    let removed = earlier
        .iter()
        .filter(|id| !now.contains(*id))
        .map(|id| Reuse {
            package: (*id).clone(),
            fate: Fate::Removed,
            result_of: None,
        });
    kept.chain(removed).collect()
}

/// A merged package of the plan, with the packages that did it again.
struct Past {
    root: PackageId,
    /// Those that are merged, with their revision.
    done: Vec<(PackageId, u32)>,
    /// The one that has the newest result.
    newest: PackageId,
    /// The one that is to do it again, with its revision.
    wanted: Option<(PackageId, u32)>,
}

impl Past {
    /// `None`: the package is not merged, or nobody recorded how it is defined.
    fn of(brief: &PackageBrief, plan: &PlanOrigin, records: &FeatureView) -> Option<Past> {
        let definition = brief.definition.as_ref()?;
        let merged = |id: &PackageId| {
            let package = records.packages.get(id)?;
            let accept = package.accept.as_ref()?;
            let attempt = package.attempts.get(&accept.attempt)?;
            Some((accept.land, attempt.attempt.definition.clone()))
        };
        let mut newest = (merged(&brief.id)?, brief.id.clone(), definition.clone());
        let mut done = Vec::new();
        let numbers: BTreeSet<u32> = records.plans.values().map(revision).collect();
        for number in numbers {
            for id in names(&brief.id, number) {
                let Some(result) = merged(&id) else { continue };
                if result.0 >= newest.0.0 {
                    let expected = derived(definition, &brief.id, number);
                    newest = (result, id.clone(), expected);
                }
                done.push((id, number));
            }
        }
        let ((_, made), newest, expected) = newest;
        let now = revision(plan);
        let free = |id: &PackageId| !done.iter().any(|(other, _)| other == id);
        let wanted = (made != expected).then(|| names(&brief.id, now).find(free));
        Some(Past {
            root: brief.id.clone(),
            newest,
            wanted: wanted.flatten().map(|id| (id, now)),
            done,
        })
    }

    fn sprouts(self) -> Vec<Sprout> {
        let all = self.done.iter().chain(&self.wanted);
        let sprouts = all.map(|(id, number)| Sprout {
            id: id.clone(),
            root: Root::Package(self.root.clone()),
            after: Vec::new(),
            before: Vec::new(),
            kind: "revise",
            title: format!("{} in revision {number}", self.root),
            task: task(&self.root, *number),
        });
        sprouts.collect()
    }
}

/// The higher of both counts: either of them makes a revision.
fn revision(plan: &PlanOrigin) -> u32 {
    plan.plan_revision.max(plan.contracts_revision)
}

fn names(root: &PackageId, number: u32) -> impl Iterator<Item = PackageId> + use<> {
    let (root, prefix) = (root.clone(), format!("wp-rev{number}"));
    (1..=AGAIN_MAX).filter_map(move |n| sprout::id(&prefix, &root, n))
}

/// What is to be done; a part of the identity of the package, so it says nothing that changes.
fn task(root: &PackageId, number: u32) -> String {
    format!(
        "The plan was revised (revision {number}) after `{root}` was merged, and defines it as it \
         stands here now, or a contract that it keeps to has changed. Bring what is merged to \
         what the plan says now; leave alone what is so already."
    )
}

/// The definition of a package that did `root` again; see [`crate::schedule::growth`].
fn derived(definition: &ContentHash, root: &PackageId, number: u32) -> ContentHash {
    sprout::definition(definition, &task(root, number))
}

/// The lines of `reuse` for people, by what becomes of the packages.
pub fn words(reuse: &[Reuse]) -> Vec<String> {
    let mut by_fate: BTreeMap<Fate, Vec<String>> = BTreeMap::new();
    for row in reuse {
        let name = match &row.result_of {
            Some(id) if *id != row.package => format!("{} as {id}", row.package),
            _ => row.package.to_string(),
        };
        by_fate.entry(row.fate).or_default().push(name);
    }
    let lines = by_fate.into_iter().map(|(fate, names)| {
        let word = match fate {
            Fate::Reused => "kept",
            Fate::Redone => "done again",
            Fate::Open => "still to do",
            Fate::New => "new",
            Fate::Removed => "no longer planned",
        };
        format!("{word}: {}", names.join(", "))
    });
    lines.collect()
}
