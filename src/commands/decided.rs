//! Decisions of the guard and of the policy that are enforced leave a record: beside the act where
//! something is allowed, alone where it is not. Questions whose answer binds nobody leave none.

use crate::base::{AttemptId, Oid, Result};
use crate::commands::Context;
use crate::config::environment::{self, ATTEMPT};
use crate::guard::policy::Decision;
use crate::model::Trust;
use crate::state::Op;
use crate::state::asked::Said;
use crate::state::record::{Decided, Judge, Sentence};
use crate::store::{Seat, Store};

/// A yes that has to be recorded with what it permits.
#[must_use = "what was allowed has to be recorded"]
#[derive(Debug)]
pub(super) struct Permit {
    op: Op,
}

impl Permit {
    /// The change that records it, to be submitted with the act.
    pub(super) fn change(self) -> (Op, Vec<Oid>) {
        (self.op, Vec::new())
    }

    /// Nothing was done in the end, so there is nothing to record.
    pub(super) fn unused(self) {}
}

/// A decision that says nothing yet but who asked.
///
/// # Errors
/// As [`Context::actor`].
pub(super) fn blank(cx: &mut Context<'_>, judge: Judge, operation: &str) -> Result<Decided> {
    let text = |name: &str| cx.env().text(name).map(str::to_owned);
    Ok(Decided {
        judge,
        operation: operation.to_owned(),
        resource: String::new(),
        sentence: Sentence::Deny,
        rules: Vec::new(),
        reason: String::new(),
        trust: 0,
        profile: None,
        feature: None,
        package: None,
        agent: text("AGENT_ID"),
        kind: text("AGENT_TYPE"),
        session: text(ATTEMPT).or_else(|| text("SESSION_ID")),
        by: cx.by()?,
    })
}

/// What the policy decided, as a record.
///
/// # Errors
/// As [`Context::actor`].
pub(super) fn of_policy(cx: &mut Context<'_>, decision: &Decision) -> Result<Decided> {
    Ok(Decided {
        resource: decision.resource.clone(),
        sentence: match decision.allowed {
            true => Sentence::Allow,
            false => Sentence::Deny,
        },
        rules: vec![decision.rule.as_str().to_owned()],
        reason: decision.reason.clone(),
        trust: level(decision.has_trust),
        profile: decision.profile.clone(),
        ..blank(cx, Judge::Policy, &decision.operation)?
    })
}

/// A trust level as records have it.
pub(super) fn level(trust: Trust) -> u32 {
    u32::from(trust.level())
}

/// Something was allowed.
pub(super) fn allowed(cx: &Context<'_>, decided: Decided) -> Permit {
    Permit {
        op: op(cx, decided),
    }
}

/// Something was refused, which is recorded at once. The refusal stands whether or not that works.
pub(super) fn denied(cx: &mut Context<'_>, decided: Decided) {
    let store = cx.store();
    let recorded = store.and_then(|store| record(cx, &store, decided));
    if let Err(error) = recorded {
        let message = format!("the refusal was not recorded: {error}");
        cx.ui.warn("unrecorded", &message);
    }
}

/// A verb that is for people was called in a room. Its supervisor records that, if it likes.
pub(super) fn in_room(cx: &mut Context<'_>, verb: &str) {
    let attempt = cx.env().attempt().ok().flatten();
    let Some(attempt) = attempt.or_else(|| cx.room_id().ok().flatten()) else {
        return;
    };
    if let Err(error) = leave(cx, attempt, verb) {
        cx.ui
            .detail(&format!("the refusal was not recorded: {error}"));
    }
}

fn leave(cx: &mut Context<'_>, attempt: AttemptId, verb: &str) -> Result<()> {
    let decided = Decided {
        rules: vec![environment::IN_ROOM.to_owned()],
        reason: "it is for a person and not for an attempt".to_owned(),
        session: Some(attempt.to_string()),
        ..blank(cx, Judge::Policy, verb)?
    };
    // Not every agent hands our variables on: the place says enough.
    let (repo, settings) = (cx.repo()?, cx.settings()?);
    let store = Store::open(&repo, &settings, Seat::Room { attempt });
    record(cx, &store, decided)
}

fn record(cx: &mut Context<'_>, store: &Store, decided: Decided) -> Result<()> {
    let op = op(cx, decided);
    cx.change(store, op).map(drop)
}

fn op(cx: &Context<'_>, decided: Decided) -> Op {
    let mut op = Op::Say(Box::new(Said::Decided(decided)));
    op.redact(&cx.redactor());
    op
}
