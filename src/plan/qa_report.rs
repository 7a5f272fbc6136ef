//! The form of what a QA agent reports.

use std::sync::LazyLock;

use crate::base::json::Value;
use crate::model::qa::QaReport;
use crate::plan::schema_words;

/// The schema, as it stands in `schemas/qa-report.schema.json`.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(schema_words::generate::<QaReport>);
    &SCHEMA
}
