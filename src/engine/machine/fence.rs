//! Where alone the agent of an attempt may write.

use std::ffi::OsStr;
use std::path::Path;

use crate::agent::Fence;
use crate::agent::sandbox::{self, Ground};
use crate::base::Result;
use crate::engine::machine::worker::Worker;
use crate::model::{Package, SandboxLevel};
use crate::os::confine;
use crate::state::record::Attempt;
use crate::worktree::Room;

impl Worker {
    /// `None`: wherever its user may.
    pub(super) fn fence(
        &self,
        attempt: &Attempt,
        package: &Package,
        room: &Room,
    ) -> Result<Option<Fence>> {
        let setup = &self.shared.setup;
        let settings = &setup.settings;
        let profile = setup.staff.find(&package.id, &attempt.agent)?;
        let own = settings.agents.get(&profile.name);
        let asked = own.and_then(|own| own.sandbox).or(settings.sandbox);
        let missing = confine::missing();
        let stance = sandbox::stance(asked, &profile.data.sandbox, missing.as_deref())?;
        if stance.level == SandboxLevel::Off {
            return Ok(None);
        }
        let home = setup.environment.get(OsStr::new("HOME")).map(Path::new);
        let state = &profile.data.writes;
        sandbox::make_ready(state, home)?;
        let outside = own.map_or(&[][..], |own| &own.writable).iter();
        let outside = { outside.chain(&settings.sandbox_writable).chain(state) }.cloned();
        let ground = Ground {
            repo: &setup.repo,
            room: room.path(),
            git_dir: &room.git_dir(),
            branch: &attempt.branch,
            scope: &package.scope,
            outputs: &settings.project.worktree.writable,
            outside: &outside.collect::<Vec<_>>(),
            home,
        };
        Fence::around(stance.level, &ground).map(Some)
    }
}
