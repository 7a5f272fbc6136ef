//! The plan of a feature that has no plan file: one package that may write everything.

use crate::base::json::Map;
use crate::base::{ContentHash, FeatureId, PackageId};
use crate::model::package::{Locks, Outputs, Worktree};
use crate::model::verification::{Tier, Verification};
use crate::model::{Contracts, Feature, Format, Package, Plan, ScopeMode, ScopeSpec};
use crate::plan::convert;

/// One package `wp-main` with the scope `**`, described by `description`.
pub fn linear(feature: FeatureId, source: &str, description: &str) -> Plan {
    let everything = || vec!["**".to_owned()];
    let package = Package {
        id: PackageId::parse("wp-main").expect("a literal in the right form"),
        title: None,
        task_type: "implement".to_owned(),
        description: description.to_owned(),
        role: None,
        priority: convert::PRIORITY,
        archetype: None,
        depends_on: Vec::new(),
        locks: Locks {
            ttl_minutes: convert::LOCK_TTL_MINUTES,
            ..Locks::default()
        },
        scope: ScopeSpec {
            write_allow: everything(),
            read_allow: everything(),
            deny: Vec::new(),
            mode: ScopeMode::Strict,
        },
        worktree: Worktree::default(),
        timeout_minutes: convert::TIMEOUT_MINUTES,
        retry_budget: convert::RETRY_BUDGET,
        min_trust_level: convert::MIN_TRUST_LEVEL,
        verification: Verification {
            tier: Tier::C,
            steps: Vec::new(),
        },
        inputs: Map::new(),
        outputs: Outputs::default(),
        metadata: Map::new(),
        decomposition: None,
        stack_position: None,
        context_impact: None,
        listing: None,
    };
    Plan {
        source: source.to_owned(),
        format: Format::Linear,
        hash: ContentHash::of(format!("{feature}\n{description}").as_bytes()),
        feature: Feature {
            id: feature,
            title: None,
            plan_revision: 1,
            created_by: None,
            created_at: None,
        },
        contracts: Contracts {
            revision: 1,
            ..Contracts::default()
        },
        packages: vec![package],
        settled: Vec::new(),
    }
}
