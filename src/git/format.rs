//! The two object formats, and object ids as gix has them.

use gix::hash::ObjectId;

use crate::base::{Error, Oid, Result};

/// The hash that names objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 40 hex digits.
    Sha1,
    /// 64 hex digits.
    Sha256,
}

impl Format {
    /// The word of `git init --object-format`.
    pub fn word(self) -> &'static str {
        match self {
            Format::Sha1 => "sha1",
            Format::Sha256 => "sha256",
        }
    }

    /// The length of an object id in hex digits.
    pub fn hex_len(self) -> usize {
        match self {
            Format::Sha1 => 40,
            Format::Sha256 => 64,
        }
    }

    /// The id of no object.
    pub fn null(self) -> Oid {
        Oid::parse(&"0".repeat(self.hex_len())).expect("zeros in the right number")
    }

    /// The id of the empty tree, which every repository knows without storing it.
    pub fn empty_tree(self) -> Oid {
        to_oid(ObjectId::empty_tree(self.kind()))
    }

    pub(super) fn kind(self) -> gix::hash::Kind {
        match self {
            Format::Sha1 => gix::hash::Kind::Sha1,
            Format::Sha256 => gix::hash::Kind::Sha256,
        }
    }
}

pub(super) fn to_oid(id: ObjectId) -> Oid {
    Oid::parse(&id.to_hex().to_string()).expect("gix prints full lower-case hex")
}

pub(super) fn from_oid(oid: &Oid, format: Format) -> Result<ObjectId> {
    ObjectId::from_hex(oid.as_str().as_bytes())
        .ok()
        .filter(|id| id.kind() == format.kind())
        .ok_or_else(|| {
            let message = format!("`{oid}` is not an object id of this repository's format");
            Error::damaged("object-format", message)
        })
}
