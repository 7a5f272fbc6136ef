//! Kept work becomes the package's attempt: the one that holds it ends, a new one starts at these
//! commits with their result, and whoever integrates judges it as any other.

use crate::base::json::{Map, json};
use crate::base::text::foreign;
use crate::base::{Error, Result};
use crate::commands::adopt::{Found, ref_name};
use crate::commands::confirm::{self, Confirm, Firmness, Outcome};
use crate::commands::task::claim::{LEASE_SECONDS, is_claim_of, planned};
use crate::commands::{Answer, Context, feature, held, kept};
use crate::git::Expected;
use crate::model::{AttemptResult, EndReason, Mode, OutcomeKind};
use crate::os::random;
use crate::report::status::{extent, quoted};
use crate::state::record::{Attempt, Grant};
use crate::state::request::{AttemptFact, Claim, Steal};
use crate::state::{Op, PackageView, Refusal, Request};
use crate::store::{Load, Store};

/// Takes it.
pub(super) fn take(
    cx: &mut Context<'_>,
    store: &Store,
    found: &Found,
    confirm: Confirm,
) -> Result<Answer> {
    if found.beside.accept.is_some() {
        let package = found.package.clone();
        return Err(Error::from(Refusal::AlreadyMerged { package }));
    }
    let session = format!("adopt-{}", found.attempt.attempt.attempt);
    let displaced = found.beside.live().cloned();
    let attempt = match own(&found.beside, &session) {
        Some(attempt) => attempt,
        None => fresh(cx, store, (found, &session))?,
    };
    let known = found.beside.attempts.get(&attempt.attempt);
    let mut changes = Vec::new();
    if known.is_none() {
        changes.push(claim(cx, store, (found, &attempt), displaced.as_ref())?);
    }
    if known.is_none_or(|known| known.result.is_none()) {
        changes.push(result(cx, found, &attempt)?);
    }
    let is_it = |request: &Request| is_claim_of(request, &attempt);
    let mut outcomes = confirm::ask(cx, store, changes, confirm)?;
    let outcome = match known {
        None => outcomes.swap_remove(0),
        Some(_) => confirm::again(cx, store, is_it, confirm)?,
    };
    let firmness = match outcome {
        Outcome::Stands(firmness) => firmness,
        Outcome::Refused(refusal) => return held::refused(&refusal, cx),
    };
    branch(cx, found, &attempt)?;
    let displaced = displaced.filter(|grant| grant.attempt != attempt.attempt);
    told(store, (found, &attempt), displaced.as_ref(), &firmness)
}

/// The attempt of an earlier call that was cut off.
fn own(package: &PackageView, session: &str) -> Option<Attempt> {
    let live = package.attempts.get(&package.live()?.attempt)?;
    let same = live.attempt.session.as_deref() == Some(session);
    same.then(|| live.attempt.clone())
}

/// It starts at the base of the kept work, so that the gate sees all of it.
fn fresh(cx: &mut Context<'_>, store: &Store, (found, session): (&Found, &str)) -> Result<Attempt> {
    let whole = feature::published(cx, store, Some(found.feature.as_str()))?;
    let (origin, item) = planned(store, &whole, &found.package)?;
    let id = random::attempt_id()?;
    let (feature, package) = (found.feature.slug(), found.package.slug());
    Ok(Attempt {
        branch: ref_name(&format!("refs/heads/wp/{feature}/{package}/{id}"))?,
        attempt: id,
        feature: found.feature.clone(),
        package: found.package.clone(),
        number: 0,
        plan: origin.hash,
        definition: item.definition,
        base: found.kept.base.clone(),
        agent: String::new(),
        session: Some(session.to_owned()),
        continues: None,
        mode: Mode::Implement,
        sprout: None,
        run: None,
        by: cx.by()?,
    })
}

type Change = (Op, Vec<crate::base::Oid>);

fn claim(
    cx: &mut Context<'_>,
    store: &Store,
    (found, attempt): (&Found, &Attempt),
    displaced: Option<&Grant>,
) -> Result<Change> {
    let whole = feature::published(cx, store, Some(found.feature.as_str()))?;
    let (_, item) = planned(store, &whole, &found.package)?;
    let old = &found.attempt.attempt.attempt;
    let steal = displaced.map(|grant| Steal {
        epoch: grant.epoch,
        reason: EndReason::Superseded,
        note: format!("{} preferred the work of attempt `{old}`", cx.label()),
    });
    let claim = Claim {
        attempt: attempt.clone(),
        locks: item.locks,
        after: item.after,
        lease_seconds: Some(LEASE_SECONDS),
        steal,
    };
    let needs = vec![attempt.base.clone(), found.kept.head.clone()];
    Ok((Op::Claim(Box::new(claim)), needs))
}

fn result(cx: &mut Context<'_>, found: &Found, attempt: &Attempt) -> Result<Change> {
    let repo = cx.repo()?;
    let head = &found.kept.head;
    let result = AttemptResult {
        outcome: OutcomeKind::Finished,
        head: head.clone(),
        tree: repo.objects().commit(head)?.tree,
        exit_code: None,
        seconds: 0,
        reason: format!("adopted from attempt `{}`", found.attempt.attempt.attempt),
        files_modified: kept::paths(&repo, &attempt.base, head)?,
        claimed: Map::new(),
        log: None,
        tail: String::new(),
        account: None,
        held: None,
        hypotheses: None,
        at: cx.now(),
    };
    let note = Op::Note {
        feature: attempt.feature.clone(),
        package: attempt.package.clone(),
        attempt: attempt.attempt.clone(),
        fact: AttemptFact::Result(Box::new(result)),
    };
    Ok((note, vec![head.clone()]))
}

/// The branch comes after the grant: a claim that lost leaves none.
fn branch(cx: &mut Context<'_>, found: &Found, attempt: &Attempt) -> Result<()> {
    let (repo, durability) = (cx.repo()?, cx.settings()?.durability);
    let refs = repo.refs();
    if refs.read(&attempt.branch)?.is_some() {
        return Ok(());
    }
    let (new, old) = (Some(&found.kept.head), &Expected::Absent);
    let swapped = refs.swap(&attempt.branch, new, old, "wp: adopt", durability);
    swapped.map_err(|error| error.into_error(&attempt.branch))
}

fn told(
    store: &Store,
    (found, attempt): (&Found, &Attempt),
    displaced: Option<&Grant>,
    firmness: &Firmness,
) -> Result<Answer> {
    let view = store.view(&Load::Features(vec![found.feature.clone()]))?;
    let package = view.features.get(&found.feature);
    let package = package.and_then(|f| f.packages.get(&found.package));
    let known = package.and_then(|p| p.attempts.get(&attempt.attempt));
    let old = &found.attempt.attempt;
    let data = json!({
        "feature": attempt.feature,
        "package": attempt.package,
        "attempt": attempt.attempt,
        "epoch": known.and_then(|a| a.epoch),
        "branch": attempt.branch.short(),
        "base": attempt.base,
        "head": found.kept.head,
        "adopted": old.attempt,
        "displaced": displaced.map(|grant| &grant.attempt),
    });
    let name = format!("{}/{}", attempt.feature, attempt.package);
    let mut text = format!(
        "{} is attempt {} now, with the work of {} by {}: {}\n",
        foreign(&name),
        attempt.attempt,
        old.attempt,
        foreign(&old.by.label),
        extent(&found.kept)
    );
    if let Some(grant) = displaced {
        let (id, label) = (&grant.attempt, foreign(&grant.by.label));
        text.push_str(&format!(
            "ended attempt {id} of {label}; its work is kept\n"
        ));
    }
    if *firmness == Firmness::Confirmed {
        let feature = quoted(attempt.feature.as_str());
        text.push_str(&format!(
            "next: git wp implement {feature} checks and merges it\n"
        ));
    }
    Ok(firmness.answer(data, text))
}
