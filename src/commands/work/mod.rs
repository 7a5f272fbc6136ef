//! `git wp work`: a worker for runs of this repository that somebody integrates.

mod answer;
mod crew;
mod shift;

use std::path::PathBuf;
use std::time::Duration;

use crate::base::text::foreign;
use crate::base::{ContentHash, Error, FeatureId, Result};
use crate::commands::running::tuning::Tuning;
use crate::commands::running::{self, NetworkDisk, authority, listen::Live, relay};
use crate::commands::{Answer, Context, trust};
use crate::os::signal::Signals;
use crate::schedule::Stay;
use crew::Crew;

/// Work on runs that are open
///
/// Claims ready packages of approved features that have an open run, runs agents on them,
/// verifies what they did, and leaves the merging to `git wp implement`. Any number of workers
/// may serve the same runs. Stops when nothing is left for it. Ctrl-C stops with care.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp work
  git wp work add-auth --once -j 2
  git wp work --remote origin --wait 600    # on another machine")]
pub(super) struct Args {
    /// Only these features
    #[arg(value_name = "FEATURE")]
    features: Vec<String>,
    /// The remote that decides who may act, for instance origin; set up at once where none is set
    #[arg(long, value_name = "REMOTE")]
    remote: Option<String>,
    /// Packages at the same time, over all features [default: wp.jobs, or the number of CPUs up
    /// to 8]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Who does the work: `shell`, a name of `git wp agents profiles`, or one from `git config
    /// wp.agent.NAME.command` [default: as the run says, where this machine has that agent]
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    #[command(flatten)]
    tuning: Tuning,
    /// Stop as soon as nothing can start, instead of waiting for more
    #[arg(long)]
    once: bool,
    /// Where only a person or an absent process could bring more, wait this long for it
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        conflicts_with = "once"
    )]
    wait: u64,
    /// The SHA-256 of a plan, or of wp.toml, that may run here although it was not approved
    #[arg(long, value_name = "HASH", value_parser = hash)]
    trust_sha256: Vec<ContentHash>,
    /// Write one JSON line per recorded fact to a file, or to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    events: Option<PathBuf>,
    /// Run although locks may not hold on this file system
    #[arg(long)]
    allow_network_fs: bool,
}

fn hash(text: &str) -> Result<ContentHash, String> {
    let hash = ContentHash::parse(text);
    hash.ok_or_else(|| "a SHA-256 has 64 lower-case hex digits".to_owned())
}

impl Args {
    fn stay(&self) -> Stay {
        match self.once {
            true => Stay::Once,
            false => Stay::Patient(Duration::from_secs(self.wait)),
        }
    }

    fn trusts(&self, hash: &ContentHash) -> bool {
        self.trust_sha256.contains(hash)
    }

    /// The features that were named.
    fn named(&self) -> Result<Vec<FeatureId>> {
        let named = self.features.iter().map(|word| {
            FeatureId::parse(word).ok_or_else(|| {
                let message = format!("`{}` is no feature", foreign(word));
                Error::usage("feature-unknown", message).hint("git wp status --all")
            })
        });
        named.collect()
    }
}

/// Works.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let to_stdout = running::streams(args.events.as_deref(), cx)?;
    cx.refuse_in_room("work")?;
    running::restore(cx)?;
    let disk = match args.allow_network_fs {
        true => NetworkDisk::Allowed,
        false => NetworkDisk::Refused,
    };
    running::check_file_system(disk, cx)?;
    authority::join(cx, args.remote.as_deref())?;
    let project = cx.loaded()?.project_file;
    if !project.is_some_and(|file| args.trusts(&file.hash)) {
        trust::demand(cx)?;
    }
    let live = Live::new(args.events.as_deref(), cx)?;
    let crew = Crew::new(args, (cx.store()?, Signals::listen()?), args.named()?);
    let served = crew.serve(cx, &live);
    for (feature, mine) in served.iter().flat_map(|served| &served.features) {
        let report = served.as_ref().ok().and_then(|s| s.reports.get(feature));
        if mine.is_empty() {
            continue;
        }
        if let Err(error) = relay::leave_work(cx, (feature, mine), report) {
            // What was done counts, not what could be said about it.
            let message = format!("no handoff was left: {error}");
            cx.ui.warn("handoff", &message);
        }
    }
    let told = live.close();
    let mut answer = answer::render(cx, served?)?;
    told?;
    if to_stdout {
        // Standard output is a stream of lines then, and ends with the last of them.
        answer.text.clear();
    }
    Ok(answer)
}
