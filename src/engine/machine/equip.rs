//! What a room needs around the work in it: files, ports, set-up before and tear-down after.

use std::path::PathBuf;

use crate::agent::Environment;
use crate::agent::supervise::TAIL_MAX;
use crate::base::Result;
use crate::engine::machine::shared::{Shared, Trust};
use crate::engine::machine::start::deviation;
use crate::engine::machine::worker::Worker;
use crate::model::{AttemptResult, Deviation, OutcomeKind};
use crate::os::clock;
use crate::os::port::PortRange;
use crate::os::process::{Ended, Watch};
use crate::state::record::Attempt;
use crate::worktree::programs::{self, Failure, Phase, Surroundings};
use crate::worktree::{Equipped, Room, equip, ports, submodules};

/// What is held for one attempt or check while its programs run.
pub(super) struct Desk {
    name: String,
    ports: Option<PortRange>,
}

/// Whether work can begin.
pub(super) enum Ready {
    Yes,
    /// A set-up command failed.
    No(Box<Failure>),
}

impl Desk {
    /// Takes ports, if any are asked for. `name` is an attempt's, or a check's.
    pub(super) fn take(shared: &Shared, name: &str) -> Result<Self> {
        let setup = &shared.setup;
        let count = setup.settings.project.worktree.ports;
        let state_dir = shared.state_dir.as_deref();
        Ok(Desk {
            name: name.to_owned(),
            ports: ports::take(&setup.repo, state_dir, (name, count))?,
        })
    }

    /// Tells programs of it.
    pub(super) fn told(&self, mut environment: Environment) -> Environment {
        for (name, value) in self.ports.iter().flat_map(ports::variables) {
            environment = environment.with(name, value);
        }
        environment
    }
}

impl Worker {
    /// Brings files into the room of an attempt and runs its set-up.
    pub(super) fn equip(
        &self,
        desk: &Desk,
        room: &Room,
        deviations: &mut Vec<Deviation>,
    ) -> Result<Ready> {
        let equipped = self.bring(room.path(), room.base_tree())?;
        room.set_aside(&equipped.brought)?;
        for line in equipped.left_out {
            deviations.push(deviation("not-equipped", line, Vec::new()));
        }
        let failures = self.programs(Phase::Setup, desk, (room.path(), Some(room)), &self.watch)?;
        let first = failures.into_iter().next();
        Ok(first.map_or(Ready::Yes, |failure| Ready::No(Box::new(failure))))
    }

    /// Brings what `wp.toml` names, and the files of submodules if that is asked for.
    pub(super) fn bring(
        &self,
        room: &std::path::Path,
        tree: &crate::base::Oid,
    ) -> Result<Equipped> {
        let setup = &self.shared.setup;
        let settings = &setup.settings.project.worktree;
        let wants = !settings.copy.is_empty()
            || !settings.link.is_empty()
            || !settings.hardlink.is_empty()
            || settings.submodules;
        if !wants {
            return Ok(Equipped::default());
        }
        let main = setup.repo.need_work_dir("equipping a worktree")?;
        let mut equipped = Equipped::default();
        if settings.submodules {
            let all = submodules::of_tree(&setup.repo, tree)?;
            equipped.left_out = submodules::bring(room, main, &all)?;
        }
        let found = equip(room, main, settings)?;
        equipped.brought = found.brought;
        equipped.left_out.extend(found.left_out);
        Ok(equipped)
    }

    /// Runs the commands of a phase where they were approved; gives those that failed.
    pub(super) fn programs(
        &self,
        phase: Phase,
        desk: &Desk,
        (path, room): (&std::path::Path, Option<&Room>),
        watch: &Watch,
    ) -> Result<Vec<Failure>> {
        let setup = &self.shared.setup;
        let settings = &setup.settings.project.worktree;
        let (lines, word) = match phase {
            Phase::Setup => (&settings.setup, "setup"),
            Phase::Teardown => (&settings.teardown, "teardown"),
        };
        if lines.is_empty() || setup.project == Trust::Missing {
            return Ok(Vec::new());
        }
        let mut environment = desk.told(self.shared.environment());
        if let Some(room) = room {
            environment = environment.with_git_config(&room.config());
        }
        programs::run(
            phase,
            lines,
            Surroundings {
                room: path,
                env: environment.vars(),
                mark: room.map(|room| ("WP_ATTEMPT", room.attempt().as_str())),
                log: &self.program_log(&desk.name, word),
                watch,
            },
        )
    }

    fn program_log(&self, name: &str, word: &str) -> PathBuf {
        let logs = self.shared.setup.repo.wp_dir().join("logs");
        logs.join(format!("{name}.{word}.log"))
    }

    /// Runs the tear-down; what fails there changes nothing and is noted.
    pub(super) fn tear_down(&self, desk: &Desk, room: &Room, deviations: &mut Vec<Deviation>) {
        // Whoever stopped the work did not stop this.
        let watch = Watch::default();
        let at = (room.path(), Some(room));
        let lines = match self.programs(Phase::Teardown, desk, at, &watch) {
            Ok(failures) => failures
                .iter()
                .map(|failure| self.line(Phase::Teardown, failure))
                .collect(),
            Err(error) => vec![error.message().to_owned()],
        };
        for line in lines {
            deviations.push(deviation("teardown", line, Vec::new()));
        }
    }

    /// A failure in one line, with the end of what was said.
    pub(super) fn line(&self, phase: Phase, failure: &Failure) -> String {
        let tail = self.tail(failure);
        let last = tail.lines().rev().find(|line| !line.trim().is_empty());
        let said = last.map_or(String::new(), |last| format!(": {}", last.trim()));
        let redactor = self.shared.environment().redactor();
        redactor.redact(&(failure.describe(phase) + &said))
    }

    fn tail(&self, failure: &Failure) -> String {
        let redactor = self.shared.environment().redactor();
        redactor.tail(&failure.tail, TAIL_MAX)
    }

    /// The result of an attempt whose room could not be set up: no agent was started.
    pub(super) fn unready(
        &self,
        attempt: &Attempt,
        room: &Room,
        failure: &Failure,
    ) -> Result<AttemptResult> {
        let outcome = match failure.ended {
            Ended::Stopped | Ended::Enough => OutcomeKind::Stopped,
            Ended::WallLimit => OutcomeKind::TimedOut,
            Ended::SilenceLimit => OutcomeKind::Silent,
            Ended::Alone => OutcomeKind::Failed,
        };
        Ok(AttemptResult {
            outcome,
            head: attempt.base.clone(),
            tree: room.base_tree().clone(),
            exit_code: failure.exit_code(),
            seconds: failure.took.as_secs(),
            reason: self.line(Phase::Setup, failure),
            files_modified: Vec::new(),
            claimed: Default::default(),
            log: None,
            account: None,
            held: None,
            hypotheses: None,
            tail: self.tail(failure),
            at: clock::now(),
        })
    }
}
