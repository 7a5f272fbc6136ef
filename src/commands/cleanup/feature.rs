//! What goes with a feature once it is part of the branch that it was made for: claims, worktrees,
//! branches. Work that nothing else holds stays unless somebody asks for it to be saved.

use crate::base::text::foreign;
use crate::base::{AttemptId, Error, ExitCode, FeatureId, Oid, RefName, Result, json};
use crate::commands::cleanup::{after, is_live, remove};
use crate::commands::confirm::Confirm;
use crate::commands::verbs::locks;
use crate::commands::verbs::reply::Reply;
use crate::commands::{Answer, Context, feature, policy};
use crate::git::{Expected, Repo};
use crate::report;
use crate::report::cleanup::{BranchRow, CleanupView, KeptRow, RoomRow};
use crate::state::request::AttemptFact;
use crate::state::{FeatureView, Op, View, record};
use crate::store::{Load, Store};
use crate::worktree::{Room, Rooms};

/// What is wanted.
pub(super) struct Wanted<'a> {
    /// The feature, as written.
    pub(super) word: &'a str,
    /// The branch of which it has to be part.
    pub(super) onto: Option<&'a str>,
    /// Change nothing.
    pub(super) dry_run: bool,
    /// Save and remove branches that nothing else holds.
    pub(super) unmerged: bool,
    /// Run `openspec archive`.
    pub(super) archive: bool,
}

/// The feature, and the branch that holds it.
pub(super) struct Scene<'a> {
    pub(super) id: FeatureId,
    pub(super) records: FeatureView,
    pub(super) wanted: Wanted<'a>,
    target: (RefName, Oid),
}

/// Cleans up after a feature.
pub(super) fn run(wanted: Wanted<'_>, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("cleanup")?;
    let store = cx.store()?;
    let found = feature::published(cx, &store, Some(wanted.word))?;
    let target = target(cx, wanted.onto)?;
    check(&cx.repo()?, &found.id, &found.records, &target)?;
    let scene = Scene {
        id: found.id,
        records: found.records,
        wanted,
        target,
    };
    let permit = policy::demand(cx, "cleanup", (scene.id.as_str(), Some(&scene.id)))?;
    match scene.wanted.dry_run {
        true => permit.unused(),
        false => {
            for answer in cx.submit(&store, vec![permit.change()])? {
                answer.map_err(Error::from)?;
            }
        }
    }
    let mut view = CleanupView {
        feature: scene.id.clone(),
        target: scene.target.0.short().to_owned(),
        dry_run: scene.wanted.dry_run,
        released: Vec::new(),
        rooms: Vec::new(),
        branches: Vec::new(),
        kept: Vec::new(),
        follow_up: None,
        archive: None,
    };
    let all = store.view(&Load::All)?;
    release(cx, &store, (&scene, &all), &mut view)?;
    rooms(cx, &store, (&scene, &all), &mut view)?;
    branches(cx, &store, (&scene, &all), &mut view)?;
    view.follow_up = after::follow_up(cx, &store, &scene, &mut view.kept)?;
    if scene.wanted.archive {
        view.archive = Some(after::archive(cx, &scene)?);
    }
    let failed = view.archive.as_ref().is_some_and(|row| !row.done) && !view.dry_run;
    let exit = if failed {
        ExitCode::Negative
    } else {
        ExitCode::Done
    };
    let text = report::cleanup::render(&view, cx.ui.page());
    Ok(Answer::done(json::value(&view)?, text).exit(exit))
}

fn target(cx: &mut Context<'_>, onto: Option<&str>) -> Result<(RefName, Oid)> {
    let (repo, hint) = (cx.repo()?, "--onto BRANCH");
    let name = match onto {
        Some(word) => RefName::parse(&format!("refs/heads/{word}")),
        None => repo.refs().head()?.branch,
    };
    let missing = || Error::usage("target-unknown", "part of which branch?").hint(hint);
    let name = name.ok_or_else(missing)?;
    let at = repo.refs().read(&name)?.ok_or_else(missing)?;
    Ok((name, at))
}

/// Fails unless the feature's run is over and what it merged is part of the target.
fn check(
    repo: &Repo,
    id: &FeatureId,
    records: &FeatureView,
    (target, at): &(RefName, Oid),
) -> Result<()> {
    let shown = foreign(id.as_str()).to_string();
    let Some(run) = records.last_run() else {
        let message = format!("`{shown}` was never run");
        return Err(Error::negative("not-run", message).hint(format!("git wp status {shown}")));
    };
    if run.ended.is_none() {
        let message = format!("the run of `{shown}` has not ended");
        let hint = format!("git wp implement {shown}");
        return Err(Error::negative("not-ended", message).hint(hint));
    }
    let head = records.reached().unwrap_or(&run.started.base);
    if !repo.objects().exists(head)? || !repo.is_ancestor(head, at)? {
        let message = format!("`{shown}` is not part of `{}` yet", target.short());
        let hint = format!("git wp merge {shown} --onto {}", target.short());
        return Err(Error::negative("not-merged", message).hint(hint));
    }
    Ok(())
}

/// Locks and intents under the name of the feature.
fn release(
    cx: &mut Context<'_>,
    store: &Store,
    (scene, all): (&Scene<'_>, &View),
    view: &mut CleanupView,
) -> Result<()> {
    let name = format!("feature:{}", scene.id);
    let below = format!("{name}:");
    for (key, lock) in &all.locks {
        if *key != name && !key.starts_with(&below) {
            continue;
        }
        let live = lock.live().map(|(_, claim)| claim);
        let sessions = lock
            .intents()
            .chain(live)
            .map(|claim| claim.session.clone());
        for session in sessions {
            if !scene.wanted.dry_run {
                let own = (key.as_str(), Some(session.as_str()));
                let reply = locks::release(cx, store, own, Confirm::default())?;
                if let Reply::Refused(refusal) = reply {
                    view.kept
                        .push(kept(format!("lock {key}"), refusal.to_string()));
                    continue;
                }
            }
            view.released.push(key.clone());
        }
    }
    for (package, grant) in scene
        .records
        .packages
        .iter()
        .filter_map(|(id, p)| Some((id, p.live()?)))
    {
        let why = format!("attempt {} of {} holds it", grant.attempt, grant.by.label);
        view.kept.push(kept(format!("claim of {package}"), why));
    }
    Ok(())
}

fn kept(what: String, why: String) -> KeptRow {
    KeptRow { what, why }
}

fn rooms(
    cx: &mut Context<'_>,
    store: &Store,
    (scene, all): (&Scene<'_>, &View),
    view: &mut CleanupView,
) -> Result<()> {
    let rooms: Rooms = crate::commands::rooms::open(cx)?;
    let own = rooms.list()?;
    for room in own.iter().filter(|room| *room.feature() == scene.id) {
        let path = room.path().display().to_string();
        if is_live(all, room.attempt()) {
            view.kept
                .push(kept(path, "its attempt still works".to_owned()));
            continue;
        }
        let saved = match scene.wanted.dry_run {
            true => None,
            false => match saved(cx, store, (all, &rooms), room) {
                Ok(saved) => saved,
                Err(error) if error.code() == "unsaved" => {
                    view.kept.push(kept(path, error.message().to_owned()));
                    continue;
                }
                Err(error) => return Err(error),
            },
        };
        let attempt = room.attempt().clone();
        view.rooms.push(RoomRow {
            attempt,
            path,
            saved,
        });
    }
    Ok(())
}

fn saved(
    cx: &mut Context<'_>,
    store: &Store,
    at: (&View, &Rooms),
    room: &Room,
) -> Result<Option<Oid>> {
    let (entry, _) = remove(cx, store, at, room)?;
    Ok(entry["saved"].as_str().and_then(Oid::parse))
}

/// Branches of attempts that ended: those whose commits are held elsewhere go.
fn branches(
    cx: &mut Context<'_>,
    store: &Store,
    (scene, all): (&Scene<'_>, &View),
    view: &mut CleanupView,
) -> Result<()> {
    let (repo, durability) = (cx.repo()?, cx.settings()?.durability);
    let (refs, slug) = (repo.refs(), scene.id.slug());
    let salvage = refs.list(&format!("refs/wp/salvage/{slug}"))?;
    let (target, at) = &scene.target;
    let held: Vec<(RefName, Oid)> = [(target.clone(), at.clone())]
        .into_iter()
        .chain(salvage)
        .collect();
    let out = repo.checked_out()?;
    for (name, head) in refs.list(&format!("refs/heads/wp/{slug}"))? {
        let last = name.as_str().rsplit('/').next().unwrap_or_default();
        let Some(attempt) = AttemptId::parse(last).filter(|id| !is_live(all, id)) else {
            view.kept.push(kept(
                name.short().to_owned(),
                "its attempt still works".to_owned(),
            ));
            continue;
        };
        let goes = |path: &str| view.rooms.iter().any(|room| room.path == path);
        if let Some((_, at)) = out.iter().find(|(branch, _)| *branch == name) {
            let at = at.display().to_string();
            if !goes(&at) || !scene.wanted.dry_run {
                let why = format!("it is checked out at {at}");
                view.kept.push(kept(name.short().to_owned(), why));
                continue;
            }
        }
        let holder = match (holder(&repo, &held, &head)?, scene.wanted.unmerged) {
            (Some(holder), _) => holder,
            (None, true) => save(cx, store, (scene, &attempt), &head)?,
            (None, false) => {
                let why = "nothing else holds its commits; --unmerged saves and removes it";
                view.kept
                    .push(kept(name.short().to_owned(), why.to_owned()));
                continue;
            }
        };
        if !scene.wanted.dry_run {
            let is = Expected::Is(head.clone());
            let done = repo
                .refs()
                .swap(&name, None, &is, "wp: cleanup", durability);
            done.map_err(|e| e.into_error(&name))?;
        }
        view.branches.push(BranchRow {
            branch: name.short().to_owned(),
            head,
            held_by: holder,
        });
    }
    Ok(())
}

/// The first ref that holds a commit.
fn holder(repo: &Repo, held: &[(RefName, Oid)], head: &Oid) -> Result<Option<RefName>> {
    for (name, tip) in held {
        if repo.is_ancestor(head, tip)? {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

/// Holds a head under a ref of ours, and says so in the records of its attempt.
fn save(
    cx: &mut Context<'_>,
    store: &Store,
    (scene, attempt): (&Scene<'_>, &AttemptId),
    head: &Oid,
) -> Result<RefName> {
    let name = format!("refs/wp/salvage/{}/tip/{head}", scene.id.slug());
    let name =
        RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` is not a ref name")))?;
    if scene.wanted.dry_run {
        return Ok(name);
    }
    let (repo, durability) = (cx.repo()?, cx.settings()?.durability);
    let (new, any) = (Some(head), &Expected::Any);
    let done = repo.refs().swap(&name, new, any, "wp: cleanup", durability);
    done.map_err(|e| e.into_error(&name))?;
    let packages = scene.records.packages.iter();
    let mut owners = packages.filter(|(_, p)| p.attempts.contains_key(attempt));
    if let Some((package, _)) = owners.next() {
        let fact = AttemptFact::Salvage(record::Salvage {
            commit: head.clone(),
            kept_by: name.clone(),
            extent: None,
            at: cx.now(),
        });
        let op = Op::Note {
            feature: scene.id.clone(),
            package: package.clone(),
            attempt: attempt.clone(),
            fact,
        };
        for answer in cx.submit(store, vec![(op, vec![head.clone()])])? {
            answer.map_err(Error::from)?;
        }
    }
    Ok(name)
}
