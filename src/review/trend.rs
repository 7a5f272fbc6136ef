//! Rounds of review and rework: whether they come to an end.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::Oid;
use crate::model::{Adjudication, FindingKey, Reviewed};
use crate::review::cluster::{Cluster, alike};
use crate::review::consensus::ReviewRule;
use crate::review::verdict::{Decision, Verdict, verdict};

/// Counted rounds over which blocking findings have to become fewer.
const STALL_ROUNDS: usize = 3;

/// One round that had enough reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Round {
    /// From 1.
    pub round: u32,
    /// The commit that was reviewed last in it.
    pub commit: Oid,
    /// Findings that keep it from going on.
    pub blocking: usize,
    /// Their keys.
    pub keys: BTreeSet<FindingKey>,
    /// Those of them that were there the round before, in the same or in other words.
    pub still: BTreeSet<FindingKey>,
}

/// How the rounds go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trend {
    /// The rounds that had enough reviews, in order.
    pub rounds: Vec<Round>,
    /// The highest round that was begun; 0 if none.
    pub reached: u32,
    /// What follows.
    pub state: TrendState,
}

/// Whether another round is worth it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrendState {
    /// Nothing was reviewed yet.
    Open,
    /// The last round approved.
    Settled,
    /// Another round may be started; this many are left.
    Going(u32),
    /// Rework does not help; why.
    Stalled(String),
    /// All rounds are used up.
    Exhausted,
}

/// Reads the rounds of one subject (a package, or the whole feature).
///
/// It stalls when a round has no fewer blocking findings than two rounds before, or when rework
/// left just the findings that it was to put right.
pub fn trend(reviews: &[Reviewed], rule: &ReviewRule, rulings: &[Adjudication]) -> Trend {
    let verdicts = by_round(reviews, rule, rulings);
    let reached = reviews.iter().map(|review| review.round).max().unwrap_or(0);
    let last = verdicts.last().filter(|(round, _)| *round == reached);
    let approved = last.is_some_and(|(_, verdict)| verdict.decision == Decision::Approved);
    let counted = |verdict: &Verdict| !matches!(verdict.decision, Decision::NoQuorum(_));
    let counted: Vec<&(u32, Verdict)> = verdicts.iter().filter(|(_, v)| counted(v)).collect();
    let mut rounds = Vec::new();
    let mut before: Vec<&Cluster> = Vec::new();
    for (round, verdict) in counted {
        let blocking: Vec<&Cluster> = verdict.consensus.blocking().collect();
        rounds.push(one_round(*round, verdict, &blocking, &before));
        before = blocking;
    }
    let state = if reached == 0 {
        TrendState::Open
    } else if approved {
        TrendState::Settled
    } else if let Some(why) = stalled(&rounds) {
        TrendState::Stalled(why)
    } else if reached >= rule.rounds_max {
        TrendState::Exhausted
    } else {
        TrendState::Going(rule.rounds_max - reached)
    };
    Trend {
        rounds,
        reached,
        state,
    }
}

/// The verdict of each round, on the commit that was reviewed last in it.
fn by_round(
    reviews: &[Reviewed],
    rule: &ReviewRule,
    rulings: &[Adjudication],
) -> Vec<(u32, Verdict)> {
    let mut last: BTreeMap<u32, &Reviewed> = BTreeMap::new();
    for review in reviews {
        let place = last.entry(review.round).or_insert(review);
        if (review.at, &review.commit) > (place.at, &place.commit) {
            *place = review;
        }
    }
    let of_round = |(round, last): (u32, &Reviewed)| {
        let known: Vec<Reviewed> = reviews
            .iter()
            .filter(|r| r.round <= round)
            .cloned()
            .collect();
        (round, verdict(&known, &last.commit, rule, rulings))
    };
    last.into_iter().map(of_round).collect()
}

fn one_round(round: u32, verdict: &Verdict, blocking: &[&Cluster], before: &[&Cluster]) -> Round {
    let was = |cluster: &Cluster| {
        before.iter().any(|old| {
            let pairs = old
                .raised
                .iter()
                .flat_map(|a| cluster.raised.iter().map(move |b| (a, b)));
            pairs
                .into_iter()
                .any(|(a, b)| alike(&a.finding, &b.finding))
        })
    };
    let key = |cluster: &&Cluster| cluster.key.clone();
    Round {
        round,
        commit: verdict.commit.clone(),
        blocking: blocking.len(),
        keys: blocking.iter().map(key).collect(),
        still: blocking
            .iter()
            .filter(|cluster| was(cluster))
            .map(key)
            .collect(),
    }
}

fn stalled(rounds: &[Round]) -> Option<String> {
    let last = rounds.last().filter(|last| last.blocking > 0)?;
    let earlier = rounds.len().checked_sub(STALL_ROUNDS).map(|at| &rounds[at]);
    if let Some(earlier) = earlier.filter(|earlier| last.blocking >= earlier.blocking) {
        return Some(format!(
            "{} blocking findings in round {}, {} in round {}",
            last.blocking, last.round, earlier.blocking, earlier.round
        ));
    }
    let before = rounds.len().checked_sub(2).map(|at| &rounds[at])?;
    let same = last.still == last.keys && last.blocking >= before.blocking;
    same.then(|| {
        format!(
            "round {} left what round {} had found",
            last.round, before.round
        )
    })
}
