//! Packages for the tests of this floor.

use crate::base::json::Map;
use crate::base::{ContentHash, FeatureId, PackageId};
use crate::model::package::{Locks, Outputs, Worktree};
use crate::model::{
    Contract, ContractKind, Contracts, Feature, Format, Package, Plan, ScopeSpec, Tier,
    Verification,
};

/// A package that writes `src/**`.
pub(crate) fn package(id: &str) -> Package {
    Package {
        id: PackageId::parse(id).unwrap(),
        title: None,
        task_type: "implement".to_owned(),
        description: "Do it.".to_owned(),
        role: None,
        priority: 5,
        archetype: None,
        depends_on: Vec::new(),
        locks: Locks::default(),
        scope: ScopeSpec {
            write_allow: vec!["src/**".to_owned()],
            ..ScopeSpec::default()
        },
        worktree: Worktree::default(),
        timeout_minutes: 60,
        retry_budget: 1,
        min_trust_level: 0,
        verification: Verification {
            tier: Tier::A,
            steps: Vec::new(),
        },
        inputs: Map::new(),
        outputs: Outputs::default(),
        metadata: Map::new(),
        decomposition: None,
        stack_position: None,
        context_impact: None,
        listing: None,
    }
}

/// A plan with two contract files and no package.
pub(crate) fn plan(source: &str) -> Plan {
    let contract = |path: &str, kind| Contract {
        path: path.to_owned(),
        kind,
    };
    Plan {
        source: source.to_owned(),
        format: Format::WorkPackages,
        hash: ContentHash::of(b"plan"),
        feature: Feature {
            id: FeatureId::parse("add-auth").unwrap(),
            title: Some("Add auth".to_owned()),
            plan_revision: 2,
            created_by: None,
            created_at: None,
        },
        contracts: Contracts {
            revision: 3,
            primary: Some("contracts/openapi/v1.yaml".to_owned()),
            files: vec![
                contract("db/schema.sql", ContractKind::Sql),
                contract("contracts/openapi/v1.yaml", ContractKind::Openapi),
            ],
            ..Contracts::default()
        },
        packages: Vec::new(),
        settled: Vec::new(),
    }
}
