//! The tools: one file per kind of thing. They read arguments and shape answers; what is done is
//! done by the verbs that commands use too.

mod agents;
mod audit;
mod help;
mod locks;
mod notes;
mod packages;
mod rules;
mod scope;
mod work;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::desk::Work;
use super::reply::Reply;
use super::tool::Effect::{Outside, Reads, Writes};
use super::tool::{Listed, tool};
use crate::base::json::Value;
use crate::base::{Error, Result, text};
use crate::state::Refusal;

/// Longest text of somebody else's that is passed on, in bytes.
const SAID_MAX: usize = 8 << 10;

/// Every tool, in the order of the list.
pub(super) fn all() -> Vec<Listed> {
    [who(), queue(), held(), left(), ruled()]
        .into_iter()
        .flatten()
        .collect()
}

fn who() -> Vec<Listed> {
    vec![
        tool(("help", Reads), "The protocol; per topic.", help::help),
        tool(
            ("register_session", Writes),
            "Say what you are and do.",
            agents::register,
        ),
        tool(
            ("heartbeat", Writes),
            "Say that you live.",
            agents::heartbeat,
        ),
        tool(
            ("discover_agents", Reads),
            "Who is there.",
            agents::discover,
        ),
        tool(
            ("report_status", Writes),
            "Say how far you are.",
            agents::report,
        ),
    ]
}

fn queue() -> Vec<Listed> {
    vec![
        tool(
            ("submit_work", Outside),
            "Put a task into the queue.",
            work::submit,
        ),
        tool(("get_work", Outside), "Claim the next task.", work::get),
        tool(
            ("complete_work", Outside),
            "End a task you hold.",
            work::complete,
        ),
        tool(("get_task", Reads), "Show a task.", work::show),
    ]
}

fn held() -> Vec<Listed> {
    let acquire = "Lock a path, glob or key for this session, or renew it.";
    let check = "May these paths, or those of a git diff, be changed?";
    vec![
        tool(("acquire_lock", Writes), acquire, locks::acquire),
        tool(
            ("release_lock", Writes),
            "Give a lock back.",
            locks::release,
        ),
        tool(("check_locks", Reads), "Who holds what.", locks::check),
        tool(("scope_check", Reads), check, scope::check),
        tool(
            ("request_scope", Writes),
            "Ask for paths outside your scope.",
            scope::request,
        ),
    ]
}

fn left() -> Vec<Listed> {
    let write = "Leave notes for whoever goes on.";
    vec![
        tool(
            ("escalate", Writes),
            "Ask what you cannot decide.",
            notes::escalate,
        ),
        tool(("write_handoff", Writes), write, notes::write_handoff),
        tool(
            ("read_handoff", Reads),
            "Read the newest handoffs.",
            notes::read_handoff,
        ),
        tool(
            ("remember", Writes),
            "Keep a lesson for later.",
            notes::remember,
        ),
        tool(
            ("recall", Reads),
            "Find lessons, by relevance.",
            notes::recall,
        ),
    ]
}

fn ruled() -> Vec<Listed> {
    vec![
        tool(
            ("check_guardrails", Reads),
            "What would this command destroy?",
            rules::guard,
        ),
        tool(
            ("check_policy", Reads),
            "May you do this, and why?",
            rules::policy,
        ),
        tool(
            ("query_audit", Reads),
            "Who did what; null is not known.",
            audit::query,
        ),
    ]
}

/// What the state holds of a resource.
pub(super) fn resource(kind: super::resources::Kind, work: &mut Work<'_>) -> Result<Items> {
    use super::resources::Kind;
    match kind {
        Kind::Locks => locks::listed(work, &[]),
        Kind::Work => work::pending(work),
        Kind::Handoffs => notes::recent_handoffs(work),
        Kind::Memories => notes::recent_memories(work),
    }
}

/// Any JSON; its form is nobody's business here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Anything(Value);

impl JsonSchema for Anything {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Anything")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Not `true`: some clients take objects only.
        Schema::default()
    }
}

/// Things that are listed, as data.
pub(super) type Items = Vec<Anything>;

/// What others wrote in them is made harmless.
fn items(rows: impl Iterator<Item = Value>) -> Result<Items> {
    Ok(rows.map(|row| Anything(as_data(row))).collect())
}

/// Text of somebody else, as data.
fn said(text: &str) -> String {
    let text = text::head(text, SAID_MAX);
    text::foreign(text).multi_line().to_string()
}

fn as_data(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(said(&text)),
        Value::Array(all) => all.into_iter().map(as_data).collect(),
        Value::Object(map) => {
            let entries = map.into_iter();
            entries
                .map(|(key, value)| (said(&key), as_data(value)))
                .collect()
        }
        plain => plain,
    }
}

/// A refusal: the data says it too, and the text what to do next.
fn no<R>(data: R, refusal: Refusal, next: &str) -> Reply<R> {
    Reply::no(data, Error::from(refusal).hint(next))
}
