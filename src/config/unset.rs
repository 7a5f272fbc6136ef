//! Knows without starting git that nobody set anything of ours, which is so in most
//! repositories, and would cost every command a process.
//!
//! It says so only of plain files that it read whole and that neither name our section nor
//! include others. In every other case git is asked, so nothing is parsed here.

use std::path::{Path, PathBuf};

use crate::config::environment::Environment;
use crate::git::{Repo, cmd};
use crate::os::file;

/// A larger file is left to git.
const BYTES_MAX: u64 = 256 << 10;
/// How a header of our section begins, and those that lead to other files: git allows no space
/// after the bracket. In lower case.
const TELLING: [&str; 2] = ["[wp", "[include"];
/// How a Linux program begins; a script may run another git, which reads other files.
const PROGRAM_MAGIC: &[u8] = b"\x7fELF";

/// True if no file that git reads sets a key of ours; false if that is not known.
pub(super) fn is_unset(repo: &Repo, env: &Environment) -> bool {
    let files = files(repo, env);
    files.is_some_and(|files| files.iter().all(|path| is_silent(path)))
}

/// What git reads, and perhaps more; `None` if that is not known.
fn files(repo: &Repo, env: &Environment) -> Option<Vec<PathBuf>> {
    let mut files = system(env)?;
    match env.get("GIT_CONFIG_GLOBAL") {
        Some(named) => files.push(PathBuf::from(named)),
        None => {
            let home = env.get("HOME").map(Path::new);
            let xdg = env.get("XDG_CONFIG_HOME").map(PathBuf::from);
            let xdg = xdg.or_else(|| home.map(|home| home.join(".config")));
            files.extend(xdg.map(|folder| folder.join("git/config")));
            files.extend(home.map(|home| home.join(".gitconfig")));
        }
    }
    files.push(repo.common_dir().join("config"));
    files.push(repo.git_dir().join("config.worktree"));
    // What is relative depends on where git is started.
    files.iter().all(|path| path.is_absolute()).then_some(files)
}

/// Where the file of the machine may be. Git has the place built in: `/etc` if it was installed
/// below `/usr`, else `etc` beside its own `bin`.
#[cfg(target_os = "linux")]
fn system(env: &Environment) -> Option<Vec<PathBuf>> {
    let program = cmd::program()?;
    let real = program.canonicalize().ok()?;
    let mut magic = [0; PROGRAM_MAGIC.len()];
    file::read_start(&real, &mut magic).ok()?;
    if magic != PROGRAM_MAGIC {
        return None;
    }
    let mut files = vec![PathBuf::from("/etc/gitconfig")];
    for program in [program, &real] {
        let prefix = program.parent()?.parent()?;
        files.push(prefix.join("etc/gitconfig"));
    }
    files.extend(env.get("GIT_CONFIG_SYSTEM").map(PathBuf::from));
    Some(files)
}

/// Elsewhere the file of the machine comes with the developer tools, wherever those are.
#[cfg(not(target_os = "linux"))]
fn system(_: &Environment) -> Option<Vec<PathBuf>> {
    None
}

fn is_silent(path: &Path) -> bool {
    let text = match std::fs::metadata(path) {
        // A folder or a pipe is git's to judge; the null device is how people say 'no file'.
        Ok(_) if path == Path::new("/dev/null") => return true,
        Ok(meta) if meta.is_file() && meta.len() <= BYTES_MAX => file::read(path),
        Ok(_) => return false,
        Err(error) => return file::is_absent(&error),
    };
    let Ok(Some(bytes)) = text else { return false };
    let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    !TELLING.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(text: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        is_silent(&path)
    }

    #[test]
    fn only_a_file_without_our_section_and_without_others_is_silent() {
        assert!(silent("[core]\n\tbare = false\n[user]\n\tname = wp\n"));
        assert!(silent(""));
        for telling in [
            "[wp]\n\tjobs = 2\n",
            "[core] [WP \"agent.x\"] command = y",
            "\u{feff}[wp]jobs=2",
            "[include]\n\tpath = more\n",
            "[IncludeIf \"gitdir:/x\"]\n\tpath = more\n",
        ] {
            assert!(!silent(telling), "{telling}");
        }
    }

    #[test]
    fn what_is_no_file_is_left_to_git() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_silent(folder.path()));
        assert!(is_silent(&folder.path().join("none")));
        assert!(is_silent(Path::new("/dev/null")));
    }
}
