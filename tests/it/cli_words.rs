//! What messages must never say: a complete command that destroys something.

use std::path::{Path, PathBuf};

/// Parts of commands that cannot be taken back.
const DESTROYING: [&str; 14] = [
    "rm -r",
    "rm -f",
    "reset --hard",
    "clean -f",
    "clean -d",
    "checkout --force",
    "checkout -f",
    "push --force",
    "push -f",
    "branch -D",
    "worktree remove",
    "update-ref -d",
    "gc --prune",
    "stash drop",
];

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            all.push(path);
        }
    }
}

#[test]
fn no_message_holds_a_complete_destructive_command() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 100);
    let mut found = Vec::new();
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        let shipped = text.split("#[cfg(test)]").next().unwrap_or("");
        for (number, line) in shipped.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            let hit = DESTROYING.iter().find(|word| line.contains(*word));
            if let Some(word) = hit.filter(|_| !is_comment) {
                found.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
