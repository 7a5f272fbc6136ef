//! Looks into JSON that may have any form.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::agent::stream::event::{Event, Tool};
use crate::base::json::{INTEGER_MAX, Value};
use crate::base::text;

/// Characters of what a tool is used on.
const WHAT_MAX: usize = 200;
/// Characters of a path that is kept.
const PATH_MAX: usize = 1024;

/// The text at `path`, if it is one.
pub(super) fn string<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path)?.as_str()
}

/// The value at `path`.
pub(super) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// The number at `path`; 0 if there is none, or it is none that can be counted.
pub(super) fn number(value: &Value, path: &[&str]) -> u64 {
    let number = at(value, path).and_then(Value::as_u64).unwrap_or(0);
    number.min(INTEGER_MAX.unsigned_abs())
}

/// The dollars at `path` in millionths, rounded once.
pub(super) fn micro_usd(value: &Value, path: &[&str]) -> Option<u64> {
    const LARGEST: f64 = 1e9;
    let dollars = at(value, path)?.as_f64()?;
    let plain = dollars.is_finite() && (0.0..=LARGEST).contains(&dollars);
    // Bounded above, so the conversion is exact enough and cannot wrap.
    plain.then(|| (dollars * 1e6).round() as u64)
}

/// The items of the list at `path`.
pub(super) fn items<'a>(value: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a Value> {
    let list = at(value, path).and_then(Value::as_array);
    list.into_iter().flatten()
}

/// The use of the tool `name` with `input`, and the files that it changes.
pub(super) fn tool(name: &str, input: &Value, out: &mut Vec<Event>) {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    input.to_string().hash(&mut hasher);
    out.push(Event::Tool(Tool {
        name: text::cut(name, WHAT_MAX),
        what: what(input),
        key: hasher.finish(),
    }));
    if writes(name, input) {
        let names = [
            "file_path",
            "filePath",
            "path",
            "notebook_path",
            "absolute_path",
        ];
        let path = names.iter().find_map(|name| input.get(*name)?.as_str());
        touched(path, out);
    }
}

/// A file that was changed.
pub(super) fn touched(path: Option<&str>, out: &mut Vec<Event>) {
    let path = path.filter(|path| !path.is_empty() && path.len() <= PATH_MAX);
    out.extend(path.map(|path| Event::Touched(path.to_owned())));
}

/// True for tools that change the file that they name. Names differ from agent to agent and from
/// version to version, so they are judged by their parts.
fn writes(name: &str, input: &Value) -> bool {
    const PARTS: [&str; 9] = [
        "write", "edit", "create", "replace", "patch", "insert", "delete", "append", "notebook",
    ];
    let name = name.to_ascii_lowercase();
    let reads =
        name.contains("read") || input.get("command").and_then(Value::as_str) == Some("view");
    !reads && PARTS.iter().any(|part| name.contains(part))
}

/// The most telling part of an input.
fn what(input: &Value) -> String {
    const NAMES: [&str; 12] = [
        "command",
        "file_path",
        "filePath",
        "path",
        "notebook_path",
        "absolute_path",
        "pattern",
        "query",
        "url",
        "description",
        "title",
        "prompt",
    ];
    let found = NAMES.iter().find_map(|name| match input.get(*name)? {
        Value::String(text) => Some(text.clone()),
        Value::Array(words) => {
            let words = words.iter().filter_map(Value::as_str);
            Some(words.collect::<Vec<_>>().join(" "))
        }
        _ => None,
    });
    let found = found.unwrap_or_default();
    text::cut(found.lines().next().unwrap_or(""), WHAT_MAX)
}
