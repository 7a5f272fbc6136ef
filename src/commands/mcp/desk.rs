//! Where the work is done: one thread that has the repository and the state open for as long as
//! the session lives, and takes one job after the other.

use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::gate;
use super::reply::{Reply, Told};
use super::resources::Kind;
use super::session::Session;
use super::tool::Listed;
use crate::base::json::{Map, Value};
use crate::base::{Error, Result};
use crate::commands::Context;
use crate::commands::verbs::sessions;
use crate::model::Settings;
use crate::os::clock::{self, Moment};
use crate::os::file;
use crate::store::Store;

/// Where the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// Beside the runs of git wp.
    Outside,
    /// In the room of an attempt.
    Room,
}

/// Where this process runs.
///
/// # Errors
/// The environment contradicts itself.
pub(super) fn seat(cx: &Context<'_>) -> Result<Seat> {
    Ok(match cx.env().attempt()? {
        Some(_) => Seat::Room,
        None => Seat::Outside,
    })
}

/// What is wanted of the desk.
pub(super) enum Ask {
    /// A call of a tool.
    Call {
        /// The tool.
        tool: &'static Listed,
        /// Its arguments.
        arguments: Map<String, Value>,
    },
    /// What a resource holds.
    Read(Kind),
}

/// How long an attempt waits for its supervisor.
const SETTLE: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_millis(10);

struct Job {
    ask: Ask,
    reply: oneshot::Sender<Told>,
}

/// The way to the thread that does the work.
pub(super) struct Desk {
    jobs: mpsc::Sender<Job>,
}

impl Desk {
    /// Opens the repository and begins a session.
    ///
    /// # Errors
    /// There is no repository, or its settings are wrong.
    pub(super) fn open(cx: &mut Context<'_>) -> Result<Self> {
        let session = Session::begin(cx)?;
        let (jobs, wanted) = mpsc::channel::<Job>();
        let (mut ui, here, env) = (cx.ui.clone(), cx.here().to_owned(), cx.env().clone());
        thread::spawn(move || {
            let mut work = Work {
                cx: Context::at(&mut ui, here, env),
                session,
                refusals: 0,
                store: None,
            };
            for Job { ask, reply } in wanted {
                if !reply.is_closed() {
                    // Whoever asked may be gone by now; what was done stands.
                    drop(reply.send(work.told(ask)));
                }
            }
        });
        Ok(Desk { jobs })
    }

    /// Asks for something; the answer comes when it was done.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Told> {
        let (reply, told) = oneshot::channel();
        let gone = || Error::bug("nobody is at the desk");
        self.jobs.send(Job { ask, reply }).map_err(|_| gone())?;
        told.await.map_err(|_| gone())
    }
}

/// What a tool works with.
pub(super) struct Work<'a> {
    /// Repository, settings, clock.
    pub(super) cx: Context<'a>,
    /// Who asks.
    pub(super) session: Session,
    /// How often the policy said no and that was recorded.
    pub(super) refusals: usize,
    store: Option<(Settings, Rc<Store>)>,
}

impl Work<'_> {
    /// The state, with what was read of it before. Settings are looked at anew.
    ///
    /// # Errors
    /// The settings are wrong.
    pub(super) fn store(&mut self) -> Result<Rc<Store>> {
        let settings = self.cx.settings()?;
        if let Some((known, store)) = &self.store
            && *known == settings
        {
            return Ok(Rc::clone(store));
        }
        let store = Rc::new(self.cx.store()?);
        self.store = Some((settings, Rc::clone(&store)));
        Ok(store)
    }

    /// Lets others see the session before it holds something: who dies unseen is not missed.
    ///
    /// # Errors
    /// The store failed.
    pub(super) fn be_seen(&mut self) -> Result<()> {
        if !self.session.is_seen {
            let (store, presence) = (self.store()?, self.session.presence());
            sessions::beat(&mut self.cx, &store, (&presence, &self.session.who))?;
            self.session.is_seen = true;
        }
        Ok(())
    }

    /// Waits until the supervisor of this room has looked at what lies in the inbox; false if it
    /// takes too long.
    ///
    /// # Errors
    /// The inbox cannot be read.
    pub(super) fn is_settled(&mut self) -> Result<bool> {
        let Some(attempt) = &self.session.attempt else {
            return Ok(true);
        };
        let folder = self.store.as_ref().map(|(_, store)| store.inbox(attempt));
        let folder = folder.transpose()?.unwrap_or_default();
        let waits = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".req");
        let looked = clock::poll(SETTLE, REST, || match file::names(&folder) {
            Ok(names) if names.iter().any(waits) => None,
            other => Some(other),
        });
        Ok(looked.transpose()?.is_some())
    }

    fn told(&mut self, ask: Ask) -> Told {
        let begun = Moment::now();
        self.cx.forget_settings();
        let (name, told) = match ask {
            Ask::Call { tool, arguments } => {
                let told = match gate::admit(self, tool, &arguments) {
                    Ok(()) => tool.call(self, arguments),
                    Err(error) => Told::no(&error),
                };
                (tool.name, told)
            }
            Ask::Read(kind) => {
                let told = gate::demand(self, kind.tool(), &Map::new())
                    .and_then(|()| kind.read(self))
                    .map(Reply::yes);
                (kind.uri(), Told::of(told))
            }
        };
        let (how, spent) = (
            if told.no.is_some() { "no" } else { "yes" },
            begun.elapsed(),
        );
        self.cx
            .ui
            .detail(&format!("{name}: {how} after {} ms", spent.as_millis()));
        told
    }
}
