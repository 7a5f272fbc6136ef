//! Takes out of a document what does not fit its schema, so that the rest can be read.

use std::collections::HashSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;

use crate::base::json::Value;
use crate::plan::span::unescape;

/// Removes what the errors point at. Missing, long, short and oddly formed values stay: they
/// have the right type and tell more than nothing. Places in `/packages` keep their numbers.
pub(super) fn prune(document: &mut Value, errors: &[ValidationError<'_>]) {
    let mut items: Vec<String> = Vec::new();
    for error in errors {
        let pointer = error.instance_path().as_str();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let unexpected: HashSet<&String> = unexpected.iter().collect();
                if let Some(Value::Object(map)) = document.pointer_mut(pointer) {
                    map.retain(|name, _| !unexpected.contains(name));
                }
            }
            ValidationErrorKind::Required { .. }
            | ValidationErrorKind::Pattern { .. }
            | ValidationErrorKind::MinLength { .. }
            | ValidationErrorKind::MaxLength { .. }
            | ValidationErrorKind::MinItems { .. }
            | ValidationErrorKind::MaxItems { .. }
            | ValidationErrorKind::UniqueItems => {}
            _ => items.push(pointer.to_owned()),
        }
    }
    // Higher places of a list go first, so that the lower ones keep their numbers.
    items.sort_by(|a, b| place(b).cmp(&place(a)));
    items.dedup();
    for pointer in items {
        remove(document, &pointer);
    }
}

fn place(pointer: &str) -> (&str, usize) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    (parent, name.parse().unwrap_or(0))
}

fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        *document = Value::Null;
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.shift_remove(&unescape(name));
        }
        Some(Value::Array(list)) => {
            let place: Option<usize> = name.parse().ok();
            let place = place.filter(|place| *place < list.len());
            match place {
                Some(place) if parent == "/packages" => list[place] = Value::Null,
                Some(place) => drop(list.remove(place)),
                None => {}
            }
        }
        _ => {}
    }
}
