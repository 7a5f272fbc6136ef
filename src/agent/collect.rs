//! Judges how an attempt ended, and makes the result that is recorded.
//!
//! The order of precedence, first match wins: stopped, unserved, timed out, silent, repeating
//! (failed), killed, failed (exit code, or a result that says so), diverged, lost worktree,
//! unsealed leftovers (failed), bad result, empty, finished. What we did to the agent outranks
//! what it did; what git shows outranks what it says.

use std::path::Path;

use crate::agent::conversation::worth_going_on;
use crate::agent::result_file::{self, Expected, ResultFile};
use crate::agent::supervise::{AgentEnd, AgentRun};
use crate::base::json::{Map, Value};
use crate::base::{Oid, Redactor, Timestamp, text};
use crate::model::{AttemptResult, OutcomeKind, RoomState};

/// What a result is computed from.
pub struct Collect<'a> {
    /// What became of the process.
    pub run: &'a AgentRun,
    /// What became of the room, its leftovers committed.
    pub room: &'a RoomState,
    /// Where the result file may be.
    pub result_file: &'a Path,
    /// What a debugger wrote of what it supposed, from [`crate::agent::hypotheses::read`].
    pub hypotheses: Option<String>,
    /// Whom it must be for.
    pub expected: Expected<'a>,
    /// The attempt's base and its tree, for a room without a head.
    pub base: (&'a Oid, &'a Oid),
    /// Knows the secrets of the environment.
    pub redactor: &'a Redactor,
    /// Now.
    pub at: Timestamp,
}

/// Reads the result file, judges, and makes the result.
pub fn collect(from: &Collect<'_>) -> AttemptResult {
    let file = result_file::read(from.result_file, from.expected, from.redactor);
    let (outcome, reason) = match unserved(from.run) {
        Some(why) => (OutcomeKind::Unserved, why),
        None => judge(from.run.end, from.room, &file),
    };
    let base = (from.base.0.clone(), from.base.1.clone());
    let (head, tree, files_modified) = match from.room {
        RoomState::Kept {
            head,
            tree,
            changed,
        } => (head.clone(), tree.clone(), changed.clone()),
        RoomState::Unsealed { head, tree, .. } => (head.clone(), tree.clone(), Vec::new()),
        RoomState::Diverged { .. } | RoomState::Lost { .. } => (base.0, base.1, Vec::new()),
    };
    let exit_code = match from.run.end {
        AgentEnd::Exited(code) => Some(code),
        _ => None,
    };
    AttemptResult {
        outcome,
        head,
        tree,
        exit_code,
        seconds: from.run.took.as_secs(),
        reason: from.redactor.redact(&reason),
        files_modified,
        claimed: match file {
            ResultFile::Claimed(map) => map,
            ResultFile::Missing | ResultFile::Malformed(_) => Map::new(),
        },
        log: from.run.log.clone(),
        tail: from.run.tail.clone(),
        account: from.run.account.clone(),
        held: None,
        hypotheses: from.hypotheses.clone(),
        at: from.at,
    }
}

/// Why the service behind the agent would not serve it, if that is what ended it. Nobody else
/// would have done better, so it says nothing of the package.
fn unserved(run: &AgentRun) -> Option<String> {
    let account = run.account.as_ref()?;
    let is_ours = matches!(run.end, AgentEnd::Stopped | AgentEnd::NothingToDo);
    if is_ours {
        return None;
    }
    let is_well = matches!(run.end, AgentEnd::Exited(0));
    let Some(trouble) = account.trouble.as_ref().filter(|it| it.kind.is_for_all()) else {
        // The next attempt begins a conversation of its own.
        let is_stuck = run.resumed && !is_well && worth_going_on(account).is_none();
        return is_stuck.then(|| "could not go on with its conversation".to_owned());
    };
    let words = trouble.kind.words();
    let until = trouble
        .resets_at
        .map(|at| format!(" until {} UTC", at.brief()));
    let until = until.unwrap_or_default();
    Some(format!(
        "its agent {words}{until}: {}",
        text::foreign(&trouble.text)
    ))
}

/// The outcome and one line why; see the head of this file for the precedence.
pub fn judge(end: AgentEnd, room: &RoomState, file: &ResultFile) -> (OutcomeKind, String) {
    match end {
        AgentEnd::Stopped => {
            return (
                OutcomeKind::Stopped,
                "stopped because the run was stopped".to_owned(),
            );
        }
        AgentEnd::TimedOut => {
            return (
                OutcomeKind::TimedOut,
                "ran longer than its limit".to_owned(),
            );
        }
        AgentEnd::Silent => {
            return (
                OutcomeKind::Silent,
                "said nothing for longer than its limit".to_owned(),
            );
        }
        AgentEnd::Repeating => {
            return (
                OutcomeKind::Failed,
                "did the same again and again until it was stopped".to_owned(),
            );
        }
        AgentEnd::Signalled(signal) => {
            return (
                OutcomeKind::Killed,
                format!("was killed by signal {signal}"),
            );
        }
        AgentEnd::Exited(code) if code != 0 => {
            return (OutcomeKind::Failed, format!("ended with exit code {code}"));
        }
        AgentEnd::Exited(_) | AgentEnd::NothingToDo => {}
    }
    if let Some(why) = says_failed(file) {
        return (OutcomeKind::Failed, why);
    }
    match room {
        RoomState::Diverged { why, .. } => return (OutcomeKind::Diverged, why.clone()),
        RoomState::Lost { why } => return (OutcomeKind::LostWorktree, why.clone()),
        RoomState::Unsealed { why, .. } => return (OutcomeKind::Failed, why.clone()),
        RoomState::Kept { .. } => {}
    }
    if let ResultFile::Malformed(why) = file {
        return (OutcomeKind::BadResult, format!("its result file: {why}"));
    }
    match room {
        RoomState::Kept { changed, .. } if !changed.is_empty() => {
            let files = text::count(changed.len(), "file");
            (OutcomeKind::Finished, format!("changed {files}"))
        }
        _ => (OutcomeKind::Empty, "changed nothing".to_owned()),
    }
}

/// An agent that says it failed is taken at its word; one that says it succeeded is not.
fn says_failed(file: &ResultFile) -> Option<String> {
    let ResultFile::Claimed(map) = file else {
        return None;
    };
    if map.get("status").and_then(Value::as_str) != Some("failed") {
        return None;
    }
    let said = ["error_code", "notes"]
        .iter()
        .filter_map(|name| map.get(*name)?.as_str())
        .find(|said| !said.is_empty())
        .map_or(String::new(), |said| {
            let line = said.lines().next().unwrap_or("");
            format!(": {}", text::foreign(&text::cut(line, 200)))
        });
    Some(format!("its result says that it failed{said}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::RepoPath;
    use crate::base::json::json;

    fn oid(digit: &str) -> Oid {
        Oid::parse(&digit.repeat(40)).unwrap()
    }

    fn kept(paths: &[&str]) -> RoomState {
        RoomState::Kept {
            head: oid("1"),
            tree: oid("2"),
            changed: paths.iter().map(|path| RepoPath::from(*path)).collect(),
        }
    }

    #[test]
    fn an_agent_that_its_service_refused_says_nothing_of_the_package() {
        let run = |kind, end| AgentRun {
            end,
            took: std::time::Duration::ZERO,
            log: None,
            tail: String::new(),
            said: String::new(),
            survivors: Vec::new(),
            resumed: false,
            account: Some(crate::model::Account {
                trouble: Some(crate::model::Trouble {
                    kind,
                    text: "limit reached".to_owned(),
                    resets_at: Some(Timestamp::from_millis(0)),
                }),
                ..Default::default()
            }),
        };
        use crate::model::TroubleKind as T;
        let why = unserved(&run(T::Quota, AgentEnd::Exited(1))).unwrap();
        assert_eq!(
            why,
            "its agent has no quota left until 1970-01-01 00:00:00 UTC: limit reached"
        );
        assert!(unserved(&run(T::Auth, AgentEnd::Silent)).is_some());
        assert!(unserved(&run(T::Context, AgentEnd::Exited(1))).is_none());
        assert!(unserved(&run(T::Quota, AgentEnd::Stopped)).is_none());
    }

    #[test]
    fn the_first_of_the_precedence_wins() {
        use OutcomeKind as O;
        let diverged = RoomState::Diverged {
            head: None,
            why: "HEAD is on `main`".to_owned(),
        };
        let lost = RoomState::Lost {
            why: "no folder".to_owned(),
        };
        let unsealed = RoomState::Unsealed {
            head: oid("1"),
            tree: oid("2"),
            why: "a filter failed".to_owned(),
        };
        let claimed = |value: Value| ResultFile::Claimed(value.as_object().unwrap().clone());
        let bad = ResultFile::Malformed("is not a JSON object".to_owned());
        let failed = claimed(json!({"status": "failed", "error_code": "PAUSED"}));
        let done = claimed(json!({"status": "completed"}));
        let none = ResultFile::Missing;
        let ok = AgentEnd::Exited(0);
        for (end, room, file, outcome, part) in [
            (AgentEnd::Stopped, &lost, &bad, O::Stopped, "stopped"),
            (AgentEnd::TimedOut, &lost, &bad, O::TimedOut, "limit"),
            (AgentEnd::Silent, &diverged, &bad, O::Silent, "nothing"),
            (AgentEnd::Repeating, &lost, &bad, O::Failed, "again"),
            (AgentEnd::Signalled(9), &lost, &bad, O::Killed, "signal 9"),
            (AgentEnd::Exited(3), &diverged, &bad, O::Failed, "code 3"),
            (ok, &diverged, &failed, O::Failed, "PAUSED"),
            (ok, &diverged, &bad, O::Diverged, "`main`"),
            (ok, &lost, &bad, O::LostWorktree, "no folder"),
            (ok, &unsealed, &bad, O::Failed, "filter"),
            (ok, &kept(&["a"]), &bad, O::BadResult, "object"),
            (ok, &kept(&[]), &bad, O::BadResult, "object"),
            (ok, &kept(&[]), &done, O::Empty, "nothing"),
            (ok, &kept(&["a"]), &none, O::Finished, "1 file"),
            (
                AgentEnd::NothingToDo,
                &kept(&[]),
                &none,
                O::Empty,
                "nothing",
            ),
        ] {
            let (found, reason) = judge(end, room, file);
            assert_eq!(found, outcome, "{end:?} {room:?} {file:?}");
            assert!(reason.contains(part), "{reason}");
        }
    }
}
