//! The one judge: a request on a view becomes records or a refusal.
//!
//! Pure, and inventing nothing: ids, times and object ids come with the request, numbers follow
//! from the view. The families of operations stand in files of their own; [`Draft`] is what they
//! share.

use crate::state::draft::Draft;
use crate::state::record::Record;
use crate::state::refusal::Refusal;
use crate::state::request::{Op, Request};
use crate::state::view::View;
use crate::state::{attempt, claim, feature, integrator, land, lock, said, task};

/// What the request changes, or why nothing may change.
///
/// The view must be what [`View::apply`] or a fold made of the newest state, with the feature of
/// the request loaded. No records means: accepted, and everything asked for is there already.
///
/// # Errors
/// A typed refusal. Nothing was written, the same request may be granted later.
pub fn evaluate(view: &View, request: &Request) -> Result<Vec<Record>, Refusal> {
    let mut draft = Draft::new(view, request)?;
    draft.check_health()?;
    match &request.op {
        Op::Publish { .. } | Op::Approve { .. } => feature::publish(&mut draft)?,
        Op::StartRun { .. } | Op::EndRun { .. } | Op::FinalCheck { .. } => {
            feature::run(&mut draft)?;
        }
        Op::Hold { .. } | Op::Lift { .. } => feature::hold(&mut draft)?,
        Op::Integrate { feature, steal } => integrator::integrate(&mut draft, feature, *steal)?,
        Op::Resign { feature } => integrator::resign(&mut draft, feature)?,
        Op::Claim(wanted) => claim::claim(&mut draft, wanted)?,
        Op::Note { .. } | Op::Answer { .. } => attempt::note(&mut draft)?,
        Op::End { .. } => attempt::end(&mut draft)?,
        Op::Land { feature, land } => land::land(&mut draft, feature, land)?,
        Op::Landed { feature, n } => land::landed(&mut draft, feature, *n)?,
        Op::VoidLand { feature, n, note } => land::void(&mut draft, feature, (*n, note))?,
        Op::LockAcquire { .. } => lock::acquire(&mut draft)?,
        Op::LockEnd { .. } => lock::end(&mut draft)?,
        Op::Task(op) => task::task(&mut draft, op)?,
        Op::Say(what) => said::say(&mut draft, what)?,
        Op::LockRelease { key, session } => lock::release(&mut draft, key, session.as_deref())?,
    }
    draft.finish()
}
