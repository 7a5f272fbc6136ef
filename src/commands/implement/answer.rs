//! What a run answers, and the summary it leaves on the ref.

use std::collections::BTreeMap;

use crate::base::json::{Value, json};
use crate::base::text::{count, foreign};
use crate::base::{Error, ExitCode, Kind, PackageId, RepoPath, Result, json};
use crate::commands::{Answer, Context, task_list};
use crate::engine::{Advanced, RunReport};
use crate::graph::Graph;
use crate::model::{ItemStatus, PackageStatus, Plan, RunResult};
use crate::os::clock;
use crate::report::books::{self, Progress};
use crate::report::spec_text::TaskList;
use crate::report::style::{Label, Page};
use crate::report::summary::{self, Ending, Sources};
use crate::report::view::{AwaitingRow, StatusView};
use crate::report::{status, view};
use crate::schedule::revise;
use crate::schedule::{Readiness, readiness};
use crate::state::FeatureView;
use crate::store::Load;

/// Makes the summary of a run of `plan`.
pub(super) fn summariser(
    plan: &Plan,
) -> impl FnMut(&FeatureView, &RunReport) -> Result<(Value, String)> + use<> {
    let plan = plan.clone();
    let graph = Graph::of(&plan);
    let levels: BTreeMap<PackageId, usize> = graph
        .ids()
        .map(|id| (id.clone(), graph.level(id).unwrap_or(0)))
        .collect();
    move |records, report| {
        let awaiting = awaiting(report);
        let statuses = report.standing.statuses();
        let summary = summary::summarise(&Sources {
            plan: &plan,
            levels: &levels,
            feature: records,
            statuses: &statuses,
            run: &report.started,
            ending: Ending {
                result: report.result,
                head: &report.head,
                awaiting: &awaiting,
                at: clock::now(),
            },
        });
        Ok((json::value(&summary)?, summary::markdown::render(&summary)))
    }
}

fn awaiting(report: &RunReport) -> Vec<AwaitingRow> {
    let steps = report.standing.awaiting.iter();
    steps
        .map(|(package, step)| view::awaiting_row(package, step))
        .collect()
}

/// Renders the end of a run.
///
/// # Errors
/// Interrupted, if a signal ended it.
pub(super) fn render(
    cx: &mut Context<'_>,
    (plan, list): (&Plan, Option<&TaskList>),
    report: &RunReport,
) -> Result<Answer> {
    let view = cx
        .store()?
        .view(&Load::Features(vec![report.feature.clone()]))?;
    let records = view.features.get(&report.feature).cloned();
    let records = records.unwrap_or_default();
    let mut shown = StatusView::of(&report.feature, &records);
    shown.mark(&view.tentative);
    tell_agents(&mut shown, report);
    for warning in &report.warnings {
        cx.ui.warn("run", warning);
    }
    if report.exit_code() == ExitCode::Interrupted {
        return Err(interrupted(report));
    }
    let branch = view::branch_name(&report.started.branch);
    let waits = report
        .waits
        .iter()
        .map(|(id, why)| json!({"package": id, "why": why.to_string()}));
    let reuse = revise::reuse(&records);
    let judged = readiness(&report.feature, &records);
    let completion = list.map(|list| task_list::completion(list, report, &shown));
    let mut data = json!({
        "feature": report.feature,
        "result": report.result,
        "branch": branch,
        "head": report.head,
        "integration": report.started.integration,
        "packages": json::value(&shown.packages)?,
        "awaiting": awaiting(report),
        "questions": json::value(&shown.questions)?,
        "reuse": json::value(&reuse)?,
        "contract_checks": json::value(&summary::contract_checks(&records))?,
        "waits": waits.collect::<Vec<_>>(),
        "gate": gate(&judged)?,
        "branch_at_head": report.branch.as_ref().map(|b| matches!(b, Advanced::There)),
        "seconds": report.seconds,
    });
    let page = cx.ui.page();
    let returned = returned(cx, plan, (report, &records))?;
    let table = match (&completion, returned) {
        (Some(completion), _) => status::render_end(&shown, &completion.render(), page),
        (None, Some(returned)) => returned,
        (None, None) => status::render(&shown, clock::now(), page),
    };
    if let Some(completion) = &completion {
        data["completion"] = json::value(completion)?;
    }
    let mut text = table + &text(report, &shown, page);
    for line in revise::words(&reuse) {
        text.push_str(&format!("{}\n", foreign(&line)));
    }
    text.push_str(&blocked(report, &judged));
    Ok(Answer::done(data, text).exit(report.exit_code()))
}

fn interrupted(report: &RunReport) -> Error {
    let feature = &report.feature;
    let message = format!("`{feature}` was stopped; everything done so far is kept");
    let hint = format!("git wp implement {}", status::quoted(feature.as_str()));
    Error::new(Kind::Interrupted, "interrupted", message).hint(hint)
}

/// What the users of the plan's format are used to read at the end.
fn returned(
    cx: &mut Context<'_>,
    plan: &Plan,
    (report, records): (&RunReport, &FeatureView),
) -> Result<Option<String>> {
    let repo = cx.repo()?;
    let objects = repo.objects();
    let tree = objects.commit(&report.head)?.tree;
    let read = |path: &str| objects.file(&tree, &RepoPath::from(path));
    let rows = report.standing.packages.iter();
    let statuses = rows.filter_map(|row| match row.status {
        PackageStatus::Merged => Some((row.id.clone(), ItemStatus::Done)),
        PackageStatus::Failed => Some((row.id.clone(), ItemStatus::Blocked)),
        _ => None,
    });
    books::returned(&Progress {
        plan,
        statuses: &statuses.collect(),
        records,
        run: &report.started,
        is_over: true,
        now: clock::now(),
        read: &read,
        // A return text tells of the plan and of the records, of no folder.
        list: &|_| Ok(Vec::new()),
    })
}

fn text(report: &RunReport, shown: &StatusView, page: Page) -> String {
    let word = page.paint(Label::from(report.result), report.result.as_str());
    let branch = report.started.branch.short();
    let head = report.head.short();
    let mut text = format!("\n{word}: {branch} at {head}\n");
    match &report.branch {
        Some(Advanced::CheckedOut { at }) => text.push_str(&format!(
            "the branch is checked out at {at} and was left alone; there:\n  \
             git merge --ff-only {}\n",
            report.started.integration
        )),
        Some(Advanced::Diverged) => text.push_str(&format!(
            "the branch has commits of its own and was left alone; merge {} into it\n",
            report.started.integration
        )),
        Some(Advanced::There) | None => {}
    }
    if report.result == RunResult::Failed {
        let failed = shown.packages.iter().find(|p| !p.why.is_empty());
        if let Some(package) = failed {
            let target = format!("{}/{}", report.feature, package.id);
            text.push_str(&format!("why: git wp why {}\n", status::quoted(&target)));
        }
    }
    let feature = status::quoted(report.feature.as_str());
    text.push_str(&format!("report: git wp report {feature}\n"));
    text
}

fn gate(judged: &Readiness) -> Result<Value> {
    Ok(json!({
        "ready": judged.is_ready(),
        "count": judged.open().count(),
        "reasons": json::value(&judged.open().collect::<Vec<_>>())?,
    }))
}

/// Everything is merged, and something keeps it from being handed on.
fn blocked(report: &RunReport, judged: &Readiness) -> String {
    let mut rows = report.standing.packages.iter();
    let merged = rows.all(|row| row.status == PackageStatus::Merged);
    if !merged || report.result != RunResult::Partial || judged.is_ready() {
        return String::new();
    }
    let feature = status::quoted(report.feature.as_str());
    let reasons = count(judged.open().count(), "reason");
    format!("not handed on, for {reasons}: git wp gate {feature}\n")
}

/// No record tells what agents this machine has, and whether they are served: the run knows.
fn tell_agents(shown: &mut StatusView, report: &RunReport) {
    for (id, why) in report.waits.iter().filter(|(_, why)| why.is_about_agents()) {
        let row = shown.packages.iter_mut().find(|row| row.id == *id);
        if let Some(row) = row {
            row.why = why.to_string();
        }
    }
}
