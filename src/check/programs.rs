//! program-missing: the programs of the verification commands are there.
//!
//! A guess from the text of a shell command line, therefore a warning: only the plain first words
//! of its parts are looked at.

use std::collections::BTreeSet;

use crate::base::text::foreign;
use crate::check::context::Context;
use crate::check::subject::Subject;
use crate::model::verification::StepKind;
use crate::model::{Code, Finding};

/// Words that the shell knows by itself.
const BUILTINS: [&str; 47] = [
    ".", ":", "[", "[[", "]]", "{", "}", "!", "alias", "bg", "break", "case", "cd", "command",
    "continue", "do", "done", "echo", "elif", "else", "esac", "eval", "exec", "exit", "export",
    "false", "fi", "for", "function", "if", "printf", "pwd", "read", "return", "set", "shift",
    "source", "test", "then", "time", "trap", "true", "type", "umask", "unset", "until", "while",
];

/// `program-missing`: what a command step starts can be started.
pub(super) fn program_missing(subject: &Subject<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut told: BTreeSet<String> = BTreeSet::new();
    for (i, package) in subject.packages() {
        for (n, step) in package.verification.steps.iter().enumerate() {
            let StepKind::Command { command, .. } = &step.kind else {
                continue;
            };
            for program in programs(command) {
                if (context.program_exists)(program) || !told.insert(program.to_owned()) {
                    continue;
                }
                let field = format!("verification/steps/{n}/command");
                let span = subject.spans.at(&subject.pointer(i, &field));
                let message = format!("the program `{}` is not on PATH", foreign(program));
                let hint = "install it, or start git wp where it can be found";
                out.push(subject.finding(Code::ProgramMissing, span, &[i], message, hint));
            }
        }
    }
    out
}

/// The plain program names of a command line.
fn programs(command: &str) -> Vec<&str> {
    parts(command).into_iter().filter_map(first_word).collect()
}

/// Splits at `;`, `&`, `|` and line ends outside of quotes; gives up where a here-document begins.
fn parts(command: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut quote, mut escaped, mut from) = (None, false, 0);
    let command = command.split("<<").next().unwrap_or(command);
    for (at, c) in command.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None | Some('"'), '\\') => escaped = true,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            // `2>&1` is one word.
            (None, '&') if command[..at].ends_with('>') => {}
            (None, ';' | '&' | '|' | '\n') => {
                out.push(&command[from..at]);
                from = at + 1;
            }
            (None, _) => {}
        }
    }
    out.push(&command[from..]);
    out
}

/// The program of a part: after assignments, if it is a plain name that no shell knows itself.
fn first_word(part: &str) -> Option<&str> {
    let assignment = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let word = part.split_whitespace().find(|word| !assignment(word))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+');
    // A quoted assignment with blanks would be cut in its middle; its rest is no plain name.
    let quoted = part[..part.find(word)?].contains(['"', '\'']);
    (word.chars().all(plain) && !quoted && !BUILTINS.contains(&word)).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_guessed_with_care() {
        for (command, expected) in [
            ("cargo test", vec!["cargo"]),
            ("cd web && npm ci && npm test", vec!["npm", "npm"]),
            ("A=1 B=2 pytest -q", vec!["pytest"]),
            ("A='x y' pytest", vec![]),
            ("./run.sh; scripts/x.sh", vec![]),
            ("$TOOL --x | grep 'a | b'", vec!["grep"]),
            ("python3 -c \"import a; b()\"", vec!["python3"]),
            ("test -f x || exit 1", vec![]),
            ("cat <<EOF\nhello; you\nEOF", vec!["cat"]),
            ("(cd x; make)", vec![]),
            ("make all 2>&1 | tee log", vec!["make", "tee"]),
            ("", vec![]),
        ] {
            assert_eq!(programs(command), expected, "{command}");
        }
    }
}
