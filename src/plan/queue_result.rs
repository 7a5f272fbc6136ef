//! Checks a result file that an agent left: its form, never its truth.

use std::sync::LazyLock;

use jsonschema::Validator;

use crate::base::json::{self, Value};
use crate::model::{Code, Finding, QueueResult};
use crate::plan::explain::{Explainer, finding};
use crate::plan::guard;
use crate::plan::limits::{BYTES_MAX, Policy};
use crate::plan::node::Span;
use crate::plan::scan::Refusal;
use crate::plan::schema_words;
use crate::plan::span::Spans;

/// More findings are not listed.
const FINDINGS_MAX: usize = 50;

/// The schema, as it stands in `schemas/work-queue-result.schema.json`.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(schema_words::generate::<QueueResult>);
    &SCHEMA
}

/// Reads a result file; `source` is how findings name it.
///
/// # Errors
/// Everything that is wrong with its form.
pub fn check(bytes: &[u8], source: &str) -> Result<QueueResult, Vec<Finding>> {
    static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| schema_words::compile(schema()));
    let one = |code, span, message: String, hint: &str| {
        vec![finding(
            source,
            code,
            span,
            message,
            hint.to_owned(),
            Vec::new(),
        )]
    };
    if bytes.len() > BYTES_MAX {
        let message = format!("the result has more than {BYTES_MAX} bytes");
        return Err(one(
            Code::HostileInput,
            Span::TOP,
            message,
            "keep logs in files of their own",
        ));
    }
    let document = json::parse(bytes).map_err(|e| {
        one(
            Code::Schema,
            Span::TOP,
            e.message().to_owned(),
            "write one JSON object",
        )
    })?;
    let spans = places(bytes).map_err(|r| one(r.code, r.span, r.message, &r.hint))?;
    let explainer = Explainer {
        source,
        spans: &spans,
        schema: schema(),
    };
    let errors = VALIDATOR.iter_errors(&document).take(FINDINGS_MAX);
    let mut findings: Vec<Finding> = errors.flat_map(|e| explainer.explain(&e)).collect();
    if findings.is_empty() {
        match serde_path_to_error::deserialize(document) {
            Ok(result) => return Ok(result),
            Err(e) => {
                let message = format!("`{}` cannot be read: {}", e.path(), e.inner());
                findings = one(
                    Code::Schema,
                    Span::TOP,
                    message,
                    "see the schema of the file",
                );
            }
        }
    }
    findings.sort_by_key(|f| (f.line, f.column, f.code));
    Err(findings)
}

/// The places of a JSON document: JSON is YAML, nearly; where it is not, nothing is known.
fn places(bytes: &[u8]) -> Result<Spans, Refusal> {
    match guard::read(bytes, Policy::Foreign) {
        Ok(Some(root)) => Ok(Spans::new(root)),
        Err(refusal) if refusal.code == Code::HostileInput => Err(refusal),
        Ok(None) | Err(_) => Ok(Spans::default()),
    }
}
