//! What the host takes, what is written down, and the first exchange.

use crate::base::text::foreign;
use crate::base::{AttemptId, Error, FeatureId, PackageId, RefName, Result};
use crate::commands::{Context, exchange};
use crate::git::Remote;
use crate::git::remote::{Atomic, Probe, Takes, Trouble};
use crate::model::Settings;
use crate::state::View;
use crate::store::sync::{SyncMode, SyncReport, SyncResult};
use crate::store::{Load, Store};

/// Where the state goes where a host takes branches only.
const FALLBACK: &str = "refs/heads/wp-state";
/// Refs that `git log` shall not show beside commits.
const QUIET: &str = "refs/wp/";

/// A remote that was made the authority.
pub(super) struct Made {
    pub(super) remote: Remote,
    /// It was that before.
    pub(super) already: bool,
    /// Why the state does not go to its usual place: the host's words.
    pub(super) fallback: Option<String>,
    /// Configuration keys that were written.
    pub(super) written: Vec<String>,
    /// What this clone had granted by itself before.
    pub(super) grants: Vec<(FeatureId, PackageId, AttemptId)>,
    pub(super) report: SyncReport,
}

/// How to talk to the host.
struct Way {
    state: RefName,
    atomic: bool,
    fallback: Option<String>,
}

/// Makes `name` the authority and exchanges with it.
///
/// # Errors
/// Usage, policy with the host's words, and those of a sync. What was written before the first
/// exchange is taken back if that fails.
pub(super) fn exchange(cx: &mut Context<'_>, name: &str) -> Result<Made> {
    let (repo, settings) = (cx.repo()?, cx.settings()?);
    let remote = exchange::open(cx, name)?;
    let already = settings.remote.is_some();
    let before = cx.store()?.view(&Load::Briefs)?;
    let way = match already {
        true => Way {
            state: settings.remote_ref.clone(),
            atomic: settings.atomic,
            fallback: None,
        },
        false => way(cx, &remote, &settings)?,
    };
    let written = write(cx, &remote, &way)?;
    cx.forget_settings();
    let store = cx.store()?;
    let report = match exchange::run(cx, &store, SyncMode::Normal) {
        Ok(report) if report.result == SyncResult::Rewound => {
            return Err(exchange::rewound(&report));
        }
        Ok(report) => report,
        Err(error) => {
            if !already {
                repo.git().unset_local("wp.remote")?;
                cx.forget_settings();
            }
            return Err(error);
        }
    };
    Ok(Made {
        grants: moved(&store, &before)?,
        remote,
        already,
        fallback: way.fallback,
        written,
        report,
    })
}

/// Finds out by trying: nothing else tells what a host takes.
fn way(cx: &mut Context<'_>, remote: &Remote, settings: &Settings) -> Result<Way> {
    let usual = Settings::default().remote_ref;
    let fallback = RefName::parse(FALLBACK).expect("a literal in the right form");
    let asked = [usual.as_str(), FALLBACK];
    let there = remote.list(&asked).map_err(|trouble| match trouble {
        Trouble::Offline(error) => error.hint("nothing was changed; try again when it answers"),
        other => other.into_error(),
    })?;
    let there = |name: &RefName| there.iter().any(|(known, _)| known == name);
    let who = cx.actor()?;
    let probe = remote.probe(who.as_str()).map_err(Trouble::into_error)?;
    for left in &probe.left {
        let message = format!("the host keeps `{left}`, which was made to try it");
        cx.ui.warn("probe-left", &message);
    }
    let chosen = settings.remote_ref != usual;
    let state = match probe.takes {
        Takes::Nothing => return Err(refused(remote, &probe)),
        _ if chosen => settings.remote_ref.clone(),
        Takes::Branches if there(&usual) => return Err(refused(remote, &probe)),
        Takes::Branches => fallback.clone(),
        // Whoever came first decided it for all.
        Takes::OwnRefs if there(&fallback) && !there(&usual) => fallback.clone(),
        Takes::OwnRefs => usual,
    };
    let words = probe.refusal.unwrap_or_default();
    let reason = match (chosen, state == fallback, probe.takes) {
        (true, ..) | (_, false, _) => None,
        (_, true, Takes::OwnRefs) => Some("the state of others is there".to_owned()),
        (_, true, _) => Some(format!("the host does not take `refs/wp/*`: {words}")),
    };
    Ok(Way {
        state,
        atomic: probe.atomic == Atomic::Yes,
        fallback: reason,
    })
}

fn refused(remote: &Remote, probe: &Probe) -> Error {
    let name = remote.name();
    let what = match probe.takes {
        Takes::Nothing => "takes nothing from you",
        Takes::OwnRefs | Takes::Branches => {
            "has a state at `refs/wp/state` and takes branches only from you"
        }
    };
    let words = probe.refusal.as_deref().unwrap_or("it gave no reason");
    let message = format!("`{name}` {what}: {}", foreign(words));
    Error::policy("remote-refuses", message).hint("git wp needs the right to push there")
}

/// Writes what is missing. The key that turns it on comes last.
fn write(cx: &mut Context<'_>, remote: &Remote, way: &Way) -> Result<Vec<String>> {
    let git = cx.repo()?.git();
    let defaults = Settings::default();
    let mut written = Vec::new();
    let mut set = |key: &'static str, value: &str| -> Result<()> {
        if git.setting(key)?.as_deref() != Some(value) {
            git.set_local(key, value)?;
            written.push(key.to_owned());
        }
        Ok(())
    };
    if way.state != defaults.remote_ref {
        set("wp.remoteRef", way.state.as_str())?;
    }
    if !way.atomic {
        set("wp.atomic", "false")?;
    }
    let refspec = refspec(&way.state, remote.name());
    if remote.add_fetch_refspec(&refspec)? {
        written.push(format!("remote.{}.fetch", remote.name()));
    }
    if git.add_local("log.excludeDecoration", QUIET)? {
        written.push("log.excludeDecoration".to_owned());
    }
    if git.setting("wp.remote")?.as_deref() != Some(remote.name()) {
        git.set_local("wp.remote", remote.name())?;
        written.push("wp.remote".to_owned());
    }
    Ok(written)
}

/// What the user's own `git fetch` follows. It ends in `*` because git fails for as long as a ref
/// that is named exactly is not there.
pub(in crate::commands) fn refspec(state: &RefName, remote: &str) -> String {
    format!("+{state}*:refs/wp/remotes/{remote}/state*")
}

/// What was granted here by this clone itself, if another authority decides now.
fn moved(store: &Store, before: &View) -> Result<Vec<(FeatureId, PackageId, AttemptId)>> {
    let after = store.view(&Load::Briefs)?;
    let id = |view: &View| view.authority.as_ref().map(|a| a.id.clone());
    if before.authority.is_none() || id(before) == id(&after) {
        return Ok(Vec::new());
    }
    let mut grants = Vec::new();
    for (feature, brief) in &before.briefs {
        for (package, grant) in &brief.live {
            grants.push((feature.clone(), package.clone(), grant.attempt.clone()));
        }
    }
    Ok(grants)
}
