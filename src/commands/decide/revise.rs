//! What an answer that asks for a new revision does: the number in the plan's own file counts up.

use serde::Serialize;

use crate::base::text::foreign;
use crate::base::{Error, FeatureId, Result};
use crate::commands::Context;
use crate::model::{Choice, Durability};
use crate::os::file;
use crate::plan::limits;
use crate::plan::revision::{self, Revised};
use crate::state::View;

/// A plan that is to be revised.
#[derive(Debug, Serialize)]
pub(super) struct Revision {
    /// The plan's file.
    path: String,
    /// The number that counts it.
    field: &'static str,
    /// Before; `null`: the file has no such number.
    from: Option<u32>,
    /// Now.
    to: Option<u32>,
}

/// Counts the revision up, if that is what was chosen.
pub(super) fn revise(
    cx: &mut Context<'_>,
    view: &View,
    (feature, choice): (&FeatureId, &str),
) -> Result<Option<Revision>> {
    let what = match Choice::parse(choice) {
        Some(Choice::BumpPlan) => Revised::Plan,
        Some(Choice::BumpContracts) => Revised::Contracts,
        _ => return Ok(None),
    };
    let records = view.features.get(feature);
    let Some(plan) = records.and_then(|records| records.current_plan()) else {
        return Err(Error::usage("not-published", "the feature has no plan"));
    };
    let published = match what {
        Revised::Plan => plan.plan_revision,
        Revised::Contracts => plan.contracts_revision,
    };
    let mut revision = Revision {
        path: plan.path.clone(),
        field: what.field(),
        from: None,
        to: None,
    };
    let path = cx.root()?.join(&plan.path);
    let bytes = match plan.path.is_empty() {
        true => None,
        false => file::read_bounded(&path, limits::BYTES_MAX as u64)?,
    };
    let Some(bytes) = bytes else {
        return Ok(Some(revision));
    };
    let refused = |why: String| {
        let message = format!("`{}` was not changed: {why}", foreign(&plan.path));
        let hint = format!("write {} {} into it", what.field(), published + 1);
        Error::usage("revision-refused", message).hint(hint)
    };
    if let Some(bumped) = revision::bump(&bytes, (&plan.path, what), published).map_err(refused)? {
        if bumped.from != bumped.to {
            file::rewrite(&path, bumped.text.as_bytes(), Durability::Full)?;
        }
        (revision.from, revision.to) = (Some(bumped.from), Some(bumped.to));
    }
    Ok(Some(revision))
}

impl Revision {
    /// What happened, for people.
    pub(super) fn text(&self) -> String {
        let path = foreign(&self.path);
        match (self.from, self.to) {
            (Some(from), Some(to)) if from != to => {
                format!("{path}: {} is {to}, it was {from}\n", self.field)
            }
            (Some(_), Some(to)) => format!("{path}: {} is {to} already\n", self.field),
            _ if self.path.is_empty() => "the feature has no plan file\n".to_owned(),
            _ => format!("{path} has no {}: what it says counts\n", self.field),
        }
    }

    /// What to do now.
    pub(super) fn next(&self, feature: &str) -> Vec<String> {
        let edit = match self.field {
            field if field == Revised::Contracts.field() => "change and commit the contracts",
            _ => "change the plan",
        };
        vec![
            edit.to_owned(),
            format!("git wp approve {feature}"),
            format!("git wp implement {feature}"),
        ]
    }
}
