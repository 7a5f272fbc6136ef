//! `stream-json` of Cursor CLI: `system`, `user`, `assistant`, `thinking`, `tool_call`, `result`.

use std::collections::BTreeSet;

use crate::agent::stream::event::{Ending, Event, Weight, Wrong};
use crate::agent::stream::values::{at, items, number, string, tool};
use crate::base::json::Value;
use crate::model::Usage;

/// Calls that began and did not end; more are not remembered.
const OPEN_MAX: usize = 1000;

/// What has to be known of the lines before.
#[derive(Debug, Default)]
pub(super) struct Seen {
    open: BTreeSet<String>,
}

/// The events of one line; false if nobody knows it.
pub(super) fn read(value: &Value, seen: &mut Seen, out: &mut Vec<Event>) -> bool {
    let session = || string(value, &["session_id"]).map(|id| Event::Session(id.to_owned()));
    match string(value, &["type"]) {
        Some("system") => out.extend(session()),
        Some("assistant") => {
            for part in items(value, &["message", "content"]) {
                let text = string(part, &["text"]);
                out.extend(text.map(|text| Event::Text(text.to_owned())));
            }
        }
        Some("tool_call") => call(value, seen, out),
        Some("result") => {
            out.extend(session());
            result(value, out);
        }
        Some("user" | "thinking" | "interaction_query") => {}
        _ => return false,
    }
    true
}

/// The tool is the name of the one field: `readToolCall`, `shellToolCall`.
fn call(value: &Value, seen: &mut Seen, out: &mut Vec<Event>) {
    let id = string(value, &["call_id"]).unwrap_or("");
    if string(value, &["subtype"]) == Some("completed") && seen.open.remove(id) {
        return;
    }
    let calls = value.get("tool_call").and_then(Value::as_object);
    let found = calls
        .into_iter()
        .flatten()
        .find(|(_, call)| call.is_object());
    let Some((name, call)) = found else {
        return;
    };
    let name = name.strip_suffix("ToolCall").unwrap_or(name);
    tool(name, call.get("args").unwrap_or(&Value::Null), out);
    if string(value, &["subtype"]) == Some("started") && seen.open.len() < OPEN_MAX {
        seen.open.insert(id.to_owned());
    }
}

fn result(value: &Value, out: &mut Vec<Event>) {
    let used = Usage {
        input: number(value, &["usage", "inputTokens"]),
        cached: number(value, &["usage", "cacheReadTokens"]),
        output: number(value, &["usage", "outputTokens"]),
        cost_micros: None,
    };
    if !used.is_nothing() {
        out.push(Event::UsedInAll(used));
    }
    let subtype = string(value, &["subtype"]).unwrap_or("");
    out.push(Event::Stopped(subtype.to_owned()));
    let is_error = at(value, &["is_error"]).and_then(Value::as_bool);
    if is_error.unwrap_or(subtype != "success") {
        let text = string(value, &["result"]).unwrap_or(subtype);
        out.push(Event::Trouble(Wrong::new(text, Weight::Final)));
        out.push(Event::Final(Ending::Plain));
        return;
    }
    out.push(Event::Final(Ending::Well));
}
