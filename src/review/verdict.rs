//! The verdict on one commit: fail-closed, with every reason.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::base::Oid;
use crate::model::{Adjudication, Reviewed};
use crate::review::cluster::Cluster;
use crate::review::consensus::{Consensus, Independence, ReviewRule, consensus};
use crate::review::standing::Call;

/// What the reviews of one commit come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The commit it is about. It says nothing about any other.
    pub commit: Oid,
    /// What is to be done.
    pub decision: Decision,
    /// What it follows from.
    pub consensus: Consensus,
}

/// What is to be done with a commit; the further from going on, the later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It goes on.
    Approved,
    /// These have to be put right first.
    ChangesRequested(Vec<Cluster>),
    /// A person has to rule on these first.
    Escalate(Vec<Cluster>),
    /// There are not enough reviews, for these reasons.
    NoQuorum(Vec<String>),
}

impl Decision {
    /// The word in JSON and messages.
    pub fn as_str(&self) -> &'static str {
        match self {
            Decision::Approved => "approved",
            Decision::ChangesRequested(_) => "changes-requested",
            Decision::Escalate(_) => "escalate",
            Decision::NoQuorum(_) => "no-quorum",
        }
    }

    /// How far it is from going on; 0 only for [`Decision::Approved`].
    pub fn rank(&self) -> u8 {
        match self {
            Decision::Approved => 0,
            Decision::ChangesRequested(_) => 1,
            Decision::Escalate(_) => 2,
            Decision::NoQuorum(_) => 3,
        }
    }
}

/// Judges `commit`. Pass the reviews of one subject (a package, or the whole feature), all rounds.
///
/// | what the worst reviewer says | then |
/// |---|---|
/// | `escalate`, or `accept` of something critical | a person |
/// | `regenerate` | changes |
/// | `fix`, and some reviewer calls it at least [`ReviewRule::blocks_from`] | changes |
/// | `fix`, by two reviewers | changes |
/// | anything else | noted |
pub fn verdict(
    reviews: &[Reviewed],
    commit: &Oid,
    rule: &ReviewRule,
    rulings: &[Adjudication],
) -> Verdict {
    let consensus = consensus(reviews, commit, rule, rulings);
    let called = |call: Call| -> Vec<Cluster> {
        let found = consensus
            .clusters
            .iter()
            .filter(|cluster| cluster.call == call);
        found.cloned().collect()
    };
    let missing = missing(reviews, rule, &consensus);
    let (person, changes) = (called(Call::Person), called(Call::Changes));
    let decision = if !missing.is_empty() {
        Decision::NoQuorum(missing)
    } else if !person.is_empty() {
        Decision::Escalate(person)
    } else if !changes.is_empty() {
        Decision::ChangesRequested(changes)
    } else {
        Decision::Approved
    };
    Verdict {
        commit: commit.clone(),
        decision,
        consensus,
    }
}

/// Why there are not enough reviews; empty if there are.
fn missing(reviews: &[Reviewed], rule: &ReviewRule, consensus: &Consensus) -> Vec<String> {
    let foreign = |name: &String| {
        rule.independence == Independence::Preferred || !consensus.own_vendor.contains(name)
    };
    let voters: Vec<&String> = consensus
        .counted
        .keys()
        .filter(|name| foreign(name))
        .collect();
    let vendors: BTreeSet<&String> = voters
        .iter()
        .map(|name| &consensus.counted[*name])
        .collect();
    let (quorum, vendors_min) = (wanted(rule.quorum), wanted(rule.vendors_min));
    let mut out = Vec::new();
    if voters.len() < quorum {
        out.push(format!("{} of {quorum} reviews count", voters.len()));
    }
    if !voters.is_empty() && vendors.len() < vendors_min {
        out.push(format!(
            "they come from {} of {vendors_min} vendors",
            vendors.len()
        ));
    }
    if out.is_empty() {
        return out;
    }
    for one in &consensus.dismissed {
        out.push(format!(
            "`{}` {}: {}",
            one.reviewer,
            one.reason.as_str(),
            one.detail
        ));
    }
    let own = consensus.own_vendor.iter().filter(|name| !foreign(name));
    out.extend(own.map(|name| format!("`{name}` is of the author's own vendor")));
    let elsewhere = reviews.iter().filter(|review| {
        review.commit != consensus.commit && !consensus.counted.contains_key(&review.reviewer)
    });
    let elsewhere: BTreeSet<String> = elsewhere
        .filter(|review| review.findings().is_some())
        .map(|review| {
            let (theirs, ours) = (review.commit.short(), consensus.commit.short());
            format!("`{}` looked at {theirs}, not at {ours}", review.reviewer)
        })
        .collect();
    out.extend(elsewhere);
    out
}

/// No review is no approval, whatever a rule says.
fn wanted(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).max(1)
}
