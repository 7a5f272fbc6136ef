//! Whose git folder one is that stands apart from its worktree; see [`crate::git::remote::apart`].

use std::path::Path;

/// The common folder of the repository whose worktree's git folder this is, if it stands apart:
/// the folder of the same name below its `worktrees` is the one it stands for.
pub fn home_of(git_dir: &Path) -> Option<&Path> {
    let id = git_dir.file_name()?.to_str()?;
    let clones = git_dir.parent()?;
    let wp = clones.parent()?;
    let is_apart = id.starts_with("wp-")
        && clones.file_name().is_some_and(|name| name == "clones")
        && wp.file_name().is_some_and(|name| name == "wp");
    is_apart.then(|| wp.parent()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_of_ours_leads_to_another_home() {
        let home = |path: &'static str| home_of(Path::new(path));
        assert_eq!(home("/r/.git/wp/clones/wp-a"), Some(Path::new("/r/.git")));
        for path in [
            "/r/.git/worktrees/wp-a",
            "/r/.git/wp/clones/a",
            "/clones/wp-a",
            "/",
        ] {
            assert_eq!(home(path), None, "{path}");
        }
    }
}
