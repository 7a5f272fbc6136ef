//! Reads and judges the plan that a verb was given.

use std::path::Path;

use crate::base::text::foreign;
use crate::base::{ContentHash, Error, FeatureId, Oid, RepoPath, Result};
use crate::check::{self, Report};
use crate::commands::Context;
use crate::commands::change::{self, Change, LinearChange};
use crate::commands::places;
use crate::graph::Graph;
use crate::model::{Finding, Format, Plan, Severity};
use crate::os::file;
use crate::plan::document::{self, Asked, BarrierAsked};
use crate::plan::outline::Outline;
use crate::plan::{self, Parsed};
use crate::schedule::agreed;
use crate::schedule::gates;
use crate::scope::Fold;
use crate::state::FeatureView;
use crate::state::record::{By, ContractSeen, PackageBrief, PlanOrigin};
use crate::store::Store;

/// A plan that was read and judged.
pub(super) struct Reading {
    /// The plan, as far as it could be read.
    pub parsed: Parsed,
    /// What was found. The shape is a contract.
    pub report: Report,
    /// The text.
    pub text: Vec<u8>,
    /// Its contracts as they are.
    pub contracts: Vec<ContractSeen>,
}

/// A plan without errors, as far as it is left to do.
pub(super) struct ValidPlan {
    /// The plan.
    pub plan: Plan,
    /// Its graph.
    pub graph: Graph,
    /// The text.
    pub text: Vec<u8>,
    /// What an approval binds: the text, without the marks by which a document is ticked off.
    pub terms: Vec<u8>,
    /// What the document says beside it, done elements included, where the plan is one.
    pub outline: Option<Outline>,
    /// How it was read.
    pub asked: Asked,
    /// Its contracts as they are.
    pub contracts: Vec<ContractSeen>,
    /// Warnings.
    pub findings: Vec<Finding>,
}

/// Gives the bytes of a file that a plan refers to.
type ReadFile<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// Whether a change without a plan file will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linear {
    /// It is one package that may write everything.
    Allowed,
    /// The verb needs a plan file.
    Refused,
}

/// How a plan is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// Whether a change without a plan file will do.
    pub linear: Linear,
    /// The format, where it is not to be recognised.
    pub format: Option<Format>,
    /// What was asked of a document.
    pub asked: Asked,
}

impl From<Linear> for How {
    fn from(linear: Linear) -> Self {
        How {
            linear,
            format: None,
            asked: Asked::default(),
        }
    }
}

/// Finds, reads and judges. `word` is `CHANGE`, or `None` for the only one.
///
/// # Errors
/// Usage: nothing was found or it cannot be read. What is wrong inside is in the reading.
pub(super) fn read(
    cx: &mut Context<'_>,
    word: Option<&str>,
    how: impl Into<How>,
) -> Result<Reading> {
    let how = how.into();
    let root = cx.root()?;
    let word = match word {
        Some(word) => word.to_owned(),
        None => change::only(&root)?,
    };
    match change::find(&word, cx.here(), &root)? {
        Change::Plan(file) => {
            let linear = change::without_tasks(&file, &root);
            let reading = judge(
                cx,
                (&root, &|path: &str| read_inside(&root, path)),
                (file.source, file.bytes),
                (how.format, how.asked),
            )?;
            let outline = reading.parsed.outline.as_ref();
            let is_bare = outline.is_none_or(|outline| outline.items.is_empty());
            match linear.filter(|_| is_bare && how.linear == Linear::Allowed) {
                Some(change) => Ok(one_package(&change)),
                None => Ok(reading),
            }
        }
        Change::Linear(change) if how.linear == Linear::Allowed => Ok(one_package(&change)),
        Change::Linear(change) => {
            let message = format!("the change `{}` has no plan", change.feature);
            let hint = format!("write {}/{}", change.source, places::PLAN_FILE);
            Err(Error::usage("plan-missing", message).hint(hint))
        }
    }
}

/// Reads a plan that has to be free of errors.
///
/// # Errors
/// As [`read`]; the first findings, if it is not valid.
pub(super) fn valid(
    cx: &mut Context<'_>,
    word: Option<&str>,
    how: impl Into<How>,
) -> Result<ValidPlan> {
    let how = how.into();
    let reading = read(cx, word, how)?;
    match reading.report.valid {
        true => taken(reading, how.asked),
        false => Err(not_valid(&reading.report)),
    }
}

/// What is left to do of a plan without errors.
fn taken(reading: Reading, asked: Asked) -> Result<ValidPlan> {
    let Reading {
        parsed,
        report,
        text,
        contracts,
    } = reading;
    let Some(plan) = parsed.plan else {
        return Err(not_valid(&report));
    };
    let whole = std::str::from_utf8(&text).ok();
    let terms = match (&parsed.outline, whole) {
        (Some(outline), Some(whole)) => document::terms(outline, whole).into_bytes(),
        _ => text.clone(),
    };
    let plan = document::to_do(plan);
    Ok(ValidPlan {
        graph: Graph::of(&plan),
        plan,
        text,
        terms,
        outline: parsed.outline,
        asked,
        contracts,
        findings: report.findings,
    })
}

/// A plan as it was published, whatever the checkout holds: the one of the newest run, or
/// the newest. What it refers to is read from where the run begins.
///
/// # Errors
/// The first findings, if it is not valid; damaged, if it is the plan of something else.
pub(super) fn published(
    cx: &mut Context<'_>,
    store: &Store,
    (feature, records): (&FeatureId, &FeatureView),
) -> Result<ValidPlan> {
    let run = records.last_run().map(|run| &run.started);
    let origin = match run {
        Some(run) => records.plans.get(&run.plan),
        None => records.current_plan(),
    };
    let bytes = origin.map(|origin| store.plan_bytes(feature, &origin.hash));
    let (Some(origin), Some(bytes)) = (origin, bytes.transpose()?.flatten()) else {
        let message = format!("`{feature}` has no plan that can be read");
        return Err(Error::damaged("plan-unreadable", message).hint("git wp doctor"));
    };
    let repo = cx.repo()?;
    let objects = repo.objects();
    let tree = run.map(|run| objects.commit(&run.base)).transpose()?;
    let read_file = |path: &str| {
        let found = objects.file(&tree.as_ref()?.tree, &RepoPath::from(path));
        found.ok().flatten()
    };
    as_published(cx, (feature, origin), bytes, &read_file)
}

/// How a published plan was read.
pub(super) fn words_of(origin: &PlanOrigin) -> Asked {
    Asked {
        barrier: origin.barrier.as_deref().and_then(BarrierAsked::parse),
        eager: origin.eager,
    }
}

fn as_published(
    cx: &mut Context<'_>,
    (feature, origin): (&FeatureId, &PlanOrigin),
    bytes: Vec<u8>,
    read_file: &ReadFile<'_>,
) -> Result<ValidPlan> {
    let asked = words_of(origin);
    let reading = match origin.format {
        Format::Linear => {
            let text = String::from_utf8_lossy(&bytes);
            let plan = plan::linear(feature.clone(), &origin.path, &text);
            as_reading(plan, bytes.clone())
        }
        format => {
            let here = cx.here().to_owned();
            let named = (origin.path.clone(), bytes);
            judge(cx, (&here, read_file), named, (Some(format), asked))?
        }
    };
    if !reading.report.valid {
        return Err(not_valid(&reading.report));
    }
    let mut valid = taken(reading, asked)?;
    if valid.plan.feature.id != *feature || valid.plan.hash != origin.hash {
        let message = format!("the plan of `{feature}` is not what was published");
        return Err(Error::damaged("plan", message).hint("git wp doctor"));
    }
    valid.findings.clear();
    // What was approved counts, whatever the place that it was read from has now.
    valid.contracts.clone_from(&origin.contracts);
    Ok(valid)
}

/// The error for a plan that cannot be used: its first findings.
pub(super) fn not_valid(report: &Report) -> Error {
    let errors: Vec<&Finding> = errors(&report.findings).collect();
    let mut message = format!("the plan `{}` is not valid", foreign(&report.source));
    for finding in errors.iter().take(SHOWN_MAX) {
        let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
        let code = finding.code.as_str();
        message.push_str(&format!("\n{place}: {code}: {}", finding.message));
    }
    if errors.len() > SHOWN_MAX {
        message.push_str(&format!("\nand {} more", errors.len() - SHOWN_MAX));
    }
    let hint = format!("git wp validate {}", foreign(&report.source));
    Error::negative("plan-invalid", message).hint(hint)
}

const SHOWN_MAX: usize = 10;

fn errors(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|f| f.severity == Severity::Error)
}

fn judge(
    cx: &mut Context<'_>,
    (root, read_file): (&Path, &ReadFile<'_>),
    (source, bytes): (String, Vec<u8>),
    (format, asked): (Option<Format>, Asked),
) -> Result<Reading> {
    let (namespaces, fold) = match cx.has_repo()? {
        true => (cx.settings()?.project.locks.namespaces, fold(cx)?),
        false => (Vec::new(), Fold::None),
    };
    let env = cx.env();
    let program_exists = |name: &str| env.finds_program(name, root);
    let context = check::Context {
        read_file,
        program_exists: &program_exists,
        extra_namespaces: &namespaces,
        fold,
    };
    let parsed = plan::open(&bytes, &source, format, asked);
    let report = check::judge(&parsed, &source, &context);
    let files = parsed.plan.iter().flat_map(|plan| &plan.contracts.files);
    let seen = files.map(|file| ContractSeen {
        path: file.path.clone(),
        hash: check::contract_bytes(&source, read_file, &file.path).map(|b| ContentHash::of(&b)),
    });
    Ok(Reading {
        contracts: seen.collect(),
        parsed,
        report,
        text: bytes,
    })
}

/// Contract files are read from inside the checkout only, wherever a link may lead.
fn read_inside(root: &Path, path: &str) -> Option<Vec<u8>> {
    let full = root.join(path).canonicalize().ok()?;
    if !full.starts_with(root) {
        return None;
    }
    file::read_bounded(&full, CONTRACT_BYTES_MAX).ok().flatten()
}

const CONTRACT_BYTES_MAX: u64 = 16 << 20;

/// Whether this checkout's file system tells `a` from `A`, as git found out when it was made.
fn fold(cx: &mut Context<'_>) -> Result<Fold> {
    let ignores = cx.repo()?.git().setting("core.ignorecase")?;
    Ok(match ignores.as_deref() {
        Some("true") => Fold::Case,
        _ => Fold::None,
    })
}

fn one_package(change: &LinearChange) -> Reading {
    let text = format!(
        "Implement the change `{}` as its proposal, design and task list say.\n",
        change.feature
    );
    let plan = plan::linear(change.feature.clone(), &change.source, &text);
    as_reading(plan, text.into_bytes())
}

fn as_reading(plan: Plan, text: Vec<u8>) -> Reading {
    let report = Report {
        source: plan.source.clone(),
        format: Some(plan.format),
        feature: Some(plan.feature.id.clone()),
        packages: 1,
        valid: true,
        findings: Vec::new(),
    };
    Reading {
        contracts: Vec::new(),
        parsed: Parsed {
            plan: Some(plan),
            findings: Vec::new(),
            spans: plan::Spans::default(),
            outline: None,
        },
        report,
        text,
    }
}

/// The record of a plan: as it was published, else as it would be.
pub(super) fn recorded(
    (valid, records): (&ValidPlan, &FeatureView),
    blob: Oid,
    by: By,
) -> PlanOrigin {
    match records.plans.get(&valid.plan.hash) {
        Some(origin) => origin.clone(),
        None => origin((valid, records), blob, by),
    }
}

/// The record of a plan whose bytes stand in `blob`.
pub(super) fn origin(
    (valid, records): (&ValidPlan, &FeatureView),
    blob: Oid,
    by: By,
) -> PlanOrigin {
    let plan = &valid.plan;
    let briefs = plan.packages.iter().map(|package| PackageBrief {
        id: package.id.clone(),
        after: valid
            .graph
            .effective(&package.id)
            .iter()
            .map(|e| e.on.clone())
            .collect(),
        retries: package.retry_budget,
        gate: gates::is_gate(package),
        definition: Some(agreed::definition(package, &valid.contracts, records)),
    });
    PlanOrigin {
        hash: plan.hash.clone(),
        blob,
        path: plan.source.clone(),
        format: plan.format,
        plan_revision: plan.feature.plan_revision,
        contracts_revision: plan.contracts.revision,
        packages: briefs.collect(),
        contracts: valid.contracts.clone(),
        barrier: valid
            .asked
            .barrier
            .map(|barrier| barrier.as_str().to_owned()),
        eager: valid.asked.eager,
        by,
    }
}
