//! Rules about paths: glob, scope-overlap, read-of-parallel-write, case-collision.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::text::foreign;
use crate::check::subject::{FINDINGS_MAX, Subject, nothing};
use crate::model::{Code, Finding};
use crate::scope::{Certainty, Fold, Overlap, Pattern, Set, index};

/// `glob`: every pattern is in the dialect.
pub(super) fn glob(subject: &Subject<'_>) -> Vec<Finding> {
    let finding = |misfit: &super::subject::Misfit| {
        let span = subject.item(misfit.package, misfit.list, &misfit.error.pattern);
        let message = format!("{}: {}", misfit.list.replace('/', "."), misfit.error);
        let hint = misfit.error.hint();
        subject.finding(Code::Glob, span, &[misfit.package], message, hint)
    };
    subject
        .misfits
        .iter()
        .take(FINDINGS_MAX)
        .map(finding)
        .collect()
}

/// `scope-overlap`: packages that can run at the same time write different paths.
pub(super) fn scope_overlap(subject: &Subject<'_>) -> Vec<Finding> {
    let none = nothing();
    let sets = subject.rivals(&subject.writes, &none);
    let pairs = index::first_overlaps(&sets, FINDINGS_MAX, |a, b| subject.compete(a, b));
    let finding = |(a, b, overlap): &index::Pair| {
        let (a, b) = (*a, *b);
        let left = subject.item(a, "scope/write_allow", &overlap.left);
        let right = subject.item(b, "scope/write_allow", &overlap.right);
        let message = format!(
            "`{}` and `{}` can run at the same time and both may write {}: \
             `{}` on line {} and `{}` on line {}",
            name(subject, a),
            name(subject, b),
            shared(overlap),
            foreign(&overlap.left),
            left.line,
            foreign(&overlap.right),
            right.line,
        );
        let hint = "let one wait for the other (`depends_on`), narrow a scope, or `deny` the path";
        let mut finding = subject.finding(Code::ScopeOverlap, right, &[a, b], message, hint);
        finding.witness = Some(overlap.witness.clone());
        finding
    };
    pairs.iter().map(finding).collect()
}

/// `read-of-parallel-write`: what a package is sure to look at does not change meanwhile.
///
/// Broad patterns (`**`, `src/**`) say where one may look, not what one needs, so only patterns
/// without `**` are judged.
pub(super) fn read_of_parallel_write(subject: &Subject<'_>) -> Vec<Finding> {
    let reads: Vec<Set> = subject
        .packages()
        .map(|(_, p)| {
            let texts = p
                .scope
                .read_allow
                .iter()
                .filter(|text| !text.contains("**"));
            let patterns = texts.filter_map(|text| Pattern::parse(text).ok());
            Set::new(
                patterns.filter(|p| !p.normal().ends_with("/**")).collect(),
                Vec::new(),
                Fold::None,
            )
        })
        .collect();
    let writes = exact(subject);
    let none = nothing();
    let (left, right) = (
        subject.rivals(&reads, &none),
        subject.rivals(&writes, &none),
    );
    let asked = |reader: usize, writer: usize| subject.compete(reader, writer);
    let pairs = index::first_meetings(&left, &right, FINDINGS_MAX, asked);
    let finding = |(reader, writer, overlap): &index::Pair| {
        let (reader, writer) = (*reader, *writer);
        let span = subject.item(reader, "scope/read_allow", &overlap.left);
        let message = format!(
            "`{}` reads {}, which `{}` may write at the same time (`{}`)",
            name(subject, reader),
            shared(overlap),
            name(subject, writer),
            foreign(&overlap.right),
        );
        let hint = "let the reader wait for the writer if it needs the new content";
        let packages = [reader, writer];
        let mut finding =
            subject.finding(Code::ReadOfParallelWrite, span, &packages, message, hint);
        finding.witness = Some(overlap.witness.clone());
        finding
    };
    pairs.iter().map(finding).collect()
}

/// `case-collision`: paths that are written out differ in more than case or composition.
pub(super) fn case_collision(subject: &Subject<'_>) -> Vec<Finding> {
    let mut seen: BTreeMap<Vec<u8>, BTreeSet<&str>> = BTreeMap::new();
    let mut out = Vec::new();
    for (i, set) in subject.writes.iter().enumerate() {
        for pattern in set.write().iter().filter(|p| p.is_literal()) {
            let same = seen
                .entry(Fold::Case.apply(pattern.normal().as_bytes()))
                .or_default();
            let other = same.iter().next().copied();
            if !same.insert(pattern.normal()) || out.len() >= FINDINGS_MAX {
                continue;
            }
            if let Some(other) = other {
                let span = subject.item(i, "scope/write_allow", pattern.as_str());
                let message = format!(
                    "`{}` and `{}` differ only in case or Unicode form",
                    foreign(pattern.as_str()),
                    foreign(other)
                );
                let hint = "use one spelling: some file systems take them for the same file";
                out.push(subject.finding(Code::CaseCollision, span, &[i], message, hint));
            }
        }
    }
    out
}

/// The write scopes with exact spelling, for advice that should not be noisy.
fn exact(subject: &Subject<'_>) -> Vec<Set> {
    let exact = |set: &Set| Set::new(set.write().to_vec(), set.deny().to_vec(), Fold::None);
    subject.writes.iter().map(exact).collect()
}

fn shared(overlap: &Overlap) -> String {
    let path = foreign(&overlap.witness);
    match overlap.certainty {
        Certainty::Proven => format!("`{path}`"),
        Certainty::Assumed => format!("the same path, perhaps `{path}` (too complex to decide)"),
    }
}

fn name(subject: &Subject<'_>, package: usize) -> String {
    foreign(subject.plan.packages[package].id.as_str()).to_string()
}
