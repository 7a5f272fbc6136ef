//! Where the review of a package stands: due, being answered, passed, or in need of a person.
//!
//! A package is reviewed at exactly the commit that merged it. What has to change is done by a
//! fix package, and that one's merge is reviewed in the next round.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::json::{self, Value};
use crate::base::{Oid, PackageId, text};
use crate::model::{Adjudication, FindingKey, OutcomeKind, ReviewType, Reviewed};
use crate::review::{Cluster, Decision, Independence, ReviewRule, Trend, TrendState, Verdict};
use crate::review::{trend, verdict};
use crate::schedule::sprout;
use crate::state::view::{AttemptView, PackageView};
use crate::state::{FeatureView, record::RunStarted};

/// The word for a package that answers the findings of a review.
pub const FIX: &str = "fix";
/// How often one reviewer is asked about one commit before it counts as absent.
const TRIES: usize = 2;

/// How packages are reviewed; recorded with the run, so every process goes by the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewPolicy {
    /// Who may be asked, in this order.
    pub reviewers: Vec<Reviewer>,
    /// Answers that a verdict needs.
    pub quorum: u32,
    /// Rounds before a person is asked.
    pub rounds: u32,
    /// Whether reviewers are asked to look for what breaks it.
    #[serde(default)]
    pub adversarial: bool,
    /// Whether a reviewer by the author's own vendor is no vote.
    #[serde(default)]
    pub independent: bool,
    /// Who makes the agents that may do the work.
    #[serde(default)]
    pub authors: BTreeMap<String, String>,
}

/// An agent that reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewer {
    /// The name of its profile.
    pub agent: String,
    /// Who makes it.
    pub vendor: String,
}

/// Where the review of a package stands.
#[derive(Debug, Clone, PartialEq)]
pub enum ReviewState {
    /// There is nothing to review.
    Free,
    /// Reviewers are to be asked.
    Due(ReviewDue),
    /// A fix package has to be merged first.
    Fixing(PackageId),
    /// The last commit was approved.
    Approved(Oid),
    /// It does not go on by itself.
    Blocked(Blocked),
}

/// Who is to be asked about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewDue {
    /// The package.
    pub package: PackageId,
    /// From 1.
    pub round: u32,
    /// The commit that reviewers see.
    pub commit: Oid,
    /// The change, from here ...
    pub base: Oid,
    /// ... to here.
    pub head: Oid,
    /// Who made it, if that is known.
    pub author_vendor: Option<String>,
    /// What kind of review.
    pub kind: ReviewType,
    /// Who is asked, each once.
    pub reviewers: Vec<Reviewer>,
}

/// Why a review does not go on by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocked {
    /// The commit.
    pub commit: Oid,
    /// A sentence for people.
    pub why: String,
    /// The findings that keep it; empty where reviews are missing.
    pub findings: Vec<Cluster>,
}

impl ReviewState {
    /// True if the review keeps nothing from going on.
    pub fn is_settled(&self) -> bool {
        matches!(self, ReviewState::Free | ReviewState::Approved(_))
    }

    /// The sentence for people; empty where there is nothing to say.
    pub fn words(&self) -> String {
        match self {
            ReviewState::Free => String::new(),
            ReviewState::Due(due) => format!("waits for its review (round {})", due.round),
            ReviewState::Fixing(fix) => format!("its review asks for changes: `{fix}`"),
            ReviewState::Approved(commit) => format!("approved at {}", commit.short()),
            ReviewState::Blocked(blocked) => blocked.why.clone(),
        }
    }
}

impl ReviewPolicy {
    /// The word under which it is recorded.
    pub const OPTION: &'static str = "review";

    /// As recorded with a run.
    pub fn recorded(run: &RunStarted) -> Option<ReviewPolicy> {
        json::from_value(run.options.get(Self::OPTION)?.clone()).ok()
    }

    /// As a run records it.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_value(&self) -> crate::base::Result<Value> {
        json::value(self)
    }

    /// What the records go by: that of the last run; where it asked for none and somebody reviewed
    /// all the same, one answer is enough, and what it found counts.
    pub fn of(records: &FeatureView) -> Option<ReviewPolicy> {
        let run = records
            .last_run()
            .and_then(|run| Self::recorded(&run.started));
        run.or_else(|| {
            records.reviews().next()?;
            Some(ReviewPolicy {
                reviewers: Vec::new(),
                quorum: 1,
                rounds: ReviewRule::default().rounds_max,
                adversarial: false,
                independent: false,
                authors: BTreeMap::new(),
            })
        })
    }

    /// The same, where agents are there that review.
    pub(super) fn with_reviewers(records: &FeatureView) -> Option<ReviewPolicy> {
        Self::of(records).filter(|policy| !policy.reviewers.is_empty())
    }

    /// When reviews are enough, and what keeps work from going on.
    pub fn rule(&self) -> ReviewRule {
        ReviewRule {
            quorum: self.quorum,
            independence: match self.independent {
                true => Independence::Required,
                false => Independence::Preferred,
            },
            rounds_max: self.rounds,
            ..ReviewRule::default()
        }
    }

    /// Who is asked about work of `author`: those of other vendors where they are enough, else all
    /// but the author's own profile, else whoever there is.
    fn chosen(&self, agent: &str, author: Option<&str>) -> Vec<Reviewer> {
        let enough = |some: &Vec<Reviewer>| some.len() >= self.quorum.max(1) as usize;
        let pick = |test: &dyn Fn(&Reviewer) -> bool| -> Vec<Reviewer> {
            self.reviewers.iter().filter(|r| test(r)).cloned().collect()
        };
        let others = pick(&|r| Some(r.vendor.as_str()) != author);
        if enough(&others) {
            return others;
        }
        let beside = pick(&|r| r.agent != agent);
        if enough(&beside) {
            return beside;
        }
        self.reviewers.clone()
    }
}

/// One change of a package that was or is to be reviewed: its own, or that of a fix.
pub(super) struct Change<'a> {
    attempt: &'a AttemptView,
    merge: &'a Oid,
    head: &'a Oid,
}

fn change(package: &PackageView) -> Option<Change<'_>> {
    let accept = package.accept.as_ref()?;
    Some(Change {
        attempt: package.attempts.get(&accept.attempt)?,
        merge: &accept.merge,
        head: &accept.head,
    })
}

/// Rulings of people on findings.
pub fn rulings(records: &FeatureView) -> Vec<Adjudication> {
    let rulings = records.waivers().filter_map(|(waiver, by)| {
        Some(Adjudication {
            key: FindingKey::parse(&waiver.key)?,
            ruling: waiver.ruling,
            evidence: waiver.reason.clone(),
            by: by.label.clone(),
            commit: waiver.commit.clone(),
        })
    });
    rulings.collect()
}

/// The reviews of one package, all rounds.
pub fn reviews_of(records: &FeatureView, package: &PackageId) -> Vec<Reviewed> {
    let own = |r: &&Reviewed| r.package.as_ref() == Some(package);
    records.reviews().filter(own).cloned().collect()
}

/// How the rounds of a package went.
pub fn rounds(
    records: &FeatureView,
    package: &PackageId,
    policy: Option<&ReviewPolicy>,
) -> Option<Trend> {
    let reviews = reviews_of(records, package);
    let policy = policy.filter(|_| !reviews.is_empty())?;
    Some(trend(&reviews, &policy.rule(), &rulings(records)))
}

/// What reviewers found together at the newest commit of a package, gravest first.
pub fn findings(
    records: &FeatureView,
    package: &PackageId,
    policy: Option<&ReviewPolicy>,
) -> Vec<Cluster> {
    let (Some(policy), Some((_, change))) = (policy, newest(records, package)) else {
        return Vec::new();
    };
    let reviews = reviews_of(records, package);
    let verdict = verdict(&reviews, change.merge, &policy.rule(), &rulings(records));
    verdict.consensus.clusters
}

/// The id of the package that answers the findings of a round.
pub fn fix_id(package: &PackageId, round: u32) -> Option<PackageId> {
    sprout::id("wp-fix", package, round)
}

/// Where the review of a package stands. `None` for a package that is not merged.
pub fn state(
    records: &FeatureView,
    package: &PackageId,
    policy: &ReviewPolicy,
) -> Option<ReviewState> {
    let (round, change) = newest(records, package)?;
    let outcome = change.attempt.result.as_ref().map(|r| r.outcome);
    if round == 1 && outcome == Some(OutcomeKind::Empty) {
        return Some(ReviewState::Free);
    }
    let reviews = reviews_of(records, package);
    if reviews.is_empty() && policy.reviewers.is_empty() {
        return Some(ReviewState::Free);
    }
    let (waived, merge) = (is_waived(records, package, change.merge), change.merge);
    let due = due(package, (round, change), &reviews, policy).filter(|_| !waived);
    Some(match due {
        Some(due) => ReviewState::Due(due),
        None => judged(records, (package, round, merge), &reviews, policy),
    })
}

/// The last merged change of the package, and the round in which it is reviewed.
pub(super) fn newest<'a>(
    records: &'a FeatureView,
    package: &PackageId,
) -> Option<(u32, Change<'a>)> {
    let mut newest = (1, change(records.packages.get(package)?)?);
    while let Some(fix) = fix_id(package, newest.0)
        && let Some(change) = records.packages.get(&fix).and_then(change)
    {
        newest = (newest.0 + 1, change);
    }
    Some(newest)
}

impl<'a> From<(&'a AttemptView, &'a Oid, &'a Oid)> for Change<'a> {
    fn from((attempt, merge, head): (&'a AttemptView, &'a Oid, &'a Oid)) -> Self {
        Change {
            attempt,
            merge,
            head,
        }
    }
}

/// Whom to ask yet about a change; `None` if everybody answered, or was asked often enough.
pub(super) fn due(
    package: &PackageId,
    (round, change): (u32, Change<'_>),
    reviews: &[Reviewed],
    policy: &ReviewPolicy,
) -> Option<ReviewDue> {
    let agent = change.attempt.attempt.agent.as_str();
    let author = policy.authors.get(agent).map(String::as_str);
    let here = |r: &&Reviewed| r.commit == *change.merge;
    let open = policy.chosen(agent, author).into_iter().filter(|reviewer| {
        let own = |r: &&Reviewed| r.reviewer == reviewer.agent;
        let mut asked = reviews.iter().filter(here).filter(own);
        let tries = asked.clone().count();
        tries < TRIES && asked.all(|r| r.findings().is_none())
    });
    let open: Vec<Reviewer> = open.collect();
    (!open.is_empty()).then(|| ReviewDue {
        package: package.clone(),
        round,
        commit: change.merge.clone(),
        base: change.attempt.attempt.base.clone(),
        head: change.head.clone(),
        author_vendor: author.map(str::to_owned),
        kind: match policy.adversarial {
            true => ReviewType::Adversarial,
            false => ReviewType::Implementation,
        },
        reviewers: open,
    })
}

/// What follows from the answers.
fn judged(
    records: &FeatureView,
    (package, round, commit): (&PackageId, u32, &Oid),
    reviews: &[Reviewed],
    policy: &ReviewPolicy,
) -> ReviewState {
    let (rule, rulings) = (policy.rule(), rulings(records));
    let Verdict { decision, .. } = verdict(reviews, commit, &rule, &rulings);
    let blocked = |why: String, findings: Vec<Cluster>| {
        ReviewState::Blocked(Blocked {
            commit: commit.clone(),
            why,
            findings,
        })
    };
    match decision {
        Decision::Approved => ReviewState::Approved(commit.clone()),
        Decision::NoQuorum(_) if is_waived(records, package, commit) => {
            ReviewState::Approved(commit.clone())
        }
        Decision::NoQuorum(reasons) => blocked(
            format!("not enough reviews: {}", reasons.join("; ")),
            Vec::new(),
        ),
        Decision::Escalate(findings) => {
            let number = text::count(findings.len(), "finding");
            blocked(format!("a person has to rule on {number}"), findings)
        }
        Decision::ChangesRequested(findings) => {
            match (
                trend(reviews, &rule, &rulings).state,
                fix_id(package, round),
            ) {
                (TrendState::Stalled(why), _) => {
                    blocked(format!("the reviews come to no end: {why}"), findings)
                }
                (TrendState::Exhausted, _) | (_, None) => {
                    let rounds = text::count(policy.rounds as usize, "round");
                    blocked(format!("still not approved after {rounds}"), findings)
                }
                (_, Some(fix)) => ReviewState::Fixing(fix),
            }
        }
    }
}

/// The name of the reason that a package has too few reviews.
pub fn quorum_key(package: &PackageId) -> String {
    format!("review:{package}")
}

/// True if a person does without the reviews that are missing.
fn is_waived(records: &FeatureView, package: &PackageId, commit: &Oid) -> bool {
    let key = quorum_key(package);
    let mut waivers = records.waivers().map(|(waiver, _)| waiver);
    waivers.any(|w| w.key == key && w.commit.as_ref().is_none_or(|c| c == commit))
}
