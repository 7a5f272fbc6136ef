//! What reviewers said of each part of a feature, read from the records.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::PackageId;
use crate::model::{Adjudication, FindingKey, Reviewed};
use crate::review::{ReviewRule, Trend, Verdict, trend, verdict};
use crate::state::record::{Judged, Judgement};

/// The reviews of one package, or of the feature as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectReview {
    /// The package; none for the whole.
    pub package: Option<PackageId>,
    /// On the commit that was reviewed last.
    pub verdict: Verdict,
    /// How the rounds went.
    pub trend: Trend,
}

/// By package, the whole first. Parts that nobody reviewed are left out.
pub fn of(judged: &[Judged], rule: &ReviewRule) -> Vec<SubjectReview> {
    let mut subjects: BTreeMap<Option<PackageId>, Vec<Reviewed>> = BTreeMap::new();
    for one in judged {
        if let Judgement::Review(reviewed) = &one.what {
            let list = subjects.entry(reviewed.package.clone()).or_default();
            list.push((**reviewed).clone());
        }
    }
    let rulings = rulings(judged);
    let read = |(package, reviews): (Option<PackageId>, Vec<Reviewed>)| {
        let last = reviews
            .iter()
            .max_by_key(|review| (review.round, review.at))?;
        Some(SubjectReview {
            package,
            verdict: verdict(&reviews, &last.commit, rule, &rulings),
            trend: trend(&reviews, rule, &rulings),
        })
    };
    subjects.into_iter().filter_map(read).collect()
}

/// The rulings of people on findings; what they set aside of other reasons is not among them.
pub fn rulings(judged: &[Judged]) -> Vec<Adjudication> {
    let ruling = |one: &Judged| match &one.what {
        Judgement::Waiver(waiver) => Some(Adjudication {
            key: FindingKey::parse(&waiver.key)?,
            ruling: waiver.ruling,
            evidence: waiver.reason.clone(),
            by: one.by.label.clone(),
            commit: waiver.commit.clone(),
        }),
        Judgement::Review(_) => None,
    };
    judged.iter().filter_map(ruling).collect()
}
