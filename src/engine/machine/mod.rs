//! The world on this machine: rooms, agents, the gate, verification, landings, the store.
//!
//! Effects run in threads of their own and report through one channel; the loop sleeps on that
//! channel, not on a clock. The store and the supervisor locks stay with the loop's thread.

mod beats;
mod books;
mod contracts;
mod debugging;
mod equip;
mod fence;
mod finish;
mod gate;
mod go_on;
mod grants;
mod land;
mod link;
mod notes;
mod observe;
mod pool;
pub mod prompting;
mod qa;
mod recover;
mod rehearsal;
mod serve;
mod shared;
mod start;
mod train;
mod verify;
mod wagon;
mod watching;
mod worker;
mod yard;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

pub use pool::Pool;
pub use serve::{implement, is_run, work};
pub use shared::{CheckoutRule, Listener, Setup, Trust};
pub use train::merge_train;
pub use wagon::{Arrival, LeftBehind, TrainJob, TrainReport, Wagon};

use crate::base::json::Value;
use crate::base::{AttemptId, Error, Oid, Result, TxnId};
use crate::engine::effect::Effect;
use crate::engine::report::RunReport;
use crate::engine::world::{Change, Done, Occurrence, World};
use crate::git::{Expected, SwapError};
use crate::model::Deviation;
use crate::os::clock::Moment;
use crate::os::lock::{self, FileLock};
use crate::os::process::Watch;
use crate::os::signal::Asked;
use crate::os::{clock, file, random};
use crate::schedule::{Observed, Stop, Work};
use crate::state::record::{By, RunStarted};
use crate::state::{FeatureView, Refusal, Request, View};

use crate::store::{self, Load, Owner, Store};

use link::{Hurry, Link};
use shared::Shared;
use worker::Worker;

/// Longest time until a signal is noticed.
const SIGNAL_REST: Duration = Duration::from_millis(100);
/// Time between two looks at what other processes do.
const LOOK: Duration = Duration::from_secs(1);

/// Makes the summary of a run: as data, and as text.
pub type Summarise<'a> = dyn FnMut(&FeatureView, &RunReport) -> Result<(Value, String)> + 'a;

/// Where an engine sits among those of its process.
#[derive(Debug, Clone)]
pub struct Seat {
    pool: Pool,
    rank: u64,
}

impl Seat {
    /// A seat at a pool; `rank` is its own, and a lower one comes first.
    pub fn at(pool: &Pool, rank: u64) -> Self {
        let pool = pool.clone();
        Seat { pool, rank }
    }

    /// The only one.
    fn alone() -> Self {
        Seat::at(&Pool::default(), 0)
    }
}

/// The world on this machine.
struct Machine<'a> {
    shared: Arc<Shared>,
    store: Store,
    view: Arc<View>,
    guards: BTreeMap<AttemptId, FileLock>,
    watches: BTreeMap<Work, Watch>,
    threads: Vec<JoinHandle<()>>,
    sender: Sender<Done>,
    receiver: Receiver<Done>,
    looked: Moment,
    stop: Stop,
    seat: Seat,
    /// How many packages were merged when rooms were listed.
    listed: usize,
    /// The way to the authority, where that is elsewhere.
    link: Option<Link>,
    summarise: &'a mut Summarise<'a>,
}

impl<'a> Machine<'a> {
    /// `name` is that of a lock in our `run` folder that this process holds as long as it lives.
    fn new<'b: 'a>(
        setup: Setup,
        (seat, name): (Seat, &str),
        summarise: &'a mut Summarise<'b>,
    ) -> Result<Self> {
        let store = Store::open(&setup.repo, &setup.settings, store::Seat::Outside);
        let (sender, receiver) = channel();
        let link = Link::of(&setup)?;
        Ok(Machine {
            link,
            shared: Arc::new(Shared::new(setup, name)?),
            store,
            view: Arc::default(),
            guards: BTreeMap::new(),
            watches: BTreeMap::new(),
            threads: Vec::new(),
            sender,
            receiver,
            looked: Moment::now(),
            stop: Stop::No,
            seat,
            listed: 0,
            summarise,
        })
    }

    fn run_dir(&self) -> PathBuf {
        self.shared.setup.repo.wp_dir().join("run")
    }

    fn lock_path(&self, attempt: &AttemptId) -> PathBuf {
        self.run_dir().join(format!("{attempt}.lock"))
    }

    fn leave(&mut self) {
        for thread in self.threads.drain(..) {
            // A worker that panicked has nothing to say any more.
            let _ = thread.join();
        }
        let _ = self.shared.verify_rooms.close();
        // The last words: whoever syncs next would bring them as well.
        let _ = self.exchange();
        // Somebody else may go on with them, and look for this very lock.
        self.guards.clear();
    }

    /// Tells others of this process how many places are in use.
    fn count_places(&self) {
        let used = self.watches.keys().filter(|work| work.takes_place());
        self.seat.pool.uses(self.seat.rank, used.count());
    }

    /// What happened without a worker's doing.
    fn look_around(&mut self) -> Result<Vec<Occurrence>> {
        let mut out = Vec::new();
        let asked = match self.shared.setup.signals.asked() {
            Asked::Nothing => Stop::No,
            Asked::Stop => Stop::Soon,
            Asked::StopNow => Stop::Now,
        };
        if asked > self.stop {
            self.stop = asked;
            out.push(Occurrence::Signal(asked));
        }
        out.extend(self.rehearsed());
        let due = self.link.as_ref().is_some_and(Link::is_due);
        if due || self.looked.elapsed() >= LOOK {
            self.looked = Moment::now();
            self.drain_inboxes();
            if due {
                self.exchange()?;
            }
            let view = self.load()?;
            out.push(match Arc::ptr_eq(&view, &self.view) {
                true => Occurrence::Tick,
                false => Occurrence::Moved,
            });
        }
        Ok(out)
    }

    fn load(&self) -> Result<Arc<View>> {
        let load = Load::Features(vec![self.shared.feature().clone()]);
        self.store.view(&load)
    }

    /// Submits what agents asked for. What they get wrong is theirs to notice.
    fn drain_inboxes(&self) {
        for work in self.watches.keys() {
            if let Work::Run(attempt) = work {
                self.drain_inbox(attempt);
            }
        }
    }

    fn drain_inbox(&self, attempt: &AttemptId) {
        let inbox = self.shared.setup.repo.wp_dir().join("inbox");
        if !inbox.join(attempt.as_str()).is_dir() {
            return;
        }
        let records = self.shared.records(&self.view);
        let packages = records.into_iter().flat_map(|r| &r.packages);
        let mut owners = packages.filter(|(_, p)| p.attempts.contains_key(attempt));
        if let Some((package, _)) = owners.next() {
            let by = &self.shared.setup.by;
            let owner = Owner {
                feature: self.shared.feature().clone(),
                package: package.clone(),
                attempt: attempt.clone(),
                actor: by.actor.clone(),
                label: by.label.clone(),
            };
            // Nothing is granted where it cannot be looked at.
            let heed = |said: &Deviation| drop(self.consider(&owner, said));
            let _ = self.store.drain_inbox(&owner, &heed);
        }
    }

    fn finished(&mut self, done: Done) -> Occurrence {
        self.watches.remove(&done.work);
        self.count_places();
        if let Work::Run(attempt) = &done.work {
            self.drain_inbox(attempt);
        }
        Occurrence::Finished(done)
    }
}

impl World for Machine<'_> {
    fn by(&self) -> By {
        By {
            at: clock::now(),
            ..self.shared.setup.by.clone()
        }
    }

    fn mint(&mut self) -> Result<AttemptId> {
        random::attempt_id()
    }

    fn view(&mut self) -> Result<Arc<View>> {
        self.view = self.load()?;
        Ok(Arc::clone(&self.view))
    }

    fn observe(&mut self, view: &View, observed: &mut Observed) -> Result<()> {
        self.look_outside(view, observed)
    }

    fn prepare(&mut self, run: &RunStarted, at: &Oid) -> Result<()> {
        let setup = &self.shared.setup;
        let (refs, name) = (setup.repo.refs(), &run.integration);
        if refs.read(name)?.is_some() {
            return Ok(());
        }
        let durability = setup.settings.durability;
        match refs.swap(name, Some(at), &Expected::Absent, "wp: run", durability) {
            Ok(()) | Err(SwapError::Moved { .. }) => Ok(()),
            Err(error) => Err(error.into_error(name)),
        }
    }

    fn guard(&mut self, attempt: &AttemptId) -> Result<bool> {
        let Some(held) = lock::try_lock(&self.lock_path(attempt))? else {
            return Ok(false);
        };
        held.announce("an attempt", clock::now());
        self.guards.insert(attempt.clone(), held);
        Ok(true)
    }

    fn release(&mut self, attempt: &AttemptId) {
        if let Some(watch) = self.watches.get(&Work::Run(attempt.clone())) {
            watch.stop();
            return;
        }
        if let Some(held) = self.guards.remove(attempt) {
            // The name is never used again, so nobody can be waiting for this very file.
            let _ = file::remove(held.path());
        }
    }

    fn submit(&mut self, changes: Vec<Change>) -> Result<Vec<Result<(), Refusal>>> {
        let by = self.by();
        let mut requests = Vec::new();
        for change in changes {
            requests.push(Request {
                txn: random::txn_id(by.at)?,
                actor: by.actor.clone(),
                label: by.label.clone(),
                at: by.at,
                needs: change.needs,
                op: change.op,
            });
        }
        let asked: Vec<(TxnId, Hurry)> = requests
            .iter()
            .map(|r| (r.txn.clone(), Hurry::of(&r.op)))
            .collect();
        let answers = self.store.submit(requests)?;
        let answers = answers.into_iter().map(|a| a.map(|_| ())).collect();
        self.settled(asked, answers)
    }

    fn begin(&mut self, effect: Effect) -> Result<()> {
        let (work, watch) = (effect.work(), Watch::default());
        self.watches.insert(work.clone(), watch.clone());
        self.count_places();
        let worker = Worker {
            shared: Arc::clone(&self.shared),
            plan: self.shared.plan(&self.view),
            view: Arc::clone(&self.view),
            watch,
        };
        let sender = self.sender.clone();
        let thread = std::thread::spawn(move || {
            let outcome = worker.perform(effect);
            // Nobody listens any more once the run is over.
            let _ = sender.send(Done { work, outcome });
        });
        self.threads.retain(|thread| !thread.is_finished());
        self.threads.push(thread);
        Ok(())
    }

    fn next(&mut self) -> Result<Vec<Occurrence>> {
        loop {
            let mut out = self.look_around()?;
            while let Ok(done) = self.receiver.try_recv() {
                out.push(self.finished(done));
            }
            if !out.is_empty() {
                return Ok(out);
            }
            match self.receiver.recv_timeout(SIGNAL_REST) {
                Ok(done) => return Ok(vec![self.finished(done)]),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::bug("the loop has lost its workers"));
                }
            }
        }
    }

    fn stop(&mut self, stop: Stop) {
        for (work, watch) in &self.watches {
            match (stop, work) {
                (Stop::No, _) | (_, Work::Swap | Work::Advance | Work::Tidy(_)) => {}
                (Stop::Soon, _) => watch.stop(),
                (Stop::Now, _) => watch.kill(),
            }
        }
    }

    fn summarise(&mut self, records: &FeatureView, report: &RunReport) -> Result<(Value, Oid)> {
        let (value, text) = (self.summarise)(records, report)?;
        let text = self.store.put_blob(text.as_bytes())?;
        Ok((value, text))
    }
}
