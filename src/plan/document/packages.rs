//! Elements of a document as packages: what the runner needs of each, with nothing guessed.

use std::collections::BTreeMap;

use crate::base::json::Map;
use crate::base::{PackageId, text};
use crate::model::package::{Locks, Outputs, Worktree};
use crate::model::verification::{Step, StepKind, Tier, Verification};
use crate::model::{Edge, EdgeOrigin, ItemKind, Listing, Package, ScopeMode, ScopeSpec};
use crate::plan::convert;
use crate::plan::document::paths;
use crate::plan::outline::{FileMode, Item, Ruling, ScopeState, Target};
use crate::plan::profile::Profile;

/// Longest text of an element that is handed on; the plan itself is there to read.
const BODY_CHARS_MAX: usize = 60_000;

/// The package of an element; `None` if its id cannot name one. `folder` is that of the feature.
pub(super) fn of(
    item: &Item,
    body: &str,
    profile: &Profile,
    (folder, depends_on): (&str, Vec<Edge>),
) -> Option<Package> {
    Some(Package {
        id: PackageId::parse(&item.id)?,
        title: Some(item.title.clone()).filter(|title| !title.is_empty()),
        task_type: task_type(item, profile).to_owned(),
        description: text::cut(body.trim_end(), BODY_CHARS_MAX),
        role: item.labels.get("agent").cloned(),
        priority: convert::PRIORITY,
        archetype: None,
        depends_on,
        locks: Locks {
            ttl_minutes: convert::LOCK_TTL_MINUTES,
            ..Locks::default()
        },
        scope: scope(item, profile, folder),
        worktree: Worktree::default(),
        timeout_minutes: convert::TIMEOUT_MINUTES,
        // A review that was not passed is written again once its rework is done, not before.
        retry_budget: match item.kind {
            ItemKind::Review => 0,
            _ => convert::RETRY_BUDGET,
        },
        min_trust_level: convert::MIN_TRUST_LEVEL,
        verification: verification(item),
        inputs: Map::new(),
        outputs: Outputs::default(),
        metadata: Map::new(),
        decomposition: None,
        stack_position: None,
        context_impact: None,
        listing: Some(listing(item, papers(item, profile, folder))),
    })
}

fn task_type(item: &Item, profile: &Profile) -> &'static str {
    match item.kind {
        ItemKind::Work => profile.unit,
        ItemKind::Container => "container",
        ItemKind::Review => "review",
        ItemKind::Rework => "rework",
        ItemKind::Checkpoint => "checkpoint",
    }
}

fn listing(item: &Item, papers: Vec<String>) -> Listing {
    let declared = item.depends_on.iter();
    let declared = declared.filter(|dependency| dependency.origin == EdgeOrigin::Field);
    let declared = declared.filter_map(|dependency| match &dependency.to {
        Target::Item(id) => PackageId::parse(id),
        Target::Label { .. } | Target::AllPrior(_) => None,
    });
    let labels = ["phase", "wave", "track", "group"];
    let labels = labels.iter().filter_map(|name| {
        let value = item.labels.get(*name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    let own: BTreeMap<String, String> = item.labels.clone();
    Listing {
        status: item.mark.status,
        source_status: item.mark.text.clone(),
        kind: item.kind,
        asks_for_changes: asks_for_changes(item),
        optional: item.optional,
        labels: labels.chain(own).collect(),
        papers,
        files: item.scope.entries.iter().map(|e| e.path.clone()).collect(),
        depends_on: declared.collect(),
    }
}

/// Whether the document says beside a gate that it was not passed.
fn asks_for_changes(item: &Item) -> bool {
    let verdict = item.verdict.as_ref().map(|verdict| verdict.ruling);
    item.kind == ItemKind::Review && verdict == Some(Ruling::ChangesRequested)
}

/// What an element may write: the files it names, as a forecast, and its own papers.
fn scope(item: &Item, profile: &Profile, folder: &str) -> ScopeSpec {
    let everything = || vec!["**".to_owned()];
    let written = item.scope.entries.iter();
    let written = written.filter(|entry| entry.mode != FileMode::Read);
    let mut write: Vec<String> = written.filter_map(|e| paths::pattern(&e.path)).collect();
    let says_nothing = match item.scope.state {
        ScopeState::Declared => write.is_empty(),
        ScopeState::Nothing => false,
        ScopeState::Absent => true,
    };
    if says_nothing && !matches!(item.kind, ItemKind::Review | ItemKind::Checkpoint) {
        return ScopeSpec {
            write_allow: everything(),
            read_allow: everything(),
            deny: Vec::new(),
            mode: ScopeMode::Open,
        };
    }
    for path in papers(item, profile, folder) {
        if !write.contains(&path) {
            write.push(path);
        }
    }
    ScopeSpec {
        write_allow: write,
        read_allow: everything(),
        deny: Vec::new(),
        mode: ScopeMode::Amend,
    }
}

fn papers(item: &Item, profile: &Profile, folder: &str) -> Vec<String> {
    // The folders of reviews are for reviews to write to.
    let fits = |path: &&&str| item.kind == ItemKind::Review || !path.contains("review");
    let own = profile.artefacts.iter().filter(fits).filter_map(|path| {
        let path = path.replace("{id}", &item.id);
        let below = match folder.is_empty() {
            true => path,
            false => format!("{folder}/{path}"),
        };
        paths::pattern(&below)
    });
    own.collect()
}

/// A review counts once somebody has answered what it came to; that an agent finished writing it
/// says nothing about its verdict.
fn verification(item: &Item) -> Verification {
    let steps = match item.kind {
        ItemKind::Review => vec![Step {
            name: "verdict".to_owned(),
            kind: StepKind::Manual {
                instructions: format!("does the review {} approve?", item.id),
            },
            artifacts: Vec::new(),
            result_keys: Vec::new(),
        }],
        _ => Vec::new(),
    };
    Verification {
        tier: if steps.is_empty() { Tier::C } else { Tier::A },
        steps,
    }
}
