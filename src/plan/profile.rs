//! How a plan format is meant: data, one row per format. Which statements order the work, what
//! holds where none is made, how much runs at once.

use crate::model::{EdgeOrigin, Format};

/// What a format means beyond what its files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// What users of the format call one package.
    pub unit: &'static str,
    /// Statements of order that are waited for.
    pub edges: &'static [EdgeOrigin],
    /// What orders elements that say nothing.
    pub fallback: Fallback,
    /// The label whose groups are done one after the other.
    pub barrier: Option<Barrier>,
    /// Packages at once, where nobody says otherwise.
    pub jobs: usize,
    /// What happens to independent packages when one fails.
    pub goes_on: bool,
    /// Which elements a document runs side by side by its own words.
    pub beside: Beside,
    /// Where the format's users expect an element's own papers, relative to the folder of the
    /// feature; `{id}` stands for the id. No path matches the patterns of two ids: they
    /// are scopes of what may run at the same time.
    pub artefacts: &'static [&'static str],
}

/// What orders elements that say nothing about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// An element that has no dependency field comes after all before it.
    Chain,
    /// The same, but only in a document that says nothing of order anywhere.
    ChainIfSilent,
    /// File order; a run of elements marked as parallel goes together.
    Runs,
    /// The same within a phase; phases of user stories wait for the phases before the stories,
    /// not for each other.
    Stories,
}

/// Which elements a document itself puts side by side: that two of them name one file is worth a
/// finding. Others that could meet just wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Those of one wave of the table.
    Wave,
    /// Those marked as parallel that follow each other.
    Run,
    /// Those that no statement orders.
    Unstated,
}

/// Groups that are done one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// Rows of the wave table.
    Wave,
    /// Phases.
    Phase,
    /// Execution groups.
    Group,
}

impl Barrier {
    /// The label of the groups.
    pub fn label(self) -> &'static str {
        match self {
            Barrier::Wave => "wave",
            Barrier::Phase => "phase",
            Barrier::Group => "group",
        }
    }
}

const STATED: &[EdgeOrigin] = &[EdgeOrigin::Field, EdgeOrigin::Header, EdgeOrigin::Table];
const DRAWN: &[EdgeOrigin] = &[
    EdgeOrigin::Field,
    EdgeOrigin::Header,
    EdgeOrigin::Table,
    EdgeOrigin::Graph,
];

const LIST: Profile = Profile {
    unit: "task",
    edges: STATED,
    fallback: Fallback::Runs,
    barrier: None,
    jobs: 4,
    goes_on: true,
    beside: Beside::Run,
    artefacts: &[],
};

/// What users of a format call one package.
pub fn unit(format: Format) -> &'static str {
    of(format).map_or("package", |profile| profile.unit)
}

/// The profile of a format; `None` for those that say everything themselves.
pub fn of(format: Format) -> Option<&'static Profile> {
    const TEAM: Profile = Profile {
        unit: "phase",
        fallback: Fallback::Chain,
        beside: Beside::Wave,
        jobs: 2,
        artefacts: &[
            "phases/??_phase-{id}-*",
            "progress/phase-{id}-*",
            "handoffs/phase-{id}-*",
            "debug/??_phase-{id}-*",
        ],
        ..LIST
    };
    const SPEC: Profile = Profile {
        fallback: Fallback::ChainIfSilent,
        jobs: 6,
        goes_on: false,
        beside: Beside::Unstated,
        artefacts: &[
            "code_review/{id}.md",
            "code_review/{id}-*",
            "product_review/{id}.md",
            "product_review/{id}-*",
        ],
        ..LIST
    };
    const PURPLE: Profile = Profile {
        unit: "ticket",
        edges: DRAWN,
        beside: Beside::Unstated,
        fallback: Fallback::ChainIfSilent,
        barrier: Some(Barrier::Phase),
        artefacts: &[
            "completed-tickets-documentation/{id}.md",
            "completed-tickets-documentation/{id}-*",
        ],
        ..LIST
    };
    const SPECKIT: Profile = Profile {
        fallback: Fallback::Stories,
        ..LIST
    };
    const SPECKITTY: Profile = Profile {
        unit: "work package",
        beside: Beside::Unstated,
        fallback: Fallback::ChainIfSilent,
        ..LIST
    };
    match format {
        Format::TeamPlan => Some(&TEAM),
        Format::SpecTasks => Some(&SPEC),
        Format::Purple => Some(&PURPLE),
        Format::OpenspecTasks | Format::KiroTasks => Some(&LIST),
        Format::SpeckitTasks => Some(&SPECKIT),
        Format::SpeckittyTasks => Some(&SPECKITTY),
        Format::WorkPackages | Format::WorkPackagesSimple | Format::Linear => None,
    }
}

/// The folder that holds what belongs to a feature, relative to the root; empty at the top.
pub fn feature_folder(format: Format, source: &str) -> &str {
    let folder = source.rsplit_once('/').map_or("", |(folder, _)| folder);
    let nested = match format {
        Format::TeamPlan => "plans",
        Format::Purple => "agent-written-specifications",
        Format::SpeckittyTasks => "tasks",
        _ => return folder,
    };
    match folder.rsplit_once('/') {
        Some((above, name)) if name == nested => above,
        None if folder == nested => "",
        _ => folder,
    }
}
