//! Asking for a change, and how far it got: granted, waiting for an authority elsewhere, or lost.
//!
//! Where this repository is its own authority, what the store accepted is confirmed. Elsewhere a
//! right that was asked for is provisional until a sync; `--sync` makes one at once.

use crate::base::json::{Value, json};
use crate::base::text::foreign;
use crate::base::{Error, ExitCode, Kind, Oid, Result};
use crate::commands::{Answer, Context, exchange};
use crate::state::{Op, Refusal, Request, View};
use crate::store::{Accepted, Load, Store};

/// Whether a command asks the authority by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub(super) struct Confirm {
    /// Ask the remote at once and answer with what it says
    #[arg(long)]
    sync: bool,
}

/// What became of something that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It stands, as firmly as this says.
    Stands(Firmness),
    /// Somebody else was faster, or a rule forbids it.
    Refused(Refusal),
}

/// How firmly something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Firmness {
    /// The authority granted it.
    Confirmed,
    /// The supervisor of the room decides.
    Queued,
    /// It waits for the authority.
    Provisional {
        /// The remote.
        remote: String,
        /// Why the remote has not said anything, if it was asked.
        unheard: Option<String>,
    },
}

/// Asks for changes in this order.
///
/// # Errors
/// The store or the exchange with the remote failed; a refusal is an answer.
pub(super) fn ask(
    cx: &mut Context<'_>,
    store: &Store,
    changes: Vec<(Op, Vec<Oid>)>,
    confirm: Confirm,
) -> Result<Vec<Outcome>> {
    let mut requests = Vec::new();
    for (op, needs) in changes {
        requests.push(cx.request(op, needs)?);
    }
    let mut outcomes = submit(cx, store, &requests)?;
    if !confirm.sync || cx.settings()?.remote.is_none() {
        return Ok(outcomes);
    }
    let is_refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused(_));
    let mut unheard = None;
    if outcomes.iter().any(is_refused) {
        // What is known here may be old: the authority's word counts.
        unheard = heard(cx, store)?;
        if unheard.is_none() {
            outcomes = submit(cx, store, &requests)?;
        }
    }
    if unheard.is_none() && outcomes.iter().any(Outcome::waits) {
        unheard = heard(cx, store)?;
    }
    for (request, outcome) in requests.iter().zip(&mut outcomes) {
        if outcome.waits() {
            *outcome = standing(cx, store, request, unheard.as_deref())?;
        }
    }
    Ok(outcomes)
}

/// Why the authority did not answer, if it did not. What was asked for is recorded by now, so a
/// host that takes nothing, or is too busy, is no failure of it.
fn heard(cx: &mut Context<'_>, store: &Store) -> Result<Option<String>> {
    match exchange::now(cx, store) {
        Err(error) if matches!(error.kind(), Kind::Busy | Kind::Policy) => {
            Ok(Some(error.message().to_owned()))
        }
        other => other,
    }
}

fn submit(cx: &mut Context<'_>, store: &Store, requests: &[Request]) -> Result<Vec<Outcome>> {
    let answers = store.submit(requests.to_vec())?;
    let mut outcomes = Vec::new();
    for (request, answer) in requests.iter().zip(answers) {
        outcomes.push(match answer {
            Err(refusal) => Outcome::Refused(refusal),
            Ok(Accepted::Queued) => Outcome::Stands(Firmness::Queued),
            Ok(Accepted::Committed(_) | Accepted::Unchanged) => standing(cx, store, request, None)?,
        });
    }
    Ok(outcomes)
}

/// Asks for one change.
///
/// # Errors
/// As [`ask`].
pub(super) fn ask_one(
    cx: &mut Context<'_>,
    store: &Store,
    change: (Op, Vec<Oid>),
    confirm: Confirm,
) -> Result<Outcome> {
    let outcome = ask(cx, store, vec![change], confirm)?.pop();
    outcome.ok_or_else(|| Error::bug("the store gave no answer"))
}

/// How firmly something stands that was granted or filed earlier: `waits` tells whether a request
/// is about it.
///
/// # Errors
/// The store or the exchange with the remote failed.
pub(super) fn again(
    cx: &mut Context<'_>,
    store: &Store,
    waits: impl Fn(&Request) -> bool,
    confirm: Confirm,
) -> Result<Outcome> {
    let request = pending(cx, store)?.into_iter().find(waits);
    let remote = cx.settings()?.remote;
    let unheard = match &remote {
        Some(_) if confirm.sync => heard(cx, store)?,
        Some(_) | None => None,
    };
    match (request, remote) {
        (Some(request), _) => standing(cx, store, &request, unheard.as_deref()),
        (None, Some(remote)) if unheard.is_some() => {
            Ok(Outcome::Stands(Firmness::Provisional { remote, unheard }))
        }
        (None, _) => Ok(Outcome::Stands(Firmness::Confirmed)),
    }
}

/// Requests of this clone that wait for the authority.
fn pending(cx: &mut Context<'_>, store: &Store) -> Result<Vec<Request>> {
    if cx.settings()?.remote.is_none() {
        return Ok(Vec::new());
    }
    let me = cx.actor()?;
    let waiting = store.view(&Load::Briefs)?.pending(&me);
    Ok(waiting.into_iter().map(|filed| filed.request).collect())
}

/// How firmly something stands that was accepted here: what the authority made of it, else whether
/// it, or what made it unnecessary, still waits.
fn standing(
    cx: &mut Context<'_>,
    store: &Store,
    request: &Request,
    unheard: Option<&str>,
) -> Result<Outcome> {
    let Some(remote) = cx.settings()?.remote else {
        return Ok(Outcome::Stands(Firmness::Confirmed));
    };
    let features = request.op.feature().cloned().into_iter().collect();
    let view = store.view(&Load::Features(features))?;
    if let Some(refused) = ruling(&view, request) {
        return Ok(match refused {
            Some(refusal) => Outcome::Refused(refusal),
            None => Outcome::Stands(Firmness::Confirmed),
        });
    }
    let same = |other: &Request| {
        other.txn == request.txn
            || (other.op.name(), other.op.target()) == (request.op.name(), request.op.target())
    };
    let unheard = unheard.map(str::to_owned);
    Ok(Outcome::Stands(
        match pending(cx, store)?.iter().any(same) {
            true => Firmness::Provisional { remote, unheard },
            false => Firmness::Confirmed,
        },
    ))
}

/// `None`: none yet; else the refusal, if it is one.
fn ruling(view: &View, request: &Request) -> Option<Option<Refusal>> {
    let ruling = match &request.op {
        op if op.lock().is_some() => {
            let lock = op.lock().and_then(|key| view.locks.get(key));
            lock?.rulings.get(&request.txn)
        }
        Op::Task(_) => {
            let mut tasks = view.tasks.values();
            tasks.find_map(|task| task.rulings.get(&request.txn))
        }
        op => {
            let feature = view.features.get(op.feature()?)?;
            feature.rulings.get(&request.txn)
        }
    };
    ruling.map(|ruling| ruling.refused.clone())
}

impl Confirm {
    /// Asks the remote, where one decides.
    pub(super) fn asked() -> Self {
        Confirm { sync: true }
    }

    /// True if the authority is asked.
    pub(super) fn is_asked(self) -> bool {
        self.sync
    }
}

impl Outcome {
    fn waits(&self) -> bool {
        matches!(self, Outcome::Stands(Firmness::Provisional { .. }))
    }

    /// How firmly it stands.
    ///
    /// # Errors
    /// The refusal.
    pub(super) fn firmness(self) -> Result<Firmness> {
        match self {
            Outcome::Stands(firmness) => Ok(firmness),
            Outcome::Refused(refusal) => Err(Error::from(refusal)),
        }
    }
}

impl Firmness {
    /// The word of `claim` in JSON.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Firmness::Confirmed => "confirmed",
            Firmness::Queued => "queued",
            Firmness::Provisional { .. } => "provisional",
        }
    }

    /// What is not confirmed is provisional.
    pub(super) fn exit(&self) -> ExitCode {
        match self {
            Firmness::Confirmed => ExitCode::Done,
            Firmness::Queued | Firmness::Provisional { .. } => ExitCode::Provisional,
        }
    }

    /// An answer that says how firm it is: as `claim` and exit code, and for people in the last
    /// lines.
    pub(super) fn answer(&self, mut data: Value, mut text: String) -> Answer {
        data["claim"] = json!(self.word());
        if let Firmness::Provisional { remote, unheard } = self {
            let remote = foreign(remote);
            if let Some(why) = unheard {
                text.push_str(&format!("{remote} has not said yes: {}\n", foreign(why)));
                data["note"] = json!(why);
            }
            text.push_str(&format!("provisional until {remote} confirms it\n"));
            text.push_str("next: git wp sync\n");
        }
        Answer::done(data, text).exit(self.exit())
    }
}
