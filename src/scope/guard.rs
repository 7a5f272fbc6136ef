//! The scope guard: which changes break the rules. The gate and the hooks ask it.
//!
//! It judges plain data. Callers list both sides of a rename (diffs without rename detection) and
//! hand in the targets of symbolic links; what they cannot hand in is refused.

use serde::Serialize;

use crate::base::{PackageId, RepoPath};
use crate::scope::fold::Fold;
use crate::scope::matcher::Matcher;
use crate::scope::pattern::Pattern;
use crate::scope::set::Set;

/// One side of a raw diff line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryMode {
    /// Nothing is there.
    Absent,
    /// 100644
    File,
    /// 100755
    Executable,
    /// 120000
    Symlink,
    /// 160000, a submodule
    Gitlink,
    /// Anything else; git writes no such entries.
    Other,
}

impl EntryMode {
    /// Reads the octal digits of a raw diff or a tree.
    pub fn from_octal(digits: &str) -> EntryMode {
        match digits.trim_start_matches('0') {
            "" => EntryMode::Absent,
            "100644" => EntryMode::File,
            "100755" => EntryMode::Executable,
            "120000" => EntryMode::Symlink,
            "160000" => EntryMode::Gitlink,
            _ => EntryMode::Other,
        }
    }
}

/// One changed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path.
    pub path: RepoPath,
    /// Before.
    pub old: EntryMode,
    /// After.
    pub new: EntryMode,
    /// Bytes of the new blob, where they are known.
    pub size: Option<u64>,
    /// Where a new symbolic link leads, as stored.
    pub target: Option<Vec<u8>>,
}

/// Rules beside the scope itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// The largest new blob, in bytes.
    pub max_blob_bytes: Option<u64>,
}

/// A change that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The path.
    pub path: RepoPath,
    /// The rule.
    pub rule: Rule,
    /// What happened, for people; foreign text in it is already harmless.
    pub detail: String,
}

/// The rules, in the order in which they are tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The path could deceive git or a file system: `.git` in some form, `..`, empty parts.
    HostilePath,
    /// No `write_allow` pattern matches.
    NotAllowed,
    /// This `deny` pattern matches.
    Denied(String),
    /// A submodule that no pattern names literally.
    Submodule,
    /// A symbolic link out of the repository, into `.git`, or with an unknown target.
    Symlink,
    /// `.gitmodules` or `.gitattributes` that no pattern names literally.
    ControlFile,
    /// An entry that is neither file, link nor submodule.
    Mode,
    /// A blob above the limit.
    Size,
}

impl Rule {
    /// The word in JSON and messages.
    pub fn as_str(&self) -> &'static str {
        match self {
            Rule::HostilePath => "hostile-path",
            Rule::NotAllowed => "not-allowed",
            Rule::Denied(_) => "denied",
            Rule::Submodule => "submodule",
            Rule::Symlink => "symlink",
            Rule::ControlFile => "control-file",
            Rule::Mode => "mode",
            Rule::Size => "size",
        }
    }

    /// True if another package's scope or a scope request could allow the change.
    pub fn is_about_scope(&self) -> bool {
        matches!(self, Rule::NotAllowed)
    }
}

/// Judges every change; at most one violation each, in the order of `changes`.
///
/// What is allowed must match exactly, what is denied is denied in any letter case if the set
/// folds case: on both sides the stricter reading.
pub fn judge(changes: &[Change], set: &Set, policy: &Policy) -> Vec<Violation> {
    let exact = Set::new(set.write().to_vec(), Vec::new(), Fold::None);
    let denied = Set::new(set.deny().to_vec(), Vec::new(), set.fold());
    let judge = Judge {
        set,
        allow: Matcher::new(&exact, changes.len()),
        deny: Matcher::new(&denied, changes.len()),
        policy,
    };
    let violation = |change| {
        let (rule, detail) = judge.of(change)?;
        Some(Violation {
            path: RepoPath::clone(&change.path),
            rule,
            detail,
        })
    };
    changes.iter().filter_map(violation).collect()
}

/// The packages among `scopes` that may write `path`: whom to ask.
pub fn owners<'a>(path: &RepoPath, scopes: &[(&'a PackageId, &Set)]) -> Vec<&'a PackageId> {
    let covers = scopes.iter().filter(|(_, set)| set.contains(path));
    covers.map(|(id, _)| *id).collect()
}

/// For scopes whose lists are forecasts: what is granted, and what stays a violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// Paths that no other unfinished package covers; to be recorded as a deviation.
    pub granted: Vec<RepoPath>,
    /// All other violations.
    pub refused: Vec<Violation>,
}

/// Grants undeclared paths that none of `others`, the unfinished packages, covers.
pub fn amend(violations: Vec<Violation>, others: &[(&PackageId, &Set)]) -> Amended {
    let free = |v: &Violation| v.rule.is_about_scope() && owners(&v.path, others).is_empty();
    let (granted, refused) = violations.into_iter().partition::<Vec<_>, _>(free);
    Amended {
        granted: granted.into_iter().map(|v| v.path).collect(),
        refused,
    }
}

struct Judge<'a> {
    set: &'a Set,
    allow: Matcher,
    deny: Matcher,
    policy: &'a Policy,
}

impl Judge<'_> {
    fn of(&self, change: &Change) -> Option<(Rule, String)> {
        let path = &change.path;
        if path.is_hostile() {
            return Some((Rule::HostilePath, format!("{} an unsafe name", did(change))));
        }
        if self.deny.contains(path) {
            let pattern = self.set.denied_by(path).map(ToString::to_string);
            let pattern = pattern.unwrap_or_default();
            let detail = format!("{} it, but `deny` has `{pattern}`", did(change));
            return Some((Rule::Denied(pattern), detail));
        }
        if !self.allow.contains(path) {
            let detail = format!(
                "{} it, but no pattern of `write_allow` matches",
                did(change)
            );
            return Some((Rule::NotAllowed, detail));
        }
        self.of_kind(change)
    }

    /// The rules for paths inside the scope.
    fn of_kind(&self, change: &Change) -> Option<(Rule, String)> {
        let named = || names(self.set.write(), &change.path);
        let modes = [change.old, change.new];
        if modes.contains(&EntryMode::Gitlink) && !named() {
            let detail = "changes a submodule that no pattern names literally";
            return Some((Rule::Submodule, detail.to_owned()));
        }
        if is_control_file(&change.path) && !named() && !self.owns_everything() {
            let detail = "changes how git reads the tree; name the file itself in `write_allow`";
            return Some((Rule::ControlFile, detail.to_owned()));
        }
        if change.new == EntryMode::Other {
            return Some((Rule::Mode, "has a mode that git does not write".to_owned()));
        }
        if change.new == EntryMode::Symlink {
            let fault = link_fault(&change.path, change.target.as_deref())?;
            return Some((Rule::Symlink, fault.to_owned()));
        }
        let (size, limit) = (change.size?, self.policy.max_blob_bytes?);
        let detail = || format!("has {size} bytes, the limit is {limit}");
        (size > limit).then(|| (Rule::Size, detail()))
    }

    fn owns_everything(&self) -> bool {
        self.set.write().iter().any(Pattern::is_everything)
    }
}

fn did(change: &Change) -> &'static str {
    match (change.old, change.new) {
        (EntryMode::Absent, _) => "adds",
        (_, EntryMode::Absent) => "deletes",
        (EntryMode::File, EntryMode::Executable) | (EntryMode::Executable, EntryMode::File)
            if change.size.is_none() =>
        {
            "changes the mode of"
        }
        (old, new) if old == new => "changes",
        _ => "changes the kind of",
    }
}

/// True if a pattern ends in exactly this name: wildcards do not give such files away.
fn names(patterns: &[Pattern], path: &RepoPath) -> bool {
    let name = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    let own = name(&path.to_text());
    let literal = |p: &&Pattern| name(p.normal()) == own || p.is_literal();
    let mut hits = patterns.iter().filter(literal);
    hits.any(|p| p.matches(path, Fold::None))
}

/// Files that change how git treats others.
fn is_control_file(path: &RepoPath) -> bool {
    let text = path.to_text().to_lowercase();
    matches!(
        text.rsplit('/').next(),
        Some(".gitattributes" | ".gitmodules")
    )
}

/// Why a link must not be, if so. Looks at the text alone: what the target is does not matter.
fn link_fault(path: &RepoPath, target: Option<&[u8]>) -> Option<&'static str> {
    let Some(target) = target else {
        return Some("adds a symbolic link whose target is not known");
    };
    let text = String::from_utf8_lossy(target);
    let drive = target.get(1) == Some(&b':') && target[0].is_ascii_alphabetic();
    if text.is_empty() || text.starts_with('/') || text.contains('\\') || drive {
        return Some("adds a symbolic link to an absolute path");
    }
    let mut depth = path.as_bytes().iter().filter(|&&b| b == b'/').count();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return Some("adds a symbolic link that leaves the repository"),
            },
            _ if crate::base::path::is_dot_git(part) => {
                return Some("adds a symbolic link into `.git`");
            }
            _ => depth += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(write: &[&str], deny: &[&str]) -> Set {
        let list = |texts: &[&str]| texts.iter().map(|t| Pattern::parse(t).unwrap()).collect();
        Set::new(list(write), list(deny), Fold::Case)
    }

    fn change(path: &str, old: &str, new: &str) -> Change {
        Change {
            path: path.into(),
            old: EntryMode::from_octal(old),
            new: EntryMode::from_octal(new),
            size: None,
            target: None,
        }
    }

    fn rule(change: Change) -> Option<&'static str> {
        let set = set(
            &["src/**", "vendor/lib", "docs/.gitattributes"],
            &["src/secret/**"],
        );
        let policy = Policy {
            max_blob_bytes: Some(10),
        };
        let violations = judge(&[change], &set, &policy);
        violations.first().map(|v| v.rule.as_str())
    }

    #[test]
    fn each_rule_is_told_by_its_name() {
        for (path, old, new, want) in [
            ("src/a", "000000", "100644", None),
            ("src/a", "100644", "000000", None),
            ("src/a", "100644", "100755", None),
            ("Src/a", "000000", "100644", Some("not-allowed")),
            ("lib/a", "000000", "100644", Some("not-allowed")),
            ("lib/a", "100644", "000000", Some("not-allowed")),
            ("lib/a", "100644", "100755", Some("not-allowed")),
            ("src/secret/a", "100644", "100644", Some("denied")),
            ("src/Secret/a", "100644", "100644", Some("denied")),
            ("src/.git/config", "000000", "100644", Some("hostile-path")),
            ("src/../a", "000000", "100644", Some("hostile-path")),
            ("src/sub", "000000", "160000", Some("submodule")),
            ("src/sub", "160000", "100644", Some("submodule")),
            ("vendor/lib", "160000", "160000", None),
            (
                "src/.gitattributes",
                "000000",
                "100644",
                Some("control-file"),
            ),
            ("docs/.gitattributes", "000000", "100644", None),
            ("src/a", "000000", "120000", Some("symlink")),
            ("src/a", "000000", "100664", Some("mode")),
        ] {
            assert_eq!(rule(change(path, old, new)), want, "{path} {old} {new}");
        }
        let large = Change {
            size: Some(11),
            ..change("src/a", "000000", "100644")
        };
        assert_eq!(rule(large), Some("size"));
    }

    #[test]
    fn links_may_only_lead_to_the_work_tree() {
        for (target, allowed) in [
            ("b", true),
            ("../docs/x", true),
            ("./b/../c", true),
            ("/etc/passwd", false),
            ("../../etc", false),
            ("x/../../../y", false),
            ("../.git/config", false),
            ("../.GIT", false),
            ("C:\\x", false),
            ("", false),
        ] {
            let link = Change {
                target: Some(target.as_bytes().to_vec()),
                ..change("src/a", "000000", "120000")
            };
            assert_eq!(rule(link).is_none(), allowed, "{target}");
        }
    }

    #[test]
    fn a_forecast_is_amended_only_where_nobody_else_works() {
        let own = set(&["src/a/**"], &["src/a/x"]);
        let other = set(&["src/b/**"], &[]);
        let id = PackageId::parse("wp-b").unwrap();
        let changes = ["src/b/x", "src/c/x", "src/a/x"].map(|p| change(p, "0", "100644"));
        let violations = judge(&changes, &own, &Policy::default());
        let amended = amend(violations, &[(&id, &other)]);
        assert_eq!(amended.granted, ["src/c/x".into()]);
        let refused: Vec<_> = amended.refused.iter().map(|v| v.path.to_text()).collect();
        assert_eq!(refused, ["src/b/x", "src/a/x"]);
        assert_eq!(owners(&"src/b/x".into(), &[(&id, &other)]), [&id]);
    }

    #[test]
    fn details_are_for_people_and_harmless() {
        let changes = [
            change("lib/a", "100644", "100755"),
            change("src/secret/\u{1b}", "0", "100644"),
        ];
        let set = set(&["src/**"], &["src/secret/**"]);
        let violations = judge(&changes, &set, &Policy::default());
        let details: Vec<_> = violations.iter().map(|v| v.detail.as_str()).collect();
        assert_eq!(
            details,
            [
                "changes the mode of it, but no pattern of `write_allow` matches",
                "adds it, but `deny` has `src/secret/**`",
            ]
        );
    }
}
