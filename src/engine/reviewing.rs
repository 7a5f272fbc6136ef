//! Asks reviewers about a merged change: agents that only read, each in a room of its own at the
//! exact commit, at the same time and blind to each other. Records nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::agent::review_prompt::{self, ReviewBrief};
use crate::agent::{AgentEnd, Limits, Profile, prompt};
use crate::base::{Error, Kind, Result, json};
use crate::engine::difference;
use crate::engine::reading::{Answer, Library, ReadOrder, Reading};
use crate::git::Repo;
use crate::model::review::{FindingKey, ReviewFailure, ReviewFinding, ReviewOutcome, Reviewed};
use crate::model::{Package, Plan, Settings, StepState};
use crate::os::process::Watch;
use crate::os::{clock, random};
use crate::review::{self, read};
use crate::schedule::{ReviewDue, Reviewer};
use crate::state::FeatureView;

/// What is needed to ask.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Where rooms stand.
    pub rooms: &'a Path,
    /// The plan, with what the loops want.
    pub plan: &'a Plan,
    /// The records of the feature.
    pub records: &'a FeatureView,
    /// The profiles of those who review.
    pub profiles: &'a [Profile],
    /// The settings of this repository.
    pub settings: &'a Settings,
    /// The environment of this process.
    pub environment: &'a BTreeMap<OsString, OsString>,
    /// This program.
    pub program: &'a Path,
}

/// Asks everybody who is due, and waits for the answers. What a reviewer does wrong is its answer.
///
/// # Errors
/// Interrupted through `watch`; or rooms cannot be made.
pub fn ask(desk: &Desk<'_>, due: &ReviewDue, watch: &Watch) -> Result<Vec<Reviewed>> {
    let library = Library::open(desk.repo, desk.rooms)?;
    let asked: Vec<Result<Reviewed>> = std::thread::scope(|scope| {
        let reviewers = due.reviewers.iter();
        let threads = reviewers.map(|who| scope.spawn(|| one(desk, &library, (due, who), watch)));
        let threads: Vec<_> = threads.collect();
        let answers = threads.into_iter().map(|thread| {
            let panicked = || Err(Error::bug("a reviewer's thread panicked"));
            thread.join().unwrap_or_else(|_| panicked())
        });
        answers.collect()
    });
    let closed = library.close();
    let reviews = asked.into_iter().collect::<Result<Vec<_>>>()?;
    closed?;
    Ok(reviews)
}

fn one(
    desk: &Desk<'_>,
    library: &Library,
    (due, who): (&ReviewDue, &Reviewer),
    watch: &Watch,
) -> Result<Reviewed> {
    let known = desk.profiles.iter().find(|p| p.name == who.agent);
    let outcome = match known {
        Some(profile) => read(desk, library, (due, profile), watch)?,
        None => failed(
            ReviewFailure::Missing,
            "this machine does not know the agent".to_owned(),
        ),
    };
    Ok(Reviewed {
        reviewer: who.agent.clone(),
        vendor: who.vendor.clone(),
        author_vendor: due.author_vendor.clone(),
        review_type: due.kind,
        package: Some(due.package.clone()),
        commit: due.commit.clone(),
        base: Some(due.base.clone()),
        round: due.round,
        at: Some(clock::now()),
        outcome,
    })
}

fn read(
    desk: &Desk<'_>,
    library: &Library,
    (due, profile): (&ReviewDue, &Profile),
    watch: &Watch,
) -> Result<ReviewOutcome> {
    let prompt = prompt_of(desk, due)?;
    let order = ReadOrder {
        profile,
        commit: &due.commit,
        prompt: &prompt,
        answer: Answer::Json(None),
        settings: desk.settings,
        environment: desk.environment,
        limits: Limits {
            wall: desk.settings.project.review.limit(),
            silence: None,
            grace: desk.settings.grace,
            log_bytes: desk.settings.log_bytes,
            checkpoint: None,
        },
        program: desk.program,
    };
    match library.read(&order, watch) {
        Ok(reading) if reading.end == AgentEnd::Stopped => Err(Error::new(
            Kind::Interrupted,
            "stopped",
            "the review was stopped",
        )),
        Ok(reading) => outcome(due, &reading),
        Err(error) if error.kind() == Kind::Interrupted => Err(error),
        // A reviewer that cannot be started is one that does not answer.
        Err(error) => Ok(failed(ReviewFailure::Missing, error.message().to_owned())),
    }
}

fn failed(reason: ReviewFailure, detail: String) -> ReviewOutcome {
    ReviewOutcome::Failed { reason, detail }
}

/// What an answer comes to. Whoever changed something did not only read, whatever it says.
fn outcome(due: &ReviewDue, reading: &Reading) -> Result<ReviewOutcome> {
    let changed = reading.changed.first();
    let changed = changed.map(|path| format!("it changed `{path}`"));
    if let Some(detail) = reading.trespasses.first().cloned().or(changed) {
        return Ok(failed(ReviewFailure::WroteToTree, detail));
    }
    let account = reading.account.as_ref();
    let is_unserved = account.is_some_and(|account| account.trouble.is_some());
    let said = reading.faults.join("; ");
    Ok(match (reading.end, &reading.json) {
        (AgentEnd::TimedOut | AgentEnd::Silent | AgentEnd::Repeating, _) => {
            failed(ReviewFailure::TimedOut, said)
        }
        _ if is_unserved => failed(ReviewFailure::Unserved, said),
        (_, None) => failed(ReviewFailure::Missing, said),
        (_, Some(_)) if !reading.faults.is_empty() => failed(ReviewFailure::Malformed, said),
        (_, Some(value)) => {
            let asked = read::Asked {
                commit: &due.commit,
                review_type: due.kind,
                target: due.package.as_str(),
                source: "the answer",
            };
            match read::answer(json::line(value)?.as_bytes(), asked) {
                Ok(findings) => ReviewOutcome::Findings(Box::new(findings)),
                Err((reason, found)) => {
                    let said: Vec<String> = found.iter().map(|f| f.message.clone()).collect();
                    failed(reason, said.join("; "))
                }
            }
        }
    })
}

fn prompt_of(desk: &Desk<'_>, due: &ReviewDue) -> Result<String> {
    let package = desk.plan.package(&due.package);
    let package = package.ok_or_else(|| Error::bug("a review of a package that nobody planned"))?;
    let contracts = desk.plan.contracts.files.iter().map(|c| c.path.clone());
    let diff = difference::between(desk.repo, &due.base, &due.head)?;
    let brief = ReviewBrief {
        review_type: due.kind,
        target: &format!("{}/{}", desk.plan.feature.id, due.package),
        task: &package.description,
        scope: &package.scope.write_allow,
        contracts: &contracts.collect::<Vec<_>>(),
        checks: &checks(desk, package),
        commit: &due.commit,
        base: &due.base,
        diff: &diff,
        round: due.round,
        earlier: &earlier(desk, due),
        delimiter: &random::id(12)?,
        max: prompt::PROMPT_MAX,
    };
    Ok(review_prompt::review(&brief).text)
}

/// What passed on the accepted head.
fn checks(desk: &Desk<'_>, package: &Package) -> Vec<String> {
    let records = desk.records.packages.get(&package.id);
    let accept = records.and_then(|r| r.accept.as_ref());
    let attempt = accept.and_then(|a| records?.attempts.get(&a.attempt));
    let evidence = attempt.and_then(|attempt| attempt.evidence.last());
    let steps = evidence.into_iter().flat_map(|fact| &fact.evidence.steps);
    let passed = steps.filter(|step| step.state == StepState::Passed);
    passed.map(|step| step.what.clone()).collect()
}

/// Findings of the round before, which were to be put right.
fn earlier(desk: &Desk<'_>, due: &ReviewDue) -> Vec<(FindingKey, ReviewFinding)> {
    let own = desk
        .records
        .reviews()
        .filter(|r| r.package.as_ref() == Some(&due.package) && r.round + 1 == due.round);
    let found = own.filter_map(Reviewed::findings).flat_map(|f| &f.findings);
    let mut out: Vec<(FindingKey, ReviewFinding)> = Vec::new();
    for finding in found {
        let key = review::key(finding);
        if !out.iter().any(|(known, _)| *known == key) {
            out.push((key, finding.clone()));
        }
    }
    out
}
