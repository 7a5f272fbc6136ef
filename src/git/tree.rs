//! Trees: one level, a walk, an edit. Only folders on the way to a change are read or written.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use crate::base::{Error, Oid, RepoPath, Result};
use crate::git::format::{from_oid, to_oid};
use crate::git::objects::{Kind, Objects};

/// Deepest nesting of folders that is read or written.
const DEPTH_MAX: usize = 128;

/// What a tree entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A file, 100644.
    File,
    /// A file that can be executed, 100755.
    Program,
    /// A symbolic link, 120000.
    Link,
    /// A folder, 040000.
    Tree,
    /// A commit of a submodule, 160000.
    Submodule,
}

impl Mode {
    /// As git writes it, without a leading zero.
    pub fn octal(self) -> &'static str {
        match self {
            Mode::File => "100644",
            Mode::Program => "100755",
            Mode::Link => "120000",
            Mode::Tree => "40000",
            Mode::Submodule => "160000",
        }
    }

    /// Reads what git prints; old group-writable files count as files.
    pub fn parse(octal: &[u8]) -> Option<Self> {
        match octal {
            b"100644" | b"100664" => Some(Mode::File),
            b"100755" => Some(Mode::Program),
            b"120000" => Some(Mode::Link),
            b"40000" | b"040000" => Some(Mode::Tree),
            b"160000" => Some(Mode::Submodule),
            _ => None,
        }
    }

    fn of(mode: gix::objs::tree::EntryMode) -> Self {
        match mode.kind() {
            gix::objs::tree::EntryKind::Blob => Mode::File,
            gix::objs::tree::EntryKind::BlobExecutable => Mode::Program,
            gix::objs::tree::EntryKind::Link => Mode::Link,
            gix::objs::tree::EntryKind::Tree => Mode::Tree,
            gix::objs::tree::EntryKind::Commit => Mode::Submodule,
        }
    }
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name on one level, or the whole path in a walk.
    pub path: RepoPath,
    /// What it is.
    pub mode: Mode,
    /// The object.
    pub oid: Oid,
}

/// One change of an edit: what shall stand at `path`, or nothing. A whole tree may be put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// From the root of the tree that is edited.
    pub path: RepoPath,
    /// What shall be there; `None` removes, also a whole folder, and is fine if nothing is there.
    pub entry: Option<(Mode, Oid)>,
}

impl Change {
    /// A plain file.
    pub fn file(path: impl Into<RepoPath>, oid: Oid) -> Self {
        Change {
            path: path.into(),
            entry: Some((Mode::File, oid)),
        }
    }

    /// Nothing.
    pub fn removal(path: impl Into<RepoPath>) -> Self {
        Change {
            path: path.into(),
            entry: None,
        }
    }
}

impl Objects {
    /// One level of a tree in git's order; [`Entry::path`] is the bare name.
    pub fn list(&self, tree: &Oid) -> Result<Vec<Entry>> {
        let bytes = self.read(tree, Kind::Tree)?;
        gix::objs::TreeRefIter::from_bytes(&bytes, self.format().kind())
            .map(|entry| {
                let entry = entry.map_err(|e| damaged(tree).because(e.to_string()))?;
                Ok(Entry {
                    path: RepoPath::from_bytes(entry.filename.to_vec()),
                    mode: Mode::of(entry.mode),
                    oid: to_oid(entry.oid.to_owned()),
                })
            })
            .collect()
    }

    /// The entry at `path` below `tree`; `None` if there is none.
    pub fn entry(&self, tree: &Oid, path: &RepoPath) -> Result<Option<Entry>> {
        let mut at = tree.clone();
        let mut parts = path.as_bytes().split(|&b| b == b'/').peekable();
        while let Some(part) = parts.next() {
            let found = self
                .list(&at)?
                .into_iter()
                .find(|e| e.path.as_bytes() == part);
            let Some(found) = found else {
                return Ok(None);
            };
            if parts.peek().is_none() {
                return Ok(Some(Entry {
                    path: path.clone(),
                    ..found
                }));
            }
            if found.mode != Mode::Tree {
                return Ok(None);
            }
            at = found.oid;
        }
        Ok(None)
    }

    /// The folder at `path` below `tree`; `None` if there is none or it is not a folder.
    pub fn subtree(&self, tree: &Oid, path: &RepoPath) -> Result<Option<Oid>> {
        let entry = self.entry(tree, path)?;
        Ok(entry.filter(|e| e.mode == Mode::Tree).map(|e| e.oid))
    }

    /// The content of the file at `path` below `tree`; `None` if there is no file.
    pub fn file(&self, tree: &Oid, path: &RepoPath) -> Result<Option<Vec<u8>>> {
        match self.entry(tree, path)? {
            Some(entry) if matches!(entry.mode, Mode::File | Mode::Program) => {
                self.blob(&entry.oid).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Everything below `tree` that is not a folder, with paths that begin with `prefix` and `/`
    /// (nothing for an empty prefix), in git's order.
    pub fn walk(&self, tree: &Oid, prefix: &str) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        self.walk_into(tree, prefix.as_bytes(), 0, &mut found)?;
        Ok(found)
    }

    fn walk_into(
        &self,
        tree: &Oid,
        prefix: &[u8],
        depth: usize,
        found: &mut Vec<Entry>,
    ) -> Result<()> {
        if depth > DEPTH_MAX {
            return Err(too_deep());
        }
        for entry in self.list(tree)? {
            let path = joined(prefix, entry.path.as_bytes());
            if entry.mode == Mode::Tree {
                self.walk_into(&entry.oid, &path, depth + 1, found)?;
            } else {
                let path = RepoPath::from_bytes(path);
                found.push(Entry { path, ..entry });
            }
        }
        Ok(())
    }

    /// Puts an index at `path` that holds exactly `tree` and knows of no file on disk.
    pub fn write_index(&self, tree: &Oid, path: &Path) -> Result<()> {
        let failed = |e: String| Error::busy("index", "cannot write an index").because(e);
        let tree = from_oid(tree, self.format())?;
        let state = gix::index::State::from_tree(&tree, self.handle(), Default::default())
            .map_err(|e| failed(e.to_string()))?;
        let mut file = gix::index::File::from_state(state, path.to_owned());
        file.write(gix::index::write::Options::default())
            .map_err(|e| failed(e.to_string()))
    }

    /// Writes the tree that `base` (nothing if `None`) becomes by `changes`, and gives its id.
    ///
    /// Later changes of one path win. A file gives way to a folder of its name and the reverse.
    /// Folders that become empty vanish; the tree of nothing is the empty tree. Not durable
    /// before [`Objects::flush`].
    ///
    /// # Errors
    /// A path is empty, has an empty part, `.`, `..`, or lies in `.git`.
    pub fn edit(&self, base: Option<&Oid>, changes: &[Change]) -> Result<Oid> {
        let mut plan = Node::default();
        for change in changes {
            if change.path.is_hostile() {
                let message = format!("`{}` cannot stand in a tree", change.path);
                return Err(Error::bug(message));
            }
            let mut parts = change.path.as_bytes().split(|&b| b == b'/');
            plan.insert(&mut parts, change.entry.clone());
        }
        match self.apply(base, plan, 0)? {
            Some(tree) => Ok(tree),
            None => self.write(Kind::Tree, b""),
        }
    }

    /// Gives `None` for a folder without entries.
    fn apply(&self, base: Option<&Oid>, plan: Node, depth: usize) -> Result<Option<Oid>> {
        if depth > DEPTH_MAX {
            return Err(too_deep());
        }
        let before = base.map_or_else(|| Ok(Vec::new()), |tree| self.list(tree))?;
        let mut entries: BTreeMap<Vec<u8>, (Mode, Oid)> = before
            .into_iter()
            .map(|e| (e.path.as_bytes().to_vec(), (e.mode, e.oid)))
            .collect();
        for (name, step) in plan.0 {
            let new = match step {
                Step::Put(entry) => entry,
                Step::Into(inner, replaces) => {
                    let old = entries.get(&name).filter(|(mode, _)| *mode == Mode::Tree);
                    let old = old.map(|(_, oid)| oid.clone()).filter(|_| !replaces);
                    let old = old.filter(|oid| *oid != self.format().empty_tree());
                    self.apply(old.as_ref(), inner, depth + 1)?
                        .map(|oid| (Mode::Tree, oid))
                }
            };
            match new.filter(|(_, oid)| *oid != self.format().empty_tree()) {
                Some(entry) => entries.insert(name, entry),
                None => entries.remove(&name),
            };
        }
        if entries.is_empty() {
            return Ok(None);
        }
        self.write_tree(entries).map(Some)
    }

    fn write_tree(&self, entries: BTreeMap<Vec<u8>, (Mode, Oid)>) -> Result<Oid> {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|a, b| git_order((&a.0, a.1.0), (&b.0, b.1.0)));
        let mut bytes = Vec::new();
        for (name, (mode, oid)) in entries {
            bytes.extend_from_slice(mode.octal().as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(&name);
            bytes.push(0);
            bytes.extend_from_slice(from_oid(&oid, self.format())?.as_slice());
        }
        self.write(Kind::Tree, &bytes)
    }
}

/// The changes below one folder.
#[derive(Default)]
struct Node(BTreeMap<Vec<u8>, Step>);

enum Step {
    Put(Option<(Mode, Oid)>),
    /// Changes inside a folder; `true` if what was there is gone first.
    Into(Node, bool),
}

impl Node {
    fn insert(&mut self, parts: &mut dyn Iterator<Item = &[u8]>, entry: Option<(Mode, Oid)>) {
        let mut node = self;
        let mut name = parts.next().unwrap_or_default();
        for next in parts {
            let step = node.0.entry(name.to_vec());
            let step = step.or_insert_with(|| Step::Into(Node::default(), false));
            if let Step::Put(_) = step {
                *step = Step::Into(Node::default(), true);
            }
            let Step::Into(inner, _) = step else {
                return;
            };
            node = inner;
            name = next;
        }
        node.0.insert(name.to_vec(), Step::Put(entry));
    }
}

/// Names compare as if folders ended with `/`.
fn git_order(a: (&[u8], Mode), b: (&[u8], Mode)) -> Ordering {
    let end = |mode| (mode == Mode::Tree).then_some(b'/');
    let (left, right) = (
        a.0.iter().copied().chain(end(a.1)),
        b.0.iter().copied().chain(end(b.1)),
    );
    left.cmp(right)
}

fn joined(prefix: &[u8], name: &[u8]) -> Vec<u8> {
    if prefix.is_empty() {
        return name.to_vec();
    }
    [prefix, b"/", name].concat()
}

fn damaged(tree: &Oid) -> Error {
    Error::damaged("object", format!("tree `{tree}` is malformed")).hint("git fsck")
}

fn too_deep() -> Error {
    Error::damaged(
        "object",
        format!("folders are nested deeper than {DEPTH_MAX}"),
    )
}
