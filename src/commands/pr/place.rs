//! Where a remote is: its host and the path of the repository there.

use std::fmt::Write as _;

use crate::commands::pr::forge::Forge;

/// A repository on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The host, in lower case, without a port.
    pub(super) host: String,
    /// `owner/name`, or longer.
    pub(super) path: String,
}

impl Place {
    /// Reads the address of a remote; `None` for folders and what has no such form.
    pub(super) fn read(url: &str) -> Option<Place> {
        let (host, path) = match url.split_once("://") {
            Some((scheme, rest)) => {
                let known = matches!(scheme, "https" | "http" | "ssh");
                known.then(|| rest.split_once('/'))??
            }
            // A colon before any slash parts host and path.
            None => url
                .split_once(':')
                .filter(|(host, _)| !host.contains('/'))?,
        };
        let host = host.rsplit('@').next()?.split(':').next()?.to_lowercase();
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/');
        let good = path.contains('/')
            && path.chars().all(plain)
            && path
                .split('/')
                .all(|part| !part.is_empty() && !part.starts_with(['-', '.']));
        let host_good = !host.is_empty()
            && !host.starts_with('-')
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
        (good && host_good).then(|| Place {
            host,
            path: path.to_owned(),
        })
    }

    /// The page on which a person opens a pull request for `branch`.
    pub(super) fn page(&self, forge: Option<Forge>, branch: &str, into: Option<&str>) -> String {
        let Place { host, path } = self;
        let branch = escaped(branch);
        match forge {
            Some(Forge::Gh) => {
                let range = into.map_or(branch.clone(), |into| {
                    format!("{}...{branch}", escaped(into))
                });
                format!("https://{host}/{path}/compare/{range}?expand=1")
            }
            Some(Forge::Glab) => {
                let into = into.map_or(String::new(), |into| {
                    format!("&merge_request%5Btarget_branch%5D={}", escaped(into))
                });
                format!(
                    "https://{host}/{path}/-/merge_requests/new?merge_request%5Bsource_branch%5D=\
                     {branch}{into}"
                )
            }
            None => format!("https://{host}/{path}"),
        }
    }
}

/// As part of an address; slashes stay.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_is_one_place() {
        for url in [
            "https://github.com/ann/shop.git",
            "https://...@github.com/ann/shop",
            "ssh://git@GitHub.com:22/ann/shop.git/",
            "git@github.com:ann/shop.git",
            "github.com:/ann/shop",
        ] {
            let place = Place::read(url);
            let place = place.unwrap_or_else(|| panic!("{url}"));
            assert_eq!(
                (place.host.as_str(), place.path.as_str()),
                ("github.com", "ann/shop")
            );
            assert_eq!(Forge::of(&place), Some(Forge::Gh));
        }
        for url in [
            "/srv/shop.git",
            "../shop",
            "file:///srv/ann/shop.git",
            "ext::sh -c x",
            "https://github.com/ann",
            "git@github.com:ann/--upload-pack=x",
            "git@-oProxyCommand=x:ann/shop",
            "https://host/ann/../shop",
        ] {
            assert_eq!(Place::read(url), None, "{url}");
        }
    }

    #[test]
    fn pages_take_branches_as_they_are() {
        let place = Place::read("https://gitlab.example.org/a/b/c.git").unwrap();
        assert_eq!(Forge::of(&place), Some(Forge::Glab));
        assert_eq!(
            place.page(Some(Forge::Glab), "openspec/add x", Some("main")),
            "https://gitlab.example.org/a/b/c/-/merge_requests/new?merge_request%5Bsource_branch%5D=\
             openspec/add%20x&merge_request%5Btarget_branch%5D=main"
        );
        assert_eq!(
            place.page(Some(Forge::Gh), "x", Some("main")),
            "https://gitlab.example.org/a/b/c/compare/main...x?expand=1"
        );
    }
}
