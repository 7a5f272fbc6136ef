//! Git, once; knows no package. The home of gix and the only place that starts `git`.
//!
//! Objects are read and written in process; refs go through [`refs`] alone; what gix cannot do
//! goes through [`cmd`] and its allowlist [`sub`].

mod alternates;
pub mod checkout;
pub mod cmd;
pub mod commit;
mod dirty;
pub mod disk;
pub mod format;
pub mod gitconfig;
pub mod hooks_path;
pub mod index;
pub mod merge;
pub mod merge_list;
pub mod objects;
pub mod pack;
pub mod plain_merge;
pub mod raw;
mod raw_tree;
pub mod refs;
pub mod remote;
pub mod repo;
pub mod sub;
pub mod tree;
pub mod version;
pub mod worktree;

mod baseline;
mod home;
mod index_root;
mod look;
mod loose;
mod refit;
mod room;

pub use alternates::alternates;
pub use checkout::Checkout;
pub use cmd::{Answer, Git};
pub use commit::{Commit, NewCommit, Person};
pub use disk::{Conversion, OnDisk};
pub use format::Format;
pub use home::home_of;
pub use merge::{MergeMessage, Merged};
pub use objects::{EMPTY_OBJECT, Kind, Objects};
pub use refit::Refit;
pub use refs::{Expected, Head, Move, Refs, SwapError};
pub use remote::Remote;
pub use repo::{LargeFiles, RefStorage, Repo};
pub use sub::Sub;
pub use tree::{Change, Entry, Mode};
pub use worktree::{Files, Removed, Start, Worktree};
