//! What a debugger is given: the failure it repairs, as the records have it, and the failed work.

use crate::agent::debug::{Case, Place, Tried, Work};
use crate::base::{AttemptId, Oid, Result};
use crate::engine::difference;
use crate::engine::machine::land::Candidate;
use crate::engine::machine::start::deviation;
use crate::engine::machine::worker::Worker;
use crate::git::Repo;
use crate::integrate::{MergeOutcome, Shadow};
use crate::model::{Deviation, Mode, Package};
use crate::schedule::begin::{self, Red};
use crate::state::FeatureView;
use crate::state::record::Attempt;
use crate::state::view::{AttemptView, PackageView};

/// The failure that an attempt is to repair whose room begins at `start`; `None` unless it is a
/// debugger's.
///
/// # Errors
/// Objects of the failed work cannot be read although they are there.
pub(super) fn case(
    repo: &Repo,
    records: &FeatureView,
    (attempt, start): (&Attempt, &Oid),
) -> Result<Option<Case>> {
    let package = records.packages.get(&attempt.package);
    let Some(package) = package.filter(|_| attempt.mode == Mode::Debug) else {
        return Ok(None);
    };
    let before = |other: &AttemptView| {
        other.attempt.run == attempt.run && other.attempt.number < attempt.number
    };
    let Some((failed, red)) = begin::to_repair(package, before) else {
        return Ok(None);
    };
    Ok(Some(Case {
        number: failed.attempt.number,
        place: match red {
            Red::Alone => Place::Alone,
            Red::Merged => Place::Merged,
        },
        why: failed
            .end
            .as_ref()
            .map(|end| end.note.clone())
            .unwrap_or_default(),
        step: first_red(failed).cloned(),
        diff: difference(repo, failed)?,
        work: match (*start == attempt.base, red) {
            (true, _) => Work::Away,
            (false, Red::Merged) => Work::HereMerged,
            (false, Red::Alone) => Work::Here,
        },
        tried: tried(package, attempt),
    }))
}

/// The attempts of which a [`Case`] tells already.
pub(super) fn told(records: &FeatureView, attempt: &Attempt) -> Vec<AttemptId> {
    let package = records.packages.get(&attempt.package);
    let Some(package) = package.filter(|_| attempt.mode == Mode::Debug) else {
        return Vec::new();
    };
    let ours = |other: &AttemptView| other.attempt.run == attempt.run;
    let debuggers = debuggers(package, attempt);
    let failed = begin::to_repair(package, ours).map(|(failed, _)| failed);
    let all = debuggers.into_iter().chain(failed);
    all.map(|view| view.attempt.attempt.clone()).collect()
}

/// The red step that ended an attempt: on its merged tree if that was looked at.
fn first_red(attempt: &AttemptView) -> Option<&crate::model::StepEvidence> {
    let mut facts = attempt.evidence.iter().rev();
    facts.find_map(|fact| fact.evidence.first_failure())
}

fn debuggers<'a>(package: &'a PackageView, attempt: &Attempt) -> Vec<&'a AttemptView> {
    let mut all = package.in_order();
    all.retain(|view| {
        let earlier = view.attempt.run == attempt.run && view.attempt.number < attempt.number;
        earlier && view.attempt.mode == Mode::Debug && view.end.is_some()
    });
    all
}

fn tried(package: &PackageView, attempt: &Attempt) -> Vec<Tried> {
    let debuggers = debuggers(package, attempt).into_iter();
    let tried = debuggers.map(|view| Tried {
        number: view.attempt.number,
        end: view
            .end
            .as_ref()
            .map(|end| end.note.clone())
            .unwrap_or_default(),
        hypotheses: view
            .result
            .as_ref()
            .and_then(|result| result.hypotheses.clone()),
    });
    tried.collect()
}

/// What an attempt changed, as a unified diff; empty where its work is not in this repository.
fn difference(repo: &Repo, attempt: &AttemptView) -> Result<String> {
    let head = attempt.result.as_ref().map(|result| &result.head);
    match head.filter(|head| repo.objects().exists(head).unwrap_or(false)) {
        Some(head) => difference::between(repo, &attempt.attempt.base, head),
        None => Ok(String::new()),
    }
}

impl Worker {
    /// Where a room begins: at the attempt's base, at the work that it goes on with, or at that
    /// work merged onto the base.
    pub(super) fn start_of(
        &self,
        attempt: &Attempt,
        package: &Package,
        deviations: &mut Vec<Deviation>,
    ) -> Result<Oid> {
        let earlier = self.continued(attempt)?;
        let work = earlier.and_then(|view| Some((view, &view.result.as_ref()?.head)));
        let Some((earlier, head)) = work else {
            return Ok(attempt.base.clone());
        };
        if earlier.attempt.base == attempt.base {
            return Ok(head.clone());
        }
        let repo = &self.shared.setup.repo;
        let shadow = Shadow::open(repo)?;
        let merged = self.merged_onto(&Candidate {
            shadow: &shadow,
            view: earlier,
            package,
            tip: &attempt.base,
            at: attempt.by.at,
        })?;
        if let MergeOutcome::Merged(merged) = merged {
            // A branch is about to name it.
            repo.objects()
                .flush_all(self.shared.setup.settings.durability)?;
            return Ok(merged.commit);
        }
        let detail = format!(
            "the work of attempt {} can no longer be merged, so its repair begins without it",
            earlier.attempt.number
        );
        deviations.push(deviation("begun-afresh", detail, Vec::new()));
        Ok(attempt.base.clone())
    }
}
