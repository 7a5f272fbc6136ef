//! `git wp graph`: levels, waves, critical path, parallel pairs.

use clap::ValueEnum;

use crate::base::{Result, json};
use crate::commands::plan_words::PlanWords;
use crate::commands::reading::{self, Linear};
use crate::commands::{Answer, Context};
use crate::graph::{Graph, Picture};
use crate::report::{graph_dot, graph_mermaid, graph_text};

/// Show the order of a plan's packages
///
/// Works whenever packages could be read; what is wrong with the plan is warned of.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp graph add-auth
  git wp graph add-auth --format mermaid")]
pub(super) struct Args {
    /// A change-id, or the path of a plan; the only change if there is but one
    #[arg(value_name = "CHANGE|PATH")]
    change: Option<String>,
    #[command(flatten)]
    plan: PlanWords,
    /// How to draw it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Waves and the critical path
    #[default]
    Text,
    /// A Mermaid flow chart
    Mermaid,
    /// A graph for Graphviz
    Dot,
    /// The same as --json
    Json,
}

/// Draws the graph.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    if args.format == Format::Json {
        cx.ui.use_json();
    }
    let reading = reading::read(cx, args.change.as_deref(), args.plan.how(Linear::Allowed))?;
    for finding in &reading.report.findings {
        let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
        let message = format!("{place}: {}", finding.message);
        cx.ui.warn_as(json::value(finding)?, &message);
    }
    let plan = reading.parsed.plan.filter(|plan| !plan.packages.is_empty());
    let plan = plan.ok_or_else(|| reading::not_valid(&reading.report))?;
    let picture = Picture::of(&Graph::of(&plan), |_| 1).with_listings(&plan);
    let text = match args.format {
        Format::Text | Format::Json => graph_text::render(&picture, cx.ui.page()),
        Format::Mermaid => graph_mermaid::render(&picture),
        Format::Dot => graph_dot::render(&picture),
    };
    Ok(Answer::done(json::value(&picture)?, text))
}
