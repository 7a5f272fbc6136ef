//! The seam between the loop and everything outside: the machine, or the simulation.
//!
//! Any call may fail or never return; the loop must be able to start again from what the ref
//! says. So nothing here is remembered by the world alone, except what dies with the process:
//! supervisor locks and effects under way.

use std::sync::Arc;

use crate::base::json::Value;
use crate::base::{AttemptId, Error, Oid, PackageId, RepoPath, Result};
use crate::engine::effect::{Effect, Outcome};
use crate::engine::report::RunReport;
use crate::schedule::{Observed, Stop, Work};
use crate::state::record::{By, RunStarted};
use crate::state::{FeatureView, Op, Refusal, View};

/// A change of state that is wanted, with the objects it names.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is wanted.
    pub op: Op,
    /// Objects that must be there.
    pub needs: Vec<Oid>,
}

/// Something happened.
#[derive(Debug)]
pub enum Occurrence {
    /// An effect came to an end.
    Finished(Done),
    /// Somebody else moved the state ref.
    Moved,
    /// A signal asked for something.
    Signal(Stop),
    /// Time passed; leases may have run out.
    Tick,
    /// Two live packages would conflict as they stand.
    Rehearsed(Clash),
}

/// Two live packages that would conflict, merged against each other as they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The one, of this run.
    pub one: Side,
    /// The other, perhaps of another feature.
    pub other: Side,
    /// Paths that git could not merge; there are conflicts without one.
    pub paths: Vec<RepoPath>,
}

/// One side of a clash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// For people: the package, behind its feature where that is another one.
    pub name: String,
    /// The package, if it belongs to this run.
    pub package: Option<PackageId>,
    /// Its attempt.
    pub attempt: AttemptId,
}

/// An effect that came to an end.
#[derive(Debug)]
pub struct Done {
    /// Which.
    pub work: Work,
    /// What came of it.
    pub outcome: Result<Outcome, Error>,
}

/// Everything outside.
pub trait World {
    /// This clone, for people and records, now.
    fn by(&self) -> By;

    /// A new id for an attempt; never the same twice.
    fn mint(&mut self) -> Result<AttemptId>;

    /// The newest state, with the feature of the run loaded.
    fn view(&mut self) -> Result<Arc<View>>;

    /// Fills in what lies outside the ref: supervisor locks, the integration ref as it stands
    /// and as the open landing sees it, rooms of merged attempts.
    fn observe(&mut self, view: &View, observed: &mut Observed) -> Result<()>;

    /// Makes sure that the integration ref exists: where it is, or at `at`.
    fn prepare(&mut self, run: &RunStarted, at: &Oid) -> Result<()>;

    /// Takes the supervisor lock of an attempt; false if somebody else has it.
    fn guard(&mut self, attempt: &AttemptId) -> Result<bool>;

    /// The attempt no longer holds its package: stops what still works on it, and gives its
    /// supervisor lock back once nothing does.
    fn release(&mut self, attempt: &AttemptId);

    /// Asks for changes, in this order, in one transaction where possible.
    ///
    /// # Errors
    /// The store failed; a refusal is an answer and no error.
    fn submit(&mut self, changes: Vec<Change>) -> Result<Vec<Result<(), Refusal>>>;

    /// Begins an effect and returns at once.
    fn begin(&mut self, effect: Effect) -> Result<()>;

    /// Waits until something happens; at least one occurrence, and all that are there.
    fn next(&mut self) -> Result<Vec<Occurrence>>;

    /// Lets what runs end with care, or at once. Their outcomes still come with `next`.
    fn stop(&mut self, stop: Stop);

    /// Makes the summary of the run: as data, and as a blob with its text.
    fn summarise(&mut self, records: &FeatureView, report: &RunReport) -> Result<(Value, Oid)>;
}
