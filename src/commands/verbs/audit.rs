//! The audit trail, read from the chain itself.

use serde::Serialize;

use crate::base::{ActorId, Oid, Result, Timestamp, TxnId};
use crate::store::{Change, Store};

/// More transactions than this are not searched.
const SEARCHED_MAX: usize = 200_000;

/// Which transactions are wanted, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::commands) struct Wanted {
    /// The agent, the clone, or `user@host`.
    pub agent: Option<String>,
    /// The feature.
    pub feature: Option<String>,
    /// The package, alone or behind its feature.
    pub package: Option<String>,
    /// The word of the operation; `lock` finds `lock-acquire` too.
    pub operation: Option<String>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// At most this many.
    pub limit: usize,
}

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct AuditEntry {
    /// The transaction.
    pub id: TxnId,
    /// The word of the operation.
    pub operation: String,
    /// What it was about.
    pub target: String,
    /// Who asked, for people: an agent and `user@host`.
    pub label: String,
    /// The agent, if it said who it is.
    pub agent_id: Option<String>,
    /// The clone that asked.
    pub actor: ActorId,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// The commit that records it.
    pub commit: Oid,
}

/// Entries, and whether there are more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct Trail {
    /// Newest first.
    pub entries: Vec<AuditEntry>,
    /// How many there are here.
    pub count: usize,
    /// True if there are more.
    pub truncated: bool,
}

/// Reads it.
///
/// # Errors
/// The chain cannot be read.
pub(in crate::commands) fn query(store: &Store, wanted: &Wanted) -> Result<Trail> {
    let is_plain = *wanted
        == Wanted {
            limit: wanted.limit,
            ..Wanted::default()
        };
    let searched = match is_plain {
        true => wanted.limit.saturating_add(1),
        false => SEARCHED_MAX,
    };
    let found = store.history(searched)?.into_iter();
    let found = found.take_while(|c| wanted.since.is_none_or(|since| c.at >= since));
    let found = found.filter(|change| fits(change, wanted));
    let mut entries: Vec<AuditEntry> = found
        .take(wanted.limit.saturating_add(1))
        .map(entry)
        .collect();
    let truncated = entries.len() > wanted.limit;
    entries.truncate(wanted.limit);
    Ok(Trail {
        count: entries.len(),
        entries,
        truncated,
    })
}

fn fits(change: &Change, wanted: &Wanted) -> bool {
    let agent = |agent: &String| {
        agent_of(&change.label).as_ref() == Some(agent)
            || change.label == *agent
            || change.actor.as_str() == agent
            || change.label.ends_with(&format!("({agent})"))
    };
    let feature = |feature: &String| {
        change.target == *feature || change.target.starts_with(&format!("{feature}/"))
    };
    let package = |package: &String| {
        change.target == *package || change.target.ends_with(&format!("/{package}"))
    };
    let operation = |operation: &String| {
        change.op == *operation || change.op.starts_with(&format!("{operation}-"))
    };
    wanted.agent.as_ref().is_none_or(agent)
        && wanted.feature.as_ref().is_none_or(feature)
        && wanted.package.as_ref().is_none_or(package)
        && wanted.operation.as_ref().is_none_or(operation)
}

fn entry(change: Change) -> AuditEntry {
    AuditEntry {
        id: change.txn,
        operation: change.op,
        target: change.target,
        agent_id: agent_of(&change.label),
        label: change.label,
        actor: change.actor,
        created_at: change.at,
        commit: change.commit,
    }
}

/// The agent in `AGENT (user@host)`.
fn agent_of(label: &str) -> Option<String> {
    let (agent, rest) = label.rsplit_once(" (")?;
    rest.ends_with(')').then(|| agent.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_tells_the_agent_if_there_is_one() {
        assert_eq!(agent_of("claude (ann@desk)").as_deref(), Some("claude"));
        assert_eq!(agent_of("ann@desk"), None);
    }
}
