//! Says in our own words what does not fit the schema: what, where, and what to do.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};

use crate::base::PackageId;
use crate::base::json::Value;
use crate::base::text::{self, cut, foreign};
use crate::model::{Code, Finding, Severity};
use crate::plan::node::Span;
use crate::plan::span::{Spans, spoken, unescape};

/// Characters of a value that a message shows.
const SHOWN_MAX: usize = 60;

/// Unknown fields of one mapping that are listed.
const UNKNOWN_MAX: usize = 50;

/// Turns schema errors into findings of one file.
pub(super) struct Explainer<'a> {
    /// The file, as findings name it.
    pub(super) source: &'a str,
    /// Its places.
    pub(super) spans: &'a Spans,
    /// Its schema.
    pub(super) schema: &'a Value,
}

impl Explainer<'_> {
    /// One finding, or one per name for fields that do not exist.
    pub(super) fn explain(&self, error: &ValidationError<'_>) -> Vec<Finding> {
        let pointer = error.instance_path().as_str();
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
            let listed = unexpected.iter().take(UNKNOWN_MAX);
            return listed.map(|name| self.unknown(pointer, name)).collect();
        }
        let name = name_of(pointer);
        let shown = || shown(error.instance());
        let (message, hint) = match error.kind() {
            ValidationErrorKind::Required { property } => {
                let field = property.as_str().unwrap_or("");
                let at = format!("{pointer}/{field}");
                (
                    format!("{name} has no `{field}`"),
                    format!("add `{field}`: {}", self.about(&at)),
                )
            }
            ValidationErrorKind::Type { kind } => {
                let wanted = wanted(kind);
                let found = found(error.instance());
                (
                    format!("{name} is {found}, it must be {wanted}"),
                    self.type_hint(pointer, error),
                )
            }
            ValidationErrorKind::Constant { expected_value } => {
                let message = format!("{name} is {}, it must be {expected_value}", shown());
                (message, format!("write {expected_value}"))
            }
            ValidationErrorKind::Enum { options } => {
                let message = format!("{name} is {}, which is not one of its values", shown());
                (message, format!("write one of {}", listed(options)))
            }
            ValidationErrorKind::Pattern { .. } => (
                format!("{name} does not have its form: {}", shown()),
                self.about(pointer),
            ),
            kind => match limit(kind, error.instance()) {
                Some(problem) => (format!("{name} {problem}"), self.about(pointer)),
                None => {
                    let keyword = kind.keyword();
                    (
                        format!("{name} does not fit the schema (`{keyword}`)"),
                        self.about(pointer),
                    )
                }
            },
        };
        vec![self.finding(pointer, self.spans.at(pointer), message, hint)]
    }

    fn unknown(&self, pointer: &str, name: &str) -> Finding {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        let span = self.spans.key(&format!("{pointer}/{escaped}"));
        let message = format!("{} has no field `{}`", name_of(pointer), show_text(name));
        let known = self.fields(pointer);
        let hint = match nearest(name, &known) {
            Some(known) => format!("write `{known}` if you mean that, else remove it"),
            None => format!("remove it; known are {}", known.join(", ")),
        };
        self.finding(pointer, span, message, hint)
    }

    fn type_hint(&self, pointer: &str, error: &ValidationError<'_>) -> String {
        let about = self.about(pointer);
        match (error.kind(), error.instance().as_ref()) {
            (ValidationErrorKind::Type { kind }, Value::String(text))
                if wanted(kind) == "a whole number" && text.trim().parse::<f64>().is_ok() =>
            {
                "write the number without quotes".to_owned()
            }
            (ValidationErrorKind::Type { kind }, Value::Number(_) | Value::Bool(_))
                if wanted(kind) == "text" =>
            {
                "put the value in quotes".to_owned()
            }
            (_, Value::Null) => format!("fill it in or remove it: {about}"),
            _ => about,
        }
    }

    fn finding(&self, pointer: &str, span: Span, message: String, hint: String) -> Finding {
        let packages = self.package(pointer).into_iter().collect();
        finding(self.source, Code::Schema, span, message, hint, packages)
    }

    /// The package that `pointer` lies in, if it has an id.
    fn package(&self, pointer: &str) -> Option<PackageId> {
        let mut names = pointer.split('/').skip(1);
        let (Some("packages"), Some(index)) = (names.next(), names.next()) else {
            return None;
        };
        let id = self.spans.node(&format!("/packages/{index}/package_id"))?;
        PackageId::parse(id.text()?)
    }

    /// What the schema says about the place of `pointer`.
    fn about(&self, pointer: &str) -> String {
        let schema = self.schema_at(pointer);
        let own = schema.and_then(|s| s.get("description"));
        let text = own.or_else(|| self.resolve(schema?)?.get("description"));
        let text = text
            .and_then(Value::as_str)
            .unwrap_or("see the schema of the file");
        text.replace('\n', " ").trim_end_matches('.').to_owned()
    }

    fn fields(&self, pointer: &str) -> Vec<String> {
        let schema = self.schema_at(pointer).and_then(|s| self.resolve(s));
        let properties = schema.and_then(|s| s.get("properties")?.as_object());
        properties.map_or_else(Vec::new, |p| p.keys().cloned().collect())
    }

    /// Follows the instance `pointer` through the schema.
    fn schema_at(&self, pointer: &str) -> Option<&Value> {
        let mut schema = self.schema;
        for name in pointer.split('/').skip(1) {
            let here = self.resolve(schema)?;
            let property = here.get("properties").and_then(|p| p.get(unescape(name)));
            schema = property
                .or_else(|| here.get("items"))
                .or_else(|| here.get("additionalProperties"))?;
        }
        Some(schema)
    }

    fn resolve<'v>(&'v self, schema: &'v Value) -> Option<&'v Value> {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.schema.pointer(reference.strip_prefix('#')?),
            None => Some(schema),
        }
    }
}

/// A finding with the place of `span` and the severity of `code`.
pub(super) fn finding(
    source: &str,
    code: Code,
    span: Span,
    message: String,
    hint: String,
    packages: Vec<PackageId>,
) -> Finding {
    let severity: Severity = code.severity();
    Finding {
        severity,
        code,
        message,
        hint,
        file: source.to_owned(),
        line: span.line,
        column: span.column,
        packages,
        witness: None,
    }
}

fn name_of(pointer: &str) -> String {
    if pointer.is_empty() {
        "the file".to_owned()
    } else {
        format!("`{}`", show_text(&spoken(pointer)))
    }
}

fn show_text(text: &str) -> String {
    foreign(&cut(text, SHOWN_MAX)).to_string()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", show_text(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        other => format!("`{other}`"),
    }
}

fn found(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Number(_) | Value::Bool(_) => format!("`{value}`"),
        Value::String(text) => format!("the text `{}`", show_text(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

fn wanted(kind: &TypeKind) -> &'static str {
    let name = match kind {
        TypeKind::Single(single) => single.to_string(),
        TypeKind::Multiple(_) => return "of another type",
    };
    match name.as_str() {
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "text",
        "array" => "a list",
        "object" => "a mapping",
        "boolean" => "true or false",
        _ => "empty",
    }
}

fn limit(kind: &ValidationErrorKind, instance: &Value) -> Option<String> {
    let size = match instance {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    Some(match kind {
        ValidationErrorKind::MinLength { .. } if size == 0 => "is empty".to_owned(),
        ValidationErrorKind::MinLength { limit } => {
            format!("has {size} characters, at least {limit} are needed")
        }
        ValidationErrorKind::MaxLength { limit } => {
            format!("has {size} characters, at most {limit} are allowed")
        }
        ValidationErrorKind::MinItems { .. } => "is an empty list".to_owned(),
        ValidationErrorKind::Minimum { limit } => {
            format!("is {instance}, at least {limit} is needed")
        }
        ValidationErrorKind::Maximum { limit } => {
            format!("is {instance}, at most {limit} is allowed")
        }
        ValidationErrorKind::UniqueItems => "names the same entry twice".to_owned(),
        _ => return None,
    })
}

fn listed(options: &Value) -> String {
    let all = options.as_array().map_or(&[][..], Vec::as_slice);
    let words = all
        .iter()
        .map(|o| o.as_str().map_or_else(|| o.to_string(), str::to_owned));
    words.collect::<Vec<_>>().join(", ")
}

/// The known field that `name` is probably meant to be.
fn nearest<'k>(name: &str, known: &'k [String]) -> Option<&'k String> {
    const HABITS: [(&str, &str); 8] = [
        ("id", "package_id"),
        ("name", "title"),
        ("dependencies", "depends_on"),
        ("tasks", "description"),
        ("write_deny", "deny"),
        ("tier", "tier_required"),
        ("run", "command"),
        ("instructions", "manual_instructions"),
    ];
    let habit = HABITS
        .iter()
        .find(|(from, _)| *from == name)
        .map(|(_, to)| *to);
    if let Some(to) = habit
        && let Some(found) = known.iter().find(|k| *k == to)
    {
        return Some(found);
    }
    let close = text::nearest(name, known.iter().map(String::as_str));
    close.and_then(|close| known.iter().find(|k| *k == close))
}
