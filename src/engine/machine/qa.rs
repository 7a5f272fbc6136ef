//! A QA round: for every surface of the merged tree an agent that only reads it and reports.
//!
//! What it reports counts only in its form and with a result for every planned check; whatever else
//! comes back is on record as a fault.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::agent::{AgentEnd, Limits};
use crate::base::json::{self, Value};
use crate::base::{Error, Kind, Oid, RepoPath, Result};
use crate::engine::effect::Outcome;
use crate::engine::machine::worker::Worker;
use crate::engine::reading::{Answer, Library, ReadOrder, Reading};
use crate::model::Package;
use crate::model::qa::{QaReading, QaReport, QaRound, QaSurface};
use crate::plan::outline::Text;
use crate::plan::{outline_of, qa_report};
use crate::qa::plan::Tree;
use crate::qa::prompt::{About, prompt};
use crate::qa::{self, round};

/// The longest look at one surface.
const WALL: Duration = Duration::from_secs(60 * 60);
/// Largest file that a detector looks into.
const FILE_BYTES_MAX: usize = 1 << 20;

impl Worker {
    /// Makes a round on a commit.
    pub(super) fn look(&self, commit: &Oid, (number, merged): (u32, u32)) -> Result<Outcome> {
        let earlier = self.records()?.qa_rounds().next();
        let plan = match earlier {
            // The same in every round, whatever was repaired meanwhile.
            Some(first) => first.plan.clone(),
            None => self.qa_plan(commit)?,
        };
        let library = Library::open(&self.shared.setup.repo, &self.shared.setup.rooms)?;
        let each = plan
            .iter()
            .map(|surface| self.surface(&library, (commit, number), surface));
        let readings: Result<Vec<QaReading>> = each.collect();
        library.close()?;
        Ok(Outcome::Looked(Box::new(QaRound {
            number,
            commit: commit.clone(),
            merged,
            readings: readings?,
            plan,
        })))
    }

    fn qa_plan(&self, commit: &Oid) -> Result<Vec<QaSurface>> {
        let setup = &self.shared.setup;
        let objects = setup.repo.objects();
        let tree = objects.commit(commit)?.tree;
        let entries = objects.walk(&tree, "")?;
        let files: Vec<RepoPath> = entries.into_iter().map(|entry| entry.path).collect();
        let read = |path: &str| {
            let bytes = objects.file(&tree, &RepoPath::from(path)).ok().flatten()?;
            let bytes = Some(bytes).filter(|bytes| bytes.len() <= FILE_BYTES_MAX)?;
            String::from_utf8(bytes).ok()
        };
        let tree = Tree {
            files: &files,
            read: &read,
        };
        let wrong = |why: String| Error::usage("wp-toml", why);
        qa::planned(tree, &setup.settings.project.qa, &self.criteria()).map_err(wrong)
    }

    /// What the packages say must hold, in their own words.
    fn criteria(&self) -> Vec<String> {
        let plan = &self.shared.setup.plan;
        let text = Text::new(&self.shared.setup.plan_text, &plan.source);
        let outline = outline_of::read_outline(plan.format, &text);
        let listed = |package: &Package| -> Vec<String> {
            let items = outline.iter().filter_map(|o| o.item(package.id.as_str()));
            let mut checks: Vec<String> = items.flat_map(|item| item.checks.clone()).collect();
            let more = package.metadata.get("acceptance_criteria");
            let more = more.and_then(Value::as_array).into_iter().flatten();
            checks.extend(more.filter_map(Value::as_str).map(str::to_owned));
            checks
        };
        let packages = plan.packages.iter();
        let named = packages.flat_map(|package| {
            let checks = listed(package).into_iter();
            checks.map(move |check| format!("{}: {check}", package.id))
        });
        named.collect()
    }

    fn surface(
        &self,
        library: &Library,
        (commit, number): (&Oid, u32),
        surface: &QaSurface,
    ) -> Result<QaReading> {
        let setup = &self.shared.setup;
        let Some(profile) = setup.staff.for_qa(&surface.name) else {
            return Ok(void(
                surface,
                "",
                "no agent is configured for QA".to_owned(),
            ));
        };
        let feature = &setup.plan.feature;
        let about = About {
            feature: feature.id.as_str(),
            title: feature.title.as_deref().unwrap_or_default(),
            round: number,
        };
        let read = library.read(
            &ReadOrder {
                profile,
                commit,
                prompt: &prompt(about, surface),
                answer: Answer::Json(Some(qa_report::schema())),
                settings: &setup.settings,
                environment: &setup.environment,
                limits: Limits {
                    wall: WALL,
                    silence: (!setup.settings.silence.is_zero()).then_some(setup.settings.silence),
                    grace: setup.settings.grace,
                    log_bytes: setup.settings.log_bytes,
                    checkpoint: None,
                },
                program: &setup.program,
            },
            &self.watch,
        );
        match read {
            Ok(reading) if reading.end == AgentEnd::Stopped => Err(Error::new(
                Kind::Interrupted,
                "stopped",
                "a QA round was stopped",
            )),
            Ok(reading) => Ok(of_reading(surface, &profile.name, &reading)),
            // That an agent cannot be started is no reason to end the run.
            Err(error) => Ok(void(surface, &profile.name, error.message().to_owned())),
        }
    }
}

fn void(surface: &QaSurface, agent: &str, fault: String) -> QaReading {
    QaReading {
        surface: surface.name.clone(),
        agent: agent.to_owned(),
        report: None,
        faults: vec![fault],
    }
}

fn of_reading(surface: &QaSurface, agent: &str, read: &Reading) -> QaReading {
    let mut faults = read.faults.clone();
    let changed: Vec<String> = read
        .changed
        .iter()
        .map(|path| format!("`{path}`"))
        .collect();
    if !changed.is_empty() {
        faults.push(format!("it changed {}", changed.join(", ")));
    }
    faults.extend(read.trespasses.iter().cloned());
    let report: Option<QaReport> = match &read.json {
        Some(value) => json::line(value)
            .and_then(|line| json::parse_as(line.as_bytes()))
            .inspect_err(|error| faults.push(format!("its report: {}", error.message())))
            .ok(),
        None => None,
    };
    if let Some(report) = report
        .as_ref()
        .filter(|report| report.surface != surface.name)
    {
        faults.push(format!("its report is about `{}`", report.surface));
    }
    let known: BTreeSet<&str> = surface
        .checks
        .iter()
        .map(|check| check.id.as_str())
        .collect();
    let results = report.iter().flat_map(|report| &report.checks);
    let unknown = results.filter(|result| !known.contains(result.id.as_str()));
    let unknown: Vec<&str> = unknown.map(|result| result.id.as_str()).collect();
    if !unknown.is_empty() {
        faults.push(format!(
            "it reports on checks that nobody planned: {}",
            unknown.join(", ")
        ));
    }
    let reading = QaReading {
        surface: surface.name.clone(),
        agent: agent.to_owned(),
        report,
        faults,
    };
    with_gaps(surface, reading)
}

/// Names the planned checks without a result, so that the record says why the round is void.
fn with_gaps(surface: &QaSurface, mut reading: QaReading) -> QaReading {
    let missing = surface
        .checks
        .iter()
        .filter(|c| round::result(&reading, c).is_none());
    let missing: Vec<&str> = missing.map(|check| check.id.as_str()).collect();
    if reading.report.is_some() && !missing.is_empty() {
        let fault = format!("no single result with evidence for {}", missing.join(", "));
        reading.faults.push(fault);
    }
    reading
}
