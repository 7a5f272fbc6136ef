//! `git wp audit`: the trail that the chain is, and whether anybody rewrote it.

use crate::base::json::{self, Value, json};
use crate::base::text::{count, foreign};
use crate::base::{ExitCode, Result, Timestamp};
use crate::commands::verbs::audit::{self, AuditEntry, Wanted};
use crate::commands::{Answer, Context};
use crate::report::table::{Cell, Table};

/// Show who did what, newest first, or check that nothing was rewritten
///
/// The trail is the chain of commits on the state ref: it can only grow. Decisions of the guard and
/// of the policy that were enforced are in it, with who asked and the rule that decided. --verify
/// derives every commit anew from the one before it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    git wp audit --feature add-auth --operation claim\n  \
    git wp audit --operation decision --json\n  \
    git wp audit --agent claude-1 --since 2026-01-01T00:00:00Z --json\n  \
    git wp audit --verify")]
pub(super) struct Args {
    /// Only of this agent, clone or user@host
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Only about this feature
    #[arg(long, value_name = "FEATURE")]
    feature: Option<String>,
    /// Only about this package
    #[arg(long, value_name = "PACKAGE")]
    package: Option<String>,
    /// Only this operation; lock finds lock-acquire too
    #[arg(long, value_name = "WORD")]
    operation: Option<String>,
    /// Not before this, as RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// At most this many
    #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
    limit: usize,
    /// Derive the chain anew and say if anything was rewritten
    #[arg(long)]
    verify: bool,
}

/// Shows or verifies it.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    if args.verify {
        return verify(cx);
    }
    let wanted = Wanted {
        agent: args.agent.clone(),
        feature: args.feature.clone(),
        package: args.package.clone(),
        operation: args.operation.clone(),
        since: args.since,
        limit: args.limit,
    };
    let trail = audit::query(&cx.store()?, &wanted)?;
    let mut table = Table::new(0);
    for entry in &trail.entries {
        let at = entry.created_at.to_string();
        table.row(vec![
            Cell::new(entry.commit.short()),
            Cell::new(at.get(..19).unwrap_or(&at).replace('T', " ")),
            Cell::new(&entry.operation),
            Cell::new(shown(entry)),
            Cell::new(&entry.label),
        ]);
    }
    let text = match trail.entries.is_empty() {
        true => "nothing like that was recorded\n".to_owned(),
        false => table.render(cx.ui.page()),
    };
    Ok(Answer::done(json::value(&trail)?, text))
}

/// What it was about; for a decision also what decided it.
fn shown(entry: &AuditEntry) -> String {
    let rules = entry.result["rules"].as_array();
    let rules: Vec<&str> = { rules.into_iter().flatten() }
        .filter_map(Value::as_str)
        .collect();
    match rules.is_empty() {
        true => entry.target.clone(),
        false => format!("{} ({})", entry.target, rules.join(", ")),
    }
}

fn verify(cx: &mut Context<'_>) -> Result<Answer> {
    let derived = cx.store()?.derive()?;
    let rows = derived.findings.iter();
    let rows: Vec<_> = rows
        .map(|(commit, what)| json!({"commit": commit, "what": what}))
        .collect();
    let mut text = format!(
        "{} in {} derived anew\n",
        count(derived.transactions, "transaction"),
        count(derived.commits, "commit")
    );
    for (commit, what) in &derived.findings {
        text.push_str(&format!("{}: {}\n", commit.short(), foreign(what)));
    }
    let sound = derived.findings.is_empty();
    text.push_str(match sound {
        true => "nothing was rewritten\n",
        false => "next: git wp doctor\n",
    });
    let data = json!({
        "sound": sound,
        "commits": derived.commits,
        "transactions": derived.transactions,
        "findings": rows,
    });
    let answer = Answer::done(data, text);
    Ok(match sound {
        true => answer,
        false => answer.exit(ExitCode::Negative),
    })
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "it is no RFC 3339 time".to_owned())
}
