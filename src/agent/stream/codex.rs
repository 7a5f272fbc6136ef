//! `codex exec --json`: `thread.*`, `turn.*`, `item.*`, `error`.

use std::collections::BTreeSet;

use crate::agent::stream::event::{Ending, Event, Weight, Wrong};
use crate::agent::stream::values::{items, number, string, tool, touched};
use crate::base::json::{Value, json};
use crate::model::Usage;

/// Items that began and did not end; more are not remembered.
const OPEN_MAX: usize = 1000;

/// What has to be known of the lines before.
#[derive(Debug, Default)]
pub(super) struct Seen {
    open: BTreeSet<String>,
}

/// The events of one line; false if nobody knows it.
pub(super) fn read(value: &Value, seen: &mut Seen, out: &mut Vec<Event>) -> bool {
    let item = value.get("item").unwrap_or(&Value::Null);
    match string(value, &["type"]) {
        Some("thread.started") => {
            let id = string(value, &["thread_id"]);
            out.extend(id.map(|id| Event::Session(id.to_owned())));
            true
        }
        Some("turn.started") => {
            out.push(Event::Begun);
            true
        }
        Some("turn.completed") => {
            out.push(Event::UsedInAll(usage(value)));
            out.push(Event::Stopped("completed".to_owned()));
            out.push(Event::Final(Ending::Well));
            true
        }
        Some("turn.failed") => {
            let text = string(value, &["error", "message"]).unwrap_or("the turn failed");
            out.push(Event::Stopped("failed".to_owned()));
            out.push(Event::Trouble(Wrong::new(text, Weight::Final)));
            out.push(Event::Final(Ending::Plain));
            true
        }
        // It may be about to try again.
        Some("error") => {
            let text = string(value, &["message"]).unwrap_or("an error");
            out.push(Event::Trouble(Wrong::new(text, Weight::Passing)));
            true
        }
        Some("item.started") => {
            let id = string(item, &["id"]).unwrap_or("");
            let uses = use_of(item, out);
            if uses && seen.open.len() < OPEN_MAX {
                seen.open.insert(id.to_owned());
            }
            true
        }
        Some("item.updated") => true,
        Some("item.completed") => completed(item, seen, out),
        _ => false,
    }
}

fn completed(item: &Value, seen: &mut Seen, out: &mut Vec<Event>) -> bool {
    match string(item, &["type"]) {
        Some("agent_message") => {
            let text = string(item, &["text"]).unwrap_or("");
            out.push(Event::Text(text.to_owned()));
            true
        }
        // A warning more often than not.
        Some("error") => {
            let text = string(item, &["message"]).unwrap_or("");
            out.push(Event::Trouble(Wrong::new(text, Weight::Rumour)));
            true
        }
        Some("reasoning" | "todo_list") => true,
        _ => {
            let id = string(item, &["id"]).unwrap_or("");
            seen.open.remove(id) || use_of(item, out)
        }
    }
}

/// The use of a tool that an item is; false if it is none.
fn use_of(item: &Value, out: &mut Vec<Event>) -> bool {
    match string(item, &["type"]) {
        Some("command_execution") => {
            let command = string(item, &["command"]).unwrap_or("");
            tool("shell", &json!({"command": command}), out);
        }
        Some("file_change") => {
            let paths: Vec<&str> = items(item, &["changes"])
                .filter_map(|change| string(change, &["path"]))
                .collect();
            tool("patch", &json!({"command": paths}), out);
            for path in paths {
                touched(Some(path), out);
            }
        }
        Some("mcp_tool_call" | "collab_tool_call") => {
            let name = string(item, &["tool"]).unwrap_or("mcp");
            tool(name, item.get("arguments").unwrap_or(&Value::Null), out);
        }
        Some("web_search") => {
            let query = string(item, &["query"]).unwrap_or("");
            tool("web_search", &json!({"query": query}), out);
        }
        _ => return false,
    }
    true
}

/// Counts over the whole thread; what is cached is part of what went in.
fn usage(value: &Value) -> Usage {
    let cached = number(value, &["usage", "cached_input_tokens"]);
    Usage {
        input: number(value, &["usage", "input_tokens"]).saturating_sub(cached),
        cached,
        output: number(value, &["usage", "output_tokens"]),
        cost_micros: None,
    }
}
