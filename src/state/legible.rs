//! Whether bytes are a record of the kind that their path says. Nothing else is taken over from
//! another machine: a record that cannot be read would stay in the state for ever.

use serde::de::DeserializeOwned;

use crate::base::{ActorId, TxnId};
use crate::model::gate::GateVerdict;
use crate::model::outcome::{AttemptResult, Deviation};
use crate::state::codec::decode;
use crate::state::filed::Filed;
use crate::state::layout::{
    self, FeatureSlot, LockRoom, LockSlot, PackageSlot, Shelf, Slot, TaskSlot,
};
use crate::state::record::{
    Accept, Answer, Approval, Attempt, Authority, Beat, Decided, Delivered, End, Escalated,
    EvidenceFact, FinalCheck, FormatRecord, Grant, Handoff, Hold, Integrator, Judged, Land,
    LandClosed, Lift, LockClaim, Memory, Open, PlanOrigin, Resignation, Resolution, Retraction,
    Ruling, RunEnded, RunStarted, Salvage, Session, Task, TaskClaim, TaskClosed, TaskResult,
};
use crate::state::request::Op;

/// Why the bytes at `path` are no record of this format; `None`: they are one.
pub fn illegible(path: &str, bytes: &[u8]) -> Option<String> {
    let Some(slot) = layout::parse(path) else {
        return Some("it is none of the records of this format".to_owned());
    };
    let read = match slot {
        Slot::Format => as_a::<FormatRecord>(bytes),
        Slot::Authority => as_a::<Authority>(bytes),
        Slot::Beat(_) => as_a::<Beat>(bytes),
        Slot::Session(..) => as_a::<Session>(bytes),
        Slot::Shelf(shelf, _) => match shelf {
            Shelf::Handoffs => as_a::<Handoff>(bytes),
            Shelf::Memories => as_a::<Memory>(bytes),
            Shelf::Retractions => as_a::<Retraction>(bytes),
            Shelf::Decisions => as_a::<Decided>(bytes),
        },
        Slot::Task(room, TaskSlot::Filed(actor, txn)) => {
            let here = |op: &Op| op.task() == Some(room.task());
            filed(bytes, (&actor, &txn), here)
        }
        Slot::Task(_, slot) => match slot {
            TaskSlot::Submission => as_a::<Task>(bytes),
            TaskSlot::Claim(_) => as_a::<TaskClaim>(bytes),
            TaskSlot::Result(_) => as_a::<TaskResult>(bytes),
            TaskSlot::Grant(..) => as_a::<Grant>(bytes),
            TaskSlot::End(..) => as_a::<End>(bytes),
            TaskSlot::Closed(_) => as_a::<TaskClosed>(bytes),
            TaskSlot::Filed(..) => as_a::<Filed>(bytes),
            TaskSlot::Ruling(..) => as_a::<Ruling>(bytes),
        },
        Slot::Feature(room, FeatureSlot::Filed(actor, txn)) => {
            let here = |op: &Op| op.feature().is_some_and(|id| room.is_of(id));
            filed(bytes, (&actor, &txn), here)
        }
        Slot::Feature(_, slot) => feature(&slot, bytes),
        Slot::Package(_, _, slot) => package(&slot, bytes),
        Slot::Lock(room, LockSlot::Filed(actor, txn)) => {
            let here = |op: &Op| op.lock().is_some_and(|key| LockRoom::of(key) == room);
            filed(bytes, (&actor, &txn), here)
        }
        Slot::Lock(_, slot) => match slot {
            LockSlot::Claim(_) => as_a::<LockClaim>(bytes),
            LockSlot::Grant(..) => as_a::<Grant>(bytes),
            LockSlot::End(..) => as_a::<End>(bytes),
            LockSlot::Filed(..) => as_a::<Filed>(bytes),
            LockSlot::Ruling(..) => as_a::<Ruling>(bytes),
        },
    };
    read.err()
}

/// A request is carried out in the name of its clone, so it must be what its path says.
fn filed(
    bytes: &[u8],
    (actor, txn): (&ActorId, &TxnId),
    is_here: impl Fn(&Op) -> bool,
) -> Result<(), String> {
    let request = decode::<Filed>(bytes)?.request;
    match request.actor == *actor && request.txn == *txn && is_here(&request.op) {
        true => Ok(()),
        false => Err("its content does not belong at its path".to_owned()),
    }
}

fn as_a<T: DeserializeOwned>(bytes: &[u8]) -> Result<(), String> {
    decode::<T>(bytes).map(drop)
}

fn feature(slot: &FeatureSlot, bytes: &[u8]) -> Result<(), String> {
    match slot {
        FeatureSlot::Plan(_) | FeatureSlot::RunSummary(_) => Ok(()),
        FeatureSlot::Open(_) => as_a::<Open>(bytes),
        FeatureSlot::Origin(_) => as_a::<PlanOrigin>(bytes),
        FeatureSlot::Approval(..) => as_a::<Approval>(bytes),
        FeatureSlot::RunStarted(_) => as_a::<RunStarted>(bytes),
        FeatureSlot::RunEnded(_) => as_a::<RunEnded>(bytes),
        FeatureSlot::Escalation(_) => as_a::<Escalated>(bytes),
        FeatureSlot::Delivered(_) => as_a::<Delivered>(bytes),
        FeatureSlot::Judged(_) => as_a::<Judged>(bytes),
        FeatureSlot::Resolution(_) => as_a::<Resolution>(bytes),
        FeatureSlot::Final(_) => as_a::<FinalCheck>(bytes),
        FeatureSlot::Land(..) => as_a::<Land>(bytes),
        FeatureSlot::Landed(..) | FeatureSlot::Void(..) => as_a::<LandClosed>(bytes),
        FeatureSlot::Hold(..) => as_a::<Hold>(bytes),
        FeatureSlot::Lift(..) => as_a::<Lift>(bytes),
        FeatureSlot::Integrator(..) => as_a::<Integrator>(bytes),
        FeatureSlot::Resignation(..) => as_a::<Resignation>(bytes),
        FeatureSlot::Filed(..) => as_a::<Filed>(bytes),
        FeatureSlot::Ruling(..) => as_a::<Ruling>(bytes),
    }
}

fn package(slot: &PackageSlot, bytes: &[u8]) -> Result<(), String> {
    match slot {
        PackageSlot::Attempt(_) => as_a::<Attempt>(bytes),
        PackageSlot::Result(_) => as_a::<AttemptResult>(bytes),
        PackageSlot::Evidence(..) => as_a::<EvidenceFact>(bytes),
        PackageSlot::Gate(..) => as_a::<GateVerdict>(bytes),
        PackageSlot::Deviation(..) => as_a::<Deviation>(bytes),
        PackageSlot::Salvage(..) => as_a::<Salvage>(bytes),
        PackageSlot::Answer(_) => as_a::<Answer>(bytes),
        PackageSlot::Grant(..) => as_a::<Grant>(bytes),
        PackageSlot::End(..) => as_a::<End>(bytes),
        PackageSlot::Accept(_) => as_a::<Accept>(bytes),
        PackageSlot::Hold(..) => as_a::<Hold>(bytes),
        PackageSlot::Lift(..) => as_a::<Lift>(bytes),
    }
}
