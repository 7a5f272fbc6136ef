//! The ports of one attempt, for its agent, its set-up and its verification.
//!
//! Every repository of a user asks in the same folder, so no two live attempts have the same; see
//! [`crate::os::port`]. A process that dies lets go of its ranges.

use std::path::Path;

use crate::base::{ContentHash, Result};
use crate::git::Repo;
use crate::os::port::PortRange;

/// First port, for the environment.
pub const BASE: &str = "WP_PORT_BASE";
/// How many ports, for the environment.
pub const COUNT: &str = "WP_PORTS";

/// Takes `count` ports for `name`, an attempt or a check; `None` if none are wanted.
///
/// `state_dir` is the user's state folder for this program; without one, repositories do not know
/// of each other and only see who listens.
///
/// # Errors
/// `ports` (busy) if no range is free.
pub fn take(
    repo: &Repo,
    state_dir: Option<&Path>,
    (name, count): (&str, u16),
) -> Result<Option<PortRange>> {
    if count == 0 {
        return Ok(None);
    }
    let own = repo.wp_dir();
    let folder = state_dir.unwrap_or(&own).join("ports");
    let asker = [
        repo.common_dir().as_os_str().as_encoded_bytes(),
        name.as_bytes(),
    ]
    .concat();
    let hash = ContentHash::of(&asker);
    let seed = u64::from_str_radix(hash.short(12), 16).unwrap_or(0);
    PortRange::take(&folder, count, seed).map(Some)
}

/// What programs are told of a range.
pub fn variables(range: &PortRange) -> [(&'static str, String); 2] {
    [
        (BASE, range.base().to_string()),
        (COUNT, range.count().to_string()),
    ]
}
