//! `--track X`: the tasks of one track, and the refusal where a list gives a letter two meanings.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::text::foreign;
use crate::base::{Error, PackageId, Result};
use crate::commands::reading::ValidPlan;
use crate::plan::outline::{Group, Outline};
use crate::report::spec_text::ranges;
use crate::report::status::quoted;

/// What a map calls a track: its members in file order, by the name of the map.
type Readings<'a> = BTreeMap<&'a str, Vec<PackageId>>;

/// The packages of the track that `word` names, as `X` or `MAP:X`.
///
/// # Errors
/// Usage: there is no such track, it has two readings, or nothing is left to do in it.
pub(super) fn choose(word: &str, valid: &ValidPlan) -> Result<BTreeSet<PackageId>> {
    let Some(outline) = &valid.outline else {
        let message = "this plan has no tracks";
        return Err(Error::usage("track-unknown", message).hint("--only PACKAGE"));
    };
    let members = match outline.groups.iter().any(is_torn) {
        true => of_maps(word, outline)?,
        false => labelled(word, outline),
    };
    if members.is_empty() {
        return Err(unknown(word, outline));
    }
    let left = members.into_iter();
    let left: BTreeSet<PackageId> = left.filter(|id| valid.plan.package(id).is_some()).collect();
    if left.is_empty() {
        let message = format!("nothing is left to do in track `{}`", foreign(word));
        let feature = quoted(valid.plan.feature.id.as_str());
        let hint = format!("git wp implement {feature}");
        return Err(Error::usage("track-complete", message).hint(hint));
    }
    Ok(left)
}

fn is_torn(group: &Group) -> bool {
    group.label == "track" && group.map.is_some()
}

fn labelled(word: &str, outline: &Outline) -> Vec<PackageId> {
    let items = outline.items.iter();
    let inside = items.filter(|item| {
        let track = item.labels.get("track");
        track.is_some_and(|track| track.eq_ignore_ascii_case(word))
    });
    inside
        .filter_map(|item| PackageId::parse(&item.id))
        .collect()
}

/// One reading, or a refusal that shows all of them.
fn of_maps(word: &str, outline: &Outline) -> Result<Vec<PackageId>> {
    let (map, track) = match word.rsplit_once(':') {
        Some((map, track)) => (Some(map.trim()), track.trim()),
        None => (None, word),
    };
    let mut readings = Readings::new();
    for group in outline.groups.iter().filter(|group| is_torn(group)) {
        let name = group.map.as_deref().unwrap_or_default();
        if group.value.eq_ignore_ascii_case(track) && map.is_none_or(|map| is_called(name, map)) {
            let members = group.members.iter().filter_map(|id| PackageId::parse(id));
            readings.entry(name).or_default().extend(members);
        }
    }
    let mut different: Vec<&Vec<PackageId>> = readings.values().collect();
    different.dedup();
    match different.as_slice() {
        [] => Ok(Vec::new()),
        [one] => Ok((*one).clone()),
        _ => Err(ambiguous(track, &readings)),
    }
}

/// A map goes by its title, or by the words the title begins with.
fn is_called(name: &str, word: &str) -> bool {
    let start = name.get(..word.len());
    !word.is_empty() && start.is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn ambiguous(track: &str, readings: &Readings<'_>) -> Error {
    let said = readings.iter().map(|(map, members)| {
        let tasks = ranges(members);
        format!("under `{}` it is {tasks}", foreign(map))
    });
    let said: Vec<String> = said.collect();
    let track = foreign(track).to_string();
    let message = format!("track `{track}` has several meanings: {}", said.join("; "));
    let error = Error::usage("track-ambiguous", message);
    readings.keys().fold(error, |error, map| {
        let word = quoted(&format!("{}:{track}", foreign(map)));
        error.hint(format!("--track {word}"))
    })
}

fn unknown(word: &str, outline: &Outline) -> Error {
    let message = format!("the list has no track `{}`", foreign(word));
    let labels = outline
        .items
        .iter()
        .filter_map(|item| item.labels.get("track"));
    let torn = outline.groups.iter().filter(|group| is_torn(group));
    let known: BTreeSet<&String> = labels.chain(torn.map(|group| &group.value)).collect();
    let known: Vec<String> = known
        .iter()
        .map(|track| foreign(track).to_string())
        .collect();
    let hint = match known.is_empty() {
        true => "no task of it belongs to a track: --only PACKAGE".to_owned(),
        false => format!("its tracks: {}", known.join(", ")),
    };
    Error::usage("track-unknown", message).hint(hint)
}
