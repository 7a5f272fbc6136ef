//! The rules of the house, held by a test: floors, homes, shape.
//!
//! Every finding names file, line, rule and what to do. To change a rule, change it here and in
//! `CONTRIBUTING.md`.

mod floors;
mod homes;
mod shape;
mod source;

use source::{Line, Source};

/// What breaks a rule, ready to be printed.
struct Findings {
    rule: &'static str,
    advice: &'static str,
    list: Vec<String>,
}

impl Findings {
    fn new(rule: &'static str, advice: &'static str) -> Findings {
        Findings {
            rule,
            advice,
            list: Vec::new(),
        }
    }

    fn at(&mut self, source: &Source, line: &Line, what: impl std::fmt::Display) {
        self.list
            .push(format!("{}:{}: {what}", source.path, line.number));
    }

    fn say(&mut self, path: &str, what: impl std::fmt::Display) {
        self.list.push(format!("{path}: {what}"));
    }

    /// Fails if anything was found.
    fn end(self) {
        assert!(
            self.list.is_empty(),
            "\n\nrule: {}\n{} broken here:\n  {}\nwhat to do: {}\n",
            self.rule,
            self.list.len(),
            self.list.join("\n  "),
            self.advice
        );
    }
}
