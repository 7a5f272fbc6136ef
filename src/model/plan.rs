//! A plan: one feature cut into packages, in no particular dialect.

use serde::{Deserialize, Serialize};

use crate::base::{ContentHash, FeatureId, PackageId};
use crate::model::contract::Contracts;
use crate::model::package::Package;

/// A plan as read from its file. Ids are verbatim, packages stand in file order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The file it was read from, relative to the repository root where it lies inside.
    pub source: String,
    /// The dialect of that file.
    pub format: Format,
    /// SHA-256 of the file's bytes; what an approval binds.
    pub hash: ContentHash,
    /// What is being made.
    pub feature: Feature,
    /// Interface files that the packages agree on.
    pub contracts: Contracts,
    /// The work, in file order.
    pub packages: Vec<Package>,
    /// What a document says is done already, where it was left out of [`Plan::packages`].
    pub settled: Vec<PackageId>,
}

impl Plan {
    /// The package with this id.
    pub fn package(&self, id: &PackageId) -> Option<&Package> {
        self.packages.iter().find(|p| &p.id == id)
    }
}

/// The header of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// The feature id; the change-id for OpenSpec.
    pub id: FeatureId,
    /// A title for people.
    pub title: Option<String>,
    /// Counts material changes of the plan, from 1.
    pub plan_revision: u32,
    /// Who wrote the plan, as written.
    pub created_by: Option<String>,
    /// When, as written.
    pub created_at: Option<String>,
}

/// A dialect of plan files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `work-packages.yaml`, schema version 1.
    WorkPackages,
    /// The `id` / `tasks` / `dependencies` dialect of the same file.
    WorkPackagesSimple,
    /// No plan file: one package `wp-main` that may write everything.
    Linear,
    /// A team-implement plan: phases with a status in the heading, a table of waves.
    TeamPlan,
    /// A task list of spec:parallel_execute: tracks, groups, review gates.
    SpecTasks,
    /// A Purple implementation specification: phases and tickets.
    Purple,
    /// `tasks.md` of an OpenSpec change.
    OpenspecTasks,
    /// `tasks.md` of Kiro and its relatives.
    KiroTasks,
    /// `tasks.md` of spec-kit.
    SpeckitTasks,
    /// `tasks.md` of spec-kitty: work packages with subtasks, or one package's own file.
    SpeckittyTasks,
}

impl Format {
    /// True if the file is a document that people tick off: its order and its files are forecasts,
    /// and its elements name no commands.
    pub fn is_document(self) -> bool {
        !matches!(
            self,
            Format::WorkPackages | Format::WorkPackagesSimple | Format::Linear
        )
    }

    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::WorkPackages => "work-packages",
            Format::WorkPackagesSimple => "work-packages-simple",
            Format::Linear => "linear",
            Format::TeamPlan => "team-plan",
            Format::SpecTasks => "spec-tasks",
            Format::Purple => "purple",
            Format::OpenspecTasks => "openspec-tasks",
            Format::KiroTasks => "kiro-tasks",
            Format::SpeckitTasks => "speckit-tasks",
            Format::SpeckittyTasks => "speckitty-tasks",
        }
    }
}
