//! `git wp plan convert`: a plan of any format as work-packages.yaml.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::base::json::json;
use crate::base::text::{count, foreign};
use crate::base::{Error, Result};
use crate::commands::plan_words::PlanWords;
use crate::commands::reading::{self, Linear};
use crate::commands::{Answer, Context};
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::plan::export;

/// Turn a plan into work-packages.yaml
///
/// What is left to do becomes packages with the order and the files that the plan declares. Writes
/// to standard output, or to a new file with `--output`; an existing file is left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp plan convert specs/412_add_cache/plans/01_add-cache.md
  git wp plan convert add-login --output openspec/changes/add-login/work-packages.yaml")]
pub(super) struct Args {
    /// A feature, or the path of a plan
    #[arg(value_name = "CHANGE|PATH")]
    change: String,
    /// The format to write
    #[arg(long, value_enum, default_value_t)]
    to: Target,
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanWords,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Target {
    /// work-packages.yaml, schema version 1
    #[default]
    WorkPackages,
}

/// Converts.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let Target::WorkPackages = args.to;
    let valid = reading::valid(cx, Some(&args.change), args.plan.how(Linear::Refused))?;
    let (yaml, renamed) = export::work_packages(&valid.plan)?;
    let settled = valid.plan.settled.len();
    if settled > 0 {
        let left_out = count(settled, "element");
        cx.ui
            .warn("settled", &format!("{left_out} done already, left out"));
    }
    let data = json!({
        "source": valid.plan.source,
        "format": valid.plan.format,
        "packages": valid.plan.packages.len(),
        "renamed": renamed.iter().map(|(id, name)| json!({"id": id, "name": name})).collect::<Vec<_>>(),
        "settled": valid.plan.settled,
        "output": args.output.as_ref().map(|path| path.to_string_lossy()),
        "text": args.output.is_none().then_some(&yaml),
    });
    let Some(output) = &args.output else {
        return Ok(Answer::done(data, yaml));
    };
    let path = cx.here().join(output);
    let shown = output.to_string_lossy();
    let shown = foreign(&shown);
    if path.symlink_metadata().is_ok() {
        let message = format!("`{shown}` exists already");
        return Err(Error::usage("file-exists", message).hint("--output with another name"));
    }
    file::replace(&path, yaml.as_bytes(), Access::Shared, Durability::Full)?;
    let packages = count(valid.plan.packages.len(), "package");
    let text = format!("{shown}: {packages}\nnext: git wp validate {shown}\n");
    Ok(Answer::done(data, text))
}
