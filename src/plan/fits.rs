//! Whether a JSON value has the form that a JSON schema asks for, in our own words.

use crate::base::json::Value;
use crate::base::{Error, Result, text};
use crate::plan::explain::Explainer;
use crate::plan::span::Spans;

/// More faults are not listed.
const FAULTS_MAX: usize = 20;

/// Everything in `value` that `schema` does not allow; nothing if it fits.
///
/// # Errors
/// Usage, `schema`: `schema` is none.
pub fn faults(schema: &Value, value: &Value) -> Result<Vec<String>> {
    let validator = jsonschema::validator_for(schema).map_err(|e| {
        let why = text::foreign(&e.to_string()).to_string();
        Error::usage("schema", format!("the schema is none: {why}"))
    })?;
    let explainer = Explainer {
        source: "result",
        spans: &Spans::default(),
        schema,
    };
    let errors = validator.iter_errors(value).take(FAULTS_MAX);
    let findings = errors.flat_map(|error| explainer.explain(&error));
    Ok(findings.map(|finding| finding.message).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::json::json;

    #[test]
    fn what_does_not_fit_is_named() {
        let schema = json!({
            "type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}},
        });
        assert!(faults(&schema, &json!({"ok": true})).unwrap().is_empty());
        let found = faults(&schema, &json!({"ok": 1})).unwrap();
        assert!(found[0].contains("ok"), "{found:?}");
        let found = faults(&schema, &json!({})).unwrap();
        assert!(found[0].contains("has no `ok`"), "{found:?}");
        let error = faults(&json!({"type": 7}), &json!({})).unwrap_err();
        assert_eq!(error.code(), "schema");
    }
}
