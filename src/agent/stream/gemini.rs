//! `stream-json` of Gemini CLI: `init`, `message`, `tool_use`, `tool_result`, `error`, `result`.

use crate::agent::stream::event::{Ending, Event, Weight, Wrong};
use crate::agent::stream::values::{at, number, string, tool};
use crate::base::json::Value;
use crate::model::Usage;

/// The events of one line; false if nobody knows it.
pub(super) fn read(value: &Value, out: &mut Vec<Event>) -> bool {
    match string(value, &["type"]) {
        Some("init") => {
            let id = string(value, &["session_id"]);
            out.extend(id.map(|id| Event::Session(id.to_owned())));
            true
        }
        Some("message") => {
            if string(value, &["role"]) == Some("assistant") {
                let text = string(value, &["content"]).unwrap_or("").to_owned();
                let delta = at(value, &["delta"]).and_then(Value::as_bool);
                out.push(match delta {
                    Some(true) => Event::Piece(text),
                    _ => Event::Text(text),
                });
            }
            true
        }
        Some("tool_use") => {
            let name = string(value, &["tool_name"]).unwrap_or("");
            tool(name, value.get("parameters").unwrap_or(&Value::Null), out);
            true
        }
        Some("tool_result") => true,
        Some("error") => {
            let text = string(value, &["message"]).unwrap_or("");
            let weight = match string(value, &["severity"]) {
                Some("warning") => Weight::Rumour,
                _ => Weight::Passing,
            };
            out.push(Event::Trouble(Wrong::new(text, weight)));
            true
        }
        Some("result") => {
            result(value, out);
            true
        }
        _ => false,
    }
}

fn result(value: &Value, out: &mut Vec<Event>) {
    let stats = value.get("stats").unwrap_or(&Value::Null);
    let cached = number(stats, &["cached"]);
    out.push(Event::UsedInAll(Usage {
        input: number(stats, &["input_tokens"]).saturating_sub(cached),
        cached,
        output: number(stats, &["output_tokens"]),
        cost_micros: None,
    }));
    let status = string(value, &["status"]).unwrap_or("");
    out.push(Event::Stopped(status.to_owned()));
    if status == "success" {
        out.push(Event::Final(Ending::Well));
        return;
    }
    let text = string(value, &["error", "message"]).unwrap_or(status);
    out.push(Event::Trouble(Wrong::new(text, Weight::Final)));
    out.push(Event::Final(Ending::Plain));
}
