//! The tree that an index stands for, taken from its own cache without decoding the entries.
//!
//! Git brings that cache up to date and writes its trees before it runs `pre-commit`, so there a
//! comparison of two trees replaces the decoding of every entry. Whatever is not in the expected
//! form gives `None`, and the caller decodes the index.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::base::Oid;

/// Stat data of an entry, before its object id.
const STAT_BYTES: usize = 40;
const NAME_MASK: u16 = 0x0fff;
const IS_EXTENDED: u16 = 0x4000;
/// Most bytes of extensions that are looked through.
const EXTENSIONS_MAX: u64 = 64 << 20;
const BUFFER: usize = 256 << 10;

/// The root tree of the index at `path`; `hash` is the length of an object id in bytes.
pub(super) fn cached_root(path: &Path, hash: usize) -> Option<Oid> {
    let file = File::open(path).ok()?;
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let header: [u8; 12] = take(&mut reader)?;
    let version = u32::from_be_bytes(header[4..8].try_into().ok()?);
    // Version 4 shortens paths; its entries have to be decoded one after the other.
    if &header[..4] != b"DIRC" || !matches!(version, 2 | 3) {
        return None;
    }
    for _ in 0..u32::from_be_bytes(header[8..].try_into().ok()?) {
        skip_entry(&mut reader, hash)?;
    }
    let mut rest = Vec::new();
    reader.take(EXTENSIONS_MAX).read_to_end(&mut rest).ok()?;
    root_of(extension(&rest, hash)?, hash)
}

fn take<const N: usize>(reader: &mut impl Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn skip_entry(reader: &mut BufReader<File>, hash: usize) -> Option<()> {
    reader
        .seek_relative(i64::try_from(STAT_BYTES + hash).ok()?)
        .ok()?;
    let flags = u16::from_be_bytes(take(reader)?);
    let fixed = STAT_BYTES + hash + 2;
    let fixed = if flags & IS_EXTENDED == 0 {
        fixed
    } else {
        fixed + 2
    };
    let name = usize::from(flags & NAME_MASK);
    if name == usize::from(NAME_MASK) {
        // A name too long for its field; rare enough to be left to the decoder.
        return None;
    }
    // One to eight NUL bytes fill up to a multiple of eight.
    let length = (fixed + name + 8) & !7;
    let left = length - (STAT_BYTES + hash + 2);
    reader.seek_relative(i64::try_from(left).ok()?).ok()
}

/// The content of the extension `TREE`, if all extensions are in their form and none is there
/// that makes the entries above something else than the whole index.
fn extension(mut rest: &[u8], hash: usize) -> Option<&[u8]> {
    let mut found = None;
    while rest.len() > hash {
        let name = rest.get(..4)?;
        let size = u32::from_be_bytes(rest.get(4..8)?.try_into().ok()?);
        let size = usize::try_from(size).ok()?;
        let content = rest.get(8..8 + size)?;
        match name {
            b"TREE" => found = Some(content),
            b"link" => return None,
            _ => {}
        }
        rest = &rest[8 + size..];
    }
    found.filter(|_| rest.len() == hash)
}

/// The first node: an empty name, NUL, entries and subtrees in decimal, the id. A cache that is
/// out of date has -1 entries and no id.
fn root_of(tree: &[u8], hash: usize) -> Option<Oid> {
    let line = tree.strip_prefix(b"\0")?;
    let end = line.iter().take(32).position(|b| *b == b'\n')?;
    let (count, _) = std::str::from_utf8(&line[..end]).ok()?.split_once(' ')?;
    count.parse::<u32>().ok()?;
    let id = line.get(end + 1..end + 1 + hash)?;
    let hex: String = id.iter().map(|b| format!("{b:02x}")).collect();
    Oid::parse(&hex)
}
