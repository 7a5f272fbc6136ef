//! All rules in their order, and the answer of `validate --json`.

use serde::Serialize;

use crate::base::FeatureId;
use crate::check::context::Context;
use crate::check::subject::Subject;
use crate::check::{contracts, ids, locks, programs, scopes, sundry};
use crate::model::{Finding, Format, Severity};
use crate::plan::{self, Parsed};

/// What is known about a plan. The shape is a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The file.
    pub source: String,
    /// Its dialect; `null` if it could not be read.
    pub format: Option<Format>,
    /// The feature; `null` if it could not be read.
    pub feature: Option<FeatureId>,
    /// How many packages could be read.
    pub packages: usize,
    /// True if no finding is an error.
    pub valid: bool,
    /// Everything found, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads a plan and applies every rule; `source` is how findings name the file, and the folder of
/// `source` is the second place where contract files are looked for.
pub fn validate(bytes: &[u8], source: &str, context: &Context<'_>) -> Report {
    judge(&plan::read(bytes, source), source, context)
}

/// The same for a plan that was read already.
pub fn judge(parsed: &Parsed, source: &str, context: &Context<'_>) -> Report {
    let findings = check(parsed, context);
    let read = parsed.plan.as_ref();
    Report {
        source: source.to_owned(),
        format: read.map(|plan| plan.format),
        feature: read.map(|plan| plan.feature.id.clone()),
        packages: read.map_or(0, |plan| plan.packages.len()),
        valid: findings.iter().all(|f| f.severity != Severity::Error),
        findings,
    }
}

/// Everything that is wrong with a plan: its form, then every rule about its meaning, in the
/// order of the file.
pub fn check(parsed: &Parsed, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = parsed.findings.clone();
    if let Some(plan) = &parsed.plan {
        let subject = Subject::new(plan, &parsed.spans, context.fold);
        let meaning = [
            ids::duplicate_id(&subject),
            ids::dangling_dependency(&subject),
            ids::cycle(&subject),
            scopes::glob(&subject),
        ];
        findings.extend(meaning.into_iter().flatten());
        if plan.format.is_document() {
            // Its files are forecasts: who may write where is decided by the claims of the run.
            findings.sort_by_key(|f| (f.line, f.column, f.code));
            return findings;
        }
        let found = [
            ids::no_integration(&subject),
            scopes::scope_overlap(&subject),
            scopes::read_of_parallel_write(&subject),
            scopes::case_collision(&subject),
            locks::lock_key(&subject, context),
            locks::lock_overlap(&subject),
            locks::lock_outside_scope(&subject),
            contracts::contract_files(&subject, context),
            programs::program_missing(&subject, context),
            sundry::contract_keys(&subject),
            sundry::stack_position(&subject),
            sundry::unverified(&subject),
        ];
        findings.extend(found.into_iter().flatten());
    }
    findings.sort_by_key(|f| (f.line, f.column, f.code));
    findings
}
