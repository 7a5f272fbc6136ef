//! Which feature a verb is about, and its records.

use std::sync::Arc;

use crate::base::text::foreign;
use crate::base::{ActorId, Error, FeatureId, PackageId, Result};
use crate::commands::Context;
use crate::commands::change;
use crate::commands::reading::{self, Linear};
use crate::state::View;
use crate::state::record::By;
use crate::state::view::FeatureView;
use crate::store::{Load, Store};

/// A feature with its records.
pub(super) struct Found {
    /// Verbatim id.
    pub id: FeatureId,
    /// Its records; only its plan is in them if it was not published yet.
    pub records: FeatureView,
    /// Everything that was loaded.
    pub view: Arc<View>,
}

/// The feature that `word` names: a published one by id, else the one of a plan in the checkout.
/// Without a word it is the only one.
///
/// # Errors
/// Usage: there is none of that name, or there are several.
pub(super) fn find(cx: &mut Context<'_>, store: &Store, word: Option<&str>) -> Result<Found> {
    let view = store.view(&Load::Briefs)?;
    let word = match word {
        Some(word) => word.to_owned(),
        None => only(cx, &view)?,
    };
    let published = FeatureId::parse(&word).filter(|id| view.briefs.contains_key(id));
    if let Some(id) = published {
        return load(store, id);
    }
    let valid = reading::valid(cx, Some(&word), Linear::Allowed).map_err(|e| {
        match e.code() == "change-unknown" {
            true => unknown(&word, &view),
            false => e,
        }
    })?;
    let id = valid.plan.feature.id.clone();
    if view.briefs.contains_key(&id) {
        return load(store, id);
    }
    Ok(Found {
        records: unpublished(cx, &valid)?,
        id,
        view,
    })
}

/// A published feature.
///
/// # Errors
/// Usage: it was not published.
pub(super) fn published(cx: &mut Context<'_>, store: &Store, word: Option<&str>) -> Result<Found> {
    let found = find(cx, store, word)?;
    if found.view.features.contains_key(&found.id) {
        return Ok(found);
    }
    let id = foreign(found.id.as_str()).to_string();
    let message = format!("`{id}` was not published yet");
    Err(Error::usage("not-published", message).hint(format!("git wp approve {id}")))
}

/// `FEATURE/PACKAGE`, or `PACKAGE` where there is but one feature.
pub(super) struct Target {
    /// The feature as written.
    pub feature: Option<String>,
    /// The package.
    pub package: PackageId,
}

/// Reads `FEATURE/PACKAGE`.
///
/// # Errors
/// Usage: it does not have that form.
pub(super) fn package_target(text: &str) -> Result<Target> {
    let (feature, package) = match text.rsplit_once('/') {
        Some((feature, package)) => (Some(feature.to_owned()), package),
        None => (None, text),
    };
    let package = PackageId::parse(package).filter(|_| feature.as_deref() != Some(""));
    let package = package.ok_or_else(|| {
        let message = format!("`{}` is not FEATURE/PACKAGE", foreign(text));
        Error::usage("target", message).hint("git wp status")
    })?;
    Ok(Target { feature, package })
}

/// The published feature that is named, or `FEATURE/PACKAGE`; nothing without a word.
///
/// # Errors
/// Usage: there is no such feature.
pub(super) fn about(
    store: &Store,
    word: Option<&str>,
) -> Result<(Option<FeatureId>, Option<PackageId>)> {
    let Some(word) = word else {
        return Ok((None, None));
    };
    let view = store.view(&Load::Briefs)?;
    let known = |word: &str| FeatureId::parse(word).filter(|id| view.briefs.contains_key(id));
    if let Some(id) = known(word) {
        return Ok((Some(id), None));
    }
    let parts = word.rsplit_once('/');
    let both = parts.and_then(|(f, p)| Some((known(f)?, PackageId::parse(p)?)));
    match both {
        Some((feature, package)) => Ok((Some(feature), Some(package))),
        None => Err(unknown(word, &view)),
    }
}

fn load(store: &Store, id: FeatureId) -> Result<Found> {
    let view = store.view(&Load::Features(vec![id.clone()]))?;
    let records = view.features.get(&id).cloned().unwrap_or_default();
    Ok(Found { id, records, view })
}

fn only(cx: &mut Context<'_>, view: &View) -> Result<String> {
    let mut ids = view.briefs.keys();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id.as_str().to_owned()),
        (None, _) => change::only(&cx.root()?),
        (Some(_), Some(_)) => {
            Err(Error::usage("feature-missing", "which feature?").hint(listed(view)))
        }
    }
}

fn unknown(word: &str, view: &View) -> Error {
    let message = format!("there is no feature or change `{}`", foreign(word));
    let error = Error::usage("feature-unknown", message);
    match view.briefs.is_empty() {
        true => error.hint("git wp approve CHANGE publishes one"),
        false => error.hint(listed(view)),
    }
}

fn listed(view: &View) -> String {
    let ids = view.briefs.keys().take(8);
    let ids: Vec<String> = ids.map(|id| foreign(id.as_str()).to_string()).collect();
    format!("features: {}", ids.join(" "))
}

/// What the records would say right after publishing.
fn unpublished(cx: &mut Context<'_>, valid: &reading::ValidPlan) -> Result<FeatureView> {
    let nobody = ActorId::parse("nobody").expect("a literal in the right form");
    let by = By {
        actor: nobody,
        label: cx.label(),
        at: cx.now(),
    };
    let mut records = FeatureView::default();
    let origin = reading::origin((valid, &records), cx.repo()?.format().null(), by);
    records.plans.insert(origin.hash.clone(), origin);
    Ok(records)
}
