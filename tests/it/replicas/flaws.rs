//! Mistakes that are planted in a world, to show that the laws would find them.

use git_wp::base::json;
use git_wp::model::outcome::EndReason;
use git_wp::state::filed::Filed;
use git_wp::state::layout::{
    self, FeatureRoom, FeatureSlot, LockSlot, PackageRoom, PackageSlot, Slot,
};
use git_wp::state::record::{Accept, Body, End, Record};
use git_wp::state::settle::{Filing, Settled};
use git_wp::state::{Op, View};

use super::tree::is_right;

/// A planted mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bug {
    /// Grants are written without the authority.
    SelfConfirm,
    /// What was pushed is adopted before it has won.
    AdoptEarly,
    /// The push does not compare.
    ForcePush,
    /// Who is displaced gets no end.
    NoEnd,
    /// An attempt that does not hold its package is accepted.
    AcceptAny,
    /// A package is given back without the authority.
    LocalRelease,
    /// The rights of a candidate that lost are merged into the next one.
    MergeLost,
    /// Requests that were ruled on are settled again.
    Replay,
    /// A steal takes whatever is live by then.
    StaleEpoch,
}

pub(super) const ALL: [Bug; 9] = [
    Bug::SelfConfirm,
    Bug::AdoptEarly,
    Bug::ForcePush,
    Bug::NoEnd,
    Bug::AcceptAny,
    Bug::LocalRelease,
    Bug::MergeLost,
    Bug::Replay,
    Bug::StaleEpoch,
];

impl Bug {
    /// What a clone writes when it files a request.
    pub(super) fn files(self, filing: &mut Filing) {
        let word = match self {
            Bug::SelfConfirm => "/grant-",
            Bug::LocalRelease => "/end-",
            _ => return,
        };
        let rights = std::mem::take(&mut filing.rights).into_iter();
        let (local, rights) = rights.partition(|record: &Record| record.path.contains(word));
        filing.rights = rights;
        filing.facts.extend(local);
    }

    /// What a sync sees of the joined state.
    pub(super) fn sees(self, view: &mut View) {
        match self {
            Bug::Replay => {
                for (id, feature) in &mut view.features {
                    feature.rulings.clear();
                    if let Some(brief) = view.briefs.get_mut(id) {
                        brief.pending = feature.filed.values().cloned().collect();
                    }
                }
            }
            Bug::StaleEpoch => {
                let ids: Vec<_> = view.features.keys().cloned().collect();
                for id in ids {
                    let mut pending = view.briefs[&id].pending.clone();
                    for filed in &mut pending {
                        steal_whatever_is_live(view, filed);
                    }
                    view.briefs.get_mut(&id).unwrap().pending = pending;
                }
            }
            _ => {}
        }
    }

    /// What it makes of the requests.
    pub(super) fn settles(self, settled: &mut Settled, (view, kept): (&View, &[Record])) {
        match self {
            Bug::NoEnd => settled.rights.retain(|r| !is_displacement(r)),
            Bug::AcceptAny => settled.rights.extend(accept_ended(view)),
            Bug::MergeLost => settled.rights.extend(kept.iter().cloned()),
            _ => {}
        }
    }
}

fn steal_whatever_is_live(view: &View, filed: &mut Filed) {
    let Op::Claim(claim) = &mut filed.request.op else {
        return;
    };
    let feature = &view.features[&claim.attempt.feature];
    let package = feature.packages.get(&claim.attempt.package);
    let live = package.and_then(|p| p.live());
    if let (Some(steal), Some(live)) = (&mut claim.steal, live) {
        steal.epoch = live.epoch;
        filed.displaces = Some(live.attempt.clone());
    }
}

fn is_displacement(record: &Record) -> bool {
    let Body::Json(bytes) = &record.body else {
        return false;
    };
    let end = matches!(
        layout::parse(&record.path),
        Some(Slot::Package(_, _, PackageSlot::End(..)) | Slot::Lock(_, LockSlot::End(..)))
    );
    end && json::from_canonical::<End>(bytes).is_ok_and(|e| e.reason == EndReason::Expired)
}

/// Accepts of packages whose last attempt ended otherwise.
fn accept_ended(view: &View) -> Vec<Record> {
    let authority = &view.authority.as_ref().unwrap().id;
    let mut records = Vec::new();
    for (id, feature) in &view.features {
        for (package, view) in &feature.packages {
            let Some(grant) = view.highest().filter(|_| view.live().is_none()) else {
                continue;
            };
            if view.accept.is_some() {
                continue;
            }
            let accept = Accept {
                epoch: grant.epoch,
                attempt: grant.attempt.clone(),
                head: feature.plans.values().next().unwrap().blob.clone(),
                merge: feature.plans.values().next().unwrap().blob.clone(),
                land: 1,
                by: grant.by.clone(),
            };
            let room = PackageRoom::of(&FeatureRoom::of(id), package);
            records.extend(Record::json(room.accept(authority), &accept));
        }
    }
    records
}

/// The rights among the entries that a candidate had and the authority has not.
pub(super) fn rights_of(
    candidate: &super::tree::Tree,
    authority: &super::tree::Tree,
) -> Vec<Record> {
    let lost = candidate.entries.keys();
    let lost = lost.filter(|path| is_right(path) && !authority.entries.contains_key(*path));
    let ruling = |path: &&std::rc::Rc<str>| {
        matches!(
            layout::parse(path),
            Some(Slot::Feature(_, FeatureSlot::Ruling(..)) | Slot::Lock(_, LockSlot::Ruling(..)))
        )
    };
    let lost = lost.filter(|path| !ruling(path));
    lost.map(|path| candidate.record(path)).collect()
}

impl Bug {
    /// The laws by which it may be noticed first.
    pub(super) fn breaks(self) -> &'static [&'static str] {
        match self {
            Bug::SelfConfirm | Bug::LocalRelease => &["I5"],
            Bug::AdoptEarly => &["I5"],
            Bug::ForcePush => &["I4"],
            Bug::NoEnd => &["I3"],
            Bug::AcceptAny => &["I7"],
            Bug::MergeLost => &["I4", "I2", "I3", "I11", "I25", "rulings"],
            Bug::Replay => &["I4"],
            Bug::StaleEpoch => &["I13"],
        }
    }
}
