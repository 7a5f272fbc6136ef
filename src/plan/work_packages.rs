//! Reads work-packages.yaml, in the full form and in the simple dialect.
//!
//! Tolerant: everything that is wrong is found in one pass, and what can be read is read, so that
//! the rules about the whole plan are checked even where the form is broken. Never panics.

use std::sync::LazyLock;

use jsonschema::{ValidationError, Validator};
use serde::de::DeserializeOwned;

use crate::base::json::Value;
use crate::base::text::{count, cut, foreign};
use crate::base::{ContentHash, FeatureId};
use crate::model::{Code, Contracts, Feature, Finding, Format, Package, Plan};
use crate::plan::explain::{Explainer, finding};
use crate::plan::guard;
use crate::plan::limits::Policy;
use crate::plan::node::{Data, Node, Span};
use crate::plan::outline::Outline;
use crate::plan::span::Spans;
use crate::plan::{convert, prune, schema, schema_words, simple};

/// More packages are refused.
const PACKAGES_MAX: usize = 10_000;
/// More findings about the form are counted, not listed.
const FINDINGS_MAX: usize = 500;

/// What could be read, what is wrong with the form, and where everything stands.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The plan, as far as it could be read; packages without a usable id are missing.
    pub plan: Option<Plan>,
    /// What is wrong with the form, sorted by place. Rules about meaning are the check's.
    pub findings: Vec<Finding>,
    /// The places of the packages and their fields.
    pub spans: Spans,
    /// What a document says, where the plan is one.
    pub outline: Option<Outline>,
}

/// Reads a plan; `source` is how findings name the file.
pub fn read(bytes: &[u8], source: &str) -> Parsed {
    let root = match guard::read(bytes, Policy::Plan) {
        Ok(Some(root)) => root,
        Ok(None) => return broken(source, Code::Schema, Span::TOP, "the file is empty", EMPTY),
        Err(r) => return broken(source, r.code, r.span, &r.message, &r.hint),
    };
    if !matches!(root.data, Data::Map(_)) {
        let message = format!("the file is {}, it must be a mapping", root.kind());
        return broken(source, Code::Schema, root.span, &message, EMPTY);
    }
    let packages = root.get("packages").map_or(0, |node| node.items().len());
    if packages > PACKAGES_MAX {
        let message = format!("the plan has {packages} packages, at most {PACKAGES_MAX} are read");
        let hint = "split it into several features";
        return broken(source, Code::HostileInput, Span::TOP, &message, hint);
    }
    Reader {
        bytes,
        source,
        findings: Vec::new(),
    }
    .run(root)
}

const EMPTY: &str = "write `schema_version: 1`, `feature:` and `packages:`";

/// What is to be said of a file of which nothing could be read.
pub(super) fn broken(source: &str, code: Code, span: Span, message: &str, hint: &str) -> Parsed {
    let (message, hint) = (message.to_owned(), hint.to_owned());
    Parsed {
        plan: None,
        findings: vec![finding(source, code, span, message, hint, Vec::new())],
        spans: Spans::default(),
        outline: None,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    source: &'a str,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn run(mut self, mut root: Node) -> Parsed {
        let format = if simple::is_simple(&root) {
            self.dialect(&mut root);
            Format::WorkPackagesSimple
        } else {
            Format::WorkPackages
        };
        let mut document = root.to_json();
        let mut spans = Spans::new(root);
        let complete = self.validate(format, &mut document, &spans);
        let plan = match complete {
            Complete::Yes => self.plan(format, document, &mut spans),
            Complete::No => None,
        };
        self.findings.sort_by_key(|f| (f.line, f.column, f.code));
        Parsed {
            plan,
            findings: self.findings,
            spans,
            outline: None,
        }
    }

    fn dialect(&mut self, root: &mut Node) {
        simple::normalise(root, self.bytes);
        let packages = root.entry("packages");
        let span = packages.map_or(Span::TOP, |entry| entry.key_span);
        self.add(
            Code::Dialect,
            span,
            "the packages are written in the simple dialect (`id`, `tasks`, `dependencies`)",
            "write `package_id`, `depends_on`, `scope` and `verification` for the full checks",
        );
    }

    /// Reports what does not fit the schema and takes it out of `document`.
    fn validate(&mut self, format: Format, document: &mut Value, spans: &Spans) -> Complete {
        let (schema, validator) = form(format);
        let explainer = Explainer {
            source: self.source,
            spans,
            schema,
        };
        // The errors borrow the document that is pruned by them.
        let errors: Vec<ValidationError<'static>> = validator
            .iter_errors(document)
            .take(FINDINGS_MAX + 1)
            .map(ValidationError::to_owned)
            .collect();
        for error in distinct(&errors) {
            let mut found = explainer.explain(error);
            if format == Format::WorkPackagesSimple {
                for finding in &mut found {
                    unread(error, finding);
                }
            }
            self.findings.extend(found);
        }
        if errors.len() > FINDINGS_MAX {
            self.findings.truncate(FINDINGS_MAX);
            let message = format!("more than {} in this file", count(FINDINGS_MAX, "mistake"));
            self.add(
                Code::Schema,
                Span::TOP,
                &message,
                "mend the first ones and validate again",
            );
            return Complete::No;
        }
        prune::prune(document, &errors);
        Complete::Yes
    }

    fn plan(&mut self, format: Format, document: Value, spans: &mut Spans) -> Option<Plan> {
        let document: schema::Document = self.typed("", document, spans)?;
        let defaults = document.defaults.unwrap_or_default();
        let mut packages: Vec<Package> = Vec::new();
        for (place, form) in document.packages?.into_iter().enumerate() {
            let pointer = format!("/packages/{place}");
            let Some(form) = self.typed::<schema::PackageForm>(&pointer, form, spans) else {
                continue;
            };
            let named = form.package_id.is_some();
            match convert::package(form, &defaults) {
                Some(package) => {
                    packages.push(package);
                    spans.add_package(place);
                }
                None if named => self.unusable(&format!("{pointer}/package_id"), spans),
                None => {}
            }
        }
        let contracts = document.contracts.map(convert::contracts);
        if let Some(contracts) = &contracts {
            self.kinds(contracts, spans);
        }
        Some(Plan {
            source: self.source.to_owned(),
            format,
            hash: ContentHash::of(self.bytes),
            feature: document
                .feature
                .and_then(convert::feature)
                .unwrap_or_else(|| nameless(self.source)),
            contracts: contracts.unwrap_or_else(|| Contracts {
                revision: 1,
                ..Contracts::default()
            }),
            packages,
            settled: Vec::new(),
        })
    }

    /// Reads a part that has passed the schema; an absent part is no finding of its own.
    fn typed<T: DeserializeOwned>(
        &mut self,
        pointer: &str,
        value: Value,
        spans: &Spans,
    ) -> Option<T> {
        if value.is_null() {
            return None;
        }
        match serde_path_to_error::deserialize(value) {
            Ok(form) => Some(form),
            Err(e) => {
                let message = format!("`{}` cannot be read: {}", e.path(), e.inner());
                self.add(
                    Code::Schema,
                    spans.at(pointer),
                    &message,
                    "see the schema of the file",
                );
                None
            }
        }
    }

    fn unusable(&mut self, pointer: &str, spans: &Spans) {
        let text = spans.node(pointer).and_then(Node::text).unwrap_or("");
        // The full form has said so already, by its pattern.
        let message = format!("`{}` cannot name a package", foreign(&cut(text, 60)));
        let hint = "use at most 128 visible characters without outer blanks";
        let span = spans.at(pointer);
        if !self
            .findings
            .iter()
            .any(|f| (f.line, f.column) == (span.line, span.column))
        {
            self.add(Code::Schema, span, &message, hint);
        }
    }

    /// Prose listed among OpenAPI documents is no OpenAPI document.
    fn kinds(&mut self, contracts: &Contracts, spans: &Spans) {
        for file in &contracts.files {
            let span = spans.item("/contracts/openapi/files", &file.path);
            let listed = spans.node("/contracts/openapi/files").is_some_and(|list| {
                list.items()
                    .iter()
                    .any(|item| item.text() == Some(file.path.as_str()))
            });
            let primary = contracts.primary.as_deref() == Some(file.path.as_str());
            if file.kind == crate::model::ContractKind::None && (listed || primary) {
                let span = if listed {
                    span
                } else {
                    spans.at("/contracts/openapi/primary")
                };
                let message = format!(
                    "`{}` is listed as OpenAPI but is no YAML or JSON file; it counts as kind none",
                    foreign(&cut(&file.path, 200))
                );
                let hint = "list it under `contracts.files` with `kind: none`, or leave it out";
                self.add(Code::ContractKind, span, &message, hint);
            }
        }
    }

    fn add(&mut self, code: Code, span: Span, message: &str, hint: &str) {
        let (message, hint) = (message.to_owned(), hint.to_owned());
        self.findings
            .push(finding(self.source, code, span, message, hint, Vec::new()));
    }
}

enum Complete {
    Yes,
    No,
}

fn form(format: Format) -> (&'static Value, &'static Validator) {
    static RELAXED: LazyLock<(Value, Validator)> = LazyLock::new(|| {
        let schema = simple::relax(schema::work_packages());
        let validator = schema_words::compile(&schema);
        (schema, validator)
    });
    match format {
        Format::WorkPackagesSimple => (&RELAXED.0, &RELAXED.1),
        _ => (schema::work_packages(), schema::validator()),
    }
}

/// One error per place and keyword; a value of the wrong type is not also out of its range.
fn distinct<'e>(errors: &'e [ValidationError<'static>]) -> Vec<&'e ValidationError<'static>> {
    use jsonschema::error::ValidationErrorKind::{Required, Type};
    let typed: std::collections::HashSet<&str> = errors
        .iter()
        .filter(|e| matches!(e.kind(), Type { .. }))
        .map(|e| e.instance_path().as_str())
        .collect();
    let keep = |e: &&ValidationError<'_>| {
        matches!(e.kind(), Type { .. } | Required { .. })
            || !typed.contains(e.instance_path().as_str())
    };
    errors.iter().filter(keep).collect()
}

/// In the simple dialect an unknown field is said to be unread, not wrong.
fn unread(error: &ValidationError<'_>, finding: &mut Finding) {
    use jsonschema::error::ValidationErrorKind::AdditionalProperties;
    if matches!(error.kind(), AdditionalProperties { .. }) {
        finding.code = Code::Dialect;
        finding.severity = Code::Dialect.severity();
        finding.message.push_str("; it is not read");
        finding.hint = "remove it, or write the plan in the full form".to_owned();
    }
}

/// The header of a plan that has none: the folder it lies in is the change.
fn nameless(source: &str) -> Feature {
    let folder = source.rsplit('/').nth(1).unwrap_or("");
    let id = FeatureId::parse(folder).filter(|_| !folder.starts_with('.'));
    Feature {
        id: id.unwrap_or_else(|| FeatureId::parse("unnamed").expect("a literal in the right form")),
        title: None,
        plan_revision: 1,
        created_by: None,
        created_at: None,
    }
}
