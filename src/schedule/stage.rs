//! Where one package stands according to its records alone.

use crate::base::{AttemptId, PackageId, Timestamp, TxnId, text};
use crate::model::{AttemptResult, EndReason, GateVerdict, OutcomeKind};
use crate::schedule::gates;
use crate::schedule::tier::{self, OpenStep, Shown};
use crate::state::questions;
use crate::state::record::{Accept, Grant, Hold, HoldKind};
use crate::state::view::{AttemptView, FeatureView, PackageView};

/// Where a package stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage<'a> {
    /// Nobody holds it and nothing forbids another attempt.
    Idle {
        /// The number of the next attempt.
        number: u32,
    },
    /// An attempt holds it.
    Held {
        /// The grant.
        grant: &'a Grant,
        /// The attempt; `None` if its fact is missing.
        attempt: Option<&'a AttemptView>,
        /// How far it is.
        phase: Phase,
    },
    /// It is merged.
    Merged {
        /// The right that says so.
        accept: &'a Accept,
        /// Steps that may be open after the merge.
        open: Vec<OpenStep>,
        /// The answer that came too late to stop the merge.
        red: Option<String>,
    },
    /// Its last attempt failed and no other will follow.
    Failed {
        /// Why.
        why: String,
    },
    /// A person cancelled it.
    Cancelled {
        /// Why.
        why: String,
    },
}

/// How far an attempt is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// No result yet.
    Working,
    /// A result that no gate has seen.
    Ungated,
    /// Through the gate, not verified.
    Unverified,
    /// Steps have to be answered before the merge.
    Awaiting(Vec<OpenStep>),
    /// It may be merged.
    Green,
    /// It must end.
    Over(EndReason, String),
}

/// What limits the number of attempts.
#[derive(Debug, Clone, Copy)]
pub struct Budget<'a> {
    /// Retries after a failure.
    pub retries: u32,
    /// Attempts that may be lost.
    pub lost_max: u32,
    /// Only attempts of this run count: who runs again asks for new attempts.
    pub run: Option<&'a TxnId>,
    /// Whether it is a gate, which is tried again once what it was denied for is put right.
    pub gate: bool,
}

/// The stage of `id`.
pub fn stage<'a>(feature: &'a FeatureView, id: &PackageId, budget: Budget<'_>) -> Stage<'a> {
    let Some(package) = feature.packages.get(id) else {
        return match (cancelled(&feature.holds), questions::given_up(feature, id)) {
            (Some(why), _) => Stage::Cancelled { why },
            (None, Some(why)) => Stage::Failed { why },
            (None, None) => Stage::Idle { number: 1 },
        };
    };
    if let Some(accept) = &package.accept {
        return merged(package, accept);
    }
    if let Some(grant) = package.live() {
        let attempt = package.attempts.get(&grant.attempt);
        let phase = attempt.map_or(Phase::Working, |a| phase(package, a));
        return Stage::Held {
            grant,
            attempt,
            phase,
        };
    }
    if let Some(why) = cancelled(&package.holds).or_else(|| cancelled(&feature.holds)) {
        return Stage::Cancelled { why };
    }
    let given_up = questions::given_up(feature, id);
    let reworked = gates::forgiven(feature, id).filter(|_| budget.gate);
    let since = questions::forgiven(feature, id).max(reworked);
    match given_up.or_else(|| exhausted(package, budget, since)) {
        Some(why) => Stage::Failed { why },
        None => Stage::Idle {
            number: next_number(package),
        },
    }
}

/// The hold that keeps new attempts of the package from starting, in words.
pub fn paused(feature: &FeatureView, id: &PackageId) -> Option<String> {
    let own = feature.packages.get(id).map(|p| p.holds.as_slice());
    let holds = feature.holds.iter().chain(own.unwrap_or_default());
    let mut paused = holds.filter(|h| h.kind == HoldKind::Pause);
    paused.next().map(|h| words("paused", h))
}

fn cancelled(holds: &[Hold]) -> Option<String> {
    let mut cancelled = holds.iter().filter(|h| h.kind == HoldKind::Cancel);
    cancelled.next().map(|h| words("cancelled", h))
}

/// `paused by ann@host: reason`
pub fn words(what: &str, hold: &Hold) -> String {
    match hold.reason.is_empty() {
        true => format!("{what} by {}", hold.by.label),
        false => format!("{what} by {}: {}", hold.by.label, hold.reason),
    }
}

fn merged<'a>(package: &'a PackageView, accept: &'a Accept) -> Stage<'a> {
    let attempt = package.attempts.get(&accept.attempt);
    let (open, red) = match attempt.map(|a| tier::shown(package, a)) {
        Some(Shown::Green(open) | Shown::Blocked(open)) => (open, None),
        Some(Shown::Red(why)) => (Vec::new(), Some(why)),
        Some(Shown::Nothing) | None => (Vec::new(), None),
    };
    Stage::Merged { accept, open, red }
}

fn next_number(package: &PackageView) -> u32 {
    let granted = package.attempts.values().filter(|a| a.epoch.is_some());
    granted.map(|a| a.attempt.number).max().unwrap_or(0) + 1
}

/// Why no further attempt follows. A loss says something of the holder, not of the work, so the
/// two are counted apart; the second bound keeps a machine that kills everything from looping.
fn exhausted(
    package: &PackageView,
    budget: Budget<'_>,
    since: Option<Timestamp>,
) -> Option<String> {
    let ours = |a: &&&AttemptView| {
        let counts = since.is_none_or(|at| a.attempt.by.at > at);
        counts && (budget.run.is_none() || a.attempt.run.as_ref() == budget.run)
    };
    let all = package.in_order();
    let ends: Vec<_> = all
        .iter()
        .filter(ours)
        .filter_map(|a| a.end.as_ref())
        .collect();
    let count = |test: fn(EndReason) -> bool| {
        let number = ends.iter().filter(|e| test(e.reason)).count();
        u32::try_from(number).unwrap_or(u32::MAX)
    };
    let lost = |reason| matches!(reason, EndReason::Lost | EndReason::Expired);
    if count(EndReason::uses_retry) > budget.retries {
        let last = ends.iter().rev().find(|e| e.reason.uses_retry());
        return last.map(|e| e.note.clone());
    }
    if count(lost) > budget.lost_max {
        let last = ends.iter().rev().find(|e| lost(e.reason));
        let times = count(lost);
        return last.map(|e| format!("lost {times} attempts, the last one: {}", e.note));
    }
    None
}

/// How far an attempt with a grant is.
fn phase(package: &PackageView, attempt: &AttemptView) -> Phase {
    let Some(result) = &attempt.result else {
        return Phase::Working;
    };
    let gates = attempt.gates.iter().rev();
    let verdict = gates.into_iter().find(|g| g.head == result.head);
    if let Some(reason) = bad(result.outcome) {
        let note = match verdict {
            None if is_worth_a_look(attempt, result) => return Phase::Ungated,
            Some(verdict) if !verdict.passed => format!("{}; {}", said(result), refusal(verdict)),
            None | Some(_) => last_words(result),
        };
        return Phase::Over(reason, note);
    }
    match verdict {
        None => Phase::Ungated,
        Some(verdict) if !verdict.passed => Phase::Over(EndReason::Failed, refusal(verdict)),
        Some(_) => match tier::shown(package, attempt) {
            Shown::Nothing => Phase::Unverified,
            Shown::Red(why) => Phase::Over(EndReason::Failed, why),
            Shown::Blocked(open) => Phase::Awaiting(open),
            Shown::Green(_) => Phase::Green,
        },
    }
}

fn bad(outcome: OutcomeKind) -> Option<EndReason> {
    Some(match outcome {
        OutcomeKind::Finished | OutcomeKind::Empty => return None,
        OutcomeKind::Failed
        | OutcomeKind::TimedOut
        | OutcomeKind::Silent
        | OutcomeKind::Diverged
        | OutcomeKind::LostWorktree
        | OutcomeKind::BadResult => EndReason::Failed,
        OutcomeKind::Killed | OutcomeKind::Lost => EndReason::Lost,
        OutcomeKind::Stopped => EndReason::Cancelled,
        OutcomeKind::Unserved => EndReason::Unserved,
    })
}

/// True if the gate can say of a failed attempt what was wrong with its work: a refused commit,
/// for instance, is all that its agent may know to tell by its exit code.
fn is_worth_a_look(attempt: &AttemptView, result: &AttemptResult) -> bool {
    match result.outcome {
        OutcomeKind::Failed
        | OutcomeKind::TimedOut
        | OutcomeKind::Silent
        | OutcomeKind::BadResult => result.head != attempt.attempt.base,
        // Its own head is not judged, but what else it did to the repository is.
        OutcomeKind::Diverged => true,
        OutcomeKind::Finished
        | OutcomeKind::Empty
        | OutcomeKind::Killed
        | OutcomeKind::LostWorktree
        | OutcomeKind::Lost
        | OutcomeKind::Stopped
        | OutcomeKind::Unserved => false,
    }
}

fn said(result: &AttemptResult) -> &str {
    match result.reason.is_empty() {
        true => result.outcome.as_str(),
        false => &result.reason,
    }
}

/// What is known of a failure, with the last line that the agent wrote.
fn last_words(result: &AttemptResult) -> String {
    let said = said(result).to_owned();
    let mut lines = result.tail.lines().rev().map(str::trim);
    let last = lines.find(|line| !line.is_empty());
    match last.filter(|_| result.outcome == OutcomeKind::Failed && result.exit_code != Some(0)) {
        Some(line) => format!("{said}: {}", text::cut(line, LAST_WORDS_MAX)),
        None => said,
    }
}

/// Characters of an agent's last line that go into the reason of its failure.
const LAST_WORDS_MAX: usize = 120;

fn refusal(verdict: &GateVerdict) -> String {
    let Some(first) = verdict.violations.first() else {
        return "refused at the gate".to_owned();
    };
    let path = first.path.as_ref().map(|p| format!("`{p}`: "));
    let more = match verdict.violations.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    format!(
        "refused at the gate: {}{} [{}]{more}",
        path.unwrap_or_default(),
        first.detail,
        first.rule
    )
}

impl Stage<'_> {
    /// The attempt that holds the package.
    pub fn holder(&self) -> Option<&AttemptId> {
        match self {
            Stage::Held { grant, .. } => Some(&grant.attempt),
            Stage::Idle { .. }
            | Stage::Merged { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => None,
        }
    }
}
