//! `git wp merge`: finished features go into a branch together, each by a merge commit of its own,
//! and those that break it stay behind.

mod gather;
mod told;

use crate::agent::Staff;
use crate::base::text::foreign;
use crate::base::{Error, ExitCode, Oid, RefName, Result, json};
use crate::commands::merge::gather::Finished;
use crate::commands::rooms::{self, person};
use crate::commands::running::{self, NetworkDisk};
use crate::commands::{Answer, Context, policy, trust};
use crate::config::environment;
use crate::engine::{self, Arrival, CheckoutRule, Setup, TrainJob, TrainReport, Trust, Wagon};
use crate::integrate::Shadow;
use crate::integrate::tips::{self, TipPair};
use crate::os::signal::Signals;
use crate::report;
use crate::report::train::TrainView;
use crate::schedule::Duties;
use crate::schedule::train::{Care, Entry, order};
use crate::state::Op;
use crate::state::asked::Said;
use crate::state::record::{Delivered, RunStarted};
use crate::store::{Load, Store};

/// Merge finished features into a branch
///
/// Merges in memory, each feature by a merge commit of its own, most urgent first, and verifies the
/// whole with the integration steps of the features and the final commands of wp.toml. If that
/// fails, finds who breaks it, leaves that one behind with the reason, and merges the rest. The
/// branch moves once, at the end, unless it is checked out. Exits with 1 if any was left behind.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp merge add-auth add-search --dry-run    # the order, and who conflicts with whom
  git wp merge add-auth add-search
  git wp merge add-auth add-search --onto release --each")]
pub(super) struct Args {
    /// Features whose run ended merged
    #[arg(value_name = "FEATURE", required = true, num_args = 1..)]
    features: Vec<String>,
    /// Where they go [default: the branch of HEAD]
    #[arg(long, value_name = "BRANCH")]
    onto: Option<String>,
    /// Show order and conflicts; verify and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Verify after each feature, not only the whole
    #[arg(long)]
    each: bool,
    /// Another priority than that of its packages; 1 is most urgent
    #[arg(long, value_name = "FEATURE=N", value_parser = priority)]
    priority: Vec<(String, u8)>,
    /// Bring a checkout of the branch along, if it is clean
    #[arg(long)]
    update_checkout: bool,
}

fn priority(word: &str) -> Result<(String, u8), String> {
    let parts = word.rsplit_once('=');
    let parts = parts.and_then(|(name, n)| Some((name.to_owned(), n.parse::<u8>().ok()?)));
    let fits = parts.filter(|(name, n)| !name.is_empty() && (1..=10).contains(n));
    fits.ok_or_else(|| "FEATURE=N, with N from 1 (most urgent) to 10".to_owned())
}

/// Features in their order, and what they share.
struct Train {
    cars: Vec<Finished>,
    pairs: Vec<TipPair>,
    target: RefName,
    at: Oid,
}

/// Merges.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("merge")?;
    if !args.dry_run {
        running::restore(cx)?;
    }
    let store = cx.store()?;
    let mut all = gather::gather(cx, &store, &args.features)?;
    prioritise(&mut all, &args.priority)?;
    let (target, at) = target(cx, args.onto.as_deref(), &all)?;
    let train = couple(cx, all, (target, at))?;
    if args.dry_run {
        let forecast = told::forecast(&cx.repo()?, &train)?;
        return answer(cx, &forecast);
    }
    gather::demand(cx, &train.cars)?;
    running::check_file_system(NetworkDisk::Refused, cx)?;
    permit(cx, &store, &train)?;
    let report = go(args, cx, &store, &train)?;
    record(cx, &store, (&train, &report))?;
    if report.unverified {
        let message = "no command verifies some of these features";
        cx.ui.warn("unverified", message);
    }
    let view = told::view(&cx.repo()?, &train, &report)?;
    answer(cx, &view)
}

fn answer(cx: &Context<'_>, view: &TrainView) -> Result<Answer> {
    let exit = match view.left.is_empty() && view.target_red.is_none() {
        true => ExitCode::Done,
        false => ExitCode::Negative,
    };
    let text = report::train::render(view, cx.ui.page());
    Ok(Answer::done(json::value(view)?, text).exit(exit))
}

fn prioritise(all: &mut [Finished], wanted: &[(String, u8)]) -> Result<()> {
    for (name, priority) in wanted {
        let one = all.iter_mut().find(|one| one.id.as_str() == name);
        let one = one.ok_or_else(|| {
            let message = format!("`{}` is not among the features", foreign(name));
            Error::usage("feature-unknown", message).hint("--priority FEATURE=N")
        })?;
        one.priority = *priority;
    }
    Ok(())
}

/// The branch that is meant, and where it stands.
fn target(cx: &mut Context<'_>, onto: Option<&str>, all: &[Finished]) -> Result<(RefName, Oid)> {
    let repo = cx.repo()?;
    let unknown = |word: &str| {
        let message = format!("there is no branch `{}`", foreign(word));
        Error::usage("target-unknown", message).hint("--onto BRANCH")
    };
    let name = match onto {
        Some(word) => {
            let short = word.strip_prefix("refs/heads/").unwrap_or(word);
            RefName::parse(&format!("refs/heads/{short}")).ok_or_else(|| unknown(word))?
        }
        None => repo.refs().head()?.branch.ok_or_else(|| {
            let message = "HEAD is on no branch, so where do they go?";
            Error::usage("target-missing", message).hint("--onto BRANCH")
        })?,
    };
    if let Some(own) = all.iter().find(|one| one.branch == name) {
        let message = format!("`{}` is the branch of `{}` itself", name.short(), own.id);
        return Err(Error::usage("target-is-feature", message).hint("--onto BRANCH"));
    }
    let at = repo.refs().read(&name)?;
    let at = at.ok_or_else(|| unknown(name.short()))?;
    Ok((name, at))
}

/// Puts them in order.
fn couple(cx: &mut Context<'_>, all: Vec<Finished>, (target, at): (RefName, Oid)) -> Result<Train> {
    let shadow = Shadow::open(&cx.repo()?)?;
    let heads = |all: &[Finished]| all.iter().map(|one| one.head.clone()).collect::<Vec<_>>();
    let (_, pairs) = tips::pairs(&shadow, &at, &heads(&all))?;
    let holds = tips::stacked(&shadow, &heads(&all))?;
    let conflicts = pairs.iter().filter(|pair| pair.conflicts.is_some());
    let conflicts: Vec<(usize, usize)> = conflicts.map(|pair| (pair.one, pair.other)).collect();
    let entries: Vec<Entry> = all
        .iter()
        .zip(holds)
        .enumerate()
        .map(|(at, (one, holds))| Entry {
            priority: one.priority,
            holds,
            rivals: conflicts
                .iter()
                .filter(|(a, b)| *a == at || *b == at)
                .count(),
        })
        .collect();
    let order = order(&entries);
    let place = |old: usize| order.iter().position(|car| *car == old).unwrap_or(old);
    let pairs = pairs.into_iter().map(|pair| TipPair {
        one: place(pair.one).min(place(pair.other)),
        other: place(pair.one).max(place(pair.other)),
        ..pair
    });
    let pairs = pairs.collect();
    let mut all: Vec<Option<Finished>> = all.into_iter().map(Some).collect();
    let cars = order.iter().filter_map(|car| all[*car].take()).collect();
    Ok(Train {
        cars,
        pairs,
        target,
        at,
    })
}

/// What permits each merge is recorded before the first is made.
fn permit(cx: &mut Context<'_>, store: &Store, train: &Train) -> Result<()> {
    let mut changes = Vec::new();
    for one in &train.cars {
        let about = (train.target.as_str(), Some(&one.id));
        changes.push(policy::demand(cx, "merge", about)?.change());
    }
    for answer in cx.submit(store, changes)? {
        answer.map_err(Error::from)?;
    }
    Ok(())
}

fn go(args: &Args, cx: &mut Context<'_>, store: &Store, train: &Train) -> Result<TrainReport> {
    let Some(first) = train.cars.first() else {
        return Err(Error::bug("a train of nothing"));
    };
    let setup = setup(args, cx, (first, &train.target))?;
    let view = store.view(&Load::Features(vec![first.id.clone()]))?;
    let wagons = train.cars.iter().map(|one| Wagon {
        feature: one.id.clone(),
        title: one.title.clone(),
        head: one.head.clone(),
        steps: one.steps.clone(),
    });
    let job = TrainJob {
        cars: wagons.collect(),
        care: match args.each {
            true => Care::Each,
            false => Care::Batch,
        },
    };
    engine::merge_train(setup, view, &job, &mut |line| cx.ui.note(line))
}

/// What the engine needs here. The plan of the first feature stands for all: nothing is started
/// that belongs to a plan.
fn setup(
    args: &Args,
    cx: &mut Context<'_>,
    (first, target): (&Finished, &RefName),
) -> Result<Setup> {
    let (repo, settings) = (cx.repo()?, cx.settings()?);
    let started = RunStarted {
        branch: target.clone(),
        ..first.started.clone()
    };
    Ok(Setup {
        rooms: rooms::folder(cx, &repo)?,
        person: person(cx, &repo)?,
        by: cx.by()?,
        program: environment::own_program()?,
        environment: cx.env().all().clone(),
        duties: Duties::default(),
        started,
        plan: first.valid.plan.clone(),
        plan_text: String::from_utf8_lossy(&first.valid.text).into_owned(),
        notes: Vec::new(),
        staff: Staff::default(),
        reviewers: Vec::new(),
        project: match trust::is_trusted(cx)? {
            true => Trust::Given,
            false => Trust::Missing,
        },
        checkout: match args.update_checkout {
            true => CheckoutRule::Update,
            false => CheckoutRule::LeaveAlone,
        },
        extra_checks: Vec::new(),
        signals: Signals::listen()?,
        activity: Box::new(|_, _| {}),
        repo,
        settings,
    })
}

/// Records what is part of the target now; what a person still has to bring along is not yet.
fn record(
    cx: &mut Context<'_>,
    store: &Store,
    (train, report): (&Train, &TrainReport),
) -> Result<()> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut parts: Vec<(usize, Oid, u32, u32)> = Vec::new();
    if report.arrival == Arrival::Moved {
        let of = number(report.merged.len());
        let merged = report.merged.iter().enumerate();
        parts.extend(merged.map(|(at, (car, commit))| (*car, commit.clone(), number(at + 1), of)));
    }
    let view = store.view(&Load::All)?;
    let is_known = |car: usize| {
        let one: &Finished = &train.cars[car];
        let records = view.features.get(&one.id);
        let mut known = records.into_iter().flat_map(|r| &r.delivered);
        known.any(|known| known.target == train.target && known.head == one.head)
    };
    let there = report.there.iter().filter(|car| !is_known(**car));
    parts.extend(there.map(|car| (*car, train.cars[*car].head.clone(), 1, 1)));
    let mut changes = Vec::new();
    for (car, merge, position, of) in parts {
        let one = &train.cars[car];
        let delivered = Delivered {
            target: train.target.clone(),
            head: one.head.clone(),
            merge: merge.clone(),
            position,
            of,
            by: cx.by()?,
        };
        let feature = one.id.clone();
        let said = Said::Deliver { feature, delivered };
        changes.push((Op::Say(Box::new(said)), vec![merge]));
    }
    for answer in cx.submit(store, changes)? {
        answer.map_err(Error::from)?;
    }
    Ok(())
}
