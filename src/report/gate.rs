//! Whether a feature may be handed on, for people.

use crate::base::FeatureId;
use crate::base::text::foreign;
use crate::report::style::{Label, Page};
use crate::schedule::readiness::{Readiness, Reason};

/// One line with the verdict, then every reason with what to do about it.
pub fn render(feature: &FeatureId, judged: &Readiness, page: Page) -> String {
    let at = match &judged.commit {
        Some(commit) => format!(" at {}", commit.short()),
        None => String::new(),
    };
    let mut out = match judged.is_ready() {
        true => format!("{feature}: {}{at}\n", page.paint(Label::Good, "READY")),
        false => format!("{feature}: {}{at}\n", page.paint(Label::Bad, "BLOCKED")),
    };
    for reason in judged.open() {
        out.push_str(&line(reason, page));
    }
    let waived: Vec<&Reason> = judged.waived().collect();
    if !waived.is_empty() {
        out.push_str("set aside:\n");
        for reason in waived {
            out.push_str(&aside(reason));
        }
    }
    out
}

fn line(reason: &Reason, page: Page) -> String {
    let package = match &reason.package {
        Some(package) => format!("{}: ", page.paint(Label::Strong, package.as_str())),
        None => String::new(),
    };
    let key = match reason.waivable {
        true => format!(" [{}]", foreign(&reason.key)),
        false => String::new(),
    };
    let text = foreign(&reason.text);
    format!(
        "- {package}{text}{key}\n  next: {}\n",
        foreign(&reason.next)
    )
}

fn aside(reason: &Reason) -> String {
    let Some(waived) = &reason.waived else {
        return String::new();
    };
    let (by, why) = (foreign(&waived.by), foreign(&waived.reason));
    let package = match &reason.package {
        Some(package) => format!("{package}: "),
        None => String::new(),
    };
    format!("- {package}{}\n  by {by}: {why}\n", foreign(&reason.text))
}
