//! The words with which a command says how a plan is to be read.

use clap::ValueEnum;

use crate::commands::reading::{How, Linear};
use crate::model::Format;
use crate::plan::document::{Asked, BarrierAsked};
use crate::plan::profile::Barrier;

/// How a plan file is to be read.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct PlanWords {
    /// The format of the plan, where it is not recognised
    #[arg(long, value_enum, value_name = "FORMAT")]
    plan_format: Option<FormatWord>,
    /// Do the groups of this kind one after the other [default: as the format's users expect]
    #[arg(long, value_enum, value_name = "KIND")]
    barrier: Option<BarrierWord>,
    /// Do not wait for what an element would only rather come after
    #[arg(long)]
    eager: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatWord {
    WorkPackages,
    TeamPlan,
    SpecTasks,
    Purple,
    OpenspecTasks,
    KiroTasks,
    SpeckitTasks,
    SpeckittyTasks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BarrierWord {
    /// Only dependencies order the work
    None,
    /// Rows of the wave table
    Wave,
    /// Phases
    Phase,
    /// Execution groups
    Group,
}

impl PlanWords {
    /// How to read, and whether a change without a plan will do.
    pub(super) fn how(&self, linear: Linear) -> How {
        How {
            linear,
            format: self.plan_format.map(format),
            asked: Asked {
                barrier: self.barrier.map(barrier),
                eager: self.eager,
            },
        }
    }
}

fn format(word: FormatWord) -> Format {
    match word {
        FormatWord::WorkPackages => Format::WorkPackages,
        FormatWord::TeamPlan => Format::TeamPlan,
        FormatWord::SpecTasks => Format::SpecTasks,
        FormatWord::Purple => Format::Purple,
        FormatWord::OpenspecTasks => Format::OpenspecTasks,
        FormatWord::KiroTasks => Format::KiroTasks,
        FormatWord::SpeckitTasks => Format::SpeckitTasks,
        FormatWord::SpeckittyTasks => Format::SpeckittyTasks,
    }
}

fn barrier(word: BarrierWord) -> BarrierAsked {
    match word {
        BarrierWord::None => BarrierAsked::None,
        BarrierWord::Wave => BarrierAsked::Of(Barrier::Wave),
        BarrierWord::Phase => BarrierAsked::Of(Barrier::Phase),
        BarrierWord::Group => BarrierAsked::Of(Barrier::Group),
    }
}
