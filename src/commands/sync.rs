//! `git wp sync`: exchange the state with the remote whose state decides.

use crate::base::text::foreign;
use crate::base::{Error, ExitCode, Kind, Result, json};
use crate::commands::decided::Permit;
use crate::commands::{Answer, Context, exchange, kept, policy};
use crate::report;
use crate::report::sync::{ClaimRow, LostRow, RefusedRow, SyncView};
use crate::state::{Op, View};
use crate::store::sync::{Claimed, SyncMode, SyncReport, SyncResult};
use crate::store::{Load, Store};

/// Exchange the state with the remote that decides
///
/// Fetches what others recorded, joins it, asks for what this clone wants to hold, and pushes it
/// all at once, with the work that it names. Exits with 3 if others were faster with something that
/// was claimed here, with 4 if the remote did not answer, with 6 if its state was moved back or
/// replaced. Nothing is lost in any of these.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp sync
  git wp sync --dry-run")]
pub(super) struct Args {
    /// The remote; it must be the one that `git wp init --remote` made the authority
    #[arg(long, value_name = "REMOTE")]
    remote: Option<String>,
    /// Say what would happen; push nothing and take nothing over
    #[arg(long)]
    dry_run: bool,
    /// Go on with what the remote has now, although it does not follow what was seen there
    #[arg(long, conflicts_with = "dry_run")]
    accept_rewind: bool,
}

/// Exchanges.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let mode = match (args.dry_run, args.accept_rewind) {
        (true, _) => SyncMode::DryRun,
        (false, true) => SyncMode::AcceptRewind,
        (false, false) => SyncMode::Normal,
    };
    if mode == SyncMode::AcceptRewind {
        cx.refuse_in_room("sync --accept-rewind")?;
    }
    let name = authority(args.remote.as_deref(), cx)?;
    // An attempt never exchanges; its supervisor does.
    cx.env().refuse_in_room("sync")?;
    let permit = policy::demand(cx, "sync", (&name, None))?;
    let store = cx.store()?;
    record(cx, &store, (permit, mode))?;
    let report = exchange::run(cx, &store, mode).map_err(|error| {
        match error.kind() == Kind::Damaged && error.hints().is_empty() {
            true => error
                .hint("nothing was changed here, and work here goes on")
                .hint(format!(
                    "whoever keeps `{}` has to look at it",
                    foreign(&name)
                )),
            false => error,
        }
    })?;
    if report.result == SyncResult::Rewound {
        return Err(exchange::rewound(&report));
    }
    let exit = exit(&report);
    let view = view(cx, &store, (name, mode), report)?;
    let text = report::sync::render(&view, cx.ui.page());
    Ok(Answer::done(json::value(&view)?, text).exit(exit))
}

/// What permits a push goes along with it; where nothing would be pushed, nothing is recorded.
fn record(cx: &mut Context<'_>, store: &Store, (permit, mode): (Permit, SyncMode)) -> Result<()> {
    if mode == SyncMode::DryRun || !store.has_news()? {
        permit.unused();
        return Ok(());
    }
    for answer in cx.submit(store, vec![permit.change()])? {
        answer.map_err(Error::from)?;
    }
    Ok(())
}

/// The one remote whose state decides.
fn authority(asked: Option<&str>, cx: &mut Context<'_>) -> Result<String> {
    match (cx.settings()?.remote, asked) {
        (Some(set), Some(asked)) if set != asked => {
            let (set, asked) = (foreign(&set), foreign(asked));
            let message = format!("`{set}` decides here, and only one remote can: not `{asked}`");
            Err(Error::usage("other-remote", message).hint("git wp sync"))
        }
        (Some(set), _) => Ok(set),
        (None, Some(asked)) => {
            let asked = foreign(asked).to_string();
            let message = format!("`{asked}` was not made the authority of this clone yet");
            Err(Error::usage("no-remote", message).hint(format!("git wp init --remote {asked}")))
        }
        (None, None) => Err(exchange::no_remote()),
    }
}

/// How a command ends that made this exchange.
pub(super) fn exit(report: &SyncReport) -> ExitCode {
    // Locks and tasks: claims of packages are superseded.
    let is_claim = |op: &Op| op.claims().is_some() && !matches!(op, Op::Claim(_));
    let lost =
        !report.superseded.is_empty() || report.refused.iter().any(|v| is_claim(&v.request.op));
    match report.result {
        SyncResult::Offline => ExitCode::Provisional,
        _ if lost => ExitCode::Lost,
        SyncResult::Rewound => ExitCode::Damaged,
        SyncResult::InSync | SyncResult::Pushed | SyncResult::Adopted => ExitCode::Done,
    }
}

/// The exchange as people and programs see it.
///
/// # Errors
/// The state cannot be read.
pub(super) fn view(
    cx: &mut Context<'_>,
    store: &Store,
    (remote, mode): (String, SyncMode),
    report: SyncReport,
) -> Result<SyncView> {
    let features = report.superseded.iter().map(|c| c.feature.clone());
    let state = store.view(&Load::Features(features.collect()))?;
    let me = cx.actor()?;
    let mut superseded = Vec::new();
    for claimed in &report.superseded {
        superseded.push(lost(cx, &state, claimed)?);
    }
    let refused = report.refused.iter().filter_map(|verdict| {
        let refusal = verdict.refused.as_ref()?;
        Some(RefusedRow {
            op: verdict.request.op.name().to_owned(),
            target: verdict.request.op.target(),
            code: refusal.code().to_owned(),
            message: refusal.to_string(),
        })
    });
    Ok(SyncView {
        remote,
        result: report.result.as_str().to_owned(),
        dry_run: mode == SyncMode::DryRun,
        confirmed: report.confirmed.iter().map(row).collect(),
        superseded,
        refused: refused.collect(),
        facts_in: report.facts_in,
        facts_out: report.facts_out,
        tries: report.tries,
        pending: state.pending(&me).len(),
        notes: report.notes,
    })
}

fn row(claimed: &Claimed) -> ClaimRow {
    ClaimRow {
        feature: claimed.feature.clone(),
        package: claimed.package.clone(),
        attempt: claimed.attempt.clone(),
    }
}

fn lost(cx: &mut Context<'_>, state: &View, claimed: &Claimed) -> Result<LostRow> {
    let feature = state.features.get(&claimed.feature);
    let package = feature.and_then(|f| f.packages.get(&claimed.package));
    let attempt = package.and_then(|p| p.attempts.get(&claimed.attempt));
    let why = attempt
        .and_then(|a| a.end.as_ref())
        .map(|end| end.note.clone());
    let kept = match attempt {
        Some(attempt) => kept::of(&cx.repo()?, attempt)?,
        None => None,
    };
    Ok(LostRow {
        feature: claimed.feature.clone(),
        package: claimed.package.clone(),
        attempt: claimed.attempt.clone(),
        why: why.unwrap_or_else(|| "others were faster".to_owned()),
        kept,
    })
}
