//! What lies apart from features in a mirror: locks and free-standing tasks, a room each.

use std::sync::Arc;

use crate::base::{Oid, Result};
use crate::state::fold;
use crate::state::layout::{LockRoom, TaskRoom};
use crate::state::view::Problem;
use crate::store::inside::{Known, Remembered};
use crate::store::mirror::Mirror;
use crate::store::reader::Reader;

impl Mirror {
    /// Brings a lock to `tree`.
    pub(super) fn lock(
        &mut self,
        room: LockRoom,
        tree: Oid,
        known: &Known,
        reader: &mut Reader<'_>,
    ) -> Result<()> {
        if self.locks.get(&room).is_some_and(|lock| lock.tree == tree) {
            return Ok(());
        }
        let mut problems = Vec::new();
        if !known.contains(room.path()) {
            self.folded += 1;
            let (entries, unread) =
                reader.records(room.path(), &[(String::new(), tree.clone())])?;
            let mut folded = fold::lock(&room, self.authority().as_ref(), &entries);
            problems = unread;
            problems.append(&mut folded.problems);
            match folded.id {
                Some(key) => {
                    let view = Arc::make_mut(&mut self.view);
                    view.locks.insert(key, folded.view);
                }
                None => problems.push(Problem {
                    path: room.path().to_owned(),
                    why: "no record tells the key of this lock".to_owned(),
                }),
            }
        }
        self.locks.insert(room, Remembered { tree, problems });
        Ok(())
    }

    /// Brings a free-standing task to `tree`.
    pub(super) fn task(
        &mut self,
        room: TaskRoom,
        tree: Oid,
        known: &Known,
        reader: &mut Reader<'_>,
    ) -> Result<()> {
        if self.tasks.get(&room).is_some_and(|task| task.tree == tree) {
            return Ok(());
        }
        let mut problems = Vec::new();
        if !known.contains(room.path()) {
            self.folded += 1;
            let (entries, unread) =
                reader.records(room.path(), &[(String::new(), tree.clone())])?;
            let mut folded = fold::task(&room, self.authority().as_ref(), &entries);
            problems = unread;
            problems.append(&mut folded.problems);
            let view = Arc::make_mut(&mut self.view);
            view.tasks.insert(room.task().clone(), folded.view);
        }
        self.tasks.insert(room, Remembered { tree, problems });
        Ok(())
    }
}
