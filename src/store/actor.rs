//! Who this clone is: a random id, minted by its first command that needs one.

use std::path::Path;
use std::time::Duration;

use crate::base::{ActorId, Error, Result};
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::{lock, random};

const BYTES_MAX: u64 = 256;
const WAIT: Duration = Duration::from_secs(10);

/// The id of the clone whose folder of ours is `wp`; `None` if none was minted yet.
///
/// # Errors
/// Damaged, if the file holds no id.
pub fn read(wp: &Path) -> Result<Option<ActorId>> {
    let path = wp.join("actor");
    let Some(bytes) = file::read_bounded(&path, BYTES_MAX)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    match ActorId::parse(text.trim()) {
        Some(actor) => Ok(Some(actor)),
        None => {
            let message = format!("`{}` does not hold an actor id", path.display());
            Err(Error::damaged("actor", message).hint("git wp doctor"))
        }
    }
}

/// The same; mints the id if there is none. One of several first commands does it, and the file
/// is there whole or not at all.
///
/// # Errors
/// As [`read`], and if the file cannot be written.
pub fn read_or_mint(wp: &Path) -> Result<ActorId> {
    if let Some(actor) = read(wp)? {
        return Ok(actor);
    }
    file::make_private_dirs(wp)?;
    let _alone = lock::lock(&wp.join("actor.lock"), WAIT)?;
    if let Some(actor) = read(wp)? {
        return Ok(actor);
    }
    let actor = random::actor_id()?;
    let line = format!("{actor}\n");
    file::replace(
        &wp.join("actor"),
        line.as_bytes(),
        Access::Private,
        Durability::Full,
    )?;
    Ok(actor)
}
