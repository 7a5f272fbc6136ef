//! What a refused agent is told: path, rule, owner, and how to go on.

use crate::base::Result;
use crate::base::text::{self, foreign};
use crate::git::raw::{RawChange, RawEntry, RawStore};
use crate::hook::room::RoomScope;
use crate::hook::verdict::{Bounds, Refused};
use crate::scope::guard::{Change, EntryMode};

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
    let refused = Bounds::from(scope).refused(asked)?;
    Ok(match refused.is_empty() {
        true => None,
        false => Some(explain(scope, &refused, what)),
    })
}

fn mode(entry: Option<&RawEntry>) -> EntryMode {
    entry.map_or(EntryMode::Absent, |e| {
        EntryMode::from_octal(&format!("{:o}", e.mode))
    })
}

fn explain(scope: &RoomScope, refused: &[Refused], what: &str) -> String {
    let count = text::count(refused.len(), "path");
    let verb = if refused.len() == 1 { "is" } else { "are" };
    let mut out = format!(
        "git wp: {what} is refused: {count} {verb} not for package `{}` to change\n",
        scope.package
    );
    for violation in refused.iter().take(LINES_MAX) {
        let (path, detail) = (&violation.path, &violation.detail);
        out += &format!("  {path}: {} ({})", detail, violation.rule.as_str());
        if let Some(owner) = &violation.owner {
            out += &format!("; it belongs to `{}`", foreign(owner.as_str()));
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
