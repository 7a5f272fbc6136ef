//! From a grant to a result: the room, the prompt, the agent, what it left.

use crate::agent::collect::{self, Collect};
use crate::agent::hypotheses;
use crate::agent::{AgentEnd, AgentRun, Environment, Expected, Observer, Order, Places, supervise};
use crate::base::{Error, Oid, PackageId, Redactor, RepoPath, Result, text};
use crate::engine::claims::{self, Truth};
use crate::engine::effect::{Outcome, Subject};
use crate::engine::machine::equip::{Desk, Ready};
use crate::engine::machine::go_on::spent;
use crate::engine::machine::prompting::{self, Material, Target};
use crate::engine::machine::watching::Watching;
use crate::engine::machine::worker::Worker;
use crate::git::Conversion;
use crate::hook::room::RoomOf;
use crate::hook::{Neighbour, RoomScope, install};
use crate::model::settings::Sparse;
use crate::model::{AttemptResult, Deviation, Mode, Package, RoomState, ScopeSpec};
use crate::os::clock;
use crate::scope::Fold;
use crate::state::record::Attempt;
use crate::worktree::room::Leftovers;
use crate::worktree::{Room, RoomSpec, submodules};

impl Worker {
    pub(super) fn run(&self, subject: &Subject) -> Result<Outcome> {
        let attempt = attempt_of(subject)?;
        let package = self.package(&subject.holding.package)?;
        let mut deviations = Vec::new();
        let start = self.start_of(attempt, package, &mut deviations)?;
        let room = self.make_room((attempt, &start), package)?;
        let desk = Desk::take(&self.shared, attempt.attempt.as_str())?;
        let ready = self.equip(&desk, &room, &mut deviations)?;
        let done = match ready {
            Ready::Yes => {
                let prompt = self.prompt((attempt, &start), package);
                prompt.and_then(|(prompt, cuts)| {
                    deviations.extend(cut(&cuts));
                    let at = (&room, prompt.as_str());
                    self.work((attempt, package), at, (&desk, &mut deviations))
                })
            }
            Ready::No(failure) => self.unready(attempt, &room, &failure).map(Box::new),
        };
        self.tear_down(&desk, &room, &mut deviations);
        room.measure();
        Ok(Outcome::Ran {
            holding: subject.holding.clone(),
            result: done?,
            deviations,
        })
    }

    fn work(
        &self,
        (attempt, package): (&Attempt, &Package),
        (room, prompt): (&Room, &str),
        (desk, deviations): (&Desk, &mut Vec<Deviation>),
    ) -> Result<Box<AttemptResult>> {
        let earlier = self.continued(attempt)?;
        let conversation = self.conversation(attempt, earlier, room)?;
        let places = Places::new(&self.shared.setup.repo.wp_dir(), &attempt.attempt);
        let environment = desk.told(self.room_environment(attempt, package, room)?);
        let redactor = environment.redactor();
        self.part(attempt, room)?;
        let (held, fence) = self.fence(attempt, package, room)?;
        let wiring = self.wiring(attempt, package, room)?;
        let before = Watching::begin(self, room)?;
        let order = Order {
            feature: self.shared.feature(),
            package,
            attempt: &attempt.attempt,
            mode: attempt.mode,
            room: room.path(),
            places: &places,
            prompt,
            conversation: conversation.as_ref(),
            spent: earlier
                .filter(|_| conversation.is_some())
                .map(spent)
                .unwrap_or_default(),
            settings: wiring.as_deref(),
            environment,
            limits: self.limits(package),
            program: &self.shared.setup.program,
            fence: fence.as_ref(),
        };
        let ended = self.supervise(attempt, &order, room);
        // Whoever goes on looks for its commits in the repository.
        let ended = ended.inspect_err(|_| drop(room.rejoin()))?;
        let conversion = before.end(self, room, deviations)?;
        let message = leftovers_message(package, attempt);
        let state = self.left((&message, conversion), room, deviations)?;
        let mut result = collect::collect(&Collect {
            run: &ended,
            room: &state,
            result_file: &places.result_file,
            hypotheses: hypotheses_of(attempt.mode, &places, &redactor),
            expected: Expected {
                feature: self.shared.feature(),
                package: &package.id,
            },
            base: (&attempt.base, room.base_tree()),
            redactor: &redactor,
            at: clock::now(),
        });
        result.held = (ended.end != AgentEnd::NothingToDo).then_some(held);
        deviations.extend(ended.survivors.iter().map(survivor));
        claims::judge(&mut result);
        deviations.extend(self.remarks((attempt, package), &result));
        Ok(Box::new(result))
    }

    fn remarks(
        &self,
        (attempt, package): (&Attempt, &Package),
        result: &AttemptResult,
    ) -> Vec<Deviation> {
        let truth = Truth {
            plan: &self.shared.setup.plan,
            package,
            number: attempt.number,
            files: &result.files_modified,
        };
        claims::remarks(truth, result, clock::now())
    }

    /// Takes over what was committed in a clone, and commits what is left in the room.
    fn left(
        &self,
        (message, conversion): (&str, Conversion),
        room: &Room,
        deviations: &mut Vec<Deviation>,
    ) -> Result<RoomState> {
        let lost = room.rejoin()?;
        deviations.extend(lost.map(|why| deviation("clone", why, Vec::new())));
        room.commit_leftovers(Leftovers {
            message,
            by: &self.shared.setup.person,
            conversion,
        })
    }

    fn make_room(&self, (attempt, start): (&Attempt, &Oid), package: &Package) -> Result<Room> {
        let rooms = &self.shared.setup.settings.project.worktree;
        let scope = &package.scope;
        if !rooms.submodules {
            let repo = &self.shared.setup.repo;
            let tree = repo.objects().commit(&attempt.base)?.tree;
            submodules::refuse(&submodules::of_tree(repo, &tree)?, &scope.write_allow)?;
        }
        let sparse = match rooms.sparse {
            Sparse::On | Sparse::Scope => readable_in(scope),
            Sparse::Off => Vec::new(),
        };
        let room = self.shared.rooms.create(&RoomSpec {
            feature: self.shared.feature(),
            package: &package.id,
            attempt: &attempt.attempt,
            branch: &attempt.branch,
            base: &attempt.base,
            start,
            sparse: &sparse,
        })?;
        let standing = self.shared.standing.lock();
        let mut standing = standing.unwrap_or_else(std::sync::PoisonError::into_inner);
        standing.insert(attempt.attempt.clone());
        Ok(room)
    }

    /// What the agent and the hooks in its room have to know.
    fn room_environment(
        &self,
        attempt: &Attempt,
        package: &Package,
        room: &Room,
    ) -> Result<Environment> {
        let setup = &self.shared.setup;
        let of = RoomOf {
            feature: attempt.feature.clone(),
            package: attempt.package.clone(),
            attempt: attempt.attempt.clone(),
            branch: attempt.branch.clone(),
            base: attempt.base.clone(),
        };
        let mut scope = RoomScope::new(of, package.scope.clone());
        scope.ignore_case = self.shared.fold == Fold::Case;
        scope.max_blob_bytes = setup.settings.max_blob_bytes;
        scope.others = self.neighbours(&package.id)?;
        scope.readable = (setup.settings.project.worktree.sparse == Sparse::Scope)
            .then(|| readable_in(&package.scope));
        scope.write(setup.repo.common_dir())?;
        let profile = setup
            .staff
            .find((&package.id, attempt.mode), &attempt.agent)?;
        let mut environment = self.shared.with_variables(&profile.env);
        if !self.shared.hooks_installed {
            for (name, value) in install::env_config(setup.repo.common_dir()) {
                environment = environment.with(name, value);
            }
        }
        Ok(environment.with_git_config(&room.config()))
    }

    fn neighbours(&self, own: &PackageId) -> Result<Vec<Neighbour>> {
        let records = self.records()?;
        let packages = self.plan.packages.iter();
        let others = packages.filter(|p| p.id != *own).filter(|p| {
            let view = records.packages.get(&p.id);
            view.is_none_or(|p| p.accept.is_none())
        });
        let neighbours = others.map(|p| Neighbour {
            package: p.id.clone(),
            scope: p.scope.clone(),
        });
        Ok(neighbours.collect())
    }

    fn prompt(
        &self,
        (attempt, start): (&Attempt, &Oid),
        package: &Package,
    ) -> Result<(String, Vec<String>)> {
        let setup = &self.shared.setup;
        let material = Material {
            repo: &setup.repo,
            plan: &setup.plan,
            plan_text: &setup.plan_text,
            notes: &setup.notes,
            records: self.records()?,
        };
        let target = Target {
            attempt: &attempt.attempt,
            branch: &attempt.branch,
            base: &attempt.base,
            record: Some((attempt, start)),
        };
        let prompt = prompting::prompt(&material, package, target)?;
        Ok((prompt.text, prompt.cuts))
    }

    fn limits(&self, package: &Package) -> crate::agent::Limits {
        let settings = &self.shared.setup.settings;
        crate::agent::Limits {
            wall: std::time::Duration::from_secs(u64::from(package.timeout_minutes) * 60),
            silence: (!settings.silence.is_zero()).then_some(settings.silence),
            grace: settings.grace,
            log_bytes: settings.log_bytes,
            checkpoint: Some(settings.checkpoint),
        }
    }

    fn supervise(&self, attempt: &Attempt, order: &Order<'_>, room: &Room) -> Result<AgentRun> {
        let setup = &self.shared.setup;
        let profile = setup
            .staff
            .find((&order.package.id, order.mode), &attempt.agent)?;
        let activity = |activity: &crate::agent::Activity| {
            (setup.activity)(&order.package.id, activity);
        };
        // A checkpoint is a convenience; the next one may succeed.
        let checkpoint = || {
            drop(room.checkpoint());
            // So is a rehearsal.
            drop(self.rehearse(attempt));
            room.measure();
        };
        let observer = Observer {
            activity: &activity,
            checkpoint: &checkpoint,
        };
        supervise::run(profile, order, observer, &self.watch)
    }
}

/// What a debugger wrote; nobody else is asked to.
fn hypotheses_of(mode: Mode, places: &Places, redactor: &Redactor) -> Option<String> {
    match mode {
        Mode::Debug => hypotheses::read(&places.hypothesis_file, redactor),
        Mode::Implement => None,
    }
}

/// Places where a prompt was cut.
fn cut(cuts: &[String]) -> Option<Deviation> {
    let detail = (!cuts.is_empty()).then(|| cuts.join("; "))?;
    Some(deviation("prompt-cut", detail, Vec::new()))
}

/// The patterns that choose what a sparse room shows.
pub(super) fn readable_in(scope: &ScopeSpec) -> Vec<String> {
    let patterns = scope.write_allow.iter().chain(&scope.read_allow);
    patterns.cloned().collect()
}

pub(super) fn attempt_of(subject: &Subject) -> Result<&Attempt> {
    let view = subject.view.as_ref();
    let missing = || Error::damaged("record", "the record of an attempt is missing");
    view.map(|view| &view.attempt).ok_or_else(missing)
}

/// The result of an attempt that has one.
pub(super) fn result_of(subject: &Subject) -> Result<&AttemptResult> {
    let view = subject.view.as_ref();
    let result = view.and_then(|view| view.result.as_ref());
    result.ok_or_else(|| Error::damaged("record", "the result of an attempt is missing"))
}

pub(super) fn deviation(kind: &str, detail: String, paths: Vec<RepoPath>) -> Deviation {
    Deviation {
        kind: kind.to_owned(),
        detail,
        paths,
        at: clock::now(),
    }
}

fn survivor(left: &String) -> Deviation {
    let detail = format!("a process could not be ended: {left}");
    deviation("survivor", detail, Vec::new())
}

/// The commit of what an agent left uncommitted. The attempt makes the subject unique.
fn leftovers_message(package: &Package, attempt: &Attempt) -> String {
    let role = text::foreign(package.role_word()).to_string();
    format!(
        "{}: work of attempt {} ({role})\n\nWork-Package: {}\nWp-Feature: {}\nWp-Attempt: {}\n",
        package.id, attempt.attempt, package.id, attempt.feature, attempt.attempt
    )
}

/// The tree of a commit.
pub(super) fn tree_of(worker: &Worker, commit: &Oid) -> Result<Oid> {
    Ok(worker.shared.setup.repo.objects().commit(commit)?.tree)
}

/// The environment for commands of a plan, with nothing of an attempt in it.
pub(super) fn command_environment(worker: &Worker) -> Environment {
    worker.shared.environment()
}
