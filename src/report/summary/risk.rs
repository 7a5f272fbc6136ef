//! How careful a reviewer should be, with the rule and the paths that say so.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::base::RepoPath;
use crate::model::{ContractKind, Plan};
use crate::report::summary::contracts::is_contract;

/// The risk class of what was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// `high` or `low`.
    pub class: String,
    /// The rules that apply; empty for `low`.
    pub rules: Vec<RiskRule>,
}

/// A rule and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RiskRule {
    /// `db-contract`, `migration` or `openapi`.
    pub rule: String,
    /// Paths that were changed.
    pub paths: Vec<RepoPath>,
}

/// High if a database contract, a migration or an OpenAPI file changed.
pub(super) fn judge(plan: &Plan, changed: &BTreeSet<RepoPath>) -> Risk {
    let of_kind = |path: &str, kind: ContractKind| {
        let mut contracts = plan.contracts.files.iter().filter(|c| c.kind == kind);
        contracts.any(|c| is_contract(path, &c.path))
    };
    let db = |path: &str| of_kind(path, ContractKind::Sql);
    let openapi = |path: &str| of_kind(path, ContractKind::Openapi) || looks_like_openapi(path);
    let rules = [
        rule("db-contract", changed, db),
        rule("migration", changed, is_migration),
        rule("openapi", changed, openapi),
    ];
    let rules: Vec<RiskRule> = rules.into_iter().flatten().collect();
    let class = if rules.is_empty() { "low" } else { "high" };
    Risk {
        class: class.to_owned(),
        rules,
    }
}

fn rule(
    name: &str,
    changed: &BTreeSet<RepoPath>,
    holds: impl Fn(&str) -> bool,
) -> Option<RiskRule> {
    let paths: Vec<RepoPath> = changed
        .iter()
        .filter(|p| holds(&p.to_text()))
        .cloned()
        .collect();
    (!paths.is_empty()).then(|| RiskRule {
        rule: name.to_owned(),
        paths,
    })
}

fn is_migration(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let named = |part: &str| matches!(part, "migrations" | "migration" | "migrate" | "alembic");
    folders.to_lowercase().split('/').any(named)
}

fn looks_like_openapi(path: &str) -> bool {
    let path = path.to_lowercase();
    let data = [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| path.ends_with(end));
    data && path
        .split('/')
        .any(|part| part == "openapi" || part.starts_with("openapi."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_and_interfaces_are_seen_by_their_place() {
        assert!(is_migration("db/migrations/001.sql"));
        assert!(is_migration("app/Migrate/1.rb"));
        assert!(!is_migration("docs/migrations.md"));
        assert!(looks_like_openapi("contracts/openapi/v1.yaml"));
        assert!(looks_like_openapi("api/openapi.json"));
        assert!(!looks_like_openapi("src/openapi/client.ts"));
    }
}
