//! Words that every floor may use: errors, exit codes, ids, paths, time, text, hashes, JSON.
//!
//! Nothing here touches a disk, a clock, a process or the environment.

pub mod error;
pub mod exit;
pub mod hash;
pub mod id;
pub mod json;
pub mod path;
pub mod redact;
pub mod text;
pub mod time;

pub use error::{Error, Kind, Result};
pub use exit::ExitCode;
pub use hash::ContentHash;
pub use id::{ActorId, AttemptId, FeatureId, Oid, PackageId, RefName, TaskId, TxnId};
pub use path::RepoPath;
pub use redact::Redactor;
pub use time::Timestamp;
