//! Schemas that cost an agent little: what the types say, without what goes without saying.
//!
//! Every word of a tool's list is read by the agent at each turn, so names of types, formats,
//! defaults and the alternative `null` of optional arguments are left out.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use crate::base::json::{Map, Value, json};

/// The arguments of a tool: what may be left out need not be `null`.
pub(super) fn of_arguments<T: JsonSchema>() -> Map<String, Value> {
    let mut schema = plain::<T>();
    optional(&mut schema);
    object(schema)
}

/// What a tool answers.
pub(super) fn of_answer<T: JsonSchema>() -> Map<String, Value> {
    let mut schema = plain::<T>();
    forget(&mut schema, &["description", "required"]);
    object(schema)
}

fn plain<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    forget(
        &mut schema,
        &[
            "$schema", "title", "format", "default", "minimum", "maximum",
        ],
    );
    schema
}

fn object(mut schema: Value) -> Map<String, Value> {
    schema["type"] = json!("object");
    match schema {
        Value::Object(mut map) => {
            map.remove("additionalProperties");
            map.remove("description");
            map
        }
        _ => Map::new(),
    }
}

/// Takes keywords away; a property may be called like one.
fn forget(schema: &mut Value, words: &[&str]) {
    let Value::Object(map) = schema else {
        return;
    };
    let says_nothing =
        |key: &str, value: &Value| key == "items" && value.as_object().is_some_and(Map::is_empty);
    map.retain(|key, value| !words.contains(&key.as_str()) && !says_nothing(key, value));
    for (key, inner) in map.iter_mut() {
        match (key.as_str(), inner) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(|p| forget(p, words));
            }
            ("anyOf" | "oneOf", Value::Array(all)) => all.iter_mut().for_each(|s| forget(s, words)),
            (_, inner) => forget(inner, words),
        }
    }
}

/// Properties that may be left out lose the alternative `null`, and nobody is told what is not
/// there.
fn optional(schema: &mut Value) {
    if let Value::Object(map) = schema {
        map.remove("additionalProperties");
    }
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    for property in properties.values_mut() {
        if let Some(Value::Array(types)) = property.get_mut("type") {
            types.retain(|t| t != "null");
            if let [only] = types.as_slice() {
                property["type"] = only.clone();
            }
        }
        let all = property.get("anyOf").and_then(Value::as_array);
        let real: Vec<Value> = { all.into_iter().flatten() }
            .filter(|s| s["type"] != "null")
            .cloned()
            .collect();
        if let ([Value::Object(only)], Value::Object(map)) = (real.as_slice(), &mut *property) {
            map.remove("anyOf");
            map.extend(only.clone());
        }
        optional(property);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Sample {
        /// Shown.
        title: String,
        minutes: Option<u32>,
        list: Vec<String>,
    }

    #[test]
    fn a_schema_says_no_more_than_it_must() {
        let arguments = Value::Object(of_arguments::<Sample>());
        let expected = json!({
            "type": "object",
            "properties": {
                "title": {"type": "string", "description": "Shown."},
                "minutes": {"type": "integer"},
                "list": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["title", "list"],
        });
        assert_eq!(arguments, expected);
        let answer = of_answer::<Sample>();
        assert_eq!(answer["properties"]["title"], json!({"type": "string"}));
        assert_eq!(
            answer["properties"]["minutes"],
            json!({"type": ["integer", "null"]})
        );
    }
}
