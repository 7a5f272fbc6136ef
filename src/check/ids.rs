//! Rules about names and edges: duplicate-id, dangling-dependency, cycle, no-integration.

use crate::base::PackageId;
use crate::base::text::{foreign, nearest};
use crate::check::subject::{FINDINGS_MAX, Subject};
use crate::model::{Code, Finding};

/// `duplicate-id`: an id names one package.
pub(super) fn duplicate_id(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (i, package) in subject.packages() {
        let Some(first) = subject.first(&package.id).filter(|&first| first != i) else {
            continue;
        };
        let before = subject.spans.at(&subject.pointer(first, "package_id")).line;
        let id = shown(&package.id);
        let message = format!("`{id}` names two packages; the first stands on line {before}");
        let span = subject.spans.at(&subject.pointer(i, "package_id"));
        let hint = "give one of them another id, and say which one others wait for";
        out.push(subject.finding(Code::DuplicateId, span, &[i], message, hint));
    }
    out
}

/// `dangling-dependency`: what a package waits for is a package.
pub(super) fn dangling_dependency(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (i, package) in subject.packages() {
        for edge in &package.depends_on {
            if subject.first(&edge.on).is_some() || out.len() >= FINDINGS_MAX {
                continue;
            }
            let message = format!(
                "`{}` waits for `{}`, which is not a package",
                shown(&package.id),
                shown(&edge.on)
            );
            let ids = subject.plan.packages.iter().map(|p| p.id.as_str());
            let hint = nearest(edge.on.as_str(), ids).map_or_else(
                || "write the id of a package of this file, or remove it".to_owned(),
                |id| format!("write `{}` if you mean that", foreign(id)),
            );
            let span = subject.item(i, "depends_on", edge.on.as_str());
            out.push(subject.finding(Code::DanglingDependency, span, &[i], message, hint));
        }
    }
    out
}

/// `cycle`: no package waits for itself.
pub(super) fn cycle(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for cycle in subject.graph.cycles() {
        let places: Vec<usize> = cycle.iter().filter_map(|id| subject.first(id)).collect();
        let (Some(&first), Some(second)) = (places.first(), cycle.get(1).or(cycle.first())) else {
            continue;
        };
        let names = cycle.iter().chain(cycle.first());
        let path: Vec<String> = names.map(|id| shown(id)).collect();
        let message = format!("packages wait for each other: {}", path.join(" -> "));
        let span = subject.item(first, "depends_on", second.as_str());
        let hint = "remove one of these dependencies";
        out.push(subject.finding(Code::Cycle, span, &places, message, hint));
    }
    out
}

/// `no-integration`: somebody checks the whole.
pub(super) fn no_integration(subject: &Subject<'_>) -> Vec<Finding> {
    let packages = &subject.plan.packages;
    let integrated = packages.iter().any(|p| subject.graph.integrates(&p.id));
    if packages.len() < 2 || integrated {
        return Vec::new();
    }
    let span = subject.spans.key("/packages");
    let message = "no package integrates the others".to_owned();
    let hint = "add a package `wp-integration` with the tests of the whole, \
        or set `final` under `[verify]` in wp.toml";
    vec![subject.finding(Code::NoIntegration, span, &[], message, hint)]
}

fn shown(id: &PackageId) -> String {
    foreign(id.as_str()).to_string()
}
