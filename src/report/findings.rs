//! Findings of a plan as a compiler would print them: place, what, what to do.

use std::fmt::Write as _;

use crate::base::text::{count, foreign};
use crate::model::{Finding, Severity};
use crate::report::style::{Label, Page};

/// Draws every finding and a closing line for `source` with the number of its packages, and the
/// word that its users have for one.
pub fn render(findings: &[Finding], source: &str, packages: (usize, &str), page: Page) -> String {
    let mut out = String::new();
    for finding in findings {
        one(&mut out, finding, page);
    }
    out.push_str(&verdict(findings, source, packages, page));
    out
}

fn one(out: &mut String, finding: &Finding, page: Page) {
    let (label, word) = match finding.severity {
        Severity::Error => (Label::Bad, "error"),
        Severity::Warning => (Label::Warn, "warning"),
    };
    let _ = writeln!(
        out,
        "{}:{}:{}: {}[{}]: {}",
        foreign(&finding.file),
        finding.line,
        finding.column,
        page.paint(label, word),
        finding.code.as_str(),
        foreign(&finding.message)
    );
    if let Some(witness) = &finding.witness {
        let _ = writeln!(out, "  both match: {}", foreign(witness));
    }
    if !finding.hint.is_empty() {
        let _ = writeln!(
            out,
            "  {}: {}",
            page.paint(Label::Busy, "hint"),
            foreign(&finding.hint)
        );
    }
}

fn verdict(
    findings: &[Finding],
    source: &str,
    (packages, unit): (usize, &str),
    page: Page,
) -> String {
    let number = |s: Severity| findings.iter().filter(|f| f.severity == s).count();
    let (errors, warnings) = (number(Severity::Error), number(Severity::Warning));
    let (label, word) = match errors {
        0 => (Label::Good, "valid"),
        _ => (Label::Bad, "not valid"),
    };
    let mut out = format!("{}: {}, ", foreign(source), page.paint(label, word));
    let _ = write!(out, "{}", count(packages, unit));
    if errors > 0 {
        let _ = write!(out, ", {}", count(errors, "error"));
    }
    if warnings > 0 {
        let _ = write!(out, ", {}", count(warnings, "warning"));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Code;

    #[test]
    fn findings_read_like_a_compiler() {
        let finding = Finding {
            severity: Severity::Error,
            code: Code::ScopeOverlap,
            message: "`wp-a` and `wp-b` may both write `src/api/*.ts`".into(),
            hint: "narrow one scope, or let one depend on the other".into(),
            file: "openspec/changes/x/work-packages.yaml".into(),
            line: 12,
            column: 9,
            packages: Vec::new(),
            witness: Some("src/api/a.ts".into()),
        };
        let text = render(
            &[finding],
            "openspec/changes/x/work-packages.yaml",
            (2, "package"),
            Page::plain(),
        );
        insta::assert_snapshot!(text, @r"
        openspec/changes/x/work-packages.yaml:12:9: error[scope-overlap]: `wp-a` and `wp-b` may both write `src/api/*.ts`
          both match: src/api/a.ts
          hint: narrow one scope, or let one depend on the other
        openspec/changes/x/work-packages.yaml: not valid, 2 packages, 1 error
        ");
    }
}
