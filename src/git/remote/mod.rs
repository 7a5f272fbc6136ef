//! Everything git does with a remote: list, fetch, push, probe. Knows no package.
//!
//! Each call runs in an outpost, a bare folder of its own: no ref, hook, shallow list or partial
//! clone setting of the repository takes part. What the repository's own configuration says is
//! carried over only where it cannot name a program; see [`Remote`].

mod admit;
pub mod apart;
mod fetch;
mod list;
mod outpost;
mod probe;
mod push;
mod quarantine;
mod report;
mod setup;
mod transport;
mod trouble;

use std::time::Duration;

use crate::base::{Error, Result, text};
use crate::git::cmd::Git;
use crate::git::repo::Repo;
use crate::os::clock::Moment;
use crate::os::process::Session;
use crate::os::signal::{Asked, Signals};

pub use fetch::FetchLimits;
pub use probe::{Probe, Takes};
pub use push::{Atomic, PushUpdate, Pushed};
pub use quarantine::Quarantine;
pub use trouble::Trouble;

use outpost::Outpost;
use transport::Transport;

/// Longest name of a remote.
const NAME_MAX: usize = 100;

/// A remote of the repository's configuration, as it was when this was made.
///
/// The user's own files (`~/.gitconfig`, the system's) and environment (`GIT_SSH_COMMAND`,
/// `GIT_ASKPASS`) apply in full, credential helpers and ssh included. Of the repository's own
/// file, in which an agent can write while it runs, only what names no program and weakens no
/// check applies: addresses (`remote.*.url`, `url.*`), `http.*.extraHeader`, `http.*.proxy`,
/// `credential.*.username` and the like. Its `core.sshCommand`, `core.gitProxy`, `core.askPass`,
/// `credential.*.helper`, `http.*.sslVerify`, `remote.*.vcs`, `remote.*.uploadpack` and
/// `remote.*.receivepack` are not heard; a failure names those that are set, because a person may
/// have set them, and they belong into the user's file.
#[derive(Debug, Clone)]
pub struct Remote {
    repo: Repo,
    name: String,
    transport: Transport,
    session: Session,
    signals: Signals,
}

impl Repo {
    /// The remote `name` of the configuration. Starts one child, and talks to nobody.
    ///
    /// # Errors
    /// Usage: `remote-name` if the name has no safe form, `remote-unknown` if it has no address.
    pub fn remote(&self, name: &str) -> Result<Remote> {
        if !is_safe_name(name) {
            let message = format!("`{}` is not the name of a remote", text::foreign(name));
            let hint = "a name has letters, digits, `.`, `_` and `-`";
            return Err(Error::usage("remote-name", message).hint(hint));
        }
        let transport = Transport::read(self, name)?.ok_or_else(|| {
            Error::usage("remote-unknown", format!("there is no remote `{name}`"))
                .hint(format!("git remote add {name} URL"))
        })?;
        Ok(Remote {
            repo: self.clone(),
            name: name.to_owned(),
            transport,
            session: Session::Own,
            signals: Signals::default(),
        })
    }
}

impl Remote {
    /// Lets git and ssh ask the person at the terminal, for instance for a password. Without this
    /// they fail instead.
    #[must_use]
    pub fn at_terminal(mut self) -> Self {
        self.session = Session::Shared;
        self
    }

    /// Ends a call when `signals` ask to stop now; a push is [`Trouble::Unknown`] then. Without
    /// this a call ends by itself or by its time limit.
    #[must_use]
    pub fn stopped_by(mut self, signals: &Signals) -> Self {
        self.signals = signals.clone();
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address for people: as configured, with a user name and password in it hidden.
    pub fn url(&self) -> String {
        shown_url(&self.transport.url)
    }

    /// Git in an outpost, hardened for talking to somebody.
    fn git(&self, outpost: &Outpost) -> Git {
        let prompt = match self.session {
            Session::Shared => "1",
            Session::Own => "0",
        };
        let git = Git::in_git_dir(outpost.folder()).env("GIT_TERMINAL_PROMPT", prompt);
        [
            "protocol.ext.allow=never",
            "protocol.file.allow=user",
            "fetch.fsckObjects=true",
            "fetch.recurseSubmodules=false",
            "transfer.bundleURI=false",
            "push.negotiate=false",
        ]
        .into_iter()
        .fold(git, Git::config)
    }

    /// Whether a call that began at `start` has had its time.
    fn is_over(&self, start: Moment, most: Duration) -> bool {
        start.elapsed() > most || self.signals.asked() == Asked::StopNow
    }

    /// An error with what git said, and with which settings it did not hear.
    fn failure(&self, code: &'static str, what: &str, words: &str) -> Error {
        let words = match words.is_empty() {
            true => String::new(),
            false => format!(": {}", text::foreign(words)),
        };
        let error = Error::busy(code, format!("cannot {what} `{}`{words}", self.name));
        self.transport.unheard.iter().fold(error, |error, key| {
            let key = text::foreign(key);
            error.hint(format!(
                "`{key}` of this repository's own configuration is not used with a remote; \
                 if you need it, set it in your `~/.gitconfig`"
            ))
        })
    }
}

/// What git itself said (`Remote` true: what the other side said), without prefixes, in few lines.
fn words(stderr: &str, of_remote: bool) -> String {
    const LINES_MAX: usize = 5;
    let lines = stderr.lines().filter_map(|line| {
        let remote = line.strip_prefix("remote:");
        let line = match (of_remote, remote) {
            (true, Some(line)) => line,
            (false, None) => line,
            _ => return None,
        };
        let line = line.trim();
        let own = ["fatal: ", "error: "];
        let line = own
            .iter()
            .find_map(|word| line.strip_prefix(word))
            .unwrap_or(line);
        (!line.is_empty() && !line.starts_with("hint:")).then(|| text::cut(line, 300))
    });
    let lines: Vec<String> = lines.take(LINES_MAX).collect();
    lines.join("; ")
}

fn is_safe_name(name: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(safe)
        && !name.starts_with(['-', '.'])
        && !name.ends_with('.')
        && !name.ends_with(".lock")
        && !name.contains("..")
}

fn shown_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) if scheme.starts_with("http") || rest[..at].contains(':') => {
            format!("{scheme}://...@{}", &rest[at + 1..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_be_options_or_paths_are_refused() {
        for name in ["origin", "a.b", "up_stream-2"] {
            assert!(is_safe_name(name), "{name}");
        }
        for name in [
            "",
            "-x",
            "--upload-pack=x",
            ".",
            "a..b",
            "a/b",
            "a b",
            "ext::x",
            "x.lock",
        ] {
            assert!(!is_safe_name(name), "{name}");
        }
    }

    #[test]
    fn an_address_is_shown_without_its_secret() {
        for (url, shown) in [
            ("https://u:p@h/x@y", "https://...@h/x@y"),
            ("https://token@h", "https://...@h"),
            ("ssh://git@h/x", "ssh://git@h/x"),
            ("git@h:x", "git@h:x"),
            ("/a/b", "/a/b"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }

    #[test]
    fn the_words_of_either_side_are_told_apart() {
        let stderr = "remote: no pushing here        \nfatal: it failed\nhint: try\nerror: more\n";
        assert_eq!(words(stderr, true), "no pushing here");
        assert_eq!(words(stderr, false), "it failed; more");
    }
}
