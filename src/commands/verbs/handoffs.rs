//! Handoffs: what one worker leaves for whoever goes on. Data of unknown intent, with its origin.

use serde::Serialize;

use crate::base::text::cut;
use crate::base::{FeatureId, PackageId, Result, Timestamp, TxnId};
use crate::commands::Context;
use crate::commands::verbs::{Identity, sessions::saying};
use crate::state::asked::Said;
use crate::state::record::Handoff;
use crate::store::{Accepted, Store};

/// Characters of a name that are shown.
const NAME_MAX: usize = 80;

/// What is left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::commands) struct Left {
    /// The feature it is about.
    pub feature: Option<FeatureId>,
    /// The package it is about.
    pub package: Option<PackageId>,
    /// In a few sentences.
    pub summary: String,
    /// What is done.
    pub completed: Vec<String>,
    /// What is half done.
    pub in_progress: Vec<String>,
    /// What was decided, with the reason.
    pub decisions: Vec<String>,
    /// What comes next.
    pub next_steps: Vec<String>,
    /// Files that matter.
    pub files: Vec<String>,
}

/// Which handoffs are wanted, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::commands) struct Wanted {
    /// Only of this feature.
    pub feature: Option<FeatureId>,
    /// Only of this package.
    pub package: Option<PackageId>,
    /// Only of this agent.
    pub agent: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// A handoff as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct HandoffInfo {
    /// Its id.
    pub handoff_id: TxnId,
    /// The agent.
    pub agent_name: String,
    /// Its session.
    pub session_id: Option<String>,
    /// The feature.
    pub feature: Option<FeatureId>,
    /// The package.
    pub package: Option<PackageId>,
    /// In a few sentences.
    pub summary: String,
    /// What is done.
    pub completed_work: Vec<String>,
    /// What is half done.
    pub in_progress: Vec<String>,
    /// What was decided.
    pub decisions: Vec<String>,
    /// What comes next.
    pub next_steps: Vec<String>,
    /// Files that matter.
    pub relevant_files: Vec<String>,
    /// When.
    pub created_at: Timestamp,
    /// `user@host`, for people.
    pub label: String,
}

/// Something was recorded, or laid into the inbox of the room for its supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct Noted {
    /// Its id; another one, where the supervisor of a room records it.
    pub id: TxnId,
    /// True if a supervisor records it.
    pub queued: bool,
}

/// Leaves a handoff.
///
/// # Errors
/// The store failed or refused.
pub(in crate::commands) fn write(
    cx: &mut Context<'_>,
    store: &Store,
    (left, who): (&Left, &Identity),
) -> Result<Noted> {
    let handoff = Handoff {
        feature: left.feature.clone(),
        package: left.package.clone(),
        agent: who.agent.clone(),
        session: Some(who.session.clone()),
        summary: left.summary.clone(),
        completed: left.completed.clone(),
        in_progress: left.in_progress.clone(),
        decisions: left.decisions.clone(),
        next_steps: left.next_steps.clone(),
        files: left.files.clone(),
        by: cx.by()?,
    };
    say(cx, store, Said::Handoff(handoff))
}

/// Records what is said.
pub(super) fn say(cx: &mut Context<'_>, store: &Store, said: Said) -> Result<Noted> {
    let (op, needs) = saying(said);
    let request = cx.request(op, needs)?;
    let id = request.txn.clone();
    let answer = store.submit(vec![request])?.pop();
    let accepted = answer.ok_or_else(|| crate::base::Error::bug("the store gave no answer"))??;
    let queued = accepted == Accepted::Queued;
    Ok(Noted { id, queued })
}

/// Handoffs, newest first.
///
/// # Errors
/// As [`Store::view`].
pub(in crate::commands) fn read(store: &Store, wanted: &Wanted) -> Result<Vec<HandoffInfo>> {
    let mut all = store.handoffs()?.items;
    all.retain(|(_, handoff)| {
        let of = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_ref().is_none_or(|w| is == Some(w.as_str()))
        };
        let feature = wanted.feature.as_ref().map(ToString::to_string);
        let package = wanted.package.as_ref().map(ToString::to_string);
        of(&feature, handoff.feature.as_ref().map(FeatureId::as_str))
            && of(&package, handoff.package.as_ref().map(PackageId::as_str))
            && of(&wanted.agent, Some(&handoff.agent))
    });
    all.sort_by(|a, b| (b.1.by.at, &b.0).cmp(&(a.1.by.at, &a.0)));
    all.truncate(wanted.limit);
    Ok(all.into_iter().map(info).collect())
}

fn info((id, handoff): (TxnId, Handoff)) -> HandoffInfo {
    HandoffInfo {
        handoff_id: id,
        agent_name: handoff.agent,
        session_id: handoff.session,
        feature: handoff.feature,
        package: handoff.package,
        summary: handoff.summary,
        completed_work: handoff.completed,
        in_progress: handoff.in_progress,
        decisions: handoff.decisions,
        next_steps: handoff.next_steps,
        relevant_files: handoff.files,
        created_at: handoff.by.at,
        label: handoff.by.label,
    }
}

impl HandoffInfo {
    /// Where it came from.
    pub(in crate::commands) fn origin(&self) -> String {
        let about = match (&self.feature, &self.package) {
            (Some(feature), Some(package)) => format!(" on {feature}/{package}"),
            (Some(feature), None) => format!(" on {feature}"),
            (None, _) => String::new(),
        };
        let (agent, label) = (cut(&self.agent_name, NAME_MAX), cut(&self.label, NAME_MAX));
        format!("{agent} ({label}){about}, {}", self.created_at)
    }

    /// The same as lines of text.
    pub(in crate::commands) fn text(&self) -> String {
        let mut out = self.summary.clone();
        for (head, lines) in [
            ("completed", &self.completed_work),
            ("in progress", &self.in_progress),
            ("decided", &self.decisions),
            ("next", &self.next_steps),
            ("files", &self.relevant_files),
        ] {
            for line in lines {
                out.push_str(&format!("\n{head}: {line}"));
            }
        }
        out
    }
}
