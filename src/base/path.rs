//! Paths inside a repository: bytes, relative, `/` between parts.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path of a tree entry as git stores it; any bytes but NUL. In JSON it is a string, or
/// `{"hex":"…"}` where it is not UTF-8, so that no path is ever confused with another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Vec<u8>);

impl RepoPath {
    /// Takes bytes as git printed them with `-z`.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        RepoPath(bytes.into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if the path is UTF-8.
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text with replacement characters; for matching and messages, never for opening files.
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// True if a part is `.git` in a form some file system takes for it, `.` or `..`, or empty.
    pub fn is_hostile(&self) -> bool {
        self.0.split(|&b| b == b'/').any(|part| match part {
            b"" | b"." | b".." => true,
            _ => is_dot_git(&String::from_utf8_lossy(part)),
        })
    }
}

/// True if `part` names `.git` on some file system: case, 8.3 names, NTFS streams and trailing
/// dots, HFS+ ignorable characters.
pub fn is_dot_git(part: &str) -> bool {
    let visible: String = part
        .chars()
        .filter(|c| {
            !matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{206a}'..='\u{206f}' | '\u{feff}')
        })
        .flat_map(char::to_lowercase)
        .collect();
    let stem = visible
        .split(':')
        .next()
        .unwrap_or(&visible)
        .trim_end_matches(['.', ' ']);
    stem == ".git" || stem == "git~1"
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            fmt::Display::fmt(&crate::base::text::foreign(chunk.valid()), f)?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<&str> for RepoPath {
    fn from(text: &str) -> Self {
        RepoPath(text.as_bytes().to_vec())
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(text) = self.to_str() {
            return serializer.serialize_str(text);
        }
        let hex: String = self.0.iter().map(|b| format!("{b:02x}")).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("hex", &hex)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for RepoPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PathVisitor)
    }
}

struct PathVisitor;

impl<'de> Visitor<'de> for PathVisitor {
    type Value = RepoPath;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path, or an object with its bytes in `hex`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RepoPath, E> {
        Ok(RepoPath::from(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RepoPath, A::Error> {
        let entry: Option<(String, String)> = map.next_entry()?;
        let Some((key, hex)) = entry.filter(|(key, hex)| key == "hex" && hex.is_ascii()) else {
            return Err(de::Error::custom("expected `hex`"));
        };
        let bytes: Option<Vec<u8>> = (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok())
            .collect();
        match bytes {
            Some(bytes) if hex.len() % 2 == 0 => Ok(RepoPath(bytes)),
            _ => Err(de::Error::custom(format!("`{key}` is not hexadecimal"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_json() {
        for bytes in [&b"a/b"[..], b"a\xffb", "ä\n".as_bytes()] {
            let path = RepoPath::from_bytes(bytes);
            let json = serde_json::to_string(&path).unwrap();
            assert_eq!(serde_json::from_str::<RepoPath>(&json).unwrap(), path);
        }
    }

    #[test]
    fn knows_the_faces_of_dot_git() {
        for path in [
            ".git/x",
            "a/.GIT",
            "git~1/x",
            "a/.git. /b",
            ".g\u{200c}it",
            ".git::$DATA",
            "../x",
        ] {
            assert!(RepoPath::from(path).is_hostile(), "{path}");
        }
        for path in [".github/x", ".gitignore", "a/git/b", ".gitmodules"] {
            assert!(!RepoPath::from(path).is_hostile(), "{path}");
        }
    }
}
