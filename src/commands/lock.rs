//! `git wp lock`: locks outside packages, for people and other tools.

use clap::Subcommand;

use crate::base::json::{Value, json};
use crate::base::text::foreign;
use crate::base::{Error, Result, json};
use crate::commands::confirm::{self, Confirm, Firmness, Outcome};
use crate::commands::held;
use crate::commands::{Answer, Context};
use crate::model::LockKey;
use crate::os::random;
use crate::report::table::{Cell, Table};
use crate::scope::Pattern;
use crate::state::Op;
use crate::store::Load;

/// Take and give back locks outside packages
///
/// A key is a path, a glob, or a logical key such as `api:GET /v1/users`. Packages that run hold
/// their keys and files the same way, so both see each other.
#[derive(Debug, clap::Args)]
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
    /// Show locks outside packages
    List,
}

#[derive(Debug, clap::Args)]
struct Acquire {
    /// Path, glob or logical key
    key: String,
    /// The session that will hold it; a fresh one if none is named
    #[arg(long, visible_alias = "as", value_name = "NAME")]
    session: Option<String>,
    /// Why, for those who have to wait
    #[arg(short = 'm', long)]
    reason: Option<String>,
    /// The lease in minutes; 0 records an intent that excludes nobody
    #[arg(long, default_value_t = 120, value_name = "MINUTES")]
    ttl: u32,
    #[command(flatten)]
    confirm: Confirm,
}

#[derive(Debug, clap::Args)]
struct Release {
    /// The key as it was taken
    key: String,
    /// The session that holds it; without it, a lock that this clone took
    #[arg(long, visible_alias = "as", value_name = "NAME")]
    session: Option<String>,
    #[command(flatten)]
    confirm: Confirm,
}

/// Does what the sub-verb says.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    match &args.verb {
        Verb::Acquire(args) => acquire(args, cx),
        Verb::Release(args) => release(args, cx),
        Verb::List => list(cx),
    }
}

fn acquire(args: &Acquire, cx: &mut Context<'_>) -> Result<Answer> {
    check_key(&args.key, &cx.settings()?.project.locks.namespaces)?;
    let store = cx.store()?;
    let session = held::session(cx, args.session.as_deref())?;
    let attempt = random::attempt_id()?;
    let op = Op::LockAcquire {
        attempt: attempt.clone(),
        key: args.key.clone(),
        session: session.clone(),
        reason: args.reason.clone(),
        ttl_minutes: args.ttl,
        steal: None,
    };
    let firmness = match confirm::ask_one(cx, &store, (op, Vec::new()), args.confirm)? {
        Outcome::Stands(firmness) => firmness,
        Outcome::Refused(refusal) => return held::refused(&refusal, cx),
    };
    let epoch = match firmness {
        Firmness::Confirmed | Firmness::Provisional { .. } if args.ttl > 0 => {
            let view = store.view(&Load::Briefs)?;
            let lock = view.locks.get(&args.key);
            let mut grants = lock.into_iter().flat_map(|l| l.grants.values());
            grants.find(|g| g.attempt == attempt).map(|g| g.epoch)
        }
        _ => None,
    };
    let data = json!({
        "key": args.key,
        "session": session,
        "attempt": attempt,
        "epoch": epoch,
        "intent": args.ttl == 0,
    });
    let key = foreign(&args.key).to_string();
    let what = if args.ttl == 0 { "announced" } else { "locked" };
    let text = format!("{what} `{key}` for session {}\n", foreign(&session));
    Ok(firmness.answer(data, text))
}

fn release(args: &Release, cx: &mut Context<'_>) -> Result<Answer> {
    let store = cx.store()?;
    let session = match (&args.session, cx.env().attempt()?) {
        (Some(session), _) => Some(session.clone()),
        (None, Some(attempt)) => Some(attempt.as_str().to_owned()),
        (None, None) => None,
    };
    let op = Op::LockRelease {
        key: args.key.clone(),
        session,
    };
    match confirm::ask_one(cx, &store, (op, Vec::new()), args.confirm)? {
        Outcome::Stands(firmness) => {
            let text = format!("released `{}`\n", foreign(&args.key));
            Ok(firmness.answer(json!({"key": args.key}), text))
        }
        Outcome::Refused(refusal) => held::refused(&refusal, cx),
    }
}

fn list(cx: &mut Context<'_>) -> Result<Answer> {
    let view = cx.store()?.view(&Load::Briefs)?;
    let mut rows: Vec<Value> = Vec::new();
    let mut table = Table::new(0);
    table.head(&["key", "session", "by", "since", "reason"]);
    for (key, lock) in &view.locks {
        let live = lock.live().map(|(_, claim)| claim);
        for claim in live.into_iter().chain(lock.intents()) {
            rows.push(json::value(claim)?);
            table.row(vec![
                Cell::new(key),
                Cell::new(&claim.session),
                Cell::new(&claim.by.label),
                Cell::new(claim.by.at.to_string()),
                Cell::new(claim.reason.as_deref().unwrap_or("")),
            ]);
        }
    }
    let text = match rows.is_empty() {
        true => "nothing is locked outside packages\n".to_owned(),
        false => table.render(cx.ui.page()),
    };
    let data = json!({"locks": rows, "count": rows.len(), "truncated": false});
    Ok(Answer::done(data, text))
}

/// A known namespace makes it a logical key, anything else has to be a pattern.
fn check_key(key: &str, namespaces: &[String]) -> Result<()> {
    let Err(why) = LockKey::parse(key, namespaces) else {
        return Ok(());
    };
    let looks_logical = key
        .split_once(':')
        .is_some_and(|(name, _)| !name.contains('/'));
    if !looks_logical && Pattern::parse(key).is_ok() {
        return Ok(());
    }
    let why = match (looks_logical, Pattern::parse(key)) {
        (false, Err(error)) => error.to_string(),
        _ => why,
    };
    let message = format!("`{}` is no lock key: {why}", foreign(key));
    Err(Error::usage("lock-key", message).hint("for instance: api:GET /v1/users, or src/a/**"))
}
