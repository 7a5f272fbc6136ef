//! A git folder of its own for one linked worktree, so that nothing done in it reaches the
//! repository: own refs, configuration and new objects; the repository's objects are only read.
//!
//! It is `<common-dir>/wp/clones/<worktree>`, and the worktree's `.git` file leads there for a
//! time. What comes back comes through [`Apart::fetch`]: packed by a git that reads none of its
//! configuration, checked object by object, and closed over what the repository has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::{Error, Oid, RefName, Result};
use crate::git::alternates::alternates;
use crate::git::cmd::{Call, Git};
use crate::git::format::Format;
use crate::git::remote::outpost::{Outpost, Promisors};
use crate::git::remote::transport::Transport;
use crate::git::repo::Repo;
use crate::git::sub::Sub;
use crate::git::worktree::{points_to, put_pointer};
use crate::model::Durability;
use crate::os::clock::Moment;
use crate::os::file::{self, Access};
use crate::os::process::Session;
use crate::os::{random, tree};

/// Most bytes that are fetched from one folder.
const BYTES_MAX: u64 = 4 << 30;
/// Longest time of one step.
const TIME_MAX: Duration = Duration::from_secs(900);
/// Most bytes of what git says, and of a ref.
const WORDS_MAX: u64 = 1 << 16;
/// Largest list of packed refs, log of HEAD or index.
const LIST_MAX: u64 = 256 << 20;
/// Most refs that are read, and deepest nesting of their folders.
const REFS_MAX: usize = 10_000;
const DEPTH_MAX: usize = 16;
/// Where refs stand that are shown in it.
const SHOWN: [&str; 3] = ["refs/heads", "refs/remotes", "refs/tags"];

/// The git folder of a worktree that stands apart.
#[derive(Debug, Clone)]
pub struct Apart {
    repo: Repo,
    id: String,
    folder: PathBuf,
}

/// What is named in it. Whoever worked there may have written anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The branch that HEAD is on.
    pub branch: Option<RefName>,
    /// The commit of HEAD.
    pub head: Option<Oid>,
    /// What refs hold, and where HEAD stood last.
    pub others: BTreeSet<Oid>,
}

impl Repo {
    /// The git folder of the worktree `id` that stands apart, whether or not it is there.
    pub fn apart(&self, id: &str) -> Apart {
        Apart {
            repo: self.clone(),
            id: id.to_owned(),
            folder: self.wp_dir().join("clones").join(id),
        }
    }
}

impl Apart {
    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// True if it is there.
    pub fn exists(&self) -> bool {
        fs::symlink_metadata(&self.folder).is_ok()
    }

    /// Makes it, with `branch` checked out, and lets the `.git` file of `room` lead there. A kill
    /// leaves nothing that [`Apart::leave`] does not take away.
    ///
    /// # Errors
    /// It cannot be written, or the repository's path cannot be named in it.
    pub fn enter(&self, room: &Path, branch: &RefName) -> Result<()> {
        let new = self.beside("new");
        tree::remove(&new)?;
        self.furnish(&new, branch)?;
        fs::rename(&new, &self.folder).map_err(|e| {
            let path = self.folder.display();
            Error::io(format!("cannot make the folder `{path}`"), e)
        })?;
        put_pointer(room, &self.folder)
    }

    fn furnish(&self, new: &Path, branch: &RefName) -> Result<()> {
        let common = self.repo.common_dir();
        for part in ["objects/info", "objects/pack", "refs/heads", "info"] {
            file::make_shared_dirs(&new.join(part))?;
        }
        let write = |name: &str, bytes: &[u8]| {
            file::replace(&new.join(name), bytes, Access::Shared, Durability::Off)
        };
        write(
            "objects/info/alternates",
            &alternates(&common.join("objects"))?,
        )?;
        write("HEAD", format!("ref: {branch}\n").as_bytes())?;
        write("config", config(&self.repo)?.as_bytes())?;
        let mut packed = String::new();
        for folder in SHOWN {
            for (name, oid) in self.repo.refs().list(folder)? {
                packed.push_str(&format!("{oid} {name}\n"));
            }
        }
        write("packed-refs", packed.as_bytes())?;
        let (access, off) = (Access::Private, Durability::Off);
        file::replace(&self.beside("refs"), packed.as_bytes(), access, off)?;
        let own = self.repo.worktree_git_dir(&self.id);
        for (from, name) in [
            (own.as_path(), "index"),
            (&own, "info/sparse-checkout"),
            (common, "info/exclude"),
            (common, "info/attributes"),
            (common, "shallow"),
        ] {
            if let Some(bytes) = file::read(&from.join(name))? {
                write(name, &bytes)?;
            }
        }
        Ok(())
    }

    /// What is named there. What cannot be read counts as absent.
    pub fn named(&self) -> Named {
        let text = |name: &str, max| {
            let bytes = file::read_bounded(&self.folder.join(name), max);
            let bytes = bytes.ok().flatten().unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let mut refs = self.packed(&self.folder.join("packed-refs"));
        self.loose(&self.folder.join("refs"), "refs", &mut refs, DEPTH_MAX);
        let head = text("HEAD", WORDS_MAX);
        let branch = head.trim().strip_prefix("ref: ").and_then(RefName::parse);
        let head = match &branch {
            Some(branch) => refs.get(branch.as_str()).cloned(),
            None => self.oid(head.trim()),
        };
        let log = text("logs/HEAD", LIST_MAX);
        let last = log
            .lines()
            .next_back()
            .and_then(|line| line.split(' ').nth(1));
        let mut others: BTreeSet<Oid> = refs.into_values().collect();
        others.extend(last.and_then(|oid| self.oid(oid)));
        Named {
            branch,
            head,
            others,
        }
    }

    /// What refs of the repository held when it was made.
    pub fn shown(&self) -> BTreeSet<Oid> {
        self.packed(&self.beside("refs")).into_values().collect()
    }

    fn packed(&self, list: &Path) -> BTreeMap<String, Oid> {
        let bytes = file::read_bounded(list, LIST_MAX).ok().flatten();
        let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let pairs = lines.filter_map(|(oid, name)| Some((name.to_owned(), self.oid(oid)?)));
        pairs.collect()
    }

    fn oid(&self, text: &str) -> Option<Oid> {
        let length = self.repo.format().null().as_str().len();
        Oid::parse(text.trim()).filter(|oid| oid.as_str().len() == length && !oid.is_null())
    }

    fn loose(&self, at: &Path, name: &str, refs: &mut BTreeMap<String, Oid>, depth: usize) {
        let is_folder = fs::symlink_metadata(at).is_ok_and(|meta| meta.is_dir());
        if !is_folder {
            let bytes = file::read_bounded(at, WORDS_MAX).ok().flatten();
            let text = String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
            if let Some(oid) = self.oid(&text) {
                refs.insert(name.to_owned(), oid);
            }
            return;
        }
        let names = file::names(at).unwrap_or_default().into_iter();
        for part in names.filter_map(|part| part.into_string().ok()) {
            if depth > 0 && refs.len() < REFS_MAX {
                self.loose(&at.join(&part), &format!("{name}/{part}"), refs, depth - 1);
            }
        }
    }

    /// Brings what `tip` reaches into the repository. All objects passed git's checks; nothing
    /// that they name is missing. Durable when this returns, as far as `durability` says.
    ///
    /// # Errors
    /// `apart-fetch` (policy): objects are gone, damaged, unsound or too many. Nothing changed.
    pub fn fetch(&self, tip: &Oid, known: &[Oid], durability: Durability) -> Result<()> {
        let transport = Transport {
            url: String::new(),
            carried: Vec::new(),
            promisors: Vec::new(),
            unheard: Vec::new(),
        };
        let outpost = Outpost::open(&self.repo, &transport, Promisors::None)?;
        let git = Git::in_git_dir(outpost.folder());
        let read = git
            .clone()
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.store()?);
        let mut input = format!("{tip}\n");
        for oid in known {
            input.push_str(&format!("^{oid}\n"));
        }
        let call = read.call(Sub::PackObjects);
        let call = call.args(["--quiet", "--revs", "--delta-base-offset"]);
        let call = call.arg(outpost.objects().join("pack/pack")).input(input);
        let said = self.watched(call, &outpost)?;
        let hash = String::from_utf8_lossy(&said).trim().to_owned();
        let pack = outpost.objects().join(format!("pack/pack-{hash}.pack"));
        let call = git.call(Sub::IndexPack).args(["--strict", "-o"]);
        let call = call.arg(outpost.folder().join("check.idx")).arg(pack);
        self.watched(call, &outpost)?;
        outpost.admit(&self.repo, std::slice::from_ref(tip), durability)?;
        match self.repo.objects().header(tip)? {
            Some(_) => Ok(()),
            None => Err(refused("it did not arrive")),
        }
    }

    /// The folder of its objects as git reads it from a variable.
    fn store(&self) -> Result<String> {
        let store = self.folder.join("objects");
        let plain = store
            .to_str()
            .filter(|path| !path.contains(['"', '\\', '\n']));
        let path = plain.ok_or_else(|| refused("its path cannot be named"))?;
        Ok(format!("\"{path}\""))
    }

    fn watched(&self, call: Call<'_>, outpost: &Outpost) -> Result<Vec<u8>> {
        let start = Moment::now();
        let mut give_up = || start.elapsed() > TIME_MAX || outpost.size() > BYTES_MAX;
        let answer = match call.run_unless(Session::Own, WORDS_MAX, &mut give_up) {
            Err(error) if error.code() == "git-answer" => return Err(refused(error.message())),
            other => other?,
        };
        let answer = answer.ok_or_else(|| refused("it is too large, or takes too long"))?;
        if answer.code != 0 {
            return Err(refused(answer.failure().message()));
        }
        Ok(answer.stdout)
    }

    /// Hands the index over to the worktree's own git folder, and lets the `.git` file of `room`
    /// lead there again, if it still leads here.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn lead_home(&self, room: &Path) -> Result<()> {
        if !points_to(room, &self.folder) {
            return Ok(());
        }
        let own = self.repo.worktree_git_dir(&self.id);
        let index = file::read_bounded(&self.folder.join("index"), LIST_MAX);
        if let Ok(Some(bytes)) = index {
            // Only names are read in it; its folder may be gone.
            let _ = file::replace(&own.join("index"), &bytes, Access::Shared, Durability::Off);
        }
        put_pointer(room, &own)
    }

    /// Detaches HEAD of the worktree's own git folder at `commit`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn detach_home(&self, commit: &Oid) -> Result<()> {
        let own = self.repo.worktree_git_dir(&self.id);
        // Where that is gone, the room is lost whatever is said.
        match own.is_dir() {
            true => self.repo.detach(&own, commit),
            false => Ok(()),
        }
    }

    /// Takes the folder away, or, if not all of it was fetched, sets it aside; gives where.
    ///
    /// # Errors
    /// It cannot be moved or removed.
    pub fn leave(&self, is_fetched: bool) -> Result<Option<PathBuf>> {
        tree::remove(&self.beside("new"))?;
        let done = self.beside("done");
        tree::remove(&done)?;
        let to = match is_fetched {
            true => done.clone(),
            false => {
                let kept = self.repo.wp_dir().join("quarantine");
                file::make_private_dirs(&kept)?;
                kept.join(format!("{}-{}", random::id(8)?, self.id))
            }
        };
        let moved = match fs::rename(&self.folder, &to) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => false,
            Err(e) => {
                let path = self.folder.display();
                return Err(Error::io(format!("cannot move `{path}`"), e));
            }
            Ok(()) => true,
        };
        tree::remove(&done)?;
        file::remove(&self.beside("refs"))?;
        Ok((moved && !is_fetched).then_some(to))
    }

    fn beside(&self, what: &str) -> PathBuf {
        self.folder.with_file_name(format!(".{what}-{}", self.id))
    }
}

fn refused(why: &str) -> Error {
    Error::policy("apart-fetch", format!("commits cannot be fetched: {why}"))
}

/// What the repository's own configuration says applies, and that of rooms.
fn config(repo: &Repo) -> Result<String> {
    let common = repo.common_dir();
    let mut text = match repo.format() {
        Format::Sha1 => "[core]\n\trepositoryformatversion = 0\n".to_owned(),
        Format::Sha256 => "[core]\n\trepositoryformatversion = 1\n\
            [extensions]\n\tobjectFormat = sha256\n"
            .to_owned(),
    };
    for path in [common.join("config"), common.join("wp/worktree.gitconfig")] {
        let path = path
            .to_str()
            .ok_or_else(|| refused("its path is not UTF-8"))?;
        let path = path.replace('\\', "\\\\").replace('"', "\\\"");
        text += &format!("[include]\n\tpath = \"{path}\"\n");
    }
    // Last, since others would win: what belongs to the repository and not to a worktree.
    text += "[core]\n\tbare = false\n\tlogAllRefUpdates = true\n";
    Ok(text)
}
