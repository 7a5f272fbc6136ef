//! Objects, in process: blobs, trees, commits. Reading sees what is on disk now; writing keeps
//! a list of what must be flushed before anybody may point a ref at it.
//!
//! Replace refs take no part. An object that exists already is touched, so that a prune which is
//! under way does not take it, and is flushed like a new one, because whoever wrote it may not
//! have.

use std::cell::RefCell;

use gix::hash::ObjectId;
use gix::objs::Find;

use crate::base::{Error, Oid, Result};
pub(super) use crate::git::format::to_oid;
use crate::git::format::{Format, from_oid};
use crate::git::loose::Loose;
use crate::git::repo::Repo;
use crate::model::Durability;

/// Kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// File content.
    Blob,
    /// A folder.
    Tree,
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

impl Kind {
    fn of(kind: gix::objs::Kind) -> Self {
        match kind {
            gix::objs::Kind::Blob => Kind::Blob,
            gix::objs::Kind::Tree => Kind::Tree,
            gix::objs::Kind::Commit => Kind::Commit,
            gix::objs::Kind::Tag => Kind::Tag,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Blob => "blob",
            Kind::Tree => "tree",
            Kind::Commit => "commit",
            Kind::Tag => "tag",
        }
    }
}

/// The code of the error when an object's file has no content.
pub const EMPTY_OBJECT: &str = "empty-object";

/// Objects of one repository, for one thread. Made by [`crate::git::Repo::objects`], cheap.
pub struct Objects {
    handle: gix::odb::HandleArc,
    loose: RefCell<Loose>,
    format: Format,
}

impl Repo {
    /// A reader and writer of objects for one thread.
    pub fn objects(&self) -> Objects {
        let folder = self.common_dir().join("objects");
        Objects {
            handle: self.store().to_cache_arc(),
            loose: RefCell::new(Loose::new(&folder, self.format())),
            format: self.format(),
        }
    }
}

impl Objects {
    /// The hash that names objects.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Reads an object of any kind; `None` if it is not there.
    pub fn find(&self, oid: &Oid) -> Result<Option<(Kind, Vec<u8>)>> {
        let id = self.id(oid)?;
        if id.is_empty_tree() {
            return Ok(Some((Kind::Tree, Vec::new())));
        }
        let mut bytes = Vec::new();
        let found = self.handle.try_find(&id, &mut bytes);
        let kind = match found.map_err(|e| self.unreadable(oid, &e))? {
            Some(data) => Kind::of(data.kind),
            None => return Ok(None),
        };
        Ok(Some((kind, bytes)))
    }

    /// Reads an object of a known kind.
    ///
    /// # Errors
    /// Damaged, `object`: it is missing, unreadable or of another kind.
    pub fn read(&self, oid: &Oid, kind: Kind) -> Result<Vec<u8>> {
        match self.find(oid)? {
            Some((found, bytes)) if found == kind => Ok(bytes),
            Some((found, _)) => {
                let (is, not) = (found.word(), kind.word());
                let message = format!("object `{oid}` is a {is} and not a {not}");
                Err(Error::damaged("object", message))
            }
            None => {
                let message = format!("{} `{oid}` is missing", kind.word());
                Err(Error::damaged("object", message).hint("git fsck"))
            }
        }
    }

    /// Reads a blob.
    pub fn blob(&self, oid: &Oid) -> Result<Vec<u8>> {
        self.read(oid, Kind::Blob)
    }

    /// The kind and size of an object without reading all of it; `None` if it is not there.
    pub fn header(&self, oid: &Oid) -> Result<Option<(Kind, u64)>> {
        use gix::objs::FindHeader;
        let id = self.id(oid)?;
        let header = self
            .handle
            .try_header(&id)
            .map_err(|e| self.unreadable(oid, &e))?;
        Ok(header.map(|header| (Kind::of(header.kind), header.size)))
    }

    /// True if the object is on disk now, whatever this process has cached.
    pub fn exists(&self, oid: &Oid) -> Result<bool> {
        self.loose.borrow().exists_anywhere(&self.id(oid)?)
    }

    /// Writes an object unless it is there; gives its id. Not durable before [`Objects::flush`].
    pub fn write(&self, kind: Kind, bytes: &[u8]) -> Result<Oid> {
        let kind = match kind {
            Kind::Blob => gix::objs::Kind::Blob,
            Kind::Tree => gix::objs::Kind::Tree,
            Kind::Commit => gix::objs::Kind::Commit,
            Kind::Tag => gix::objs::Kind::Tag,
        };
        self.loose.borrow_mut().write(kind, bytes).map(to_oid)
    }

    /// Writes a blob.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<Oid> {
        self.write(Kind::Blob, bytes)
    }

    /// Makes everything written through this handle since the last flush durable.
    ///
    /// With [`Durability::Full`] content and names survive a power cut once this has returned,
    /// with [`Durability::Fast`] the content does, with [`Durability::Off`] nothing is flushed.
    pub fn flush(&self, durability: Durability) -> Result<()> {
        self.loose.borrow_mut().flush(durability)
    }

    /// Makes every object durable, whoever wrote it: agents, and git's own merge, write without
    /// flushing. One call for the whole file system; nothing with [`Durability::Off`].
    pub fn flush_all(&self, durability: Durability) -> Result<()> {
        self.loose.borrow_mut().flush_all(durability)
    }

    /// What was written (or touched) since the last flush.
    pub fn unflushed(&self) -> Vec<Oid> {
        self.loose.borrow().pending().map(to_oid).collect()
    }

    pub(super) fn handle(&self) -> &gix::odb::HandleArc {
        &self.handle
    }

    fn id(&self, oid: &Oid) -> Result<ObjectId> {
        from_oid(oid, self.format)
    }

    /// The error of an object that is there and cannot be read; a file without content, as a
    /// power cut leaves it, has a code of its own.
    fn unreadable(&self, oid: &Oid, error: &gix::Error) -> Error {
        if self
            .id(oid)
            .is_ok_and(|id| self.loose.borrow().is_empty_file(&id))
        {
            let message = format!("object `{oid}` is an empty file");
            return Error::damaged(EMPTY_OBJECT, message).hint("git fsck");
        }
        Error::damaged("object", format!("cannot read object `{oid}`"))
            .because(error.to_string())
            .hint("git fsck")
    }
}
