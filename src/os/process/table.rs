//! The process table as `/proc` shows it. Elsewhere it reads as empty, and callers fall back on
//! process groups.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;

/// Longest line of `/proc/<pid>/stat`: fifty numbers and a name of at most 64 bytes.
const STAT_MAX: usize = 2048;
/// The environment comes in pieces of a page whatever is asked for; most fit into one.
const ENVIRON_TYPICAL: usize = 8192;

/// One process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub pid: u32,
    /// The id of its parent.
    pub parent: u32,
    /// The id of its session.
    pub session: u32,
    /// When it began, in clock ticks since boot; tells two processes with one id apart.
    pub start: u64,
    /// True if it has ended and waits to be reaped.
    pub zombie: bool,
}

/// The process `pid`, if there is one.
pub fn entry(pid: u32) -> Option<Entry> {
    let mut line = [0; STAT_MAX];
    // Such a file gives all it has at the first read.
    let length = File::open(format!("/proc/{pid}/stat"))
        .ok()?
        .read(&mut line);
    parse(pid, &String::from_utf8_lossy(&line[..length.ok()?]))
}

/// All processes, in no particular order. One that ends meanwhile may be missing.
pub fn all() -> Vec<Entry> {
    let Ok(folder) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    folder
        .flatten()
        .filter_map(|name| entry(name.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// Extends `roots` by all their descendants.
pub fn with_descendants(all: &[Entry], roots: BTreeSet<u32>) -> BTreeSet<u32> {
    let mut found = roots;
    loop {
        let before = found.len();
        found.extend(
            all.iter()
                .filter(|entry| found.contains(&entry.parent))
                .map(|entry| entry.pid)
                .collect::<Vec<_>>(),
        );
        if found.len() == before {
            return found;
        }
    }
}

/// True if the environment with which `pid` was started holds `mark`, for instance `A=1`.
pub fn has_mark(pid: u32, mark: &[u8]) -> bool {
    let mut env = Vec::with_capacity(ENVIRON_TYPICAL);
    File::open(format!("/proc/{pid}/environ"))
        .and_then(|mut file| file.read_to_end(&mut env))
        .is_ok_and(|_| env.split(|&byte| byte == 0).any(|item| item == mark))
}

/// The command line of `pid`, for messages.
pub fn command_line(pid: u32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> = bytes
        .split(|&byte| byte == 0)
        .filter(|word| !word.is_empty())
        .map(String::from_utf8_lossy)
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Reads a line of `/proc/<pid>/stat`. The second field is a name in parentheses that may hold
/// anything, so fields are counted from the last parenthesis.
fn parse(pid: u32, line: &str) -> Option<Entry> {
    let (_, rest) = line.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Entry {
        pid,
        zombie: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_confuse() {
        let line = "7 (a) R 1 (b) S 5 7 6 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0";
        let entry = parse(7, line).unwrap();
        assert_eq!((entry.parent, entry.session, entry.start), (5, 6, 4242));
        assert!(!entry.zombie);
    }

    #[test]
    fn this_process_is_there_with_its_parent() {
        let all = all();
        let own = std::process::id();
        assert!(all.iter().any(|entry| entry.pid == own));
        let parent = entry(own).unwrap().parent;
        assert!(with_descendants(&all, [parent].into()).contains(&own));
    }
}
