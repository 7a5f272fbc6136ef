//! The status of one feature: a head line and a table of its packages.

use std::fmt::Write as _;
use std::time::Duration;

use crate::base::text::{count, foreign};
use crate::base::{Timestamp, time};
use crate::model::{Mode, PackageStatus};
use crate::report::qa;
use crate::report::questions;
use crate::report::rehearsal;
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};
use crate::report::used;
use crate::report::view::{AwaitingRow, ClaimWord, Kept, PackageRow, StatusView};
use crate::schedule::FeatureState;

/// Draws `view` as it is at `now`.
pub fn render(view: &StatusView, now: Timestamp, page: Page) -> String {
    let mut out = head(view, page);
    let table = packages(&view.packages.iter().collect::<Vec<_>>(), now);
    out.push_str(&format!("\n{}", table.render(page)));
    if !view.awaiting.is_empty() {
        out.push('\n');
        out.push_str(&awaiting(view.feature.as_str(), &view.awaiting, page));
    }
    out.push_str(&tried(view, page));
    out.push_str(&rehearsal::render(&view.rehearsals, page));
    out.push_str(&qa::shown(view.qa.as_ref(), page));
    out.push_str(&escalations(view, page));
    out.push_str(&superseded(view, page));
    out
}

/// Draws the status of a list of tasks: the block that its users know, and what of its packages
/// says more than the block does.
pub fn render_list(view: &StatusView, block: &[String], now: Timestamp, page: Page) -> String {
    let mut out = head(view, page);
    out.push_str(&format!("\n{}\n", block.join("\n")));
    let telling = view.packages.iter().filter(|row| {
        !matches!(
            row.status,
            PackageStatus::Merged | PackageStatus::Pending | PackageStatus::Ready
        )
    });
    let rows: Vec<&PackageRow> = telling.collect();
    if !rows.is_empty() {
        out.push_str(&format!("\n{}", packages(&rows, now).render(page)));
    }
    if !view.awaiting.is_empty() {
        out.push('\n');
        out.push_str(&awaiting(view.feature.as_str(), &view.awaiting, page));
    }
    out.push_str(&tried(view, page));
    out.push_str(&rehearsal::render(&view.rehearsals, page));
    out.push_str(&qa::shown(view.qa.as_ref(), page));
    out.push_str(&escalations(view, page));
    out.push_str(&superseded(view, page));
    out
}

fn packages(rows: &[&PackageRow], now: Timestamp) -> Table {
    const HEADS: [&str; 7] = ["package", "status", "try", "agent", "time", "used", "why"];
    let mut table = Table::new(2);
    table.head(&HEADS);
    for row in rows {
        table.row(cells(row, now));
    }
    // Not every agent tells.
    table.drop_if_empty(5);
    table
}

/// Draws the end of a run of a list, with the report that says what became of its tasks.
pub fn render_end(view: &StatusView, completion: &str, page: Page) -> String {
    let mut out = head(view, page);
    out.push_str(&format!("\n{completion}"));
    out.push_str(&tried(view, page));
    out.push_str(&qa::shown(view.qa.as_ref(), page));
    out.push_str(&escalations(view, page));
    out.push_str(&superseded(view, page));
    out
}

/// What debuggers tried in vain, with the first line of what they wrote.
fn tried(view: &StatusView, page: Page) -> String {
    let mut table = Table::new(2);
    let mut is_empty = true;
    let failed = view.packages.iter();
    for row in failed.filter(|row| row.status == PackageStatus::Failed) {
        for attempt in row.attempts.iter().filter(|a| a.mode == Mode::Debug) {
            let said = attempt.hypotheses.as_deref().unwrap_or_default();
            is_empty = false;
            table.row(vec![
                Cell::new(row.id.as_str()),
                Cell::new(format!("try {}", attempt.number)),
                Cell::labelled(Label::Dim, &attempt.reason),
                Cell::new(said.lines().next().unwrap_or_default()),
            ]);
        }
    }
    if is_empty {
        return String::new();
    }
    let title = page.paint(Label::Warn, "tried by debuggers");
    format!("\n{title}\n{}", table.render(page))
}

/// What agents cannot decide by themselves.
fn escalations(view: &StatusView, page: Page) -> String {
    let questions = questions::render(&view.feature, &view.questions, page);
    questions::render_escalations(&view.escalations, page) + &questions
}

/// Work that another attempt was preferred to, with the command that compares the first.
fn superseded(view: &StatusView, page: Page) -> String {
    let mut table = Table::new(2);
    let mut first = None;
    for (package, row) in view.superseded() {
        let Some(kept) = &row.kept else { continue };
        first.get_or_insert(&row.id);
        table.row(vec![
            Cell::new(format!("{}/{package}", view.feature)),
            Cell::new(row.id.as_str()),
            Cell::labelled(Label::Dim, &row.machine),
            Cell::new(extent(kept)),
        ]);
    }
    let Some(first) = first else {
        return String::new();
    };
    let title = "superseded: other work was preferred, this is kept";
    let mut out = format!("\n{}\n", page.paint(Label::Warn, title));
    out.push_str(&table.render(page));
    let _ = writeln!(out, "  compare or adopt: git wp adopt {first}");
    out
}

/// `2 commits, 3 files`
pub fn extent(kept: &Kept) -> String {
    let number = |n: Option<u32>, noun| n.map(|n| count(n as usize, noun));
    let parts = [number(kept.commits, "commit"), number(kept.files, "file")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => format!("at {}", kept.head.short()),
        false => parts.join(", "),
    }
}

/// The open steps, with the command that answers the first.
pub fn awaiting(feature: &str, rows: &[AwaitingRow], page: Page) -> String {
    let mut out = format!(
        "{}\n",
        page.paint(Label::Warn, "waiting for a person or for CI")
    );
    let mut table = Table::new(2);
    for row in rows {
        table.row(vec![
            Cell::new(format!("{feature}/{}", row.package)),
            Cell::new(&row.step),
            Cell::labelled(Label::Dim, &row.kind),
            Cell::new(&row.what),
        ]);
    }
    out.push_str(&table.render(page));
    if let Some(row) = rows.first() {
        let name = format!("{feature}/{}", row.package);
        let _ = writeln!(
            out,
            "  answer with: git wp evidence {} {} --pass",
            foreign(&name),
            foreign(&quoted(&row.step))
        );
    }
    out
}

fn head(view: &StatusView, page: Page) -> String {
    let merged = view
        .packages
        .iter()
        .filter(|p| p.status == PackageStatus::Merged);
    let mut out = page.paint(Label::Strong, &foreign(view.feature.as_str()).to_string());
    let _ = write!(
        out,
        ": {}",
        page.paint(state_label(view.state), view.state.as_str())
    );
    let _ = write!(
        out,
        ", {} of {} merged",
        merged.count(),
        count(view.packages.len(), "package")
    );
    if let Some(branch) = &view.branch {
        let _ = write!(out, ", branch {}", foreign(branch));
    }
    if let Some(usage) = view.usage() {
        let _ = write!(out, ", {}", used::words(&usage));
    }
    out.push('\n');
    if let Some(title) = &view.title {
        let _ = writeln!(out, "{}", foreign(title));
    }
    for to in &view.delivered {
        let (name, merge) = (foreign(to.target.short()), to.merge.short());
        let _ = writeln!(out, "part of {name} since {merge}");
    }
    if let Some(role) = &view.integrator {
        let hope = match role.claim {
            ClaimWord::Provisional => ", provisional",
            ClaimWord::Confirmed | ClaimWord::Superseded => "",
        };
        let _ = writeln!(out, "integrator {}{hope}", foreign(&role.machine));
    }
    if let Some(remote) = &view.remote {
        out.push_str(&remote.lines(page));
    }
    out
}

/// The colour of a feature's state.
pub(super) fn state_label(state: FeatureState) -> Label {
    match state {
        FeatureState::Merged => Label::Good,
        FeatureState::Failed => Label::Bad,
        FeatureState::Partial
        | FeatureState::Stopped
        | FeatureState::Paused
        | FeatureState::Cancelled => Label::Warn,
        FeatureState::Running => Label::Busy,
        FeatureState::Open => Label::Plain,
    }
}

fn cells(row: &PackageRow, now: Timestamp) -> Vec<Cell> {
    let last = row.attempts.last();
    let number = last.map_or(String::new(), |a| match a.mode {
        Mode::Implement => a.number.to_string(),
        Mode::Debug => format!("{} debug", a.number),
    });
    let agent = last.map_or("", |a| a.agent.as_str());
    let span = last.and_then(|a| match a.seconds {
        Some(0) => Some("<1s".to_owned()),
        Some(seconds) => Some(time::human(Duration::from_secs(seconds))),
        None if a.outcome.is_none() => Some(time::human(now.since(a.started))),
        None => None,
    });
    vec![
        Cell::new(row.id.as_str()),
        Cell::labelled(row.status.into(), row.status.as_str()),
        Cell::new(number),
        Cell::new(agent),
        Cell::new(span.unwrap_or_default()),
        Cell::new(row.usage.as_ref().map(used::words).unwrap_or_default()),
        Cell::labelled(Label::Dim, &row.why),
    ]
}

/// A word as a shell reads it back.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,#".contains(c);
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('#') {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ActorId, AttemptId, FeatureId, Oid, PackageId};
    use crate::report::remote::RemoteView;
    use crate::report::style::Style;
    use crate::report::view::{AttemptRow, IntegratorRow};

    fn row(id: &str, status: PackageStatus, why: &str, tries: &[Option<&str>]) -> PackageRow {
        let attempts = tries.iter().enumerate().map(|(i, outcome)| AttemptRow {
            id: AttemptId::parse(&format!("a{i}")).unwrap(),
            number: i as u32 + 1,
            epoch: Some(i as u32 + 1),
            claim: ClaimWord::Confirmed,
            actor: ActorId::parse("c1").unwrap(),
            machine: "ann@host".into(),
            agent: "shell".into(),
            mode: Mode::Implement,
            branch: format!("wp/x/{id}/a{i}"),
            head: None,
            kept: None,
            outcome: outcome.map(str::to_owned),
            reason: String::new(),
            hypotheses: None,
            started: Timestamp::from_millis(0),
            seconds: outcome.map(|_| 3),
            account: None,
        });
        PackageRow {
            id: PackageId::parse(id).unwrap(),
            status,
            why: why.into(),
            usage: None,
            attempts: attempts.collect(),
        }
    }

    fn view() -> StatusView {
        StatusView {
            escalations: Vec::new(),
            questions: Vec::new(),
            qa: None,
            delivered: Vec::new(),
            rehearsals: Vec::new(),
            feature: FeatureId::parse("add-auth").unwrap(),
            title: Some("Add authentication".into()),
            format: None,
            state: FeatureState::Running,
            branch: Some("openspec/add-auth".into()),
            head: None,
            packages: vec![
                row("wp-contracts", PackageStatus::Merged, "", &[Some("merged")]),
                row(
                    "wp-api",
                    PackageStatus::Running,
                    "try 1 failed: step `test` exited with 1",
                    &[Some("failed"), None],
                ),
                row(
                    "wp-ui",
                    PackageStatus::Failed,
                    "wrote `src/x.rs`",
                    &[Some("failed")],
                ),
                row("wp-docs", PackageStatus::Pending, "waits for `wp-api`", &[]),
            ],
            awaiting: vec![AwaitingRow {
                package: PackageId::parse("wp-contracts").unwrap(),
                step: "look at it".into(),
                kind: "manual".into(),
                what: "read the contract aloud".into(),
            }],
            integrator: None,
            remote: None,
        }
    }

    #[test]
    fn a_status_reads_well() {
        let now = Timestamp::from_millis(65_000);
        insta::assert_snapshot!(render(&view(), now, Page::plain()), @r"
        add-auth: running, 1 of 4 packages merged, branch openspec/add-auth
        Add authentication

          package       status   try  agent  time    why
          wp-contracts  merged   1    shell  3s
          wp-api        running  2    shell  1m 05s  try 1 failed: step `test` exited with 1
          wp-ui         failed   1    shell  3s      wrote `src/x.rs`
          wp-docs       pending                      waits for `wp-api`

        waiting for a person or for CI
          add-auth/wp-contracts  look at it  manual  read the contract aloud
          answer with: git wp evidence add-auth/wp-contracts 'look at it' --pass
        ");
    }

    #[test]
    fn a_status_of_several_machines_says_what_is_confirmed_and_what_is_kept() {
        let mut view = view();
        view.awaiting.clear();
        view.packages.truncate(2);
        view.packages[0].attempts[0].claim = ClaimWord::Superseded;
        view.packages[0].attempts[0].kept = Some(Kept {
            head: Oid::parse(&"b".repeat(40)).unwrap(),
            base: Oid::parse(&"a".repeat(40)).unwrap(),
            commits: Some(2),
            files: Some(1),
        });
        view.integrator = Some(IntegratorRow {
            actor: ActorId::parse("c2").unwrap(),
            machine: "bob@build".into(),
            claim: ClaimWord::Provisional,
            since: Timestamp::from_millis(0),
        });
        view.remote = Some(RemoteView {
            name: "origin".into(),
            newer: true,
            pending: 2,
            frozen: None,
        });
        let now = Timestamp::from_millis(65_000);
        insta::assert_snapshot!(render(&view, now, Page::plain()), @r"
        add-auth: running, 1 of 2 packages merged, branch openspec/add-auth
        Add authentication
        integrator bob@build, provisional
        newer state from origin: git wp sync
        2 requests wait for origin: git wp sync

          package       status   try  agent  time    why
          wp-contracts  merged   1    shell  3s
          wp-api        running  2    shell  1m 05s  try 1 failed: step `test` exited with 1

        superseded: other work was preferred, this is kept
          add-auth/wp-contracts  a0  ann@host  2 commits, 1 file
          compare or adopt: git wp adopt a0
        ");
    }

    #[test]
    fn a_narrow_terminal_cuts_the_last_column_only() {
        let page = Page {
            style: Style::Plain,
            width: 60,
        };
        let text = render(&view(), Timestamp::from_millis(65_000), page);
        insta::assert_snapshot!(text.lines().nth(5).unwrap().trim_start(), @r"wp-api        running  2    shell  1m 05s  try 1 failed: …");
    }
}
