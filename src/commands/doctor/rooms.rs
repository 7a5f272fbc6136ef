//! Worktrees of attempts, attempts without a supervisor, hooks.

use std::collections::BTreeSet;

use super::{Mode, by_hand};
use crate::base::text::{self, count};
use crate::base::{AttemptId, Error, FeatureId, PackageId, Result};
use crate::commands::Context;
use crate::commands::remote;
use crate::commands::rooms::is_supervised;
use crate::config::environment::own_program;
use crate::git::Repo;
use crate::hook::{self, Reach};
use crate::report::doctor::{Damage, Diagnosis, Gravity, Repair};
use crate::state::View;
use crate::state::record::Grant;
use crate::store::Load;
use crate::worktree::{Room, Rooms};

/// Looks at worktrees and at attempts that nobody looks after.
pub(super) fn look(cx: &mut Context<'_>, mode: Mode, found: &mut Diagnosis) -> Result<()> {
    let repo = cx.repo()?;
    let rooms = crate::commands::rooms::open(cx)?;
    let damaged = rooms.damaged()?;
    if !damaged.is_empty() {
        // Nothing is said of the others: what the damaged record named might be one of them.
        found.damages.extend(damaged.iter().map(of_record));
        return Ok(());
    }
    half_made(&rooms, mode, found)?;
    if found.is_state_unreadable {
        return Ok(());
    }
    let view = cx.store()?.view(&Load::All)?;
    let known = attempts(&view);
    let (mut standing, mut bytes) = (0, 0);
    for room in rooms.list()? {
        let id = room.attempt();
        let path = room.path().display();
        if let Some(damage) = cut_off(&repo, &room) {
            found.damages.push(damage);
        } else if !room.path().exists() {
            let message = format!("the worktree of {id} at `{path}` is gone");
            found
                .damages
                .push(by_hand("room-lost", Gravity::Warning, message, CLEANUP));
        } else if known.contains(id) {
            standing += 1;
            bytes += room.size().bytes;
        } else {
            let message = format!("the worktree `{path}` is of an attempt that is not recorded");
            found
                .damages
                .push(by_hand("room-orphan", Gravity::Warning, message, CLEANUP));
        }
    }
    unrecorded(&repo, &rooms, found)?;
    if standing > 0 {
        found.fact(
            "worktrees",
            format!(
                "{standing} in {}, {}",
                rooms.parent().display(),
                text::bytes(bytes)
            ),
        );
    }
    unsupervised(cx, &repo, &view, found)
}

fn of_record(error: &Error) -> Damage {
    let mut message = error.message().to_owned();
    for cause in error.causes() {
        message.push_str(&format!(": {cause}"));
    }
    let hint = "git worktree list shows where it stands; save what is in it, then move the record";
    by_hand("room-record", Gravity::Error, message, hint)
}

/// A folder that is there, without the link between it and git.
fn cut_off(repo: &Repo, room: &Room) -> Option<Damage> {
    let path = room.path();
    let git_dir = repo.worktree_git_dir(&format!("wp-{}", room.attempt()));
    let (what, hint) = if !path.exists() {
        return None;
    } else if !git_dir.exists() {
        ("git's data on it is gone", "save what is in it by hand")
    } else if !path.join(".git").exists() {
        (
            "its `.git` file is gone",
            "git worktree repair writes it anew",
        )
    } else {
        return None;
    };
    let message = format!("the worktree `{}` is cut off: {what}", path.display());
    Some(by_hand("room-cut-off", Gravity::Warning, message, hint))
}

/// Worktrees with names of ours that git lists and no record knows.
fn unrecorded(repo: &Repo, rooms: &Rooms, found: &mut Diagnosis) -> Result<()> {
    let (unfinished, rooms) = (rooms.unfinished()?, rooms.list()?);
    for worktree in repo.worktrees()? {
        let name = worktree.path.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let recorded = rooms.iter().any(|room| room.path() == worktree.path);
        let Some(id) = name.strip_prefix("wp-").and_then(AttemptId::parse) else {
            continue;
        };
        if recorded || unfinished.contains(&id) || name.starts_with("wp-probe-") {
            continue;
        }
        let path = worktree.path.display();
        let damage = match worktree.path.exists() {
            true => by_hand(
                "room-orphan",
                Gravity::Warning,
                format!("the worktree `{path}` has a name of ours and no record"),
                "git worktree list shows its branch; if it is not yours, look what is in it",
            ),
            false => by_hand(
                "room-lost",
                Gravity::Warning,
                format!("git lists the worktree `{path}`, whose folder is gone"),
                "git worktree list shows its branch; git worktree prune forgets what is unlocked",
            ),
        };
        found.damages.push(damage);
    }
    Ok(())
}

const CLEANUP: &str = "git wp cleanup lists it, and says how it goes";

fn half_made(rooms: &Rooms, mode: Mode, found: &mut Diagnosis) -> Result<()> {
    let unfinished = rooms.unfinished()?;
    if unfinished.is_empty() {
        return Ok(());
    }
    if mode == Mode::Fix {
        rooms.recover()?;
    }
    for id in unfinished {
        found.damages.push(Damage {
            code: "room-half-made".to_owned(),
            gravity: Gravity::Warning,
            message: format!("a killed process left the worktree of {id} half made"),
            hint: String::new(),
            repair: match mode {
                Mode::Fix => Repair::Done,
                Mode::Look => Repair::Possible,
            },
        });
    }
    Ok(())
}

fn attempts(view: &View) -> BTreeSet<AttemptId> {
    let packages = view.features.values().flat_map(|f| f.packages.values());
    packages.flat_map(|p| p.attempts.keys().cloned()).collect()
}

/// Grants whose holder shows no sign of life. Only the next run knows how to end them with care.
fn unsupervised(
    cx: &mut Context<'_>,
    repo: &Repo,
    view: &View,
    found: &mut Diagnosis,
) -> Result<()> {
    for (feature, brief) in &view.briefs {
        for (package, grant) in &brief.live {
            let holder = (feature, package);
            let damage = match grant.lease_seconds {
                Some(seconds) => overdue(cx, holder, (grant, seconds)),
                None if remote::is_elsewhere(cx, grant)? => None,
                None => dead(repo, holder, grant)?,
            };
            found.damages.extend(damage);
        }
    }
    Ok(())
}

fn dead(
    repo: &Repo,
    (feature, package): (&FeatureId, &PackageId),
    grant: &Grant,
) -> Result<Option<Damage>> {
    let id = &grant.attempt;
    if is_supervised(repo, grant)? {
        return Ok(None);
    }
    let message = format!("nobody looks after attempt {id} of {feature}/{package}");
    let hint = format!("git wp implement {feature}");
    Ok(Some(by_hand(
        "attempt-dead",
        Gravity::Warning,
        message,
        &hint,
    )))
}

fn overdue(
    cx: &Context<'_>,
    (feature, package): (&FeatureId, &PackageId),
    (grant, seconds): (&Grant, u32),
) -> Option<Damage> {
    let age = cx.now().since(grant.by.at).as_secs();
    if age <= u64::from(seconds) {
        return None;
    }
    let label = &grant.by.label;
    let message = format!("the lease of {feature}/{package}, held by {label}, has run out");
    let hint = format!("git wp status {feature}");
    Some(by_hand("lease-overdue", Gravity::Warning, message, &hint))
}

/// Hooks that were installed have to be reached.
pub(super) fn hooks(cx: &mut Context<'_>, mode: Mode, found: &mut Diagnosis) -> Result<()> {
    let repo = cx.repo()?;
    let program = own_program()?;
    let status = hook::status(&repo, &program)?;
    if !status.standing.entry {
        found.fact("hooks", "not installed; runs bring their own");
        return Ok(());
    }
    let stands = status.standing.included && status.standing.scripts;
    match &status.reach {
        Reach::Reached if stands => {
            let others = count(status.chained.len(), "other hook");
            found.fact("hooks", format!("installed, {others} after ours"));
            return Ok(());
        }
        Reach::Reached | Reach::NotReached(_) => {}
    }
    let why = match status.reach {
        Reach::Reached => "a part of them is out of date".to_owned(),
        Reach::NotReached(why) => why,
    };
    let repair = match (mode, stands) {
        (Mode::Fix, false) => {
            hook::install(&repo, &program)?;
            Repair::Done
        }
        (Mode::Look, false) => Repair::Possible,
        (_, true) => Repair::ByHand,
    };
    found.damages.push(Damage {
        code: "hooks-broken".to_owned(),
        gravity: Gravity::Warning,
        message: format!("hooks do not run in the worktrees of packages: {why}"),
        hint: "git wp hooks status".to_owned(),
        repair,
    });
    Ok(())
}
