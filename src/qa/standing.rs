//! How the loop stands: a pure function of the rounds, of what was merged since, and of what a
//! person answered.

use crate::model::qa::QaRound;
use crate::qa::round::{self, Verdict};

/// Rounds before a person is asked.
pub const ROUNDS_MAX: u32 = 3;

/// What a person answered when the rounds were used up, oldest question first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// One more round.
    Retry,
    /// It is good enough: the person takes it on.
    Accept,
    /// No more.
    Stop,
}

/// How the loop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// This round is to be made.
    Due(u32),
    /// The last round passed, and nothing was merged since.
    Passed,
    /// A person accepted it as it is.
    Accepted,
    /// What this round found is to be repaired first.
    Refining(u32),
    /// No round passed, and nobody was asked yet, or nobody answered: the question of this round.
    Asking(u32),
    /// A person stopped it.
    Stopped,
}

impl Standing {
    /// True if a feature may be finished so.
    pub fn is_done(self) -> bool {
        matches!(self, Standing::Passed | Standing::Accepted)
    }

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Due(_) => "due",
            Standing::Passed => "passed",
            Standing::Accepted => "accepted",
            Standing::Refining(_) => "refining",
            Standing::Asking(_) => "asking",
            Standing::Stopped => "stopped",
        }
    }
}

/// How it stands: `rounds` by number, `merged` packages now, `answers` to the questions so far.
pub fn standing(rounds: &[&QaRound], merged: u32, answers: &[Answer]) -> Standing {
    let allowed = allowed(answers);
    let made = count(rounds);
    let Some(last) = rounds.last() else {
        return Standing::Due(1);
    };
    let is_current = last.merged == merged;
    match (round::verdict(last), answers.last()) {
        (Verdict::Pass, _) if is_current => Standing::Passed,
        (_, Some(Answer::Accept)) if is_current => Standing::Accepted,
        (_, Some(Answer::Stop)) => Standing::Stopped,
        (Verdict::Fail, _) if is_current && made < allowed => Standing::Refining(made),
        _ if made < allowed => Standing::Due(made + 1),
        (Verdict::Pass, _) => Standing::Due(made + 1),
        _ => Standing::Asking(made),
    }
}

/// Rounds whose findings are repaired by a package of their own.
pub fn refined<'a>(rounds: &[&'a QaRound], answers: &[Answer]) -> Vec<&'a QaRound> {
    let allowed = allowed(answers);
    let failed = rounds
        .iter()
        .filter(|round| round::verdict(round) == Verdict::Fail);
    failed
        .filter(|round| round.number < allowed)
        .copied()
        .collect()
}

/// How many rounds there may be: each answer that asks for another one allows one.
pub fn allowed(answers: &[Answer]) -> u32 {
    let more = answers.iter().filter(|answer| **answer == Answer::Retry);
    ROUNDS_MAX + u32::try_from(more.count()).unwrap_or(u32::MAX - ROUNDS_MAX)
}

fn count(rounds: &[&QaRound]) -> u32 {
    rounds.last().map_or(0, |round| round.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Oid;
    use crate::model::qa::{QaCheck, QaReading, QaReport, QaResult, QaStatus, QaSurface};

    fn round(number: u32, merged: u32, status: Option<QaStatus>) -> QaRound {
        let report = |status| QaReport {
            schema_version: 1,
            surface: "web".to_owned(),
            status,
            checks: vec![QaResult {
                id: "web-1".to_owned(),
                status,
                evidence: "seen".to_owned(),
            }],
            issues: Vec::new(),
            recommendation: None,
        };
        QaRound {
            number,
            commit: Oid::parse(&"1".repeat(40)).unwrap(),
            merged,
            plan: vec![QaSurface {
                name: "web".to_owned(),
                seen: Vec::new(),
                checks: vec![QaCheck {
                    id: "web-1".to_owned(),
                    what: "it loads".to_owned(),
                }],
            }],
            readings: vec![QaReading {
                surface: "web".to_owned(),
                agent: "qa".to_owned(),
                report: status.map(report),
                faults: Vec::new(),
            }],
        }
    }

    fn stands(rounds: &[(u32, Option<QaStatus>)], merged: u32, answers: &[Answer]) -> Standing {
        let rounds: Vec<QaRound> = (1..)
            .zip(rounds)
            .map(|(number, (merged, status))| round(number, *merged, *status))
            .collect();
        standing(&rounds.iter().collect::<Vec<_>>(), merged, answers)
    }

    const PASS: Option<QaStatus> = Some(QaStatus::Pass);
    const FAIL: Option<QaStatus> = Some(QaStatus::Fail);

    #[test]
    fn rounds_go_on_until_one_passes_on_what_is_merged() {
        assert_eq!(stands(&[], 5, &[]), Standing::Due(1));
        assert_eq!(stands(&[(5, PASS)], 5, &[]), Standing::Passed);
        assert_eq!(stands(&[(5, PASS)], 6, &[]), Standing::Due(2));
        assert_eq!(stands(&[(5, FAIL)], 5, &[]), Standing::Refining(1));
        assert_eq!(stands(&[(5, FAIL)], 6, &[]), Standing::Due(2));
        assert_eq!(
            stands(&[(5, FAIL), (6, FAIL), (7, PASS)], 7, &[]),
            Standing::Passed
        );
    }

    #[test]
    fn a_void_round_is_made_again_within_the_bound_and_never_passes() {
        assert_eq!(stands(&[(5, None)], 5, &[]), Standing::Due(2));
        assert_eq!(stands(&[(5, None), (5, None)], 5, &[]), Standing::Due(3));
        let three = [(5, None); 3];
        assert_eq!(stands(&three, 5, &[]), Standing::Asking(3));
        assert_eq!(stands(&three, 5, &[Answer::Retry]), Standing::Due(4));
    }

    #[test]
    fn after_the_third_round_a_person_decides() {
        let three = [(5, FAIL), (6, FAIL), (7, FAIL)];
        assert_eq!(stands(&three, 7, &[]), Standing::Asking(3));
        assert_eq!(stands(&three, 7, &[Answer::Retry]), Standing::Refining(3));
        assert_eq!(stands(&three, 8, &[Answer::Retry]), Standing::Due(4));
        assert_eq!(stands(&three, 7, &[Answer::Accept]), Standing::Accepted);
        assert_eq!(stands(&three, 7, &[Answer::Stop]), Standing::Stopped);
        let four = [(5, FAIL), (6, FAIL), (7, FAIL), (8, FAIL)];
        assert_eq!(stands(&four, 8, &[Answer::Retry]), Standing::Asking(4));
    }

    #[test]
    fn what_was_accepted_is_no_yes_to_what_is_merged_later() {
        let three = [(5, FAIL), (6, FAIL), (7, FAIL)];
        assert_eq!(stands(&three, 8, &[Answer::Accept]), Standing::Asking(3));
    }

    #[test]
    fn the_last_failure_is_refined_only_if_another_round_follows() {
        let rounds: Vec<QaRound> = (1..=3).map(|n| round(n, 4 + n, FAIL)).collect();
        let rounds: Vec<&QaRound> = rounds.iter().collect();
        let numbers = |answers: &[Answer]| -> Vec<u32> {
            refined(&rounds, answers).iter().map(|r| r.number).collect()
        };
        assert_eq!(numbers(&[]), [1, 2]);
        assert_eq!(numbers(&[Answer::Retry]), [1, 2, 3]);
    }
}
