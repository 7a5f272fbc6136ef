//! The records of the state tree, and the bodies they carry.
//!
//! ```text
//! meta/format.json                                    {"v":1}; a higher v is read-only here
//! meta/authority.json                                 who grants: random id, generation
//! features/<h2>/<f>/facts/open/<actor>.json           Open
//! features/<h2>/<f>/facts/plans/<sha256>/plan         the plan's bytes as approved (not JSON)
//! features/<h2>/<f>/facts/plans/<sha256>/origin.json  PlanOrigin
//! features/<h2>/<f>/facts/approvals/<sha256>/<actor>.json   Approval (history only)
//! features/<h2>/<f>/facts/runs/<run>/started.json     RunStarted
//! features/<h2>/<f>/facts/runs/<run>/ended.json       RunEnded
//! features/<h2>/<f>/facts/runs/<run>/summary.md       text for people (not JSON)
//! features/<h2>/<f>/facts/escalations/<txn>.json      Escalated
//! features/<h2>/<f>/facts/delivered/<txn>.json        Delivered
//! features/<h2>/<f>/facts/judged/<txn>.json           Judged
//! features/<h2>/<f>/facts/resolutions/<txn>.json      Resolution
//! features/<h2>/<f>/facts/final/<tree>-<h8>.json      FinalCheck
//! features/<h2>/<f>/rights/<authority>/land-<n>.json landed-<n>.json void-<n>.json
//! features/<h2>/<f>/rights/<authority>/hold-<n>.json lift-<n>.json
//! features/<h2>/<f>/rights/<authority>/integrator-<epoch>.json resign-<epoch>.json
//! features/<h2>/<f>/facts/requests/<actor>/<txn>.json Filed, until the authority rules on it
//! features/<h2>/<f>/rights/<authority>/ruling-<txn>.json   Ruling
//! features/<h2>/<f>/packages/<h2>/<p>/facts/<aid>/attempt.json
//!                                                /result.json
//!                                                /evidence-<tree>-<h8>.json
//!                                                /gate-<head>-<h8>.json
//!                                                /deviation-<h8>.json
//!                                                /salvage-<commit>.json
//! features/<h2>/<f>/packages/<h2>/<p>/answers/<h2 of step>/<id>.json   Answer
//! features/<h2>/<f>/packages/<h2>/<p>/rights/<authority>/grant-<epoch>.json end-<aid>.json
//!                                                       accept.json hold-<n>.json lift-<n>.json
//! locks/<h2>/<hash of key>/facts/<aid>/claim.json     LockClaim
//! locks/<h2>/<hash of key>/facts/requests/<actor>/<txn>.json
//! locks/<h2>/<hash of key>/rights/<authority>/grant-<epoch>.json end-<aid>.json
//!                                             ruling-<txn>.json
//! tasks/<h2>/<task>/facts/task.json                   Task
//! tasks/<h2>/<task>/facts/<aid>/claim.json result.json    TaskClaim, TaskResult
//! tasks/<h2>/<task>/facts/requests/<actor>/<txn>.json
//! tasks/<h2>/<task>/rights/<authority>/grant-<epoch>.json end-<aid>.json
//!                                      closed.json ruling-<txn>.json
//! handoffs/<h2>/<txn>.json memories/<h2>/<txn>.json retractions/<h2>/<txn>.json
//! decisions/<h2>/<txn>.json                           Decided
//! actors/<actor>/registers/beat.json                  Beat
//! actors/<actor>/registers/session-<slug>.json        Session
//! ```
//! `<h2>` is the first two hex digits of the SHA-256 of the verbatim id, `<h8>` the first eight of
//! the record's canonical bytes, `<f>` and `<p>` are slugs; the verbatim id stands in the record.
//! Handoffs, memories, retractions and decisions are no part of a view: nothing follows from them,
//! and they are read when somebody asks for them.

mod decided;
mod entry;
mod fact;
mod judged;
mod register;
mod right;
mod said;
mod task;

pub use decided::{Decided, Judge, Sentence};
pub use entry::{Authority, Body, By, FORMAT_VERSION, FormatRecord, Record};
pub use fact::{
    Answer, Approval, Attempt, ContractSeen, Delivered, EvidenceFact, Extent, FinalCheck,
    LockClaim, Open, PackageBrief, PlanOrigin, RunEnded, RunStarted, Salvage,
};
pub use judged::{Judged, Judgement, Waiver};
pub use register::{Beat, Session, SessionLife, SessionStatus};
pub use right::{
    Accept, End, Grant, Hold, HoldKind, Integrator, Land, LandClosed, Landing, Lift, Resignation,
    Ruling,
};
pub use said::{
    Escalated, Handoff, Memory, MemoryKind, MemoryOutcome, Offer, Resolution, Retraction,
};
pub use task::{Requirements, Task, TaskClaim, TaskClosed, TaskResult};
