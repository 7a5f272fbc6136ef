//! How one record changes the view of a free-standing task.

use crate::base::{ActorId, AttemptId};
use crate::state::codec::decode;
use crate::state::layout::{TaskRoom, TaskSlot};
use crate::state::put::{Put, agree, file, own, rule};
use crate::state::record::{End, Grant, Task, TaskClaim, TaskClosed, TaskResult};
use crate::state::request::Op;
use crate::state::task_view::TaskView;

impl TaskView {
    /// Adds the record at `slot` of `room`.
    pub(super) fn put(
        &mut self,
        room: &TaskRoom,
        slot: &TaskSlot,
        authority: Option<&ActorId>,
        bytes: &[u8],
    ) -> Put {
        match slot {
            TaskSlot::Submission => {
                let task: Task = decode(bytes)?;
                agree(task.id == *room.task())?;
                self.task = Some(task);
                Ok(())
            }
            TaskSlot::Claim(aid) => {
                let claim: TaskClaim = decode(bytes)?;
                agree(claim.attempt == *aid && claim.task == *room.task())?;
                self.claims.insert(aid.clone(), claim);
                Ok(())
            }
            TaskSlot::Result(aid) => {
                let result: TaskResult = decode(bytes)?;
                agree(result.attempt == *aid && self.claims.contains_key(aid))?;
                self.results.insert(aid.clone(), result);
                Ok(())
            }
            TaskSlot::Filed(actor, txn) => {
                let here = |op: &Op| op.task() == Some(room.task());
                file(&mut self.filed, (actor, txn), (bytes, here))
            }
            TaskSlot::Grant(..)
            | TaskSlot::End(..)
            | TaskSlot::Closed(_)
            | TaskSlot::Ruling(..) => self.put_right(slot, authority, bytes),
        }
    }

    fn put_right(&mut self, slot: &TaskSlot, authority: Option<&ActorId>, bytes: &[u8]) -> Put {
        match slot {
            TaskSlot::Grant(by, epoch) => {
                own(authority, by)?;
                let grant: Grant = decode(bytes)?;
                agree(grant.epoch == *epoch && self.claims.contains_key(&grant.attempt))?;
                self.grants.insert(*epoch, grant);
                Ok(())
            }
            TaskSlot::End(by, aid) => {
                own(authority, by)?;
                let end: End = decode(bytes)?;
                agree(end.attempt == *aid && self.claims.contains_key(aid))?;
                self.ends.insert(aid.clone(), end);
                Ok(())
            }
            TaskSlot::Closed(by) => {
                own(authority, by)?;
                let closed: TaskClosed = decode(bytes)?;
                let known = |aid: &AttemptId| self.results.contains_key(aid);
                agree(closed.attempt.as_ref().is_none_or(known))?;
                self.closed = Some(closed);
                Ok(())
            }
            TaskSlot::Ruling(by, txn) => {
                own(authority, by)?;
                rule(&mut self.rulings, txn, bytes)
            }
            _ => Err("it is no right".to_owned()),
        }
    }
}
