//! The part of a plan that is left to do.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::PackageId;
use crate::model::{Edge, Listing, Package, Plan};

/// The plan without what its document says is done, and without what is no work by itself.
///
/// Who waits for something done need not wait; who waits for a heading waits for what stands
/// below it. Plans of other formats stay as they are.
pub fn to_do(mut plan: Plan) -> Plan {
    let is_left = |package: &Package| package.listing.as_ref().is_none_or(Listing::is_to_do);
    if plan.packages.iter().all(is_left) {
        return plan;
    }
    let (left, rest): (Vec<Package>, Vec<Package>) = plan
        .packages
        .into_iter()
        .partition(|package| is_left(package));
    let settled = |package: &&Package| {
        let listing = package.listing.as_ref();
        listing.is_some_and(Listing::is_settled)
    };
    plan.settled = rest.iter().filter(settled).map(|p| p.id.clone()).collect();
    let through = Through {
        rest: rest.iter().map(|package| (&package.id, package)).collect(),
        settled: plan.settled.iter().collect(),
    };
    let packages = left.into_iter().map(|mut package| {
        package.depends_on = through.edges(&package.depends_on);
        package
    });
    plan.packages = packages.collect();
    plan
}

struct Through<'a> {
    rest: BTreeMap<&'a PackageId, &'a Package>,
    settled: BTreeSet<&'a PackageId>,
}

impl Through<'_> {
    fn edges(&self, edges: &[Edge]) -> Vec<Edge> {
        let (mut out, mut seen) = (Vec::new(), BTreeSet::new());
        let mut open: Vec<(&PackageId, &Edge)> = edges.iter().rev().map(|e| (&e.on, e)).collect();
        while let Some((on, stated)) = open.pop() {
            if self.settled.contains(on) || !seen.insert(on) {
                continue;
            }
            match self.rest.get(on) {
                None => out.push(Edge {
                    on: on.clone(),
                    origin: stated.origin,
                }),
                Some(frame) => {
                    let inner = frame.depends_on.iter().rev();
                    open.extend(inner.map(|inner| (&inner.on, stated)));
                }
            }
        }
        out
    }
}
