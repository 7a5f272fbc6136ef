//! What an agent or a verification command sees of the environment: an allowlist, and what we add.
//!
//! The caller hands in the environment of this process. Variables by which git finds repositories
//! are never passed on, also not by name: they would lead an agent out of its room.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::base::{Redactor, redact};

/// Passed on to every agent. None of these is a secret.
const ALLOWED: [&str; 34] = [
    "CARGO_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GOCACHE",
    "GOMODCACHE",
    "GOPATH",
    "GOROOT",
    "HOME",
    "JAVA_HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "NO_COLOR",
    "NVM_DIR",
    "PATH",
    "PYENV_ROOT",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// The environment of a child, complete.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    vars: BTreeMap<OsString, OsString>,
    secrets: Vec<String>,
}

impl Environment {
    /// Takes from `parent` what is on the allowlist or named in `names`.
    ///
    /// A name may end with `*`. Variables of git beside those on the allowlist stay out.
    pub fn allowed(parent: &BTreeMap<OsString, OsString>, names: &[String]) -> Self {
        let mut vars = BTreeMap::new();
        let mut secrets = Vec::new();
        for (name, value) in parent {
            let text = name.to_string_lossy();
            if redact::is_secret_name(&text) {
                secrets.extend(value.to_str().map(str::to_owned));
            }
            if is_allowed(&text) || (is_named(&text, names) && !is_ours(&text)) {
                vars.insert(name.clone(), value.clone());
            }
        }
        Environment { vars, secrets }
    }

    /// Sets one variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    /// Takes variables out.
    #[must_use]
    pub fn without(mut self, names: &[String]) -> Self {
        self.vars
            .retain(|name, _| !names.iter().any(|out| name == OsStr::new(out)));
        self
    }

    /// Sets author and committer for every commit made in this environment.
    #[must_use]
    pub fn with_identity(self, name: &str, email: &str) -> Self {
        self.with("GIT_AUTHOR_NAME", name)
            .with("GIT_AUTHOR_EMAIL", email)
            .with("GIT_COMMITTER_NAME", name)
            .with("GIT_COMMITTER_EMAIL", email)
    }

    /// Sets git configuration for every git command in this environment, after what is already
    /// there. An agent that filters its environment by names with KEY in them drops it.
    #[must_use]
    pub fn with_git_config(mut self, pairs: &[(String, String)]) -> Self {
        let count = self.vars.get(OsStr::new("GIT_CONFIG_COUNT"));
        let count = count.and_then(|count| count.to_str()?.parse::<usize>().ok());
        let from = count.unwrap_or(0);
        for (at, (key, value)) in pairs.iter().enumerate() {
            self = self
                .with(format!("GIT_CONFIG_KEY_{}", from + at), key)
                .with(format!("GIT_CONFIG_VALUE_{}", from + at), value);
        }
        match from + pairs.len() {
            0 => self,
            total => self.with("GIT_CONFIG_COUNT", total.to_string()),
        }
    }

    /// All variables.
    pub fn vars(&self) -> &BTreeMap<OsString, OsString> {
        &self.vars
    }

    /// Takes the values of secret variables of the parent out of text, whether they were passed
    /// on or not.
    pub fn redactor(&self) -> Redactor {
        Redactor::new(self.secrets.iter().cloned())
    }
}

fn is_allowed(name: &str) -> bool {
    ALLOWED.binary_search(&name).is_ok() || name.starts_with("LC_")
}

fn is_named(name: &str, names: &[String]) -> bool {
    names.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(stem) => name.starts_with(stem),
        None => name == pattern,
    })
}

/// True for what only the runner sets.
fn is_ours(name: &str) -> bool {
    name.starts_with("GIT_") || name.starts_with("WP_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent() -> BTreeMap<OsString, OsString> {
        [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("GH_TOKEN", "token-of-a-person"),
            ("OPENAI_API_KEY", "key-of-a-person"),
            ("AWS_REGION", "eu"),
            ("SSH_AUTH_SOCK", "/s"),
            ("GIT_DIR", "/elsewhere"),
            ("WP_ATTEMPT", "other"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
    }

    fn names(environment: &Environment) -> Vec<String> {
        let text = |name: &OsString| name.to_str().unwrap().to_owned();
        environment.vars().keys().map(text).collect()
    }

    #[test]
    fn the_allowlist_is_sorted_for_its_search() {
        assert!(ALLOWED.is_sorted());
    }

    #[test]
    fn only_what_is_allowed_or_named_is_passed_on() {
        let plain = Environment::allowed(&parent(), &[]);
        assert_eq!(names(&plain), ["LC_ALL", "PATH"]);
        let wanted = ["OPENAI_API_KEY", "AWS_*", "GIT_*", "WP_ATTEMPT"].map(str::to_owned);
        let named = Environment::allowed(&parent(), &wanted);
        assert_eq!(
            names(&named),
            ["AWS_REGION", "LC_ALL", "OPENAI_API_KEY", "PATH"]
        );
    }

    #[test]
    fn secrets_are_redacted_passed_on_or_not() {
        let wanted = ["OPENAI_API_KEY".to_owned()];
        let redactor = Environment::allowed(&parent(), &wanted).redactor();
        let text = redactor.redact("x token-of-a-person key-of-a-person");
        assert_eq!(text, "x [redacted] [redacted]");
    }

    #[test]
    fn git_configuration_is_numbered_on() {
        let pair = |key: &str| vec![(key.to_owned(), "v".to_owned())];
        let environment = Environment::default()
            .with_git_config(&[])
            .with_git_config(&pair("a.b"))
            .with_git_config(&pair("c.d"));
        assert_eq!(
            names(&environment),
            [
                "GIT_CONFIG_COUNT",
                "GIT_CONFIG_KEY_0",
                "GIT_CONFIG_KEY_1",
                "GIT_CONFIG_VALUE_0",
                "GIT_CONFIG_VALUE_1"
            ]
        );
        assert_eq!(environment.vars()[OsStr::new("GIT_CONFIG_COUNT")], "2");
    }
}
