//! A git command line: its verb, behind the options that every verb has.

use crate::guard::call::Call;
use crate::guard::options::{Options, Spec};
use crate::guard::shell::Arg;

const GLOBAL: Spec = Spec::first(
    "Cc",
    &[
        "git-dir",
        "work-tree",
        "namespace",
        "config-env",
        "super-prefix",
        "attr-source",
    ],
);

/// A git command.
#[derive(Debug)]
pub(super) struct GitLine<'a> {
    /// The verb.
    pub(super) verb: &'a str,
    /// What stands behind it.
    pub(super) args: Vec<Arg>,
    /// `-c key=value`, keys in lower case.
    pub(super) config: Vec<(String, &'a str)>,
}

impl<'a> GitLine<'a> {
    /// Reads it; `None` if the command is another one.
    pub(super) fn read(call: &'a Call) -> Option<Self> {
        // `git-push` is a program too.
        let dashed = call
            .program
            .strip_prefix("git-")
            .filter(|verb| !verb.is_empty());
        if let Some(verb) = dashed {
            return Some(GitLine {
                verb,
                args: call.args().to_vec(),
                config: Vec::new(),
            });
        }
        if call.program != "git" {
            return None;
        }
        let options = Options::read(call.args(), GLOBAL);
        let (verb, args) = options.rest.split_first()?;
        let config = options.values("c", &[]).into_iter().map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, "true"));
            (key.to_lowercase(), value)
        });
        Some(GitLine {
            verb: &verb.text,
            args: args.iter().map(|arg| (*arg).clone()).collect(),
            config: config.collect(),
        })
    }

    /// The last value of a key.
    pub(super) fn setting(&self, key: &str) -> Option<&'a str> {
        let found = self.config.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| *value)
    }
}
