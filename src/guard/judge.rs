//! The verdict on a command line.

use serde::Serialize;

use crate::base::text;
use crate::guard::builtin::{Builtin, Category, UNREADABLE};
use crate::guard::call::Call;
use crate::guard::detect::{detect, of_path};
use crate::guard::own;
use crate::guard::rules::{Rules, Standing};
use crate::guard::shell::Trouble;
use crate::guard::walk::calls;
use crate::model::{Level, Trust};

/// Characters of a command that a finding shows.
const SHOWN_MAX: usize = 160;
/// More findings are not listed; what stops comes first.
const FINDINGS_MAX: usize = 100;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// A command line or a script; empty if only paths are asked about.
    pub text: &'a str,
    /// Files that are going to be written.
    pub paths: &'a [String],
    /// Who asks.
    pub trust: Trust,
}

/// The answer. The shape is a contract: `guard check --json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// True if nothing is blocked.
    pub safe: bool,
    /// The trust it holds for.
    pub trust: Trust,
    /// What applies, the hardest first.
    pub findings: Vec<Finding>,
}

/// A rule that applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name.
    pub rule: String,
    /// What it protects.
    pub category: Category,
    /// What it does.
    pub level: Level,
    /// From this trust on it does not apply.
    pub min_trust: Trust,
    /// The command or path that it applies to, cut if it is long.
    pub matched: String,
    /// True if that does not run as things are.
    pub blocked: bool,
    /// What would be lost.
    pub why: String,
    /// What to do instead.
    pub advice: String,
}

/// Judges a command line and paths. Total, and linear in the size of the text.
pub fn judge(rules: &Rules, request: &Request<'_>) -> Verdict {
    let mut bench = Bench {
        rules,
        trust: request.trust,
        findings: Vec::new(),
    };
    let found = calls(request.text);
    for call in &found.list {
        bench.call(call);
    }
    if let Some(trouble) = found.trouble {
        let what = match trouble {
            Trouble::Size => "a text that is too long to be read",
            Trouble::Depth => "a text that is nested too deeply to be read",
        };
        bench.builtin(&UNREADABLE, what);
    }
    for path in request.paths {
        for rule in of_path(path) {
            bench.builtin(&rule, path);
        }
    }
    bench.verdict()
}

struct Bench<'a> {
    rules: &'a Rules,
    trust: Trust,
    findings: Vec<Finding>,
}

impl Bench<'_> {
    fn call(&mut self, call: &Call) {
        let shown = show(call);
        for rule in detect(call) {
            self.builtin(&rule, &shown);
        }
        for (name, rule) in self.rules.own() {
            if self.trust < rule.min_trust && own::applies(rule, call) {
                self.findings.push(Finding {
                    rule: name.clone(),
                    category: Category::Project,
                    level: rule.level,
                    min_trust: rule.min_trust,
                    matched: shown.clone(),
                    blocked: rule.level.stops(),
                    why: rule.why.clone(),
                    advice: rule.advice.clone(),
                });
            }
        }
    }

    fn builtin(&mut self, rule: &Builtin, matched: &str) {
        let Standing::On(level, min_trust) = self.rules.standing(rule) else {
            return;
        };
        if self.trust >= min_trust {
            return;
        }
        self.findings.push(Finding {
            rule: rule.name.to_owned(),
            category: rule.category,
            level,
            min_trust,
            matched: text::cut(matched, SHOWN_MAX),
            blocked: level.stops(),
            why: rule.why.to_owned(),
            advice: rule.advice.to_owned(),
        });
    }

    fn verdict(mut self) -> Verdict {
        self.findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let mut seen = std::collections::BTreeSet::new();
        self.findings
            .retain(|finding| seen.insert((finding.rule.clone(), finding.matched.clone())));
        self.findings.truncate(FINDINGS_MAX);
        Verdict {
            safe: !self.findings.iter().any(|finding| finding.blocked),
            trust: self.trust,
            findings: self.findings,
        }
    }
}

/// The command as it could be typed, roughly.
fn show(call: &Call) -> String {
    let mut out = String::new();
    for arg in &call.argv {
        if out.len() > 4 * SHOWN_MAX {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        let plain = !arg.text.is_empty() && !arg.text.contains(|c: char| c.is_whitespace());
        match plain {
            true => out.push_str(&arg.text),
            false => out.push_str(&format!("'{}'", arg.text)),
        }
    }
    for target in &call.targets {
        out.push_str(&format!(" > {target}"));
    }
    text::cut(out.trim_start(), SHOWN_MAX)
}
