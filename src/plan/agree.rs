//! Compares our tree with what serde_yaml makes of the same text.
//!
//! Two readers that agree cannot both be fooled by the same trick of writing, and what a person
//! approved is what every other tool will read.

use serde_yaml::Value;

use crate::plan::node::{Data, Entry, Node};
use crate::plan::scalar;

/// True if both readers see the same values. Call it on guarded text only: the other reader is
/// slow on deep nesting and expands aliases.
pub(super) fn same(text: &str, ours: Option<&Node>) -> bool {
    match (ours, serde_yaml::from_str::<Value>(text)) {
        (Some(ours), Ok(theirs)) => same_value(&ours.data, &theirs),
        (None, Ok(theirs)) => theirs.is_null(),
        (_, Err(_)) => false,
    }
}

fn same_value(ours: &Data, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Data::Null, Value::Null) => true,
        (Data::Bool(a), Value::Bool(b)) => a == b,
        (Data::Text(a), Value::String(b)) => a == b,
        (Data::Integer(a), Value::Number(b)) => {
            b.as_i64() == Some(*a) || b.as_f64() == Some(*a as f64)
        }
        (Data::Float(a), Value::Number(b)) => b.as_f64() == Some(*a),
        (Data::List(a), Value::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(&a.data, b))
        }
        (Data::Map(a), Value::Mapping(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, (key, value))| same_key(a, key) && same_value(&a.value.data, value))
        }
        _ => false,
    }
}

fn same_key(ours: &Entry, theirs: &Value) -> bool {
    match theirs {
        Value::String(text) => *text == ours.key,
        other => scalar::resolve(&ours.key).is_ok_and(|data| same_value(&data, other)),
    }
}
