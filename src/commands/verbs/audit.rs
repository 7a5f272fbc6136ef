//! The audit trail, read from the chain itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::base::json::{Value, json};
use crate::base::{ActorId, Oid, Result, Timestamp, TxnId};
use crate::state::View;
use crate::state::record::{Decided, Session};
use crate::store::{Change, Load, Store};

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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::commands) struct AuditEntry {
    /// The transaction.
    pub id: TxnId,
    /// The word of the operation; `decision` for one of the guard or the policy.
    pub operation: String,
    /// What it was about.
    pub target: String,
    /// Who asked, for people: an agent and `user@host`.
    pub label: String,
    /// The agent, if it said who it is.
    pub agent_id: Option<String>,
    /// What sort of agent it is, if it said so to its session.
    pub agent_type: Option<String>,
    /// The clone that asked.
    pub actor: ActorId,
    /// What is known of what was asked for.
    pub parameters: Value,
    /// What came of it.
    pub result: Value,
    /// Nobody measures it, so it is not known.
    pub duration_ms: Option<u64>,
    /// False for what was refused. Other things are only recorded once they were done.
    pub success: bool,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// The commit that records it.
    pub commit: Oid,
}

/// Entries, and whether there are more.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    let history = store.history(searched)?;
    let known = Known::read(store, &history)?;
    let found = history.into_iter();
    let found = found.take_while(|c| wanted.since.is_none_or(|since| c.at >= since));
    let found = found.filter(|change| fits(change, known.decided(change), wanted));
    let mut entries: Vec<AuditEntry> = found
        .take(wanted.limit.saturating_add(1))
        .map(|change| known.entry(change))
        .collect();
    let truncated = entries.len() > wanted.limit;
    entries.truncate(wanted.limit);
    Ok(Trail {
        count: entries.len(),
        entries,
        truncated,
    })
}

fn fits(change: &Change, decided: Option<&Decided>, wanted: &Wanted) -> bool {
    let agent = |agent: &String| {
        agent_of(&change.label).as_ref() == Some(agent)
            || change.label == *agent
            || change.actor.as_str() == agent
            || change.label.ends_with(&format!("({agent})"))
    };
    let feature = |feature: &String| match decided {
        Some(decided) => decided
            .feature
            .as_ref()
            .is_some_and(|id| id.as_str() == feature),
        None => change.target == *feature || change.target.starts_with(&format!("{feature}/")),
    };
    let package = |package: &String| match decided.and_then(|decided| decided.package.as_ref()) {
        Some(id) => id.as_str() == package || package.ends_with(&format!("/{id}")),
        None => change.target == *package || change.target.ends_with(&format!("/{package}")),
    };
    let operation = |operation: &String| {
        let is = |word: &str| word == operation || word.starts_with(&format!("{operation}-"));
        is(&change.op) || decided.is_some_and(|decided| is(&decided.operation.replace(' ', "-")))
    };
    wanted.agent.as_ref().is_none_or(agent)
        && wanted.feature.as_ref().is_none_or(feature)
        && wanted.package.as_ref().is_none_or(package)
        && wanted.operation.as_ref().is_none_or(operation)
}

/// What the state says of things that the chain only names.
struct Known {
    decisions: BTreeMap<TxnId, Decided>,
    view: Arc<View>,
}

impl Known {
    /// Reads what `history` needs.
    fn read(store: &Store, history: &[Change]) -> Result<Self> {
        let decisions = match history.iter().any(|change| change.op == DECISION) {
            true => store.decisions()?.items.into_iter().collect(),
            false => BTreeMap::new(),
        };
        let view = store.view(&Load::Briefs)?;
        Ok(Known { decisions, view })
    }

    fn decided(&self, change: &Change) -> Option<&Decided> {
        (change.op == DECISION)
            .then(|| self.decisions.get(&change.txn))
            .flatten()
    }

    fn entry(&self, change: Change) -> AuditEntry {
        let agent_id = agent_of(&change.label);
        let decided = self.decided(&change);
        let kind = match decided {
            Some(decided) => decided.kind.clone(),
            None => self.kind(&change.actor, agent_id.as_ref()),
        };
        let (parameters, result) = match decided {
            Some(decided) => told(decided),
            None => (
                json!({"target": change.target}),
                json!({"commit": change.commit}),
            ),
        };
        AuditEntry {
            id: change.txn,
            agent_type: kind,
            agent_id,
            parameters,
            result,
            duration_ms: None,
            success: decided.is_none_or(|decided| decided.sentence.is_done()),
            operation: change.op,
            target: change.target,
            label: change.label,
            actor: change.actor,
            created_at: change.at,
            commit: change.commit,
        }
    }

    /// What the sessions of an agent say it is, if they agree.
    fn kind(&self, actor: &ActorId, agent: Option<&String>) -> Option<String> {
        let agent = agent?;
        let own = |session: &&Session| session.by.actor == *actor && session.agent == *agent;
        let mut kinds = { self.view.sessions.values() }
            .filter(own)
            .filter_map(|session| session.kind.as_ref());
        let first = kinds.next()?;
        kinds.all(|kind| kind == first).then(|| first.clone())
    }
}

/// The word of decisions in the chain.
const DECISION: &str = "decision";

fn told(decided: &Decided) -> (Value, Value) {
    let parameters = json!({
        "operation": decided.operation,
        "resource": decided.resource,
        "feature": decided.feature,
        "package": decided.package,
        "session": decided.session,
        "trust": decided.trust,
        "profile": decided.profile,
    });
    let result = json!({
        "judge": decided.judge,
        "verdict": decided.sentence,
        "rules": decided.rules,
        "reason": decided.reason,
    });
    (parameters, result)
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
