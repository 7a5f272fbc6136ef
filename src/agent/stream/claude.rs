//! `stream-json` of Claude Code, which Amp speaks too: `system`, `assistant`, `user`, `result`.

use crate::agent::stream::event::{Ending, Event, Weight, Wrong};
use crate::agent::stream::values::{at, items, micro_usd, number, string, tool};
use crate::base::json::Value;
use crate::model::{TroubleKind, Usage};

/// What has to be known of the lines before.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The message whose use was counted last; its parts come one by one.
    message: String,
}

/// The events of one line; false if nobody knows it.
pub(super) fn read(value: &Value, seen: &mut Seen, out: &mut Vec<Event>) -> bool {
    let session = string(value, &["session_id"]);
    match string(value, &["type"]) {
        Some("system") => {
            out.extend(session.map(|id| Event::Session(id.to_owned())));
            system(value, out)
        }
        Some("assistant") => {
            out.extend(session.map(|id| Event::Session(id.to_owned())));
            assistant(value, seen, out);
            true
        }
        Some("result") => {
            out.extend(session.map(|id| Event::Session(id.to_owned())));
            result(value, out);
            true
        }
        Some("rate_limit_event") => {
            rate_limit(value, out);
            true
        }
        // Results of tools: the tools were counted when they were called.
        Some("user" | "stream_event") => true,
        _ => false,
    }
}

fn system(value: &Value, out: &mut Vec<Event>) -> bool {
    match string(value, &["subtype"]) {
        Some("api_retry") => {
            let word = string(value, &["error"]).unwrap_or("");
            let mut wrong = Wrong::new(format!("the service answers `{word}`"), Weight::Passing);
            wrong.kind = kind_of(word);
            wrong.status = Some(number(value, &["error_status"])).filter(|status| *status > 0);
            out.push(Event::Trouble(wrong));
            true
        }
        Some("init" | "status" | "compact_boundary") => true,
        _ => false,
    }
}

fn assistant(value: &Value, seen: &mut Seen, out: &mut Vec<Event>) {
    let message = value.get("message").unwrap_or(&Value::Null);
    if let Some(word) = string(value, &["error"]) {
        // Written by the program and not by the model: what the service said.
        let texts = items(message, &["content"]).filter_map(|part| string(part, &["text"]));
        let text = texts.collect::<Vec<_>>().join(" ");
        let mut wrong = Wrong::new(text, Weight::Final);
        wrong.kind = kind_of(word);
        out.push(Event::Trouble(wrong));
        return;
    }
    let id = string(message, &["id"]).unwrap_or("");
    if id.is_empty() || id != seen.message {
        id.clone_into(&mut seen.message);
        let used = usage(message.get("usage").unwrap_or(&Value::Null));
        out.extend(
            Some(used)
                .filter(|used| !used.is_nothing())
                .map(Event::Used),
        );
    }
    for part in items(message, &["content"]) {
        match string(part, &["type"]) {
            Some("text") => {
                let text = string(part, &["text"]).unwrap_or("");
                out.push(Event::Text(text.to_owned()));
            }
            Some("tool_use") => {
                let name = string(part, &["name"]).unwrap_or("");
                tool(name, part.get("input").unwrap_or(&Value::Null), out);
            }
            _ => {}
        }
    }
}

/// The word of an API error.
fn kind_of(word: &str) -> Option<TroubleKind> {
    match word {
        "rate_limit" => Some(TroubleKind::Quota),
        "billing_error" => Some(TroubleKind::Billing),
        "authentication_failed" | "oauth_org_not_allowed" => Some(TroubleKind::Auth),
        "overloaded" | "server_error" => Some(TroubleKind::Overloaded),
        _ => None,
    }
}

/// A subscription says when its window opens again.
fn rate_limit(value: &Value, out: &mut Vec<Event>) {
    let Some(info) = value.get("rate_limit_info") else {
        return;
    };
    if string(info, &["status"]) == Some("rejected") {
        let window = string(info, &["rateLimitType"]).unwrap_or("usage");
        let mut wrong = Wrong::new(format!("the {window} limit is reached"), Weight::Passing);
        wrong.kind = Some(TroubleKind::Quota);
        wrong.resets = Some(number(info, &["resetsAt"])).filter(|at| *at > 0);
        out.push(Event::Trouble(wrong));
    }
}

fn result(value: &Value, out: &mut Vec<Event>) {
    let mut used = whole(value);
    used.cost_micros = micro_usd(value, &["total_cost_usd"]);
    if !used.is_nothing() {
        out.push(Event::UsedInAll(used));
    }
    let subtype = string(value, &["subtype"]).unwrap_or("");
    // `success` stands there also where the service refused to answer.
    let is_error = at(value, &["is_error"]).and_then(Value::as_bool);
    let failed = is_error.unwrap_or(subtype != "success") || subtype.starts_with("error");
    let stop = string(value, &["stop_reason"]).filter(|_| subtype == "success");
    out.push(Event::Stopped(stop.unwrap_or(subtype).to_owned()));
    if failed {
        let text = string(value, &["result"]).or_else(|| string(value, &["error"]));
        let text = text.filter(|text| !text.is_empty()).unwrap_or(subtype);
        let mut wrong = Wrong::new(text, Weight::Final);
        wrong.status = Some(number(value, &["api_error_status"])).filter(|status| *status > 0);
        out.push(Event::Trouble(wrong));
    }
    out.push(Event::Final(match failed {
        true => Ending::Plain,
        false => Ending::Well,
    }));
}

/// By models, helpers included, where it is told so; else of the main conversation.
fn whole(value: &Value) -> Usage {
    let mut all = Usage::default();
    let models = value.get("modelUsage").and_then(Value::as_object);
    for model in models.into_iter().flat_map(|models| models.values()) {
        let cached = number(model, &["cacheReadInputTokens"]);
        let made = number(model, &["cacheCreationInputTokens"]);
        all.add(&Usage {
            input: number(model, &["inputTokens"]) + made,
            cached,
            output: number(model, &["outputTokens"]),
            cost_micros: None,
        });
    }
    match all.is_nothing() {
        true => usage(value.get("usage").unwrap_or(&Value::Null)),
        false => all,
    }
}

/// What is read from a cache and what is put into one stand apart.
fn usage(value: &Value) -> Usage {
    let cached = number(value, &["cache_read_input_tokens"]);
    let made = number(value, &["cache_creation_input_tokens"]);
    Usage {
        input: number(value, &["input_tokens"]) + made,
        cached,
        output: number(value, &["output_tokens"]),
        cost_micros: None,
    }
}
