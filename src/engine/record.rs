//! Outcomes become changes of state, and the events that tell of them.

use crate::base::{Error, FeatureId, Oid, Timestamp, text};
use crate::engine::effect::{Outcome, Rejection};
use crate::engine::event::{Event, EventKind};
use crate::engine::world::{Change, Clash};
use crate::model::qa::QaRound;
use crate::model::{
    AttemptResult, Deviation, EndReason, GateVerdict, ReviewOutcome, Reviewed, StepEvidence,
    StepState,
};
use crate::qa::{self, Verdict};
use crate::schedule::{Holding, Work};
use crate::state::Op;
use crate::state::asked::Said;
use crate::state::record::{By, EvidenceFact, FinalCheck, Judgement, Land, Salvage};
use crate::state::request::AttemptFact;

/// A change, and what to tell once it is on record.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) change: Change,
    pub(super) events: Vec<Event>,
}

/// Who records, for what.
#[derive(Debug, Clone)]
pub(super) struct Scribe {
    pub(super) feature: FeatureId,
    pub(super) by: By,
}

impl Scribe {
    fn at(&self) -> Timestamp {
        self.by.at
    }

    pub(super) fn event(&self, kind: EventKind) -> Event {
        kind.of(&self.feature, self.at())
    }

    fn note(&self, holding: &Holding, fact: AttemptFact, needs: Vec<Oid>) -> Entry {
        let op = Op::Note {
            feature: self.feature.clone(),
            package: holding.package.clone(),
            attempt: holding.attempt.clone(),
            fact,
        };
        Entry {
            change: Change { op, needs },
            events: Vec::new(),
        }
    }

    /// The end of an attempt.
    pub(super) fn end(&self, holding: &Holding, reason: EndReason, note: &str) -> Entry {
        let op = Op::End {
            feature: self.feature.clone(),
            package: holding.package.clone(),
            attempt: holding.attempt.clone(),
            epoch: holding.epoch,
            reason,
            note: note.to_owned(),
        };
        let event = self.event(EventKind::AttemptEnded).holding(holding);
        Entry {
            change: Change {
                op,
                needs: Vec::new(),
            },
            events: vec![event.word(reason.as_str()).text(note)],
        }
    }

    /// What an outcome puts on record. Empty: nothing.
    pub(super) fn outcome(&self, outcome: Outcome) -> Vec<Entry> {
        match outcome {
            Outcome::Ran {
                holding,
                result,
                deviations,
            } => {
                let mut out = vec![self.result(&holding, result)];
                out.extend(self.deviations(&holding, deviations));
                out
            }
            Outcome::Recovered {
                holding,
                salvage,
                note,
            } => {
                let mut out = self.salvage(&holding, salvage);
                out.push(self.end(&holding, EndReason::Lost, &note));
                out
            }
            Outcome::Gated {
                holding,
                verdict,
                deviations,
            } => {
                let mut out = vec![self.gate(&holding, verdict)];
                out.extend(self.deviations(&holding, deviations));
                out
            }
            Outcome::Verified {
                holding,
                evidence,
                deviations,
            } => {
                let mut out = vec![self.evidence(&holding, evidence)];
                out.extend(self.deviations(&holding, deviations));
                out
            }
            Outcome::Reviewed { reviews } => self.reviews(reviews),
            Outcome::Merged {
                land,
                evidence,
                rejected,
            } => self.merged(land.map(|l| *l), evidence, rejected),
            Outcome::Looked(round) => vec![self.qa(round)],
            Outcome::FinalChecked {
                commit,
                tree,
                steps,
            } => vec![self.final_check(commit, tree, steps)],
            Outcome::Tidied { holding, salvage } => self.salvage(&holding, salvage),
            Outcome::Swapped | Outcome::Advanced { .. } | Outcome::Interrupted => Vec::new(),
        }
    }

    /// What a broken effect puts on record: an attempt that the machine could not serve is lost,
    /// which uses up no retry.
    pub(super) fn broken(&self, holding: &Holding, error: &Error) -> Entry {
        let causes = error.causes();
        let note = match causes.is_empty() {
            true => error.message().to_owned(),
            false => format!("{}: {}", error.message(), causes.join(": ")),
        };
        self.end(holding, EndReason::Lost, &note)
    }

    fn result(&self, holding: &Holding, result: Box<AttemptResult>) -> Entry {
        let event = self.event(EventKind::AttemptFinished).holding(holding);
        let event = event.word(result.outcome.as_str()).text(&result.reason);
        let event = event.commit(&result.head);
        let needs = vec![result.head.clone()];
        self.note(holding, AttemptFact::Result(result), needs)
            .telling(event)
    }

    fn gate(&self, holding: &Holding, verdict: GateVerdict) -> Entry {
        let event = self.event(EventKind::Gate).holding(holding);
        let word = if verdict.passed { "passed" } else { "refused" };
        let first = verdict.violations.first();
        let text = first.map(|v| v.detail.clone()).unwrap_or_default();
        self.note(holding, AttemptFact::Gate(verdict), Vec::new())
            .telling(event.word(word).text(text))
    }

    fn deviations(&self, holding: &Holding, deviations: Vec<Deviation>) -> Vec<Entry> {
        let notes = deviations.into_iter().map(|deviation| {
            let event = self.event(EventKind::Warning).holding(holding);
            let event = event.word(&deviation.kind).text(&deviation.detail);
            self.note(holding, AttemptFact::Deviation(deviation), Vec::new())
                .telling(event)
        });
        notes.collect()
    }

    /// On record with both packages, as far as they are of this run; told once.
    pub(super) fn rehearsed(&self, clash: &Clash) -> Vec<Entry> {
        let paths: Vec<String> = clash.paths.iter().map(|path| format!("`{path}`")).collect();
        let place = match paths.is_empty() {
            true => String::new(),
            false => format!(" in {}", paths.join(", ")),
        };
        let mut out = Vec::new();
        for (side, other) in [(&clash.one, &clash.other), (&clash.other, &clash.one)] {
            let Some(package) = &side.package else {
                continue;
            };
            let detail = format!("would conflict with `{}`{place}", other.name);
            let deviation = Deviation {
                kind: Deviation::REHEARSAL.to_owned(),
                detail: detail.clone(),
                paths: clash.paths.clone(),
                at: self.at(),
            };
            let holding = Holding {
                package: package.clone(),
                attempt: side.attempt.clone(),
                epoch: 0,
            };
            let entry = self.note(&holding, AttemptFact::Deviation(deviation), Vec::new());
            out.push(match out.is_empty() {
                true => {
                    let event = self.event(EventKind::Rehearsal).holding(&holding);
                    entry.telling(event.text(detail))
                }
                false => entry,
            });
        }
        out
    }

    fn salvage(&self, holding: &Holding, salvage: Option<Salvage>) -> Vec<Entry> {
        let notes = salvage.into_iter().map(|salvage| {
            let event = self.event(EventKind::Salvaged).holding(holding);
            let event = event.commit(&salvage.commit).text(salvage.kept_by.as_str());
            let needs = vec![salvage.commit.clone()];
            self.note(holding, AttemptFact::Salvage(salvage), needs)
                .telling(event)
        });
        notes.collect()
    }

    fn evidence(&self, holding: &Holding, fact: EvidenceFact) -> Entry {
        let event = self.event(EventKind::Verified).holding(holding);
        let word = if fact.evidence.is_green() {
            "passed"
        } else {
            "failed"
        };
        let first = fact.evidence.first_failure();
        let text = first.map(|s| s.name.clone()).unwrap_or_default();
        self.note(holding, AttemptFact::Evidence(fact), Vec::new())
            .telling(event.word(word).text(text))
    }

    fn reviews(&self, reviews: Vec<Reviewed>) -> Vec<Entry> {
        reviews
            .into_iter()
            .map(|review| self.review(review))
            .collect()
    }

    fn review(&self, review: Reviewed) -> Entry {
        let mut event = self.event(EventKind::Reviewed).commit(&review.commit);
        if let Some(package) = &review.package {
            event = event.package(package);
        }
        let (word, text) = match &review.outcome {
            ReviewOutcome::Findings(found) => {
                let number = text::count(found.findings.len(), "finding");
                ("answered", format!("{}: {number}", review.reviewer))
            }
            ReviewOutcome::Failed { reason, detail } => {
                (reason.as_str(), format!("{}: {detail}", review.reviewer))
            }
        };
        let event = event.word(word).text(text);
        let needs = vec![review.commit.clone()];
        let what = Judgement::Review(Box::new(review));
        let feature = self.feature.clone();
        let op = Op::Say(Box::new(Said::Judge { feature, what }));
        Entry {
            change: Change { op, needs },
            events: vec![event],
        }
    }

    /// Evidence and ends first: the landing is refused if one of its attempts ended.
    fn merged(
        &self,
        land: Option<Land>,
        evidence: Vec<(Holding, EvidenceFact)>,
        rejected: Vec<Rejection>,
    ) -> Vec<Entry> {
        let mut out = Vec::new();
        for (holding, fact) in evidence {
            out.push(self.evidence(&holding, fact));
        }
        for rejection in rejected {
            out.extend(self.deviations(&rejection.holding, Vec::from_iter(rejection.deviation)));
            out.push(self.end(&rejection.holding, EndReason::Failed, &rejection.note));
        }
        if let Some(land) = land {
            let event = self.event(EventKind::Landing).commit(&land.new);
            let needs = vec![land.new.clone()];
            let op = Op::Land {
                feature: self.feature.clone(),
                land,
            };
            out.push(Entry {
                change: Change { op, needs },
                events: vec![event],
            });
        }
        out
    }

    fn qa(&self, round: Box<QaRound>) -> Entry {
        let verdict = qa::round::verdict(&round);
        let event = self.event(EventKind::QaRound).commit(&round.commit);
        let found = match verdict {
            Verdict::Pass => Vec::new(),
            Verdict::Fail => qa::round::failures(&round),
            Verdict::Void => qa::round::voids(&round),
        };
        let first = found.first().and_then(|line| line.lines().next());
        let text = match first {
            Some(first) => format!("round {}: {first}", round.number),
            None => format!("round {}", round.number),
        };
        let said = Said::Judge {
            feature: self.feature.clone(),
            what: Judgement::Qa(round),
        };
        Entry {
            change: Change {
                op: Op::Say(Box::new(said)),
                needs: Vec::new(),
            },
            events: vec![event.word(verdict.as_str()).text(text)],
        }
    }

    fn final_check(&self, commit: Oid, tree: Oid, steps: Vec<StepEvidence>) -> Entry {
        let check = FinalCheck {
            passed: steps.iter().all(|step| step.state.is_green()),
            commit,
            tree,
            steps,
            by: self.by.clone(),
        };
        let event = self.event(EventKind::FinalCheck).commit(&check.commit);
        let word = if check.passed { "passed" } else { "failed" };
        let red = check.steps.iter().find(|s| s.state == StepState::Failed);
        let text = match (check.steps.is_empty(), red) {
            (true, _) => "no final verification is configured".to_owned(),
            (false, Some(step)) => format!("step `{}` failed", step.name),
            (false, None) => String::new(),
        };
        let op = Op::FinalCheck {
            feature: self.feature.clone(),
            check,
        };
        Entry {
            change: Change {
                op,
                needs: Vec::new(),
            },
            events: vec![event.word(word).text(text)],
        }
    }
}

impl Entry {
    fn telling(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }
}

/// True if a run cannot go on after this effect broke.
pub(super) fn is_fatal(work: &Work) -> bool {
    match work {
        Work::Merge | Work::Swap | Work::Final => true,
        Work::Qa
        | Work::Run(_)
        | Work::Recover(_)
        | Work::Gate(_)
        | Work::Verify(_)
        | Work::Tidy(_)
        | Work::Review(_)
        | Work::Advance => false,
    }
}
