//! The JSON lines of Copilot CLI: `session.*`, `assistant.*`, `tool.*`, and a final `result`.

use crate::agent::stream::event::{Ending, Event, Weight, Wrong};
use crate::agent::stream::values::{at, number, string, tool};
use crate::base::json::Value;
use crate::model::{TroubleKind, Usage};

/// The events of one line; false if nobody knows it.
pub(super) fn read(value: &Value, out: &mut Vec<Event>) -> bool {
    let data = value.get("data").unwrap_or(value);
    match string(value, &["type"]) {
        Some("session.start" | "session.resume") => {
            let id = string(data, &["sessionId"]);
            out.extend(id.map(|id| Event::Session(id.to_owned())));
            true
        }
        Some("assistant.turn_start") => {
            out.push(Event::Begun);
            true
        }
        Some("assistant.message") => {
            let text = string(data, &["content"]).unwrap_or("");
            out.push(Event::Text(text.to_owned()));
            true
        }
        Some("tool.execution_start") => {
            let name = string(data, &["toolName"]).unwrap_or("");
            tool(name, data.get("arguments").unwrap_or(&Value::Null), out);
            true
        }
        Some("assistant.usage") => {
            let cached = number(data, &["cacheReadTokens"]);
            out.push(Event::Used(Usage {
                input: number(data, &["inputTokens"]).saturating_sub(cached),
                cached,
                output: number(data, &["outputTokens"]),
                cost_micros: None,
            }));
            true
        }
        Some("session.error") => {
            error(data, out);
            true
        }
        Some("result") => {
            result(value, out);
            true
        }
        Some(kind) => [
            "assistant.",
            "tool.",
            "session.",
            "user.",
            "system.",
            "hook.",
        ]
        .iter()
        .any(|begin| kind.starts_with(begin)),
        None => false,
    }
}

fn error(data: &Value, out: &mut Vec<Event>) {
    let text = string(data, &["message"]).unwrap_or("session error");
    let mut wrong = Wrong::new(text, Weight::Passing);
    wrong.status = Some(number(data, &["statusCode"])).filter(|status| *status > 0);
    wrong.kind = match string(data, &["errorType"]) {
        Some("quota" | "rate_limit") => Some(TroubleKind::Quota),
        Some("authentication" | "authorization") => Some(TroubleKind::Auth),
        Some("context_limit") => Some(TroubleKind::Context),
        _ => None,
    };
    out.push(Event::Trouble(wrong));
}

fn result(value: &Value, out: &mut Vec<Event>) {
    let id = string(value, &["sessionId"]);
    out.extend(id.map(|id| Event::Session(id.to_owned())));
    let code = at(value, &["exitCode"]).and_then(Value::as_i64);
    let code = code.unwrap_or(0);
    out.push(Event::Stopped(format!("exit {code}")));
    if code != 0 {
        let wrong = Wrong::new(format!("ended with exit code {code}"), Weight::Final);
        out.push(Event::Trouble(wrong));
    }
    out.push(Event::Final(match code {
        0 => Ending::Well,
        _ => Ending::Plain,
    }));
}
