//! `git wp approve`: a person reads what a plan would run and says yes to exactly those bytes.

use crate::base::json::json;
use crate::base::text::count;
use crate::base::{Error, FeatureId, Result, json};
use crate::commands::decided::Permit;
use crate::commands::plan_words::PlanWords;
use crate::commands::reading::{self, Linear, ValidPlan};
use crate::commands::weigh::{self, Asked, Despite, Weighed};
use crate::commands::{Answer, Context};
use crate::config::rights::Subject;
use crate::model::programs::{self, Program};
use crate::model::{Format, Plan, Trust};
use crate::report;
use crate::state::record::Approval;
use crate::state::{FeatureView, Op};
use crate::store::{Load, Store};

/// Say yes to a plan, on this machine
///
/// Shows every command the plan would run, binds the approval to the plan's bytes, publishes the
/// feature and the plan on the state ref, and keeps the right to run in your state folder. What the
/// guard says of the commands is shown beside them; what it blocks needs `--despite`. Never asks;
/// refuses inside a worktree of an attempt.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  git wp approve add-auth")]
pub(super) struct Args {
    /// A change-id, or the path of a plan; a published feature where the checkout has no such
    /// change
    #[arg(value_name = "CHANGE|PATH")]
    change: String,
    #[command(flatten)]
    plan: PlanWords,
    #[command(flatten)]
    despite: Despite,
}

/// Approves.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("approve")?;
    let valid = plan(args, cx)?;
    for finding in &valid.findings {
        let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
        let message = format!("{place}: {}", finding.message);
        cx.ui.warn_as(json::value(finding)?, &message);
    }
    let commands = programs::of_plan(&valid.plan);
    let (weighed, permit) = weighed(cx, &valid.plan, &commands, &args.despite)?;
    publish(cx, &valid, &commands, permit)?;
    let project = cx.loaded()?.settings.project;
    let others = programs::of_project(&project);
    let untrusted = !others.is_empty() && !super::trust::is_trusted(cx)?;
    let said = weighed.text(cx);
    let mut answer = answer(args, cx, &valid, (&commands, &others, untrusted, &said));
    answer.data["findings"] = weighed.data()?.into();
    Ok(answer)
}

/// Every command at the trust that its package asks for; no plan trusts itself further than agents
/// are trusted.
fn weighed(
    cx: &mut Context<'_>,
    plan: &Plan,
    commands: &[Program],
    despite: &Despite,
) -> Result<(Weighed, Permit)> {
    let rules = weigh::rules(cx)?;
    let trust = |program: &Program| {
        let package = plan
            .packages
            .iter()
            .find(|p| Some(&p.id) == program.package.as_ref());
        let asked = package.and_then(|package| Trust::new(package.min_trust_level));
        asked.map_or(Trust::STANDARD, |asked| asked.min(Trust::STANDARD))
    };
    let commands = commands.iter().map(|program| (program, trust(program)));
    let asked = Asked {
        operation: "approve",
        resource: &plan.hash.to_string(),
        feature: Some(&plan.feature.id),
        despite,
    };
    weigh::weigh(cx, &rules, commands, &asked)
}

/// The plan of the checkout; where it has no plan file, the plan that was published.
fn plan(args: &Args, cx: &mut Context<'_>) -> Result<ValidPlan> {
    let found = reading::valid(cx, Some(&args.change), args.plan.how(Linear::Allowed));
    let has_none = match &found {
        Ok(valid) => valid.plan.format == Format::Linear,
        Err(error) => error.code() == "change-unknown",
    };
    let Some(id) = FeatureId::parse(&args.change).filter(|_| has_none) else {
        return found;
    };
    let store = cx.store()?;
    let view = store.view(&Load::Features(vec![id.clone()]))?;
    match view.features.get(&id) {
        Some(records) if !records.plans.is_empty() => {
            reading::published(cx, &store, (&id, records))
        }
        _ => found,
    }
}

/// The right to run first: if the ref cannot be written, a second try has nothing to undo.
fn publish(
    cx: &mut Context<'_>,
    valid: &ValidPlan,
    commands: &[Program],
    permit: Permit,
) -> Result<()> {
    let feature = &valid.plan.feature;
    let terms = std::str::from_utf8(&valid.terms)
        .map_err(|e| Error::bug("a valid plan is not UTF-8").because(e))?;
    let now = cx.now();
    cx.rights()?
        .grant(Subject::Plan, feature.id.as_str(), terms, now)?;
    let store = cx.store()?;
    let blob = store.put_blob(&valid.text)?;
    let view = store.view(&Load::Features(vec![feature.id.clone()]))?;
    let none = FeatureView::default();
    let records = view.features.get(&feature.id).unwrap_or(&none);
    let plan = reading::origin((valid, records), blob.clone(), cx.by()?);
    let publish = Op::Publish {
        feature: feature.id.clone(),
        title: feature.title.clone(),
        plan,
    };
    let approve = Op::Approve {
        feature: feature.id.clone(),
        plan: valid.plan.hash.clone(),
        commands: commands.iter().map(|c| c.command.clone()).collect(),
    };
    let mut changes = vec![(publish, vec![blob]), (approve, Vec::new())];
    // Saying yes again changes nothing, so there is nothing to permit.
    match is_approved(cx, &store, valid)? {
        true => permit.unused(),
        false => changes.push(permit.change()),
    }
    for answer in cx.submit(&store, changes)? {
        answer.map_err(Error::from)?;
    }
    Ok(())
}

/// True if this clone has said yes to these bytes before.
fn is_approved(cx: &mut Context<'_>, store: &Store, valid: &ValidPlan) -> Result<bool> {
    let (id, me) = (&valid.plan.feature.id, cx.actor()?);
    let view = store.view(&Load::Features(vec![id.clone()]))?;
    let known = view.features.get(id).map(|records| &records.approvals);
    let is_it = |a: &Approval| a.plan == valid.plan.hash && a.by.actor == me;
    Ok(known.is_some_and(|approvals| approvals.iter().any(is_it)))
}

fn answer(
    args: &Args,
    cx: &Context<'_>,
    valid: &ValidPlan,
    (commands, others, untrusted, said): (&[Program], &[Program], bool, &str),
) -> Answer {
    let plan = &valid.plan;
    let page = cx.ui.page();
    let mut text = format!(
        "approved {}: {}, sha256 {}\n",
        plan.feature.id,
        count(plan.packages.len(), "package"),
        plan.hash.short(12)
    );
    if commands.is_empty() && others.is_empty() {
        text.push_str("it names no command\n");
    } else {
        text.push_str("a run may start these commands:\n");
        text.push_str(&report::programs::render(commands, page));
        text.push_str(&report::programs::render(others, page));
    }
    text.push_str(said);
    let word = report::status::quoted(&args.change);
    if untrusted {
        text.push_str("the commands of wp.toml need an approval of their own: git wp trust\n");
    }
    text.push_str(&format!("next: git wp implement {word}\n"));
    let data = json!({
        "feature": plan.feature.id,
        "plan": plan.hash,
        "source": plan.source,
        "packages": plan.packages.len(),
        "commands": commands,
        "project_commands": others,
        "project_trusted": !untrusted,
    });
    Answer::done(data, text)
}
