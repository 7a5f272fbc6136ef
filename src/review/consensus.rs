//! What the reviews of one commit say together, and which of them count.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::Oid;
use crate::model::{
    Adjudication, Axis, Criticality, Disposition, EarlierFinding, EarlierState, FindingType,
    Findings, ReviewFailure, ReviewFinding, ReviewOutcome, ReviewSeverity, Reviewed,
};
use crate::review::cluster::{Cluster, Raised, alike, cluster};
use crate::review::key::key;
use crate::review::ruled::ruling;

/// When reviews are enough, and what keeps work from going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRule {
    /// Reviewers whose answer must be there; at least one counts as one.
    pub quorum: u32,
    /// Vendors that these must come from.
    pub vendors_min: u32,
    /// Whether a reviewer of the author's own vendor counts.
    pub independence: Independence,
    /// From here on, what one reviewer wants fixed blocks. `critical` always does.
    pub blocks_from: Criticality,
    /// Rounds before a person is asked.
    pub rounds_max: u32,
}

impl Default for ReviewRule {
    fn default() -> Self {
        ReviewRule {
            quorum: 2,
            vendors_min: 1,
            independence: Independence::Preferred,
            blocks_from: Criticality::Medium,
            rounds_max: 3,
        }
    }
}

/// Whether a reviewer of the author's own vendor counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Independence {
    /// It counts, and it is said that it is one.
    Preferred,
    /// It does not count for the quorum; what it found still does.
    Required,
}

/// A review that is no vote for the commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Dismissed {
    /// Who was to review.
    pub reviewer: String,
    /// Why it does not count.
    pub reason: ReviewFailure,
    /// The same for people.
    pub detail: String,
}

/// What the reviews of one commit say together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consensus {
    /// The commit.
    pub commit: Oid,
    /// The reviewers whose answers count, with their vendors.
    pub counted: BTreeMap<String, String>,
    /// Those of them whose vendor is the author's.
    pub own_vendor: BTreeSet<String>,
    /// Reviews that do not count, of reviewers who gave no other answer for the commit.
    pub dismissed: Vec<Dismissed>,
    /// The findings, gravest first.
    pub clusters: Vec<Cluster>,
}

impl Consensus {
    /// The findings that keep the commit from going on.
    pub fn blocking(&self) -> impl Iterator<Item = &Cluster> {
        self.clusters.iter().filter(|cluster| cluster.blocks())
    }
}

/// Reads the reviews of `commit` together. Reviews of other commits say nothing about it, except
/// that they hold the findings that a re-review calls still open.
pub fn consensus(
    reviews: &[Reviewed],
    commit: &Oid,
    rule: &ReviewRule,
    rulings: &[Adjudication],
) -> Consensus {
    let mut counted = BTreeMap::new();
    let mut own_vendor = BTreeSet::new();
    let mut dismissed = Vec::new();
    let mut raised = Vec::new();
    for review in reviews.iter().filter(|review| review.commit == *commit) {
        let findings = match vote(review) {
            Ok(findings) => findings,
            Err(reason) => {
                dismissed.push(reason);
                continue;
            }
        };
        counted.insert(review.reviewer.clone(), review.vendor.clone());
        if review.author_vendor.as_deref() == Some(review.vendor.as_str()) {
            own_vendor.insert(review.reviewer.clone());
        }
        let still = findings
            .earlier
            .iter()
            .filter(|one| one.state == EarlierState::Open);
        let own = &findings.findings;
        let carried = still.filter_map(|one| carried(one, reviews, own, rule.blocks_from));
        for finding in own.iter().cloned().chain(carried) {
            raised.push(raise(review, finding, commit, rulings));
        }
    }
    dismissed.retain(|one| !counted.contains_key(&one.reviewer));
    dismissed.sort();
    dismissed.dedup();
    Consensus {
        commit: commit.clone(),
        counted,
        own_vendor,
        dismissed,
        clusters: cluster(raised, rule.blocks_from),
    }
}

fn raise(
    review: &Reviewed,
    finding: ReviewFinding,
    commit: &Oid,
    rulings: &[Adjudication],
) -> Raised {
    let key = key(&finding);
    Raised {
        reviewer: review.reviewer.clone(),
        vendor: review.vendor.clone(),
        ruling: ruling(rulings, &key, commit).cloned(),
        key,
        finding,
    }
}

/// The answer, if it is one about the commit that was laid before the reviewer.
fn vote(review: &Reviewed) -> Result<&Findings, Dismissed> {
    let dismissed = |reason, detail: String| Dismissed {
        reviewer: review.reviewer.clone(),
        reason,
        detail,
    };
    match &review.outcome {
        ReviewOutcome::Failed { reason, detail } => Err(dismissed(*reason, detail.clone())),
        ReviewOutcome::Findings(findings) => match &findings.commit {
            Some(said) if !review.commit.as_str().starts_with(said.as_str()) => {
                let detail = format!("it is about `{said}`, not `{}`", review.commit.short());
                Err(dismissed(ReviewFailure::OtherCommit, detail))
            }
            _ => Ok(findings),
        },
    }
}

/// What a re-review calls still open, as it was raised; none if the reviewer raised it anew.
fn carried(
    open: &EarlierFinding,
    reviews: &[Reviewed],
    own: &[ReviewFinding],
    from: Criticality,
) -> Option<ReviewFinding> {
    let all = reviews
        .iter()
        .filter_map(Reviewed::findings)
        .flat_map(|answer| &answer.findings);
    let worst = all.filter(|finding| key(finding) == open.key);
    let worst = worst.max_by_key(|finding| (finding.criticality, finding.disposition));
    let finding = worst.cloned().unwrap_or_else(|| unknown(open, from));
    let again = own.iter().any(|one| {
        one.criticality >= finding.criticality
            && one.disposition == finding.disposition
            && alike(one, &finding)
    });
    (!again).then_some(finding)
}

/// An open finding of which only the key is known.
fn unknown(open: &EarlierFinding, from: Criticality) -> ReviewFinding {
    let note = open.note.as_deref().filter(|note| !note.trim().is_empty());
    ReviewFinding {
        id: open.key.to_string(),
        kind: FindingType::Other,
        written_type: None,
        criticality: from,
        disposition: Disposition::Fix,
        axis: Axis::Correctness,
        severity: ReviewSeverity::Critical,
        description: note
            .unwrap_or("an earlier finding is still open")
            .to_owned(),
        resolution: None,
        package_id: None,
        file_path: None,
        line_range: None,
    }
}
