//! The graph as a value: `graph --json` prints it, `report` draws it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::PackageId;
use crate::graph::dag::Graph;
use crate::model::{Edge, ItemKind, ItemStatus, Plan};

/// Pairs that a picture lists; more of them help nobody.
const PAIRS_MAX: usize = 100_000;

/// Everything there is to see. The shape is a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// In file order.
    pub packages: Vec<PictureRow>,
    /// The packages of each level.
    pub waves: Vec<Vec<PackageId>>,
    /// The longest chain, in running order.
    pub critical_path: Vec<PackageId>,
    /// Who may run beside whom, sorted by id.
    pub parallel_pairs: Vec<(PackageId, PackageId)>,
    /// True if there are more pairs than are listed.
    #[serde(skip_serializing_if = "is_false")]
    pub truncated: bool,
}

/// One package of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PictureRow {
    /// Verbatim id.
    pub id: PackageId,
    /// A title for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How it stands in its document, where the plan is one.
    #[serde(flatten)]
    pub listed: Option<Listed>,
    /// As written in its own field.
    pub depends_on: Vec<PackageId>,
    /// What it really waits for.
    pub effective_depends_on: Vec<PackageId>,
    /// Steps before it, from 0.
    pub level: usize,
    /// It never runs beside another package.
    #[serde(skip_serializing_if = "is_false")]
    pub alone: bool,
}

/// How a package stands in its document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// In the vocabulary of all formats.
    pub status: ItemStatus,
    /// As written.
    pub source_status: String,
    /// What it is.
    pub kind: ItemKind,
    /// It may be left out.
    #[serde(skip_serializing_if = "is_false")]
    pub optional: bool,
    /// `phase`, `wave`, `track`, `group`, and what else the format names.
    pub labels: BTreeMap<String, String>,
    /// The files it names, as written.
    pub files: Vec<String>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Picture {
    /// Takes the picture; `weight` is what the critical path adds up, for instance 1 each.
    pub fn of(graph: &Graph, weight: impl Fn(&PackageId) -> u64) -> Picture {
        let owned = |ids: Vec<&PackageId>| ids.into_iter().cloned().collect::<Vec<_>>();
        let targets = |edges: &[Edge]| edges.iter().map(|edge| edge.on.clone()).collect();
        let row = |id: &PackageId| PictureRow {
            id: id.clone(),
            title: None,
            listed: None,
            depends_on: targets(graph.declared(id)),
            effective_depends_on: targets(graph.effective(id)),
            level: graph.level(id).unwrap_or(0),
            alone: graph.runs_alone(id),
        };
        let mut pairs = graph.parallel_pairs();
        let listed = pairs.by_ref().take(PAIRS_MAX);
        let parallel_pairs = listed.map(|(a, b)| (a.clone(), b.clone())).collect();
        Picture {
            packages: graph.ids().map(row).collect(),
            waves: graph.waves().into_iter().map(owned).collect(),
            critical_path: owned(graph.critical_path(weight)),
            parallel_pairs,
            truncated: pairs.next().is_some(),
        }
    }

    /// Adds titles, and what a document says of its elements.
    #[must_use]
    pub fn with_listings(mut self, plan: &Plan) -> Picture {
        for row in &mut self.packages {
            let Some(package) = plan.package(&row.id) else {
                continue;
            };
            row.title.clone_from(&package.title);
            let Some(listing) = &package.listing else {
                continue;
            };
            row.depends_on.clone_from(&listing.depends_on);
            row.listed = Some(Listed {
                status: listing.status,
                source_status: listing.source_status.clone(),
                kind: listing.kind,
                optional: listing.optional,
                labels: listing.labels.clone(),
                files: listing.files.clone(),
            });
        }
        self
    }
}
