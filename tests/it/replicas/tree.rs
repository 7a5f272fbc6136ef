//! State trees without a repository: paths, bytes, and what `join` has to know of them.
//!
//! Cheap to copy and to compare: a world is copied for every step of an exhaustive search.

use std::collections::BTreeMap;
use std::rc::Rc;

use git_wp::base::{ContentHash, Oid, json};
use git_wp::state::fold::Entry;
use git_wp::state::join::{Entries, Leaf};
use git_wp::state::layout::{self, Class};
use git_wp::state::record::{Beat, Body, Record};

/// A blob.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) bytes: Vec<u8>,
    pub(super) leaf: Leaf,
}

/// Blobs by path, and a digest of both.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) entries: Rc<BTreeMap<Rc<str>, Rc<Blob>>>,
    pub(super) digest: u128,
}

impl Tree {
    pub(super) fn put(&mut self, path: &Rc<str>, blob: &Rc<Blob>) {
        let old = Rc::make_mut(&mut self.entries).insert(Rc::clone(path), Rc::clone(blob));
        if let Some(old) = old {
            self.digest ^= digest(path, &old);
        }
        self.digest ^= digest(path, blob);
    }

    pub(super) fn write(&mut self, records: &[Record]) {
        for record in records {
            self.put(&Rc::from(record.path.as_str()), &Rc::new(blob(record)));
        }
    }

    /// The entries of either tree that are not in the other, as a caller of `join` has to find
    /// them.
    pub(super) fn differences(&self, other: &Tree) -> (Entries, Entries) {
        (self.only_here(other), other.only_here(self))
    }

    fn only_here(&self, other: &Tree) -> Entries {
        if Rc::ptr_eq(&self.entries, &other.entries) {
            return Entries::new();
        }
        let differs = |(path, blob): &(&Rc<str>, &Rc<Blob>)| {
            let there = other.entries.get(*path);
            there.is_none_or(|b| !Rc::ptr_eq(b, blob) && b.leaf != blob.leaf)
        };
        let leaf = |(path, blob): (&Rc<str>, &Rc<Blob>)| (path.to_string(), blob.leaf.clone());
        self.entries.iter().filter(differs).map(leaf).collect()
    }

    /// The record at `path`.
    pub(super) fn record(&self, path: &str) -> Record {
        Record {
            path: path.to_owned(),
            body: Body::Json(self.entries[path].bytes.clone()),
        }
    }

    /// Takes the entries at these paths from another tree.
    pub(super) fn take<'a>(&mut self, paths: impl Iterator<Item = &'a String>, from: &Tree) {
        for path in paths {
            let (path, blob) = from.entries.get_key_value(path.as_str()).unwrap();
            self.put(path, blob);
        }
    }

    pub(super) fn all(&self) -> Vec<Entry> {
        let entry = |(path, blob): (&Rc<str>, &Rc<Blob>)| Entry {
            path: path.to_string(),
            bytes: blob.bytes.clone(),
        };
        self.entries.iter().map(entry).collect()
    }

    /// Everything, as `join` wants it.
    pub(super) fn leaves(&self) -> Entries {
        self.only_here(&Tree::default())
    }
}

pub(super) fn is_right(path: &str) -> bool {
    matches!(layout::class(path), Some(Class::Right(_)))
}

fn blob(record: &Record) -> Blob {
    let bytes = match &record.body {
        Body::Json(bytes) => bytes.clone(),
        Body::Blob(_) => Vec::new(),
    };
    let register = layout::class(&record.path) == Some(Class::Register);
    let seq = register.then(|| json::from_canonical::<Beat>(&bytes).unwrap().seq);
    let oid = Oid::parse(ContentHash::of(&bytes).short(40)).unwrap();
    let leaf = Leaf { oid, seq };
    Blob { bytes, leaf }
}

/// The digest of a tree is the sum of these, so that it follows changes.
fn digest(path: &str, blob: &Blob) -> u128 {
    let text = format!("{path}\0{}", blob.leaf.oid);
    let hash = ContentHash::of(text.as_bytes());
    u128::from_str_radix(hash.short(32), 16).unwrap()
}
