//! What the configuration says of a remote: which part of it takes part in talking to it.

use std::path::PathBuf;

use crate::base::Result;
use crate::git::gitconfig::{Scope, Setting};
use crate::git::repo::Repo;

/// The sections that are looked at.
const SECTIONS: &str = "^(core|credential|http|protocol|remote|ssh|url)\\.";

/// The addresses and settings of one remote.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    /// The address, as configured.
    pub(super) url: String,
    /// Settings of the repository's own file that apply: they name no program.
    pub(super) carried: Vec<(String, String)>,
    /// What makes a partial clone one.
    pub(super) promisors: Vec<(String, String)>,
    /// Keys of the repository's own file that do not apply although they might be meant.
    pub(super) unheard: Vec<String>,
}

/// A key in its parts: `http`, `https://host`, `proxy`.
type Key<'a> = (&'a str, Option<&'a str>, &'a str);

impl Transport {
    /// Reads the configuration; `None` if the remote has no address.
    pub(super) fn read(repo: &Repo, name: &str) -> Result<Option<Self>> {
        let settings = repo.git().settings(SECTIONS)?;
        let url_key = format!("remote.{name}.url");
        let Some(url) = settings
            .iter()
            .find(|s| s.key == url_key && !s.value.is_empty())
        else {
            return Ok(None);
        };
        let mut transport = Transport {
            url: url.value.clone(),
            carried: Vec::new(),
            promisors: Vec::new(),
            unheard: Vec::new(),
        };
        for setting in settings.iter().filter(|s| s.scope == Scope::Repository) {
            transport.sort(setting, name);
        }
        for key in [url_key, format!("remote.{name}.pushurl")] {
            // Git pushes to all addresses, and a swap can be won at one place only.
            let first = settings.iter().find(|s| s.key == key);
            if let Some(first) = first.filter(|s| s.scope == Scope::Repository) {
                let place = place(repo, &first.value, &settings);
                transport.carried.push((key, place));
            }
        }
        Ok(Some(transport))
    }

    fn sort(&mut self, setting: &Setting, name: &str) {
        let Some(key) = parts(&setting.key) else {
            return;
        };
        let pair = || (setting.key.clone(), setting.value.clone());
        if is_harmless(key, name) {
            self.carried.push(pair());
        } else if matches!(key, ("remote", Some(_), "promisor" | "partialclonefilter")) {
            self.promisors.push(pair());
        } else if is_missed(key, name) && !self.unheard.contains(&setting.key) {
            self.unheard.push(setting.key.clone());
        }
        if matches!(key, ("remote", Some(other), "url") if other != name) {
            self.promisors.push(pair());
        }
    }
}

fn parts(key: &str) -> Option<Key<'_>> {
    let (section, rest) = key.split_once('.')?;
    Some(match rest.rsplit_once('.') {
        Some((middle, last)) => (section, Some(middle), last),
        None => (section, None, rest),
    })
}

fn is_harmless(key: Key<'_>, name: &str) -> bool {
    match key {
        ("url", Some(_), last) => matches!(last, "insteadof" | "pushinsteadof"),
        ("remote", Some(own), last) => {
            own == name && matches!(last, "proxy" | "proxyauthmethod" | "serveroption")
        }
        ("credential", _, last) => matches!(last, "username" | "usehttppath"),
        ("http", _, last) => matches!(
            last,
            "extraheader"
                | "proxy"
                | "proxyauthmethod"
                | "version"
                | "postbuffer"
                | "useragent"
                | "lowspeedlimit"
                | "lowspeedtime"
                | "emptyauth"
                | "delegation"
                | "sslcert"
                | "sslkey"
        ),
        ("ssh", None, "variant") | ("protocol", None, "version") => true,
        ("core", None, "sharedrepository") => true,
        _ => false,
    }
}

/// True for what a person may have set and will miss.
fn is_missed(key: Key<'_>, name: &str) -> bool {
    match key {
        ("core", None, last) => matches!(last, "sshcommand" | "gitproxy" | "askpass"),
        ("credential", _, last) => last == "helper",
        ("http", _, last) => matches!(last, "sslverify" | "sslcainfo" | "sslcapath"),
        ("remote", Some(own), last) => {
            own == name && matches!(last, "vcs" | "uploadpack" | "receivepack")
        }
        _ => false,
    }
}

/// An address as it has to be written elsewhere: git takes relative paths from where it runs.
fn place(repo: &Repo, url: &str, settings: &[Setting]) -> String {
    let is_short = |s: &Setting| {
        matches!(
            parts(&s.key),
            Some(("url", Some(_), "insteadof" | "pushinsteadof"))
        ) && url.starts_with(&s.value)
    };
    if !is_local_path(url) || url.starts_with('/') || settings.iter().any(is_short) {
        return url.to_owned();
    }
    top(repo)
        .join(url)
        .to_str()
        .map_or_else(|| url.to_owned(), str::to_owned)
}

/// As git decides it: no colon before the first slash.
fn is_local_path(url: &str) -> bool {
    match (url.find(':'), url.find('/')) {
        (None, _) => true,
        (Some(colon), Some(slash)) => slash < colon,
        (Some(_), None) => false,
    }
}

/// Where the main checkout begins, also for a linked worktree.
fn top(repo: &Repo) -> PathBuf {
    let common = repo.common_dir();
    let above = common
        .parent()
        .filter(|_| common.file_name().is_some_and(|n| n == ".git"));
    match (repo.worktree_id(), repo.work_dir()) {
        (None, Some(folder)) => folder.to_owned(),
        _ => above.unwrap_or(common).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_two_or_three_parts() {
        assert_eq!(parts("core.askpass"), Some(("core", None, "askpass")));
        let key = "http.https://a.b/c.proxy";
        assert_eq!(parts(key), Some(("http", Some("https://a.b/c"), "proxy")));
        assert_eq!(parts("nothing"), None);
    }

    #[test]
    fn no_setting_that_names_a_program_or_weakens_a_check_is_carried() {
        for key in [
            "core.sshcommand",
            "core.gitproxy",
            "core.askpass",
            "core.alternaterefscommand",
            "credential.helper",
            "credential.https://h.helper",
            "http.sslverify",
            "http.https://h.sslcainfo",
            "protocol.allow",
            "protocol.ext.allow",
            "remote.o.vcs",
            "remote.o.uploadpack",
            "remote.o.receivepack",
            "remote.o.mirror",
            "remote.other.proxy",
            "fetch.fsckobjects",
        ] {
            assert!(!is_harmless(parts(key).unwrap(), "o"), "{key}");
        }
        for key in [
            "http.https://h.extraheader",
            "remote.o.proxy",
            "url.x.insteadof",
        ] {
            assert!(is_harmless(parts(key).unwrap(), "o"), "{key}");
        }
    }

    #[test]
    fn a_path_is_told_from_an_address() {
        for path in ["../x", "x", "./a:b", "a/b:c"] {
            assert!(is_local_path(path), "{path}");
        }
        for url in ["h:x", "git@h:x/y", "https://h/x", "file:///x", "ext::sh"] {
            assert!(!is_local_path(url), "{url}");
        }
    }
}
