//! A pack of a few objects, made in memory: for handing them to git through a pipe.

use std::collections::BTreeSet;
use std::io::Write;

use gix::hash::ObjectId;
use gix::objs::Kind as ObjectKind;

use crate::base::{Error, Oid, Result};
use crate::git::format::Format;
use crate::git::objects::Kind;
use crate::git::raw::{DEPTH_MAX, MODE_GITLINK, MODE_TREE, RawStore, binary, textual};

/// Most bytes of a pack that is made in memory.
const PACK_MAX: usize = 32 << 20;

/// Type and size of an object: three bits of type, then the size in groups of seven.
const MORE: u8 = 0x80;

/// A pack under construction.
#[derive(Debug)]
pub struct Pack {
    format: Format,
    bytes: Vec<u8>,
    count: u32,
}

impl Pack {
    /// Nothing is in it yet.
    pub fn new(format: Format) -> Self {
        Pack {
            format,
            bytes: b"PACK\0\0\0\x02\0\0\0\0".to_vec(),
            count: 0,
        }
    }

    /// Its size so far, in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds one object, which must not be in it yet.
    pub fn add(&mut self, kind: Kind, content: &[u8]) -> Result<()> {
        let number: u8 = match kind {
            Kind::Commit => 1,
            Kind::Tree => 2,
            Kind::Blob => 3,
            Kind::Tag => 4,
        };
        let mut size = content.len();
        let mut byte = (number << 4) | low(size, 4);
        size >>= 4;
        while size > 0 {
            self.bytes.push(byte | MORE);
            byte = low(size, 7);
            size >>= 7;
        }
        self.bytes.push(byte);
        let fast = gix::zlib::Compression::BEST_SPEED;
        let mut packer = gix::zlib::stream::deflate::Write::new(&mut self.bytes, fast);
        let packed = packer.write_all(content).and_then(|()| packer.flush());
        packed.map_err(|e| Error::busy("pack", "cannot pack an object").because(e.to_string()))?;
        self.count += 1;
        Ok(())
    }

    /// The whole pack.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.bytes[8..12].copy_from_slice(&self.count.to_be_bytes());
        let mut hasher = gix::hash::hasher(self.format.kind());
        hasher.update(&self.bytes);
        let sum = hasher.try_finalize();
        let sum = sum.map_err(|e| Error::busy("pack", "cannot pack").because(e.to_string()))?;
        self.bytes.extend_from_slice(sum.as_slice());
        Ok(self.bytes)
    }
}

fn low(size: usize, bits: u32) -> u8 {
    u8::try_from(size & ((1 << bits) - 1)).unwrap_or_default()
}

impl RawStore {
    /// Adds to `pack` a commit, and of its tree what is not at the same place in `against`.
    /// `seen` keeps objects from being packed twice.
    ///
    /// # Errors
    /// An object is absent, malformed, or does not have its own hash.
    pub fn pack_new(
        &self,
        (commit, against): (&Oid, &Oid),
        seen: &mut BTreeSet<Oid>,
        pack: &mut Pack,
    ) -> Result<()> {
        let tree = binary(&self.commit(commit)?.tree)?;
        self.pack_one(&binary(commit)?, Kind::Commit, seen, pack)?;
        self.pack_folder((&tree, Some(binary(against)?)), seen, pack, DEPTH_MAX)
    }

    fn pack_folder(
        &self,
        (tree, against): (&ObjectId, Option<ObjectId>),
        seen: &mut BTreeSet<Oid>,
        pack: &mut Pack,
        depth: usize,
    ) -> Result<()> {
        if Some(*tree) == against || *tree == ObjectId::empty_tree(self.hash()) {
            return Ok(());
        }
        if depth == 0 || pack.size() > PACK_MAX {
            return Err(Error::negative("limits", "the new objects are too many"));
        }
        let known = against.map(|id| self.entries(&id)).transpose()?;
        let known = known.unwrap_or_default();
        self.pack_one(tree, Kind::Tree, seen, pack)?;
        for (name, (mode, id)) in self.entries(tree)? {
            let before = known.get(&name);
            if before.is_some_and(|before| before.1 == id) || mode == MODE_GITLINK {
                continue;
            }
            if mode == MODE_TREE {
                let before = before.filter(|e| e.0 == MODE_TREE).map(|e| e.1);
                self.pack_folder((&id, before), seen, pack, depth - 1)?;
            } else {
                self.pack_one(&id, Kind::Blob, seen, pack)?;
            }
        }
        Ok(())
    }

    fn pack_one(
        &self,
        id: &ObjectId,
        kind: Kind,
        seen: &mut BTreeSet<Oid>,
        pack: &mut Pack,
    ) -> Result<()> {
        if !seen.insert(textual(id)) {
            return Ok(());
        }
        let mut buffer = Vec::new();
        let object = match kind {
            Kind::Commit => ObjectKind::Commit,
            Kind::Tree => ObjectKind::Tree,
            Kind::Blob | Kind::Tag => ObjectKind::Blob,
        };
        let content = self.typed(id, object, &mut buffer)?;
        pack.add(kind, content)
    }
}
