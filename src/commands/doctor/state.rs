//! The state on its ref, and the local files beside it.

use super::{Mode, by_hand};
use crate::base::text::count;
use crate::base::{ActorId, Kind, Result};
use crate::commands::Context;
use crate::os::file;
use crate::report::doctor::{Damage, Diagnosis, Gravity, Repair};
use crate::store::{self, Load, Store};

/// Looks at the state and repairs it if that was asked for.
pub(super) fn look(cx: &mut Context<'_>, mode: Mode, found: &mut Diagnosis) -> Result<()> {
    actor(cx, mode, found)?;
    let store = cx.store()?;
    let damages = store.damages()?;
    for (damage, repair) in repaired(&store, damages, mode)? {
        found.is_state_unreadable |= damage.is_blinding() && repair != Repair::Done;
        let mut told = told(&damage, repair);
        if damage.is_of_the_ref() && repair == Repair::Done {
            let tip = store.tip()?;
            let tip = tip.map_or_else(|| "nothing".to_owned(), |tip| tip.to_string());
            told.message
                .push_str(&format!("; the ref was put back to {tip}"));
        }
        found.damages.push(told);
    }
    if found.is_state_unreadable {
        return Ok(());
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

/// Repairs what can be repaired, one by one: a failure must not hide the rest. What is repaired
/// is what a second look does not find.
fn repaired(store: &Store, damages: Vec<store::Damage>, mode: Mode) -> Result<Vec<Outcome>> {
    let unchanged = |damage: store::Damage| {
        let repair = match damage.is_fixable() {
            true => Repair::Possible,
            false => Repair::ByHand,
        };
        (damage, repair)
    };
    if mode == Mode::Look || !damages.iter().any(store::Damage::is_fixable) {
        return Ok(damages.into_iter().map(unchanged).collect());
    }
    for damage in damages.iter().filter(|d| d.is_fixable()) {
        match store.fix(damage) {
            Ok(_) => {}
            Err(error) if error.kind() == Kind::Damaged => {}
            Err(error) => return Err(error),
        }
    }
    let left = store.damages()?;
    let mut all: Vec<Outcome> = damages
        .into_iter()
        .filter(|damage| !left.contains(damage))
        .map(|damage| (damage, Repair::Done))
        .collect();
    all.extend(left.into_iter().map(|damage| (damage, Repair::ByHand)));
    Ok(all)
}

type Outcome = (store::Damage, Repair);

fn told(damage: &store::Damage, repair: Repair) -> Damage {
    let gravity = match damage.is_litter() {
        true => Gravity::Warning,
        false => Gravity::Error,
    };
    let hint = match repair {
        Repair::ByHand => by_whom(damage),
        Repair::Possible if damage.is_of_the_ref() => {
            "--fix puts the ref back to the newest whole commit that this clone knows"
        }
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

/// What a person can do where no repair is provably right.
fn by_whom(damage: &store::Damage) -> &'static str {
    match damage {
        store::Damage::NewerFormat { .. } => "install the newest git wp; this one only reads it",
        store::Damage::Object { .. } | store::Damage::ChainBroken { .. } => {
            "fetch the object from another clone or a backup; git fsck names all that is missing"
        }
        store::Damage::Dangling { .. } => {
            "fetch the object from another clone or a backup; the state itself is whole"
        }
        store::Damage::LateInbox { .. } => "nothing reads them any more; look, then delete them",
        store::Damage::RefLock { .. } => "a process still has it open, or it is too young; wait",
        _ => "git log refs/wp/state shows who wrote it and what was there before",
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
