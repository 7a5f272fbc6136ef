//! HEAD of the main checkout or of any worktree.

use std::path::Path;

use crate::base::{Error, Oid, RefName, Result};
use crate::git::cmd::{Git, malformed};
use crate::git::refs::api::Refs;
use crate::git::refs::files::{Loose, read_loose};
use crate::git::repo::RefStorage;
use crate::git::sub::Sub;

/// Where a checkout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch; `None` if detached.
    pub branch: Option<RefName>,
    /// The commit; `None` on a branch without commits.
    pub oid: Option<Oid>,
}

impl Refs<'_> {
    /// HEAD of the checkout from which the repository was found.
    pub fn head(&self) -> Result<Head> {
        self.head_of(self.repo.git_dir())
    }

    /// HEAD of the worktree with this git folder, for instance `<common>/worktrees/<id>`.
    pub fn head_of(&self, git_dir: &Path) -> Result<Head> {
        let target = match self.repo.ref_storage() {
            RefStorage::Files => match read_loose(&git_dir.join("HEAD"), "HEAD")? {
                Some(Loose::Oid(oid)) => return Ok(detached(oid)),
                Some(Loose::Symbolic(target)) => target,
                None => return Err(no_head(git_dir)),
            },
            RefStorage::Reftable => match symbolic_head(git_dir)? {
                Some(target) => target,
                None => return detached_head(git_dir).map(detached),
            },
        };
        let branch = RefName::parse(&target).ok_or_else(|| no_head(git_dir))?;
        let oid = self.read(&branch)?;
        Ok(Head {
            branch: Some(branch),
            oid,
        })
    }
}

fn detached(oid: Oid) -> Head {
    Head {
        branch: None,
        oid: Some(oid),
    }
}

fn symbolic_head(git_dir: &Path) -> Result<Option<String>> {
    let git = Git::in_git_dir(git_dir);
    let answer = git.call(Sub::SymbolicRef).args(["--quiet", "HEAD"]).run()?;
    if answer.code == 1 {
        return Ok(None);
    }
    let text = String::from_utf8(answer.output()?).map_err(|_| malformed(Sub::SymbolicRef))?;
    let target = text
        .strip_suffix('\n')
        .ok_or_else(|| malformed(Sub::SymbolicRef))?;
    Ok(Some(target.to_owned()))
}

fn detached_head(git_dir: &Path) -> Result<Oid> {
    let git = Git::in_git_dir(git_dir);
    git.call(Sub::RevParse).args(["--verify", "HEAD"]).oid()
}

fn no_head(git_dir: &Path) -> Error {
    let message = format!("`{}` has no readable HEAD", git_dir.display());
    Error::damaged("ref", message).hint("git fsck")
}
