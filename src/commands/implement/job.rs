//! What is to be run, from the command line, the records and the settings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::agent::{Activity, Profile};
use crate::base::json::{Value, json};
use crate::base::text::{count, foreign};
use crate::base::{ActorId, Error, Oid, PackageId, RefName, Result};
use crate::commands::reading::{self, ValidPlan};
use crate::commands::rooms::person;
use crate::commands::{Context, trust};
use crate::config::environment;
use crate::engine::resume::{self, Found};
use crate::engine::{CheckoutRule, Job, Setup, Trust};
use crate::git::Repo;
use crate::model::{Format, Plan, Settings};
use crate::os::signal::Signals;
use crate::os::{host, random};
use crate::schedule::{Agenda, Limits, OnError, RunOptions};
use crate::state::record::{By, RunStarted};
use crate::state::{FeatureView, Op};
use crate::store::Load;
use crate::worktree::place::{self, Wishes};

/// Told what agents are doing.
pub(super) type Activities = Box<dyn Fn(&PackageId, &Activity) + Send + Sync>;

/// A job with what the border has to know beside it.
pub(super) struct Planned {
    /// For the engine.
    pub(super) job: Job,
    /// The agent.
    pub(super) profile: Profile,
    /// Packages that are merged already.
    pub(super) merged: usize,
    repo: Repo,
    settings: Settings,
}

impl Planned {
    /// Decides base, branch, agent and options. Writes nothing.
    ///
    /// # Errors
    /// Usage: something named does not exist, or the branch name is taken.
    pub(super) fn new(
        args: &super::Args,
        cx: &mut Context<'_>,
        valid: &ValidPlan,
        by: By,
    ) -> Result<Self> {
        let (repo, settings) = (cx.repo()?, cx.settings()?);
        let feature = valid.plan.feature.id.clone();
        let view = cx.store()?.view(&Load::Features(vec![feature.clone()]))?;
        let none = FeatureView::default();
        let records = view.features.get(&feature).unwrap_or(&none);
        let found = resume::find(records, &valid.plan.hash);
        let asked = Asked::new(args, &valid.plan, &found)?;
        let profile = Profile::find(&agent(&asked, &settings, &valid.plan)?, &settings.agents)?;
        let started = match found {
            Found::Interrupted(started) => started,
            Found::Earlier(started) => asked.again(started, (&repo, by.clone()), valid)?,
            Found::Nothing => asked.first((&repo, &settings, by.clone()), valid)?,
        };
        let merged = records.packages.values().filter(|p| p.accept.is_some());
        let job = Job {
            feature,
            agenda: Agenda::of(&valid.plan, &valid.graph),
            options: asked.options(&started, profile.trust, by.actor),
            limits: Limits {
                jobs: jobs(&asked, &settings, &valid.plan),
                ..Limits::default()
            },
            agent: profile.name.clone(),
            started,
        };
        Ok(Planned {
            job,
            profile,
            merged: merged.count(),
            repo,
            settings,
        })
    }

    /// Says what the user should know before it starts.
    pub(super) fn warn(&self, cx: &mut Context<'_>) -> Result<()> {
        for line in &self.job.started.degraded {
            cx.ui.warn("degraded", line);
        }
        if self.repo.work_dir().is_none() {
            return Ok(());
        }
        let dirty = self.repo.dirty()?;
        if !dirty.is_empty() {
            let names = dirty
                .iter()
                .take(DIRTY_SHOWN)
                .map(|path| format!("`{path}`"));
            let names: Vec<String> = names.collect();
            let more = dirty.len().saturating_sub(DIRTY_SHOWN);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let files = count(dirty.len(), "uncommitted file");
            let message = format!("{files} not part of the run: {}{more}", names.join(", "));
            cx.ui.warn("dirty", &message);
        }
        Ok(())
    }

    /// Publishes feature and plan; both parts are idempotent.
    pub(super) fn publish(&self, cx: &mut Context<'_>, valid: &ValidPlan) -> Result<()> {
        let store = cx.store()?;
        let blob = store.put_blob(&valid.text)?;
        let op = Op::Publish {
            feature: self.job.feature.clone(),
            title: valid.plan.feature.title.clone(),
            plan: reading::origin(valid, blob.clone(), cx.by()?),
        };
        for answer in cx.submit(&store, vec![(op, vec![blob])])? {
            answer.map_err(Error::from)?;
        }
        Ok(())
    }

    /// Everything the engine needs on this machine.
    pub(super) fn setup(
        &self,
        cx: &mut Context<'_>,
        valid: ValidPlan,
        (checkout, signals, activity): (CheckoutRule, Signals, Activities),
    ) -> Result<Setup> {
        let state_dir = cx.env().state_folder().ok();
        let wanted = self.settings.worktree_dir.as_deref().map(Path::new);
        let wishes = Wishes {
            wanted,
            state_dir: state_dir.as_deref(),
        };
        let text = String::from_utf8(valid.text)
            .map_err(|e| Error::bug("a valid plan is not UTF-8").because(e))?;
        let project = match trust::is_trusted(cx)? {
            true => Trust::Given,
            false => Trust::Missing,
        };
        Ok(Setup {
            repo: self.repo.clone(),
            settings: self.settings.clone(),
            plan_text: text,
            profile: self.profile.clone(),
            started: self.job.started.clone(),
            by: cx.by()?,
            person: person(cx, &self.repo)?,
            program: environment::own_program()?,
            environment: cx.env().all().clone(),
            rooms: place::choose(&self.repo, wishes)?,
            project,
            checkout,
            extra_checks: extra_checks(cx, &valid.plan)?,
            signals,
            activity,
            plan: valid.plan,
        })
    }
}

const DIRTY_SHOWN: usize = 5;

/// What the command line asks for, filled up from the run that goes on.
struct Asked {
    jobs: Option<usize>,
    agent: Option<String>,
    base: Option<String>,
    only: Option<BTreeSet<PackageId>>,
    on_error: OnError,
}

impl Asked {
    fn new(args: &super::Args, plan: &Plan, found: &Found) -> Result<Self> {
        let recorded = match found {
            Found::Interrupted(started) => started.options.clone(),
            // A run that ended hands on its agent, not what it was limited to.
            Found::Earlier(started) => {
                let agent = started.options.get_key_value("agent");
                agent
                    .into_iter()
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect()
            }
            Found::Nothing => BTreeMap::new(),
        };
        let number = |key: &str| recorded.get(key).and_then(Value::as_u64);
        let word = |key: &str| recorded.get(key).and_then(Value::as_str).map(str::to_owned);
        let stop = recorded.get("on-error").and_then(Value::as_str) == Some("stop");
        let only = match args.only.is_empty() {
            false => Some(named(&args.only, plan)?),
            true => recorded.get("only").and_then(ids),
        };
        Ok(Asked {
            jobs: args
                .jobs
                .map(usize::from)
                .or(number("jobs").map(|n| n as usize)),
            agent: args.agent.clone().or(word("agent")),
            base: args.base.clone(),
            only,
            on_error: match (args.continue_on_error, args.no_continue_on_error) {
                (true, _) => OnError::Continue,
                (false, true) => OnError::Stop,
                (false, false) if stop => OnError::Stop,
                (false, false) => OnError::Continue,
            },
        })
    }

    /// The first run of a feature.
    fn first(
        &self,
        (repo, settings, by): (&Repo, &Settings, By),
        valid: &ValidPlan,
    ) -> Result<RunStarted> {
        let base = base(repo, self.base.as_deref().unwrap_or("HEAD"))?;
        let branch = branch(settings, &valid.plan)?;
        check_branch(repo, &branch, &base)?;
        let slug = valid.plan.feature.id.slug();
        let integration = format!("refs/wp/integration/{slug}");
        let integration = RefName::parse(&integration)
            .ok_or_else(|| Error::bug(format!("`{integration}` is not a ref name")))?;
        self.started(by, valid, (base, branch, integration))
    }

    /// A further run of a feature: base, branch and integration ref stay.
    fn again(
        &self,
        earlier: RunStarted,
        (repo, by): (&Repo, By),
        valid: &ValidPlan,
    ) -> Result<RunStarted> {
        if let Some(rev) = &self.base
            && base(repo, rev)? != earlier.base
        {
            let message = format!("the feature grows from {}", earlier.base.short());
            return Err(Error::usage("base-fixed", message).hint("leave `--base` out"));
        }
        self.started(
            by,
            valid,
            (earlier.base, earlier.branch, earlier.integration),
        )
    }

    fn started(
        &self,
        by: By,
        valid: &ValidPlan,
        (base, branch, integration): (Oid, RefName, RefName),
    ) -> Result<RunStarted> {
        Ok(RunStarted {
            run: random::txn_id(by.at)?,
            plan: valid.plan.hash.clone(),
            base,
            branch,
            integration,
            options: self.record(),
            degraded: degraded(&valid.plan),
            by,
        })
    }

    /// By flag name, for the record.
    fn record(&self) -> BTreeMap<String, Value> {
        let mut options = BTreeMap::new();
        if let Some(jobs) = self.jobs {
            options.insert("jobs".to_owned(), json!(jobs));
        }
        if let Some(agent) = &self.agent {
            options.insert("agent".to_owned(), json!(agent));
        }
        if let Some(only) = &self.only {
            options.insert("only".to_owned(), json!(only));
        }
        if self.on_error == OnError::Stop {
            options.insert("on-error".to_owned(), json!("stop"));
        }
        options
    }

    fn options(&self, started: &RunStarted, trust: u8, actor: ActorId) -> RunOptions {
        RunOptions {
            run: started.run.clone(),
            actor,
            only: self.only.clone(),
            on_error: self.on_error,
            trust,
        }
    }
}

fn ids(value: &Value) -> Option<BTreeSet<PackageId>> {
    let words = value.as_array()?.iter().filter_map(Value::as_str);
    Some(words.filter_map(PackageId::parse).collect())
}

fn named(words: &[String], plan: &Plan) -> Result<BTreeSet<PackageId>> {
    let mut only = BTreeSet::new();
    for word in words {
        let id = PackageId::parse(word).filter(|id| plan.package(id).is_some());
        only.insert(id.ok_or_else(|| {
            let message = format!("the plan has no package `{}`", foreign(word));
            let hint = format!("git wp graph {}", foreign(&plan.source));
            Error::usage("package-unknown", message).hint(hint)
        })?);
    }
    Ok(only)
}

/// The agent that is named or recorded, the configured one, the only one, else `shell` if every
/// package says what to run.
fn agent(asked: &Asked, settings: &Settings, plan: &Plan) -> Result<String> {
    if let Some(name) = asked.agent.as_ref().or(settings.default_agent.as_ref()) {
        return Ok(name.clone());
    }
    let mut configured = settings.agents.keys();
    if let (Some(name), None) = (configured.next(), configured.next()) {
        return Ok(name.clone());
    }
    if plan.packages.iter().all(|p| p.inputs.contains_key("run")) {
        return Ok("shell".to_owned());
    }
    let message = "no agent is named, and none is the only one configured";
    Err(Error::usage("agent-missing", message)
        .hint("git config wp.agent.NAME.command 'COMMAND LINE'")
        .hint("git wp implement CHANGE --agent NAME"))
}

/// A plan with one package has nothing to run side by side.
fn jobs(asked: &Asked, settings: &Settings, plan: &Plan) -> usize {
    let wanted = asked.jobs.or(settings.jobs);
    let jobs = wanted.unwrap_or_else(|| host::cpu_count().min(JOBS_DEFAULT_MAX));
    match plan.format {
        Format::Linear => 1,
        Format::WorkPackages | Format::WorkPackagesSimple => jobs.max(1),
    }
}

const JOBS_DEFAULT_MAX: usize = 8;

fn degraded(plan: &Plan) -> Vec<String> {
    match plan.format {
        Format::Linear => vec!["no plan file: one package, one after the other".to_owned()],
        Format::WorkPackages | Format::WorkPackagesSimple => Vec::new(),
    }
}

fn base(repo: &Repo, rev: &str) -> Result<Oid> {
    let commit = repo.refs().resolve(&format!("{rev}^{{commit}}"))?;
    commit.ok_or_else(|| {
        let message = format!("`{}` is no commit", foreign(rev));
        let error = Error::usage("base-unknown", message);
        match rev {
            "HEAD" => error.hint("this repository has no commit yet: git commit"),
            _ => error.hint("--base BRANCH"),
        }
    })
}

fn branch(settings: &Settings, plan: &Plan) -> Result<RefName> {
    let template = match (&settings.branch_template, is_openspec(plan)) {
        (Some(template), _) => template.as_str(),
        (None, true) => "openspec/{change}",
        (None, false) => "feature/{change}",
    };
    let id = &plan.feature.id;
    let verbatim = format!("refs/heads/{}", template.replace("{change}", id.as_str()));
    let safe = format!("refs/heads/{}", template.replace("{change}", &id.slug()));
    let name = RefName::parse(&verbatim).or_else(|| RefName::parse(&safe));
    name.ok_or_else(|| {
        let message = format!("`{}` gives no branch name", foreign(template));
        Error::usage("branch-template", message).hint("git config wp.branch 'feature/{change}'")
    })
}

fn is_openspec(plan: &Plan) -> bool {
    plan.source.starts_with("openspec/changes/")
}

/// The branch is free, or its commits are part of the base.
fn check_branch(repo: &Repo, branch: &RefName, base: &Oid) -> Result<()> {
    let refs = repo.refs();
    if let Some(other) = refs.clash(branch)? {
        let (ours, other) = (branch.short(), other.short().to_owned());
        let message = format!("the branch `{ours}` cannot be made beside `{other}`");
        let hint = "git config wp.branch 'TEMPLATE/{change}'";
        return Err(Error::usage("branch-clash", message).hint(hint));
    }
    match refs.read(branch)? {
        Some(tip) if !repo.is_ancestor(&tip, base)? => {
            let name = branch.short();
            let message = format!("the branch `{name}` has commits that the base does not have");
            let hint = format!("--base {name}");
            Err(Error::usage("branch-exists", message).hint(hint))
        }
        _ => Ok(()),
    }
}

/// The OpenSpec check, where that tool is installed and the plan belongs to a change.
fn extra_checks(cx: &mut Context<'_>, plan: &Plan) -> Result<Vec<(String, String)>> {
    let root = cx.root()?;
    let installed = is_openspec(plan) && cx.env().finds_program("openspec", &root);
    if !installed {
        return Ok(Vec::new());
    }
    let change = plan.source.split('/').nth(2).unwrap_or("");
    let word = crate::report::status::quoted(change);
    Ok(vec![(
        "openspec".to_owned(),
        format!("openspec validate {word} --strict"),
    )])
}
