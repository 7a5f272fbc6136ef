//! How a schema is made from types, and the words that its parts share.

use jsonschema::Validator;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;

use crate::base::json::{Map, Value};

/// Generates the schema of `T` for what is read.
pub(super) fn generate<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .for_deserialize()
        .with_transform(RecursiveTransform(refuse_null));
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// Compiles a schema of ours.
pub(super) fn compile(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).expect("a schema made from our own types is valid")
}

/// An optional field may be left out; writing `null` is a mistake.
fn refuse_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    // Names of number widths say nothing to a reader of the schema.
    object.shift_remove("format");
    name_choices(object);
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|t| t != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = object.get("anyOf")
        && let [Value::Object(kept), Value::Object(null)] = choices.as_slice()
        && null.get("type").is_some_and(|t| t == "null")
    {
        let kept = kept.clone();
        object.shift_remove("anyOf");
        object.extend(kept);
    }
}

/// Words to choose from are a list of words, also where each is described.
fn name_choices(object: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = object.get("oneOf") else {
        return;
    };
    let words: Option<Vec<Value>> = choices.iter().map(|c| c.get("const").cloned()).collect();
    if let Some(words) = words {
        object.shift_remove("oneOf");
        object.insert("type".to_owned(), Value::from("string"));
        object.insert("enum".to_owned(), Value::Array(words));
    }
}

/// A path relative to the repository root, without a leading `/` or trailing blanks.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct FilePath(
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^([^/\s]|[^/].*\S)$"))]
    pub(super)  String,
);

/// A pattern over paths: `*` and `?` stay inside a part, `**` crosses, `[a-z]`, `{a,b}`; a
/// trailing `/` means everything below.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct Glob(#[schemars(length(min = 1, max = 512))] pub(super) String);

/// Lower-case letters, digits, `_` and `-`, beginning with a letter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct PackageName(
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z][a-z0-9_-]*$"))] pub(super) String,
);

/// A logical lock, `namespace:rest`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct Key(#[schemars(length(min = 1, max = 512))] pub(super) String);

/// A name of a result value.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct ResultKey(#[schemars(length(min = 1))] pub(super) String);

/// How much must be shown before a merge.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "Tier")]
pub(super) enum TierForm {
    A,
    B,
    C,
}
