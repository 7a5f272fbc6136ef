//! What is shared by all rooms, before and after an agent: compared, noted for the gate, put back.

use std::path::PathBuf;

use crate::base::{AttemptId, Oid, RefName, Result, json};
use crate::engine::machine::shared::Shared;
use crate::engine::machine::start::deviation;
use crate::engine::machine::worker::Worker;
use crate::git::{Conversion, Expected, SwapError};
use crate::integrate::surroundings::How;
use crate::integrate::{Danger, Planted, Surroundings};
use crate::model::Deviation;
use crate::os::file::{self, Access};
use crate::state::FeatureView;
use crate::worktree::{Moved, RefWatch, Room, Sentinel, What};

/// The watch over one agent.
pub(super) struct Watching {
    sentinel: Sentinel,
    surroundings: Surroundings,
    refs: RefWatch,
}

impl Watching {
    pub(super) fn begin(worker: &Worker, room: &Room) -> Result<Self> {
        let repo = &worker.shared.setup.repo;
        let mut sentinel = worker.shared.post.take()?;
        sentinel.watch_room(&room.git_dir())?;
        Ok(Watching {
            sentinel,
            surroundings: Surroundings::read(repo)?,
            refs: RefWatch::begin(repo)?,
        })
    }

    /// Compares, leaves a note for the gate, puts things back; says how far filters of the
    /// configuration can be trusted.
    pub(super) fn end(
        self,
        worker: &Worker,
        room: &Room,
        deviations: &mut Vec<Deviation>,
    ) -> Result<Conversion> {
        let repo = &worker.shared.setup.repo;
        let mut planted = self.surroundings.changes(&Surroundings::read(repo)?);
        planted.extend(self.refs(worker, room, deviations)?);
        if !planted.is_empty() {
            let path = planted_path(worker, room.attempt());
            let bytes = json::line(&planted)?;
            let durability = worker.shared.setup.settings.durability;
            file::replace(&path, bytes.as_bytes(), Access::Private, durability)?;
        }
        let found = self.sentinel.compare()?;
        let kept = self.sentinel.restore(&found)?;
        for tampering in &found {
            deviations.push(deviation("tampering", tampering.describe(), Vec::new()));
        }
        for path in kept {
            let detail = format!("what was found is kept at `{}`", path.display());
            deviations.push(deviation("quarantine", detail, Vec::new()));
        }
        worker.shared.post.dismiss(self.sentinel)?;
        Ok(match found.is_empty() {
            true => Conversion::Attributes,
            false => Conversion::Raw,
        })
    }

    /// Puts back what the agent moved, its commits kept first; what somebody else moved is noted.
    fn refs(
        &self,
        worker: &Worker,
        room: &Room,
        deviations: &mut Vec<Deviation>,
    ) -> Result<Vec<Planted>> {
        let moved = self.refs.moved()?;
        let taken = self.refs.by_agent_of(room, &moved)?;
        let foreign = moved.iter().filter(|moved| !taken.contains(moved));
        for moved in foreign.filter(|moved| !is_ours(worker, moved)) {
            let detail = format!("`{}` was moved while the agent ran", moved.name);
            deviations.push(deviation("ref-moved", detail, Vec::new()));
        }
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        room.salvage()?;
        let back = self.refs.put_back(&taken)?;
        let mut planted = Vec::new();
        for moved in &taken {
            let found = as_planted(moved);
            let what = match back.contains(moved) {
                true => "it is where it was",
                false => "it could not be put back",
            };
            let detail = format!("{found}; {what}");
            deviations.push(deviation("tampering", detail, Vec::new()));
            planted.push(found);
        }
        Ok(planted)
    }
}

/// True for refs that a run moves while agents work.
fn is_ours(worker: &Worker, moved: &Moved) -> bool {
    let ours = worker.shared.setup.started.branch.as_str();
    moved.name == ours || moved.name.starts_with("refs/wp/")
}

fn as_planted(moved: &Moved) -> Planted {
    let how = match &moved.what {
        What::Ref { from: None, .. } => How::Added,
        What::Ref { .. } | What::Head { .. } => How::Changed,
    };
    Planted {
        name: moved.name.clone(),
        how,
        danger: Danger::MovesRef,
    }
}

impl Shared {
    /// The tip of the integration ref. Only landings move it; where it stands elsewhere than the
    /// last one left it, it is put back, so that nothing grows on what no gate has seen.
    pub(super) fn tip(&self, records: Option<&FeatureView>) -> Result<Option<Oid>> {
        let started = &self.setup.started;
        let (refs, name) = (self.setup.repo.refs(), &started.integration);
        let tip = refs.read(name)?;
        let Some((records, found)) = records.zip(tip.as_ref()) else {
            return Ok(tip);
        };
        let expected = records.reached().unwrap_or(&started.base);
        if found == expected || records.open_land().is_some() {
            return Ok(tip);
        }
        let durability = self.setup.settings.durability;
        let kept = format!("refs/wp/salvage/{}/tip/{found}", self.feature().slug());
        if let Some(kept) = RefName::parse(&kept) {
            // It may be kept already.
            let _ = refs.swap(&kept, Some(found), &Expected::Absent, "moved", durability);
        }
        let held = Expected::Is(found.clone());
        match refs.swap(name, Some(expected), &held, "wp: put back", durability) {
            Ok(()) => Ok(Some(expected.clone())),
            Err(SwapError::Moved { .. }) => refs.read(name),
            Err(error) => Err(error.into_error(name)),
        }
    }
}

fn planted_path(worker: &Worker, attempt: &AttemptId) -> PathBuf {
    let run = worker.shared.setup.repo.wp_dir().join("run");
    run.join(attempt.as_str()).join("planted.json")
}

/// What an agent changed in the shared git folder, as noted when it ended.
pub(super) fn planted(worker: &Worker, attempt: &AttemptId) -> Result<Vec<Planted>> {
    const BYTES_MAX: u64 = 1 << 20;
    let bytes = file::read_bounded(&planted_path(worker, attempt), BYTES_MAX)?;
    bytes.map_or_else(|| Ok(Vec::new()), |b| json::parse_as(&b))
}
