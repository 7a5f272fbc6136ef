//! What happens between an agent's head and the feature branch: the gate, rehearsals, the merge;
//! and how finished features are coupled behind a target.
//!
//! All of it runs in a [`Shadow`]: a bare git folder of its own that sees the real objects and
//! nothing else of the repository. Outcomes are values; nobody here records or moves a ref.

pub mod couple;
pub mod gate;
pub mod merge;
pub mod rehearse;
pub mod shadow;
pub mod surroundings;
pub mod tips;

mod collide;
mod lineage;
mod rules;

pub use couple::{Coupled, Coupling, changed, couple};
pub use gate::{GateInput, Gated, Limits, OwnerOf, gate};
pub use merge::{
    Conflict, ConflictPath, MergeInput, MergeOutcome, Merged, MessageParts, merge, recheck,
};
pub use rehearse::{Rehearsal, rehearse};
pub use shadow::Shadow;
pub use surroundings::{Danger, Planted, Surroundings};
