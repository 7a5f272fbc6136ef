//! `git wp prompt`: what an agent is told, by the code that tells it.

use crate::agent::{Places, Prompt};
use crate::base::json::json;
use crate::base::text::foreign;
use crate::base::{AttemptId, Error, FeatureId, Oid, PackageId, RefName, Result};
use crate::commands::plan_words::PlanWords;
use crate::commands::reading::{self, Linear, ValidPlan};
use crate::commands::running::relay;
use crate::commands::{Answer, Context, feature};
use crate::engine::machine::prompting::{self, Material, Target};
use crate::git::Repo;
use crate::os::file;
use crate::state::FeatureView;
use crate::store::Load;

/// Show the prompt that an agent would get for a package now
///
/// Task, scope, checks, how to finish and whom to ask, what others left (quoted as data), and the
/// part of the repository that concerns the package. With `--attempt`, the one that this attempt
/// got on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp prompt add-auth/wp-api
  git wp prompt add-auth/wp-api --attempt 01kam...")]
pub(super) struct Args {
    /// FEATURE/PACKAGE, or PACKAGE where there is but one feature
    #[arg(value_name = "FEATURE/PACKAGE")]
    target: String,
    /// What this attempt was told
    #[arg(long, value_name = "ATTEMPT")]
    attempt: Option<String>,
    #[command(flatten)]
    plan: PlanWords,
}

/// Largest prompt file that is read.
const BYTES_MAX: u64 = 16 << 20;

/// Shows it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let target = feature::package_target(&args.target)?;
    match &args.attempt {
        Some(word) => given(cx, word, (target.feature.as_deref(), &target.package)),
        None => {
            let how = args.plan.how(Linear::Allowed);
            let valid = reading::valid(cx, target.feature.as_deref(), how)?;
            would_be(cx, valid, &target.package)
        }
    }
}

fn given(
    cx: &mut Context<'_>,
    word: &str,
    (feature, package): (Option<&str>, &PackageId),
) -> Result<Answer> {
    let store = cx.store()?;
    let found = feature::find(cx, &store, feature)?;
    let of_package = found.records.packages.get(package);
    let attempt = AttemptId::parse(word);
    let attempt = attempt.filter(|id| of_package.is_some_and(|p| p.attempts.contains_key(id)));
    let attempt = attempt.ok_or_else(|| {
        let (word, id) = (foreign(word), &found.id);
        let message = format!("{id}/{package} has no attempt `{word}`");
        Error::usage("attempt-unknown", message).hint(format!("git wp status {id}"))
    })?;
    let places = Places::new(&cx.repo()?.wp_dir(), &attempt);
    let bytes = file::read_bounded(&places.prompt_file, BYTES_MAX)?.ok_or_else(|| {
        let message = format!("what attempt {attempt} was told is not on this machine");
        Error::usage("prompt-absent", message)
    })?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let cuts = Vec::new();
    Ok(answer(
        &found.id,
        package,
        Some(&attempt),
        &Prompt { text, cuts },
    ))
}

fn would_be(cx: &mut Context<'_>, valid: ValidPlan, id: &PackageId) -> Result<Answer> {
    let plan = &valid.plan;
    let feature = plan.feature.id.clone();
    let package = plan.package(id).ok_or_else(|| {
        let message = format!("the plan of {feature} has nothing left to do named `{id}`");
        Error::usage("package-unknown", message).hint(format!("git wp status {feature}"))
    })?;
    let (repo, store) = (cx.repo()?, cx.store()?);
    let view = store.view(&Load::Features(vec![feature.clone()]))?;
    let none = FeatureView::default();
    let records = view.features.get(&feature).unwrap_or(&none);
    let text = String::from_utf8_lossy(&valid.text);
    let attempt = AttemptId::parse("next").expect("a literal in the right form");
    let branch = format!("refs/heads/wp/{}/{}/{attempt}", feature.slug(), id.slug());
    let branch =
        RefName::parse(&branch).ok_or_else(|| Error::bug(format!("`{branch}` is no ref name")))?;
    let prompt = prompting::prompt(
        &Material {
            repo: &repo,
            plan,
            plan_text: &text,
            notes: &relay::recall(cx, &store, &feature)?,
            records,
        },
        package,
        Target {
            attempt: &attempt,
            branch: &branch,
            base: &base(&repo, records)?,
            record: None,
        },
    )?;
    Ok(answer(&feature, id, None, &prompt))
}

/// Where an attempt would begin: on what is merged so far, else where a run would begin.
fn base(repo: &Repo, records: &FeatureView) -> Result<Oid> {
    let refs = repo.refs();
    if let Some(run) = records.last_run()
        && let Some(tip) = refs.read(&run.started.integration)?
    {
        return Ok(tip);
    }
    let head = refs.head()?.oid;
    head.ok_or_else(|| Error::usage("no-commit", "there is no commit yet"))
}

fn answer(
    feature: &FeatureId,
    package: &PackageId,
    attempt: Option<&AttemptId>,
    prompt: &Prompt,
) -> Answer {
    let data = json!({
        "feature": feature,
        "package": package,
        "attempt": attempt,
        "prompt": prompt.text,
        "bytes": prompt.text.len(),
        "cuts": prompt.cuts,
    });
    Answer::done(data, foreign(&prompt.text).multi_line().to_string())
}
