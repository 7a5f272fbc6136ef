//! Opens things when they are first asked for. It has no verb in it.

use std::path::{Path, PathBuf};

use crate::base::{Error, Result, Timestamp};
use crate::commands::Ui;
use crate::git::Repo;
use crate::os::clock;

/// What a verb works with.
#[derive(Debug)]
pub struct Context<'a> {
    /// How to talk.
    pub ui: &'a mut Ui,
    here: PathBuf,
    repo: Option<Repo>,
}

impl<'a> Context<'a> {
    /// Nothing is opened yet; `here` is the current folder.
    pub fn new(ui: &'a mut Ui, here: PathBuf) -> Self {
        Context {
            ui,
            here,
            repo: None,
        }
    }

    /// The current folder.
    pub fn here(&self) -> &Path {
        &self.here
    }

    /// Wall time.
    pub fn now(&self) -> Timestamp {
        clock::now()
    }

    /// The repository that holds the current folder.
    ///
    /// # Errors
    /// Usage if there is none.
    pub fn repo(&mut self) -> Result<Repo> {
        if let Some(repo) = &self.repo {
            return Ok(repo.clone());
        }
        let repo = Repo::discover(&self.here)?;
        self.repo = Some(repo.clone());
        Ok(repo)
    }

    /// The top of the checkout; the current folder where there is no repository.
    ///
    /// # Errors
    /// The repository is bare or cannot be opened.
    pub fn root(&mut self) -> Result<PathBuf> {
        match self.repo() {
            Ok(repo) => Ok(repo.need_work_dir("reading a plan")?.to_owned()),
            Err(error) if error.code() == "no-repository" => self.absolute_here(),
            Err(error) => Err(error),
        }
    }

    fn absolute_here(&self) -> Result<PathBuf> {
        let about = |e| Error::io(format!("cannot enter `{}`", self.here.display()), e);
        self.here.canonicalize().map_err(about)
    }
}
