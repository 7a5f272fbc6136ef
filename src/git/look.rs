//! Looks at one path after the other in a checkout, and reads only what may have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::base::{Error, Oid, RepoPath, Result};
use crate::git::baseline::{Baseline, Entry, is_same, read_index};
use crate::git::checkout::Checkout;
use crate::git::objects::{Objects, to_oid};
use crate::git::raw::RawStore;
use crate::git::sub::Sub;
use crate::git::tree::{Change, Mode};
use crate::os::file;

/// Files from this size on are hashed by git, which streams them.
const STREAM_FROM: u64 = 32 << 20;

/// What stands at a path.
pub(super) enum Found {
    /// This, or nothing.
    Is(Option<Entry>),
    /// Something whose content has to be read; its size.
    Unread(Mode, u64),
    /// Something that has no place in a tree.
    Unfit,
}

pub(super) struct Look<'a> {
    checkout: &'a Checkout,
    objects: &'a Objects,
    baseline: BTreeMap<RepoPath, Baseline>,
    /// Folders that were seen to be real, not links.
    real: BTreeMap<PathBuf, bool>,
    /// What has no place in a tree although it may matter.
    pub(super) skipped: Vec<RepoPath>,
}

impl<'a> Look<'a> {
    pub(super) fn new(checkout: &'a Checkout, objects: &'a Objects) -> Self {
        Look {
            checkout,
            objects,
            // Without a readable baseline every file is read.
            baseline: read_index(&checkout.baseline, &checkout.repo).unwrap_or_default(),
            real: BTreeMap::new(),
            skipped: Vec::new(),
        }
    }

    /// The entries of `head`: those of the baseline, changed as the trees differ.
    pub(super) fn head_entries(&self, head: &Oid) -> Result<BTreeMap<RepoPath, Entry>> {
        let mut entries: BTreeMap<RepoPath, Entry> = self
            .baseline
            .iter()
            .map(|(path, known)| (path.clone(), known.entry.clone()))
            .collect();
        let base = &self.checkout.base_tree;
        if entries.is_empty() {
            let walked = self.objects.walk(head, "")?.into_iter();
            return Ok(walked.map(|e| (e.path, (e.mode, e.oid))).collect());
        }
        if head == base {
            return Ok(entries);
        }
        let empty = self.checkout.repo.format().empty_tree();
        let some = |tree: &'a Oid| (*tree != empty).then_some(tree);
        let store = RawStore::open(&self.checkout.repo.common_dir().join("objects"), head)?;
        let target = (*head != empty).then_some(head);
        for change in store.changes(some(base), target)? {
            match change.new {
                Some(new) => {
                    let mode = Mode::parse(format!("{:o}", new.mode).as_bytes());
                    entries.insert(change.path, (mode.unwrap_or(Mode::File), new.oid));
                }
                None => {
                    entries.remove(&change.path);
                }
            }
        }
        Ok(entries)
    }

    /// Adds what is neither tracked nor ignored. Repositories inside are told as folders.
    pub(super) fn others(&mut self, names: &mut BTreeSet<RepoPath>) -> Result<()> {
        let git = self.checkout.git();
        let index: &Path = if self.checkout.index.is_file() {
            &self.checkout.index
        } else {
            &self.checkout.baseline
        };
        let call = |index: &Path| {
            git.clone()
                .env("GIT_INDEX_FILE", index)
                .call(Sub::LsFiles)
                .args(["-z", "--others", "--exclude-standard"])
                .run()
        };
        let mut answer = call(index)?;
        if answer.code != 0 {
            answer = call(&self.checkout.baseline)?;
        }
        let items = crate::git::cmd::split_items(&answer.output()?)
            .ok_or_else(|| crate::git::cmd::malformed(Sub::LsFiles))?;
        for item in items {
            match item.strip_suffix(b"/") {
                Some(folder) => self.inner_repository(&RepoPath::from_bytes(folder), names, 0),
                None => {
                    names.insert(RepoPath::from_bytes(item));
                }
            }
        }
        Ok(())
    }

    /// A repository somebody made inside: its files count, its `.git` cannot.
    fn inner_repository(&mut self, at: &RepoPath, names: &mut BTreeSet<RepoPath>, depth: usize) {
        let folder = self.path(at);
        let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
        let entries = fs::read_dir(&folder).ok().filter(|_| is_folder(&folder));
        let Some(entries) = entries.filter(|_| depth < 100) else {
            self.skipped.push(at.clone());
            return;
        };
        for entry in entries.flatten() {
            let mut path = at.as_bytes().to_vec();
            path.push(b'/');
            path.extend_from_slice(entry.file_name().as_bytes());
            let path = RepoPath::from_bytes(path);
            if path.is_hostile() {
                self.skipped.push(path);
            } else if is_folder(&entry.path()) {
                self.inner_repository(&path, names, depth + 1);
            } else {
                names.insert(path);
            }
        }
    }

    pub(super) fn state(&mut self, path: &RepoPath, head: Option<&Entry>) -> Found {
        if path.is_hostile() {
            self.skipped.push(path.clone());
            return Found::Unfit;
        }
        let meta = if self.is_below_real_folders(path) {
            fs::symlink_metadata(self.path(path)).ok()
        } else {
            None
        };
        let known = self.baseline.get(path);
        let Some(meta) = meta else {
            let sparse = known.is_some_and(|k| k.skip && Some(&k.entry) == head);
            return Found::Is(head.filter(|_| sparse).cloned());
        };
        let kind = meta.file_type();
        if kind.is_dir() {
            // A submodule that nobody checked out, or a folder where a file was.
            return Found::Is(head.filter(|entry| entry.0 == Mode::Submodule).cloned());
        }
        let mode = match (kind.is_symlink(), kind.is_file()) {
            (true, _) => Mode::Link,
            (_, true) if meta.mode() & 0o100 != 0 => Mode::Program,
            (_, true) => Mode::File,
            _ => return Found::Unfit,
        };
        match known {
            Some(known) if !known.racy && known.entry.0 == mode && is_same(&known.stat, &meta) => {
                Found::Is(Some(known.entry.clone()))
            }
            _ => Found::Unread(mode, meta.len()),
        }
    }

    /// False if a folder on the way is a link: what is behind it is not part of this tree.
    fn is_below_real_folders(&mut self, path: &RepoPath) -> bool {
        let mut folder = self.checkout.folder.clone();
        let mut parts: Vec<&[u8]> = path.as_bytes().split(|b| *b == b'/').collect();
        parts.pop();
        parts.into_iter().all(|part| {
            folder.push(OsStr::from_bytes(part));
            if let Some(known) = self.real.get(&folder) {
                return *known;
            }
            let real = fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir());
            self.real.insert(folder.clone(), real);
            real
        })
    }

    pub(super) fn note(
        &self,
        path: &RepoPath,
        entry: Option<Entry>,
        head: &BTreeMap<RepoPath, Entry>,
        changes: &mut Vec<Change>,
    ) {
        if entry.as_ref() != head.get(path) {
            changes.push(Change {
                path: path.clone(),
                entry,
            });
        }
    }

    pub(super) fn read_raw(
        &mut self,
        files: Vec<(RepoPath, Mode, u64)>,
    ) -> Result<Vec<(RepoPath, Entry)>> {
        let mut read = Vec::new();
        for (path, mode, size) in files {
            let oid = if mode != Mode::Link && size >= STREAM_FROM {
                let git = self.checkout.git().config("core.fsync=loose-object,pack");
                let call = git.call(Sub::HashObject).args(["-w", "--no-filters", "--"]);
                call.arg(OsStr::from_bytes(path.as_bytes())).oid().ok()
            } else {
                let bytes = self.content(&path, mode);
                bytes.map(|b| self.objects.write_blob(&b)).transpose()?
            };
            match oid {
                Some(oid) => read.push((path, (mode, oid))),
                None => self.skipped.push(path),
            }
        }
        Ok(read)
    }

    /// Lets git convert, in a private index that begins as the baseline.
    pub(super) fn read_converted(
        &mut self,
        files: Vec<(RepoPath, Mode, u64)>,
    ) -> Result<Vec<(RepoPath, Entry)>> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let private = self.checkout.baseline.with_extension("converted");
        let git = self.checkout.git().env("GIT_INDEX_FILE", &private);
        file::remove(&private)?;
        if self.baseline.is_empty() {
            let base = self.checkout.base_tree.as_str();
            git.call(Sub::ReadTree).arg(base).output()?;
        } else {
            let about = |e| Error::io(format!("cannot write `{}`", private.display()), e);
            fs::copy(&self.checkout.baseline, &private).map_err(about)?;
            // Git compares whole seconds, and takes a file for unchanged that was written in the
            // second of the checkout if the index is younger than that.
            let taken = fs::metadata(&self.checkout.baseline).and_then(|meta| meta.modified());
            let private = fs::File::options().write(true).open(&private);
            private
                .and_then(|file| file.set_modified(taken?))
                .map_err(about)?;
        }
        let mut input = Vec::new();
        for (path, _, _) in &files {
            input.extend_from_slice(path.as_bytes());
            input.push(0);
        }
        let call =
            git.call(Sub::UpdateIndex)
                .args(["-z", "--add", "--remove", "--replace", "--stdin"]);
        let done = call.input(input).output();
        let index = done.and_then(|_| read_index(&private, &self.checkout.repo));
        let _ = fs::remove_file(&private);
        let index = index?;
        let entry = |path: &RepoPath| index.get(path).map(|known| known.entry.clone());
        let read = |(path, _, _): (RepoPath, Mode, u64)| {
            let entry = entry(&path);
            entry.map(|entry| (path, entry))
        };
        Ok(files.into_iter().filter_map(read).collect())
    }

    fn content(&self, path: &RepoPath, mode: Mode) -> Option<Vec<u8>> {
        let path = self.path(path);
        match mode {
            Mode::Link => Some(
                fs::read_link(path)
                    .ok()?
                    .into_os_string()
                    .as_bytes()
                    .to_vec(),
            ),
            _ => fs::read(path).ok(),
        }
    }

    pub(super) fn hash_of(&self, path: &RepoPath, mode: Mode) -> Option<Oid> {
        let bytes = self.content(path, mode)?;
        let kind = self.checkout.repo.format().kind();
        let hash = gix::objs::compute_hash(kind, gix::objs::Kind::Blob, &bytes);
        hash.ok().map(to_oid)
    }

    fn path(&self, path: &RepoPath) -> PathBuf {
        self.checkout
            .folder
            .join(OsStr::from_bytes(path.as_bytes()))
    }
}
