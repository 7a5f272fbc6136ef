//! What a worker says when it leaves: what it did, and what it left for whom.

use crate::base::json::{Value, json};
use crate::base::text::count;
use crate::base::{AttemptId, Error, ExitCode, FeatureId, Kind, PackageId, Result, json};
use crate::commands::work::crew::Served;
use crate::commands::{Answer, Context};
use crate::engine::RunReport;
use crate::model::PackageStatus;
use crate::report::status::quoted;
use crate::report::style::{Label, Page};
use crate::report::view::{PackageRow, StatusView};
use crate::store::Load;

/// Something that was left.
struct Left {
    feature: FeatureId,
    package: Option<PackageId>,
    why: String,
    hint: String,
}

/// Renders the end of a worker.
///
/// # Errors
/// Interrupted, if a signal ended it; policy, if nothing was served because nothing is approved;
/// what broke off a feature.
pub(super) fn render(cx: &mut Context<'_>, served: Served) -> Result<Answer> {
    if served.interrupted {
        let message = "the worker was stopped; everything done so far is kept";
        return Err(Error::new(Kind::Interrupted, "interrupted", message).hint("git wp work"));
    }
    if let Some(failure) = served.failure {
        return Err(failure);
    }
    let mut refused = served.refused;
    if served.features.is_empty()
        && let Some((_, error)) = refused.pop_first()
    {
        return Err(error);
    }
    let view = cx
        .store()?
        .view(&Load::Features(served.features.keys().cloned().collect()))?;
    let (mut features, mut left) = (Vec::new(), Vec::new());
    let (mut text, mut exit) = (String::new(), ExitCode::Done);
    let page = cx.ui.page();
    for (id, mine) in &served.features {
        let records = view.features.get(id).cloned().unwrap_or_default();
        let shown = StatusView::of(id, &records);
        let attempts = attempts(&shown, mine)?;
        if shown.packages.iter().any(|row| has_failed(row, mine)) {
            exit = ExitCode::Negative;
        }
        text.push_str(&line(id, &attempts, page));
        left.extend(served.reports.get(id).into_iter().flat_map(remains));
        features.push(json!({"feature": id, "state": shown.state, "attempts": attempts}));
    }
    left.extend(refused.into_iter().map(|(feature, error)| Left {
        feature,
        package: None,
        why: error.message().lines().next().unwrap_or("").to_owned(),
        hint: error.hints().first().cloned().unwrap_or_default(),
    }));
    if features.is_empty() {
        text.push_str("no run is open: git wp implement CHANGE --schedule-only begins one\n");
    }
    for left in &left {
        text.push_str(&left.line(page));
    }
    let left: Vec<Value> = left.iter().map(Left::data).collect();
    let data = json!({"features": features, "left": left});
    Ok(Answer::done(data, text).exit(exit))
}

impl Left {
    fn name(&self) -> String {
        match &self.package {
            Some(package) => format!("{}/{package}", self.feature),
            None => self.feature.to_string(),
        }
    }

    fn data(&self) -> Value {
        json!({
            "feature": self.feature,
            "package": self.package,
            "why": self.why,
            "hint": self.hint,
        })
    }

    fn line(&self, page: Page) -> String {
        let name = page.paint(Label::Strong, &self.name());
        let hint = match self.hint.is_empty() {
            true => String::new(),
            false => format!("; {}", self.hint),
        };
        format!(
            "left {name}: {}{hint}\n",
            crate::base::text::foreign(&self.why)
        )
    }
}

/// The attempts of this process, in the order of packages.
fn attempts(shown: &StatusView, mine: &[AttemptId]) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for package in &shown.packages {
        for attempt in package.attempts.iter().filter(|a| mine.contains(&a.id)) {
            let mut value = json::value(attempt)?;
            value["attempt"] = json!(attempt.id);
            value["package"] = json!(package.id);
            out.push(value);
        }
    }
    Ok(out)
}

/// True if the package failed for good, and this process had a part in it.
fn has_failed(row: &PackageRow, mine: &[AttemptId]) -> bool {
    let part = row
        .attempts
        .iter()
        .any(|attempt| mine.contains(&attempt.id));
    part && row.status == PackageStatus::Failed
}

/// What was not merged when this process left, and what it waits for.
fn remains(report: &RunReport) -> Vec<Left> {
    let rows = report.standing.packages.iter();
    let open = rows.filter(|row| row.status != PackageStatus::Merged);
    let left = open.map(|row| {
        let why = report.waits.iter().find(|(id, _)| *id == row.id);
        let why = why.map_or_else(|| row.why.clone(), |(_, why)| why.to_string());
        Left {
            feature: report.feature.clone(),
            package: Some(row.id.clone()),
            why: match why.is_empty() {
                true => row.status.as_str().to_owned(),
                false => why,
            },
            hint: hint(report, row.status),
        }
    });
    left.collect()
}

/// The command of whoever goes on with it.
fn hint(report: &RunReport, status: PackageStatus) -> String {
    let feature = quoted(report.feature.as_str());
    match status {
        PackageStatus::Review => format!("git wp implement {feature} --schedule-only"),
        PackageStatus::Awaiting => format!("git wp status {feature}"),
        _ => String::new(),
    }
}

fn line(id: &FeatureId, attempts: &[Value], page: Page) -> String {
    let name = page.paint(Label::Strong, id.as_str());
    let of = |word: &str| {
        let same = attempts.iter().filter(|a| a["outcome"] == word);
        same.count()
    };
    let mut parts = vec![count(attempts.len(), "attempt")];
    for (word, number) in [("merged", of("merged")), ("failed", of("failed"))] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    format!("{name}: {}\n", parts.join(", "))
}
