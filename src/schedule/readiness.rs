//! Whether a feature may be handed on: every reason against it, each with what to do about it.
//!
//! In doubt the answer is no. A person may set a reason aside, with a reason of their own; that is
//! a record beside what was found, and what was found stays.

use serde::Serialize;

use crate::base::{FeatureId, Oid, PackageId, text};
use crate::model::PackageStatus;
use crate::qa::{Standing as Qa, question};
use crate::review::Cluster;
use crate::schedule::fixes;
use crate::schedule::qa;
use crate::schedule::review::{self, ReviewPolicy, ReviewState};
use crate::schedule::status::{Row, Standing, standing};
use crate::state::record::{FinalCheck, HoldKind};
use crate::state::{FeatureView, questions};

/// Whether a feature may be handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// The commit that was judged: where the last landing left the integration.
    pub commit: Option<Oid>,
    /// Everything that speaks against it, set aside or not.
    pub reasons: Vec<Reason>,
}

/// One reason against handing a feature on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its name, for whoever sets it aside.
    pub key: String,
    /// A stable word.
    pub code: &'static str,
    /// The package it is about.
    pub package: Option<PackageId>,
    /// The sentence for people.
    pub text: String,
    /// What to type next.
    pub next: String,
    /// Whether a person may set it aside.
    pub waivable: bool,
    /// Who set it aside, and why.
    pub waived: Option<Waived>,
}

/// Who set a reason aside, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// `user@host`
    pub by: String,
    /// In their words.
    pub reason: String,
}

impl Readiness {
    /// True if nothing is left that speaks against it.
    pub fn is_ready(&self) -> bool {
        self.open().next().is_none()
    }

    /// Reasons that nobody set aside.
    pub fn open(&self) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(|reason| reason.waived.is_none())
    }

    /// Reasons that somebody set aside.
    pub fn waived(&self) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(|reason| reason.waived.is_some())
    }
}

/// Judges a feature by its records.
pub fn readiness(feature: &FeatureId, records: &FeatureView) -> Readiness {
    let commit = records.reached().cloned();
    let standing = standing(records);
    let mut judge = Judge {
        feature,
        records,
        commit: commit.as_ref(),
        reasons: Vec::new(),
    };
    judge.run();
    judge.packages(&standing);
    judge.steps(&standing);
    judge.reviews(&standing);
    judge.qa();
    judge.questions();
    judge.whole();
    let reasons = judge.reasons;
    Readiness { commit, reasons }
}

struct Judge<'a> {
    feature: &'a FeatureId,
    records: &'a FeatureView,
    commit: Option<&'a Oid>,
    reasons: Vec<Reason>,
}

/// Whether a person may set a reason aside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waivable {
    Yes,
    No,
}

impl Judge<'_> {
    fn add(
        &mut self,
        (code, key): (&'static str, String),
        package: Option<&PackageId>,
        (text, next): (String, String),
        (waivable, commit): (Waivable, Option<&Oid>),
    ) {
        let counts = |of: &Option<Oid>| of.is_none() || of.as_ref() == commit;
        let mut waivers = self.records.waivers();
        let waiver = waivers.find(|(waiver, _)| waiver.key == key && counts(&waiver.commit));
        let waived = waiver.filter(|_| waivable == Waivable::Yes);
        let waived = waived.map(|(waiver, by)| Waived {
            by: by.label.clone(),
            reason: waiver.reason.clone(),
        });
        self.reasons.push(Reason {
            key,
            code,
            package: package.cloned(),
            text,
            next,
            waivable: waivable == Waivable::Yes,
            waived,
        });
    }

    fn run(&mut self) {
        let feature = self.feature;
        let next = format!("git wp implement {feature}");
        if self.records.last_run().is_none() {
            let said = ("it was never run".to_owned(), next.clone());
            self.add(("no-run", "run".into()), None, said, (Waivable::No, None));
        }
        for hold in &self.records.holds {
            let (word, next) = match hold.kind {
                HoldKind::Pause => ("paused", format!("git wp resume {feature}")),
                HoldKind::Cancel => ("cancelled", format!("git wp status {feature}")),
            };
            let text = format!("it is {word} by {}: {}", hold.by.label, hold.reason);
            self.add(
                (word, word.into()),
                None,
                (text, next),
                (Waivable::No, None),
            );
        }
    }

    fn packages(&mut self, standing: &Standing) {
        for row in &standing.packages {
            let (code, text) = match row.status {
                PackageStatus::Merged if row.why.is_empty() => continue,
                PackageStatus::Merged => ("red-step", row.why.clone()),
                PackageStatus::Failed => ("failed", row.why.clone()),
                PackageStatus::Cancelled => ("cancelled", row.why.clone()),
                other => ("not-merged", not_merged(other.as_str(), row)),
            };
            let waivable = match row.status {
                PackageStatus::Merged => Waivable::Yes,
                _ => Waivable::No,
            };
            let next = format!("git wp why {}/{}", self.feature, row.id);
            let key = format!("{code}:{}", row.id);
            let about = (waivable, self.commit);
            self.add((code, key), Some(&row.id), (text, next), about);
        }
    }

    fn steps(&mut self, standing: &Standing) {
        for (package, step) in &standing.awaiting {
            let text = format!(
                "the {} step `{}` is open: {}",
                step.kind, step.step, step.what
            );
            let (feature, word) = (self.feature, text::foreign(&step.step).to_string());
            let next = format!("git wp evidence {feature}/{package} {word} --pass");
            let key = format!("step:{package}/{}", step.step);
            let about = (Waivable::Yes, self.commit);
            self.add(("open-step", key), Some(package), (text, next), about);
        }
    }

    fn reviews(&mut self, standing: &Standing) {
        let Some(policy) = ReviewPolicy::of(self.records) else {
            return;
        };
        let planned = self.records.current_plan();
        let planned = planned.map_or(&[][..], |plan| plan.packages.as_slice());
        let is_gate = |row: &&Row| planned.iter().any(|b| b.gate && b.id == row.id);
        let rows = standing.packages.iter().filter(|row| !is_gate(row));
        let rows = rows.filter(|row| !fixes::is_fix(self.records, &row.id));
        for row in rows {
            if let Some(state) = review::state(self.records, &row.id, &policy) {
                self.review(&row.id, &state);
            }
        }
    }

    fn review(&mut self, package: &PackageId, state: &ReviewState) {
        let feature = self.feature;
        let again = format!("git wp review {feature}/{package}");
        match state {
            ReviewState::Free | ReviewState::Approved(_) => {}
            ReviewState::Due(due) => {
                let said = (state.words(), again);
                let key = review::quorum_key(package);
                let about = (Waivable::Yes, Some(&due.commit));
                self.add(("review-missing", key), Some(package), said, about);
            }
            ReviewState::Fixing(_) => {
                let next = format!("git wp implement {feature}");
                let key = format!("changes:{package}");
                let said = (state.words(), next);
                let about = (Waivable::No, None);
                self.add(("changes-requested", key), Some(package), said, about);
            }
            ReviewState::Blocked(blocked) if blocked.findings.is_empty() => {
                let said = (blocked.why.clone(), again);
                let key = review::quorum_key(package);
                let about = (Waivable::Yes, Some(&blocked.commit));
                self.add(("no-quorum", key), Some(package), said, about);
            }
            ReviewState::Blocked(blocked) => {
                for cluster in &blocked.findings {
                    let key = cluster.key.to_string();
                    let text = format!("{}: {}", blocked.why, finding(cluster));
                    let next = format!("git wp gate {feature} --waive {key} --reason TEXT");
                    let about = (Waivable::Yes, Some(&blocked.commit));
                    self.add(("finding", key), Some(package), (text, next), about);
                }
            }
        }
    }

    /// Where the last run wanted QA rounds, or one was made, one has to have passed.
    fn qa(&mut self) {
        let (feature, records) = (self.feature, self.records);
        if !qa::is_wanted(records) {
            return;
        }
        let standing = qa::standing_of(feature, records);
        if standing.is_done() {
            return;
        }
        let text = format!(
            "the QA loop is {}: no round of it passed",
            standing.as_str()
        );
        let next = match standing {
            Qa::Asking(round) => format!("git wp decide {}", question::id(feature, round)),
            _ => format!("git wp implement {feature}"),
        };
        let about = (Waivable::No, None);
        self.add(("qa", "qa".into()), None, (text, next), about);
    }

    fn questions(&mut self) {
        let open: Vec<_> = questions::open(self.records)
            .iter()
            .map(|question| {
                let package = question.asked.package.clone();
                (question.id().to_owned(), package, question.words())
            })
            .collect();
        for (id, package, words) in open {
            let next = format!("git wp decide {} {id}", self.feature);
            let about = (Waivable::No, None);
            self.add(("question", id), package.as_ref(), (words, next), about);
        }
    }

    /// The last verification of the whole, on exactly the commit that is to be handed on.
    fn whole(&mut self) {
        let Some(commit) = self.commit else {
            return;
        };
        let mut checks = self.records.finals.iter().rev();
        let last = checks.find(|check| check.commit == *commit);
        let next = format!("git wp implement {}", self.feature);
        let about = (Waivable::Yes, Some(commit));
        match last {
            Some(check) if check.passed => {}
            Some(check) => {
                let said = (red(check), next);
                self.add(("final-check", "final-check".into()), None, said, about);
            }
            None => {
                let text = format!("the whole was not verified at {}", commit.short());
                let about = (Waivable::No, None);
                self.add(
                    ("final-check-missing", "final-check".into()),
                    None,
                    (text, next),
                    about,
                );
            }
        }
    }
}

fn not_merged(status: &str, row: &Row) -> String {
    match row.why.is_empty() {
        true => format!("it is {status}"),
        false => format!("it is {status}: {}", row.why),
    }
}

fn finding(cluster: &Cluster) -> String {
    let first = cluster.first();
    let place = first.file_path.as_deref().unwrap_or("");
    let place = match (place.is_empty(), first.line_range) {
        (true, _) => String::new(),
        (false, Some(lines)) => format!("{place}:{}: ", lines.start),
        (false, None) => format!("{place}: "),
    };
    let line = first.description.lines().next().unwrap_or("");
    let (how, line) = (cluster.criticality.as_str(), text::cut(line, LINE_MAX));
    format!("{place}{line} ({how}, {})", cluster.disposition.as_str())
}

/// Characters of a finding that are shown in a list.
const LINE_MAX: usize = 160;

fn red(check: &FinalCheck) -> String {
    let failed = check.steps.iter().find(|step| !step.state.is_green());
    match failed {
        Some(step) => format!("the whole does not pass step `{}`", step.name),
        None => "the whole does not pass its verification".to_owned(),
    }
}
