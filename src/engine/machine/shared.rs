//! What all worker threads of a run read, and nobody changes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::agent::{Activity, Environment, Note, Profile, Staff};
use crate::base::{AttemptId, Error, FeatureId, Oid, PackageId, RepoPath, Result};
use crate::engine::machine::rehearsal::Rehearsed;
use crate::git::{LargeFiles, Person, Repo};
use crate::graph::Graph;
use crate::hook::install;
use crate::model::{Package, Plan, ScopeSpec, Settings};
use crate::os::signal::Signals;
use crate::schedule::{Agenda, Duties, growth};
use crate::scope::{Fold, Set};
use crate::state::record::{PackageBrief, RunStarted};
use crate::state::view::AttemptView;
use crate::state::{FeatureView, View};
use crate::worktree::{Post, Rooms, VerifyRooms};

/// Everything a run on this machine needs; the border has read and checked it.
pub struct Setup {
    /// The repository.
    pub repo: Repo,
    /// The settings.
    pub settings: Settings,
    /// The plan as approved.
    pub plan: Plan,
    /// Its text.
    pub plan_text: String,
    /// What those before left, quoted as data in every prompt.
    pub notes: Vec<Note>,
    /// The agents.
    pub staff: Staff,
    /// Agents that review what is merged.
    pub reviewers: Vec<Profile>,
    /// What this process does for the run.
    pub duties: Duties,
    /// How the run begins, or began.
    pub started: RunStarted,
    /// This clone and its label; the time is taken anew.
    pub by: crate::state::record::By,
    /// Author and committer of what the runner commits.
    pub person: Person,
    /// The environment of this process.
    pub environment: BTreeMap<OsString, OsString>,
    /// Where rooms stand, from [`crate::worktree::place::choose`].
    pub rooms: PathBuf,
    /// Whether `wp.toml` was trusted on this machine: else none of its programs runs.
    pub project: Trust,
    /// Whether a feature branch that is checked out may be moved, with a clean tree.
    pub checkout: CheckoutRule,
    /// Commands of the final verification beside the integration package's steps and
    /// `wp.toml`'s, for instance the OpenSpec check: name and command line.
    pub extra_checks: Vec<(String, String)>,
    /// This program, for the hooks of rooms.
    pub program: PathBuf,
    /// Ctrl-C and friends.
    pub signals: Signals,
    /// Told what agents are doing, from other threads.
    pub activity: Box<Listener>,
}

/// Told what the agent of a package is doing.
pub type Listener = dyn Fn(&PackageId, &Activity) + Send + Sync;

/// Whether a person trusted a file that names programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// On this machine, for exactly these bytes.
    Given,
    /// No: nothing it names is started.
    Missing,
}

/// What happens to a feature branch that somebody has checked out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CheckoutRule {
    /// It is left alone.
    #[default]
    LeaveAlone,
    /// It is fast-forwarded with its work tree, if that is clean.
    Update,
}

/// The setup, and what workers make of it.
pub(super) struct Shared {
    pub(super) setup: Setup,
    /// The plan as approved, to be shared.
    plan: Arc<Plan>,
    /// Its packages, with what each effectively waits for.
    briefs: Vec<PackageBrief>,
    pub(super) rooms: Rooms,
    pub(super) verify_rooms: VerifyRooms,
    pub(super) post: Post,
    pub(super) fold: Fold,
    /// Hooks are installed; else they are passed through the environment.
    pub(super) hooks_installed: bool,
    /// Rooms that stand, by attempt.
    pub(super) standing: Mutex<BTreeSet<AttemptId>>,
    /// The user's state folder for this program, if there is one.
    pub(super) state_dir: Option<PathBuf>,
    /// What live packages merged against each other gave.
    pub(super) rehearsed: Mutex<Rehearsed>,
    /// The tip on which the books were closed, and how much was found of the feature by then.
    pub(super) closed: Mutex<Option<(Oid, usize)>>,
}

/// Longest silence between TERM and the next look; see [`Settings::grace`].
pub(super) const VERIFY_MINUTES: u32 = 30;

impl Shared {
    /// `name` is that of a lock in our `run` folder which this process holds.
    pub(super) fn new(setup: Setup, name: &str) -> Result<Self> {
        let large = match setup.settings.project.worktree.lfs {
            true => LargeFiles::Content,
            false => LargeFiles::Pointers,
        };
        let repo = setup.repo.clone().with_large_files(large);
        let parent = setup.rooms.clone();
        let rooms = Rooms::new(repo.clone(), parent.clone(), setup.person.clone())
            .with_durability(setup.settings.durability);
        let standing = rooms.list()?;
        let standing = standing.iter().map(|room| room.attempt().clone());
        let hooks = install::standing(&repo, &setup.program)?;
        if !hooks.scripts {
            install::materialise(repo.common_dir(), &setup.program)?;
        }
        Ok(Shared {
            fold: fold_of(&repo)?,
            hooks_installed: hooks.entry && hooks.included,
            verify_rooms: VerifyRooms::new(repo.clone(), parent),
            post: Post::new(repo.clone(), name),
            standing: Mutex::new(standing.collect()),
            rehearsed: Mutex::default(),
            closed: Mutex::new(None),
            state_dir: state_dir(&setup),
            plan: Arc::new(setup.plan.clone()),
            briefs: Agenda::of(&setup.plan, &Graph::of(&setup.plan)).briefs(),
            rooms,
            setup,
        })
    }

    pub(super) fn feature(&self) -> &FeatureId {
        &self.setup.plan.feature.id
    }

    /// The plan with what the loops want by these records.
    pub(super) fn plan(&self, view: &View) -> Arc<Plan> {
        let records = self.records(view);
        let grown =
            records.and_then(|records| growth::grow(&self.setup.plan, &self.briefs, records));
        grown.map_or_else(|| Arc::clone(&self.plan), Arc::new)
    }

    /// Where a package may write.
    pub(super) fn scope(&self, package: &Package) -> Result<Set> {
        parse_scope(&package.scope, self.fold)
    }

    /// The environment of commands: the allowlist, and what the user names for agents. What an
    /// agent's own program needs, keys above all, is not for commands that run its code.
    pub(super) fn environment(&self) -> Environment {
        let all = self.setup.staff.all().into_iter();
        let own = all.flat_map(|p| p.env.iter().filter(|name| !p.data.pass.contains(name)));
        self.with_variables(&own.cloned().collect::<Vec<_>>())
    }

    /// The allowlist with these variables beside it.
    pub(super) fn with_variables(&self, names: &[String]) -> Environment {
        let Person { name, email } = &self.setup.person;
        let environment = Environment::allowed(&self.setup.environment, names);
        let environment = environment.with_identity(name, email);
        match self.setup.settings.project.worktree.lfs {
            true => environment,
            false => environment.with("GIT_LFS_SKIP_SMUDGE", "1"),
        }
    }

    /// The wall-clock limit of one verification step.
    pub(super) fn step_limit(&self) -> Duration {
        let minutes = self.setup.settings.project.verify.timeout_minutes;
        let minutes = if minutes == 0 {
            VERIFY_MINUTES
        } else {
            minutes
        };
        Duration::from_secs(u64::from(minutes) * 60)
    }

    /// The records of the feature in `view`.
    pub(super) fn records<'a>(&self, view: &'a View) -> Option<&'a FeatureView> {
        view.features.get(self.feature())
    }
}

fn state_dir(setup: &Setup) -> Option<PathBuf> {
    let all = setup.environment.iter();
    let all: crate::config::Environment = all.map(|(k, v)| (k.clone(), v.clone())).collect();
    all.state_folder().ok()
}

/// Which paths count as the same where this repository is checked out.
fn fold_of(repo: &Repo) -> Result<Fold> {
    let settings = repo.git().settings("^core\\.ignorecase$")?;
    let is_on = settings
        .last()
        .is_some_and(|setting| setting.value == "true");
    Ok(if is_on { Fold::Case } else { Fold::None })
}

pub(super) fn parse_scope(spec: &ScopeSpec, fold: Fold) -> Result<Set> {
    Set::parse(spec, fold).map_err(|misfits| {
        let first = misfits.first().map(|m| format!("{m:?}"));
        Error::bug(format!("a scope that was validated: {first:?}"))
    })
}

/// Heads that were accepted so far, with their packages.
pub(super) fn accepted(records: &FeatureView) -> Vec<(&PackageId, &AttemptView, &Oid)> {
    let packages = records.packages.iter();
    let accepted = packages.filter_map(|(id, package)| {
        let accept = package.accept.as_ref()?;
        Some((id, package.attempts.get(&accept.attempt)?, &accept.head))
    });
    accepted.collect()
}

/// The package that brought a path into the tip: the last accepted one that changed it.
pub(super) fn origin_of(records: &FeatureView, path: &RepoPath) -> Option<PackageId> {
    let all = accepted(records);
    let mut owners = all.iter().rev().filter(|(_, attempt, _)| {
        let result = attempt.result.as_ref();
        result.is_some_and(|r| r.files_modified.contains(path))
    });
    owners.next().map(|(id, _, _)| (*id).clone())
}
