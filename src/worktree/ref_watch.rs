//! Watches the refs that agents share with the user: branches, tags, the integration refs, HEAD
//! of the main checkout.
//!
//! Everybody may move refs while an agent works. Only a ref that now stands at a commit which
//! provably was made in the agent's own room counts as moved by it, and only such a ref is put
//! back, by compare-and-swap from exactly that commit. Whoever puts back sees to it first that
//! the commits stay reachable.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Oid, RefName, Result};
use crate::git::{Expected, Head, Repo, Sub, SwapError};
use crate::model::Durability;
use crate::os::file;
use crate::worktree::head_log::logged;
use crate::worktree::room::Room;

/// Most commits of a room that are looked at.
const COMMITS_MAX: usize = 10_000;
/// Where refs are watched.
const FOLDERS: [&str; 4] = [
    "refs/heads",
    "refs/notes",
    "refs/tags",
    "refs/wp/integration",
];

/// How refs stood before an agent began.
#[derive(Debug)]
pub struct RefWatch {
    repo: Repo,
    refs: BTreeMap<RefName, Oid>,
    head: Option<Head>,
}

/// A ref that does not stand where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The ref, or `HEAD` of the main checkout.
    pub name: String,
    /// What moved, and how it is put back.
    pub what: What,
}

/// What moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A ref, from here to there; `None` where it does not exist.
    Ref {
        /// The name.
        name: RefName,
        /// Where it was.
        from: Option<Oid>,
        /// Where it is.
        to: Option<Oid>,
    },
    /// HEAD of the main checkout leads elsewhere.
    Head {
        /// Where it led.
        from: Head,
        /// Where it leads.
        to: Head,
    },
}

impl RefWatch {
    /// Looks at all refs.
    ///
    /// # Errors
    /// Refs cannot be read.
    pub fn begin(repo: &Repo) -> Result<Self> {
        let refs = repo.refs();
        let mut found = BTreeMap::new();
        for folder in FOLDERS {
            let all = refs.list(folder)?.into_iter();
            found.extend(all.filter(|(name, _)| !name.as_str().starts_with("refs/heads/wp/")));
        }
        Ok(RefWatch {
            repo: repo.clone(),
            refs: found,
            head: refs.head_of(repo.common_dir()).ok(),
        })
    }

    /// Everything that does not stand where it stood, whoever moved it.
    ///
    /// # Errors
    /// Refs cannot be read.
    pub fn moved(&self) -> Result<Vec<Moved>> {
        let now = RefWatch::begin(&self.repo)?;
        let names: BTreeSet<&RefName> = self.refs.keys().chain(now.refs.keys()).collect();
        let mut moved = Vec::new();
        for name in names {
            let (from, to) = (self.refs.get(name), now.refs.get(name));
            if from != to {
                moved.push(Moved {
                    name: name.to_string(),
                    what: What::Ref {
                        name: name.clone(),
                        from: from.cloned(),
                        to: to.cloned(),
                    },
                });
            }
        }
        if let (Some(from), Some(to)) = (&self.head, now.head)
            && place(from) != place(&to)
        {
            moved.push(Moved {
                name: "HEAD".to_owned(),
                what: What::Head {
                    from: from.clone(),
                    to,
                },
            });
        }
        Ok(moved)
    }

    /// Those of `moved` that the agent of this room moved.
    ///
    /// A commit is the agent's own if it is new, is held by the room, and either the room's log
    /// shows that it was made there or no checkout of the user ever stood on it: a commit that
    /// the user makes meanwhile and the agent merges stays the user's.
    ///
    /// # Errors
    /// History cannot be read.
    pub fn by_agent_of(&self, room: &Room, moved: &[Moved]) -> Result<Vec<Moved>> {
        if moved.is_empty() {
            return Ok(Vec::new());
        }
        let own = self.own_commits(room)?;
        let is_own = |oid: &Oid| {
            own.contains(oid) && (made_in(room, oid) || !self.was_checked_out_elsewhere(oid))
        };
        let mut taken: Vec<Moved> = Vec::new();
        for moved in moved {
            let mine = match &moved.what {
                What::Ref { to, .. } => match to {
                    Some(to) => self.peeled(to)?.as_ref().is_some_and(is_own),
                    None => false,
                },
                What::Head { to, .. } => match &to.branch {
                    Some(branch) => {
                        let name = branch.as_str();
                        taken.iter().any(|taken| taken.name == name)
                    }
                    None => to.oid.as_ref().is_some_and(is_own),
                },
            };
            if mine {
                taken.push(moved.clone());
            }
        }
        Ok(taken)
    }

    /// Puts refs back that an agent moved; one that moved again is left alone. Gives those that
    /// stand where they stood.
    ///
    /// # Errors
    /// Git cannot change a ref.
    pub fn put_back(&self, taken: &[Moved]) -> Result<Vec<Moved>> {
        let mut done = Vec::new();
        // HEAD comes last in the list and goes first: no branch disappears beneath it.
        for moved in taken.iter().rev() {
            let is_back = match &moved.what {
                What::Ref { name, from, to } => {
                    let expected = Expected::same_as(to.as_ref());
                    let (refs, why) = (self.repo.refs(), "wp: put back");
                    match refs.swap(name, from.as_ref(), &expected, why, Durability::Full) {
                        Ok(()) => true,
                        Err(SwapError::Moved { .. }) => false,
                        Err(error) => return Err(error.into_error(name)),
                    }
                }
                What::Head { from, to } => self.put_head_back(from, to)?,
            };
            if is_back {
                done.push(moved.clone());
            }
        }
        Ok(done)
    }

    fn put_head_back(&self, from: &Head, to: &Head) -> Result<bool> {
        let now = self.repo.refs().head_of(self.repo.common_dir())?;
        if place(&now) != place(to) {
            return Ok(false);
        }
        let git = crate::git::Git::in_git_dir(self.repo.common_dir());
        let call = match (&from.branch, &from.oid) {
            (Some(branch), _) => {
                git.call(Sub::SymbolicRef)
                    .args(["-m", "wp: put back", "HEAD", branch.as_str()])
            }
            (None, Some(oid)) => git.call(Sub::UpdateRef).args([
                "--no-deref",
                "-m",
                "wp: put back",
                "HEAD",
                oid.as_str(),
            ]),
            (None, None) => return Ok(false),
        };
        call.output().map(|_| true)
    }

    /// The commit behind a tag.
    fn peeled(&self, oid: &Oid) -> Result<Option<Oid>> {
        match self.repo.objects().commit(oid) {
            Ok(_) => Ok(Some(oid.clone())),
            Err(_) => self.repo.refs().resolve(oid.as_str()),
        }
    }

    /// Commits that are new since the watch began and that the room holds.
    fn own_commits(&self, room: &Room) -> Result<BTreeSet<Oid>> {
        let refs = self.repo.refs();
        let mut known = vec![room.base().clone()];
        let branches = self.refs.iter();
        let branches = branches.filter(|(name, _)| !name.as_str().starts_with("refs/tags/"));
        known.extend(branches.map(|(_, oid)| oid.clone()));
        let fetched = refs.list("refs/remotes")?.into_iter();
        known.extend(fetched.map(|(_, oid)| oid));
        known.retain(|oid| self.repo.objects().commit(oid).is_ok());
        let mut own = BTreeSet::new();
        for tip in room.tips()? {
            own.extend(self.repo.commits_between(&known, &tip, COMMITS_MAX)?);
        }
        Ok(own)
    }

    /// True if HEAD of a checkout that is no room has ever been at a commit.
    fn was_checked_out_elsewhere(&self, oid: &Oid) -> bool {
        let common = self.repo.common_dir();
        let names = file::names(&common.join("worktrees")).unwrap_or_default();
        let others = names.into_iter().filter(|name| {
            let name = name.to_string_lossy();
            !name.starts_with("wp-")
        });
        let others = others.map(|name| common.join("worktrees").join(name));
        std::iter::once(common.to_owned())
            .chain(others)
            .any(|git_dir| logged(&git_dir).iter().any(|entry| entry.new == *oid))
    }
}

/// True if the room's own log says that a commit came to be there. Other moves of HEAD bring
/// commits in that may have been made anywhere.
fn made_in(room: &Room, oid: &Oid) -> bool {
    const ARRIVALS: [&str; 6] = ["merge ", "pull", "reset:", "checkout:", "rebase", "clone:"];
    let entries = logged(&room.git_dir());
    let mut first = entries.iter().filter(|entry| entry.new == *oid);
    first
        .next()
        .is_some_and(|entry| !ARRIVALS.iter().any(|word| entry.message.starts_with(word)))
}

/// What of a HEAD must not change: a branch may grow beneath it.
fn place(head: &Head) -> (Option<&RefName>, Option<&Oid>) {
    match &head.branch {
        Some(branch) => (Some(branch), None),
        None => (None, head.oid.as_ref()),
    }
}
