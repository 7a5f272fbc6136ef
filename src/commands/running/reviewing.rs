//! Who reviews what a run merges: words of the command line, `[review]` of `wp.toml`, and how it is
//! recorded.

use crate::agent::{Profile, Staff};
use crate::base::{Error, Result};
use crate::commands::Context;
use crate::commands::running::tuning::Tuning;
use crate::model::settings::ReviewSettings;
use crate::model::{Plan, Roster};
use crate::schedule::{ReviewPolicy, Reviewer};
use crate::state::record::RunStarted;

/// How merged packages are reviewed.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::commands) struct ReviewWords {
    /// Have agents review each package once it is merged; what they find is fixed and reviewed
    /// again before anything is handed on
    #[arg(long, overrides_with = "no_review")]
    review: bool,
    /// Review nothing, whatever wp.toml says
    #[arg(long)]
    no_review: bool,
    #[command(flatten)]
    how: Reviewing,
}

/// Who reviews, and how.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::commands) struct Reviewing {
    /// An agent that reviews; separated by commas, or given several times [default: `[review]` of
    /// wp.toml, else the agents that are configured]
    #[arg(long = "reviewer", value_name = "NAME", value_delimiter = ',')]
    reviewers: Vec<String>,
    /// Answers that a verdict needs [default: 2, or as many as there are reviewers]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16))]
    quorum: Option<u32>,
    /// Rounds of review before a person is asked [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20))]
    review_rounds: Option<u32>,
    /// Ask reviewers to look for what breaks it
    #[arg(long)]
    adversarial: bool,
}

/// How a run is reviewed, with the profiles of those who do it.
pub(in crate::commands) type Panel = (ReviewPolicy, Vec<Profile>);

impl ReviewWords {
    /// How a new run is reviewed; `None`: not at all.
    ///
    /// # Errors
    /// As [`Reviewing::panel`].
    pub(in crate::commands) fn panel(
        &self,
        cx: &mut Context<'_>,
        (plan, staff): (&Plan, &Staff),
    ) -> Result<Option<Panel>> {
        let usual = cx.settings()?.project.review.required;
        let asked = self.review || !self.how.reviewers.is_empty() || self.how.adversarial;
        match (self.no_review, asked || usual) {
            (true, _) | (false, false) => Ok(None),
            (false, true) => self.how.panel(cx, (plan, staff)).map(Some),
        }
    }

    /// True if something is asked for of reviews.
    pub(in crate::commands) fn is_given(&self) -> bool {
        self.review || self.no_review || !self.how.reviewers.is_empty()
    }
}

impl Reviewing {
    /// True if something is asked for.
    pub(in crate::commands) fn is_given(&self) -> bool {
        let numbers = self.quorum.is_some() || self.review_rounds.is_some();
        numbers || self.adversarial || !self.reviewers.is_empty()
    }

    /// Who reviews, and by which rules.
    ///
    /// # Errors
    /// Usage: one of them does not exist, or nobody is there who could review.
    pub(in crate::commands) fn panel(
        &self,
        cx: &mut Context<'_>,
        (plan, staff): (&Plan, &Staff),
    ) -> Result<Panel> {
        let (settings, roster) = (cx.settings()?, cx.roster()?);
        let review = &settings.project.review;
        let names = self.names(review, (&roster, staff));
        if names.is_empty() {
            let message = "no agent is there that could review";
            return Err(Error::usage("reviewer-missing", message)
                .hint("git wp agents profiles")
                .hint("--reviewer NAME"));
        }
        let profiles = names.iter().map(|name| profile(name, plan, &roster));
        let profiles = profiles.collect::<Result<Vec<Profile>>>()?;
        let reviewers: Vec<Reviewer> = profiles
            .iter()
            .map(|profile| Reviewer {
                agent: profile.name.clone(),
                vendor: vendor(profile),
            })
            .collect();
        let usual = u32::try_from(reviewers.len()).unwrap_or(u32::MAX);
        let policy = ReviewPolicy {
            quorum: self.quorum.or(review.quorum).unwrap_or(usual.min(2)),
            rounds: self.review_rounds.or(review.rounds).unwrap_or(3),
            adversarial: self.adversarial || review.adversarial,
            independent: review.independent,
            authors: staff
                .all()
                .into_iter()
                .map(|profile| (profile.name.clone(), vendor(profile)))
                .collect(),
            reviewers,
        };
        Ok((policy, profiles))
    }

    fn names(&self, review: &ReviewSettings, (roster, staff): (&Roster, &Staff)) -> Vec<String> {
        let mut names = match (self.reviewers.is_empty(), review.reviewers.is_empty()) {
            (false, _) => self.reviewers.clone(),
            (true, false) => review.reviewers.clone(),
            (true, true) => {
                let configured = roster.configured.keys().cloned();
                let working = staff.common.first().map(|profile| profile.name.clone());
                let working = working.filter(|name| name != SHELL);
                configured.chain(working).collect()
            }
        };
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

/// It runs what a package says and answers no questions.
const SHELL: &str = "shell";

/// Who makes an agent; of one that does not say it, itself.
fn vendor(profile: &Profile) -> String {
    match profile.data.vendor.is_empty() {
        true => profile.name.clone(),
        false => profile.data.vendor.clone(),
    }
}

fn profile(name: &str, plan: &Plan, roster: &Roster) -> Result<Profile> {
    let mut alone = plan.clone();
    alone.packages.truncate(1);
    let staff = Tuning::default().staff(&alone, roster, (Some(name), name))?;
    let first = staff.common.into_iter().next();
    first.ok_or_else(|| Error::bug("a staff of nobody"))
}

/// The profiles of those who review a run that was begun earlier. Who is not known here does not
/// answer here.
///
/// # Errors
/// The configuration cannot be read.
pub(in crate::commands) fn recorded(
    cx: &mut Context<'_>,
    (plan, run): (&Plan, &RunStarted),
) -> Result<Vec<Profile>> {
    let Some(policy) = ReviewPolicy::recorded(run) else {
        return Ok(Vec::new());
    };
    let roster = cx.roster()?;
    let known = policy.reviewers.iter();
    Ok(known
        .filter_map(|reviewer| profile(&reviewer.agent, plan, &roster).ok())
        .collect())
}
