//! Which program a command line begins with, as far as that can be told without a shell.

use std::ffi::OsStr;
use std::path::Path;

use crate::os::process::find_program;

/// Words that a shell knows itself, or after which it decides.
const SHELL_WORDS: [&str; 37] = [
    "!", ".", ":", "[", "[[", "alias", "case", "cd", "command", "echo", "eval", "exec", "exit",
    "export", "false", "for", "function", "if", "printf", "pwd", "read", "return", "select", "set",
    "shift", "test", "time", "trap", "true", "type", "ulimit", "umask", "unset", "until", "wait",
    "while", "{",
];

/// False only if `command` certainly begins with a program that is not there.
///
/// `path` is the value of PATH, `folder` where the command runs. A command that begins with a
/// word of the shell, a variable or a quotation counts as there.
pub fn program_exists(command: &str, path: &OsStr, folder: &Path) -> bool {
    named(command).is_none_or(|name| find_program(name, path, folder).is_some())
}

/// The program at the beginning of `command`, after assignments; `None` if it cannot be told.
pub fn named(command: &str) -> Option<&str> {
    let word = command
        .split_whitespace()
        .find(|word| !is_assignment(word))?;
    let end = word.find([';', '&', '|', '<', '>', ')']);
    let word = &word[..end.unwrap_or(word.len())];
    let special = |c: char| "$`'\"\\(*?[]{}#~".contains(c);
    let is_shell = SHELL_WORDS.contains(&word);
    (!word.is_empty() && !is_shell && !word.contains(special)).then_some(word)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, value)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let quoted = value.contains(['\'', '"', '$', '`']);
        !name.is_empty()
            && name.chars().all(plain)
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_only_where_it_is_plain() {
        for (command, name) in [
            ("cargo test", Some("cargo")),
            ("  CI=1 RUST_LOG=debug cargo test", Some("cargo")),
            ("make&&make test", Some("make")),
            ("./run.sh; true", Some("./run.sh")),
            ("cd x && npm test", None),
            ("test -f a", None),
            ("! grep x y", None),
            ("$CMD x", None),
            ("\"my tool\" x", None),
            ("A='b c' tool", None),
            ("(make)", None),
            ("[ -f a ]", None),
            ("", None),
        ] {
            assert_eq!(named(command), name, "{command}");
        }
    }

    #[test]
    fn what_cannot_be_told_counts_as_there() {
        let exists = |command: &str| program_exists(command, OsStr::new("/bin"), Path::new("/"));
        assert!(exists("sh -c x") && exists("$X") && exists("bin/sh"));
        assert!(!exists("no-such-program-anywhere x"));
    }
}
