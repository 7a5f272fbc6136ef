//! Reads what a debugger wrote of what it supposed and tried: free text, kept as data for whoever
//! comes after it, and never believed.

use std::path::Path;

use crate::base::{Redactor, text};
use crate::os::file;

/// Largest file that is read.
const FILE_MAX: u64 = 1 << 20;
/// Bytes of it that are kept.
const KEPT_MAX: usize = 8 << 10;

/// The text in the file at `path`, without secrets and bounded; `None` if nothing was written.
pub fn read(path: &Path, redactor: &Redactor) -> Option<String> {
    let bytes = match file::read_bounded(path, FILE_MAX) {
        Ok(bytes) => bytes?,
        // That there is something else is worth knowing; what it is is not.
        Err(error) => return Some(format!("[not read: {}]", error.message())),
    };
    let whole = String::from_utf8_lossy(&bytes);
    let clean = redactor.redact(whole.trim());
    if clean.is_empty() {
        return None;
    }
    let kept = text::head(&clean, KEPT_MAX);
    Some(match clean.len() - kept.len() {
        0 => clean,
        more => format!("{kept}\n[cut: the last {more} bytes]"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_kept_without_secrets_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hypotheses.md");
        let redactor = Redactor::new(["key-of-a-person".to_owned()]);
        assert_eq!(read(&path, &redactor), None);
        std::fs::write(&path, " \n").unwrap();
        assert_eq!(read(&path, &redactor), None);
        std::fs::write(&path, "1. The key key-of-a-person is old.\n").unwrap();
        let said = read(&path, &redactor).unwrap();
        assert_eq!(said, "1. The key [redacted] is old.");
        std::fs::write(&path, "ä".repeat(KEPT_MAX)).unwrap();
        let said = read(&path, &redactor).unwrap();
        assert!(said.ends_with("\n[cut: the last 8192 bytes]"), "{said}");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        assert!(read(&path, &redactor).unwrap().starts_with("[not read: "));
    }
}
