//! Which files a sparse room shows, as lines of its own sparse file and as a question.

use crate::base::RepoPath;

/// All files at the top and no folder.
const ALL_AT_THE_TOP: [&str; 2] = ["/*", "!/*/"];

/// The lines of a sparse file that choose all files at the top and those that `patterns` may
/// match. Where a pattern says more than such a line can, the line says less.
pub(super) fn lines(patterns: &[String]) -> Vec<String> {
    if patterns.is_empty()
        || patterns
            .iter()
            .any(|p| p.starts_with("**") || p.starts_with('{'))
    {
        return Vec::new();
    }
    let mut lines = ALL_AT_THE_TOP.map(str::to_owned).to_vec();
    for pattern in patterns {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        let plain = pattern
            .split('/')
            .take_while(|part| !part.contains(['*', '?', '[', '{', '\\']))
            .collect::<Vec<_>>()
            .join("/");
        let whole = plain.len() == pattern.len();
        if plain.is_empty() {
            return Vec::new();
        }
        lines.push(if whole {
            format!("/{plain}")
        } else {
            format!("/{plain}/")
        });
    }
    lines
}

/// What a sparse room shows: every file at the top, and what the patterns choose.
///
/// For whoever refuses reads outside of it. It says no only to what is not there: an empty list of
/// patterns, or one that [`lines`] cannot express, chooses everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    lines: Vec<String>,
}

impl Readable {
    /// Of a room whose files were chosen by `patterns`: the write and read scope of its package.
    pub fn new(patterns: &[String]) -> Self {
        Readable {
            lines: lines(patterns),
        }
    }

    /// True if the room shows `path`, a file or a folder on the way to one.
    pub fn contains(&self, path: &RepoPath) -> bool {
        let path = path.to_text();
        if self.lines.is_empty() || !path.contains('/') {
            return true;
        }
        let chosen = self.lines.iter().skip(ALL_AT_THE_TOP.len());
        chosen.map(|line| line.trim_matches('/')).any(|line| {
            let below = |inner: &str, outer: &str| {
                inner
                    .strip_prefix(outer)
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            path == line || below(&path, line) || below(line, &path)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_room_shows_can_be_read_and_nothing_else() {
        let patterns = ["src/api/**", "docs/a.md"].map(str::to_owned);
        let readable = Readable::new(&patterns);
        for path in [
            "Cargo.toml",
            "src",
            "src/api",
            "src/api/x/y.rs",
            "docs/a.md",
        ] {
            assert!(readable.contains(&path.into()), "{path}");
        }
        for path in ["src/web/x.rs", "docs/b.md", "src/apis/x", "web/x"] {
            assert!(!readable.contains(&path.into()), "{path}");
        }
        let all = Readable::new(&["**/*.rs".to_owned()]);
        assert!(all.contains(&"web/x.rs".into()) && all.contains(&"a/b".into()));
    }

    #[test]
    fn sparse_lines_choose_at_least_what_a_pattern_matches() {
        let chosen = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
            lines(&patterns)
        };
        assert_eq!(
            chosen(&["src/api/**", "docs/a.md", "web/", "db/{a,b}/*.sql"]),
            ["/*", "!/*/", "/src/api/", "/docs/a.md", "/web", "/db/"]
        );
        for all in [
            &["**/*.rs"][..],
            &["*.md"],
            &["{a,b}/**"],
            &[],
            &["src/**", "**"],
        ] {
            assert!(chosen(all).is_empty(), "{all:?}");
        }
    }
}
