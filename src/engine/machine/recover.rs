//! An attempt whose supervisor died: nothing of it runs on, nothing of it is lost.

use crate::base::Result;
use crate::engine::effect::{Outcome, Subject};
use crate::engine::machine::equip::Desk;
use crate::engine::machine::worker::Worker;
use crate::os::{clock, process};
use crate::state::record::Salvage;
use crate::worktree::Room;

impl Worker {
    pub(super) fn recover(&self, subject: &Subject) -> Result<Outcome> {
        let id = &subject.holding.attempt;
        let left = process::kill_marked(&format!("WP_ATTEMPT={id}"));
        self.shared.rooms.recover()?;
        let room = self.shared.rooms.find(id)?;
        let salvage = room.as_ref().map(salvage).transpose()?.flatten();
        if let Some(room) = &room {
            // Its supervisor cannot do it any more.
            let desk = Desk::take(&self.shared, id.as_str())?;
            self.tear_down(&desk, room, &mut Vec::new());
        }
        let mut note = "its supervisor was gone".to_owned();
        if !left.is_empty() {
            let count = crate::base::text::count(left.len(), "process");
            note.push_str(&format!("; {count} of it could not be ended"));
        }
        Ok(Outcome::Recovered {
            holding: subject.holding.clone(),
            salvage,
            note,
        })
    }
}

/// Saves what no branch holds; `None` if the attempt's branch holds everything.
pub(super) fn salvage(room: &Room) -> Result<Option<Salvage>> {
    let saved = room.salvage()?;
    let Some(commit) = saved.commit else {
        return Ok(None);
    };
    Ok(Some(Salvage {
        commit,
        kept_by: room.salvage_ref()?,
        extent: None,
        at: clock::now(),
    }))
}
