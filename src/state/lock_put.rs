//! A record of a lock that was taken outside a package becomes a part of the view.

use crate::base::ActorId;
use crate::state::codec::decode;
use crate::state::layout::{LockRoom, LockSlot};
use crate::state::lock_view::LockView;
use crate::state::put::{Put, agree, file, own, rule};
use crate::state::record::{End, Grant, LockClaim};
use crate::state::request::Op;

impl LockView {
    /// Adds the record at `slot` of `room`.
    pub(super) fn put(
        &mut self,
        room: &LockRoom,
        slot: &LockSlot,
        authority: Option<&ActorId>,
        bytes: &[u8],
    ) -> Put {
        match slot {
            LockSlot::Claim(aid) => {
                let claim: LockClaim = decode(bytes)?;
                agree(claim.attempt == *aid && *room == LockRoom::of(&claim.key))?;
                self.claims.insert(aid.clone(), claim);
                Ok(())
            }
            LockSlot::Grant(by, epoch) => {
                own(authority, by)?;
                let grant: Grant = decode(bytes)?;
                agree(grant.epoch == *epoch && self.claims.contains_key(&grant.attempt))?;
                self.grants.insert(*epoch, grant);
                Ok(())
            }
            LockSlot::End(by, aid) => {
                own(authority, by)?;
                let end: End = decode(bytes)?;
                agree(end.attempt == *aid && self.claims.contains_key(aid))?;
                self.ends.insert(aid.clone(), end);
                Ok(())
            }
            LockSlot::Filed(actor, txn) => {
                let here = |op: &Op| op.lock().is_some_and(|key| LockRoom::of(key) == *room);
                file(&mut self.filed, (actor, txn), (bytes, here))
            }
            LockSlot::Ruling(by, txn) => {
                own(authority, by)?;
                rule(&mut self.rulings, txn, bytes)
            }
        }
    }
}
