//! The guard rules that hold here, and what they say of commands that a person is asked to approve.

use crate::base::json::{Value, json};
use crate::base::text::foreign;
use crate::base::{Error, FeatureId, Result, json};
use crate::commands::Context;
use crate::commands::decided::{self, Permit};
use crate::config::rights::Subject;
use crate::guard::{self, Consent, Finding, Request, Rules};
use crate::model::Trust;
use crate::model::programs::Program;
use crate::report;
use crate::state::record::{Decided, Judge, Sentence};

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
    /// The least trust that something was judged for.
    trust: Trust,
}

/// What a person is about to say yes to.
pub(super) struct Asked<'a> {
    /// The verb.
    pub(super) operation: &'a str,
    /// What it is about.
    pub(super) resource: &'a str,
    /// The feature it is about.
    pub(super) feature: Option<&'a FeatureId>,
    /// The rules that are overridden.
    pub(super) despite: &'a Despite,
}

/// Judges commands before a person's yes counts; each comes with the trust it is judged for. What
/// is refused is recorded; what is not, is permitted.
///
/// # Errors
/// Policy, `guarded`: something is blocked, and `despite` does not name the rule.
pub(super) fn weigh<'p>(
    cx: &mut Context<'_>,
    rules: &Rules,
    programs: impl Iterator<Item = (&'p Program, Trust)>,
    asked: &Asked<'_>,
) -> Result<(Weighed, Permit)> {
    let despite = &asked.despite.rules;
    for name in despite {
        if !rules.knows(name) {
            let message = format!("`{}` is no rule of the guard", foreign(name));
            return Err(Error::usage("rule-unknown", message).hint("git wp guard rules"));
        }
    }
    let mut weighed = Weighed {
        found: Vec::new(),
        trust: Trust::STANDARD,
    };
    for (program, trust) in programs {
        weighed.found.extend(judged(rules, program, trust));
        weighed.trust = weighed.trust.min(trust);
    }
    let record = weighed.decided(cx, asked)?;
    let stops = |finding: &Finding| finding.blocked && !despite.contains(&finding.rule);
    let found = weighed.found.iter();
    let stopping: Vec<&(String, Finding)> = found.filter(|(_, f)| stops(f)).collect();
    if stopping.is_empty() {
        let permit = decided::allowed(cx, record);
        return Ok((weighed, permit));
    }
    let refused = refusal(&stopping, cx.ui.story_page());
    decided::denied(cx, record);
    Err(refused)
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

/// Findings that a record tells.
const TOLD_MAX: usize = 8;

impl Weighed {
    /// The same as a record. What stops stands in front of what only warns.
    fn decided(&self, cx: &mut Context<'_>, asked: &Asked<'_>) -> Result<Decided> {
        let despite = &asked.despite.rules;
        let is_over = |f: &Finding| f.blocked && despite.contains(&f.rule);
        let is_stop = |f: &Finding| f.blocked && !despite.contains(&f.rule);
        let any = |is: &dyn Fn(&Finding) -> bool| self.found.iter().any(|(_, f)| is(f));
        let sentence = match (any(&is_stop), any(&is_over), self.found.is_empty()) {
            (true, ..) => Sentence::Deny,
            (_, true, _) => Sentence::Despite,
            (_, _, true) => Sentence::Allow,
            (_, _, false) => Sentence::Warn,
        };
        let decides = |f: &Finding| match sentence {
            Sentence::Deny => is_stop(f),
            Sentence::Despite => is_over(f),
            Sentence::Allow | Sentence::Warn => true,
        };
        let decisive = self.found.iter().filter(|(_, f)| decides(f));
        let mut rules: Vec<String> = decisive.clone().map(|(_, f)| f.rule.clone()).collect();
        rules.sort_unstable();
        rules.dedup();
        let told = decisive.take(TOLD_MAX).map(|(place, finding)| {
            let (rule, matched) = (&finding.rule, &finding.matched);
            format!("{rule} at {place}: `{matched}`")
        });
        let told: Vec<String> = told.collect();
        Ok(Decided {
            resource: asked.resource.to_owned(),
            sentence,
            rules,
            reason: match told.is_empty() {
                true => "nothing in it is dangerous".to_owned(),
                false => told.join("; "),
            },
            trust: decided::level(self.trust),
            feature: asked.feature.cloned(),
            ..decided::blank(cx, Judge::Guard, asked.operation)?
        })
    }

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
