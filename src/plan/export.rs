//! A plan of any format as work-packages.yaml, in the full form.
//!
//! Ids that the form does not allow get one that it does; the verbatim id stands in the title.
//! What a document leaves open stays open: a package without declared files may write everything
//! and runs alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::{Error, PackageId, Result, text};
use crate::model::{Package, Plan, ScopeMode};

const DESCRIPTION_CHARS_MAX: usize = 4000;
const TITLE_CHARS_MAX: usize = 120;
const NAME_CHARS_MAX: usize = 60;

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    feature: Header,
    packages: Vec<Entry>,
}

#[derive(Serialize)]
struct Header {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    plan_revision: u32,
    created_by: String,
}

#[derive(Serialize)]
struct Entry {
    package_id: String,
    title: String,
    task_type: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    depends_on: Vec<String>,
    locks: Locks,
    scope: Scope,
    worktree: Worktree,
    timeout_minutes: u32,
    retry_budget: u32,
    verification: Verification,
    outputs: Outputs,
}

#[derive(Serialize)]
struct Locks {
    files: Vec<String>,
    keys: Vec<String>,
}

#[derive(Serialize)]
struct Scope {
    write_allow: Vec<String>,
    read_allow: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deny: Vec<String>,
}

#[derive(Serialize)]
struct Worktree {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
}

#[derive(Serialize)]
struct Verification {
    tier_required: &'static str,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    name: &'static str,
    kind: &'static str,
    manual_instructions: String,
    evidence: Evidence,
}

#[derive(Serialize)]
struct Evidence {
    artifacts: Vec<String>,
    result_keys: Vec<String>,
}

#[derive(Serialize)]
struct Outputs {
    result_keys: Vec<&'static str>,
}

/// The YAML text of a plan, and the new name of every package whose id had to change.
///
/// # Errors
/// A bug: the text could not be made.
pub fn work_packages(plan: &Plan) -> Result<(String, Vec<(PackageId, String)>)> {
    let names = names(plan);
    let document = Document {
        schema_version: 1,
        feature: Header {
            id: plan.feature.id.as_str().chars().map(plain).collect(),
            title: plan
                .feature
                .title
                .as_deref()
                .map(|title| text::cut(title, 200)),
            plan_revision: plan.feature.plan_revision,
            created_by: format!("converted from {}", plan.format.as_str()),
        },
        packages: plan
            .packages
            .iter()
            .map(|p| entry(p, plan, &names))
            .collect(),
    };
    let yaml = serde_yaml::to_string(&document)
        .map_err(|e| Error::bug("a plan cannot be written as YAML").because(e.to_string()))?;
    let changed = names.into_iter().filter(|(id, name)| id.as_str() != name);
    Ok((yaml, changed.map(|(id, name)| (id.clone(), name)).collect()))
}

fn entry(package: &Package, plan: &Plan, names: &BTreeMap<&PackageId, String>) -> Entry {
    let name = names[&package.id].clone();
    let label = match package.id.as_str() == name {
        true => package.label().to_owned(),
        false => format!("{}: {}", package.id, package.label()),
    };
    let body = match package.description.trim() {
        "" => label.clone(),
        body => body.to_owned(),
    };
    let alone = package.runs_alone();
    let awaited = package.depends_on.iter();
    let awaited: BTreeSet<&String> = awaited.filter_map(|edge| names.get(&edge.on)).collect();
    Entry {
        title: text::cut(&label, TITLE_CHARS_MAX),
        task_type: "implement".to_owned(),
        description: text::cut(&body, DESCRIPTION_CHARS_MAX),
        role: package
            .role
            .as_deref()
            .map(|role| text::cut(role, NAME_CHARS_MAX)),
        depends_on: awaited.into_iter().cloned().collect(),
        locks: Locks {
            files: Vec::new(),
            keys: package
                .locks
                .keys
                .iter()
                .map(|key| key.as_str().to_owned())
                .collect(),
        },
        scope: Scope {
            write_allow: files(package),
            read_allow: vec!["**".to_owned()],
            deny: package.scope.deny.clone(),
        },
        worktree: Worktree {
            name: name.clone(),
            mode: (alone || package.scope.mode == ScopeMode::Open).then_some("shared"),
        },
        timeout_minutes: package.timeout_minutes,
        retry_budget: package.retry_budget,
        verification: verification(package, plan),
        outputs: Outputs {
            result_keys: vec!["summary"],
        },
        package_id: name,
    }
}

/// The write scope without the papers that only the format of the document knows.
fn files(package: &Package) -> Vec<String> {
    let papers = package.listing.as_ref().map_or(&[][..], |l| &l.papers);
    let write = package.scope.write_allow.iter();
    write
        .filter(|path| !papers.contains(path))
        .cloned()
        .collect()
}

/// A document names no commands, so a person looks.
fn verification(package: &Package, plan: &Plan) -> Verification {
    let (id, source) = (&package.id, &plan.source);
    Verification {
        tier_required: "C",
        steps: vec![Step {
            name: "as described",
            kind: "manual",
            manual_instructions: format!("check what {id} asks for in {source}"),
            evidence: Evidence {
                artifacts: Vec::new(),
                result_keys: Vec::new(),
            },
        }],
    }
}

fn plain(c: char) -> char {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | ':' | '-' => c,
        _ => '-',
    }
}

/// A name in the form of the schema for every package, each only once.
fn names(plan: &Plan) -> BTreeMap<&PackageId, String> {
    let (mut names, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for package in &plan.packages {
        let wanted = name(package.id.as_str());
        let mut unique = wanted.clone();
        let mut number = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{wanted}-{number}");
            number += 1;
        }
        names.insert(&package.id, unique);
    }
    names
}

fn name(id: &str) -> String {
    let lower = id.to_lowercase();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    let mapped: String = lower
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .collect();
    let cut: String = mapped.chars().take(NAME_CHARS_MAX - 3).collect();
    let begins = cut.starts_with(|c: char| c.is_ascii_lowercase());
    if begins { cut } else { format!("wp-{cut}") }
}
