//! What reviewers said of each part of a feature, read from the records.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::PackageId;
use crate::model::Reviewed;
use crate::review::{Trend, Verdict, trend, verdict};
use crate::schedule::review::{ReviewPolicy, rulings};
use crate::state::FeatureView;

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
pub fn of(records: &FeatureView) -> Vec<SubjectReview> {
    let Some(policy) = ReviewPolicy::of(records) else {
        return Vec::new();
    };
    let mut subjects: BTreeMap<Option<&PackageId>, Vec<Reviewed>> = BTreeMap::new();
    for review in records.reviews() {
        let list = subjects.entry(review.package.as_ref()).or_default();
        list.push(review.clone());
    }
    let (rule, rulings) = (policy.rule(), rulings(records));
    let read = |(package, reviews): (Option<&PackageId>, Vec<Reviewed>)| {
        let last = reviews
            .iter()
            .max_by_key(|review| (review.round, review.at))?;
        Some(SubjectReview {
            package: package.cloned(),
            verdict: verdict(&reviews, &last.commit, &rule, &rulings),
            trend: trend(&reviews, &rule, &rulings),
        })
    };
    subjects.into_iter().filter_map(read).collect()
}
