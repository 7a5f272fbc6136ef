//! Tree objects as bytes. One that names an entry twice, or ends in the middle, is none.

use std::collections::BTreeMap;

use gix::hash::ObjectId;

/// Mode and id of each entry, by name; nothing if the bytes are no tree.
pub(super) fn parse_tree(
    mut data: &[u8],
    hash_length: usize,
) -> Option<BTreeMap<Vec<u8>, (u32, ObjectId)>> {
    let mut out = BTreeMap::new();
    while !data.is_empty() {
        let blank = data.iter().take(8).position(|b| *b == b' ')?;
        let mode = std::str::from_utf8(&data[..blank]).ok()?;
        let mode = u32::from_str_radix(mode, 8).ok()?;
        data = &data[blank + 1..];
        let end = data.iter().position(|b| *b == 0)?;
        let name = data[..end].to_vec();
        data = &data[end + 1..];
        if data.len() < hash_length || name.is_empty() {
            return None;
        }
        let id = ObjectId::try_from(&data[..hash_length]).ok()?;
        data = &data[hash_length..];
        if out.insert(name, (mode, id)).is_some() {
            return None;
        }
    }
    Some(out)
}
