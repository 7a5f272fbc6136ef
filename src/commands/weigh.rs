//! The guard rules that hold here, and what they say of commands that a person is asked to approve.

use crate::base::json::{Value, json};
use crate::base::text::foreign;
use crate::base::{Error, Result, json};
use crate::commands::Context;
use crate::config::rights::Subject;
use crate::guard::{self, Consent, Finding, Request, Rules};
use crate::model::Trust;
use crate::model::programs::Program;
use crate::report;

/// Commands that a person wants in spite of the guard.
#[derive(Debug, clap::Args)]
pub(super) struct Despite {
    /// Say yes although the guard blocks it by this rule; see what it says first
    #[arg(long = "despite", value_name = "RULE")]
    rules: Vec<String>,
}

/// A word as a shell would have to read it.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The rules that hold here.
///
/// # Errors
/// `wp.toml` cannot be read or is wrong.
pub(super) fn rules(cx: &mut Context<'_>) -> Result<Rules> {
    let consent = consent(cx)?;
    match cx.has_repo()? {
        true => Rules::read(&cx.settings()?.project.guard, consent),
        false => Ok(Rules::default()),
    }
}

/// Whether a person said yes to the bytes of `wp.toml`; what is not there needs no yes.
///
/// # Errors
/// It or the approval cannot be read.
pub(super) fn consent(cx: &mut Context<'_>) -> Result<Consent> {
    if !cx.has_repo()? {
        return Ok(Consent::Given);
    }
    let Some(file) = cx.loaded()?.project_file else {
        return Ok(Consent::Given);
    };
    // Where there is no place for approvals, nobody gave one.
    let Ok(rights) = cx.rights() else {
        return Ok(Consent::Missing);
    };
    Ok(match rights.find(Subject::Project, &file.bytes)? {
        Some(_) => Consent::Given,
        None => Consent::Missing,
    })
}

/// What the guard says of commands that a person is asked to approve.
pub(super) struct Weighed {
    found: Vec<(String, Finding)>,
}

/// Judges commands before a person's yes counts. `trust` gives the trust of each.
///
/// # Errors
/// Policy, `guarded`: something is blocked, and `despite` does not name the rule.
pub(super) fn weigh<'p>(
    rules: &Rules,
    programs: impl Iterator<Item = (&'p Program, Trust)>,
    (despite, page): (&Despite, report::Page),
) -> Result<Weighed> {
    for name in &despite.rules {
        if !rules.knows(name) {
            let message = format!("`{}` is no rule of the guard", foreign(name));
            return Err(Error::usage("rule-unknown", message).hint("git wp guard rules"));
        }
    }
    let weighed = Weighed {
        found: programs
            .flat_map(|(p, trust)| judged(rules, p, trust))
            .collect(),
    };
    let stops = |finding: &Finding| finding.blocked && !despite.rules.contains(&finding.rule);
    let found = weighed.found.iter();
    let stopping: Vec<&(String, Finding)> = found.filter(|(_, f)| stops(f)).collect();
    match stopping.is_empty() {
        true => Ok(weighed),
        false => Err(refusal(&stopping, page)),
    }
}

/// What the guard says of one command, with its place.
fn judged(rules: &Rules, program: &Program, trust: Trust) -> Vec<(String, Finding)> {
    let place = match &program.package {
        Some(package) => format!("{package}, {}", program.place),
        None => format!("wp.toml, {}", program.place),
    };
    let mut found = Vec::new();
    for text in readings(&program.command) {
        let request = Request {
            text: &text,
            paths: &[],
            trust,
        };
        let findings = guard::judge(rules, &request).findings;
        found.extend(findings.into_iter().map(|finding| (place.clone(), finding)));
    }
    found
}

fn refusal(stopping: &[&(String, Finding)], page: report::Page) -> Error {
    let list = stopping
        .iter()
        .map(|(place, finding)| (Some(place.as_str()), finding));
    let shown = report::guard::findings(list, page);
    let mut names: Vec<&str> = stopping
        .iter()
        .map(|(_, finding)| finding.rule.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let message = format!("the guard blocks what would run:\n{}", shown.trim_end());
    let options: Vec<String> = names
        .iter()
        .map(|name| format!("--despite {name}"))
        .collect();
    let hint = format!(
        "if it is meant, the same command with: {}",
        options.join(" ")
    );
    Error::policy("guarded", message).hint(hint)
}

/// A list of lines or words is read both ways.
fn readings(command: &str) -> Vec<String> {
    match json::parse_as::<Vec<String>>(command.as_bytes()) {
        Ok(list) => {
            let words: Vec<String> = list.iter().map(|word| quoted(word)).collect();
            vec![words.join(" "), list.join("\n")]
        }
        Err(_) => vec![command.to_owned()],
    }
}

impl Weighed {
    /// The findings, for `data`.
    ///
    /// # Errors
    /// None that can happen: they are plain data.
    pub(super) fn data(&self) -> Result<Vec<Value>> {
        let entry = |(place, finding): &(String, Finding)| {
            let mut entry = json::value(finding)?;
            entry["place"] = json!(place);
            Ok(entry)
        };
        self.found.iter().map(entry).collect()
    }

    /// The findings for people; empty if there are none.
    pub(super) fn text(&self, cx: &Context<'_>) -> String {
        let list = self
            .found
            .iter()
            .map(|(place, finding)| (Some(place.as_str()), finding));
        report::guard::findings(list, cx.ui.page())
    }
}
