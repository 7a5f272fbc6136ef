//! `git wp lock`: locks outside packages, for people and other tools.

use clap::Subcommand;

use crate::base::json::{self, json};
use crate::base::text::foreign;
use crate::base::{Result, Timestamp};
use crate::commands::confirm::Confirm;
use crate::commands::held;
use crate::commands::verbs::Reply;
use crate::commands::verbs::identity::{IdentityArgs, identity};
use crate::commands::verbs::locks::{self, Wish};
use crate::commands::{Answer, Context};
use crate::report::status::quoted;
use crate::report::table::{Cell, Table};

/// Take and give back locks outside packages
///
/// A key is a path, a glob, or a logical key such as `api:GET /v1/users`. Packages that run hold
/// their keys and files the same way, so both see each other.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp lock acquire src/api/users.rs --session ann -m \"moving it\"
  git wp lock list
  git wp lock release src/api/users.rs --session ann")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Take a lock; exit 3 if somebody else holds it
    Acquire(Acquire),
    /// Give a lock back
    Release(Release),
    /// Show what is locked, by sessions and by packages
    List(List),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    git wp lock acquire src/api/users.rs --session ann -m \"moving it\"\n  \
    git wp lock acquire 'api:GET /v1/users' --ttl 30\n  \
    git wp lock acquire db:schema:users --ttl 0 --session add-auth/wp-api    # an intent")]
struct Acquire {
    /// Path, glob or logical key
    key: String,
    /// Why, for those who have to wait
    #[arg(short = 'm', long)]
    reason: Option<String>,
    /// The lease in minutes; 0 records an intent that excludes nobody
    #[arg(long, default_value_t = 120, value_name = "MINUTES")]
    ttl: u32,
    #[command(flatten)]
    who: IdentityArgs,
    #[command(flatten)]
    confirm: Confirm,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  git wp lock list\n  git wp lock list 'src/api/**' api:GET /v1"
)]
struct List {
    /// Only what has a path or a key in common with one of these
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  git wp lock release src/api/users.rs --session ann")]
struct Release {
    /// The key as it was taken
    key: String,
    #[command(flatten)]
    who: IdentityArgs,
    #[command(flatten)]
    confirm: Confirm,
}

/// Does what the sub-verb says.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    match &args.verb {
        Verb::Acquire(args) => acquire(args, cx),
        Verb::Release(args) => release(args, cx),
        Verb::List(args) => list(args, cx),
    }
}

fn acquire(args: &Acquire, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let who = identity(cx, &args.who)?;
    let wish = Wish {
        key: args.key.clone(),
        reason: args.reason.clone(),
        ttl_minutes: args.ttl,
    };
    let reply = locks::acquire(cx, &store, (&wish, &who), args.confirm)?;
    reply.answer(cx, |taken| {
        let what = match (taken.intent, taken.refreshed) {
            (true, _) => "announced",
            (false, true) => "renewed",
            (false, false) => "locked",
        };
        let (key, session) = (foreign(&taken.key), foreign(&taken.session));
        let until = match taken.expires_at {
            Some(at) => format!(", until {}", at.brief()),
            None => String::new(),
        };
        let (key_word, session_word) = (quoted(&taken.key), quoted(&taken.session));
        let next = format!(
            "git wp lock release {} --session {}",
            foreign(&key_word),
            foreign(&session_word)
        );
        format!("{what} `{key}` for session {session}{until}\nnext: {next}\n")
    })
}

fn release(args: &Release, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let who = identity(cx, &args.who)?;
    let own = (args.key.as_str(), who.named_session());
    let reply = locks::release(cx, &store, own, args.confirm)?;
    Ok(match reply {
        Reply::Done(key, firmness) => {
            let text = format!("released `{}`\n", foreign(&key));
            firmness.answer(json!({"key": key}), text)
        }
        Reply::Refused(refusal) => return held::refused(&refusal, cx),
    })
}

fn list(args: &List, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let rows = locks::list(cx, &store, &args.keys)?;
    let mut table = Table::new(0);
    table.head(&["key", "held by", "by", "since", "until", "reason"]);
    for row in &rows {
        let holder = match (&row.session, &row.feature, &row.package) {
            (Some(session), _, _) if row.intent => format!("intent of {session}"),
            (Some(session), _, _) => session.clone(),
            (None, Some(feature), Some(package)) => format!("{feature}/{package}"),
            (None, _, _) => row.attempt.to_string(),
        };
        let reason = row.reason.clone().unwrap_or_default();
        let reason = match row.lapsed {
            true => format!("{reason} (lapsed)"),
            false => reason,
        };
        table.row(vec![
            Cell::new(&row.key),
            Cell::new(holder),
            Cell::new(&row.label),
            Cell::new(row.locked_at.brief()),
            Cell::new(row.expires_at.map_or_else(String::new, Timestamp::brief)),
            Cell::new(reason.trim()),
        ]);
    }
    let text = match rows.is_empty() {
        true => "nothing is locked\n".to_owned(),
        false => table.render(cx.ui.page()),
    };
    let data = json!({
        "locks": json::value(&rows)?,
        "count": rows.len(),
        "truncated": false,
    });
    Ok(Answer::done(data, text))
}
