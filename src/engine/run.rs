//! The loop itself. It has no opinion and performs nothing: it carries decisions to the world and
//! what happened back to the ref.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Error, FeatureId, PackageId, Result, Timestamp};
use crate::engine::effect::{Advanced, Outcome};
use crate::engine::event::{Event, EventKind};
use crate::engine::record::{Entry, Scribe, is_fatal};
use crate::engine::report::RunReport;
use crate::engine::world::{Done, Occurrence, World};
use crate::model::{AttemptResult, OutcomeKind, Trouble};
use crate::schedule::{
    Agenda, Decision, Holding, Input, Limits, Observed, RunOptions, Stop, Why, Work, decide,
};
use crate::state::View;
use crate::state::record::RunStarted;

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Job {
    /// The feature; it is published.
    pub feature: FeatureId,
    /// Its plan.
    pub agenda: Agenda,
    /// What the run was asked to do.
    pub options: RunOptions,
    /// How much of anything.
    pub limits: Limits,
    /// How the run begins, or began if it is resumed.
    pub started: RunStarted,
}

/// Runs a feature until nothing is left to do here. What is recorded goes to `observer` too.
///
/// # Errors
/// The store or the machine failed. Whatever was under way is found by the next run.
pub fn run(
    world: &mut dyn World,
    job: &Job,
    observer: &mut dyn FnMut(&Event),
) -> Result<RunReport> {
    let mut engine = Engine::new(job, observer);
    engine.open(world)?;
    loop {
        if let Some(report) = engine.step(world)? {
            return Ok(report);
        }
    }
}

/// A run under way. Everything in it dies with the process; the ref knows the rest.
pub struct Engine<'a> {
    pub(super) job: &'a Job,
    observer: &'a mut dyn FnMut(&Event),
    pub(super) view: Arc<View>,
    /// The agenda with what the loops want by this view, where they want something.
    grown: Option<Agenda>,
    pub(super) observed: Observed,
    /// Which attempt an effect under way is about.
    pub(super) flights: BTreeMap<Work, Option<Holding>>,
    pub(super) waits: BTreeMap<PackageId, Why>,
    pub(super) branch: Option<Advanced>,
    pub(super) warnings: Vec<String>,
    /// When something of the feature changed last.
    changed: Option<Timestamp>,
    /// Plans that the feature had when this process began.
    plans: Option<usize>,
}

/// What came of one look around.
#[derive(Debug)]
pub enum Turn {
    /// Nothing is left to do here.
    Over(Box<RunReport>),
    /// The state has changed by it: look again at once.
    Changed,
    /// Listen until something happens.
    Idle,
}

impl<'a> Engine<'a> {
    /// A run that did nothing yet.
    pub fn new(job: &'a Job, observer: &'a mut dyn FnMut(&Event)) -> Self {
        Engine {
            job,
            observer,
            view: Arc::default(),
            grown: None,
            observed: Observed::default(),
            flights: BTreeMap::new(),
            waits: BTreeMap::new(),
            branch: None,
            warnings: Vec::new(),
            changed: None,
            plans: None,
        }
    }

    /// One turn: look, decide, perform; or wait and record what happened.
    ///
    /// # Errors
    /// As [`run`].
    pub fn step(&mut self, world: &mut dyn World) -> Result<Option<RunReport>> {
        match self.turn(world)? {
            Turn::Over(report) => return Ok(Some(*report)),
            Turn::Changed => {}
            Turn::Idle => self.listen(world)?,
        }
        Ok(None)
    }

    /// The part of a step that decides: look, decide, perform. Waits for nothing.
    ///
    /// # Errors
    /// As [`run`].
    pub fn turn(&mut self, world: &mut dyn World) -> Result<Turn> {
        self.look(world)?;
        let decisions = self.decide(world);
        self.tell_waits(world, &decisions);
        let finish = decisions.iter().find_map(|d| match d {
            Decision::Finish { result } => Some(*result),
            _ => None,
        });
        if let Some(result) = finish {
            let report = self.close(world, result)?;
            return Ok(Turn::Over(Box::new(report)));
        }
        Ok(match self.perform(world, decisions)? {
            true => Turn::Changed,
            false => Turn::Idle,
        })
    }

    /// The packages of the plan, and what the loops want beside them.
    pub(super) fn agenda(&self) -> &Agenda {
        self.grown.as_ref().unwrap_or(&self.job.agenda)
    }

    /// Packages that would start if there were places.
    pub fn crowded(&self) -> usize {
        let waits = self.waits.values();
        waits.filter(|why| **why == Why::Places).count()
    }

    /// Reads the state and what lies outside it; gives up locks of attempts that ended.
    pub(super) fn look(&mut self, world: &mut dyn World) -> Result<()> {
        let (view, now) = (world.view()?, world.by().at);
        if !Arc::ptr_eq(&view, &self.view) {
            self.observed.refused.clear();
            let feature = &self.job.feature;
            if view.features.get(feature) != self.view.features.get(feature) {
                self.changed = Some(now);
                let records = view.features.get(feature);
                self.grown = records.and_then(|records| self.job.agenda.grown(records));
            }
            self.view = view;
        }
        let changed = *self.changed.get_or_insert(now);
        self.observed.quiet = now.since(changed);
        self.observed.in_flight = self.flights.keys().cloned().collect();
        let before = self.observed.offline.clone();
        world.observe(&self.view, &mut self.observed)?;
        if before.is_some() != self.observed.offline.is_some() {
            self.tell_link(world);
        }
        let records = self.view.features.get(&self.job.feature);
        let plans = records.map_or(0, |records| records.plans.len());
        self.observed.replanned = plans > *self.plans.get_or_insert(plans);
        let packages = records.into_iter().flat_map(|r| r.packages.values());
        let live: Vec<_> = packages.filter_map(|p| p.live()).collect();
        let mine = self.observed.mine.iter();
        let over = mine.filter(|id| live.iter().all(|grant| grant.attempt != **id));
        for attempt in over {
            world.release(attempt);
        }
        Ok(())
    }

    /// The authority came out of reach, or back.
    fn tell_link(&mut self, world: &dyn World) {
        let text = match &self.observed.offline {
            Some(why) => format!("{why}; work goes on, nothing is confirmed or merged meanwhile"),
            None => "the authority can be reached again".to_owned(),
        };
        let event = self.scribe(world).event(EventKind::Link);
        self.tell(event.text(text));
    }

    pub(super) fn decide(&self, world: &dyn World) -> Vec<Decision> {
        decide(self.input(world))
    }

    pub(super) fn input(&self, world: &dyn World) -> Input<'_> {
        Input {
            feature: &self.job.feature,
            view: &self.view,
            agenda: self.agenda(),
            options: &self.job.options,
            observed: &self.observed,
            limits: self.job.limits,
            now: world.by().at,
        }
    }

    /// Waits until something happens and records what came of it, all in one transaction.
    ///
    /// # Errors
    /// As [`run`].
    pub fn listen(&mut self, world: &mut dyn World) -> Result<()> {
        let mut entries = Vec::new();
        for occurrence in world.next()? {
            match occurrence {
                Occurrence::Finished(done) => entries.extend(self.absorb(world, done)?),
                Occurrence::Signal(stop) => self.stop(world, stop),
                Occurrence::Rehearsed(clash) => {
                    entries.extend(self.scribe(world).rehearsed(&clash));
                }
                Occurrence::Moved | Occurrence::Tick => {}
            }
        }
        self.submit(world, entries).map(|_| ())
    }

    /// What an effect came to, as entries.
    fn absorb(&mut self, world: &dyn World, done: Done) -> Result<Vec<Entry>> {
        let holding = self.flights.remove(&done.work).flatten();
        self.changed = Some(world.by().at);
        if done.work == Work::Merge {
            self.observed.merging.clear();
        }
        match done.outcome {
            Ok(outcome) => {
                self.notice(world, &outcome);
                Ok(self.scribe(world).outcome(outcome))
            }
            Err(error) if is_fatal(&done.work) => Err(error),
            Err(error) => Ok(self.broken(world, done.work, holding, &error)),
        }
    }

    /// Keeps what is not for the ref.
    fn notice(&mut self, world: &dyn World, outcome: &Outcome) {
        if let Outcome::Ran {
            holding, result, ..
        } = outcome
        {
            self.heed(world, holding, result);
        }
        let Outcome::Advanced { to, branch } = outcome else {
            return;
        };
        self.observed.advanced = Some(to.clone());
        let text = match branch {
            Advanced::There => "",
            Advanced::CheckedOut { .. } => "checked out, left alone",
            Advanced::Diverged => "has commits of its own, left alone",
        };
        let event = self.scribe(world).event(EventKind::Branch);
        self.tell(event.commit(to).text(text));
        self.branch = Some(branch.clone());
    }

    /// An agent whose service refused it is left alone from now on.
    fn heed(&mut self, world: &dyn World, holding: &Holding, result: &AttemptResult) {
        let account = result.account.as_ref();
        let trouble = account.and_then(|account| account.trouble.as_ref());
        let Some(trouble) = trouble.filter(|_| result.outcome == OutcomeKind::Unserved) else {
            return;
        };
        let records = self.view.features.get(&self.job.feature);
        let package = records.and_then(|records| records.packages.get(&holding.package));
        let attempt = package.and_then(|package| package.attempts.get(&holding.attempt));
        let Some(agent) = attempt.map(|attempt| attempt.attempt.agent.clone()) else {
            return;
        };
        let event = self.scribe(world).event(EventKind::Warning);
        let told = format!("`{agent}` starts nothing more: {}", result.reason);
        // A time that has passed already is no reason to ask again at once.
        let now = world.by().at;
        let trouble = Trouble {
            resets_at: trouble.resets_at.filter(|at| *at > now),
            ..trouble.clone()
        };
        self.observed.unserved.insert(agent, trouble);
        self.tell(event.text(told));
    }

    fn broken(
        &mut self,
        world: &dyn World,
        work: Work,
        holding: Option<Holding>,
        error: &Error,
    ) -> Vec<Entry> {
        match (&work, holding) {
            (Work::Tidy(_) | Work::Advance, _) | (_, None) => {
                self.warnings.push(error.message().to_owned());
                let event = self.scribe(world).event(EventKind::Warning);
                self.tell(event.text(error.message()));
                self.observed.given_up.insert(work);
                Vec::new()
            }
            (_, Some(holding)) => vec![self.scribe(world).broken(&holding, error)],
        }
    }

    fn stop(&mut self, world: &mut dyn World, stop: Stop) {
        if stop > self.observed.stop {
            self.observed.stop = stop;
            world.stop(stop);
            let event = self.scribe(world).event(EventKind::Stopping);
            self.tell(event);
        }
    }

    fn tell_waits(&mut self, world: &dyn World, decisions: &[Decision]) {
        let waits: BTreeMap<PackageId, Why> = decisions
            .iter()
            .filter_map(|d| match d {
                Decision::Wait { package, why } => Some((package.clone(), why.clone())),
                _ => None,
            })
            .collect();
        for (package, why) in &waits {
            if self.waits.get(package) != Some(why) {
                let event = self.scribe(world).event(EventKind::Waiting);
                self.tell(event.package(package).text(why.to_string()));
            }
        }
        self.waits = waits;
    }

    pub(super) fn scribe(&self, world: &dyn World) -> Scribe {
        Scribe {
            feature: self.job.feature.clone(),
            by: world.by(),
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        (self.observer)(&event);
    }
}
