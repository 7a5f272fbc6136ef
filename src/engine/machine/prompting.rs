//! The prompt of an attempt, from what is on record: the same for agents and for who wants to read
//! what they would be told.

use crate::agent::prompt::{self, Brief, PROMPT_MAX};
use crate::agent::{Note, Prompt, Sources};
use crate::base::{AttemptId, Oid, RefName, RepoPath, Result};
use crate::engine::machine::books::files_below;
use crate::engine::machine::{debugging, notes};
use crate::git::Repo;
use crate::model::{Package, Plan};
use crate::os::random;
use crate::state::FeatureView;
use crate::state::record::Attempt;

/// What a prompt is made of, beside its package.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    /// The repository; files are read from the attempt's base.
    pub repo: &'a Repo,
    /// The plan.
    pub plan: &'a Plan,
    /// Its text as approved.
    pub plan_text: &'a str,
    /// What those before the run left.
    pub notes: &'a [Note],
    /// The records of the feature.
    pub records: &'a FeatureView,
}

/// Whose prompt it is.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The attempt.
    pub attempt: &'a AttemptId,
    /// Its branch.
    pub branch: &'a RefName,
    /// The commit it begins from.
    pub base: &'a Oid,
    /// Its record, if it has one, and the commit at which its room begins.
    pub record: Option<(&'a Attempt, &'a Oid)>,
}

/// Writes it.
///
/// # Errors
/// The base is absent.
pub fn prompt(from: &Material<'_>, package: &Package, target: Target<'_>) -> Result<Prompt> {
    let objects = from.repo.objects();
    let tree = objects.commit(target.base)?.tree;
    let read = |path: &str| {
        let bytes = objects.file(&tree, &RepoPath::from(path)).ok().flatten()?;
        String::from_utf8(bytes).ok()
    };
    // What cannot be read is left out of the prompt; the agent sees it in its folder.
    let list = |folder: &str| files_below(&objects, &tree, folder).unwrap_or_default();
    let sources = Sources {
        read: &read,
        list: &list,
    };
    let case = { target.record }.map(|of| debugging::case(from.repo, from.records, of));
    let case = case.transpose()?.flatten();
    let told = { target.record }.map(|(attempt, _)| debugging::told(from.records, attempt));
    let told = told.unwrap_or_default();
    let mut notes = notes::for_attempt(from.records, package, target.attempt, &told);
    notes::of_documents(from.plan, package, sources, &mut notes);
    notes.extend(from.notes.iter().cloned());
    let brief = Brief {
        plan: from.plan,
        plan_text: from.plan_text,
        package,
        attempt: target.attempt,
        branch: target.branch,
        notes: &notes,
        case: case.as_ref(),
        delimiter: &random::id(12)?,
        max: PROMPT_MAX,
    };
    Ok(prompt::write(&brief, sources))
}
