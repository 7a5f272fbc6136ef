//! `stream-json` of goose: `message`, `notification`, `error`, `complete`.

use crate::agent::stream::event::{Ending, Event, Weight, Wrong};
use crate::agent::stream::values::{items, micro_usd, number, string, tool};
use crate::base::json::Value;
use crate::model::Usage;

/// The events of one line; false if nobody knows it.
pub(super) fn read(value: &Value, out: &mut Vec<Event>) -> bool {
    match string(value, &["type"]) {
        Some("message") => {
            if string(value, &["message", "role"]) == Some("assistant") {
                message(value, out);
            }
        }
        Some("error") => {
            let text = string(value, &["error"]).unwrap_or("an error");
            out.push(Event::Trouble(Wrong::new(text, Weight::Final)));
        }
        Some("complete") => {
            let cached = number(value, &["cache_read_input_tokens"]);
            out.push(Event::UsedInAll(Usage {
                input: number(value, &["input_tokens"]).saturating_sub(cached),
                cached,
                output: number(value, &["output_tokens"]),
                cost_micros: micro_usd(value, &["cost_usd"]),
            }));
            out.push(Event::Stopped("complete".to_owned()));
            // It completes also where the service refused to answer.
            out.push(Event::Final(Ending::Plain));
        }
        Some("notification" | "model_change") => {}
        _ => return false,
    }
    true
}

fn message(value: &Value, out: &mut Vec<Event>) {
    for part in items(value, &["message", "content"]) {
        match string(part, &["type"]) {
            // Texts come in pieces with one message id.
            Some("text") => {
                let text = string(part, &["text"]).unwrap_or("");
                out.push(Event::Piece(text.to_owned()));
            }
            Some("toolRequest") => {
                let call = part.get("toolCall").unwrap_or(&Value::Null);
                let call = call.get("value").unwrap_or(call);
                let name = string(call, &["name"]).unwrap_or("");
                tool(name, call.get("arguments").unwrap_or(&Value::Null), out);
            }
            _ => {}
        }
    }
}
