//! What `init` answers.

use crate::base::json::{Value, json};
use crate::base::text::{count, foreign};
use crate::base::{AttemptId, FeatureId, PackageId, Result, json};
use crate::commands::init::first::Made;
use crate::commands::{Answer, Context, remote, sync};
use crate::model::EndReason;
use crate::report::view::{ClaimWord, claim};
use crate::state::View;
use crate::store::sync::{SyncMode, SyncResult};
use crate::store::{Load, Store};

/// What is set, without asking anybody.
pub(super) fn standing(cx: &mut Context<'_>) -> Result<Answer> {
    let (settings, store) = (cx.settings()?, cx.store()?);
    let view = store.view(&Load::Briefs)?;
    let Some(name) = &settings.remote else {
        let mut data = data(&view);
        data["remote"] = Value::Null;
        let text = "this repository is its own authority\n\
                    to work from several machines: git wp init --remote origin\n";
        return Ok(Answer::done(data, text));
    };
    let url = cx.repo()?.remote(name).ok().map(|remote| remote.url());
    let mut data = data(&view);
    data["remote"] = json!(name);
    data["url"] = json!(url);
    data["ref"] = json!(settings.remote_ref);
    data["atomic"] = json!(settings.atomic);
    let url = url.unwrap_or_else(|| "no such remote".to_owned());
    let (name, url) = (foreign(name), foreign(&url));
    let mut text = format!("{name} ({url}) decides, with {}\n", settings.remote_ref);
    if let Some(standing) = remote::standing(cx, &store, &view)? {
        data["pending"] = json!(standing.pending);
        data["newer"] = json!(standing.newer);
        data["frozen"] = json!(standing.frozen);
        text.push_str(&standing.lines(cx.ui.page()));
    }
    Ok(Answer::done(data, text))
}

fn data(view: &View) -> Value {
    let authority = view.authority.as_ref();
    json!({
        "authority": authority.map(|a| &a.id),
        "generation": authority.map(|a| a.generation),
    })
}

/// What was set up, and what the first exchange came to.
pub(super) fn answer(cx: &mut Context<'_>, made: Made) -> Result<Answer> {
    let (settings, store) = (cx.settings()?, cx.store()?);
    let exit = sync::exit(&made.report);
    let (name, url) = (made.remote.name().to_owned(), made.remote.url());
    let grants = grants(&store, &made)?;
    let result = made.report.result;
    let shown = sync::view(cx, &store, (name.clone(), SyncMode::Normal), made.report)?;
    let view = store.view(&Load::Briefs)?;
    let mut all = json::value(&shown)?;
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), data(&view)) {
        all.extend(more);
    }
    all["url"] = json!(url);
    all["ref"] = json!(settings.remote_ref);
    all["atomic"] = json!(settings.atomic);
    all["already"] = json!(made.already);
    all["fallback"] = json!(made.fallback);
    all["written"] = json!(made.written);
    let rows = grants.iter().map(|((feature, package, attempt), word)| {
        json!({"feature": feature, "package": package, "attempt": attempt, "claim": word})
    });
    all["grants"] = rows.collect();
    let decides = match made.already {
        true => "decides already",
        false => "decides from now on",
    };
    let (name, url) = (foreign(&name), foreign(&url));
    let mut text = format!("{name} ({url}) {decides}, with {}\n", settings.remote_ref);
    if let Some(why) = &made.fallback {
        text.push_str(&format!("not with refs/wp/state: {}\n", foreign(why)));
    }
    if !settings.atomic {
        text.push_str("it takes one ref after the other: the work goes first, then the state\n");
    }
    if result == SyncResult::Adopted && !made.already {
        let features = count(view.briefs.len(), "feature");
        text.push_str(&format!("this clone has its state now: {features}\n"));
    } else {
        text.push_str(&crate::report::sync::render(&shown, cx.ui.page()));
    }
    for ((feature, package, attempt), word) in &grants {
        let name = format!("{feature}/{package}");
        let name = foreign(&name);
        text.push_str(&format!(
            "held here before: {name}, attempt {attempt}: {word}\n"
        ));
    }
    if !made.written.is_empty() {
        let keys = made.written.join(", ");
        text.push_str(&format!("wrote to git config: {keys}\n"));
        text.push_str("quiet history: git log --exclude='refs/wp/*' --all\n");
    }
    if result != SyncResult::Offline {
        text.push_str("next: git wp status\n");
    }
    Ok(Answer::done(all, text).exit(exit))
}

type Granted = ((FeatureId, PackageId, AttemptId), &'static str);

/// What became of grants that this clone had made by itself.
fn grants(store: &Store, made: &Made) -> Result<Vec<Granted>> {
    let features = made.grants.iter().map(|(feature, ..)| feature.clone());
    let view = store.view(&Load::Features(features.collect()))?;
    let word = |(feature, package, attempt): &(FeatureId, PackageId, AttemptId)| {
        let package = view.features.get(feature)?.packages.get(package)?;
        let known = package.attempts.get(attempt)?;
        Some(match &known.end {
            Some(end) => end.reason.as_str(),
            None if view.tentative.grants.contains(attempt) => ClaimWord::Provisional.as_str(),
            None => claim(known).as_str(),
        })
    };
    let all = made.grants.iter().map(|of| {
        let word = word(of).unwrap_or(EndReason::Lost.as_str());
        (of.clone(), word)
    });
    Ok(all.collect())
}
