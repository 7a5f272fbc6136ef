//! `git wp agents profiles`: how each agent would be run here, and who says so.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::agent::{Profile, sandbox};
use crate::base::json::{Value, json};
use crate::base::{Result, text};
use crate::commands::{Answer, Context};
use crate::model::agent_profile::SandboxDefault;
use crate::model::settings::{AgentSettings, TRUST_STANDARD};
use crate::model::{Isolation, Listed, Roster, Settings};
use crate::os::clock::Moment;
use crate::os::confine;
use crate::os::process::{Invocation, Session, Status, find_program, run_watched};
use crate::report::table::{Cell, Table};

/// Show how each agent would be run here
///
/// Lists the built-in profiles with what your own files and git config say over them: `NAME.toml`
/// in `git-wp/agents` of your configuration folder, and `wp.agent.NAME.*`. Asks each program that
/// is there for its version.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp agents profiles
  git wp agents profiles --no-probe --json")]
pub(super) struct Args {
    /// Start no program: say nothing of versions
    #[arg(long)]
    no_probe: bool,
}

/// A program that says nothing for so long has no version.
const PROBE_MAX: Duration = Duration::from_secs(5);
/// Bytes of its answer.
const ANSWER_MAX: u64 = 4 << 10;
/// Characters of a version.
const VERSION_MAX: usize = 40;

/// What is said of one agent.
struct Row {
    name: String,
    profile: Result<Profile>,
    sandbox: Result<SandboxDefault>,
    isolation: Isolation,
    program: Option<String>,
    version: Option<String>,
    said: Vec<String>,
    title: String,
}

/// Shows them.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let settings = match cx.has_repo()? {
        true => cx.settings()?,
        false => Settings::default(),
    };
    let roster = cx.roster_of(&settings)?;
    let missing = confine::missing();
    let mut rows: Vec<Row> = roster
        .names()
        .map(|name| row(name, (&roster, &settings), missing.as_deref(), cx))
        .collect();
    if !args.no_probe {
        probe(&mut rows, cx);
    }
    let mut table = Table::new(0);
    table.head(&[
        "agent",
        "program",
        "version",
        "parser",
        "trust",
        "sandbox",
        "room",
        "changed by",
    ]);
    for row in &rows {
        table.row(cells(row));
    }
    let mut text = table.render(cx.ui.page());
    for row in &rows {
        if let Err(error) = &row.profile {
            text.push_str(&format!(
                "{}: {}\n",
                text::foreign(&row.name),
                error.message()
            ));
        }
    }
    let data = json!({
        "profiles": rows.iter().map(|row| value(row, &roster)).collect::<Vec<_>>(),
        "count": rows.len(),
        "truncated": false,
    });
    Ok(Answer::done(data, text))
}

fn row(
    name: &str,
    (roster, settings): (&Roster, &Settings),
    missing: Option<&str>,
    cx: &Context<'_>,
) -> Row {
    let profile = Profile::find(name, roster);
    let listed = roster.profiles.get(name);
    let configured = roster.configured.get(name);
    let usual = match (&profile, listed) {
        (Ok(profile), _) => profile.data.sandbox.clone(),
        (Err(_), Some(listed)) => listed.profile.sandbox.clone(),
        (Err(_), None) => SandboxDefault::default(),
    };
    let asked = configured.and_then(|own| own.sandbox).or(settings.sandbox);
    let program = profile.as_ref().ok().and_then(Profile::program);
    let path = cx.env().get("PATH").unwrap_or_default();
    let found = program.and_then(|program| find_program(program, path, cx.here()));
    let trust = profile
        .as_ref()
        .map_or(TRUST_STANDARD, |profile| profile.trust);
    Row {
        name: name.to_owned(),
        isolation: settings.isolation_of(name, trust),
        sandbox: sandbox::stance(asked, &usual, missing),
        program: found.map(|file| file.display().to_string()),
        version: None,
        said: said(name, listed, configured),
        title: listed.map_or(String::new(), |listed| listed.profile.title.clone()),
        profile,
    }
}

/// Who says something else than the built-in profile, and about what.
fn said(name: &str, listed: Option<&Listed>, configured: Option<&AgentSettings>) -> Vec<String> {
    let mut said = Vec::new();
    if let Some((file, listed)) = listed.and_then(|l| Some((l.file.as_deref()?, l))) {
        said.push(format!("{file}: {}", listed.overridden.join(", ")));
    }
    if let Some(own) = configured {
        let there = [
            ("command", own.command.is_some()),
            ("effort", own.effort.is_some()),
            ("env", !own.env.is_empty()),
            ("fallback", own.fallback.is_some()),
            ("isolation", own.isolation.is_some()),
            ("model", own.model.is_some()),
            ("parser", own.parser.is_some()),
            ("repeat", own.repeat.is_some()),
            ("sandbox", own.sandbox.is_some()),
            ("trust", own.trust.is_some()),
            ("writable", !own.writable.is_empty()),
        ];
        let keys: Vec<&str> = { there.iter().filter(|(_, is)| *is) }
            .map(|(key, _)| *key)
            .collect();
        said.push(format!("wp.agent.{name}: {}", keys.join(", ")));
    }
    said
}

/// Asks all programs for their versions at the same time.
fn probe(rows: &mut [Row], cx: &Context<'_>) {
    let folder = cx.here();
    thread::scope(|scope| {
        for row in rows {
            let Some(program) = &row.program else {
                continue;
            };
            let words = match &row.profile {
                Ok(profile) => profile.data.version.clone(),
                Err(_) => Vec::new(),
            };
            let Some((_, arguments)) = words.split_first() else {
                continue;
            };
            let (arguments, version) = (arguments.to_vec(), &mut row.version);
            scope.spawn(move || *version = ask(program, &arguments, folder));
        }
    });
}

/// The first line of what a program says; `None` if it fails or takes too long.
fn ask(program: &str, arguments: &[String], folder: &Path) -> Option<String> {
    let start = Moment::now();
    let invocation = Invocation::new(program, folder).args(arguments);
    let give_up = &mut || start.elapsed() >= PROBE_MAX;
    let done = run_watched(&invocation, ANSWER_MAX, Session::Own, give_up).ok()??;
    let said = String::from_utf8_lossy(&done.stdout);
    let line = said.lines().map(str::trim).find(|line| !line.is_empty())?;
    (done.status == Status::Code(0)).then(|| text::cut(line, VERSION_MAX))
}

fn cells(row: &Row) -> Vec<Cell> {
    let (parser, trust) = match &row.profile {
        Ok(profile) => (profile.parser().as_str(), profile.trust.to_string()),
        Err(_) => ("", "".to_owned()),
    };
    let found = match &row.program {
        Some(_) => "found",
        None => "not found",
    };
    let sandbox = match &row.sandbox {
        Ok(stance) => stance.level.as_str(),
        Err(_) => "cannot",
    };
    vec![
        Cell::new(&row.name),
        Cell::new(found),
        Cell::new(row.version.as_deref().unwrap_or("")),
        Cell::new(parser),
        Cell::new(trust),
        Cell::new(sandbox),
        Cell::new(row.isolation.as_str()),
        Cell::new(row.said.join("; ")),
    ]
}

fn value(row: &Row, roster: &Roster) -> Value {
    let listed = roster.profiles.get(&row.name);
    let (level, why) = match &row.sandbox {
        Ok(stance) => (Some(stance.level.as_str()), stance.why.clone()),
        Err(error) => (None, error.message().to_owned()),
    };
    let mut out = json!({
        "name": row.name,
        "title": row.title,
        "program": row.program,
        "version": row.version,
        "sandbox": {"level": level, "why": why},
        "isolation": row.isolation.as_str(),
        "changed_by": row.said,
        "file": listed.and_then(|listed| listed.file.clone()),
        "overridden": listed.map(|listed| listed.overridden.clone()).unwrap_or_default(),
    });
    match &row.profile {
        Ok(profile) => {
            let data = &profile.data;
            out["parser"] = json!(profile.parser().as_str());
            out["trust"] = json!(profile.trust);
            out["vendor"] = json!(data.vendor);
            out["model"] = json!(profile.model);
            out["effort"] = json!(profile.effort);
            out["efforts"] = json!(data.efforts);
            out["fallback"] = json!(data.fallback);
            out["resumes"] = json!(profile.resumes());
            out["writes"] = json!(data.writes);
        }
        Err(error) => out["error"] = json!(error.message()),
    }
    out
}
