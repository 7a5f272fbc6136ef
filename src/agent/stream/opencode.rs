//! `opencode run --format json`: `step_start`, `tool_use`, `text`, `step_finish`, `error`.

use crate::agent::stream::event::{Ending, Event, Weight, Wrong};
use crate::agent::stream::values::{micro_usd, number, string, tool};
use crate::base::json::Value;
use crate::model::{TroubleKind, Usage};

/// The events of one line; false if nobody knows it.
pub(super) fn read(value: &Value, out: &mut Vec<Event>) -> bool {
    let id = string(value, &["sessionID"]);
    out.extend(id.map(|id| Event::Session(id.to_owned())));
    let part = value.get("part").unwrap_or(&Value::Null);
    match string(value, &["type"]) {
        Some("step_start") => {
            out.push(Event::Begun);
            true
        }
        Some("text") => {
            let synthetic = part.get("synthetic").and_then(Value::as_bool);
            if synthetic != Some(true) {
                let text = string(part, &["text"]).unwrap_or("");
                out.push(Event::Text(text.to_owned()));
            }
            true
        }
        Some("tool_use") => {
            let name = string(part, &["tool"]).unwrap_or("");
            let input = part.get("state").and_then(|state| state.get("input"));
            tool(name, input.unwrap_or(&Value::Null), out);
            true
        }
        Some("step_finish") => {
            finish(part, out);
            true
        }
        Some("error") => {
            error(value.get("error").unwrap_or(&Value::Null), out);
            true
        }
        Some("reasoning") => true,
        _ => false,
    }
}

/// Every step is counted by itself; what is cached stands apart.
fn finish(part: &Value, out: &mut Vec<Event>) {
    let cached = number(part, &["tokens", "cache", "read"]);
    let made = number(part, &["tokens", "cache", "write"]);
    let reasoned = number(part, &["tokens", "reasoning"]);
    out.push(Event::Used(Usage {
        input: number(part, &["tokens", "input"]) + made,
        cached,
        output: number(part, &["tokens", "output"]) + reasoned,
        cost_micros: micro_usd(part, &["cost"]),
    }));
    let reason = string(part, &["reason"]).unwrap_or("");
    out.push(Event::Stopped(reason.to_owned()));
    if reason == "stop" {
        out.push(Event::Final(Ending::Well));
    }
}

fn error(error: &Value, out: &mut Vec<Event>) {
    let name = string(error, &["name"]).unwrap_or("error");
    let message = string(error, &["data", "message"]).unwrap_or("");
    let mut wrong = Wrong::new(format!("{name}: {message}"), Weight::Final);
    wrong.status = Some(number(error, &["data", "statusCode"])).filter(|status| *status > 0);
    wrong.kind = match name {
        "ProviderAuthError" => Some(TroubleKind::Auth),
        "ContextOverflowError" => Some(TroubleKind::Context),
        _ => None,
    };
    out.push(Event::Trouble(wrong));
}
