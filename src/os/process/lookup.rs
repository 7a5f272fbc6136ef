//! Finds a program as a shell would: by its path, or by its name on PATH.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The file that starting `name` in `folder` would run; `None` if there is none.
///
/// `path` is the value of PATH; its relative parts count from `folder`.
pub fn find_program(name: &str, path: &OsStr, folder: &Path) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if name.contains('/') {
        return Some(folder.join(name)).filter(|file| is_program(file));
    }
    path.as_bytes()
        .split(|byte| *byte == b':')
        .map(|part| folder.join(OsStr::from_bytes(part)).join(name))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_path_and_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("bin")).unwrap();
        for (name, mode) in [("bin/tool", 0o755), ("bin/text", 0o644)] {
            fs::write(at(name), "").unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let find = |name: &str| find_program(name, OsStr::new("/nowhere:bin"), folder.path());
        assert_eq!(find("tool"), Some(at("bin/tool")));
        assert_eq!(find("bin/tool"), Some(at("bin/tool")));
        for name in ["text", "bin", "./tool", "", "other"] {
            assert_eq!(find(name), None, "{name}");
        }
    }
}
