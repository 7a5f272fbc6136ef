//! The file `packed-refs`, read anew each time: it is small, and a cached one goes stale exactly
//! when it matters.

use std::path::Path;

use crate::base::{Error, Oid, Result};
use crate::os::file;

pub(super) struct Packed(Vec<u8>);

impl Packed {
    pub(super) fn read(common_dir: &Path) -> Result<Self> {
        let bytes = file::read(&common_dir.join("packed-refs"))?.unwrap_or_default();
        if bytes.last().is_some_and(|&last| last != b'\n') {
            let message = "`packed-refs` is cut off";
            return Err(Error::damaged("packed-refs", message).hint("git fsck"));
        }
        Ok(Packed(bytes))
    }

    /// Names with their ids, without comments and peeled values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.split(|&b| b == b'\n').filter_map(|line| {
            let space = line.iter().position(|&b| b == b' ')?;
            let (oid, name) = (&line[..space], &line[space + 1..]);
            (!matches!(oid.first(), None | Some(b'#' | b'^'))).then_some((name, oid))
        })
    }

    pub(super) fn find(&self, name: &str) -> Result<Option<Oid>> {
        let found = self.iter().find(|(found, _)| *found == name.as_bytes());
        found.map(|(_, oid)| parse(name, oid)).transpose()
    }
}

pub(super) fn parse(name: &str, oid: &[u8]) -> Result<Oid> {
    let oid = std::str::from_utf8(oid).ok().and_then(Oid::parse);
    oid.ok_or_else(|| {
        let name = crate::base::text::foreign(name);
        let message = format!("ref `{name}` does not hold an object id");
        Error::damaged("ref", message).hint("git fsck")
    })
}
