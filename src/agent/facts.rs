//! What the plan says about a package beside its task, as a list for the prompt.
//!
//! Nothing here decides anything. It stands in the prompt because somebody wrote it for whoever
//! does the work.

use crate::base::json::{Map, Value};
use crate::model::{Package, Plan};

/// Writes the section, if there is anything to say.
pub(super) fn write(plan: &Plan, package: &Package, out: &mut String) {
    let lines = lines(plan, package);
    if lines.is_empty() {
        return;
    }
    out.push_str("## About this package\n\n");
    for (name, value) in lines {
        // A value of several lines must not look like a heading of the prompt.
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        out.push_str(&format!("- {name}: {value}\n"));
    }
    out.push('\n');
}

fn lines(plan: &Plan, package: &Package) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut say = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            out.push((name.to_owned(), value.to_owned()));
        }
    };
    // What an element of a document is called stands in the heading of the prompt.
    let kind = Some(package.task_type.as_str()).filter(|_| !plan.format.is_document());
    say("kind of task", kind);
    say("role", package.role.as_deref());
    say("archetype", package.archetype.as_deref());
    say("worktree as planned", package.worktree.name.as_deref());
    say("lands as", package.decomposition.as_deref());
    let position = package.stack_position.map(|position| position.to_string());
    say("position in the stack, from 0", position.as_deref());
    say("why the locks are held", package.locks.reason.as_deref());
    say("plan written by", plan.feature.created_by.as_deref());
    say("plan written at", plan.feature.created_at.as_deref());
    for (name, value) in &package.metadata {
        out.push((words(name), plain(value)));
    }
    impact(package.context_impact.as_ref(), &mut out);
    out.extend(plan.contracts.advice());
    out
}

/// Surfaces, and for each exception who approved it and why.
fn impact(impact: Option<&Value>, out: &mut Vec<(String, String)>) {
    let Some(impact) = impact else {
        return;
    };
    let surfaces = impact.get("surfaces").and_then(Value::as_array);
    let surfaces: Vec<String> = surfaces.into_iter().flatten().map(plain).collect();
    let listed = match surfaces.is_empty() {
        true => "none".to_owned(),
        false => surfaces.join(", "),
    };
    out.push(("project context that changes with it".to_owned(), listed));
    let none = Map::new();
    let reasons = impact.get("rationale").and_then(Value::as_object);
    for (surface, reason) in reasons.unwrap_or(&none) {
        let text = |field: &str| reason.get(field).map(plain).unwrap_or_default();
        let value = format!("{} (approved by {})", text("reason"), text("approved_by"));
        out.push((format!("{} does not change", words(surface)), value));
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
