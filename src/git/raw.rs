//! Objects as they lie in the store: no configuration, no replace refs, no grafts, no fetching.
//!
//! What is read here cannot be bent by anything but the objects themselves, which is what a gate
//! needs. Trees are compared as sets of entries, renames are a deletion and an addition, and both
//! sides of every change are told. A tree that names an entry twice is an error, not a guess.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use gix::hash::ObjectId;
use gix::objs::Kind as ObjectKind;
use gix::prelude::{FindExt as _, HeaderExt as _};

use crate::base::{Error, Oid, RepoPath, Result};
use crate::git::raw_tree::parse_tree;

/// Deepest nesting of folders that is followed.
pub(super) const DEPTH_MAX: usize = 256;
/// Most trees that are remembered.
const KNOWN_MAX: usize = 32;
/// Most entries of one comparison.
const CHANGES_MAX: usize = 1_000_000;

/// The object store of a repository and its alternates, by path alone.
pub struct RawStore {
    odb: gix::odb::Handle,
    hash: gix::hash::Kind,
    /// Trees that single paths were looked up in: a folder of many files is asked for each.
    known: RefCell<BTreeMap<ObjectId, Rc<Entries>>>,
}

/// The part of a commit that history is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCommit {
    /// The tree.
    pub tree: Oid,
    /// The parents as the commit itself names them.
    pub parents: Vec<Oid>,
    /// When it was committed, in seconds, as it says itself; 0 if it does not.
    pub seconds: i64,
}

/// One leaf of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// The mode, for instance `0o100644`.
    pub mode: u32,
    /// The blob, or the commit of a submodule.
    pub oid: Oid,
}

/// A leaf that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChange {
    /// Where.
    pub path: RepoPath,
    /// What was there.
    pub old: Option<RawEntry>,
    /// What is there now.
    pub new: Option<RawEntry>,
}

/// What has to be known of new content to judge it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawFacts {
    /// Bytes; nothing for a change of the mode alone, for submodules and for absent objects.
    pub size: Option<u64>,
    /// Where a symbolic link leads, as stored.
    pub target: Option<Vec<u8>>,
}

/// A tree by entry name; the id is kept in binary until somebody asks for it.
pub(super) type Entries = BTreeMap<Vec<u8>, ModeAndId>;
/// The mode and the object of an entry.
pub(super) type ModeAndId = (u32, ObjectId);

pub(super) const MODE_TREE: u32 = 0o040_000;
/// The mode of a symbolic link.
pub const MODE_LINK: u32 = 0o120_000;
/// The mode of a submodule.
pub const MODE_GITLINK: u32 = 0o160_000;
/// Longest target of a symbolic link that is read.
const TARGET_MAX: usize = 4096;

impl RawStore {
    /// Opens the folder `objects`; the length of `like` says which hash the repository uses.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn open(objects: &Path, like: &Oid) -> Result<Self> {
        let hash = binary(like)?.kind();
        let odb = gix::odb::at(objects.to_owned(), hash)
            .map_err(|e| Error::io(format!("cannot open `{}`", objects.display()), e))?;
        let known = RefCell::default();
        Ok(RawStore { odb, hash, known })
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// It is absent or not a commit.
    pub fn commit(&self, id: &Oid) -> Result<RawCommit> {
        let mut buffer = Vec::new();
        let commit = self.typed(&binary(id)?, ObjectKind::Commit, &mut buffer)?;
        parse_commit(commit, self.hash)
            .ok_or_else(|| absent(id, "commit", "its header is malformed".to_owned()))
    }

    /// True if the bytes of an object have the hash that names it. Commits and trees are checked
    /// whenever they are read here; blobs only by this.
    ///
    /// # Errors
    /// It is absent.
    pub fn is_genuine(&self, id: &Oid) -> Result<bool> {
        let mut buffer = Vec::new();
        let binary = binary(id)?;
        let object = self
            .odb
            .find(&binary, &mut buffer)
            .map_err(|e| absent(id, "object", e.to_string()))?;
        self.is_hash_of(&binary, object.kind, object.data)
    }

    fn is_hash_of(&self, id: &ObjectId, kind: ObjectKind, data: &[u8]) -> Result<bool> {
        let hash = gix::objs::compute_hash(self.hash, kind, data)
            .map_err(|e| absent(&textual(id), "object", e.to_string()))?;
        Ok(hash == *id)
    }

    /// The size of an object in bytes; `None` if it is absent.
    pub fn size(&self, id: &Oid) -> Result<Option<u64>> {
        let id = binary(id)?;
        Ok(self.odb.header(id).ok().map(|header| header.size()))
    }

    /// The first `max` bytes of a blob, and whether there is more.
    ///
    /// # Errors
    /// It is absent or not a blob.
    pub fn blob(&self, id: &Oid, max: usize) -> Result<(Vec<u8>, bool)> {
        let mut buffer = Vec::new();
        let blob = self
            .odb
            .find_blob(&binary(id)?, &mut buffer)
            .map_err(|e| absent(id, "blob", e.to_string()))?;
        let more = blob.data.len() > max;
        Ok((blob.data[..blob.data.len().min(max)].to_vec(), more))
    }

    /// What the new side of a change holds, as far as it is there and not too long.
    ///
    /// # Errors
    /// A link's blob cannot be read.
    pub fn facts(&self, change: &RawChange) -> Result<RawFacts> {
        let mut facts = RawFacts::default();
        let Some(new) = change.new.as_ref().filter(|new| new.mode != MODE_GITLINK) else {
            return Ok(facts);
        };
        let is_same = change.old.as_ref().is_some_and(|old| old.oid == new.oid);
        if !is_same || new.mode == MODE_LINK {
            facts.size = self.size(&new.oid)?;
        }
        if new.mode == MODE_LINK && facts.size.is_some() {
            let (bytes, more) = self.blob(&new.oid, TARGET_MAX)?;
            facts.target = (!more).then_some(bytes);
        }
        Ok(facts)
    }

    /// Every leaf that differs between two trees; `None` is the empty tree.
    ///
    /// # Errors
    /// A tree is absent or malformed, or there is more than any package should change.
    pub fn changes(&self, old: Option<&Oid>, new: Option<&Oid>) -> Result<Vec<RawChange>> {
        let old = old.map(binary).transpose()?;
        let new = new.map(binary).transpose()?;
        let mut out = Vec::new();
        self.compare(&mut Vec::new(), (old, new), &mut out, DEPTH_MAX)?;
        out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(out)
    }

    /// The names directly below the folder `path` (empty: the root) of a tree; none if there is
    /// no such folder.
    pub fn names(&self, tree: &Oid, path: &[u8]) -> Result<Vec<Vec<u8>>> {
        match self.folder(tree, path)? {
            Some(id) => Ok(self.entries(&id)?.into_keys().collect()),
            None => Ok(Vec::new()),
        }
    }

    /// The leaf at `path` of a tree; `None` if there is nothing or a folder.
    pub fn entry(&self, tree: &Oid, path: &RepoPath) -> Result<Option<RawEntry>> {
        let bytes = path.as_bytes();
        let cut = bytes.iter().rposition(|b| *b == b'/');
        let (folder, name) = match cut {
            Some(at) => (&bytes[..at], &bytes[at + 1..]),
            None => (&b""[..], bytes),
        };
        let Some(id) = self.folder(tree, folder)? else {
            return Ok(None);
        };
        let entries = self.remembered(&id)?;
        let found = entries.get(name).filter(|e| e.0 != MODE_TREE);
        Ok(found.map(leaf))
    }

    fn folder(&self, tree: &Oid, path: &[u8]) -> Result<Option<ObjectId>> {
        let mut at = binary(tree)?;
        for part in path.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
            match self.remembered(&at)?.get(part) {
                Some((MODE_TREE, id)) => at = *id,
                _ => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    fn remembered(&self, id: &ObjectId) -> Result<Rc<Entries>> {
        let mut known = self.known.borrow_mut();
        if let Some(entries) = known.get(id) {
            return Ok(Rc::clone(entries));
        }
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        let entries = Rc::new(self.entries(id)?);
        known.insert(*id, Rc::clone(&entries));
        Ok(entries)
    }

    fn compare(
        &self,
        prefix: &mut Vec<u8>,
        (old, new): (Option<ObjectId>, Option<ObjectId>),
        out: &mut Vec<RawChange>,
        depth: usize,
    ) -> Result<()> {
        if old == new {
            return Ok(());
        }
        if depth == 0 || out.len() > CHANGES_MAX {
            let message = format!("the trees differ too deep or too wide at {}", shown(prefix));
            return Err(Error::negative("limits", message));
        }
        let mut left = old
            .map(|id| self.entries(&id))
            .transpose()?
            .unwrap_or_default();
        let right = new
            .map(|id| self.entries(&id))
            .transpose()?
            .unwrap_or_default();
        for (name, theirs) in right {
            let ours = left.remove(&name);
            if ours.as_ref() != Some(&theirs) {
                self.compare_entry(prefix, &name, (ours, Some(theirs)), out, depth)?;
            }
        }
        for (name, ours) in left {
            self.compare_entry(prefix, &name, (Some(ours), None), out, depth)?;
        }
        Ok(())
    }

    fn compare_entry(
        &self,
        prefix: &mut Vec<u8>,
        name: &[u8],
        (old, new): (Option<ModeAndId>, Option<ModeAndId>),
        out: &mut Vec<RawChange>,
        depth: usize,
    ) -> Result<()> {
        let length = prefix.len();
        if length > 0 {
            prefix.push(b'/');
        }
        prefix.extend_from_slice(name);
        let is_leaf = |e: &ModeAndId| e.0 != MODE_TREE;
        let leaves = (old.filter(is_leaf), new.filter(is_leaf));
        if leaves.0.is_some() || leaves.1.is_some() {
            out.push(RawChange {
                path: RepoPath::from_bytes(prefix.clone()),
                old: leaves.0.as_ref().map(leaf),
                new: leaves.1.as_ref().map(leaf),
            });
        }
        let folder = |e: ModeAndId| (!is_leaf(&e)).then_some(e.1);
        let folders = (old.and_then(folder), new.and_then(folder));
        self.compare(prefix, folders, out, depth - 1)?;
        prefix.truncate(length);
        Ok(())
    }

    pub(super) fn hash(&self) -> gix::hash::Kind {
        self.hash
    }

    /// The entries of one tree, modes in the form git writes today.
    pub(super) fn entries(&self, id: &ObjectId) -> Result<Entries> {
        let mut buffer = Vec::new();
        if *id == ObjectId::empty_tree(self.hash) {
            return Ok(Entries::new());
        }
        let data = self.typed(id, ObjectKind::Tree, &mut buffer)?;
        parse_tree(data, self.hash.len_in_bytes())
            .ok_or_else(|| absent(&textual(id), "tree", "its entries are malformed".to_owned()))
    }

    /// The bytes of an object that is of this kind and has its own hash.
    pub(super) fn typed<'b>(
        &self,
        id: &ObjectId,
        kind: ObjectKind,
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8]> {
        let refuse = |why: String| absent(&textual(id), &kind.to_string(), why);
        let object = self
            .odb
            .find(id, buffer)
            .map_err(|e| refuse(e.to_string()))?;
        if object.kind != kind {
            return Err(refuse(format!("it is a {}", object.kind)));
        }
        if !self.is_hash_of(id, kind, object.data)? {
            return Err(refuse("its content does not have its own hash".to_owned()));
        }
        Ok(object.data)
    }
}

/// Keeps the changes whose path is in `others` too: what a merge has as one of its sides has it is
/// that side's, the rest is its own.
pub fn keep_common(changes: &mut Vec<RawChange>, others: &[RawChange]) {
    let known: BTreeSet<&RepoPath> = others.iter().map(|change| &change.path).collect();
    changes.retain(|change| known.contains(&change.path));
}

fn parse_commit(data: &[u8], hash: gix::hash::Kind) -> Option<RawCommit> {
    use gix::objs::commit::ref_iter::Token;
    let mut tree = None;
    let mut parents = Vec::new();
    let mut seconds = 0;
    for token in gix::objs::CommitRefIter::from_bytes(data, hash) {
        match token.ok()? {
            Token::Tree { id } => tree = Some(textual(&id)),
            Token::Parent { id } => parents.push(textual(&id)),
            Token::Author { .. } => {}
            Token::Committer { signature } => {
                seconds = signature.seconds();
                break;
            }
            _ => break,
        }
    }
    tree.map(|tree| RawCommit {
        tree,
        parents,
        seconds,
    })
}

pub(super) fn leaf(entry: &ModeAndId) -> RawEntry {
    RawEntry {
        mode: entry.0,
        oid: textual(&entry.1),
    }
}

pub(super) fn binary(id: &Oid) -> Result<ObjectId> {
    ObjectId::from_hex(id.as_str().as_bytes())
        .map_err(|e| Error::bug(format!("`{id}` is not an object id: {e}")))
}

pub(super) fn textual(id: &gix::hash::oid) -> Oid {
    Oid::parse(&id.to_hex().to_string()).expect("an object id prints as full lower-case hex")
}

fn absent(id: &Oid, kind: &str, why: String) -> Error {
    Error::negative("missing-object", format!("cannot read {kind} `{id}`")).because(why)
}

fn shown(prefix: &[u8]) -> String {
    format!("`{}`", RepoPath::from_bytes(prefix))
}
