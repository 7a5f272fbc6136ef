//! The first and the last thing a run does.

use crate::base::{Oid, Result};
use crate::engine::event::EventKind;
use crate::engine::perform::change;
use crate::engine::report::RunReport;
use crate::engine::run::Engine;
use crate::engine::world::{Change, World};
use crate::model::RunResult;
use crate::schedule::status::standing_of;
use crate::schedule::{Decision, Duties, IntegratorSeen, Stop, Why};
use crate::state::record::RunEnded;
use crate::state::{FeatureView, Op};

impl Engine<'_> {
    /// Opens the run, or finds it open. A feature for which nothing is left to do gets no run:
    /// asking again for what is there writes nothing. A worker opens none.
    ///
    /// # Errors
    /// The store or the machine failed.
    pub fn open(&mut self, world: &mut dyn World) -> Result<()> {
        self.look(world)?;
        let started = &self.job.started;
        if self.job.options.duties == Duties::Work {
            let event = self.scribe(world).event(EventKind::WorkStarted);
            self.tell(event.word(self.job.options.run.as_str()));
            return Ok(());
        }
        let known = self.records().runs.contains_key(&started.run);
        if !known {
            if self.observed.tip.is_some() && self.is_idle(world) {
                return Ok(());
            }
            let op = Op::StartRun {
                feature: self.job.feature.clone(),
                run: started.clone(),
            };
            let needs = vec![started.base.clone()];
            let answers = world.submit(vec![Change { op, needs }])?;
            for answer in answers {
                answer?;
            }
        }
        let at = self.reached();
        world.prepare(&self.job.started, &at)?;
        let kind = match known {
            true => EventKind::RunResumed,
            false => EventKind::RunStarted,
        };
        let event = self.scribe(world).event(kind);
        self.tell(event.commit(&at).word(self.job.options.run.as_str()));
        Ok(())
    }

    /// True if a run would have nothing to do.
    fn is_idle(&mut self, world: &dyn World) -> bool {
        // Nobody has asked for the right to merge yet, so that is no obstacle.
        let seen = std::mem::take(&mut self.observed.integrator);
        let decisions = self.decide(world);
        self.observed.integrator = seen;
        let waits = self.job.options.duties == Duties::Integrate;
        decisions.iter().all(|decision| match decision {
            Decision::Wait { why, .. } => {
                !(waits && matches!(why, Why::ForWorkers | Why::Held { .. }))
            }
            Decision::Finish { .. } | Decision::Advance { .. } => true,
            _ => false,
        })
    }

    /// Where the integration ref must be if it is missing: at the last landing, else the base.
    fn reached(&self) -> Oid {
        let last = self.records().reached();
        last.unwrap_or(&self.job.started.base).clone()
    }

    /// Ends the run: on the ref if it has one and this process may, and as a report.
    pub(super) fn close(&mut self, world: &mut dyn World, result: RunResult) -> Result<RunReport> {
        let report = self.report(world, result);
        let records = self.records().clone();
        let run = records.runs.get(&self.job.options.run);
        let ends = self.input(world).may_integrate();
        if ends && run.is_some_and(|run| run.ended.is_none()) {
            let (summary, text) = world.summarise(&records, &report)?;
            let end = RunEnded {
                run: self.job.options.run.clone(),
                result: result.as_str().to_owned(),
                head: report.head.clone(),
                summary,
                text: text.clone(),
                by: world.by(),
            };
            let op = Op::EndRun {
                feature: self.job.feature.clone(),
                end,
            };
            let mut ending = change(op);
            ending.needs = vec![report.head.clone(), text];
            for answer in world.submit(vec![ending])? {
                answer?;
            }
        }
        if self.observed.integrator == IntegratorSeen::Mine {
            let feature = self.job.feature.clone();
            for answer in world.submit(vec![change(Op::Resign { feature })])? {
                answer?;
            }
        }
        let kind = match ends {
            true => EventKind::RunEnded,
            false => EventKind::WorkEnded,
        };
        let event = self.scribe(world).event(kind);
        self.tell(event.commit(&report.head).word(result.as_str()));
        Ok(report)
    }

    fn report(&self, world: &dyn World, result: RunResult) -> RunReport {
        let job = self.job;
        let briefs = self.agenda().briefs();
        let mut waits: Vec<(_, Why)> = self.waits.clone().into_iter().collect();
        waits.sort_by_key(|(id, _)| self.agenda().position(id));
        let head = self.observed.tip.clone();
        RunReport {
            feature: job.feature.clone(),
            result,
            started: job.started.clone(),
            head: head.unwrap_or_else(|| self.reached()),
            standing: standing_of(self.records(), &briefs, Some(&job.options.run)),
            waits,
            branch: self.branch.clone(),
            warnings: self.warnings.clone(),
            interrupted: self.observed.stop != Stop::No,
            seconds: world.by().at.since(job.started.by.at).as_secs(),
        }
    }

    fn records(&self) -> &FeatureView {
        static NONE: std::sync::LazyLock<FeatureView> =
            std::sync::LazyLock::new(FeatureView::default);
        self.view.features.get(&self.job.feature).unwrap_or(&NONE)
    }
}
