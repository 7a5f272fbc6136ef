//! The authority elsewhere, as a run sees it: when to ask it, and what has to be fetched.
//!
//! A request that needs a right goes out at once. Facts wait for a moment, so that several go in
//! one push. While nothing happens the authority is looked at less and less often, and while it
//! cannot be reached even less: work goes on, provisionally.

use std::time::Duration;

use crate::base::{AttemptId, Error, Kind, Oid, RefName, Result, TxnId};
use crate::engine::machine::Machine;
use crate::engine::machine::beats::Observer;
use crate::engine::machine::shared::Setup;
use crate::engine::world::World;
use crate::git::remote::{Atomic, Trouble};
use crate::git::{Expected, Remote, SwapError};
use crate::os::clock::Moment;
use crate::os::random;
use crate::schedule::IntegratorSeen;
use crate::state::request::AttemptFact;
use crate::state::view::AttemptView;
use crate::state::{FeatureView, Op, Refusal, View};
use crate::store::sync::{Exchange, Names, SyncMode, SyncResult};

/// How long facts wait for company.
const COMPANY: Duration = Duration::from_millis(150);
/// The shortest time between two looks while nothing happens; [`Settings::poll`] is the longest.
///
/// [`Settings::poll`]: crate::model::Settings::poll
const REST: Duration = Duration::from_millis(250);
/// The shortest and the longest while the authority cannot be reached.
const AWAY: Duration = Duration::from_secs(2);
const AWAY_MAX: Duration = Duration::from_secs(60);

/// How soon the authority should hear of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hurry {
    /// With whatever goes there next: nobody acts on it.
    No,
    /// In a moment: somebody may wait for it.
    Soon,
    /// At once: its answer decides what happens here.
    Now,
}

impl Hurry {
    pub(super) fn of(op: &Op) -> Self {
        match op {
            _ if op.needs_right() => Hurry::Now,
            // What is through the gate is not merged before it is verified.
            Op::Note { fact, .. } if !matches!(fact, AttemptFact::Evidence(_)) => Hurry::No,
            _ => Hurry::Soon,
        }
    }
}

/// The way to the authority.
pub(super) struct Link {
    remote: Remote,
    atomic: Atomic,
    poll: Duration,
    rest: Duration,
    since: Moment,
    /// Why it could not be reached the last time.
    pub(super) offline: Option<String>,
    /// Signs of life of other clones, as seen from here.
    pub(super) observer: Observer,
}

impl Link {
    /// `None` where this repository decides for itself.
    pub(super) fn of(setup: &Setup) -> Result<Option<Self>> {
        let Some(name) = &setup.settings.remote else {
            return Ok(None);
        };
        let atomic = match setup.settings.atomic {
            true => Atomic::Yes,
            false => Atomic::No,
        };
        Ok(Some(Link {
            remote: setup.repo.remote(name)?,
            atomic,
            poll: setup.settings.poll,
            rest: Duration::ZERO,
            since: Moment::now(),
            offline: None,
            observer: Observer::at(setup.repo.wp_dir().join("observed.json")),
        }))
    }

    /// True if it is time to look.
    pub(super) fn is_due(&self) -> bool {
        self.since.elapsed() >= self.rest
    }

    /// Something is there to be said soon.
    pub(super) fn hurry(&mut self) {
        if self.offline.is_none() && self.rest > COMPANY {
            (self.since, self.rest) = (Moment::now(), COMPANY);
        }
    }

    /// When to look again after this.
    fn rested(&mut self, news: bool) -> Result<()> {
        let (least, most) = match self.offline {
            Some(_) => (AWAY, AWAY_MAX),
            None => (REST, self.poll.max(REST)),
        };
        let next = match news {
            true => least,
            false => (self.rest * 2).clamp(least, most),
        };
        // Machines that began together shall not go on together.
        let spread = u64::try_from(next.as_millis() / 4).unwrap_or(0) + 1;
        self.rest = next + Duration::from_millis(random::below(spread)?);
        self.since = Moment::now();
        Ok(())
    }
}

impl Machine<'_> {
    /// Asks the authority, and brings what the run needs from there. Nothing happens where this
    /// repository decides for itself.
    pub(super) fn exchange(&mut self) -> Result<()> {
        let by = self.by();
        let Some(link) = &mut self.link else {
            return Ok(());
        };
        let setup = &self.shared.setup;
        let attempts: Vec<AttemptId> = self.guards.keys().cloned().collect();
        let report = self.store.sync(&Exchange {
            remote: &link.remote,
            remote_ref: &setup.settings.remote_ref,
            atomic: link.atomic,
            by: &by,
            beat: Some(&attempts),
            lease: setup.settings.lease,
            mode: SyncMode::Normal,
        });
        let report = match report {
            Ok(report) => report,
            // Everybody talks at once: later, then.
            Err(error) if error.kind() == Kind::Busy => {
                link.offline = None;
                return link.rested(false);
            }
            Err(error) => return Err(error),
        };
        if report.result == SyncResult::Rewound {
            let why = report.notes.first().cloned().unwrap_or_default();
            let name = link.remote.name();
            return Err(Error::damaged("rewound", why)
                .hint(format!("git wp sync --remote {name} --accept-rewind")));
        }
        link.offline = match report.result {
            SyncResult::Offline => Some(report.notes.first().cloned().unwrap_or_default()),
            _ => None,
        };
        let news = matches!(report.result, SyncResult::Pushed | SyncResult::Adopted);
        link.rested(news)?;
        match report.result {
            SyncResult::Offline => Ok(()),
            // Also without news: what could not be fetched the last time is still wanted.
            _ => self.bring(),
        }
    }

    /// What the authority made of what was asked; as far as it can be reached.
    pub(super) fn settled(
        &mut self,
        asked: Vec<(TxnId, Hurry)>,
        mut answers: Vec<Result<(), Refusal>>,
    ) -> Result<Vec<Result<(), Refusal>>> {
        let Some(link) = &mut self.link else {
            return Ok(answers);
        };
        let granted = asked.iter().zip(&answers).filter(|(_, a)| a.is_ok());
        let hurry = granted.map(|((_, hurry), _)| *hurry).max();
        if hurry >= Some(Hurry::Soon) {
            link.hurry();
        }
        if hurry != Some(Hurry::Now) || (link.offline.is_some() && !link.is_due()) {
            return Ok(answers);
        }
        self.exchange()?;
        let view = self.load()?;
        let rulings = self.shared.records(&view).map(|records| &records.rulings);
        for ((txn, _), answer) in asked.iter().zip(&mut answers) {
            let ruling = rulings.and_then(|rulings| rulings.get(txn));
            if let Some(refusal) = ruling.and_then(|ruling| ruling.refused.clone()) {
                *answer = Err(refusal);
            }
        }
        Ok(answers)
    }

    /// Commits that the run builds on and that were made elsewhere.
    fn bring(&mut self) -> Result<()> {
        let view = self.load()?;
        let Some(records) = self.shared.records(&view) else {
            return Ok(());
        };
        let wanted = self.wanted(&view, records)?;
        if let Some(link) = self.link.as_ref().filter(|_| !wanted.is_empty()) {
            let durability = self.shared.setup.settings.durability;
            match link.remote.fetch_refs(&wanted, durability) {
                // Without them nothing is lost: they are wanted again the next time.
                Ok(()) | Err(Trouble::Offline(_) | Trouble::Unknown(_)) => {}
                // Cut off, or not pushed yet by a host that takes one ref after the other.
                Err(Trouble::Failed(error)) if error.code() == "remote-ref" => {}
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        self.follow(records)
    }

    fn wanted(&self, view: &View, records: &FeatureView) -> Result<Vec<(RefName, RefName)>> {
        let setup = &self.shared.setup;
        let names = Names::beside(&setup.settings.remote_ref);
        let (objects, feature) = (setup.repo.objects(), self.shared.feature());
        let remote = setup.settings.remote.as_deref().unwrap_or("");
        let beside = |word: &str| {
            let name = format!("refs/wp/remotes/{remote}/{word}/{}", feature.slug());
            RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` is no ref name")))
        };
        let mut wanted = Vec::new();
        let reached = records.reached().unwrap_or(&setup.started.base);
        if !objects.exists(reached)? {
            wanted.push((names.integration(feature)?, beside("integration")?));
        }
        if self.integrator(view) != IntegratorSeen::Mine {
            return Ok(wanted);
        }
        if let Some(land) = records.open_land()
            && !objects.exists(&land.new)?
        {
            wanted.push((names.next(feature)?, beside("next")?));
        }
        for (package, known) in &records.packages {
            let Some(attempt) = known.live().and_then(|g| known.attempts.get(&g.attempt)) else {
                continue;
            };
            if is_missing(attempt, |head| objects.exists(head))? {
                let id = &attempt.attempt.attempt;
                let ours = format!("refs/wp/heads/{}/{}/{id}", feature.slug(), package.slug());
                let ours = RefName::parse(&ours)
                    .ok_or_else(|| Error::bug(format!("`{ours}` is no ref name")))?;
                wanted.push((names.head(feature, package, id)?, ours));
            }
        }
        Ok(wanted)
    }

    /// The integration ref of this clone goes where others have brought the feature.
    fn follow(&self, records: &FeatureView) -> Result<()> {
        let setup = &self.shared.setup;
        let reached = records.reached().unwrap_or(&setup.started.base);
        if !setup.repo.objects().exists(reached)? {
            return Ok(());
        }
        let (refs, name) = (setup.repo.refs(), &setup.started.integration);
        let here = refs.read(name)?;
        let behind = match &here {
            None => true,
            Some(here) if here == reached => false,
            Some(here) => setup.repo.is_ancestor(here, reached)?,
        };
        if !behind {
            return Ok(());
        }
        let (expected, durability) = (Expected::same_as(here.as_ref()), setup.settings.durability);
        match refs.swap(name, Some(reached), &expected, "wp: sync", durability) {
            Ok(()) | Err(SwapError::Moved { .. }) => Ok(()),
            Err(error) => Err(error.into_error(name)),
        }
    }
}

/// True if an attempt has a head and that is not here.
pub(super) fn is_missing(
    attempt: &AttemptView,
    exists: impl Fn(&Oid) -> Result<bool>,
) -> Result<bool> {
    match &attempt.result {
        Some(result) => Ok(!exists(&result.head)?),
        None => Ok(false),
    }
}
