//! JUnit XML: a suite per package, a case per verification step, for the test tabs of CI services.

use std::fmt::Write as _;

use crate::base::text::foreign;
use crate::base::{FeatureId, Timestamp};
use crate::model::{PackageStatus, StepEvidence, StepState};
use crate::state::view::{FeatureView, PackageView};

/// One package, or the final verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The package, or `final`.
    pub name: String,
    /// When its first step began.
    pub at: Option<Timestamp>,
    /// Its steps.
    pub cases: Vec<Case>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// How it went.
    pub outcome: CaseOutcome,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseOutcome {
    /// It passed.
    Passed,
    /// It was not run, or waits for somebody; why.
    Skipped(String),
    /// It failed: what was wrong in a line, and what it said.
    Failed {
        /// What was wrong.
        message: String,
        /// Its last output.
        output: String,
    },
}

impl Case {
    fn failed(name: &str, message: String, output: String) -> Case {
        Case {
            name: name.to_owned(),
            millis: 0,
            outcome: CaseOutcome::Failed { message, output },
        }
    }
}

/// A suite per package in the order of `names` (the plan's), then the final verification. A
/// package without steps of its own has one case: what became of it.
pub fn suites(feature: &FeatureView, names: &[(String, PackageStatus)]) -> Vec<Suite> {
    let mut out: Vec<Suite> = names
        .iter()
        .map(|(name, status)| {
            let of = |view: (&_, &PackageView)| -> Suite { suite(name, *status, view.1) };
            let view = feature.packages.iter().find(|(id, _)| id.as_str() == name);
            view.map_or_else(|| bare(name, *status), of)
        })
        .collect();
    if let Some(last) = feature.finals.last() {
        out.push(Suite {
            name: "final".to_owned(),
            at: last.steps.first().map(|step| step.at),
            cases: last.steps.iter().map(case).collect(),
        });
    }
    out
}

fn suite(name: &str, status: PackageStatus, package: &PackageView) -> Suite {
    let accepted = package.accept.as_ref().map(|accept| &accept.attempt);
    let accepted = accepted.and_then(|attempt| package.attempts.get(attempt));
    let newest = package.in_order().last().copied();
    let Some(attempt) = accepted.or(newest) else {
        return bare(name, status);
    };
    let steps = attempt
        .evidence
        .last()
        .map_or(&[][..], |newest| &newest.evidence.steps);
    let mut cases: Vec<Case> = steps.iter().map(case).collect();
    if let Some(gate) = attempt.gates.last().filter(|gate| !gate.passed) {
        let told = gate.violations.iter().map(|one| match &one.path {
            Some(path) => format!("{path}: {}: {}", one.rule, one.detail),
            None => format!("{}: {}", one.rule, one.detail),
        });
        let output = told.collect::<Vec<_>>().join("\n");
        cases.push(Case::failed(
            "gate",
            "the gate refused the change".to_owned(),
            output,
        ));
    }
    if cases.is_empty() {
        return bare(name, status);
    }
    Suite {
        name: name.to_owned(),
        at: steps.first().map(|step| step.at),
        cases,
    }
}

/// A package of which no step is known.
fn bare(name: &str, status: PackageStatus) -> Suite {
    let outcome = match status {
        PackageStatus::Merged => CaseOutcome::Passed,
        PackageStatus::Failed => CaseOutcome::Failed {
            message: "the package failed before a step was run".to_owned(),
            output: String::new(),
        },
        other => CaseOutcome::Skipped(other.as_str().to_owned()),
    };
    Suite {
        name: name.to_owned(),
        at: None,
        cases: vec![Case {
            name: "package".to_owned(),
            millis: 0,
            outcome,
        }],
    }
}

fn case(step: &StepEvidence) -> Case {
    let outcome = match step.state {
        StepState::Passed => CaseOutcome::Passed,
        StepState::Skipped => CaseOutcome::Skipped("an earlier step failed".to_owned()),
        StepState::Awaiting => CaseOutcome::Skipped("waits for a person".to_owned()),
        StepState::Delegated => CaseOutcome::Skipped("waits for a CI service".to_owned()),
        StepState::Failed => CaseOutcome::Failed {
            message: match (step.exit_code.filter(|code| *code != 0), &step.note) {
                (Some(code), _) => format!("exit code {code}"),
                (None, Some(note)) => note.clone(),
                (None, None) => "it failed".to_owned(),
            },
            output: step.tail.clone(),
        },
    };
    Case {
        name: step.name.clone(),
        millis: step.millis,
        outcome,
    }
}

/// Draws the document.
pub fn render(feature: &FeatureId, suites: &[Suite]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let _ = writeln!(
        out,
        "<testsuites name=\"{}\" {}>",
        escaped(feature.as_str()),
        counts(&all)
    );
    for suite in suites {
        let cases: Vec<&Case> = suite.cases.iter().collect();
        let at = suite
            .at
            .map(|at| at.to_string().chars().take(19).collect::<String>());
        let at = at.map_or(String::new(), |at| format!(" timestamp=\"{at}\""));
        let name = escaped(&suite.name);
        let _ = writeln!(out, "  <testsuite name=\"{name}\"{at} {}>", counts(&cases));
        let class = format!("{}.{name}", escaped(feature.as_str()));
        for one in &suite.cases {
            draw(&mut out, &class, one);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(cases: &[&Case]) -> String {
    let failed = |case: &&&Case| matches!(case.outcome, CaseOutcome::Failed { .. });
    let skipped = |case: &&&Case| matches!(case.outcome, CaseOutcome::Skipped(_));
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\"",
        cases.len(),
        cases.iter().filter(failed).count(),
        cases.iter().filter(skipped).count(),
        seconds(cases.iter().map(|case| case.millis).sum()),
    )
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

fn draw(out: &mut String, class: &str, case: &Case) {
    let (name, time) = (escaped(&case.name), seconds(case.millis));
    let _ = write!(
        out,
        "    <testcase name=\"{name}\" classname=\"{class}\" time=\"{time}\""
    );
    match &case.outcome {
        CaseOutcome::Passed => out.push_str("/>\n"),
        CaseOutcome::Skipped(why) => {
            let _ = write!(out, ">\n      <skipped message=\"{}\"/>\n", escaped(why));
            out.push_str("    </testcase>\n");
        }
        CaseOutcome::Failed { message, output } => {
            let _ = writeln!(
                out,
                ">\n      <failure message=\"{}\" type=\"step\">{}</failure>\n    </testcase>",
                escaped(message),
                escaped_lines(output),
            );
        }
    }
}

/// Text within an attribute: what XML or a terminal would read otherwise is escaped.
fn escaped(text: &str) -> String {
    marked(&foreign(text).to_string())
}

/// Text between tags: line feeds stay.
fn escaped_lines(text: &str) -> String {
    marked(&foreign(text).multi_line().to_string())
}

fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Not allowed in XML, escaped or not.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks the tags; panics where they do not nest or a character has no place.
    fn well_formed(text: &str) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        let mut seen = Vec::new();
        let rest = text
            .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
            .unwrap();
        let mut parts = rest.split('<');
        assert_eq!(parts.next(), Some(""));
        for part in parts {
            let mut quoted = false;
            let end = part.find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            });
            let (tag, words) = part.split_at(end.expect("every tag ends"));
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            for (at, _) in part.match_indices('&') {
                let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
                assert!(
                    known.iter().any(|one| part[at..].starts_with(one)),
                    "{part}"
                );
            }
            assert!(!words[1..].contains('>') && !words.contains('\u{1b}'));
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
                continue;
            }
            let name = tag.split([' ', '/']).next().unwrap().to_owned();
            seen.push(name.clone());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
        seen
    }

    #[test]
    fn hostile_words_stay_words() {
        let evil = "a\"]]><x>&\u{1b}[2J'\u{ffff}</failure>";
        let suites = [Suite {
            name: evil.to_owned(),
            at: Timestamp::parse("2026-01-02T03:04:05Z"),
            cases: vec![
                Case::failed(evil, evil.to_owned(), format!("{evil}\n{evil}")),
                Case {
                    name: "unit".to_owned(),
                    millis: 1_250,
                    outcome: CaseOutcome::Passed,
                },
                Case {
                    name: "look".to_owned(),
                    millis: 0,
                    outcome: CaseOutcome::Skipped(evil.to_owned()),
                },
            ],
        }];
        let text = render(&FeatureId::parse("add-auth").unwrap(), &suites);
        let tags = well_formed(&text);
        let wanted = [
            "testsuites",
            "testsuite",
            "testcase",
            "failure",
            "testcase",
            "testcase",
            "skipped",
        ];
        assert_eq!(tags, wanted);
        assert!(text.contains("timestamp=\"2026-01-02T03:04:05\""), "{text}");
        let counts = "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"1.250\"";
        assert_eq!(text.matches(counts).count(), 2);
    }

    #[test]
    fn a_package_without_steps_tells_what_became_of_it() {
        let names = [
            ("wp-a".to_owned(), PackageStatus::Merged),
            ("wp-b".to_owned(), PackageStatus::Failed),
            ("wp-c".to_owned(), PackageStatus::Blocked),
        ];
        let suites = suites(&FeatureView::default(), &names);
        let text = render(&FeatureId::parse("x").unwrap(), &suites);
        well_formed(&text);
        assert!(
            text.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""),
            "{text}"
        );
        assert!(text.contains("<skipped message=\"blocked\"/>"));
    }
}
