//! `git wp implement --dry-run`: the same decisions on a simulated clock. Nothing is written.

use std::collections::BTreeMap;

use crate::base::json::json;
use crate::base::{ActorId, Result, json};
use crate::commands::implement::job::Planned;
use crate::commands::reading::ValidPlan;
use crate::commands::{Answer, Context, task_list, trust};
use crate::config::rights::Subject;
use crate::model::Format;
use crate::plan::profile;
use crate::report;
use crate::report::spec_text::{Estimate, ExecutionPlan, TaskList};
use crate::schedule::forecast::{Forecast, Question, forecast};
use crate::state::record::By;
use crate::store::Load;

/// Shows what would run.
pub(super) fn run(args: &super::Args, cx: &mut Context<'_>, valid: &ValidPlan) -> Result<Answer> {
    let feature = valid.plan.feature.id.clone();
    let view = cx.store()?.view(&Load::Features(vec![feature.clone()]))?;
    let by = By {
        actor: ActorId::parse("nobody").expect("a literal in the right form"),
        label: cx.label(),
        at: cx.now(),
    };
    let plan = Planned::new(args, cx, valid, by.clone())?;
    let packages = valid.plan.packages.iter();
    let minutes: BTreeMap<_, _> = packages
        .map(|p| (&p.id, u64::from(p.timeout_minutes)))
        .collect();
    let question = Question {
        feature: &feature,
        view: &view,
        agenda: &plan.job.agenda,
        options: &plan.job.options,
        limits: plan.job.limits,
        by: &by,
        tip: &plan.job.started.base,
    };
    let forecast = forecast(question, |id| minutes.get(id).copied().unwrap_or(1));
    let approved = valid.plan.format == Format::Linear
        || cx.rights()?.find(Subject::Plan, &valid.terms)?.is_some();
    let trusted = trust::is_trusted(cx)?;
    let branch = plan.job.started.branch.short().to_owned();
    let execution = execution_plan(valid, &question, &forecast);
    let mut text = match &execution {
        Some(execution) => execution.render(),
        None => report::forecast::render(&forecast, profile::unit(valid.plan.format), cx.ui.page()),
    };
    text.push_str(&format!(
        "into {branch}, from {}, with agent `{}`\n",
        plan.job.started.base.short(),
        plan.agent
    ));
    if !approved && !valid.plan.packages.is_empty() {
        text.push_str(&format!("not approved here: git wp approve {feature}\n"));
    }
    if !trusted {
        text.push_str("wp.toml is not trusted here: git wp trust\n");
    }
    let mut data = json!({
        "feature": feature,
        "branch": branch,
        "base": plan.job.started.base,
        "agent": plan.agent,
        "jobs": plan.job.limits.jobs,
        "approved": approved,
        "trusted": trusted,
    });
    data["forecast"] = json::value(&forecast)?;
    if let Some(execution) = &execution {
        data["execution_plan"] = json::value(execution)?;
    }
    Ok(Answer::done(data, text))
}

/// The plan in the words of the format's users.
fn execution_plan(
    valid: &ValidPlan,
    question: &Question<'_>,
    forecast: &Forecast,
) -> Option<ExecutionPlan> {
    let list = task_list::of(valid)?;
    let mut execution = ExecutionPlan::of(&list, &valid.graph, forecast);
    execution.estimate = estimate(question, &list);
    Some(execution)
}

/// How long it takes if every task takes as long as those of earlier runs did on average.
fn estimate(question: &Question<'_>, list: &TaskList) -> Option<Estimate> {
    let records = question.view.features.get(question.feature)?;
    let measured = list.tasks().filter_map(|row| {
        let package = records.packages.get(&row.id)?;
        let attempt = package.attempts.get(&package.accept.as_ref()?.attempt)?;
        attempt.result.as_ref().map(|result| result.seconds)
    });
    let measured: Vec<u64> = measured.collect();
    let count = u64::try_from(measured.len())
        .ok()
        .filter(|count| *count > 0)?;
    let mean = measured.iter().sum::<u64>().div_ceil(count).max(1);
    // The clock of a forecast counts whatever it is given: here seconds.
    let seconds = forecast(*question, |_| mean).minutes;
    (seconds > 0).then_some(Estimate {
        seconds,
        measured: measured.len(),
    })
}
