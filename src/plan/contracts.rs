//! Checks that a contract file is what the plan says it is.
//!
//! OpenAPI 3.0 and 3.1 in YAML or JSON, and JSON Schema of any draft; other kinds are not looked
//! into. References to other files are not followed.

use serde::de::DeserializeOwned;

use crate::base::json::{self, Value};
use crate::base::text::{cut, foreign};
use crate::model::ContractKind;
use crate::plan::guard;
use crate::plan::limits::{FOREIGN_BYTES_MAX, Policy};

/// Characters of a foreign message that are shown.
const MESSAGE_MAX: usize = 200;

/// Reads `bytes` as a contract of `kind`.
///
/// # Errors
/// What is wrong with it, as a sentence fragment.
pub fn parse(kind: ContractKind, bytes: &[u8]) -> Result<(), String> {
    match kind {
        ContractKind::Openapi => openapi(document(bytes)?),
        ContractKind::JsonSchema => json_schema(&document(bytes)?),
        ContractKind::Sql | ContractKind::Proto | ContractKind::None => Ok(()),
    }
}

/// JSON if it looks like it, else YAML.
fn document(bytes: &[u8]) -> Result<Value, String> {
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if matches!(first, Some(b'{' | b'[')) && bytes.len() <= FOREIGN_BYTES_MAX {
        // Flow-style YAML begins like JSON, so a failure here is not yet the answer.
        if let Ok(value) = json::parse(bytes) {
            return Ok(value);
        }
    }
    match guard::read(bytes, Policy::Foreign) {
        Ok(Some(root)) => Ok(root.to_json()),
        Ok(None) => Err("it is empty".to_owned()),
        Err(refusal) => {
            let (line, column) = (refusal.span.line, refusal.span.column);
            Err(format!("line {line}, column {column}: {}", refusal.message))
        }
    }
}

fn openapi(mut document: Value) -> Result<(), String> {
    let version = match document.get("openapi") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => return Err(format!("`openapi` is `{other}`, write it in quotes")),
        None if document.get("swagger").is_some() => {
            return Err("it is Swagger 2, only OpenAPI 3 is read".to_owned());
        }
        None => return Err("it has no field `openapi`".to_owned()),
    };
    if version.starts_with("3.0.") || version == "3.0" {
        upgrade(&mut document);
    } else if !version.starts_with("3.") {
        let shown = foreign(&cut(&version, 20)).to_string();
        return Err(format!(
            "its version is `{shown}`, only 3.0 and 3.1 are read"
        ));
    }
    typed::<oas3::OpenApiV3Spec>(document).map(drop)
}

fn typed<T: DeserializeOwned>(document: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(document).map_err(|e| {
        let message = e.inner().to_string();
        format!("`{}`: {}", e.path(), foreign(&cut(&message, MESSAGE_MAX)))
    })
}

/// OpenAPI 3.0 in the form of 3.1: a limit that is exclusive is the exclusive limit.
fn upgrade(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (limit, exclusive) in [
                ("minimum", "exclusiveMinimum"),
                ("maximum", "exclusiveMaximum"),
            ] {
                match (object.get(exclusive), object.get(limit).cloned()) {
                    (Some(Value::Bool(true)), Some(number)) => {
                        object.shift_remove(limit);
                        object.insert(exclusive.to_owned(), number);
                    }
                    (Some(Value::Bool(_)), _) => {
                        object.shift_remove(exclusive);
                    }
                    _ => {}
                }
            }
            object.values_mut().for_each(upgrade);
        }
        Value::Array(items) => items.iter_mut().for_each(upgrade),
        _ => {}
    }
}

fn json_schema(schema: &Value) -> Result<(), String> {
    if !matches!(schema, Value::Object(_) | Value::Bool(_)) {
        return Err("a JSON Schema is an object or a truth value".to_owned());
    }
    let mut alone = schema.clone();
    detach(&mut alone);
    jsonschema::meta::validate(&alone)
        .and_then(|()| jsonschema::validator_for(&alone).map(drop))
        .map_err(|e| {
            let place = e.instance_path().as_str();
            let place = if place.is_empty() { "/" } else { place };
            let message = e.to_string();
            format!(
                "`{}`: {}",
                foreign(&cut(place, MESSAGE_MAX)),
                foreign(&cut(&message, MESSAGE_MAX))
            )
        })
}

/// Takes out references to other files and the name of an unknown dialect: nothing is fetched.
fn detach(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let elsewhere = |v: &Value| v.as_str().is_some_and(|text| !text.starts_with('#'));
            for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
                if object.get(keyword).is_some_and(elsewhere) {
                    object.shift_remove(keyword);
                }
            }
            let standard = |v: &Value| {
                v.as_str()
                    .is_none_or(|text| text.contains("://json-schema.org/"))
            };
            if !object.get("$schema").is_none_or(standard) {
                object.shift_remove("$schema");
            }
            object.values_mut().for_each(detach);
        }
        Value::Array(items) => items.iter_mut().for_each(detach),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENAPI_31: &str = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /users/{id}:\n    \
        get:\n      parameters:\n        - {name: id, in: path, required: true, schema: {type: integer}}\n      \
        responses:\n        200: {description: ok}\n";

    fn fault(kind: ContractKind, text: &str) -> String {
        parse(kind, text.as_bytes()).expect_err(text)
    }

    #[test]
    fn openapi_is_read_in_both_versions_and_both_notations() {
        let v30 = OPENAPI_31.replace("3.1.0", "3.0.3").replace(
            "type: integer",
            "type: integer, nullable: true, minimum: 0, exclusiveMinimum: true",
        );
        let json = json::pretty(&document(OPENAPI_31.as_bytes()).unwrap()).unwrap();
        for text in [OPENAPI_31, v30.as_str(), json.as_str()] {
            assert_eq!(
                parse(ContractKind::Openapi, text.as_bytes()),
                Ok(()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_openapi_document_is_named() {
        for (text, part) in [
            ("", "empty"),
            ("# Contracts\n", "empty"),
            ("title: x\n", "no field `openapi`"),
            ("swagger: '2.0'\n", "Swagger 2"),
            ("openapi: 3.1\n", "quotes"),
            ("openapi: 4.0.0\n", "4.0.0"),
            (
                "openapi: 3.1.0\npaths: 7\ninfo: {title: T, version: '1'}\n",
                "paths",
            ),
            ("openapi: 3.1.0\n", "info"),
            ("openapi: [\n", "line"),
            ("{\"openapi\": \"3.1.0\",\n", "line"),
        ] {
            let fault = fault(ContractKind::Openapi, text);
            assert!(fault.contains(part), "{text}: {fault}");
        }
    }

    #[test]
    fn json_schemas_are_compiled() {
        for text in [
            r#"{"type": "object", "properties": {"a": {"$ref": "other.json#/x"}}}"#,
            r##"{"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}"##,
            r#"{"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": true}"#,
            "true",
            "type: string\n",
        ] {
            assert_eq!(
                parse(ContractKind::JsonSchema, text.as_bytes()),
                Ok(()),
                "{text}"
            );
        }
        for (text, part) in [
            (r#"{"type": "strng"}"#, "/type"),
            (r#"{"pattern": "("}"#, "pattern"),
            (r##"{"$ref": "#/nowhere"}"##, "nowhere"),
            ("[]", "object"),
            ("", "empty"),
        ] {
            let fault = fault(ContractKind::JsonSchema, text);
            assert!(fault.contains(part), "{text}: {fault}");
        }
    }

    #[test]
    fn other_kinds_are_not_looked_into() {
        for kind in [ContractKind::Sql, ContractKind::Proto, ContractKind::None] {
            assert_eq!(parse(kind, b"\xff"), Ok(()));
        }
    }
}
