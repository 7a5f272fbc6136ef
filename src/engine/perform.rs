//! From decisions to changes and effects: intents first, in one transaction.

use crate::base::{AttemptId, Error, PackageId, RefName, Result, TxnId};
use crate::engine::effect::{Effect, Subject};
use crate::engine::event::EventKind;
use crate::engine::record::Entry;
use crate::engine::run::Engine;
use crate::engine::world::{Change, World};
use crate::model::Mode;
use crate::schedule::{Beginning, Decision, Holding, gates, qa};
use crate::state::record::{Answer, Attempt};
use crate::state::request::Claim;
use crate::state::{FeatureView, Op, Refusal};

impl Engine<'_> {
    /// Carries decisions out; true if the state or what this process holds has changed by that,
    /// so that it pays to decide again at once.
    pub(super) fn perform(
        &mut self,
        world: &mut dyn World,
        decisions: Vec<Decision>,
    ) -> Result<bool> {
        let mut plan = Doings::default();
        for decision in decisions {
            self.sort(world, decision, &mut plan)?;
        }
        let changed = self.submit(world, plan.entries)?;
        let started = self.start(world, plan.claims)?;
        for effect in plan.effects {
            self.begin(world, effect)?;
        }
        Ok(plan.adopted || changed || started)
    }

    fn sort(&mut self, world: &mut dyn World, decision: Decision, plan: &mut Doings) -> Result<()> {
        match decision {
            Decision::Integrate { steal } => plan.entries.push(self.integrate(world, steal)),
            Decision::Landed { n } => plan.entries.push(self.landed(world, n)),
            Decision::VoidLand { n, note } => plan.entries.push(self.void(world, n, note)),
            Decision::End {
                holding,
                reason,
                note,
            } => plan
                .entries
                .push(self.scribe(world).end(&holding, reason, &note)),
            Decision::Adopt(holding) => {
                if world.guard(&holding.attempt)? {
                    let event = self.scribe(world).event(EventKind::AttemptAdopted);
                    self.tell(event.holding(&holding));
                    plan.adopted = true;
                }
            }
            Decision::Start {
                package,
                number,
                agent,
                beginning,
            } => {
                let claim = self.claim(world, &package, (number, agent), beginning)?;
                plan.claims.extend(claim);
            }
            Decision::Swap(land) => plan.effects.push(Effect::Swap(land)),
            Decision::Recover(holding) => plan.effects.push(Effect::Recover(self.subject(holding))),
            Decision::Gate(holding) => plan.effects.push(Effect::Gate(self.subject(holding))),
            Decision::Verify(holding) => plan.effects.push(Effect::Verify(self.subject(holding))),
            Decision::Answer {
                package,
                attempt,
                passed,
                note,
            } => plan
                .entries
                .push(self.answer(world, (package, &attempt), (passed, note))?),
            Decision::Review(due) => plan.effects.push(Effect::Review(due)),
            Decision::Merge { holdings, onto } => plan.effects.push(self.merge(holdings, onto)),
            Decision::Tidy { package, attempt } => {
                plan.effects.push(Effect::Tidy(self.subject(Holding {
                    package,
                    attempt,
                    epoch: 0,
                })));
            }
            Decision::Advance { to } => plan.effects.push(Effect::Advance(to)),
            Decision::Qa { commit, round } => plan.effects.push(self.qa(commit, round)),
            Decision::AskQa { round } => plan.entries.push(self.ask_qa(world, round)),
            Decision::FinalVerify { commit } => plan.effects.push(Effect::Final(commit)),
            Decision::Wait { .. } | Decision::Finish { .. } => {}
        }
        Ok(())
    }

    /// Submits entries and tells of those that were accepted; true if any was.
    ///
    /// A refusal is no failure: somebody else was faster, and the next look shows it.
    pub(super) fn submit(&mut self, world: &mut dyn World, entries: Vec<Entry>) -> Result<bool> {
        if entries.is_empty() {
            return Ok(false);
        }
        let (changes, events): (Vec<_>, Vec<_>) =
            entries.into_iter().map(|e| (e.change, e.events)).unzip();
        let answers = world.submit(changes)?;
        let mut accepted = false;
        for (answer, events) in answers.into_iter().zip(events) {
            if answer.is_ok() {
                accepted = true;
                for event in events {
                    self.tell(event);
                }
            }
        }
        Ok(accepted)
    }

    fn landed(&self, world: &dyn World, n: u32) -> Entry {
        let scribe = self.scribe(world);
        let records = self.view.features.get(&self.job.feature);
        let land = records.and_then(|r| r.lands.get(&n)).map(|l| &l.land);
        let landings = land.into_iter().flat_map(|l| &l.attempts);
        let events = landings.map(|landing| {
            let holding = Holding {
                package: landing.package.clone(),
                attempt: landing.attempt.clone(),
                epoch: landing.epoch,
            };
            let event = scribe.event(EventKind::Landed).holding(&holding);
            event.commit(&landing.merge)
        });
        let feature = self.job.feature.clone();
        Entry {
            change: change(Op::Landed { feature, n }),
            events: events.collect(),
        }
    }

    fn integrate(&self, world: &dyn World, steal: Option<u32>) -> Entry {
        let event = self.scribe(world).event(EventKind::Integrating);
        let feature = self.job.feature.clone();
        Entry {
            change: change(Op::Integrate { feature, steal }),
            events: vec![event],
        }
    }

    /// What reviewers answer to a gate, once per attempt.
    fn answer(
        &self,
        world: &dyn World,
        (package, attempt): (PackageId, &AttemptId),
        (passed, note): (bool, String),
    ) -> Result<Entry> {
        let id = format!("{attempt}-verdict");
        let id = TxnId::parse(&id).ok_or_else(|| Error::bug(format!("`{id}` is no id")))?;
        let event = self.scribe(world).event(EventKind::Reviewed);
        let word = if passed { "passed" } else { "refused" };
        let event = event.package(&package).word(word).text(&note);
        let feature = self.job.feature.clone();
        let answer = Answer {
            id,
            step: gates::VERDICT.to_owned(),
            passed,
            url: None,
            note: Some(note),
            by: world.by(),
        };
        let op = Op::Answer {
            feature,
            package,
            answer,
        };
        Ok(Entry {
            change: change(op),
            events: vec![event],
        })
    }

    fn void(&self, world: &dyn World, n: u32, note: String) -> Entry {
        let event = self.scribe(world).event(EventKind::LandVoid).text(&note);
        let feature = self.job.feature.clone();
        Entry {
            change: change(Op::VoidLand { feature, n, note }),
            events: vec![event],
        }
    }

    /// Takes the supervisor lock of a new attempt, then prepares its claim: whoever sees the
    /// grant finds the lock held.
    fn claim(
        &mut self,
        world: &mut dyn World,
        package: &PackageId,
        (number, agent): (u32, String),
        beginning: Beginning,
    ) -> Result<Option<Claiming>> {
        let item = self.agenda().get(package);
        let (Some(item), Some(tip)) = (item, self.observed.tip.clone()) else {
            return Ok(None);
        };
        let mode = beginning.mode;
        let (continues, base) = match beginning.with {
            Some(earlier) => (Some(earlier.attempt), earlier.base),
            None => (None, tip),
        };
        let (locks, after, definition) = (
            item.locks.clone(),
            item.after.clone(),
            item.definition.clone(),
        );
        let attempt = world.mint()?;
        if !world.guard(&attempt)? {
            return Ok(None);
        }
        let needs = vec![base.clone()];
        let claim = Claim {
            attempt: Attempt {
                branch: self.branch(package, &attempt)?,
                attempt: attempt.clone(),
                feature: self.job.feature.clone(),
                package: package.clone(),
                number,
                plan: self.job.started.plan.clone(),
                definition,
                base,
                agent: agent.clone(),
                session: None,
                continues,
                mode,
                sprout: self.agenda().sprout(package).map(str::to_owned),
                run: Some(self.job.options.run.clone()),
                by: world.by(),
            },
            locks,
            after,
            lease_seconds: None,
            steal: None,
        };
        let op = Op::Claim(Box::new(claim));
        Ok(Some(Claiming {
            package: package.clone(),
            attempt,
            agent,
            mode,
            change: Change { op, needs },
        }))
    }

    fn branch(&self, package: &PackageId, attempt: &AttemptId) -> Result<RefName> {
        let (feature, package) = (self.job.feature.slug(), package.slug());
        let name = format!("refs/heads/wp/{feature}/{package}/{attempt}");
        RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` is no ref name")))
    }

    /// Submits claims and begins the attempts that were granted; true if anything was answered.
    fn start(&mut self, world: &mut dyn World, claims: Vec<Claiming>) -> Result<bool> {
        if claims.is_empty() {
            return Ok(false);
        }
        let changes = claims.iter().map(|c| c.change.clone()).collect();
        let answers = world.submit(changes)?;
        self.look(world)?;
        for (claiming, answer) in claims.into_iter().zip(answers) {
            match answer {
                Ok(()) => self.begin_attempt(world, &claiming)?,
                Err(refusal) => self.refused(world, claiming, &refusal),
            }
        }
        Ok(true)
    }

    fn begin_attempt(&mut self, world: &mut dyn World, claiming: &Claiming) -> Result<()> {
        let records = self.view.features.get(&self.job.feature);
        let package = records.and_then(|r| r.packages.get(&claiming.package));
        let grant = package.and_then(|p| p.live());
        // Cancelled between the grant and now: nothing began, nothing is lost.
        let Some(grant) = grant.filter(|g| g.attempt == claiming.attempt) else {
            return Ok(());
        };
        let holding = Holding {
            package: claiming.package.clone(),
            attempt: claiming.attempt.clone(),
            epoch: grant.epoch,
        };
        let event = self.scribe(world).event(EventKind::AttemptStarted);
        let event = match claiming.mode {
            Mode::Implement => event,
            Mode::Debug => event.word(claiming.mode.as_str()),
        };
        self.tell(event.holding(&holding).text(claiming.agent.as_str()));
        let subject = self.subject(holding);
        self.begin(world, Effect::Run(subject))
    }

    fn refused(&mut self, world: &mut dyn World, claiming: Claiming, refusal: &Refusal) {
        world.release(&claiming.attempt);
        let refused = &mut self.observed.refused;
        refused.insert(claiming.package, refusal.to_string());
    }

    fn merge(&mut self, holdings: Vec<Holding>, onto: crate::base::Oid) -> Effect {
        let records = self.view.features.get(&self.job.feature);
        let last = records.and_then(|r| r.lands.last_key_value());
        let n = last.map_or(0, |(n, _)| *n) + 1;
        let merging = holdings.iter().map(|h| h.attempt.clone());
        self.observed.merging = merging.collect();
        let subjects = holdings.into_iter().map(|h| *self.subject(h)).collect();
        Effect::Merge { n, onto, subjects }
    }

    fn qa(&self, commit: crate::base::Oid, round: u32) -> Effect {
        let records = self.view.features.get(&self.job.feature);
        let merged = records.map_or(0, qa::merged);
        Effect::Qa {
            commit,
            round,
            merged,
        }
    }

    fn ask_qa(&self, world: &dyn World, round: u32) -> Entry {
        let none = FeatureView::default();
        let records = self.view.features.get(&self.job.feature);
        let op = qa::ask(
            &self.job.feature,
            records.unwrap_or(&none),
            (round, world.by()),
        );
        let event = self.scribe(world).event(EventKind::Asked);
        let text = format!("QA round {round} was the last: a person has to decide");
        Entry {
            change: change(op),
            events: vec![event.text(text)],
        }
    }

    fn subject(&self, holding: Holding) -> Box<Subject> {
        let records = self.view.features.get(&self.job.feature);
        let package = records.and_then(|r| r.packages.get(&holding.package));
        let view = package.and_then(|p| p.attempts.get(&holding.attempt));
        let view = view.cloned();
        Box::new(Subject { holding, view })
    }

    fn begin(&mut self, world: &mut dyn World, effect: Effect) -> Result<()> {
        let holding = match &effect {
            Effect::Run(s)
            | Effect::Recover(s)
            | Effect::Gate(s)
            | Effect::Verify(s)
            | Effect::Tidy(s) => Some(s.holding.clone()),
            Effect::Review(_)
            | Effect::Qa { .. }
            | Effect::Merge { .. }
            | Effect::Swap(_)
            | Effect::Advance(_)
            | Effect::Final(_) => None,
        };
        self.flights.insert(effect.work(), holding);
        world.begin(effect)
    }
}

#[derive(Default)]
struct Doings {
    entries: Vec<Entry>,
    claims: Vec<Claiming>,
    effects: Vec<Effect>,
    adopted: bool,
}

struct Claiming {
    package: PackageId,
    attempt: AttemptId,
    agent: String,
    mode: Mode,
    change: Change,
}

pub(super) fn change(op: Op) -> Change {
    Change {
        op,
        needs: Vec::new(),
    }
}
