//! Which verification steps are still open, and whether they keep a package from being merged.

use crate::model::{Evidence, StepState, Tier};
use crate::state::record::Answer;
use crate::state::view::{AttemptView, PackageView};

/// The word of a verification that cannot be done as required.
pub const INFEASIBLE: &str = "VERIFICATION_INFEASIBLE";

/// What a shell answers if the program is not there, or cannot be started.
const NO_PROGRAM: [i32; 2] = [126, 127];

/// A step that waits for a person or a CI service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenStep {
    /// The step's name.
    pub step: String,
    /// `manual` or `ci`.
    pub kind: String,
    /// The instructions, or the workflow and its checks.
    pub what: String,
}

/// What the steps of an attempt amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Nothing was run on that tree.
    Nothing,
    /// A step is red, or was answered with no.
    Red(String),
    /// Nothing is red; these are open and must be answered before the merge.
    Blocked(Vec<OpenStep>),
    /// It may be merged; these are open and keep the run partial.
    Green(Vec<OpenStep>),
}

/// Judges the evidence of an attempt's own tree, with the answers of people.
pub fn shown(package: &PackageView, attempt: &AttemptView) -> Shown {
    let tree = attempt.result.as_ref().map(|r| &r.tree);
    let facts = attempt.evidence.iter().rev();
    let Some(fact) = facts.into_iter().find(|f| Some(&f.evidence.tree) == tree) else {
        return Shown::Nothing;
    };
    judge(&fact.evidence, &answers(package, attempt))
}

/// Answers that were given since the attempt began, oldest first.
///
/// A yes to an earlier attempt says nothing about this one's code.
fn answers<'a>(package: &'a PackageView, attempt: &AttemptView) -> Vec<&'a Answer> {
    let since = attempt.attempt.by.at;
    let answers = package.answers.iter();
    answers.filter(|a| a.by.at >= since).collect()
}

fn judge(evidence: &Evidence, answers: &[&Answer]) -> Shown {
    if let Some(step) = evidence.first_failure() {
        let note = match (&step.note, step.exit_code) {
            (Some(note), _) => format!(": {note}"),
            (None, Some(code)) => format!(": `{}` ended with {code}", step.what),
            (None, None) => String::new(),
        };
        let missing = step
            .exit_code
            .is_some_and(|code| NO_PROGRAM.contains(&code));
        let word = match missing {
            true => format!("{INFEASIBLE}: "),
            false => String::new(),
        };
        return Shown::Red(format!(
            "{word}verification step `{}` failed{note}",
            step.name
        ));
    }
    let mut open = Vec::new();
    for step in &evidence.steps {
        if !matches!(step.state, StepState::Awaiting | StepState::Delegated) {
            continue;
        }
        let answer = answers.iter().rev().find(|a| a.step == step.name);
        match answer {
            Some(answer) if answer.passed => {}
            Some(answer) => {
                let who = &answer.by.label;
                return Shown::Red(format!("`{}` was answered with fail by {who}", step.name));
            }
            None => open.push(OpenStep {
                step: step.name.clone(),
                kind: step.kind.clone(),
                what: step.what.clone(),
            }),
        }
    }
    let blocks = open.iter().any(|step| blocks(evidence.tier, step));
    match blocks {
        true => Shown::Blocked(open),
        false => Shown::Green(open),
    }
}

/// A: every step before the merge. B: `ci` steps may be open. C: only commands decide.
fn blocks(tier: Tier, step: &OpenStep) -> bool {
    match tier {
        Tier::A => true,
        Tier::B => step.kind != "ci",
        Tier::C => false,
    }
}
