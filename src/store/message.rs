//! What a commit of the state says, and how it is read back: the audit trail.

use std::collections::BTreeSet;

use crate::base::{ActorId, Oid, Timestamp, TxnId, text};
use crate::git::{Commit, Person};
use crate::state::Request;
use crate::state::record::By;
use crate::state::settle::Verdict;

/// One transaction as the chain tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The transaction.
    pub txn: TxnId,
    /// The clone that asked.
    pub actor: ActorId,
    /// `user@host`, for people.
    pub label: String,
    /// The word of the operation, for instance `claim`.
    pub op: String,
    /// What it was about: a feature, `feature/package` or a lock key.
    pub target: String,
    /// When the commit was made, in whole seconds.
    pub at: Timestamp,
    /// The commit.
    pub commit: Oid,
}

/// Requests in a subject line before it says how many more there are.
const SUBJECT_CHARS_MAX: usize = 72;

/// The message of a commit that grants `requests`.
pub(super) fn compose(requests: &[&Request]) -> String {
    let mut out = subject(requests);
    out.push_str("\n\n");
    if requests.len() > 1 {
        for request in requests {
            out.push_str(&sentence(request));
            out.push('\n');
        }
        out.push('\n');
    }
    for request in requests {
        let op = &request.op;
        let target = text::foreign(&op.target()).to_string();
        let label = text::foreign(&request.label).to_string();
        out.push_str(&format!("Wp-Txn: {}\n", request.txn));
        out.push_str(&format!("Wp-Actor: {} {label}\n", request.actor));
        out.push_str(&format!("Wp-Op: {} {target}\n", op.name()));
    }
    out
}

fn subject(requests: &[&Request]) -> String {
    let first = requests.first().map_or_else(String::new, |r| sentence(r));
    match requests.len() {
        0 | 1 => first,
        n => format!("{first} and {} more", n - 1),
    }
}

fn sentence(request: &Request) -> String {
    let word = request.op.name();
    let target = text::foreign(&request.op.target()).to_string();
    let label = text::foreign(&request.label).to_string();
    text::cut(&format!("{word} {target} ({label})"), SUBJECT_CHARS_MAX)
}

/// Who makes the commit: the clone that asked first.
pub(super) fn person(requests: &[&Request]) -> Person {
    let first = requests.first();
    Person {
        name: first.map_or_else(|| "git-wp".to_owned(), |r| plain(&r.label)),
        email: first.map_or_else(String::new, |r| format!("{}@wp.invalid", r.actor)),
    }
}

/// The message of a commit that a clone would have the authority take.
pub(super) fn exchange(
    (txn, by, remote): (&TxnId, &By, &str),
    verdicts: &[Verdict],
    facts: usize,
) -> String {
    let granted = verdicts.iter().filter(|v| v.refused.is_none()).count();
    let refused = verdicts.len() - granted;
    let label = text::foreign(&by.label).to_string();
    let mut out =
        format!("sync: {granted} granted, {refused} refused, {facts} facts ({label})\n\n");
    for verdict in verdicts {
        let word = match verdict.refused {
            None => "granted",
            Some(_) => "refused",
        };
        let op = &verdict.request.op;
        let target = text::foreign(&op.target()).to_string();
        out.push_str(&format!("{word} {} {target}\n", op.name()));
    }
    if !verdicts.is_empty() {
        out.push('\n');
    }
    out.push_str(&trailers(txn, by, remote));
    out
}

/// The message of a commit that joins what was recorded here to what came from the authority.
pub(super) fn rejoined((txn, by, remote): (&TxnId, &By, &str)) -> String {
    let label = text::foreign(&by.label).to_string();
    format!("join ({label})\n\n{}", trailers(txn, by, remote))
}

fn trailers(txn: &TxnId, by: &By, remote: &str) -> String {
    let label = text::foreign(&by.label).to_string();
    let remote = text::foreign(remote).to_string();
    format!(
        "Wp-Txn: {txn}\nWp-Actor: {} {label}\nWp-Op: sync {remote}\n",
        by.actor
    )
}

/// A clone as the author of a commit.
pub(super) fn clone_person(by: &By) -> Person {
    Person {
        name: plain(&by.label),
        email: format!("{}@wp.invalid", by.actor),
    }
}

fn plain(text: &str) -> String {
    let bad = |c: char| c.is_control() || matches!(c, '<' | '>');
    text.replace(bad, "?").trim().to_owned()
}

/// The transactions of a commit.
pub(super) fn changes(commit: &Commit) -> Vec<Change> {
    let txns = commit.trailers("Wp-Txn").filter_map(TxnId::parse);
    let (mut actors, mut ops) = (commit.trailers("Wp-Actor"), commit.trailers("Wp-Op"));
    let mut found = Vec::new();
    for txn in txns {
        let (actor, label) = split(actors.next());
        let (op, target) = split(ops.next());
        let Some(actor) = ActorId::parse(actor) else {
            continue;
        };
        found.push(Change {
            txn,
            actor,
            label: label.to_owned(),
            op: op.to_owned(),
            target: target.to_owned(),
            at: commit.committed,
            commit: commit.oid.clone(),
        });
    }
    found
}

/// The transaction ids of a commit.
pub(super) fn txns(commit: &Commit) -> BTreeSet<TxnId> {
    commit.trailers("Wp-Txn").filter_map(TxnId::parse).collect()
}

fn split(line: Option<&str>) -> (&str, &str) {
    let line = line.unwrap_or("");
    line.split_once(' ').unwrap_or((line, ""))
}
