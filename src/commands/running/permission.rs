//! Nothing that arrived by git runs before a person said yes to exactly those bytes.

use crate::base::{Error, Result};
use crate::commands::reading::ValidPlan;
use crate::commands::{Context, trust};
use crate::config::rights::Subject;
use crate::model::{Format, programs};
use crate::report;
use crate::report::diff::{self, Versions};

/// Fails unless the plan and `wp.toml` may run here, and says what would run.
///
/// A change without a plan file names no program and needs no approval.
///
/// # Errors
/// Policy: `not-approved`, `plan-changed` or `not-trusted`.
pub(in crate::commands) fn demand(cx: &mut Context<'_>, valid: &ValidPlan) -> Result<()> {
    if valid.plan.format != Format::Linear {
        demand_plan(cx, valid)?;
    }
    trust::demand(cx)
}

/// Fails unless exactly this plan may run here.
///
/// # Errors
/// Policy: `not-approved` or `plan-changed`.
pub(in crate::commands) fn demand_plan(cx: &mut Context<'_>, valid: &ValidPlan) -> Result<()> {
    let rights = cx.rights()?;
    if rights.find(Subject::Plan, &valid.terms)?.is_some() {
        return Ok(());
    }
    let feature = &valid.plan.feature.id;
    let page = cx.ui.story_page();
    let hint = format!("read it, then: git wp approve {feature}");
    if let Some(old) = rights.newest(Subject::Plan, feature.as_str())? {
        let new = String::from_utf8_lossy(&valid.terms);
        let source = &valid.plan.source;
        let versions = Versions {
            old_name: &format!("{source} as approved"),
            old: &old.text,
            new_name: &format!("{source} as it is now"),
            new: &new,
        };
        let shown = diff::render(&versions, page);
        let message = format!(
            "the plan changed since it was approved:\n{}",
            shown.trim_end()
        );
        return Err(Error::policy("plan-changed", message).hint(hint));
    }
    let commands = programs::of_plan(&valid.plan);
    let mut message = format!("the plan of `{feature}` is not approved on this machine");
    if !commands.is_empty() {
        let shown = report::programs::render(&commands, page);
        message.push_str(&format!("; it would run:\n{}", shown.trim_end()));
    }
    Err(Error::policy("not-approved", message).hint(hint))
}
