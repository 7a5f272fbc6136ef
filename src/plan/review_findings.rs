//! The published form of review findings, and the places of a JSON document.

use std::sync::LazyLock;

use jsonschema::Validator;

use crate::base::json::Value;
use crate::model::{Code, Finding, Findings};
use crate::plan::explain::{Explainer, finding};
use crate::plan::guard;
use crate::plan::limits::Policy;
use crate::plan::node::Span;
use crate::plan::schema_words;
use crate::plan::span::Spans;

/// More findings are not listed.
const FINDINGS_MAX: usize = 50;

/// The schema, as it stands in `schemas/review-findings.schema.json`.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(schema_words::generate::<Findings>);
    &SCHEMA
}

/// What of `document` does not fit the schema; empty if all does.
pub fn unfit(document: &Value, source: &str, spans: &Spans) -> Vec<Finding> {
    static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| schema_words::compile(schema()));
    let explainer = Explainer {
        source,
        spans,
        schema: schema(),
    };
    let errors = VALIDATOR.iter_errors(document).take(FINDINGS_MAX);
    errors.flat_map(|error| explainer.explain(&error)).collect()
}

/// The places of a JSON document: JSON is YAML, nearly; where it is not, nothing is known.
///
/// # Errors
/// A document that tries to exhaust its reader.
pub fn places(bytes: &[u8], source: &str) -> Result<Spans, Box<Finding>> {
    match guard::read(bytes, Policy::Foreign) {
        Ok(Some(root)) => Ok(Spans::new(root)),
        Err(refusal) if refusal.code == Code::HostileInput => {
            let (span, message, hint) = (refusal.span, refusal.message, refusal.hint);
            let packages = Vec::new();
            Err(Box::new(finding(
                source,
                refusal.code,
                span,
                message,
                hint,
                packages,
            )))
        }
        Ok(None) | Err(_) => Ok(Spans::default()),
    }
}

/// One finding about the form of a document.
pub fn says(source: &str, code: Code, span: Span, message: String, hint: String) -> Finding {
    finding(source, code, span, message, hint, Vec::new())
}
