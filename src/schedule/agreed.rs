//! Which contracts concern a package, and what that makes of its definition.

use crate::base::{ContentHash, PackageId, RepoPath};
use crate::model::{Choice, Package};
use crate::schedule::agenda;
use crate::scope::{Fold, Pattern};
use crate::state::FeatureView;
use crate::state::questions::{self, Question};
use crate::state::record::ContractSeen;

/// The definition of a package with the contracts that concern it: a contract that changes makes
/// other work of these packages, and of no others.
pub fn definition(
    package: &Package,
    contracts: &[ContractSeen],
    records: &FeatureView,
) -> ContentHash {
    let mut all = agenda::definition(package).to_string();
    for contract in contracts.iter().filter(|c| concerns(package, &c.path)) {
        let hash = contract.hash.as_ref().map(ToString::to_string);
        all += &format!("\n{} {}", contract.path, hash.unwrap_or_default());
    }
    for question in questions::all(records) {
        if is_bump(&question) && is_named(&question, &package.id) {
            all += &format!("\n{}", question.id());
        }
    }
    ContentHash::of(all.as_bytes())
}

/// True if the package holds a key of the contract, or names it in what it reads or writes. Who
/// may read or write everything names nothing.
pub fn concerns(package: &Package, contract: &str) -> bool {
    let contract = contract.trim_start_matches("./");
    let path = RepoPath::from(contract);
    let key = |key: &str| {
        key.strip_prefix("contract:")
            .is_some_and(|path| path.trim_start_matches("./") == contract)
    };
    let names = |pattern: &String| names(pattern, &path);
    let keys = package.locks.keys.iter().any(|k| key(k.as_str()));
    let files = package.locks.files.iter().any(names);
    let scope = &package.scope;
    keys || files || scope.write_allow.iter().any(names) || scope.read_allow.iter().any(names)
}

/// True if the plan lets the package change the contract, and names it.
pub fn writes(package: &Package, contract: &str) -> bool {
    let path = RepoPath::from(contract.trim_start_matches("./"));
    let scope = &package.scope;
    let mut allowed = scope.write_allow.iter();
    allowed.any(|pattern| names(pattern, &path)) && !scope.deny.iter().any(|p| names(p, &path))
}

/// True if the pattern matches the path, and not everything.
fn names(pattern: &str, path: &RepoPath) -> bool {
    let explicit = !matches!(pattern, "**" | "*" | "**/*" | ".");
    explicit && Pattern::parse(pattern).is_ok_and(|p| p.matches(path, Fold::None))
}

fn is_bump(question: &Question<'_>) -> bool {
    let choice = question
        .answer
        .and_then(|answer| Choice::parse(&answer.choice));
    choice == Some(Choice::BumpContracts)
}

fn is_named(question: &Question<'_>, package: &PackageId) -> bool {
    let impact = question.asked.escalation.impact.iter();
    let mut named = impact.flat_map(|impact| &impact.impacted_packages);
    question.is_of(package) || named.any(|id| id == package.as_str())
}
