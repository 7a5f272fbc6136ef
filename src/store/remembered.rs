//! What this clone saw of an authority elsewhere, outside of all refs: a ref can be moved back, by
//! whoever may push or by a program here, and what was seen would be forgotten with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{ActorId, Error, Oid, RefName, Result, json};
use crate::model::Durability;
use crate::os::file::{self, Access};

/// A larger file was not written by us.
const BYTES_MAX: u64 = 64 << 10;

/// The newest state that was seen at one remote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// The commit; `None` before the first one.
    pub(super) tip: Option<Oid>,
    /// Who grants there.
    pub(super) authority: Option<ActorId>,
    /// Its generation.
    pub(super) generation: u32,
    /// Why nothing that needs a right is granted at the moment.
    pub(super) frozen: Option<String>,
    /// Commits that were about to be pushed when this clone last heard nothing of it. The state
    /// may have arrived without them.
    #[serde(default)]
    pub(super) owed: BTreeMap<RefName, Oid>,
}

impl Remembered {
    /// What is remembered of `remote`; nothing at first.
    pub(super) fn load(wp: &Path, remote: &str) -> Result<Self> {
        let path = path(wp, remote);
        let Some(bytes) = file::read_bounded(&path, BYTES_MAX)? else {
            return Ok(Remembered::default());
        };
        json::parse_as(&bytes).map_err(|error| {
            let message = format!(
                "`{}`, which tells what was seen at `{remote}`, cannot be read",
                path.display()
            );
            Error::damaged("remembered", message)
                .because(error)
                .hint("git wp doctor")
                .hint("if you trust what the remote has now, move the file away: git wp sync")
        })
    }

    /// Remembers this from now on.
    pub(super) fn keep(&self, wp: &Path, remote: &str, durability: Durability) -> Result<()> {
        let path = path(wp, remote);
        if let Some(folder) = path.parent() {
            file::make_private_dirs(folder)?;
        }
        let line = json::line(self)?;
        file::replace(&path, line.as_bytes(), Access::Private, durability)
    }
}

fn path(wp: &Path, remote: &str) -> PathBuf {
    let name = crate::base::id::slug(remote);
    wp.join("remotes").join(format!("{name}.json"))
}
