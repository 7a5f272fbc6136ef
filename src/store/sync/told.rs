//! What an exchange came to, as a value: what holds now, what was lost, what a person should know.

use crate::base::{AttemptId, Error, FeatureId, PackageId, Result};
use crate::state::Op;
use crate::state::settle::Verdict;
use crate::store::sync::Round;
use crate::store::sync::candidate::Candidate;

/// What an exchange came to.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncReport {
    /// In one word.
    pub result: SyncResult,
    /// Claims of this clone that hold from now on.
    pub confirmed: Vec<Claimed>,
    /// Claims of this clone that somebody else was faster with. Their work is kept.
    pub superseded: Vec<Claimed>,
    /// What else was refused to this clone.
    pub refused: Vec<Verdict>,
    /// Facts that came.
    pub facts_in: usize,
    /// Facts that went.
    pub facts_out: usize,
    /// Pushes that were tried; 0: there was nothing to say.
    pub tries: u32,
    /// What a person should know beside.
    pub notes: Vec<String>,
}

/// An exchange in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncResult {
    /// Neither side had news.
    InSync,
    /// The authority took what this clone had to say.
    Pushed,
    /// There were news, and nothing to say.
    Adopted,
    /// The authority could not be reached.
    Offline,
    /// The authority does not go on from what it was, or is another one. Facts were taken over,
    /// rights were not.
    Rewound,
}

impl SyncResult {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            SyncResult::InSync => "in-sync",
            SyncResult::Pushed => "pushed",
            SyncResult::Adopted => "adopted",
            SyncResult::Offline => "offline",
            SyncResult::Rewound => "rewound",
        }
    }
}

/// A claim of this clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The feature.
    pub feature: FeatureId,
    /// The package.
    pub package: PackageId,
    /// The attempt.
    pub attempt: AttemptId,
}

impl SyncReport {
    pub(super) fn new(result: SyncResult) -> Self {
        SyncReport {
            result,
            confirmed: Vec::new(),
            superseded: Vec::new(),
            refused: Vec::new(),
            facts_in: 0,
            facts_out: 0,
            tries: 0,
            notes: Vec::new(),
        }
    }
}

impl Round<'_> {
    /// The authority cannot be reached: everything stays as it is.
    pub(super) fn offline(&self, error: &Error) -> SyncReport {
        let mut report = SyncReport::new(SyncResult::Offline);
        report.tries = self.tries;
        let causes = error.causes();
        report.notes.push(match causes.first() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        });
        report
    }

    /// What became of everything that waited, now that it is adopted.
    pub(super) fn report(&self, new: &Candidate) -> Result<SyncReport> {
        let view = self.store.confirmed_at(&new.tip, &new.tree)?;
        let mut report = self.told(new);
        for filed in &self.waiting {
            let Op::Claim(claim) = &filed.request.op else {
                continue;
            };
            let attempt = &claim.attempt;
            let feature = view.features.get(&attempt.feature);
            let package = feature.and_then(|f| f.packages.get(&attempt.package));
            let Some(known) = package.and_then(|p| p.attempts.get(&attempt.attempt)) else {
                continue;
            };
            let claimed = Claimed {
                feature: attempt.feature.clone(),
                package: attempt.package.clone(),
                attempt: attempt.attempt.clone(),
            };
            if known.epoch.is_some() {
                report.confirmed.push(claimed);
            } else if known.is_superseded() {
                report.superseded.push(claimed);
            }
        }
        Ok(report)
    }

    fn told(&self, new: &Candidate) -> SyncReport {
        let mut report = SyncReport::new(SyncResult::Pushed);
        report.tries = self.tries;
        report.facts_in = new.facts_in;
        report.facts_out = new.facts_out;
        report.notes.clone_from(&new.notes);
        for verdict in &new.waiting {
            let (op, why) = (&verdict.request.op, &verdict.refused);
            let why = why.as_ref().map(ToString::to_string).unwrap_or_default();
            report
                .notes
                .push(format!("{} {} waits: {why}", op.name(), op.target()));
        }
        let other = |v: &&Verdict| v.refused.is_some() && !matches!(v.request.op, Op::Claim(_));
        report.refused = new.verdicts.iter().filter(other).cloned().collect();
        report
    }

    /// What a push would say, as far as one can know without trying.
    pub(super) fn foreseen(&self, new: &Candidate, known: bool) -> SyncReport {
        let mut report = self.told(new);
        if known {
            report.result = SyncResult::Adopted;
        }
        for verdict in &new.verdicts {
            let Op::Claim(claim) = &verdict.request.op else {
                continue;
            };
            let claimed = Claimed {
                feature: claim.attempt.feature.clone(),
                package: claim.attempt.package.clone(),
                attempt: claim.attempt.attempt.clone(),
            };
            match verdict.refused {
                None => report.confirmed.push(claimed),
                Some(_) => report.superseded.push(claimed),
            }
        }
        report
    }
}
