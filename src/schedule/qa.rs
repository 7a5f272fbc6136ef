//! The QA loop over the records: how it stands, what it wants repaired, what it asks.

use crate::base::{FeatureId, PackageId};
use crate::model::escalation::{EscalationKind, EscalationSeverity};
use crate::model::qa::QaRound;
use crate::qa::standing::{self, Answer, ROUNDS_MAX, Standing};
use crate::qa::{question, refine};
use crate::schedule::input::{Input, Qa};
use crate::schedule::sprout::{Root, Sprout};
use crate::state::questions::{self, Asking};
use crate::state::record::{By, Offer};
use crate::state::{FeatureView, Op};

/// How the loop stands; `None` if nobody wants it.
pub fn of(input: &Input<'_>) -> Option<Standing> {
    match input.options.qa {
        Qa::Off => None,
        Qa::On => Some(standing_of(input.feature, input.records())),
    }
}

/// How the loop stands for whoever began it.
pub fn standing_of(feature: &FeatureId, records: &FeatureView) -> Standing {
    let rounds: Vec<&QaRound> = records.qa_rounds().collect();
    standing::standing(&rounds, merged(records), &answers(feature, records))
}

/// True if the last run wanted rounds, or one was made.
pub fn is_wanted(records: &FeatureView) -> bool {
    let options = records.last_run().map(|run| &run.started.options);
    let asked = options.and_then(|options| options.get(OPTION)?.as_bool());
    asked == Some(true) || records.qa_rounds().next().is_some()
}

/// The option of a run that says so.
pub const OPTION: &str = "qa";

/// Packages that are merged.
pub fn merged(records: &FeatureView) -> u32 {
    let accepted = records.packages.values().filter(|p| p.accept.is_some());
    u32::try_from(accepted.count()).unwrap_or(u32::MAX)
}

/// What people answered, oldest question first.
fn answers(feature: &FeatureId, records: &FeatureView) -> Vec<Answer> {
    let last = records.qa_rounds().map(|round| round.number).max();
    let asked = ROUNDS_MAX..=last.unwrap_or(0);
    let said = asked.filter_map(|n| questions::answer(records, &question::id(feature, n)));
    said.filter_map(|said| question::parse(&said.choice))
        .collect()
}

/// Packages that repair what rounds found, one after the other.
pub(super) fn sprouts(records: &FeatureView) -> Vec<Sprout> {
    let Some(feature) = records.opens.first().map(|open| &open.feature) else {
        return Vec::new();
    };
    let rounds: Vec<&QaRound> = records.qa_rounds().collect();
    let mut sprouts: Vec<Sprout> = Vec::new();
    for round in standing::refined(&rounds, &answers(feature, records)) {
        let Some(id) = PackageId::parse(&format!("wp-refine-{}", round.number)) else {
            continue;
        };
        sprouts.push(Sprout {
            id,
            root: Root::Whole,
            after: sprouts.iter().map(|sprout| sprout.id.clone()).collect(),
            before: Vec::new(),
            kind: "refine",
            title: format!("Repair what QA round {} found", round.number),
            task: refine::task(round),
        });
    }
    sprouts
}

/// The question once no round passed, with everything collected.
pub fn ask(feature: &FeatureId, records: &FeatureView, (round, by): (u32, By)) -> Op {
    let rounds: Vec<&QaRound> = records.qa_rounds().collect();
    let offer = |(word, does): (&str, &str)| Offer {
        word: word.to_owned(),
        does: does.to_owned(),
    };
    questions::ask(Asking {
        id: question::id(feature, round),
        feature: feature.clone(),
        package: None,
        kind: EscalationKind::VerificationInfeasible,
        severity: EscalationSeverity::Blocking,
        summary: question::summary(&rounds),
        details: Some(question::details(&rounds)),
        offers: question::OFFERS.map(offer).to_vec(),
        by,
    })
}

/// True if the question of this round is on record.
pub fn is_asked(feature: &FeatureId, records: &FeatureView, round: u32) -> bool {
    questions::find(records, &question::id(feature, round)).is_some()
}
