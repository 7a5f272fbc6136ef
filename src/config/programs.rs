//! Which programs can be started, without starting one.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::config::Environment;

impl Environment {
    /// True if `name` is an executable file: on `PATH`, or below `root` if it has a slash.
    pub fn finds_program(&self, name: &str, root: &Path) -> bool {
        if name.contains('/') {
            return is_executable(&root.join(name));
        }
        let path = self.get("PATH").unwrap_or_default();
        env::split_paths(path).any(|folder| is_executable(&folder.join(name)))
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path_and_below_the_root() {
        let env = Environment::from_iter([("PATH", "/bin:/usr/bin")]);
        let root = tempfile::tempdir().unwrap();
        assert!(env.finds_program("sh", root.path()));
        assert!(!env.finds_program("no-such-program", root.path()));
        let tool = root.path().join("tool");
        std::fs::write(&tool, "").unwrap();
        assert!(!env.finds_program("./tool", root.path()));
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(env.finds_program("./tool", root.path()));
    }
}
