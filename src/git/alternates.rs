//! The file by which one object store is read through another.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::base::{Error, Result};

/// The content of `objects/info/alternates` that names the object folder `store`.
///
/// # Errors
/// Usage, `path`: the file's format cannot name this path.
pub fn alternates(store: &Path) -> Result<Vec<u8>> {
    let bytes = store.as_os_str().as_bytes();
    if bytes.contains(&b'\n') || bytes.starts_with(b"\"") || bytes.starts_with(b"#") {
        let message = format!(
            "`{}` cannot be named in an alternates file",
            store.display()
        );
        return Err(Error::usage("path", message).hint("move the repository to a plainer path"));
    }
    Ok([bytes, b"\n"].concat())
}
