//! Refs below `refs/wp/land/`: they hold a candidate until the state and the integration ref do.

use super::Mode;
use crate::base::{Oid, RefName, Result};
use crate::commands::Context;
use crate::git::Expected;
use crate::os::lock;
use crate::report::doctor::{Damage, Diagnosis, Gravity, Repair};
use crate::state::View;
use crate::store::Load;

const FOLDER: &str = "refs/wp/land";

/// Looks for candidates that no record names and no run is about to record.
pub(super) fn look(cx: &mut Context<'_>, mode: Mode, found: &mut Diagnosis) -> Result<()> {
    if found.is_state_unreadable {
        return Ok(());
    }
    let repo = cx.repo()?;
    let candidates = repo.refs().list(FOLDER)?;
    if candidates.is_empty() {
        return Ok(());
    }
    let settings = cx.settings()?;
    let view = cx.store()?.view(&Load::All)?;
    for (name, commit) in candidates {
        let slug = name.as_str().rsplit('/').nth(1).unwrap_or_default();
        let run = repo.wp_dir().join("run").join(format!("{slug}.lock"));
        if is_recorded(&view, &commit) || lock::is_held(&run)? {
            continue;
        }
        if mode == Mode::Fix {
            let held = Expected::Is(commit.clone());
            let gone = repo
                .refs()
                .swap(&name, None, &held, "wp: doctor", settings.durability);
            gone.map_err(|error| error.into_error(&name))?;
        }
        found.damages.push(told(&name, mode));
    }
    Ok(())
}

fn is_recorded(view: &View, commit: &Oid) -> bool {
    let lands = view
        .features
        .values()
        .flat_map(|feature| feature.lands.values());
    lands.into_iter().any(|land| land.land.new == *commit)
}

fn told(name: &RefName, mode: Mode) -> Damage {
    Damage {
        code: "candidate-left".to_owned(),
        gravity: Gravity::Warning,
        message: format!("`{name}` holds a merge that no record names; it is made again if needed"),
        hint: String::new(),
        repair: match mode {
            Mode::Fix => Repair::Done,
            Mode::Look => Repair::Possible,
        },
    }
}
