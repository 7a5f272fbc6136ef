//! What users of team-implement ask for: the size of the team, and where to go on.

use std::collections::BTreeSet;

use crate::base::text::foreign;
use crate::base::{Error, PackageId, Result};
use crate::commands::Context;
use crate::model::{Format, Plan};

/// Teammates at once: fewer are no team, more get in each other's way.
const SIZES: std::ops::RangeInclusive<u16> = 2..=4;

/// The size of the team that is asked for, as it is allowed.
pub(super) fn size(asked: u16) -> u16 {
    asked.clamp(*SIZES.start(), *SIZES.end())
}

/// Says what will be otherwise than asked, and what is left alone.
///
/// # Errors
/// Usage: the words mean nothing for this format.
pub(super) fn check(args: &super::Args, cx: &mut Context<'_>, plan: &Plan) -> Result<()> {
    let word = match (args.team_size, &args.resume_phase) {
        (None, None) => return Ok(()),
        (Some(_), _) => "--team-size",
        (None, Some(_)) => "--resume-phase",
    };
    if plan.format != Format::TeamPlan {
        let message = format!("`{word}` is for plans of team-implement");
        let hint = match args.team_size {
            Some(_) => "--jobs",
            None => "--only",
        };
        return Err(Error::usage("not-a-team-plan", message).hint(hint));
    }
    if let Some(asked) = args.team_size.filter(|asked| !SIZES.contains(asked)) {
        let size = size(asked);
        let message = format!("a team has 2 to 4 teammates: {size} instead of {asked}");
        cx.ui.warn("team-size", &message);
    }
    if let Some(phase) = &args.resume_phase {
        let before: Vec<&str> = plan.packages[..place(phase, plan)?]
            .iter()
            .map(|package| package.id.as_str())
            .collect();
        if !before.is_empty() {
            let message = format!("open and left alone: {}", before.join(", "));
            cx.ui.warn("resume-phase", &message);
        }
    }
    Ok(())
}

/// This phase and those after it.
///
/// # Errors
/// Usage: it is done, or there is none.
pub(super) fn from(phase: &str, plan: &Plan) -> Result<BTreeSet<PackageId>> {
    let rest = plan.packages[place(phase, plan)?..].iter();
    Ok(rest.map(|package| package.id.clone()).collect())
}

fn place(phase: &str, plan: &Plan) -> Result<usize> {
    let found = plan.packages.iter().position(|p| p.id.as_str() == phase);
    found.ok_or_else(|| {
        let (id, source) = (foreign(phase), foreign(&plan.source));
        let is_done = plan.settled.iter().any(|id| id.as_str() == phase);
        let (code, message) = match is_done {
            true => ("phase-done", format!("phase `{id}` is done already")),
            false => ("package-unknown", format!("the plan has no phase `{id}`")),
        };
        Error::usage(code, message).hint(format!("git wp graph {source}"))
    })
}
