//! Moving fetched objects into the repository's store: safe at every moment, durable at the end.
//!
//! What a ref held becomes visible last: whoever finds it finds all that it reaches, also after a
//! kill half way. Few objects become loose ones, as with git's own fetch, so that many small
//! fetches do not leave many packs. A larger pack arrives before its index, which makes it visible.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::base::{Error, Oid, Result};
use crate::git::format::to_oid;
use crate::git::loose::freshen;
use crate::git::objects::Objects;
use crate::git::remote::outpost::Outpost;
use crate::git::repo::Repo;
use crate::model::Durability;
use crate::os::file;

/// From this many files on, one flush of the file system costs less than one per file.
const MANY: usize = 4;
/// Most objects of a pack that become loose ones.
const LOOSE_MAX: u32 = 100;
/// Largest object that is read for that.
const LOOSE_BYTES_MAX: u64 = 4 << 20;

impl Outpost {
    /// See [`Quarantine::admit`]. `tips`: what the fetched refs held.
    pub(super) fn admit(&self, repo: &Repo, tips: &[Oid], durability: Durability) -> Result<()> {
        let (from, to) = (self.objects(), repo.common_dir().join("objects"));
        let objects = repo.objects();
        let mut files = arrivals(&from)?;
        for stem in self.loosen(&files, (&objects, tips), durability)? {
            files.retain(|path| path.with_extension("") != stem);
        }
        files.sort_by_key(|path| tips.iter().any(|tip| is_loose(path, tip)));
        objects.flush(durability)?;
        flush_content(&from, &files, durability)?;
        let mut folders = BTreeSet::from([to.clone()]);
        for name in &files {
            let target = to.join(name);
            if let Some(folder) = target.parent() {
                file::make_shared_dirs(folder)?;
                folders.insert(folder.to_owned());
            }
            settle(&from.join(name), &target)?;
        }
        match durability {
            Durability::Full if folders.len() > MANY => file::sync_file_system(&to),
            Durability::Full => folders.iter().try_for_each(|folder| file::sync_dir(folder)),
            Durability::Fast | Durability::Off => Ok(()),
        }
    }
}

impl Outpost {
    /// Writes the objects of small packs; gives those packs, without an ending.
    fn loosen(
        &self,
        files: &[PathBuf],
        to: (&Objects, &[Oid]),
        durability: Durability,
    ) -> Result<Vec<PathBuf>> {
        let has_end = |path: &PathBuf, end: &str| path.extension().is_some_and(|e| e == end);
        let mut done = Vec::new();
        for index in files.iter().filter(|path| has_end(path, "idx")) {
            // Objects of a partial clone are known by their pack.
            let is_promised = files.contains(&index.with_extension("promisor"));
            let path = self.objects().join(index);
            if !is_promised && self.loosen_pack(&path, to, durability)? {
                done.push(index.with_extension(""));
            }
        }
        Ok(done)
    }

    /// `false` if the pack is better kept as it is.
    fn loosen_pack(
        &self,
        index: &Path,
        (to, tips): (&Objects, &[Oid]),
        durability: Durability,
    ) -> Result<bool> {
        let unreadable = |e: gix::Error| {
            let message = "cannot read the index of a fetched pack";
            Error::busy("remote-fetch", message).because(e.to_string())
        };
        let kind = to.format().kind();
        let index = gix::odb::pack::index::File::at(index, kind).map_err(unreadable)?;
        if index.num_objects() > LOOSE_MAX {
            return Ok(false);
        }
        let from = Repo::open_at(self.folder())?.objects();
        let oids: Vec<_> = index.iter().map(|entry| to_oid(entry.oid)).collect();
        for oid in &oids {
            match from.header(oid)? {
                Some((_, size)) if size <= LOOSE_BYTES_MAX => {}
                _ => return Ok(false),
            }
        }
        let (last, first): (Vec<&Oid>, Vec<&Oid>) = oids.iter().partition(|oid| tips.contains(oid));
        for part in [first, last] {
            to.flush(durability)?;
            for oid in part {
                if let Some((kind, bytes)) = from.find(oid)? {
                    to.write(kind, &bytes)?;
                }
            }
        }
        Ok(true)
    }
}

/// True if the file, relative to its store, is this object.
fn is_loose(path: &Path, oid: &Oid) -> bool {
    let (fan, rest) = oid.as_str().split_at(2);
    path == Path::new(fan).join(rest)
}

/// The files of a store relative to it, in the order in which they may appear in another: an
/// index makes its pack visible, so it comes last.
fn arrivals(store: &Path) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for folder in file::names(store)? {
        let folder = PathBuf::from(folder);
        let is_fan = |name: &str| name.len() == 2 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let text = folder.to_str().unwrap_or_default();
        if text != "pack" && !is_fan(text) {
            continue;
        }
        for name in file::names(&store.join(&folder))? {
            let text = name.to_string_lossy();
            let finished = match folder.to_str() {
                Some("pack") => text.starts_with("pack-"),
                _ => text.bytes().all(|b| b.is_ascii_hexdigit()),
            };
            if finished {
                out.push(folder.join(name));
            }
        }
    }
    out.sort_by_key(|path| {
        let end = path.extension().and_then(|end| end.to_str());
        match end {
            None => 0,
            Some("pack") => 1,
            Some("idx") => 3,
            Some(_) => 2,
        }
    });
    // What keeps a pack from being repacked is for the time of a fetch.
    out.retain(|path| path.extension().is_none_or(|end| end != "keep"));
    Ok(out)
}

fn flush_content(store: &Path, files: &[PathBuf], durability: Durability) -> Result<()> {
    match durability {
        Durability::Off => Ok(()),
        _ if files.len() > MANY => file::sync_file_system(store),
        _ => files
            .iter()
            .try_for_each(|name| file::sync_file(&store.join(name))),
    }
}

/// Gives a file its name in the store, unless something sound has it. Never half a file.
fn settle(from: &Path, to: &Path) -> Result<()> {
    let about = |e| Error::io(format!("cannot write `{}`", to.display()), e);
    if freshen(to)? {
        return Ok(());
    }
    match fs::rename(from, to) {
        Ok(()) => Ok(()),
        // The store may be a link to another file system.
        Err(e) if e.kind() == ErrorKind::CrossesDevices => {
            let bytes = fs::read(from).map_err(about)?;
            file::replace(to, &bytes, file::Access::Shared, Durability::Fast)
        }
        Err(e) => Err(about(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_arrives_before_its_index_and_unfinished_files_never() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "pack/pack-1.idx",
            "pack/pack-1.pack",
            "pack/pack-1.rev",
            "pack/pack-1.keep",
            "pack/tmp_pack_x",
            "ab/0123",
            "ab/tmp_obj_x",
            "info/alternates",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let found = arrivals(folder.path()).unwrap();
        let found: Vec<_> = found.iter().map(|path| path.to_str().unwrap()).collect();
        let expected = [
            "ab/0123",
            "pack/pack-1.pack",
            "pack/pack-1.rev",
            "pack/pack-1.idx",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_there_stays_unless_it_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (there, left) in [(Some("old"), "old"), (Some(""), "new"), (None, "new")] {
            fs::write(at("from"), "new").unwrap();
            let _ = fs::remove_file(at("to"));
            if let Some(there) = there {
                fs::write(at("to"), there).unwrap();
            }
            settle(&at("from"), &at("to")).unwrap();
            assert_eq!(fs::read_to_string(at("to")).unwrap(), left);
        }
    }
}
