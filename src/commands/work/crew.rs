//! All features that this process serves, side by side, and when it has enough.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::base::text::foreign;
use crate::base::{AttemptId, Error, FeatureId, Kind, Result};
use crate::commands::Context;
use crate::commands::running::authority::Watch;
use crate::commands::running::listen::Live;
use crate::commands::work::shift::{Shift, Shop};
use crate::engine::{Pool, RunReport};
use crate::os::clock::Moment;
use crate::os::signal::{Asked, Signals};
use crate::state::FeatureView;
use crate::store::{Load, Store};

/// Time between two looks for runs that began meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// The features of this process.
pub(super) struct Crew<'a> {
    args: &'a super::Args,
    store: Store,
    signals: Signals,
    named: Vec<FeatureId>,
    pool: Pool,
    bell: (Sender<()>, Receiver<()>),
    shifts: BTreeMap<FeatureId, Shift>,
    served: Served,
    began: u64,
    watch: Watch,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Served {
    /// Features that were served, with the attempts that were begun here.
    pub(super) features: BTreeMap<FeatureId, Vec<AttemptId>>,
    /// How each of them was left.
    pub(super) reports: BTreeMap<FeatureId, RunReport>,
    /// Features that were not served, and why. A policy error: nobody approved the plan here.
    pub(super) refused: BTreeMap<FeatureId, Error>,
    /// Records of features that were left or refused: they are looked at again once that changed.
    seen: BTreeMap<FeatureId, FeatureView>,
    /// Serving a feature broke off.
    pub(super) failure: Option<Error>,
    /// A signal asked to stop.
    pub(super) interrupted: bool,
}

impl<'a> Crew<'a> {
    /// Nobody works yet.
    pub(super) fn new(
        args: &'a super::Args,
        (store, signals): (Store, Signals),
        named: Vec<FeatureId>,
    ) -> Self {
        Crew {
            args,
            store,
            signals,
            named,
            pool: Pool::default(),
            bell: channel(),
            shifts: BTreeMap::new(),
            served: Served::default(),
            began: 0,
            watch: Watch::begin(),
        }
    }

    /// Works until nothing is left.
    ///
    /// # Errors
    /// The store failed, or a feature that was named is not known.
    pub(super) fn serve(mut self, cx: &mut Context<'_>, live: &Live) -> Result<Served> {
        let since = Moment::now();
        loop {
            self.served.interrupted |= self.signals.asked() != Asked::Nothing;
            let is_first = self.began == 0 || !self.args.once;
            if !self.served.interrupted && is_first {
                self.watch.look(cx, &self.store)?;
                self.enter(cx, live)?;
            }
            if self.shifts.is_empty() && (self.served.interrupted || self.is_over(since)) {
                break;
            }
            // Whoever rings is found below; who does not will be found next time.
            let _ = self.bell.1.recv_timeout(LOOK);
            self.dismiss();
        }
        self.check_names()?;
        Ok(self.served)
    }

    /// True if waiting for more is no use.
    fn is_over(&self, since: Moment) -> bool {
        let patience = Duration::from_secs(self.args.wait);
        let nothing = self.served.features.is_empty() && self.served.refused.is_empty();
        !nothing || self.args.once || since.elapsed() >= patience
    }

    /// Begins with every open run that is not served and has not been left as it is now.
    fn enter(&mut self, cx: &mut Context<'_>, live: &Live) -> Result<()> {
        let briefs = self.store.view(&Load::Briefs)?;
        let asked = |id: &&FeatureId| self.named.is_empty() || self.named.contains(id);
        let briefs = briefs.briefs.iter();
        let open = briefs.filter(|(_, brief)| brief.last_result.is_none());
        let ids: Vec<FeatureId> = open.map(|(id, _)| id).filter(asked).cloned().collect();
        let view = self.store.view(&Load::Features(ids.clone()))?;
        for id in ids {
            let Some(records) = view.features.get(&id) else {
                continue;
            };
            let is_open = records.last_run().is_some_and(|run| run.ended.is_none());
            if !is_open || self.shifts.contains_key(&id) {
                continue;
            }
            let same = self.served.seen.get(&id) == Some(records);
            let waits = self.served.refused.get(&id);
            if same && waits.is_none_or(|error| error.kind() != Kind::Policy) {
                continue;
            }
            self.begin(cx, (&id, records), live)?;
        }
        Ok(())
    }

    fn begin(
        &mut self,
        cx: &mut Context<'_>,
        (id, records): (&FeatureId, &FeatureView),
        live: &Live,
    ) -> Result<()> {
        let shop = Shop {
            args: self.args,
            store: &self.store,
            signals: &self.signals,
            pool: &self.pool,
            live,
            bell: &self.bell.0,
        };
        match shop.begin(cx, (id, records), self.began) {
            Ok(shift) => {
                self.began += 1;
                self.served.refused.remove(id);
                self.served.features.entry(id.clone()).or_default();
                self.shifts.insert(id.clone(), shift);
            }
            // A wrong word on the command line is wrong for all.
            Err(error) if error.kind() == Kind::Usage && self.args.agent.is_some() => {
                return Err(error);
            }
            Err(error) => {
                self.served.seen.insert(id.clone(), records.clone());
                self.served.refused.insert(id.clone(), error);
            }
        }
        Ok(())
    }

    /// Takes note of shifts that are over.
    fn dismiss(&mut self) {
        let over = self.shifts.iter().filter(|(_, s)| s.thread.is_finished());
        let over: Vec<FeatureId> = over.map(|(id, _)| id.clone()).collect();
        for id in over {
            let Some(shift) = self.shifts.remove(&id) else {
                continue;
            };
            let panicked = |_| Err(Error::bug(format!("serving `{id}` broke off")));
            match shift.thread.join().unwrap_or_else(panicked) {
                Ok(report) => {
                    self.served.reports.insert(id.clone(), report);
                }
                Err(error) => {
                    self.served.failure.get_or_insert(error);
                }
            }
            let begun = shift.attempts.lock();
            let begun = begun.unwrap_or_else(PoisonError::into_inner).clone();
            let all = self.served.features.entry(id.clone()).or_default();
            all.extend(begun);
            let load = Load::Features(vec![id.clone()]);
            let now = self.store.view(&load).ok();
            let now = now.and_then(|view| view.features.get(&id).cloned());
            let seen = now.unwrap_or(shift.records);
            self.served.seen.insert(id, seen);
        }
    }

    /// A feature that nobody knows is a mistake, unless it came while we waited.
    fn check_names(&self) -> Result<()> {
        let view = self.store.view(&Load::Briefs)?;
        let unknown = self.named.iter().find(|id| !view.briefs.contains_key(id));
        let Some(unknown) = unknown else {
            return Ok(());
        };
        let message = format!("there is no feature `{}`", foreign(unknown.as_str()));
        Err(Error::usage("feature-unknown", message).hint("git wp status --all"))
    }
}
