//! An attempt that goes on where an earlier one was cut short: in its work, and, where the agent
//! can, in its conversation.

use std::ffi::OsStr;
use std::path::Path;

use crate::agent::conversation::{self, Conversation};
use crate::base::Result;
use crate::engine::machine::worker::Worker;
use crate::model::{EndReason, Usage};
use crate::state::record::Attempt;
use crate::state::view::AttemptView;
use crate::worktree::Room;

impl Worker {
    /// The attempt that this one goes on with.
    pub(super) fn continued(&self, attempt: &Attempt) -> Result<Option<&AttemptView>> {
        let Some(earlier) = &attempt.continues else {
            return Ok(None);
        };
        let package = self.records()?.packages.get(&attempt.package);
        Ok(package.and_then(|package| package.attempts.get(earlier)))
    }

    /// The conversation to go on with. Without one the agent reads in its prompt what was done.
    pub(super) fn conversation(
        &self,
        attempt: &Attempt,
        earlier: Option<&AttemptView>,
        room: &Room,
    ) -> Result<Option<Conversation>> {
        let setup = &self.shared.setup;
        let profile = setup
            .staff
            .find((&attempt.package, attempt.mode), &attempt.agent)?;
        let account = earlier.and_then(|view| view.result.as_ref()?.account.as_ref());
        let session = account.and_then(conversation::worth_going_on);
        let earlier = earlier.filter(|view| was_cut_short(view));
        let (Some(earlier), Some(session), true) = (earlier, session, profile.resumes()) else {
            return Ok(None);
        };
        let Some(before) = self.shared.rooms.find(&earlier.attempt.attempt)? else {
            return Ok(None);
        };
        let home = setup.environment.get(OsStr::new("HOME")).map(Path::new);
        let rooms = (before.path(), room.path());
        conversation::bring(&profile.data, session, rooms, home)
    }
}

/// A debugger goes on with the work of another attempt, and thinks for itself.
fn was_cut_short(earlier: &AttemptView) -> bool {
    let end = earlier.end.as_ref();
    end.is_some_and(|end| end.reason == EndReason::Unserved)
}

/// What was used in the conversation so far.
pub(super) fn spent(earlier: &AttemptView) -> Usage {
    let account = earlier
        .result
        .as_ref()
        .and_then(|result| result.account.as_ref());
    account.map(|account| account.usage).unwrap_or_default()
}
