//! Guardrails and policy. An agent has the trust of its attempt, and outside of attempts that of
//! any agent: a server speaks for an agent, never for a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Anything, Items, items};
use crate::base::Result;
use crate::base::json::{self, Value, json};
use crate::commands::mcp::desk::Work;
use crate::commands::mcp::gate::acting;
use crate::commands::mcp::reply::Reply;
use crate::commands::policy;
use crate::commands::weigh;
use crate::guard::policy::Ask;
use crate::guard::{self, Finding};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Guard {
    /// A command line
    operation_text: String,
    /// Files it will write
    file_paths: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Guarded {
    safe: bool,
    violations: Items,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    operation: String,
    resource: Option<String>,
    context: Option<Anything>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Decided {
    allowed: bool,
    reason: String,
    engine: &'static str,
    diagnostics: Anything,
}

/// What a command line would destroy.
pub(super) fn guard(work: &mut Work<'_>, asked: Guard) -> Result<Reply<Guarded>> {
    let rules = weigh::rules(&mut work.cx)?;
    let request = guard::Request {
        text: &asked.operation_text,
        paths: &asked.file_paths.unwrap_or_default(),
        trust: acting(work)?.trust,
    };
    let verdict = guard::judge(&rules, &request);
    let row = |finding: &Finding| {
        json!({
            "pattern_name": finding.rule,
            "category": finding.category,
            "severity": finding.level,
            "matched_text": finding.matched,
            "blocked": finding.blocked,
            "why": finding.why,
            "advice": finding.advice,
        })
    };
    Ok(Reply::yes(Guarded {
        safe: verdict.safe,
        violations: items(verdict.findings.iter().map(row))?,
    }))
}

/// Whether something may be done, and why. `context.files` is the number of files it changes.
pub(super) fn policy(work: &mut Work<'_>, asked: Check) -> Result<Reply<Decided>> {
    let acting = acting(work)?;
    let resource = asked.resource.unwrap_or_default();
    let context = asked.context.map_or(Value::Null, |context| context.0);
    let ask = Ask {
        operation: &asked.operation,
        resource: &resource,
        trust: acting.trust,
        profile: acting.profile(),
        files: context["files"].as_u64().and_then(|n| n.try_into().ok()),
    };
    let decision = policy::decide(&mut work.cx, &ask)?;
    Ok(Reply::yes(Decided {
        allowed: decision.allowed,
        reason: super::said(&decision.reason),
        engine: "git-wp",
        diagnostics: Anything(super::as_data(json::value(&decision)?)),
    }))
}
