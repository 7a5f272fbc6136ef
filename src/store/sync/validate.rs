//! Whether what a remote offers is a state that grew from the one that was seen last. Within
//! limits, and before anything of it is believed: whoever may push may have written it.

use crate::base::{Error, Oid, Result, text};
use crate::git::{Kind, Objects};
use crate::state::join;
use crate::state::layout;
use crate::state::legible::illegible;
use crate::state::record::{Authority, FORMAT_VERSION, FormatRecord};
use crate::state::{codec, join::Entries};
use crate::store::sync::differences::differences;

/// A larger record was not written by this program.
const RECORD_BYTES_MAX: u64 = 1 << 20;
/// A larger plan or summary neither.
const TEXT_BYTES_MAX: u64 = 16 << 20;

/// The head of a state.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) authority: Authority,
}

/// Reads `meta/` of a state that was not looked into yet.
///
/// # Errors
/// Damaged: `newer-format`, or it is no state.
pub(super) fn head(objects: &Objects, tree: &Oid) -> Result<Head> {
    let read = |path: &str| -> Result<Vec<u8>> {
        let entry = objects.entry(tree, &path.into())?;
        let oid = entry.map(|e| e.oid);
        let oid = oid.ok_or_else(|| refused(path, "it is missing"))?;
        check_size(objects, path, &oid)?;
        objects.blob(&oid)
    };
    let format = codec::decode::<FormatRecord>(&read(layout::FORMAT)?);
    let format = format.map_err(|why| refused(layout::FORMAT, &why))?;
    if format.v > FORMAT_VERSION {
        let v = format.v;
        let message =
            format!("the state there has format {v}, this program reads up to {FORMAT_VERSION}");
        return Err(Error::damaged("newer-format", message)
            .hint("update git-wp; what is recorded here stays readable"));
    }
    let authority = codec::decode::<Authority>(&read(layout::AUTHORITY)?);
    let authority = authority.map_err(|why| refused(layout::AUTHORITY, &why))?;
    Ok(Head { authority })
}

/// Checks everything in `after` that `before` does not have. Gives a record that was there before
/// and is not there any more, or not so: no authority does that.
///
/// # Errors
/// Damaged, naming the path and why it is not taken over.
pub(super) fn growth(
    objects: &Objects,
    before: Option<&Oid>,
    after: &Oid,
) -> Result<Option<String>> {
    let found = differences(objects, before, Some(after))?;
    if let Some(odd) = found.odd.first() {
        let message = format!("{}, which no record has", text::foreign(odd));
        return Err(Error::damaged("state-refused", message));
    }
    records(objects, &found.theirs)?;
    Ok(join::regression(&found.ours, &found.theirs))
}

fn records(objects: &Objects, entries: &Entries) -> Result<()> {
    for (path, leaf) in entries {
        if layout::class(path).is_none() {
            return Err(refused(path, "it is none of the records of this format"));
        }
        check_size(objects, path, &leaf.oid)?;
        if layout::is_json(path)
            && let Some(why) = illegible(path, &objects.blob(&leaf.oid)?)
        {
            return Err(refused(path, &why));
        }
    }
    Ok(())
}

fn check_size(objects: &Objects, path: &str, oid: &Oid) -> Result<()> {
    let max = match layout::is_json(path) {
        true => RECORD_BYTES_MAX,
        false => TEXT_BYTES_MAX,
    };
    match objects.header(oid)? {
        Some((Kind::Blob, size)) if size <= max => Ok(()),
        Some((Kind::Blob, size)) => Err(refused(path, &format!("it has {size} bytes"))),
        Some(_) => Err(refused(path, "it is no file")),
        None => Err(refused(path, "its content is missing")),
    }
}

fn refused(path: &str, why: &str) -> Error {
    let (path, why) = (text::foreign(path), text::foreign(why));
    Error::damaged(
        "state-refused",
        format!("`{path}` is not taken over: {why}"),
    )
}
