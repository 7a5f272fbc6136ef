//! A merge train on this machine: finished features coupled in memory, verified in a room, and the
//! target moved by compare-and-swap. The pure part is [`crate::schedule::train`]; nothing here
//! records anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};

use crate::base::{Error, FeatureId, Kind, Oid, RefName, Result};
use crate::engine::effect::Advanced;
use crate::engine::machine::SIGNAL_REST;
use crate::engine::machine::finish::command;
use crate::engine::machine::shared::{Setup, Shared, Trust};
use crate::engine::machine::start::tree_of;
use crate::engine::machine::verify::Check;
use crate::engine::machine::worker::Worker;
use crate::git::Expected;
use crate::integrate::couple::Said;
use crate::integrate::{Conflict, Coupled, Coupling, Shadow, couple, rehearse};
use crate::model::{Step, StepEvidence, StepKind, Tier};
use crate::os::lock::{self, FileLock};
use crate::os::process::Watch;
use crate::os::signal::{Asked, Signals};
use crate::os::{clock, random};
use crate::schedule::train::{Ask, Car, Care, Culprit, Train, Verdict};
use crate::state::View;

/// How often a train starts anew because its target moved meanwhile.
const TRIES_MAX: usize = 3;
/// Where commits are kept while somebody speculates with them.
const FOLDER: &str = "refs/wp/train";

/// What is to be merged. The target is the branch that the setup's run names.
pub struct TrainJob {
    /// The features, in the order in which they go.
    pub cars: Vec<Wagon>,
    /// How much is verified.
    pub care: Care,
}

/// One finished feature.
pub struct Wagon {
    /// The feature.
    pub feature: FeatureId,
    /// What it is about.
    pub title: String,
    /// What is merged.
    pub head: Oid,
    /// What shows that it works, beside `wp.toml`'s final commands.
    pub steps: Vec<Step>,
}

/// Why a feature was left behind.
#[derive(Debug, Clone, PartialEq)]
pub enum LeftBehind {
    /// As text it does not fit behind the others.
    Conflict {
        /// The paths, and what git says.
        conflict: Conflict,
        /// Those of the train with which it conflicts by itself; none: with the target.
        with: Vec<Car>,
    },
    /// A step fails with it that passes without it.
    Red {
        /// The step.
        step: Box<StepEvidence>,
        /// With whom, and what it cost to tell.
        culprit: Culprit,
    },
}

/// What became of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// There was nothing to merge.
    Unchanged,
    /// It holds what was merged.
    Moved,
    /// It is checked out there and was left alone; this ref keeps what was merged.
    CheckedOut {
        /// The work tree.
        at: String,
        /// The ref.
        kept_by: RefName,
    },
}

/// How a train ended. Cars are places in [`TrainJob::cars`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrainReport {
    /// Its random id.
    pub id: String,
    /// Where the target stood.
    pub old: Oid,
    /// Where it stands, or would.
    pub new: Oid,
    /// What the target held already.
    pub there: Vec<Car>,
    /// What was merged, in order, with the merge commits.
    pub merged: Vec<(Car, Oid)>,
    /// What was not.
    pub left: BTreeMap<Car, LeftBehind>,
    /// A step that fails on the target itself: then nobody is to blame and nothing was merged.
    pub target_red: Option<Box<StepEvidence>>,
    /// How many lines were verified.
    pub verifications: u32,
    /// True if there was nothing to verify with.
    pub unverified: bool,
    /// What became of the target.
    pub arrival: Arrival,
}

/// Merges a train into the branch that `setup.started` names. `view` holds the records of the
/// setup's feature; `told` hears a line per step, for people.
///
/// # Errors
/// `train-held` (lost): another process merges here; `target-moved` (busy): somebody else moved
/// the target again and again; the machine failed. Nothing was moved then.
pub fn merge_train(
    setup: Setup,
    view: Arc<View>,
    job: &TrainJob,
    told: &mut dyn FnMut(&str),
) -> Result<TrainReport> {
    let lock = alone(&setup)?;
    let shared = Arc::new(Shared::new(setup, "train")?);
    let worker = Worker {
        shared: Arc::clone(&shared),
        plan: shared.plan(&view),
        view,
        watch: Watch::default(),
    };
    let mut done = None;
    for round in 1..=TRIES_MAX {
        let mut yard = Yard::open(&worker, job)?;
        let train = yard.drive(told)?;
        if let Some(report) = yard.arrive(&train)? {
            done = Some(report);
            break;
        }
        if round < TRIES_MAX {
            told("the target moved meanwhile; again from where it is now");
        }
    }
    let _ = shared.verify_rooms.close();
    drop(lock);
    done.ok_or_else(|| {
        let name = worker.shared.setup.started.branch.short().to_owned();
        let message = format!("somebody else moved `{name}` {TRIES_MAX} times meanwhile");
        Error::busy("target-moved", message).hint("the same command again")
    })
}

fn alone(setup: &Setup) -> Result<FileLock> {
    let path = setup.repo.wp_dir().join("run").join("train.lock");
    let held = lock::try_lock(&path)?.ok_or_else(|| {
        let who = lock::holder(&path);
        let who = who.map_or_else(String::new, |h| format!(" (process {})", h.pid));
        let message = format!("another merge train runs in this repository{who}");
        Error::new(Kind::Lost, "train-held", message).hint("wait for it")
    })?;
    held.announce("git wp merge", clock::now());
    Ok(held)
}

/// One try on one state of the target.
struct Yard<'a> {
    worker: &'a Worker,
    job: &'a TrainJob,
    shadow: Shadow,
    id: String,
    target: Oid,
    there: BTreeSet<Car>,
    /// What a line came to; `None` if it does not merge.
    commits: BTreeMap<Vec<Car>, Option<Oid>>,
    conflicts: BTreeMap<Car, (Conflict, Vec<Car>)>,
    red: BTreeMap<Vec<Car>, StepEvidence>,
    verifications: u32,
}

impl<'a> Yard<'a> {
    fn open(worker: &'a Worker, job: &'a TrainJob) -> Result<Self> {
        let setup = &worker.shared.setup;
        sweep(worker)?;
        let name = &setup.started.branch;
        let target = setup.repo.refs().read(name)?.ok_or_else(|| {
            let message = format!("there is no branch `{}`", name.short());
            Error::usage("target-unknown", message).hint("--onto BRANCH")
        })?;
        let shadow = Shadow::open(&setup.repo)?;
        let mut there = BTreeSet::new();
        for (car, wagon) in job.cars.iter().enumerate() {
            if shadow.is_ancestor(&wagon.head, &target)? {
                there.insert(car);
            }
        }
        Ok(Yard {
            id: random::id(12)?,
            commits: BTreeMap::from([(Vec::new(), Some(target.clone()))]),
            conflicts: BTreeMap::new(),
            red: BTreeMap::new(),
            verifications: 0,
            worker,
            job,
            shadow,
            target,
            there,
        })
    }

    fn drive(&mut self, told: &mut dyn FnMut(&str)) -> Result<Train> {
        let all = (0..self.job.cars.len()).filter(|car| !self.there.contains(car));
        let mut train = Train::new(all.collect(), self.job.care);
        loop {
            match train.ask() {
                Ask::Over => return Ok(train),
                Ask::Couple { line, car } => {
                    let commit = self.couple(&line, car)?;
                    train.coupled(commit.is_some());
                }
                Ask::Verify(line) => {
                    let verdict = self.verify(&line)?;
                    told(&self.line_about(&line, verdict));
                    train.verified(verdict);
                }
            }
        }
    }

    fn line_about(&self, line: &[Car], verdict: Verdict) -> String {
        let target = self.worker.shared.setup.started.branch.short();
        let last = line.last().map(|car| self.job.cars[*car].feature.as_str());
        let what = match (line.len(), last) {
            (0, _) | (_, None) => format!("{target} itself"),
            (1, Some(last)) => format!("{target} with {last}"),
            (n, Some(last)) => format!("{target} with {n} features up to {last}"),
        };
        let word = match verdict {
            Verdict::Green => "passes",
            Verdict::Red => "fails",
            Verdict::Unknown => "does not merge",
        };
        format!("{what}: {word}")
    }

    /// What the target with this line merged is; `None` if that does not fit as text.
    fn commit(&mut self, line: &[Car]) -> Result<Option<Oid>> {
        if let Some(known) = self.commits.get(line) {
            return Ok(known.clone());
        }
        let Some((car, before)) = line.split_last() else {
            return Ok(Some(self.target.clone()));
        };
        let commit = match self.commit(before)? {
            Some(_) => self.couple(before, *car)?,
            None => None,
        };
        self.commits.insert(line.to_vec(), commit.clone());
        Ok(commit)
    }

    fn couple(&mut self, before: &[Car], car: Car) -> Result<Option<Oid>> {
        let Some(tip) = self.commit(before)? else {
            return Ok(None);
        };
        let (setup, wagon) = (&self.worker.shared.setup, &self.job.cars[car]);
        let coupled = couple(
            &self.shadow,
            &Coupling {
                tip: &tip,
                head: &wagon.head,
                target: &self.target,
                said: Said {
                    feature: &wagon.feature,
                    title: &wagon.title,
                    into: setup.started.branch.short(),
                    train: &self.id,
                    by: &setup.person,
                    at: clock::now(),
                },
            },
        )?;
        let commit = match coupled {
            Coupled::Merged { commit } => Some(commit),
            Coupled::There => Some(tip),
            Coupled::Conflict(conflict) => {
                let with = self.rivals(before, car)?;
                self.conflicts.insert(car, (conflict, with));
                None
            }
        };
        let mut line = before.to_vec();
        line.push(car);
        self.commits.insert(line, commit.clone());
        Ok(commit)
    }

    /// Which of the line a feature does not merge with by itself.
    fn rivals(&self, line: &[Car], car: Car) -> Result<Vec<Car>> {
        let head = |car: Car| self.job.cars[car].head.clone();
        let pairs: Vec<(Oid, Oid)> = line.iter().map(|other| (head(*other), head(car))).collect();
        let trials = rehearse(&self.shadow, &pairs)?;
        let red = line.iter().zip(trials).filter(|(_, trial)| !trial.is_clean);
        Ok(red.map(|(other, _)| *other).collect())
    }

    fn steps(&self, line: &[Car]) -> Vec<Step> {
        let setup = &self.worker.shared.setup;
        let mut steps: Vec<Step> = Vec::new();
        if setup.project == Trust::Given {
            let lines = setup.settings.project.verify.final_commands.iter();
            steps.extend(lines.map(|line| command("final", line)));
        }
        for step in line.iter().flat_map(|car| &self.job.cars[*car].steps) {
            let is_known = |known: &Step| known.kind == step.kind;
            if matches!(step.kind, StepKind::Command { .. }) && !steps.iter().any(is_known) {
                steps.push(step.clone());
            }
        }
        steps
    }

    fn verify(&mut self, line: &[Car]) -> Result<Verdict> {
        let Some(commit) = self.commit(line)? else {
            return Ok(Verdict::Unknown);
        };
        let steps = self.steps(line);
        if steps.is_empty() {
            return Ok(Verdict::Green);
        }
        self.keep("try", &commit)?;
        self.verifications += 1;
        let worker = self.worker;
        let tree = tree_of(worker, &commit)?;
        let check = Check {
            commit: &commit,
            tree: &tree,
            steps: &steps,
            tier: Tier::C,
            name: &format!("train-{}", self.id),
        };
        let signals = &worker.shared.setup.signals;
        let evidence = heeding(signals, &worker.watch, || worker.check(&check))?;
        let Some(step) = evidence.first_failure() else {
            return Ok(Verdict::Green);
        };
        self.red.insert(line.to_vec(), step.clone());
        Ok(Verdict::Red)
    }

    fn keep(&self, word: &str, commit: &Oid) -> Result<()> {
        let name = ref_name(&format!("{FOLDER}/{}/{word}", self.id))?;
        let setup = &self.worker.shared.setup;
        let (new, any) = (Some(commit), &Expected::Any);
        let done = setup
            .repo
            .refs()
            .swap(&name, new, any, "wp: merge", setup.settings.durability);
        done.map_err(|e| e.into_error(&name))
    }

    /// Moves the target; `None` if somebody else did.
    fn arrive(mut self, train: &Train) -> Result<Option<TrainReport>> {
        let line = train.line().to_vec();
        let tip = self.commit(&line)?;
        let new = tip.ok_or_else(|| Error::bug("a line that was coupled has no commit"))?;
        let setup = &self.worker.shared.setup;
        let mut arrival = Arrival::Unchanged;
        if new != self.target {
            setup.repo.objects().flush_all(setup.settings.durability)?;
            self.keep("line", &new)?;
            arrival = match self.worker.advanced(&new, "wp: merge")? {
                Advanced::There => Arrival::Moved,
                Advanced::Diverged => return Ok(None),
                Advanced::CheckedOut { at } => self.set_aside(&new, at)?,
            };
        }
        let mut merged = Vec::new();
        for (at, car) in line.iter().enumerate() {
            let commit = self.commit(&line[..=at])?;
            merged.extend(commit.map(|commit| (*car, commit)));
        }
        let unverified = line.iter().any(|car| self.steps(&[*car]).is_empty());
        Ok(Some(TrainReport {
            id: self.id.clone(),
            old: self.target.clone(),
            left: self.left(train),
            target_red: self.red.get(&Vec::new()).cloned().map(Box::new),
            there: self.there.iter().copied().collect(),
            verifications: self.verifications,
            unverified,
            new,
            merged,
            arrival,
        }))
    }

    fn left(&self, train: &Train) -> BTreeMap<Car, LeftBehind> {
        let mut left = BTreeMap::new();
        for (car, culprit) in train.culprits() {
            let mut line = culprit.behind.clone();
            line.push(*car);
            if let Some(step) = self.red.get(&line) {
                let (step, culprit) = (Box::new(step.clone()), culprit.clone());
                left.insert(*car, LeftBehind::Red { step, culprit });
            }
        }
        for car in train.stuck() {
            if let Some((conflict, with)) = self.conflicts.get(car).cloned() {
                left.insert(*car, LeftBehind::Conflict { conflict, with });
            }
        }
        left
    }

    /// Nobody's checkout is moved under them: a ref of ours keeps what was merged.
    fn set_aside(&self, new: &Oid, at: String) -> Result<Arrival> {
        let setup = &self.worker.shared.setup;
        let kept_by = ref_name(&format!("refs/wp/merged/{}", setup.started.branch.short()))?;
        let durability = setup.settings.durability;
        let (refs, any) = (setup.repo.refs(), &Expected::Any);
        let done = refs.swap(&kept_by, Some(new), any, "wp: merge", durability);
        done.map_err(|e| e.into_error(&kept_by))?;
        Ok(Arrival::CheckedOut { at, kept_by })
    }
}

impl Drop for Yard<'_> {
    fn drop(&mut self) {
        // What stays behind is swept by the next train.
        let _ = sweep(self.worker);
    }
}

/// Removes what trains kept; there is only one at a time.
fn sweep(worker: &Worker) -> Result<()> {
    let setup = &worker.shared.setup;
    let (refs, durability) = (setup.repo.refs(), setup.settings.durability);
    for (name, held) in refs.list(FOLDER)? {
        let done = refs.swap(&name, None, &Expected::Is(held), "wp: merge", durability);
        done.map_err(|e| e.into_error(&name))?;
    }
    Ok(())
}

/// Does `work` and stops what it watches once a signal asks for that.
fn heeding<T>(signals: &Signals, watch: &Watch, work: impl FnOnce() -> T) -> T {
    let (alive, over) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while over.recv_timeout(SIGNAL_REST) == Err(RecvTimeoutError::Timeout) {
                match signals.asked() {
                    Asked::Nothing => {}
                    Asked::Stop => watch.stop(),
                    Asked::StopNow => watch.kill(),
                }
            }
        });
        let value = work();
        drop(alive);
        value
    })
}

fn ref_name(text: &str) -> Result<RefName> {
    RefName::parse(text).ok_or_else(|| Error::bug(format!("`{text}` is not a ref name")))
}
