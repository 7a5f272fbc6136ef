//! Checked names: features, packages, attempts, actors, transactions, objects, refs.
//!
//! Feature and package ids are kept verbatim in JSON and text. Where a tree path or a ref needs
//! them, [`FeatureId::slug`] gives a safe component: the id itself if it has the form
//! `[a-z0-9][a-z0-9._-]{0,62}` (no `..`, no `.lock` at the end), else a slug, `-` and eight hex
//! digits of its hash, so that two ids never share a slug by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::hash::ContentHash;

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident, $check:expr, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes `text`; `None` if it does not have the form of such a name.
            pub fn parse(text: &str) -> Option<Self> {
                let check: fn(&str) -> bool = $check;
                check(text).then(|| $name(text.to_owned()))
            }

            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text).ok_or_else(|| format!(concat!("`{}` is not ", $what), text))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

text_newtype!(
    /// One plan being implemented; for OpenSpec the change-id. 1 to 128 visible characters.
    FeatureId,
    is_free_id,
    "a feature id"
);
text_newtype!(
    /// A node of a plan. 1 to 128 visible characters; each plan format is stricter by itself.
    PackageId,
    is_free_id,
    "a package id"
);
text_newtype!(
    /// One try of one package by one agent. Minted, already a path component.
    AttemptId,
    is_component,
    "an attempt id"
);
text_newtype!(
    /// A clone of the repository: random, minted once, independent of who sits there.
    ActorId,
    is_component,
    "an actor id"
);
text_newtype!(
    /// A transaction; the same id takes effect at most once.
    TxnId,
    is_component,
    "a transaction id"
);
text_newtype!(
    /// A free-standing task. Minted, already a path component.
    TaskId,
    is_component,
    "a task id"
);
text_newtype!(
    /// A full object id: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits.
    Oid,
    is_oid,
    "an object id"
);
text_newtype!(
    /// A full ref name that begins with `refs/`, in the form git accepts, without a component
    /// that begins with `-` (git accepts those, option parsers do not).
    RefName,
    is_ref_name,
    "a full ref name"
);

impl FeatureId {
    /// A component for tree paths, refs and folders.
    pub fn slug(&self) -> String {
        slug(&self.0)
    }
}

impl PackageId {
    /// A component for tree paths, refs and folders.
    pub fn slug(&self) -> String {
        slug(&self.0)
    }
}

impl Oid {
    /// Ten digits for people; never used to find an object again.
    pub fn short(&self) -> &str {
        &self.0[..10]
    }

    /// The id of no object, in the length of `self`.
    pub fn is_null(&self) -> bool {
        self.0.bytes().all(|b| b == b'0')
    }
}

impl RefName {
    /// The name without `refs/heads/`, or the whole name.
    pub fn short(&self) -> &str {
        self.0.strip_prefix("refs/heads/").unwrap_or(&self.0)
    }
}

/// Turns any text into a safe path component; see the head of this file.
pub fn slug(text: &str) -> String {
    if is_component(text) {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = if c.is_ascii_alphanumeric() { c } else { '-' };
        if !(c == '-' && (out.is_empty() || out.ends_with('-'))) {
            out.push(c);
        }
        if out.len() >= 48 {
            break;
        }
    }
    let stem = out.trim_end_matches('-');
    let stem = if stem.is_empty() { "x" } else { stem };
    format!("{stem}-{}", ContentHash::of(text.as_bytes()).short(8))
}

/// `[a-z0-9][a-z0-9._-]{0,62}` without `..`, without `.lock` or `.` at the end.
pub fn is_component(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
        })
        && !text.contains("..")
        && !text.ends_with(".lock")
        && !text.ends_with('.')
        && !is_device_name(text)
}

/// Names that Windows gives to devices, with or without an extension.
fn is_device_name(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or(text);
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

fn is_free_id(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= 128
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

fn is_oid(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_ref_name(text: &str) -> bool {
    let bad =
        |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    text.len() <= 512
        && text.starts_with("refs/")
        && text.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && !part.starts_with('-')
                && !part.ends_with('.')
                && !part.ends_with(".lock")
        })
        && !text.contains("..")
        && !text.contains("@{")
        && !text.contains(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_ids_are_their_own_slug() {
        for id in ["add-auth", "wp-contracts", "a.b_c-1"] {
            assert_eq!(slug(id), id);
        }
    }

    #[test]
    fn other_ids_get_a_hash_and_stay_apart() {
        for id in [
            "Add Auth",
            "a..b",
            "x.lock",
            "Ärger",
            "con",
            "-x",
            "a/b",
            "a.",
            &"x".repeat(80),
        ] {
            let slug = slug(id);
            assert!(is_component(&slug), "{id} -> {slug}");
            assert_ne!(slug, id);
        }
        assert_ne!(slug("A"), slug("a"));
        assert_ne!(slug("a/b"), slug("a:b"));
    }

    #[test]
    fn ref_names_with_options_or_traversal_are_refused() {
        for name in [
            "refs/wp/--upload-pack=x",
            "refs/../x",
            "refs/wp//x",
            "heads/x",
            "refs/a b",
        ] {
            assert!(RefName::parse(name).is_none(), "{name}");
        }
        assert_eq!(
            RefName::parse("refs/heads/openspec/x").unwrap().short(),
            "openspec/x"
        );
    }
}
