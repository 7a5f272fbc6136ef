//! What stands on disk in a work tree, as a tree object. The index of the work tree is heard for
//! names only: its flags and times may have been set by whoever worked there.
//!
//! A file whose times, size and inode are those of the [`Checkout::baseline`], a copy of the index
//! taken before anybody worked there, has the content that was checked out; all others are read.
//! Nothing is written into the work tree or its git folder, no hook runs, and with
//! [`Conversion::Raw`] no filter either.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gix::index::entry::{Flags, Stat, stat};

use crate::base::{Error, Oid, RepoPath, Result};
use crate::git::cmd::{Git, Sub};
use crate::git::objects::{Objects, to_oid};
use crate::git::raw::RawStore;
use crate::git::repo::Repo;
use crate::git::tree::{Change, Mode};
use crate::os::file;

/// Files from this size on are hashed by git, which streams them.
const STREAM_FROM: u64 = 32 << 20;

/// How content becomes a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// The bytes as they are.
    Raw,
    /// As `git add` would: line ends, and filters of the configuration. Runs what it names.
    Attributes,
}

/// A checkout to look at.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// The repository; only its common folder is used.
    pub repo: Repo,
    /// The folder of the files.
    pub folder: PathBuf,
    /// The index in the work tree's own git folder; names in it count as tracked.
    pub index: PathBuf,
    /// A copy of the index as it was checked out.
    pub baseline: PathBuf,
    /// The tree that was checked out.
    pub base_tree: Oid,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDisk {
    /// Everything that is not ignored.
    pub tree: Oid,
    /// What is not in the tree although it may matter: files that cannot be read, names like
    /// `.GIT`, repositories inside. Pipes, sockets and devices are not told.
    pub skipped: Vec<RepoPath>,
}

impl Checkout {
    /// Copies the index to the baseline. To be called after a checkout, before anybody works.
    pub fn take_baseline(&self) -> Result<()> {
        let about = |e| Error::io(format!("cannot copy `{}`", self.index.display()), e);
        let time = fs::metadata(&self.index)
            .and_then(|meta| meta.modified())
            .map_err(about)?;
        fs::copy(&self.index, &self.baseline).map_err(about)?;
        // Files of the same instant as the index count as unknown; that must stay so.
        fs::File::options()
            .write(true)
            .open(&self.baseline)
            .and_then(|copy| copy.set_modified(time))
            .map_err(about)
    }

    /// The tree of all files that are tracked in `head` or the index, or not ignored.
    pub fn tree(&self, head: &Oid, conversion: Conversion) -> Result<OnDisk> {
        let objects = self.repo.objects();
        let mut look = Look::new(self, &objects);
        let wanted = look.head_entries(head)?;
        let mut names: BTreeSet<RepoPath> = wanted.keys().cloned().collect();
        names.extend(self.names_in_index());
        look.others(&mut names)?;
        let mut changes = Vec::new();
        let mut unread = Vec::new();
        for path in names {
            match look.state(&path, wanted.get(&path)) {
                Found::Is(entry) => look.note(&path, entry, &wanted, &mut changes),
                Found::Unread(mode, size) => unread.push((path, mode, size)),
                Found::Unfit => {}
            }
        }
        let read = match conversion {
            Conversion::Raw => look.read_raw(unread)?,
            Conversion::Attributes => look.read_converted(unread)?,
        };
        for (path, entry) in read {
            look.note(&path, Some(entry), &wanted, &mut changes);
        }
        let head = (*head != self.repo.format().empty_tree()).then_some(head);
        Ok(OnDisk {
            tree: objects.edit(head, &changes)?,
            skipped: look.skipped,
        })
    }

    /// Tracked files whose content is no longer what was checked out.
    pub fn changed_tracked(&self) -> Result<Vec<RepoPath>> {
        let objects = self.repo.objects();
        let mut look = Look::new(self, &objects);
        let wanted = look.head_entries(&self.base_tree)?;
        let mut changed = Vec::new();
        for (path, entry) in &wanted {
            let same = match look.state(path, Some(entry)) {
                Found::Is(found) => found.as_ref() == Some(entry),
                Found::Unread(mode, _) => {
                    mode == entry.0 && look.hash_of(path, mode).as_ref() == Some(&entry.1)
                }
                Found::Unfit => false,
            };
            if !same {
                changed.push(path.clone());
            }
        }
        Ok(changed)
    }

    /// Best effort: a damaged index names nothing.
    fn names_in_index(&self) -> Vec<RepoPath> {
        let index = read_index(&self.index, &self.repo);
        index.map_or_else(|_| Vec::new(), |index| index.into_keys().collect())
    }

    fn git(&self) -> Git {
        Git::in_work_tree(self.repo.common_dir(), &self.folder)
            .config("core.untrackedCache=false")
            .config("core.bare=false")
    }
}

type Entry = (Mode, Oid);

/// What stands at a path.
enum Found {
    /// This, or nothing.
    Is(Option<Entry>),
    /// Something whose content has to be read; its size.
    Unread(Mode, u64),
    /// Something that has no place in a tree.
    Unfit,
}

struct Baseline {
    entry: Entry,
    stat: Stat,
    skip: bool,
    racy: bool,
}

struct Look<'a> {
    checkout: &'a Checkout,
    objects: &'a Objects,
    baseline: BTreeMap<RepoPath, Baseline>,
    /// Folders that were seen to be real, not links.
    real: BTreeMap<PathBuf, bool>,
    skipped: Vec<RepoPath>,
}

impl<'a> Look<'a> {
    fn new(checkout: &'a Checkout, objects: &'a Objects) -> Self {
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
    fn head_entries(&self, head: &Oid) -> Result<BTreeMap<RepoPath, Entry>> {
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
    fn others(&mut self, names: &mut BTreeSet<RepoPath>) -> Result<()> {
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

    fn state(&mut self, path: &RepoPath, head: Option<&Entry>) -> Found {
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

    fn note(
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

    fn read_raw(&mut self, files: Vec<(RepoPath, Mode, u64)>) -> Result<Vec<(RepoPath, Entry)>> {
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
    fn read_converted(
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

    fn hash_of(&self, path: &RepoPath, mode: Mode) -> Option<Oid> {
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

fn is_same(known: &Stat, meta: &Metadata) -> bool {
    let low = |value: u64| u32::try_from(value & 0xffff_ffff).unwrap_or(0);
    let time = |secs: i64, nsecs: i64| stat::Time {
        secs: low(secs.cast_unsigned()),
        nsecs: low(nsecs.cast_unsigned()),
    };
    known.mtime == time(meta.mtime(), meta.mtime_nsec())
        && known.ctime == time(meta.ctime(), meta.ctime_nsec())
        && known.size == low(meta.len())
        && known.ino == low(meta.ino())
}

/// The entries of an index file; of an unmerged path the last stage. A missing file has none.
fn read_index(path: &Path, repo: &Repo) -> Result<BTreeMap<RepoPath, Baseline>> {
    let options = gix::index::decode::Options::default();
    let kind = repo.format().kind();
    let file = gix::index::File::at_or_default(path, kind, true, options)
        .map_err(|e| Error::busy("index", "cannot read an index").because(e.to_string()))?;
    let racy = stat::Options {
        use_nsec: true,
        ..Default::default()
    };
    let entries = file.entries().iter().filter_map(|entry| {
        let mode = Mode::parse(format!("{:o}", entry.mode.bits()).as_bytes())?;
        let known = Baseline {
            entry: (mode, to_oid(entry.id)),
            stat: entry.stat,
            skip: entry.flags.contains(Flags::SKIP_WORKTREE),
            racy: entry.stat.is_racy(file.timestamp(), racy),
        };
        Some((RepoPath::from_bytes(entry.path(&file).to_vec()), known))
    });
    Ok(entries.collect())
}
