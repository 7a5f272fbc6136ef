//! One room: its state in git's eyes, and how what stands in it is kept.
//!
//! Commits are written in process: no hook, no signing, no index of the room is needed. What the
//! agent did to the room (flags in the index, a moved HEAD, a deleted `.git`) can make an attempt
//! fail, but not hide work from a salvage.

use std::path::{Path, PathBuf};

use crate::base::RepoPath;
use crate::base::{AttemptId, Error, FeatureId, Oid, PackageId, RefName, Result};
use crate::git::worktree::points_to;
use crate::git::{Checkout, Conversion, Expected, Head, Move, NewCommit, OnDisk, Person, Repo};
use crate::model::{Durability, RoomState};
use crate::os::clock;
use crate::worktree::head_log::logged;
use crate::worktree::record::{self, Record};

/// The worktree of one attempt.
#[derive(Debug, Clone)]
pub struct Room {
    repo: Repo,
    by: Person,
    record: Record,
    durability: Durability,
}

/// What a salvage kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Salvage {
    /// The commit, held by [`Room::salvage_ref`]; `None` if the branch holds everything.
    pub commit: Option<Oid>,
    /// What could not be saved: unreadable files, names like `.GIT`, repositories inside.
    pub unsaved: Vec<RepoPath>,
}

/// What is committed for an attempt that ended.
#[derive(Debug, Clone, Copy)]
pub struct Leftovers<'a> {
    /// Subject, body, trailers.
    pub message: &'a str,
    /// Author and committer.
    pub by: &'a Person,
    /// [`Conversion::Raw`] if the shared configuration was changed while the agent ran.
    pub conversion: Conversion,
}

/// Where a room stands in git's eyes.
enum Standing {
    OnBranch(Oid),
    Diverged { head: Option<Oid>, why: String },
    Lost { why: String },
}

impl Room {
    pub(super) fn new(repo: Repo, by: Person, record: Record, durability: Durability) -> Self {
        Room {
            repo,
            by,
            record,
            durability,
        }
    }

    pub(super) fn repo(&self) -> &Repo {
        &self.repo
    }

    pub(super) fn by(&self) -> &Person {
        &self.by
    }

    pub(super) fn durability(&self) -> Durability {
        self.durability
    }

    /// The work tree.
    pub fn path(&self) -> &Path {
        self.record.path()
    }

    /// The worktree's own git folder.
    pub fn git_dir(&self) -> PathBuf {
        let id = format!("wp-{}", self.record.attempt);
        self.repo.worktree_git_dir(&id)
    }

    /// The attempt's branch.
    pub fn branch(&self) -> &RefName {
        &self.record.branch
    }

    /// The commit it began from.
    pub fn base(&self) -> &Oid {
        &self.record.base
    }

    /// The tree of that commit.
    pub fn base_tree(&self) -> &Oid {
        &self.record.base_tree
    }

    /// The feature.
    pub fn feature(&self) -> &FeatureId {
        &self.record.feature
    }

    /// The package.
    pub fn package(&self) -> &PackageId {
        &self.record.package
    }

    /// The attempt.
    pub fn attempt(&self) -> &AttemptId {
        &self.record.attempt
    }

    /// Git configuration that every git command in the room needs, for its environment.
    pub fn config(&self) -> Vec<(String, String)> {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        if self.record.is_sparse {
            vec![
                pair("core.sparseCheckout", "true"),
                pair("core.sparseCheckoutCone", "false"),
            ]
        } else {
            Vec::new()
        }
    }

    /// The ref that holds checkpoints.
    pub fn wip_ref(&self) -> Result<RefName> {
        self.own_ref("wip")
    }

    /// The ref that holds what was saved before a removal.
    pub fn salvage_ref(&self) -> Result<RefName> {
        self.own_ref("salvage")
    }

    fn own_ref(&self, kind: &str) -> Result<RefName> {
        let Record {
            feature,
            package,
            attempt,
            ..
        } = &self.record;
        let name = format!(
            "refs/wp/{kind}/{}/{}/{attempt}",
            feature.slug(),
            package.slug()
        );
        RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` is no ref name")))
    }

    /// Commits what is left on the attempt's branch: tracked files as they are, and new ones that
    /// are not ignored. With nothing left there is no commit. Says in what state the room is.
    ///
    /// To be called when the agent's processes are gone. What an agent did is a [`RoomState`].
    ///
    /// # Errors
    /// The machine failed: an object cannot be written, the branch cannot be moved.
    pub fn commit_leftovers(&self, left: Leftovers<'_>) -> Result<RoomState> {
        let head = match self.standing()? {
            Standing::OnBranch(head) => head,
            Standing::Diverged { head, why } => return Ok(RoomState::Diverged { head, why }),
            Standing::Lost { why } => return Ok(RoomState::Lost { why }),
        };
        let objects = self.repo.objects();
        let head_tree = objects.commit(&head)?.tree;
        let tree = match self.checkout().tree(&head_tree, left.conversion) {
            Ok(found) => found.tree,
            Err(error) => {
                let why = format!("what was left cannot be committed: {}", error.message());
                let tree = head_tree;
                return Ok(RoomState::Unsealed { head, tree, why });
            }
        };
        let head = if tree == head_tree {
            head
        } else {
            self.commit_on_branch(&head, &tree, left)?
        };
        Ok(RoomState::Kept {
            changed: self.changed_since_base(&tree)?,
            head,
            tree,
        })
    }

    fn commit_on_branch(&self, head: &Oid, tree: &Oid, left: Leftovers<'_>) -> Result<Oid> {
        let objects = self.repo.objects();
        let commit = objects.write_commit(&NewCommit {
            tree,
            parents: std::slice::from_ref(head),
            by: left.by,
            at: clock::now(),
            message: left.message,
        })?;
        objects.flush(self.durability)?;
        let (branch, expected) = (self.branch(), Expected::Is(head.clone()));
        let step = Move {
            name: branch,
            new: &commit,
            expected: &expected,
            reason: "commit: what was left",
            by: left.by,
        };
        let moved = self.repo.refs().advance(step, self.durability);
        moved.map_err(|error| error.into_error(branch))?;
        // So that a person who looks into the room later sees it clean; nothing depends on it.
        let _ = objects.write_index(tree, &self.git_dir().join("index"));
        Ok(commit)
    }

    fn changed_since_base(&self, tree: &Oid) -> Result<Vec<RepoPath>> {
        if tree == self.base_tree() {
            return Ok(Vec::new());
        }
        self.repo.changed_paths(self.base_tree(), tree)
    }

    /// Keeps everything that is not ignored, and commits that no branch of the attempt holds,
    /// under [`Room::salvage_ref`]. An earlier salvage stays reachable from the new one.
    pub fn salvage(&self) -> Result<Salvage> {
        self.rejoin()?;
        let head = self.best_head()?;
        let mut parents: Vec<Oid> = head.iter().cloned().collect();
        let loose: Vec<Oid> = self
            .heads_off_branch()
            .into_iter()
            .filter(|oid| !parents.contains(oid) && self.is_commit(oid))
            .collect();
        parents.extend(loose.iter().cloned());
        let objects = self.repo.objects();
        let head_tree = match &head {
            Some(head) => objects.commit(head)?.tree,
            None => self.base_tree().clone(),
        };
        let OnDisk { tree, skipped } = if self.path().is_dir() {
            self.checkout().tree(&head_tree, Conversion::Raw)?
        } else {
            OnDisk {
                tree: head_tree.clone(),
                skipped: Vec::new(),
            }
        };
        let branch_holds = self.repo.refs().read(self.branch())? == head && head.is_some();
        let mut salvage = Salvage {
            commit: None,
            unsaved: skipped,
        };
        if tree == head_tree && loose.is_empty() && branch_holds {
            return Ok(salvage);
        }
        let name = self.salvage_ref()?;
        let before = self.repo.refs().read(&name)?;
        if let Some(before) = &before {
            let last = objects.commit(before)?;
            if last.tree == tree && parents.iter().all(|oid| last.parents.contains(oid)) {
                salvage.commit = Some(before.clone());
                return Ok(salvage);
            }
            parents.push(before.clone());
        }
        let kept = self.keep(&name, before.as_ref(), &tree, &parents, "salvage")?;
        salvage.commit = Some(kept);
        Ok(salvage)
    }

    pub(super) fn keep(
        &self,
        name: &RefName,
        before: Option<&Oid>,
        tree: &Oid,
        parents: &[Oid],
        what: &str,
    ) -> Result<Oid> {
        let Record {
            package, attempt, ..
        } = &self.record;
        let objects = self.repo.objects();
        let commit = objects.write_commit(&NewCommit {
            tree,
            parents,
            by: &self.by,
            at: clock::now(),
            message: &format!("{what} of {package} attempt {attempt}\n"),
        })?;
        objects.flush(Durability::Full)?;
        let expected = Expected::same_as(before);
        self.repo
            .refs()
            .swap(name, Some(&commit), &expected, what, Durability::Full)
            .map_err(|error| error.into_error(name))?;
        Ok(commit)
    }

    /// The files, as [`crate::git::disk`] looks at them.
    pub(super) fn checkout(&self) -> Checkout {
        Checkout {
            repo: self.repo.clone(),
            folder: self.path().to_owned(),
            index: self.git_dir().join("index"),
            baseline: record::baseline(&self.repo, self.attempt()),
            base_tree: self.base_tree().clone(),
            aside: record::aside(&self.repo, self.attempt()),
        }
    }

    fn standing(&self) -> Result<Standing> {
        let lost = |why: &str| {
            Ok(Standing::Lost {
                why: why.to_owned(),
            })
        };
        let real = std::fs::symlink_metadata(self.path()).is_ok_and(|meta| meta.is_dir());
        if !real {
            return lost("its worktree is gone");
        }
        if !points_to(self.path(), &self.git_dir()) {
            return lost("the `.git` file of its worktree is gone or leads elsewhere");
        }
        let refs = self.repo.refs();
        let Ok(Head { branch, oid }) = refs.head_of(&self.git_dir()) else {
            return lost("git's own data on its worktree is gone");
        };
        if branch.as_ref() != Some(self.branch()) {
            let at = branch.map_or("detached".to_owned(), |b| format!("on `{}`", b.short()));
            let why = format!("HEAD is {at}, not on `{}`", self.branch().short());
            return Ok(Standing::Diverged { head: oid, why });
        }
        let Some(head) = oid else {
            return lost("its branch is gone");
        };
        if head != *self.base() && !self.repo.is_ancestor(self.base(), &head)? {
            let base = self.base().short();
            let why = format!("its history does not grow from its base {base}");
            return Ok(Standing::Diverged {
                head: Some(head),
                why,
            });
        }
        Ok(Standing::OnBranch(head))
    }

    /// The branch's head, else the last commit that HEAD is known to have had, else the base.
    pub(super) fn best_head(&self) -> Result<Option<Oid>> {
        if let Some(oid) = self.repo.refs().read(self.branch())? {
            return Ok(Some(oid));
        }
        let logged = self
            .heads_off_branch()
            .into_iter()
            .find(|o| self.is_commit(o));
        let base = Some(self.base().clone()).filter(|base| self.is_commit(base));
        Ok(logged.or(base))
    }

    /// Commits at which HEAD stood and which the branch may not hold: HEAD itself, and the last
    /// one of its log, which outlives a deleted branch.
    fn heads_off_branch(&self) -> Vec<Oid> {
        let refs = self.repo.refs();
        let head = refs.head_of(&self.git_dir()).ok();
        let on_branch = head
            .as_ref()
            .is_some_and(|h| h.branch.as_ref() == Some(self.branch()) && h.oid.is_some());
        if on_branch {
            return Vec::new();
        }
        let mut found: Vec<Oid> = head.and_then(|head| head.oid).into_iter().collect();
        let last = logged(&self.git_dir()).pop().map(|entry| entry.new);
        found.extend(last.filter(|last| !found.contains(last) && !last.is_null()));
        found
    }

    /// The head of the branch and commits at which HEAD stands or stood last.
    pub(super) fn tips(&self) -> Result<Vec<Oid>> {
        let mut tips = self.heads_off_branch();
        tips.extend(self.repo.refs().read(self.branch())?);
        tips.retain(|oid| self.is_commit(oid));
        Ok(tips)
    }

    fn is_commit(&self, oid: &Oid) -> bool {
        self.repo.objects().commit(oid).is_ok()
    }
}
