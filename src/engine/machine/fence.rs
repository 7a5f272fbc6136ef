//! Where alone the agent of an attempt may write, and how it is made to ask before.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::agent::sandbox::{self, Ground};
use crate::agent::wiring::Wiring;
use crate::agent::{Fence, Places, held};
use crate::base::Result;
use crate::engine::machine::worker::Worker;
use crate::model::settings::Sparse;
use crate::model::{Held, Isolation, Package, SandboxLevel};
use crate::os::confine;
use crate::state::record::Attempt;
use crate::worktree::Room;

impl Worker {
    /// The file by which the agent's program is made to ask before it writes.
    pub(super) fn wiring(
        &self,
        attempt: &Attempt,
        package: &Package,
        room: &Room,
    ) -> Result<Option<PathBuf>> {
        let setup = &self.shared.setup;
        let places = Places::new(&setup.repo.wp_dir(), &attempt.attempt);
        let folder = places.rules.parent().unwrap_or(&places.rules);
        let common = setup.repo.common_dir();
        let is_plain = common.file_name().is_some_and(|name| name == ".git");
        let wiring = Wiring {
            program: &setup.program,
            folder,
            room: room.path(),
            result_file: &places.result_file,
            common_dir: common,
            main: common.parent().filter(|_| is_plain),
            scope: &package.scope,
            asks_reads: setup.settings.project.worktree.sparse == Sparse::Scope,
            feature: self.shared.feature(),
            package: &package.id,
            attempt: &attempt.attempt,
        };
        let profile = setup
            .staff
            .find((&package.id, attempt.mode), &attempt.agent)?;
        wiring.write(profile.data.hooks.kind)
    }

    /// What the room of the attempt shares with the repository.
    fn isolation(&self, attempt: &Attempt) -> Result<Isolation> {
        let setup = &self.shared.setup;
        let profile = setup
            .staff
            .find((&attempt.package, attempt.mode), &attempt.agent)?;
        Ok(setup.settings.isolation_of(&profile.name, profile.trust))
    }

    /// Sets the room apart, if its agent is to work in a clone.
    pub(super) fn part(&self, attempt: &Attempt, room: &Room) -> Result<()> {
        match self.isolation(attempt)? {
            Isolation::Worktree => Ok(()),
            Isolation::Clone => room.part(),
        }
    }

    /// How the agent is held, and by what; without a fence it writes wherever its user may.
    pub(super) fn fence(
        &self,
        attempt: &Attempt,
        package: &Package,
        room: &Room,
    ) -> Result<(Held, Option<Fence>)> {
        let setup = &self.shared.setup;
        let settings = &setup.settings;
        let profile = setup
            .staff
            .find((&package.id, attempt.mode), &attempt.agent)?;
        let own = settings.agents.get(&profile.name);
        let held = held::of(profile, settings, confine::missing().as_deref())?;
        if held.sandbox == SandboxLevel::Off {
            return Ok((held, None));
        }
        let home = setup.environment.get(OsStr::new("HOME")).map(Path::new);
        let state = &profile.data.writes;
        sandbox::make_ready(state, home)?;
        let outside = own.map_or(&[][..], |own| &own.writable).iter();
        let outside = { outside.chain(&settings.sandbox_writable).chain(state) }.cloned();
        let isolation = self.isolation(attempt)?;
        let git_dir = match isolation {
            Isolation::Worktree => room.git_dir(),
            Isolation::Clone => room.apart().folder().to_owned(),
        };
        let ground = Ground {
            repo: &setup.repo,
            room: room.path(),
            git_dir: &git_dir,
            isolation,
            branch: &attempt.branch,
            scope: &package.scope,
            outputs: &settings.project.worktree.writable,
            outside: &outside.collect::<Vec<_>>(),
            home,
        };
        let fence = Fence::around(held.sandbox, &ground)?;
        Ok((held, Some(fence)))
    }
}
