//! What the guard and the policy answer, for people.

use std::fmt::Write as _;

use crate::base::text::{count, foreign};
use crate::guard::builtin::Builtin;
use crate::guard::policy::Decision;
use crate::guard::{Finding, Verdict};
use crate::model::Level;
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};

/// Draws a verdict: the findings, then what they come to.
pub fn verdict(verdict: &Verdict, page: Page) -> String {
    let mut out = findings(verdict.findings.iter().map(|finding| (None, finding)), page);
    let (label, word) = match verdict.safe {
        true => (Label::Good, "allowed"),
        false => (Label::Bad, "blocked"),
    };
    let _ = write!(
        out,
        "{} at trust {}",
        page.paint(label, word),
        verdict.trust
    );
    if !verdict.findings.is_empty() {
        let _ = write!(out, ", {}", count(verdict.findings.len(), "finding"));
    }
    out.push('\n');
    out
}

/// Draws findings, each with the place that it belongs to.
pub fn findings<'a>(
    list: impl Iterator<Item = (Option<&'a str>, &'a Finding)>,
    page: Page,
) -> String {
    let mut out = String::new();
    for (place, finding) in list {
        let level = page.paint(label(finding.level), finding.level.as_str());
        let rule = foreign(&finding.rule);
        let _ = write!(out, "{level} {rule}: {}", foreign(&finding.matched));
        if let Some(place) = place {
            let _ = write!(out, " ({})", foreign(place));
        }
        let _ = write!(out, "\n  {}", foreign(&finding.why));
        if !finding.advice.is_empty() {
            let _ = write!(out, "\n  hint: {}", foreign(&finding.advice));
        }
        out.push('\n');
    }
    out
}

fn label(level: Level) -> Label {
    match level {
        Level::Block | Level::Approval => Label::Bad,
        Level::Warn => Label::Warn,
        Level::Log => Label::Dim,
    }
}

/// Draws the built-in rules.
pub fn rules(list: &[Builtin], page: Page) -> String {
    let mut table = Table::new(0);
    table.head(&["rule", "level", "below trust", "why"]);
    for rule in list {
        table.row(vec![
            Cell::new(rule.name),
            Cell::new(rule.level.as_str()),
            Cell::new(rule.min_trust.to_string()),
            Cell::new(rule.why),
        ]);
    }
    table.render(page)
}

/// Draws a decision of the policy.
pub fn decision(decision: &Decision, page: Page) -> String {
    let (label, word) = match decision.allowed {
        true => (Label::Good, "allowed"),
        false => (Label::Bad, "denied"),
    };
    let mut out = format!(
        "{}: {}",
        page.paint(label, word),
        foreign(&decision.operation)
    );
    if !decision.resource.is_empty() {
        let _ = write!(out, " {}", foreign(&decision.resource));
    }
    let _ = writeln!(out, "\n  {}", foreign(&decision.reason));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::{Request, Rules, judge};
    use crate::model::Trust;

    #[test]
    fn a_verdict_says_what_why_and_what_to_do() {
        let text = "git branch -D x && sudo git push -f origin \u{1b}[8m";
        let request = Request {
            text,
            paths: &[],
            trust: Trust::STANDARD,
        };
        let drawn = verdict(&judge(&Rules::default(), &request), Page::plain());
        insta::assert_snapshot!(drawn, @r"
        block git_force_push: git push -f origin \u{1b}[8m
          it replaces what others may have built on
          hint: push to a branch of your own, or ask a person
        warn git_branch_delete: git branch -D x
          the only name of commits may go
          hint: leave the branch; finished ones are for a person to remove
        blocked at trust 2, 2 findings
        ");
    }
}
