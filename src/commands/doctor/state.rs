//! The state on its ref, and the local files beside it.

use super::{Mode, by_hand};
use crate::base::text::count;
use crate::base::{ActorId, Result};
use crate::commands::Context;
use crate::os::file;
use crate::report::doctor::{Damage, Diagnosis, Gravity, Repair};
use crate::store::{self, Load};

/// Looks at the state and repairs it if that was asked for.
pub(super) fn look(cx: &mut Context<'_>, mode: Mode, found: &mut Diagnosis) -> Result<()> {
    actor(cx, mode, found)?;
    let store = cx.store()?;
    for damage in store.damages()? {
        let repair = match (mode, damage.is_fixable()) {
            (Mode::Fix, true) => {
                store.fix(&damage)?;
                Repair::Done
            }
            (Mode::Look, true) => Repair::Possible,
            (_, false) => Repair::ByHand,
        };
        found.damages.push(told(&damage, repair));
    }
    if let Some(tip) = store.tip()? {
        let briefs = store.view(&Load::Briefs)?.briefs.len();
        let features = count(briefs, "feature");
        found.fact("state", format!("{features} at {}", tip.short()));
        let history = store.history(HISTORY_MAX)?.len();
        let more = if history == HISTORY_MAX {
            "at least "
        } else {
            ""
        };
        found.fact("history", format!("{more}{history} transactions"));
    } else {
        found.fact("state", "none yet");
    }
    Ok(())
}

const HISTORY_MAX: usize = 100_000;

fn told(damage: &store::Damage, repair: Repair) -> Damage {
    let gravity = match damage.is_litter() {
        true => Gravity::Warning,
        false => Gravity::Error,
    };
    let hint = match repair {
        Repair::ByHand => "git log refs/wp/state shows the history; nothing was changed",
        Repair::Possible | Repair::Done => "",
    };
    Damage {
        code: damage.code().to_owned(),
        gravity,
        message: damage.to_string(),
        hint: hint.to_owned(),
        repair,
    }
}

/// The file that names this clone. A damaged one is put aside: a fresh name is always right.
fn actor(cx: &mut Context<'_>, mode: Mode, found: &mut Diagnosis) -> Result<()> {
    let path = cx.repo()?.wp_dir().join("actor");
    let Some(bytes) = file::read_bounded(&path, 4096)? else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(&bytes);
    if let Some(id) = ActorId::parse(text.trim()) {
        found.fact("this clone", format!("{id}, {}", cx.label()));
        return Ok(());
    }
    let message = format!("`{}` does not hold the name of this clone", path.display());
    let mut damage = by_hand("actor", Gravity::Error, message, "");
    damage.repair = Repair::Possible;
    if mode == Mode::Fix {
        file::remove(&path)?;
        damage.repair = Repair::Done;
    }
    found.damages.push(damage);
    Ok(())
}
