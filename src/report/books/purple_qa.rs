//! What users of Purple read of QA: a report per round in `qa-results/`, and an entry in
//! `incremental-changes.md` for what was repaired in between.

use std::collections::BTreeMap;

use crate::base::{PackageId, Result, text};
use crate::model::qa::{QaRound, QaStatus};
use crate::plan::purple::shelf;
use crate::qa::round::{self, Verdict};
use crate::qa::standing::ROUNDS_MAX;
use crate::report::books::{Entry, Progress};
use crate::state::record::By;
use crate::state::record::Judgement;

const CHANGES: &str = "incremental-changes.md";
const CHANGES_HEAD: &str = "# Incremental Changes\n";

/// One commit with the papers that are missing.
pub(super) fn entries(progress: &Progress<'_>) -> Result<Vec<Entry>> {
    let shelf = shelf::folder(progress.plan);
    let folder = shelf.rsplit_once('/').map_or("", |(folder, _)| folder);
    let below = |name: &str| match folder.is_empty() {
        true => name.to_owned(),
        false => format!("{folder}/{name}"),
    };
    let mut files = BTreeMap::new();
    let (mut written, mut repaired) = (Vec::new(), Vec::new());
    for (round, by) in rounds(progress) {
        let number = round.number;
        let path = below(&format!("qa-results/qa-report-attempt-{number}.md"));
        if (progress.read)(&path)?.is_none() {
            let page = report(progress, round, by);
            files.insert(path, Some(page.into_bytes()));
            written.push(number.to_string());
        }
        repaired.extend(is_repaired(progress, number).then_some((round, by)));
    }
    let path = below(CHANGES);
    let before = (progress.read)(&path)?.unwrap_or_default();
    let before = String::from_utf8_lossy(&before).into_owned();
    let after = changes(progress, &before, &repaired);
    if after != before {
        files.insert(path, Some(after.into_bytes()));
    }
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let feature = &progress.plan.feature.id;
    let what = match written.is_empty() {
        true => "note what QA changed".to_owned(),
        false => format!("report QA attempt {}", written.join(", ")),
    };
    Ok(vec![Entry {
        files,
        message: format!("{feature}: {what}\n"),
    }])
}

fn rounds<'a>(progress: &Progress<'a>) -> Vec<(&'a QaRound, &'a By)> {
    let judged = progress.records.judged.iter();
    let rounds = judged.filter_map(|judged| match &judged.what {
        Judgement::Qa(round) => Some((round.as_ref(), &judged.by)),
        Judgement::Review(_) | Judgement::Waiver(_) => None,
    });
    let mut rounds: Vec<(&QaRound, &By)> = rounds.collect();
    rounds.sort_by_key(|(round, _)| round.number);
    rounds.dedup_by_key(|(round, _)| round.number);
    rounds
}

fn is_repaired(progress: &Progress<'_>, number: u32) -> bool {
    let package = package(number).and_then(|id| progress.records.packages.get(&id));
    package.is_some_and(|package| package.accept.is_some())
}

fn package(number: u32) -> Option<PackageId> {
    PackageId::parse(&format!("wp-refine-{number}"))
}

fn report(progress: &Progress<'_>, round: &QaRound, by: &By) -> String {
    let verdict = round::verdict(round);
    let status = match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail | Verdict::Void => "FAIL",
    };
    let title = progress.plan.feature.title.as_deref();
    let title = title.unwrap_or(progress.plan.feature.id.as_str());
    let bound = ROUNDS_MAX.max(round.number);
    let mut out = format!("# QA Report: {}\n\n", line(title));
    out += &format!(
        "**Status:** {status}\n**Attempt:** {} of {bound}\n",
        round.number
    );
    out += &format!(
        "**Date:** {}\n**Commit:** {}\n",
        day(by),
        round.commit.short()
    );
    out += "\n## Results\n\n| Check | What | Result | Evidence |\n|---|---|---|---|\n";
    for surface in &round.plan {
        let reading = round::reading(round, surface);
        for check in &surface.checks {
            let result = reading.and_then(|reading| round::result(reading, check));
            let (word, seen) = match result {
                Some(result) => (result.status.as_str(), line(&result.evidence)),
                None => ("MISSING", String::new()),
            };
            let cells = [line(&check.id), line(&check.what), word.to_owned(), seen];
            let cells = cells.map(|cell| cell.replace('|', "\\|"));
            out += &format!("| {} |\n", cells.join(" | "));
        }
    }
    out += "\n## Issues Found\n\n";
    let mut found = round::failures(round);
    found.extend(round::voids(round));
    out += &match found.is_empty() {
        true => "None.\n".to_owned(),
        false => { found.iter() }
            .map(|found| format!("- {}\n", line(found)))
            .collect(),
    };
    out += "\n## Recommendation\n\n";
    let reports = round
        .readings
        .iter()
        .filter_map(|reading| reading.report.as_ref());
    let said: Vec<String> = { reports }
        .filter_map(|report| report.recommendation.as_deref())
        .map(|said| format!("- {}\n", line(said)))
        .collect();
    out += &match (said.is_empty(), status == QaStatus::Pass.as_str()) {
        (false, _) => said.concat(),
        (true, true) => "Ready.\n".to_owned(),
        (true, false) => "Repair what failed and look at everything again.\n".to_owned(),
    };
    out
}

/// The list of changes with those that it does not have yet, the newest first.
fn changes(progress: &Progress<'_>, before: &str, repaired: &[(&QaRound, &By)]) -> String {
    let mut text = before.to_owned();
    for (round, _) in repaired {
        let title = format!("## Change: Repair what QA attempt {} found\n", round.number);
        if text.contains(&title) {
            continue;
        }
        if text.trim().is_empty() {
            text = CHANGES_HEAD.to_owned();
        }
        let at = text.find("\n## ").map_or(text.len(), |at| at + 1);
        let gap = if text[..at].ends_with("\n\n") {
            ""
        } else {
            "\n"
        };
        let end = if at == text.len() { "" } else { "\n" };
        let entry = format!("{gap}{title}{}{end}", change(progress, round));
        text.insert_str(at, &entry);
    }
    text
}

fn change(progress: &Progress<'_>, round: &QaRound) -> String {
    let package = package(round.number).and_then(|id| progress.records.packages.get(&id));
    let accepted = package.and_then(|package| {
        let accept = package.accept.as_ref()?;
        Some((accept, package.attempts.get(&accept.attempt)?))
    });
    let result = accepted.and_then(|(_, attempt)| attempt.result.as_ref());
    let said = result.and_then(|result| {
        let words = ["summary", "notes"];
        let mut said = words
            .iter()
            .filter_map(|key| result.claimed.get(*key)?.as_str());
        said.next().map(line)
    });
    let date = accepted.map_or_else(String::new, |(accept, _)| day(&accept.by));
    let mut out = format!(
        "\n**Date:** {date}\n**Requested By:** QA attempt {}\n",
        round.number
    );
    out += "**Type:** Bug fix\n\n### What Was Changed\n\n";
    out += &format!(
        "{}\n",
        said.unwrap_or_else(|| "What failed was repaired.".to_owned())
    );
    out += "\n### Files Modified\n\n";
    for path in result.into_iter().flat_map(|result| &result.files_modified) {
        out += &format!("- `{}`\n", line(&path.to_text()));
    }
    out += "\n### Why\n\n";
    for found in round::failures(round) {
        out += &format!("- {}\n", line(&found));
    }
    let next = round.number + 1;
    out + &format!("\n### Testing\n\nThe whole QA plan is run again as attempt {next}.\n")
}

fn day(by: &By) -> String {
    by.at.to_string().chars().take(10).collect()
}

fn line(said: &str) -> String {
    let words: Vec<&str> = said.split_whitespace().collect();
    text::foreign(&words.join(" ")).to_string()
}
