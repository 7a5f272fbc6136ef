//! Looks for damages of the state and of the files beside it. Changes nothing.

use std::path::Path;
use std::time::Duration;

use crate::base::{ActorId, Error, Kind, Oid, Result};
use crate::git::{EMPTY_OBJECT, Mode};
use crate::os::clock;
use crate::os::{file, lock};
use crate::state::layout;
use crate::state::record::FORMAT_VERSION;
use crate::state::view::AttemptView;
use crate::state::{FeatureView, View};
use crate::store::backend::{Backend, Snapshot};
use crate::store::damage::{Damage, Fault};
use crate::store::handle::{Local, Site, Store};
use crate::store::journal::{self, Since};
use crate::store::mirror::{Load, Mirror};

/// Commits whose records are compared with those before.
const COMMITS_MAX: usize = 2000;
/// Younger temporary files may belong to somebody.
const LEFTOVER_AGE: Duration = Duration::from_secs(60);
/// Folders nested deeper than any record.
const DEPTH_MAX: usize = 12;

impl Store {
    /// Everything that is wrong, in a fixed order. Takes no lock.
    ///
    /// # Errors
    /// The machine failed; damages are no errors.
    pub fn damages(&self) -> Result<Vec<Damage>> {
        let mut found = Vec::new();
        let tip = match &self.site {
            Site::Local(local) => self.check_ref(local, &mut found)?,
            Site::Memory(_) => self.tip()?,
        };
        if let Some(tip) = tip {
            self.check_state(&tip, &mut found)?;
        }
        one_for_the_ref(&mut found);
        if let Site::Local(local) = &self.site {
            self.check_files(local, &mut found)?;
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Compares the ref with the journal; gives the tip if it is a commit.
    fn check_ref(&self, local: &Local, found: &mut Vec<Damage>) -> Result<Option<Oid>> {
        let known = local.journal.borrow().newest()?;
        let tip = local.git.tip()?;
        if let Some(known) = known {
            let newest = known.commit.clone();
            match journal::check(self.backend.as_ref(), &known, tip.as_ref()) {
                Ok(Since::Grown(_) | Since::PowerCut) => {}
                Err(error) if error.kind() == Kind::Damaged => match &tip {
                    None => found.push(Damage::StateLost { newest }),
                    Some(tip) => found.push(Damage::StateMoved {
                        tip: tip.clone(),
                        newest,
                    }),
                },
                Err(error) => return Err(error),
            }
        }
        let path = local.git.lock_path();
        if is_old(&path, Duration::from_secs(2)) {
            let file = path.display().to_string();
            found.push(Damage::RefLock { file });
        }
        Ok(tip)
    }

    fn check_state(&self, tip: &Oid, found: &mut Vec<Damage>) -> Result<()> {
        let backend = self.backend.as_ref();
        let mut broken = Vec::new();
        let commit = match backend.commit(tip) {
            Ok(commit) => commit,
            Err(error) => {
                found.push(object(backend, (None, tip), error)?);
                return Ok(());
            }
        };
        unreadable(backend, ("", &commit.tree), &mut broken)?;
        if broken.iter().any(Damage::is_of_the_ref) {
            found.append(&mut broken);
            return Ok(());
        }
        let snapshot = Snapshot::new(Some((tip.clone(), commit.tree)));
        let view = Mirror::default().view(&snapshot, &Load::All, (backend, &self.cache))?;
        if view.format > FORMAT_VERSION {
            // Nothing else of it can be judged here.
            let format = view.format;
            found.push(Damage::NewerFormat { format });
            return Ok(());
        }
        if view.format == 0 && broken.is_empty() {
            let (tip, why) = (tip.clone(), "`meta/format.json` is missing".to_owned());
            found.push(Damage::NoState { tip, why });
            return Ok(());
        }
        let follows = |path: &str| broken.iter().any(|damage| is_within(path, damage));
        let mut problems = view.problems.clone();
        if broken.is_empty() {
            problems.extend(self.shelf_problems(&snapshot)?);
        }
        let problems = problems.iter().filter(|p| !follows(&p.path));
        found.extend(problems.map(|p| Damage::Record {
            path: p.path.clone(),
            why: p.why.clone(),
        }));
        let is_whole = broken.is_empty();
        found.append(&mut broken);
        for (path, oid) in named_objects(&view, self.elsewhere()?.as_ref()) {
            if !backend.has(&oid)? {
                found.push(Damage::Dangling { path, oid });
            }
        }
        // What cannot be read cannot be compared either.
        match is_whole {
            true => self.check_chain(tip, found),
            false => Ok(()),
        }
    }

    /// Every record of a commit is in the next one, byte for byte.
    fn check_chain(&self, tip: &Oid, found: &mut Vec<Damage>) -> Result<()> {
        let backend = self.backend.as_ref();
        let mut newer: Option<(Oid, Oid)> = None;
        let mut next = Some(tip.clone());
        let mut count = 0;
        while let Some(oid) = next.filter(|_| count < COMMITS_MAX) {
            count += 1;
            let checked = backend.commit(&oid).and_then(|commit| {
                if let Some((newer, tree)) = &newer
                    && let Some(path) = taken_away(backend, "", (&commit.tree, tree), 0)?
                {
                    let commit = newer.clone();
                    found.push(Damage::Shrunk { commit, path });
                }
                Ok(commit)
            });
            match checked {
                Ok(commit) => {
                    next = commit.parents.into_iter().next();
                    newer = Some((oid, commit.tree));
                }
                Err(error) if error.kind() == Kind::Damaged => {
                    let why = error.to_string();
                    found.push(Damage::ChainBroken { why });
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn check_files(&self, local: &Local, found: &mut Vec<Damage>) -> Result<()> {
        let spool = local.path("spool");
        for name in file::names(&spool)? {
            let path = spool.join(name);
            let file = path.display().to_string();
            let is_request = path.extension().is_some_and(|e| e == "req");
            if !lock::is_held(&path)?
                && path.exists()
                && (is_request || is_old(&path, LEFTOVER_AGE))
            {
                found.push(Damage::DeadRequest { file });
            }
        }
        let damaged = self.cache.damaged()?;
        found.extend(damaged.iter().map(|path| Damage::DamagedCache {
            file: path.display().to_string(),
        }));
        for folder in [local.wp.clone(), local.path("cache")] {
            for name in file::names(&folder)? {
                let path = folder.join(&name);
                let is_ours = name.to_string_lossy().starts_with(".tmp-");
                if is_ours && is_old(&path, LEFTOVER_AGE) {
                    let file = path.display().to_string();
                    found.push(Damage::Leftover { file });
                }
            }
        }
        self.check_inboxes(local, found)
    }

    fn check_inboxes(&self, local: &Local, found: &mut Vec<Damage>) -> Result<()> {
        let inbox = local.path("inbox");
        let names = file::names(&inbox)?;
        if names.is_empty() {
            return Ok(());
        }
        let Ok(view) = self.view(&Load::Briefs) else {
            return Ok(());
        };
        for name in names {
            let name = name.to_string_lossy();
            let mut live = view.briefs.values().flat_map(|brief| &brief.live);
            if live.any(|(_, grant)| grant.attempt.as_str() == name) {
                continue;
            }
            let folder = inbox.join(name.as_ref());
            let requests = file::names(&folder)?.len();
            if requests > 0 {
                let folder = folder.display().to_string();
                found.push(Damage::LateInbox { folder, requests });
            }
        }
        Ok(())
    }
}

/// One damage of the ref is enough: that it holds no state says more than that it was moved, if
/// it holds what git cannot read; else that it was moved does.
fn one_for_the_ref(found: &mut Vec<Damage>) {
    let is_unreadable = |d: &Damage| matches!(d, Damage::Object { path: None, .. });
    let has_unreadable = found.iter().any(is_unreadable);
    let has_moved = found.iter().any(|d| matches!(d, Damage::StateMoved { .. }));
    found.retain(|damage| match damage {
        Damage::StateMoved { .. } => !has_unreadable,
        Damage::NoState { .. } => !has_moved,
        _ => true,
    });
}

/// True if a problem at `path` follows from an object that cannot be read.
fn is_within(path: &str, damage: &Damage) -> bool {
    let Damage::Object { path: Some(at), .. } = damage else {
        return false;
    };
    path == at || path.strip_prefix(at).is_some_and(|rest| rest.starts_with('/'))
        // A folder is said to lack what it should hold.
        || at.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// Every object of a tree that cannot be read; nothing is said of what is below one.
fn unreadable(
    backend: &dyn Backend,
    (path, tree): (&str, &Oid),
    found: &mut Vec<Damage>,
) -> Result<()> {
    let at = Some(path.to_owned()).filter(|path| !path.is_empty());
    let entries = match backend.list(tree) {
        Ok(entries) => entries,
        Err(error) => {
            found.push(object(backend, (at, tree), error)?);
            return Ok(());
        }
    };
    if path.split('/').count() > DEPTH_MAX {
        return Ok(());
    }
    for entry in entries {
        let name = entry.path.to_text();
        let path = match &at {
            Some(at) => format!("{at}/{name}"),
            None => name.clone(),
        };
        if entry.mode == Mode::Tree {
            unreadable(backend, (&path, &entry.oid), found)?;
        } else if let Err(error) = backend.blob(&entry.oid) {
            found.push(object(backend, (Some(path), &entry.oid), error)?);
        }
    }
    Ok(())
}

/// # Errors
/// The machine failed: nothing is known of the object.
fn object(
    backend: &dyn Backend,
    (path, oid): (Option<String>, &Oid),
    error: Error,
) -> Result<Damage> {
    if error.kind() != Kind::Damaged {
        return Err(error);
    }
    let fault = match error.code() {
        EMPTY_OBJECT => Fault::Empty,
        _ if !backend.has(oid)? => Fault::Missing,
        _ => Fault::Unreadable(error.to_string()),
    };
    let oid = oid.clone();
    Ok(Damage::Object { path, oid, fault })
}

/// The first path of the older tree that the newer one does not have as it was.
pub(super) fn taken_away(
    backend: &dyn Backend,
    path: &str,
    (older, newer): (&Oid, &Oid),
    depth: usize,
) -> Result<Option<String>> {
    if older == newer || depth > DEPTH_MAX {
        return Ok(None);
    }
    let now = backend.list(newer)?;
    for before in backend.list(older)? {
        let path = format!("{path}{}", before.path.to_text());
        let after = now.iter().find(|e| e.path == before.path);
        match after {
            Some(after) if after.oid == before.oid => {}
            Some(after) if before.mode == Mode::Tree && after.mode == Mode::Tree => {
                let (inner, both) = (format!("{path}/"), (&before.oid, &after.oid));
                if let Some(gone) = taken_away(backend, &inner, both, depth + 1)? {
                    return Ok(Some(gone));
                }
            }
            // Registers may be replaced; they live below `actors/`.
            _ if path.starts_with("actors/") => {}
            // A person may begin another generation.
            Some(_) if path == layout::AUTHORITY => {}
            _ => return Ok(Some(path)),
        }
    }
    Ok(None)
}

/// Every object that records name, with a word for where.
/// What records name and this clone has to have. `me`: this clone, where an authority elsewhere
/// decides; what other clones made is fetched when it is needed.
fn named_objects(view: &View, me: Option<&ActorId>) -> Vec<(String, Oid)> {
    let mut all = Vec::new();
    for (id, feature) in &view.features {
        let mut named = of_feature(feature);
        named.extend(of_attempts(feature, me));
        if me.is_none() {
            named.extend(of_merges(feature));
        }
        all.extend(named.into_iter().map(|(what, oid)| {
            let path = format!("{id}{what}");
            (path, oid.clone())
        }));
    }
    all
}

/// What came with the state itself.
fn of_feature(feature: &FeatureView) -> Vec<(String, &Oid)> {
    let mut all = Vec::new();
    for plan in feature.plans.values() {
        all.push((format!(": plan {}", plan.hash.short(12)), &plan.blob));
    }
    for (id, run) in &feature.runs {
        if let Some(ended) = &run.ended {
            all.push((format!(": summary of run {id}"), &ended.text));
        }
    }
    all
}

fn of_attempts<'a>(feature: &'a FeatureView, me: Option<&ActorId>) -> Vec<(String, &'a Oid)> {
    let mut all = Vec::new();
    for (id, package) in &feature.packages {
        let own = |known: &AttemptView| me.is_none_or(|me| known.attempt.by.actor == *me);
        for (aid, attempt) in package.attempts.iter().filter(|(_, known)| own(known)) {
            let what = format!("/{id}: attempt {aid}");
            all.push((what.clone(), &attempt.attempt.base));
            all.extend(attempt.result.iter().map(|r| (what.clone(), &r.head)));
            all.extend(attempt.salvages.iter().map(|s| (what.clone(), &s.commit)));
        }
    }
    all
}

fn of_merges(feature: &FeatureView) -> Vec<(String, &Oid)> {
    let mut all = Vec::new();
    for (id, run) in &feature.runs {
        all.push((format!(": base of run {id}"), &run.started.base));
        if let Some(ended) = &run.ended {
            all.push((format!(": head of run {id}"), &ended.head));
        }
    }
    for (n, land) in &feature.lands {
        all.push((format!(": landing {n}"), &land.land.old));
        all.push((format!(": landing {n}"), &land.land.new));
    }
    for (id, package) in &feature.packages {
        if let Some(accept) = &package.accept {
            all.push((format!("/{id}: its merge"), &accept.head));
            all.push((format!("/{id}: its merge"), &accept.merge));
        }
    }
    all
}

fn is_old(path: &Path, age: Duration) -> bool {
    let modified = std::fs::symlink_metadata(path).and_then(|meta| meta.modified());
    modified.is_ok_and(|at| clock::now().since(clock::from_system(at)) > age)
}
