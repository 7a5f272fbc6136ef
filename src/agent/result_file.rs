//! Reads the result file an agent may leave. Lenient: any field may be missing, none is believed;
//! but what is there must have its form, else the agent meant something we do not understand.

use std::path::Path;

use crate::base::json::{self, Map, Value};
use crate::base::{FeatureId, PackageId, Redactor, text};
use crate::os::file;

/// Largest result file.
const FILE_MAX: u64 = 1 << 20;
/// What of it is kept for the record, in bytes of JSON.
const KEPT_MAX: usize = 16 << 10;
const NOTES_MAX: usize = 8000;

/// What was found where a result file may be.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultFile {
    /// No file: nothing was claimed.
    Missing,
    /// A file that does not have its form; the reason as a sentence fragment.
    Malformed(String),
    /// A file with its form. Secrets are redacted, floats are texts, and what is too large is
    /// left out and named under `left_out`.
    Claimed(Map<String, Value>),
}

/// Whom a result must be for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The feature.
    pub feature: &'a FeatureId,
    /// The package.
    pub package: &'a PackageId,
}

/// Reads the file at `path`; a link, a folder or a device there is malformed.
pub fn read(path: &Path, expected: Expected<'_>, redactor: &Redactor) -> ResultFile {
    let bytes = match file::read_bounded(path, FILE_MAX) {
        Ok(None) => return ResultFile::Missing,
        Ok(Some(bytes)) => bytes,
        Err(error) => return ResultFile::Malformed(error.message().to_owned()),
    };
    match parse(&bytes, expected) {
        Err(why) => ResultFile::Malformed(why),
        Ok(map) => ResultFile::Claimed(keep(map, redactor)),
    }
}

fn parse(bytes: &[u8], expected: Expected<'_>) -> Result<Map<String, Value>, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let value = json::parse(bytes).map_err(|e| e.message().to_owned())?;
    let Value::Object(map) = value else {
        return Err("is not a JSON object".to_owned());
    };
    for (name, value) in &map {
        form(name, value).map_err(|wanted| format!("`{}` is not {wanted}", text::foreign(name)))?;
    }
    for (name, ours) in [
        ("feature_id", expected.feature.as_str()),
        ("package_id", expected.package.as_str()),
    ] {
        if map.get(name).is_some_and(|value| value != ours) {
            return Err(format!("`{name}` is not `{}`", text::foreign(ours)));
        }
    }
    Ok(map)
}

/// The form of every known field; unknown ones are free.
fn form(name: &str, value: &Value) -> Result<(), &'static str> {
    let check = |ok: bool, wanted| if ok { Ok(()) } else { Err(wanted) };
    let texts = |value: &Value| {
        let items = value.as_array();
        items.is_some_and(|items| items.iter().all(Value::is_string))
    };
    match name {
        "schema_version" => check(value.as_u64() == Some(1), "1"),
        "feature_id" | "package_id" | "error_code" => check(value.is_string(), "a text"),
        "plan_revision" | "contracts_revision" | "attempt" => check(
            value.as_u64().is_some_and(|n| n >= 1),
            "a whole number from 1",
        ),
        "status" => check(
            matches!(value.as_str(), Some("completed" | "failed")),
            "`completed` or `failed`",
        ),
        "notes" => check(
            value
                .as_str()
                .is_some_and(|t| t.chars().count() <= NOTES_MAX),
            "a text of at most 8000 characters",
        ),
        "files_modified" => check(texts(value), "a list of texts"),
        "escalations" => escalations(value),
        "locks" | "scope" | "scope_check" | "git" | "verification" | "contract_checks"
        | "resources" | "timestamps" | "rest" => check(value.is_object(), "an object"),
        _ => Ok(()),
    }
}

fn escalations(value: &Value) -> Result<(), &'static str> {
    let wanted = "a list of objects with the texts `type`, `severity` and `summary`";
    let has = |item: &Value, name| item.get(name).is_some_and(Value::is_string);
    let ok = |item: &Value| {
        ["type", "severity", "summary"]
            .iter()
            .all(|name| has(item, name))
    };
    match value.as_array() {
        Some(items) if items.iter().all(ok) => Ok(()),
        _ => Err(wanted),
    }
}

/// What is recorded of a claim.
fn keep(map: Map<String, Value>, redactor: &Redactor) -> Map<String, Value> {
    let mut kept = Map::new();
    let mut left_out = Vec::new();
    let mut size = 0;
    for (name, value) in map {
        let value = recordable(value, redactor);
        let length = json::line(&value).map_or(usize::MAX, |line| line.len());
        if size + length.saturating_add(name.len()) > KEPT_MAX {
            left_out.push(Value::String(text::cut(&name, 80)));
            continue;
        }
        size += length + name.len();
        kept.insert(redactor.redact(&name), value);
    }
    if !left_out.is_empty() {
        left_out.truncate(20);
        kept.insert("left_out".to_owned(), Value::Array(left_out));
    }
    kept
}

/// Records hold whole numbers below 2^53 and no secret.
fn recordable(value: Value, redactor: &Redactor) -> Value {
    match value {
        Value::String(text) => Value::String(redactor.redact(&text)),
        Value::Number(number) => match number.as_i64() {
            Some(whole) if whole.unsigned_abs() <= json::INTEGER_MAX.unsigned_abs() => {
                Value::Number(number)
            }
            _ => Value::String(number.to_string()),
        },
        Value::Array(items) => {
            let each = items.into_iter().map(|item| recordable(item, redactor));
            Value::Array(each.collect())
        }
        Value::Object(map) => {
            let each = map
                .into_iter()
                .map(|(name, item)| (redactor.redact(&name), recordable(item, redactor)));
            Value::Object(each.collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::json::json;

    fn read_text(text: &str) -> ResultFile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        std::fs::write(&path, text).unwrap();
        read_at(&path)
    }

    fn read_at(path: &Path) -> ResultFile {
        let feature = FeatureId::parse("f").unwrap();
        let package = PackageId::parse("p").unwrap();
        let expected = Expected {
            feature: &feature,
            package: &package,
        };
        read(path, expected, &Redactor::new(["opensesame".to_owned()]))
    }

    fn claimed(value: &Value) -> Map<String, Value> {
        match read_text(&value.to_string()) {
            ResultFile::Claimed(map) => map,
            other => panic!("{value}: {other:?}"),
        }
    }

    #[test]
    fn a_partial_result_is_fine() {
        for value in [
            json!({}),
            json!({"notes": "done", "own_key": [1, null]}),
            json!({"schema_version": 1, "feature_id": "f", "package_id": "p", "status": "failed"}),
            json!({"escalations": [{"type": "X", "severity": "LOW", "summary": "s", "a": 1}]}),
        ] {
            assert_eq!(Value::Object(claimed(&value)), value);
        }
        assert_eq!(read_text(" \n"), ResultFile::Claimed(Map::new()));
        assert_eq!(
            read_at(Path::new("/nowhere/result.json")),
            ResultFile::Missing
        );
    }

    #[test]
    fn a_wrong_form_is_named() {
        for (text, part) in [
            ("{", "not JSON"),
            ("[]", "not a JSON object"),
            (r#"{"schema_version": 2}"#, "`schema_version` is not 1"),
            (r#"{"status": "done"}"#, "`status` is not `completed`"),
            (r#"{"package_id": "other"}"#, "`package_id` is not `p`"),
            (r#"{"notes": 7}"#, "`notes` is not a text"),
            (
                r#"{"escalations": [{"type": "X"}]}"#,
                "`escalations` is not a list",
            ),
            (
                r#"{"files_modified": "a"}"#,
                "`files_modified` is not a list",
            ),
            (
                r#"{"plan_revision": 0}"#,
                "`plan_revision` is not a whole number",
            ),
        ] {
            let ResultFile::Malformed(why) = read_text(text) else {
                panic!("{text} was taken");
            };
            assert!(why.contains(part), "{text}: {why}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read_at(folder.path()), ResultFile::Malformed(_)));
    }

    #[test]
    fn what_is_recorded_has_no_secret_no_float_and_a_limit() {
        let map = claimed(&json!({"notes": "say opensesame", "m": {"x": 1.5, "y": [1e300, 7]}}));
        assert_eq!(map["notes"], "say [redacted]");
        assert_eq!(map["m"]["x"], "1.5");
        assert_eq!(map["m"]["y"][1], 7);
        assert!(json::to_canonical(&map).is_ok());
        let map = claimed(&json!({"a": 1, "big": "x ".repeat(KEPT_MAX)}));
        assert_eq!(Value::Object(map), json!({"a": 1, "left_out": ["big"]}));
    }
}
