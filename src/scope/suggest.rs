//! What a scope should have said, learned from what was touched.

use std::collections::BTreeMap;

use crate::base::RepoPath;
use crate::scope::fold::Fold;
use crate::scope::pattern::Pattern;
use crate::scope::set::Set;

/// From this many paths in one folder on, the folder is suggested instead of the paths.
const FOLDER_FROM: usize = 4;

/// The patterns of `write` that no touched path needed, in the order of declaration.
pub fn unused<'a>(set: &'a Set, touched: &[RepoPath]) -> Vec<&'a Pattern> {
    let idle = |p: &&Pattern| !touched.iter().any(|path| p.matches(path, Fold::None));
    set.write().iter().filter(idle).collect()
}

/// The smallest patterns that would admit `paths`: each path by itself, or `folder/*` where many
/// stand directly in one folder. Paths that no pattern may name are left out.
pub fn widening(paths: &[RepoPath]) -> Vec<Pattern> {
    let mut folders: BTreeMap<&[u8], Vec<&RepoPath>> = BTreeMap::new();
    for path in paths {
        let bytes = path.as_bytes();
        let cut = bytes.iter().rposition(|&b| b == b'/').unwrap_or(0);
        folders.entry(&bytes[..cut]).or_default().push(path);
    }
    let mut out: Vec<Pattern> = Vec::new();
    for (folder, inside) in folders {
        if inside.len() >= FOLDER_FROM && !folder.is_empty() {
            let quoted = Pattern::quote(&RepoPath::from_bytes(folder));
            out.extend(quoted.and_then(|p| Pattern::parse(&format!("{}/*", p.as_str())).ok()));
        } else {
            out.extend(inside.into_iter().filter_map(Pattern::quote));
        }
    }
    out.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(texts: &[&str]) -> Vec<RepoPath> {
        texts.iter().map(|t| RepoPath::from(*t)).collect()
    }

    #[test]
    fn names_what_was_declared_and_not_used() {
        let list = |texts: &[&str]| texts.iter().map(|t| Pattern::parse(t).unwrap()).collect();
        let set = Set::new(
            list(&["src/**", "docs/*.md", "setup.py"]),
            Vec::new(),
            Fold::None,
        );
        let idle: Vec<_> = unused(&set, &paths(&["src/a", "setup.py"]))
            .into_iter()
            .map(Pattern::as_str)
            .collect();
        assert_eq!(idle, ["docs/*.md"]);
    }

    #[test]
    fn suggests_paths_and_only_for_many_their_folder() {
        let touched = paths(&[
            "a/[id]/1", "a/[id]/2", "a/[id]/3", "a/[id]/4", "b/x", "top", "../y",
        ]);
        let widened: Vec<_> = widening(&touched)
            .iter()
            .map(|p| p.as_str().to_owned())
            .collect();
        assert_eq!(widened, ["a/[[]id]/*", "b/x", "top"]);
    }
}
