//! Which paths a patch in git's form touches: both sides of renames, new modes, where new symbolic
//! links lead. It reads headers and skips text; a patch that lies about itself is judged again when
//! it is made.

use crate::base::RepoPath;
use crate::scope::guard::{Change, EntryMode};

/// The changes of a patch, in its order. Text without headers has none.
pub fn changes(patch: &str) -> Vec<Change> {
    let mut all = Vec::new();
    let mut file: Option<Header> = None;
    for line in patch.lines() {
        if let Some(names) = line.strip_prefix("diff --git ") {
            all.extend(
                file.replace(Header::of(names))
                    .into_iter()
                    .flat_map(Header::changes),
            );
        } else if line.starts_with("--- ") && !file.as_ref().is_some_and(|f| f.is_git) {
            let mut header = Header::default();
            header.read(line);
            all.extend(file.replace(header).into_iter().flat_map(Header::changes));
        } else if let Some(header) = &mut file {
            header.read(line);
        }
    }
    all.extend(file.into_iter().flat_map(Header::changes));
    all
}

/// What stands before the text of one file.
///
/// Without git's own first line every `---` begins a file, also where it is a removed line: naming
/// one path too many does no harm.
#[derive(Default)]
struct Header {
    is_git: bool,
    named: Option<Vec<u8>>,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
    is_copy: bool,
    old_mode: Option<EntryMode>,
    new_mode: Option<EntryMode>,
    target: Option<Vec<u8>>,
    is_text: bool,
}

impl Header {
    /// `a/PATH b/PATH`: the only name of a file whose text did not change.
    fn of(names: &str) -> Self {
        let half = names.len() / 2;
        let same = names.is_char_boundary(half).then(|| names.split_at(half));
        let same = same.filter(|(old, new)| side(old) == side(&new[1..]));
        Header {
            is_git: true,
            named: same.map(|(old, _)| side(old)),
            ..Header::default()
        }
    }

    fn read(&mut self, line: &str) {
        if self.is_text {
            return self.text(line);
        }
        let Some((word, rest)) = WORDS.iter().find_map(|w| Some((*w, line.strip_prefix(w)?)))
        else {
            self.is_text = line.starts_with("@@");
            return;
        };
        match word {
            "--- " => self.old = named(rest),
            "+++ " => self.new = named(rest),
            "rename from " => self.old = Some(unquoted(rest)),
            "rename to " | "copy to " => {
                self.new = Some(unquoted(rest));
                self.is_copy = word == "copy to ";
            }
            "new file mode " => {
                self.old_mode = Some(EntryMode::Absent);
                self.new_mode = Some(EntryMode::from_octal(rest));
            }
            "deleted file mode " => {
                self.old_mode = Some(EntryMode::from_octal(rest));
                self.new_mode = Some(EntryMode::Absent);
            }
            "index " => {
                let mode = rest.split(' ').nth(1).map(EntryMode::from_octal);
                self.old_mode = self.old_mode.or(mode);
                self.new_mode = self.new_mode.or(mode);
            }
            "new mode " => self.new_mode = Some(EntryMode::from_octal(rest)),
            _ => self.old_mode = Some(EntryMode::from_octal(rest)),
        }
    }

    fn text(&mut self, line: &str) {
        if let Some(line) = line.strip_prefix('+') {
            let target = self.target.get_or_insert_default();
            target.extend_from_slice(line.as_bytes());
        }
    }

    fn changes(self) -> Vec<Change> {
        let old = self.old.or_else(|| self.named.clone());
        let new = self.new.or(self.named);
        let is_link = self.new_mode == Some(EntryMode::Symlink);
        let change = |path: Vec<u8>, old: EntryMode, new: EntryMode| Change {
            path: RepoPath::from_bytes(path),
            old,
            new,
            size: None,
            target: None,
        };
        let before = self.old_mode.unwrap_or(EntryMode::File);
        let after = self.new_mode.unwrap_or(EntryMode::File);
        let mut all = Vec::new();
        if let Some(old) = old.filter(|old| !self.is_copy && new.as_ref() != Some(old)) {
            all.push(change(old, before, EntryMode::Absent));
        }
        if let Some(new) = new.filter(|new| new != b"/dev/null") {
            all.push(Change {
                target: self.target.filter(|_| is_link),
                ..change(new, before, after)
            });
        }
        all.retain(|change| change.path.as_bytes() != b"/dev/null");
        all
    }
}

const WORDS: [&str; 10] = [
    "index ",
    "--- ",
    "+++ ",
    "rename from ",
    "rename to ",
    "copy to ",
    "new file mode ",
    "deleted file mode ",
    "new mode ",
    "old mode ",
];

/// The path of a `---` or `+++` line.
fn named(rest: &str) -> Option<Vec<u8>> {
    let rest = rest.split('\t').next().unwrap_or(rest);
    Some(side(rest))
}

/// Without `a/` or `b/`.
fn side(name: &str) -> Vec<u8> {
    let name = unquoted(name);
    for prefix in [b"a/", b"b/"] {
        if let Some(rest) = name.strip_prefix(prefix) {
            return rest.to_vec();
        }
    }
    name
}

/// Reads a name that git may have put into quotes.
fn unquoted(name: &str) -> Vec<u8> {
    let inner = name.strip_prefix('"').and_then(|n| n.strip_suffix('"'));
    let Some(inner) = inner else {
        return name.as_bytes().to_vec();
    };
    let mut bytes = inner.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let escaped = match byte {
            b'\\' => bytes.next(),
            plain => {
                out.push(plain);
                continue;
            }
        };
        out.push(match escaped {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'v') => 11,
            Some(b'f') => 12,
            Some(first @ b'0'..=b'3') => {
                let mut octal = |value: u8| {
                    let digit = bytes.next().filter(|d| (b'0'..=b'7').contains(d));
                    (value << 3) | digit.map_or(0, |d| d - b'0')
                };
                let high = octal(first - b'0');
                octal(high)
            }
            Some(other) => other,
            None => b'\\',
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touched(patch: &str) -> Vec<String> {
        let word = |mode: EntryMode| match mode {
            EntryMode::Absent => "-",
            EntryMode::Symlink => "l",
            _ => "f",
        };
        { changes(patch).into_iter() }
            .map(|c| format!("{}{} {}", word(c.old), word(c.new), c.path))
            .collect()
    }

    #[test]
    fn every_kind_of_change_names_its_paths() {
        let patch = "\
diff --git a/x b/x
index 1..2 100644
--- a/x
+++ b/x
@@ -1 +1 @@
-rename from no
+copy to no
diff --git a/new b/new
new file mode 100644
--- /dev/null
+++ b/new
@@ -0,0 +1 @@
+text
diff --git a/gone b/gone
deleted file mode 100644
--- a/gone
+++ /dev/null
diff --git a/from b/to b
similarity index 100%
rename from from
rename to to b
diff --git a/bin b/bin
index 1..2 100644
Binary files a/bin and b/bin differ
diff --git a/mode b/mode
old mode 100644
new mode 100755
";
        let expected = [
            "ff x", "-f new", "f- gone", "f- from", "ff to b", "ff bin", "ff mode",
        ];
        assert_eq!(touched(patch), expected);
    }

    #[test]
    fn quoted_names_and_links_are_read() {
        let patch = "diff --git \"a/\\303\\244\\t\" \"b/\\303\\244\\t\"\nnew file mode 120000\n\
                     --- /dev/null\n+++ \"b/\\303\\244\\t\"\n@@ -0,0 +1 @@\n+../../etc\n";
        let found = changes(patch);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path.as_bytes(), "ä\t".as_bytes());
        assert_eq!(found[0].target.as_deref(), Some("../../etc".as_bytes()));
    }

    #[test]
    fn a_plain_patch_and_no_patch() {
        let two = "--- a/x\t2026\n+++ b/x\t2026\n@@ -1 +1 @@\n-a\n+b\n--- a/y\n+++ b/z\n@@\n";
        assert_eq!(touched(two), ["ff x", "f- y", "ff z"]);
        assert_eq!(touched("hello\nworld"), Vec::<String>::new());
    }
}
