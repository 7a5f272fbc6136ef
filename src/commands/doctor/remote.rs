//! The remote whose state decides: what this clone knows of it, and what keeps it from syncing.
//! Nobody is asked over the network.

use super::{Mode, by_hand};
use crate::base::Result;
use crate::base::text::count;
use crate::commands::init::refspec;
use crate::commands::{Context, remote};
use crate::git::Repo;
use crate::report::doctor::{Damage, Diagnosis, Gravity, Repair};
use crate::store::Load;

/// Looks at configuration and memory of the remote.
pub(super) fn look(cx: &mut Context<'_>, mode: Mode, found: &mut Diagnosis) -> Result<()> {
    let (repo, settings) = (cx.repo()?, cx.settings()?);
    let Some(name) = &settings.remote else {
        return Ok(());
    };
    found.fact("authority", format!("{name}, {}", settings.remote_ref));
    extent(&repo, name, found)?;
    match repo.remote(name) {
        Ok(there) => {
            let refspec = refspec(&settings.remote_ref, name);
            let key = format!("remote.{name}.fetch");
            let known = repo.git().settings(&format!("^remote\\.{name}\\.fetch$"))?;
            if !known.iter().any(|setting| setting.value == refspec) {
                if mode == Mode::Fix {
                    there.add_fetch_refspec(&refspec)?;
                }
                found.damages.push(unfetched(&key, mode));
            }
        }
        Err(error) => {
            let message = format!("`wp.remote` names `{name}`: {}", error.message());
            let hint = format!("git remote add {name} URL");
            let damage = by_hand("remote-unknown", Gravity::Error, message, &hint);
            found.damages.push(damage);
        }
    }
    let store = cx.store()?;
    let Some(seen) = store.seen()? else {
        return Ok(());
    };
    let tip = seen.tip.as_ref();
    let tip = tip.map_or_else(|| "nothing yet".to_owned(), |tip| tip.short().to_owned());
    found.fact("seen there", tip);
    if let Some(why) = seen.frozen {
        let message = format!("nothing that needs a right is granted: {why}");
        let hint = "if that was done on purpose: git wp sync --accept-rewind";
        let damage = by_hand("frozen", Gravity::Error, message, hint);
        found.damages.push(damage);
    }
    if found.is_state_unreadable {
        return Ok(());
    }
    let view = store.view(&Load::Briefs)?;
    if let Some(standing) = remote::standing(cx, &store, &view)? {
        found.fact("waiting for it", count(standing.pending, "request"));
        if standing.newer {
            found.fact("fetched from it", "newer state: git wp sync");
        }
    }
    Ok(())
}

/// What a clone without all objects has to fetch first.
fn extent(repo: &Repo, remote: &str, found: &mut Diagnosis) -> Result<()> {
    let key = format!("^remote\\.{remote}\\.promisor$");
    let is_partial = !repo.git().settings(&key)?.is_empty();
    let words = match (repo.is_shallow(), is_partial) {
        (true, _) => "shallow: merging packages may need git fetch --unshallow",
        (false, true) => "partial: missing objects are fetched when they are needed",
        (false, false) => return Ok(()),
    };
    found.fact("clone", words);
    Ok(())
}

fn unfetched(key: &str, mode: Mode) -> Damage {
    Damage {
        code: "remote-refspec".to_owned(),
        gravity: Gravity::Warning,
        message: format!("`{key}` does not name the state, so git fetch brings nothing of it"),
        hint: String::new(),
        repair: match mode {
            Mode::Fix => Repair::Done,
            Mode::Look => Repair::Possible,
        },
    }
}
