//! A place in a JSON document, with typed ways down and one list of what is wrong.

use std::cell::RefCell;

use crate::base::json::{Map, Value};
use crate::base::text::{cut, foreign};
use crate::model::{Code, Finding};
use crate::plan::review_findings::says;
use crate::plan::{Span, Spans};

/// Characters of a value that a message shows.
const SHOWN_MAX: usize = 60;
/// More problems or notes are not listed.
const LISTED_MAX: usize = 50;

/// What is collected while a document is read.
pub(super) struct Reading<'a> {
    source: &'a str,
    spans: &'a Spans,
    problems: RefCell<Vec<Finding>>,
    notes: RefCell<Vec<String>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(source: &'a str, spans: &'a Spans) -> Self {
        Reading {
            source,
            spans,
            problems: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// How the document is called.
    pub(super) fn source(&self) -> &'a str {
        self.source
    }

    /// What was guessed, if nothing was wrong.
    pub(super) fn end(self) -> Result<Vec<String>, Vec<Finding>> {
        let mut problems = self.problems.into_inner();
        if problems.is_empty() {
            return Ok(self.notes.into_inner());
        }
        problems.sort_by_key(|one| (one.line, one.column, one.message.clone()));
        problems.dedup();
        problems.truncate(LISTED_MAX);
        Err(problems)
    }
}

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    reading: &'a Reading<'a>,
    pointer: String,
}

impl<'a> At<'a> {
    pub(super) fn top(value: &'a Value, reading: &'a Reading<'a>) -> Self {
        At {
            value,
            reading,
            pointer: String::new(),
        }
    }

    /// What the document is called and what it collects.
    pub(super) fn reading(&self) -> &'a Reading<'a> {
        self.reading
    }

    /// The field `name`, if it is there and not null.
    pub(super) fn field(&self, name: &str) -> Option<At<'a>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        let name = name.replace('~', "~0").replace('/', "~1");
        Some(At {
            value,
            reading: self.reading,
            pointer: format!("{}/{name}", self.pointer),
        })
    }

    /// The first of `names` that is there.
    pub(super) fn any(&self, names: &[&str]) -> Option<At<'a>> {
        names.iter().find_map(|name| self.field(name))
    }

    /// The items of a list; none if it is no list.
    pub(super) fn items(&self) -> Vec<At<'a>> {
        let items = self.value.as_array().map_or(&[][..], Vec::as_slice);
        let item = |(at, value): (usize, &'a Value)| At {
            value,
            reading: self.reading,
            pointer: format!("{}/{at}", self.pointer),
        };
        items.iter().enumerate().map(item).collect()
    }

    /// The fields, if it is an object.
    pub(super) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    /// Text that holds more than blanks.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.value
            .as_str()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// A whole number from 0, also one in quotes.
    pub(super) fn number(&self) -> Option<u32> {
        let own = self
            .value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok());
        own.or_else(|| self.text()?.parse().ok())
    }

    /// Refuses the document: there is no `name` here.
    pub(super) fn missing(&self, name: &str, hint: &str) {
        self.problem(format!("{} has no `{name}`", self.spoken()), hint);
    }

    /// Refuses the document: the value here says nothing that is known.
    pub(super) fn unknown(&self, known: &str) {
        let shown = match self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let shown = foreign(&cut(&shown, SHOWN_MAX)).to_string();
        self.problem(
            format!(
                "{} is `{shown}`, which is not one of its values",
                self.spoken()
            ),
            &format!("write one of {known}"),
        );
    }

    /// Refuses the document for any reason.
    pub(super) fn problem(&self, message: String, hint: &str) {
        let span: Span = self.reading.spans.at(&self.pointer);
        let finding = says(
            self.reading.source,
            Code::Schema,
            span,
            message,
            hint.to_owned(),
        );
        self.reading.problems.borrow_mut().push(finding);
    }

    /// Says what was guessed here.
    pub(super) fn note(&self, what: &str) {
        let mut notes = self.reading.notes.borrow_mut();
        if notes.len() < LISTED_MAX {
            let span = self.reading.spans.at(&self.pointer);
            notes.push(format!(
                "{}:{}: {} {what}",
                span.line,
                span.column,
                self.spoken()
            ));
        }
    }

    /// The place as people write it: `` `findings[2].type` ``.
    pub(super) fn spoken(&self) -> String {
        if self.pointer.is_empty() {
            return "the file".to_owned();
        }
        let mut out = String::new();
        for name in self.pointer.split('/').skip(1) {
            if name.bytes().all(|b| b.is_ascii_digit()) {
                out.push_str(&format!("[{name}]"));
            } else {
                let dot = if out.is_empty() { "" } else { "." };
                out.push_str(&format!(
                    "{dot}{}",
                    name.replace("~1", "/").replace("~0", "~")
                ));
            }
        }
        format!("`{}`", foreign(&cut(&out, SHOWN_MAX)))
    }
}
