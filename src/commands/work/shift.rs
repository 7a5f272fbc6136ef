//! One feature that this process serves: what is run, and the thread that does it.

use std::collections::BTreeSet;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::agent::{Note, Profile, Staff};
use crate::base::json::Value;
use crate::base::{AttemptId, Error, FeatureId, PackageId, Result, Timestamp};
use crate::commands::Context;
use crate::commands::reading::{self, ValidPlan};
use crate::commands::running::listen::Live;
use crate::commands::running::purses;
use crate::commands::running::setup::{self, Choices};
use crate::commands::running::{permission, relay, unfinished};
use crate::engine::{self, CheckoutRule, Event, EventKind, Job, Pool, RunReport, Seat, Trust};
use crate::model::{Format, Plan, Roster, Settings};
use crate::os::signal::Signals;
use crate::schedule::{Agenda, Duties, Hands, Limits, OnError, Qa, RunOptions};
use crate::state::FeatureView;
use crate::state::record::RunStarted;
use crate::store::Store;

/// A feature that is being served.
pub(super) struct Shift {
    /// What was on record when it began.
    pub(super) records: FeatureView,
    /// Attempts that this process began.
    pub(super) attempts: Arc<Mutex<BTreeSet<AttemptId>>>,
    /// Ends when nothing is left for this process.
    pub(super) thread: JoinHandle<Result<RunReport>>,
}

/// What shifts share.
pub(super) struct Shop<'a> {
    pub(super) args: &'a super::Args,
    pub(super) store: &'a Store,
    pub(super) signals: &'a Signals,
    pub(super) pool: &'a Pool,
    pub(super) live: &'a Live,
    /// Told when a shift is over.
    pub(super) bell: &'a Sender<()>,
}

impl Shop<'_> {
    /// Begins to serve a feature with an open run; `number` tells shifts apart.
    ///
    /// # Errors
    /// Policy: the plan may not run here. Others: it cannot.
    pub(super) fn begin(
        &self,
        cx: &mut Context<'_>,
        (feature, records): (&FeatureId, &FeatureView),
        number: u64,
    ) -> Result<Shift> {
        let run = records.last_run().map(|run| run.started.clone());
        let run = run.ok_or_else(|| Error::bug("a feature without a run is served"))?;
        let valid = self.plan(cx, feature, records)?;
        let settings = cx.settings()?;
        let roster = cx.roster()?;
        let staff = self.staff((&settings, &roster), &valid.plan, &run)?;
        setup::tell_held(cx, &staff)?;
        let hands = setup::hands(&staff);
        let options = options(&run, (self.args, hands), cx.actor()?);
        let jobs = self.args.jobs.map(usize::from);
        let job = Job {
            feature: feature.clone(),
            agenda: Agenda::of(&valid.plan, &valid.graph).recorded(records, &valid.plan.hash),
            limits: Limits {
                jobs: jobs.unwrap_or_else(|| setup::jobs(&settings)),
                ..Limits::default()
            },
            options,
            started: run,
        };
        let notes = self.hear(cx, feature)?;
        let seat = Seat::at(self.pool, rank(records, &valid.plan, number));
        let merged = records.packages.values().filter(|p| p.accept.is_some());
        self.live.enter(&job, merged.count());
        let choices = Choices {
            notes,
            staff,
            reviewers: Vec::new(),
            project: Trust::Given,
            checkout: CheckoutRule::LeaveAlone,
            extra_checks: Vec::new(),
            signals: self.signals.clone(),
            activity: self.live.activity(),
        };
        let setup = setup::setup(cx, &job, valid, choices)?;
        let attempts = Arc::new(Mutex::new(BTreeSet::new()));
        let (tell, begun) = (self.live.teller(), Arc::clone(&attempts));
        let bell = self.bell.clone();
        let thread = std::thread::spawn(move || {
            let mut observer = |event: &Event| {
                note(&begun, event);
                tell(event);
            };
            let report = engine::work(setup, &job, seat, &mut observer);
            // Nobody listens any more if the command is over.
            let _ = bell.send(());
            report
        });
        Ok(Shift {
            records: records.clone(),
            attempts,
            thread,
        })
    }

    /// What others left, killed ones too.
    fn hear(&self, cx: &mut Context<'_>, feature: &FeatureId) -> Result<Vec<Note>> {
        unfinished::notice(cx, self.store, feature)?;
        let notes = relay::recall(cx, self.store, feature)?;
        if let Some(event) = relay::told(cx, feature, &notes) {
            self.live.tell(&event);
        }
        Ok(notes)
    }

    /// The plan as it was published for the run, if it may run here.
    fn plan(
        &self,
        cx: &mut Context<'_>,
        feature: &FeatureId,
        records: &FeatureView,
    ) -> Result<ValidPlan> {
        let valid = reading::published(cx, self.store, (feature, records))?;
        if valid.plan.format != Format::Linear && !self.args.trusts(&valid.plan.hash) {
            permission::demand_plan(cx, &valid).map_err(|error| {
                let hash = &valid.plan.hash;
                error.hint(format!("or: git wp work {feature} --trust-sha256 {hash}"))
            })?;
        }
        Ok(valid)
    }

    /// The agent that is named, else the one of the run if this machine knows it, else its own.
    fn staff(
        &self,
        (settings, roster): (&Settings, &Roster),
        plan: &Plan,
        run: &RunStarted,
    ) -> Result<Staff> {
        let own = self.args.agent.as_deref();
        let recorded = run.options.get("agent").and_then(Value::as_str);
        let recorded = recorded.filter(|_| own.is_none());
        let known = recorded.filter(|name| Profile::find(name, roster).is_ok());
        // What the run asks of its own agent is nothing for another one.
        let tuning = match own.is_some() || known != recorded {
            true => self.args.tuning.clone(),
            false => self.args.tuning.over(&run.options),
        };
        if let Some(name) = known {
            return tuning.staff(plan, roster, (known, name));
        }
        let usual = setup::agent(own, settings, plan)?;
        tuning.staff(plan, roster, (own, &usual))
    }
}

fn note(begun: &Mutex<BTreeSet<AttemptId>>, event: &Event) {
    let begins = matches!(
        event.event,
        EventKind::AttemptStarted | EventKind::AttemptAdopted
    );
    if let Some(attempt) = event.attempt.as_ref().filter(|_| begins) {
        let mut begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.insert(attempt.clone());
    }
}

/// What the run was asked for, done by a worker.
fn options(
    run: &RunStarted,
    (args, hands): (&super::Args, Hands),
    actor: crate::base::ActorId,
) -> RunOptions {
    let only = run.options.get("only").and_then(Value::as_array);
    let only = only.map(|words| {
        let words = words.iter().filter_map(Value::as_str);
        words.filter_map(PackageId::parse).collect()
    });
    let stop = run.options.get("on-error").and_then(Value::as_str) == Some("stop");
    RunOptions {
        run: run.run.clone(),
        actor,
        only,
        on_error: match stop {
            true => OnError::Stop,
            false => OnError::Continue,
        },
        hands,
        purses: purses::recorded(&run.options),
        // A worker makes no round.
        qa: Qa::Off,
        duties: Duties::Work,
        stay: args.stay(),
    }
}

/// The most urgent package first, then the oldest run.
fn rank(records: &FeatureView, plan: &Plan, number: u64) -> u64 {
    const TIME_BITS: u64 = 44;
    const NUMBER_BITS: u64 = 12;
    let open = plan.packages.iter().filter(|package| {
        let view = records.packages.get(&package.id);
        view.is_none_or(|view| view.accept.is_none())
    });
    let priority = open
        .map(|package| package.priority)
        .min()
        .unwrap_or(u8::MAX);
    let since: Option<Timestamp> = records.last_run().map(|run| run.started.by.at);
    let since = since.map_or(0, |at| u64::try_from(at.millis()).unwrap_or(0));
    let since = since.min((1 << TIME_BITS) - 1);
    let number = number.min((1 << NUMBER_BITS) - 1);
    (u64::from(priority) << (TIME_BITS + NUMBER_BITS)) | (since << NUMBER_BITS) | number
}
