//! Opens things when they are first asked for. It has no verb in it.

use std::path::{Path, PathBuf};

use crate::base::redact::is_secret_name;
use crate::base::{ActorId, AttemptId, Error, Oid, Redactor, Result, Timestamp, text};
use crate::commands::{Ui, decided};
use crate::config::rights::Rights;
use crate::config::{self, Environment, Loaded, environment};
use crate::git::{self, Repo};
use crate::model::{Roster, Settings};
use crate::os::{clock, host, random};
use crate::state::record::By;
use crate::state::{Op, Refusal, Request};
use crate::store::{Accepted, Seat, Store, actor};

/// What a verb works with.
pub struct Context<'a> {
    /// How to talk.
    pub ui: &'a mut Ui,
    env: Environment,
    here: PathBuf,
    repo: Option<Repo>,
    loaded: Option<Loaded>,
    actor: Option<ActorId>,
}

impl<'a> Context<'a> {
    /// Nothing is opened yet; `here` is the current folder.
    pub fn new(ui: &'a mut Ui, here: PathBuf) -> Self {
        let env = Environment::of_process();
        if let Some(path) = env.get("PATH") {
            git::cmd::settle_program(path, &here);
        }
        Context::at(ui, here, env)
    }

    /// The same with another environment than that of this process.
    pub fn at(ui: &'a mut Ui, here: PathBuf, env: Environment) -> Self {
        Context {
            ui,
            env,
            here,
            repo: None,
            loaded: None,
            actor: None,
        }
    }

    /// The current folder.
    pub fn here(&self) -> &Path {
        &self.here
    }

    /// The environment of this process.
    pub fn env(&self) -> &Environment {
        &self.env
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

    /// True if the current folder is in a repository.
    ///
    /// # Errors
    /// There is one and it cannot be opened.
    pub fn has_repo(&mut self) -> Result<bool> {
        match self.repo() {
            Ok(_) => Ok(true),
            Err(error) if error.code() == "no-repository" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The top of the checkout; the current folder where there is no repository.
    ///
    /// # Errors
    /// The repository is bare or cannot be opened.
    pub fn root(&mut self) -> Result<PathBuf> {
        if self.has_repo()? {
            return Ok(self.repo()?.need_work_dir("reading a plan")?.to_owned());
        }
        let about = |e| Error::io(format!("cannot enter `{}`", self.here.display()), e);
        self.here.canonicalize().map_err(about)
    }

    /// Settings and `wp.toml`, read once; unknown keys are warned of then.
    ///
    /// # Errors
    /// A value or `wp.toml` is wrong.
    pub fn loaded(&mut self) -> Result<Loaded> {
        if let Some(loaded) = &self.loaded {
            return Ok(loaded.clone());
        }
        let repo = self.repo()?;
        let loaded = config::load(&repo, &self.env)?;
        for key in &loaded.unknown {
            let message = format!("nobody knows the setting `{}`", text::foreign(key));
            self.ui.warn("unknown-setting", &message);
        }
        self.loaded = Some(loaded.clone());
        Ok(loaded)
    }

    /// Settings alone.
    ///
    /// # Errors
    /// As [`Context::loaded`].
    pub fn settings(&mut self) -> Result<Settings> {
        Ok(self.loaded()?.settings)
    }

    /// The agents of this user, with what git config says about them.
    ///
    /// # Errors
    /// As [`Context::loaded`], or a profile of the user is wrong.
    pub fn roster(&mut self) -> Result<Roster> {
        let settings = self.settings()?;
        self.roster_of(&settings)
    }

    /// The agents of this user with these settings.
    ///
    /// # Errors
    /// A profile of the user is wrong.
    pub fn roster_of(&self, settings: &Settings) -> Result<Roster> {
        config::agents::roster(&self.env, settings)
    }

    /// Reads them anew next time: they were just written.
    pub fn forget_settings(&mut self) {
        self.loaded = None;
    }

    /// A handle on the state. Inside a room its requests go to the inbox of the attempt.
    ///
    /// # Errors
    /// As [`Context::repo`] and [`Context::loaded`].
    pub fn store(&mut self) -> Result<Store> {
        let seat = match self.env.attempt()? {
            Some(attempt) => Seat::Room { attempt },
            None => Seat::Outside,
        };
        let settings = self.settings()?;
        Ok(Store::open(&self.repo()?, &settings, seat))
    }

    /// What a person approved on this machine for this repository.
    ///
    /// # Errors
    /// There is no state folder.
    pub fn rights(&mut self) -> Result<Rights> {
        let folder = self.env.state_folder()?;
        Ok(Rights::new(&folder, self.repo()?.common_dir()))
    }

    /// Fails inside the room of an attempt: `verb` is for people. The refusal is recorded.
    ///
    /// # Errors
    /// Policy, `in-room`.
    pub fn refuse_in_room(&mut self, verb: &str) -> Result<()> {
        let refused = self.env.refuse_in_room(verb).and_then(|()| {
            let repo = self.repo()?;
            let id = repo.worktree_id();
            match id.is_some_and(|id| id.starts_with(ROOM_PREFIX)) {
                true => Err(environment::in_room(verb)),
                false => Ok(()),
            }
        });
        if let Err(error) = &refused
            && error.code() == environment::IN_ROOM
        {
            decided::in_room(self, verb);
        }
        refused
    }

    /// The attempt in whose worktree the current folder lies, told by its name.
    ///
    /// # Errors
    /// As [`Context::repo`].
    pub fn room_id(&mut self) -> Result<Option<AttemptId>> {
        let repo = self.repo()?;
        let name = repo.worktree_id();
        let attempt = name.and_then(|id| id.strip_prefix(ROOM_PREFIX).map(str::to_owned));
        Ok(attempt.and_then(|id| AttemptId::parse(&id)))
    }

    /// This clone. Minted by the first command that writes.
    ///
    /// # Errors
    /// The file cannot be written or read.
    pub fn actor(&mut self) -> Result<ActorId> {
        if let Some(actor) = &self.actor {
            return Ok(actor.clone());
        }
        let actor = actor::read_or_mint(&self.repo()?.wp_dir())?;
        self.actor = Some(actor.clone());
        Ok(actor)
    }

    /// `user@host`, for people; behind the name of the agent where there is one.
    pub fn label(&self) -> String {
        let person = host::label(self.env.user());
        match self.env.text("AGENT_ID") {
            Some(agent) => {
                let agent = text::foreign(agent).to_string();
                format!("{} ({person})", text::cut(&agent, AGENT_CHARS_MAX))
            }
            None => person,
        }
    }

    /// Takes the secrets of this environment out of text, and what looks like one.
    pub fn redactor(&self) -> Redactor {
        let vars = self.env.all().iter();
        let secret = vars.filter(|(name, _)| is_secret_name(&name.to_string_lossy()));
        Redactor::new(secret.filter_map(|(_, value)| value.to_str().map(str::to_owned)))
    }

    /// This clone, now.
    ///
    /// # Errors
    /// As [`Context::actor`].
    pub fn by(&mut self) -> Result<By> {
        Ok(By {
            actor: self.actor()?,
            label: self.label(),
            at: self.now(),
        })
    }

    /// A request of this clone, without secrets: this is the door that every change of every verb
    /// goes through.
    ///
    /// # Errors
    /// As [`Context::actor`].
    pub fn request(&mut self, mut op: Op, needs: Vec<Oid>) -> Result<Request> {
        let at = self.now();
        op.redact(&self.redactor());
        Ok(Request {
            txn: random::txn_id(at)?,
            actor: self.actor()?,
            label: self.label(),
            at,
            needs,
            op,
        })
    }

    /// Asks for changes in this order, as one request after the other.
    ///
    /// # Errors
    /// The store failed; a refusal is an answer.
    pub fn submit(
        &mut self,
        store: &Store,
        changes: Vec<(Op, Vec<Oid>)>,
    ) -> Result<Vec<Result<Accepted, Refusal>>> {
        let mut requests = Vec::new();
        for (op, needs) in changes {
            requests.push(self.request(op, needs)?);
        }
        store.submit(requests)
    }

    /// Asks for one change; a refusal is an error here.
    ///
    /// # Errors
    /// The store failed or refused.
    pub fn change(&mut self, store: &Store, op: Op) -> Result<Accepted> {
        let mut answers = self.submit(store, vec![(op, Vec::new())])?;
        let answer = answers.pop();
        answer
            .ok_or_else(|| Error::bug("the store gave no answer"))?
            .map_err(Error::from)
    }
}

/// Characters of an agent's name in a label.
const AGENT_CHARS_MAX: usize = 60;

/// How the worktrees of attempts are called.
const ROOM_PREFIX: &str = "wp-";
