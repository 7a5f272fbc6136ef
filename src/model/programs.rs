//! Every command line that a plan or a `wp.toml` would have the runner start: what a person sees
//! before approving, and all that an approval covers.

use serde::Serialize;

use crate::base::PackageId;
use crate::base::json::Value;
use crate::model::package::Package;
use crate::model::plan::Plan;
use crate::model::settings::Project;
use crate::model::verification::StepKind;

/// One command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Program {
    /// The package it belongs to; `None` for those of `wp.toml`.
    pub package: Option<PackageId>,
    /// Where it is written, for instance ``step `unit` `` or `inputs.run`.
    pub place: String,
    /// The command line as it is run.
    pub command: String,
    /// Folder and variables it is run with, if any are written.
    pub with: String,
}

/// The command lines of a plan, in file order.
pub fn of_plan(plan: &Plan) -> Vec<Program> {
    plan.packages.iter().flat_map(of_package).collect()
}

fn of_package(package: &Package) -> Vec<Program> {
    let mut all = Vec::new();
    if let Some(run) = package.inputs.get("run") {
        all.push(Program {
            package: Some(package.id.clone()),
            place: "inputs.run".to_owned(),
            command: line(run),
            with: "by the agent `shell`".to_owned(),
        });
    }
    for step in &package.verification.steps {
        if let StepKind::Command {
            command, cwd, env, ..
        } = &step.kind
        {
            let folder = cwd.iter().map(|cwd| format!("in {cwd}"));
            let variables = env.iter().map(|(name, value)| format!("{name}={value}"));
            let with: Vec<String> = folder.chain(variables).collect();
            all.push(Program {
                package: Some(package.id.clone()),
                place: format!("step `{}`", step.name),
                command: command.clone(),
                with: with.join(" "),
            });
        }
    }
    all
}

/// A command line may be written as one string or as a list of lines or words.
fn line(run: &Value) -> String {
    match run {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The command lines of a `wp.toml`, in the order of its tables.
pub fn of_project(project: &Project) -> Vec<Program> {
    let one = |place: &str, command: &String| Program {
        package: None,
        place: place.to_owned(),
        command: command.clone(),
        with: String::new(),
    };
    let setup = project.worktree.setup.iter();
    let teardown = project.worktree.teardown.iter();
    let last = project.verify.final_commands.iter();
    let contracts = project.contracts.verify.iter();
    let status = project.purple.status_command.iter();
    let server = project.purple.status_server.iter();
    setup
        .map(|c| one("[worktree] setup", c))
        .chain(teardown.map(|c| one("[worktree] teardown", c)))
        .chain(last.map(|c| one("[verify] final", c)))
        .chain(contracts.map(|c| one("[contracts] verify", c)))
        .chain(status.map(|c| one("[purple] status_command", c)))
        .chain(server.map(|c| one("[purple] status_server", c)))
        .collect()
}
