//! What a refused agent is told: path, rule, owner, and how to go on.

use crate::base::text::{self, foreign};
use crate::base::{Error, PackageId, RepoPath, Result};
use crate::git::raw::{RawChange, RawEntry, RawStore};
use crate::hook::room::RoomScope;
use crate::model::ScopeMode;
use crate::scope::guard::{self, Change, EntryMode, Policy, Violation};
use crate::scope::{Fold, Set};

/// Most violations and patterns that are listed.
const LINES_MAX: usize = 20;

/// Judges changes by the room's scope; `None` if all may be made, else the text for the agent.
pub(super) fn judge(
    raw: &RawStore,
    scope: &RoomScope,
    changes: &[RawChange],
    what: &str,
) -> Result<Option<String>> {
    if changes.is_empty() {
        return Ok(None);
    }
    let mut asked = Vec::with_capacity(changes.len());
    for change in changes {
        let facts = raw.facts(change)?;
        asked.push(Change {
            path: change.path.clone(),
            old: mode(change.old.as_ref()),
            new: mode(change.new.as_ref()),
            size: facts.size,
            target: facts.target,
        });
    }
    let policy = Policy {
        max_blob_bytes: Some(scope.max_blob_bytes),
    };
    let set = set(scope)?;
    let set = match scope.scope.mode {
        ScopeMode::Strict | ScopeMode::Amend => set,
        ScopeMode::Open => set.without_limits(),
    };
    let mut refused = guard::judge(&asked, &set, &policy);
    if refused.is_empty() {
        return Ok(None);
    }
    let others = neighbours(scope);
    let pairs: Vec<_> = others.iter().map(|(id, set)| (*id, set)).collect();
    if scope.scope.mode == ScopeMode::Amend {
        let amended = guard::amend(refused, &pairs);
        asked.retain(|change| amended.granted.contains(&change.path));
        refused = guard::judge(&asked, &set.without_limits(), &policy);
        refused.extend(amended.refused);
    }
    if refused.is_empty() {
        return Ok(None);
    }
    let owner = |path: &RepoPath| guard::owners(path, &pairs).first().map(ToString::to_string);
    Ok(Some(explain(scope, &refused, what, owner)))
}

fn mode(entry: Option<&RawEntry>) -> EntryMode {
    entry.map_or(EntryMode::Absent, |e| {
        EntryMode::from_octal(&format!("{:o}", e.mode))
    })
}

fn fold(scope: &RoomScope) -> Fold {
    if scope.ignore_case {
        Fold::Case
    } else {
        Fold::None
    }
}

fn set(scope: &RoomScope) -> Result<Set> {
    Set::parse(&scope.scope, fold(scope)).map_err(|misfits| {
        let first = misfits.first().map(|m| m.error.to_string());
        let why = first.unwrap_or_default();
        Error::damaged("room", "the scope of this room cannot be read").because(why)
    })
}

/// Neighbours whose patterns cannot be read own nothing: they only serve to name somebody.
fn neighbours(scope: &RoomScope) -> Vec<(&PackageId, Set)> {
    let set = |spec| Set::parse(spec, fold(scope)).ok();
    let others = scope.others.iter();
    others
        .filter_map(|other| Some((&other.package, set(&other.scope)?)))
        .collect()
}

fn explain(
    scope: &RoomScope,
    refused: &[Violation],
    what: &str,
    owner: impl Fn(&RepoPath) -> Option<String>,
) -> String {
    let count = text::count(refused.len(), "path");
    let verb = if refused.len() == 1 { "is" } else { "are" };
    let mut out = format!(
        "git wp: {what} is refused: {count} {verb} not for package `{}` to change\n",
        scope.package
    );
    for violation in refused.iter().take(LINES_MAX) {
        let (path, detail) = (&violation.path, &violation.detail);
        out += &format!("  {path}: {} ({})", detail, violation.rule.as_str());
        if let Some(owner) = owner(path).filter(|_| violation.rule.is_about_scope()) {
            out += &format!("; it belongs to `{}`", foreign(&owner));
        }
        out.push('\n');
    }
    if refused.len() > LINES_MAX {
        out += &format!("  and {} more\n", refused.len() - LINES_MAX);
    }
    let patterns = &scope.scope.write_allow;
    let shown: Vec<_> = patterns
        .iter()
        .take(LINES_MAX)
        .map(|p| foreign(p).to_string())
        .collect();
    let list = if shown.is_empty() {
        "nothing".to_owned()
    } else {
        shown.join(", ")
    };
    out += &format!("the package may write: {list}\n");
    out +=
        "take those paths out of the commit; if the work cannot do without one, leave it as it\n";
    out += "is and ask for it: an escalation of type SCOPE_VIOLATION in the result file\n";
    out
}
