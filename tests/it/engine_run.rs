//! Whole runs in real repositories: rooms, agents, the gate, landings, resume.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use git_wp::agent::{Profile, Staff};
use git_wp::base::json::json;
use git_wp::base::{ContentHash, Oid, PackageId, RefName};
use git_wp::engine::{self, Event, EventKind, Job, RunReport, Setup};
use git_wp::git::{Person, Repo};
use git_wp::graph::Graph;
use git_wp::model::settings::AgentSettings;
use git_wp::model::{Durability, EndReason, Mode, PackageStatus, Roster, RunResult, Settings};
use git_wp::os::signal::Signals;
use git_wp::os::{clock, random};
use git_wp::schedule::{Agenda, Duties, Hands, Limits, OnError, Purses, Qa, RunOptions, Stay};
use git_wp::state::record::{Attempt, By, PackageBrief, PlanOrigin, RunStarted};
use git_wp::state::request::Claim;
use git_wp::state::view::AttemptView;
use git_wp::state::{FeatureView, Op, Request};
use git_wp::store::{Load, Seat, Store};
use git_wp::worktree::{RoomSpec, Rooms};

use crate::support::{FORMATS, Scratch};

/// A package of a test plan.
struct Pkg {
    id: &'static str,
    after: &'static [&'static str],
    write: &'static str,
    run: &'static str,
    verify: &'static str,
    more: &'static str,
}

impl Pkg {
    fn new(id: &'static str, write: &'static str, run: &'static str) -> Self {
        Pkg {
            id,
            after: &[],
            write,
            run,
            verify: "true",
            more: "",
        }
    }

    fn after(mut self, after: &'static [&'static str]) -> Self {
        self.after = after;
        self
    }

    fn verify(mut self, verify: &'static str) -> Self {
        self.verify = verify;
        self
    }

    fn step(mut self, more: &'static str) -> Self {
        self.more = more;
        self
    }

    fn yaml(&self) -> String {
        format!(
            r#"
  - package_id: {id}
    title: "{id}"
    task_type: implement
    description: "do {id}"
    priority: 5
    depends_on: [{after}]
    locks: {{files: [], keys: [], ttl_minutes: 60, reason: "x"}}
    scope: {{write_allow: ["{write}"], read_allow: ["**"]}}
    worktree: {{name: {id}}}
    timeout_minutes: 5
    retry_budget: 1
    min_trust_level: 2
    inputs: {{run: {run:?}}}
    verification:
      tier_required: A
      steps:
        - {{name: check, kind: command, command: {verify:?}, evidence: {{artifacts: [], result_keys: [k]}}}}
{more}
    outputs: {{result_keys: [k]}}
"#,
            id = self.id,
            after = self.after.join(", "),
            write = self.write,
            run = self.run,
            verify = self.verify,
            more = self.more,
        )
    }
}

/// A repository with a published plan.
struct Lab {
    scratch: Scratch,
    text: String,
    settings: Settings,
    profile: Profile,
}

impl Lab {
    fn new(packages: &[Pkg]) -> Self {
        Self::with_format(FORMATS[0], packages)
    }

    fn with_format(format: (&str, &str), packages: &[Pkg]) -> Self {
        let mut text = String::from(
            "schema_version: 1\nfeature: {id: lab, title: Lab, plan_revision: 1}\n\
             contracts: {revision: 1}\npackages:",
        );
        for package in packages {
            text.push_str(&package.yaml());
        }
        Lab {
            scratch: Scratch::with_format(format),
            text,
            settings: Settings {
                durability: Durability::Off,
                grace: Duration::from_millis(200),
                ..Settings::default()
            },
            profile: Profile::shell(),
        }
    }

    fn store(&self) -> Store {
        Store::open(&self.repo(), &self.settings, Seat::Outside)
    }

    fn repo(&self) -> Repo {
        self.scratch.repo()
    }

    fn by() -> By {
        By {
            actor: git_wp::base::ActorId::parse("clone1").unwrap(),
            label: "ann@host".to_owned(),
            at: clock::now(),
        }
    }

    fn submit(&self, op: Op, needs: Vec<Oid>) {
        let by = Self::by();
        let request = Request {
            txn: random::txn_id(by.at).unwrap(),
            actor: by.actor,
            label: by.label,
            at: by.at,
            needs,
            op,
        };
        let answers = self.store().submit(vec![request]).unwrap();
        for answer in answers {
            answer.unwrap();
        }
    }

    fn job(&self) -> (git_wp::model::Plan, Job) {
        let parsed = git_wp::plan::read(self.text.as_bytes(), "plan.yaml");
        assert!(
            parsed
                .findings
                .iter()
                .all(|f| f.severity != git_wp::model::Severity::Error),
            "{:?}",
            parsed.findings
        );
        let plan = parsed.plan.unwrap();
        let graph = Graph::of(&plan);
        let by = Self::by();
        let found = engine::resume::find(&self.records(), &plan.hash);
        let started = match found {
            engine::resume::Found::Interrupted(run) => run,
            engine::resume::Found::Earlier(run) => RunStarted {
                run: random::txn_id(by.at).unwrap(),
                by: by.clone(),
                plan: plan.hash.clone(),
                ..run
            },
            engine::resume::Found::Nothing => RunStarted {
                run: random::txn_id(by.at).unwrap(),
                plan: plan.hash.clone(),
                base: self.scratch.oid("HEAD"),
                branch: RefName::parse("refs/heads/feature/lab").unwrap(),
                integration: RefName::parse("refs/wp/integration/lab").unwrap(),
                options: BTreeMap::new(),
                degraded: Vec::new(),
                by: by.clone(),
            },
        };
        let job = Job {
            feature: plan.feature.id.clone(),
            agenda: Agenda::of(&plan, &graph),
            options: RunOptions {
                run: started.run.clone(),
                actor: by.actor,
                only: None,
                on_error: OnError::Continue,
                hands: Hands::one(&self.profile.name, 4),
                purses: Purses::default(),
                qa: Qa::Off,
                duties: Duties::All,
                stay: Stay::default(),
            },
            limits: Limits {
                jobs: 3,
                ..Limits::default()
            },
            started,
        };
        (plan, job)
    }

    fn publish(&self) {
        let (plan, job) = self.job();
        let blob = self.store().put_blob(self.text.as_bytes()).unwrap();
        let packages = job.agenda.items().iter().map(|item| PackageBrief {
            id: item.id.clone(),
            after: item.after.clone(),
            retries: item.retries,
            gate: false,
            definition: None,
        });
        let origin = PlanOrigin {
            barrier: None,
            eager: false,
            contracts: Vec::new(),
            hash: ContentHash::of(self.text.as_bytes()),
            blob: blob.clone(),
            path: "plan.yaml".to_owned(),
            format: plan.format,
            plan_revision: 1,
            contracts_revision: 1,
            packages: packages.collect(),
            by: Self::by(),
        };
        let op = Op::Publish {
            feature: plan.feature.id.clone(),
            title: None,
            plan: origin,
        };
        self.submit(op, vec![blob]);
    }

    fn records(&self) -> FeatureView {
        let view = self.store().view(&Load::All).unwrap();
        view.features.values().next().cloned().unwrap_or_default()
    }

    fn setup(&self, signals: &Signals) -> (Setup, Job) {
        let (plan, job) = self.job();
        let setup = Setup {
            duties: Duties::All,
            repo: self.repo(),
            settings: self.settings.clone(),
            plan,
            plan_text: self.text.clone(),
            notes: Vec::new(),
            staff: Staff::one(self.profile.clone()),
            reviewers: Vec::new(),
            started: job.started.clone(),
            by: Self::by(),
            person: Person {
                name: "Ann".to_owned(),
                email: "ann@example.org".to_owned(),
            },
            environment: std::env::vars_os().collect(),
            rooms: self.scratch.beside("rooms"),
            project: engine::Trust::Given,
            checkout: engine::CheckoutRule::LeaveAlone,
            extra_checks: Vec::new(),
            program: env!("CARGO_BIN_EXE_git-wp").into(),
            signals: signals.clone(),
            activity: Box::new(|_, _| {}),
        };
        (setup, job)
    }

    fn run_with(&self, signals: &Signals, observer: &mut dyn FnMut(&Event)) -> RunReport {
        let (setup, job) = self.setup(signals);
        let mut summarise = |_: &FeatureView, _: &RunReport| Ok((json!({}), "summary\n".into()));
        engine::implement(setup, &job, &mut summarise, observer).unwrap()
    }

    fn run(&self) -> RunReport {
        self.run_with(&Signals::default(), &mut |_| {})
    }

    fn show(&self, path: &str) -> String {
        self.scratch
            .git(&["show", &format!("refs/wp/integration/lab:{path}")])
    }
}

fn status(report: &RunReport, id: &str) -> PackageStatus {
    let id = PackageId::parse(id).unwrap();
    report.standing.get(&id).unwrap().status
}

fn diamond() -> Vec<Pkg> {
    vec![
        Pkg::new("base", "base/**", "mkdir -p base && echo one > base/a"),
        Pkg::new("left", "left/**", "mkdir -p left && cp base/a left/a").after(&["base"]),
        Pkg::new("right", "right/**", "mkdir -p right && cp base/a right/a").after(&["base"]),
        Pkg::new(
            "end",
            "end/**",
            "mkdir -p end && cat left/a right/a > end/a",
        )
        .after(&["left", "right"])
        .verify("test \"$(wc -l < end/a)\" = 2"),
    ]
}

#[test]
fn a_diamond_of_packages_is_merged_in_every_kind_of_repository() {
    for format in FORMATS {
        let lab = Lab::with_format(format, &diamond());
        lab.publish();
        let before = lab.scratch.belongings();
        let report = lab.run();
        assert_eq!(report.result, RunResult::Merged, "{format:?} {report:?}");
        assert_eq!(lab.show("end/a"), "one\none");
        let branch = lab.scratch.oid("refs/heads/feature/lab");
        assert_eq!(branch, report.head);
        assert_eq!(branch, lab.scratch.oid("refs/wp/integration/lab"));
        // True merge commits, each subject once.
        let subjects = lab.scratch.git(&["log", "--format=%s", "feature/lab"]);
        let all: Vec<&str> = subjects.lines().collect();
        assert_eq!(
            all.iter().collect::<BTreeSet<_>>().len(),
            all.len(),
            "{subjects}"
        );
        let merges = lab
            .scratch
            .git(&["rev-list", "--merges", "--count", "feature/lab"]);
        assert_eq!(merges, "4");
        // Rooms of merged attempts are gone, and nothing of the user's moved.
        let worktrees = lab.scratch.git(&["worktree", "list", "--porcelain"]);
        assert_eq!(worktrees.matches("worktree ").count(), 1, "{worktrees}");
        let mut after = lab.scratch.belongings();
        let refs = after.remove("refs").unwrap();
        let refs = String::from_utf8(refs).unwrap();
        let mine = refs
            .lines()
            .filter(|l| !l.starts_with("refs/heads/feature/lab "));
        let mine: Vec<&str> = mine.collect();
        after.insert("refs".to_owned(), mine.join("\n").into_bytes());
        let ignore = |mut map: BTreeMap<String, Vec<u8>>| {
            map.remove(".git/packed-refs");
            map
        };
        assert_eq!(ignore(before), ignore(after));
        lab.scratch.assert_sound();
        // Asking again writes nothing.
        let tip = lab.store().tip().unwrap();
        assert_eq!(lab.run().result, RunResult::Merged);
        assert_eq!(lab.store().tip().unwrap(), tip);
    }
}

#[test]
fn a_package_that_fails_once_is_retried_and_learns_why() {
    let lab = Lab::new(&[Pkg::new(
        "flaky",
        "a",
        "if grep -q 'failed attempt' \"$WP_PROMPT_FILE\"; then echo good > a; else echo bad > a; fi",
    )
    .verify("grep -q good a")]);
    lab.publish();
    let report = lab.run();
    assert_eq!(report.result, RunResult::Merged, "{report:?}");
    let package = &lab.records().packages[&PackageId::parse("flaky").unwrap()];
    let ends: Vec<_> = package
        .in_order()
        .iter()
        .map(|a| a.end.as_ref().unwrap().reason)
        .collect();
    assert_eq!(ends, [EndReason::Failed, EndReason::Completed]);
    assert_eq!(lab.show("a"), "good");
}

#[test]
fn a_write_outside_the_scope_is_refused_and_dependents_are_blocked() {
    let lab = Lab::new(&[
        Pkg::new(
            "bad",
            "in/**",
            "mkdir -p in && echo x > in/a && echo y > out",
        ),
        Pkg::new("next", "next/**", "true").after(&["bad"]),
        Pkg::new("free", "free/**", "mkdir free && echo x > free/a"),
    ]);
    lab.publish();
    let report = lab.run();
    assert_eq!(report.result, RunResult::Failed);
    assert_eq!(status(&report, "bad"), PackageStatus::Failed);
    assert_eq!(status(&report, "next"), PackageStatus::Blocked);
    assert_eq!(status(&report, "free"), PackageStatus::Merged);
    let bad = report
        .standing
        .get(&PackageId::parse("bad").unwrap())
        .unwrap();
    assert!(bad.why.contains("`out`"), "{}", bad.why);
    let package = &lab.records().packages[&bad.id];
    assert_eq!(package.attempts.len(), 2, "one retry");
    // Rooms of failed attempts stay.
    let worktrees = lab.scratch.git(&["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 3, "{worktrees}");
}

#[test]
fn a_manual_step_keeps_the_merge_back_until_it_is_answered() {
    let manual = "        - {name: look, kind: manual, manual_instructions: \"look at it\", \
                  evidence: {artifacts: [], result_keys: [k]}}";
    let lab = Lab::new(&[Pkg::new("ui", "ui", "echo x > ui").step(manual)]);
    lab.publish();
    let report = lab.run();
    assert_eq!(report.result, RunResult::Partial, "{report:?}");
    assert_eq!(status(&report, "ui"), PackageStatus::Awaiting);
    assert_eq!(report.standing.awaiting.len(), 1);
    let op = Op::Answer {
        feature: report.feature.clone(),
        package: PackageId::parse("ui").unwrap(),
        answer: git_wp::state::record::Answer {
            id: random::txn_id(clock::now()).unwrap(),
            step: "look".to_owned(),
            passed: true,
            url: None,
            note: None,
            by: Lab::by(),
        },
    };
    lab.submit(op, Vec::new());
    let report = lab.run();
    assert_eq!(report.result, RunResult::Merged, "{report:?}");
    assert_eq!(
        lab.records()
            .packages
            .values()
            .next()
            .unwrap()
            .attempts
            .len(),
        1
    );
}

#[test]
fn a_signal_stops_the_agent_and_the_next_run_goes_on() {
    let mut lab = Lab::new(&[
        Pkg::new("long", "long", "echo half > long; sleep 600"),
        Pkg::new("short", "short", "echo x > short"),
    ]);
    lab.publish();
    let signals = Signals::default();
    let report = lab.run_with(&signals, &mut |event| {
        if event.event == EventKind::Landed {
            signals.raise();
        }
    });
    assert_eq!(report.result, RunResult::Stopped);
    assert_eq!(report.exit_code(), git_wp::base::ExitCode::Interrupted);
    let long = PackageId::parse("long").unwrap();
    let ends = |lab: &Lab| {
        let records = lab.records();
        let all = records.packages[&long].in_order();
        all.iter()
            .map(|a| a.end.as_ref().unwrap().reason)
            .collect::<Vec<_>>()
    };
    assert_eq!(ends(&lab), [EndReason::Cancelled]);
    // The half-done work is on the attempt's branch.
    let branch = lab.records().packages[&long].in_order()[0]
        .attempt
        .branch
        .clone();
    assert_eq!(
        lab.scratch.git(&["show", &format!("{branch}:long")]),
        "half"
    );
    lab.profile = Profile::find(
        "other",
        &Roster {
            configured: BTreeMap::from([(
                "other".to_owned(),
                AgentSettings {
                    command: Some("sh -c 'echo whole > long'".to_owned()),
                    trust: Some(4),
                    ..AgentSettings::default()
                },
            )]),
            ..Roster::default()
        },
    )
    .unwrap();
    let report = lab.run();
    assert_eq!(report.result, RunResult::Merged, "{report:?}");
    assert_eq!(ends(&lab), [EndReason::Cancelled, EndReason::Completed]);
}

#[test]
fn a_second_run_of_the_same_feature_is_turned_away() {
    let lab = Lab::new(&[Pkg::new("one", "one", "echo x > one")]);
    lab.publish();
    let path = lab.repo().wp_dir().join("run/lab.lock");
    let held = git_wp::os::lock::try_lock(&path).unwrap().unwrap();
    held.announce("git wp implement", clock::now());
    let (setup, job) = lab.setup(&Signals::default());
    let mut summarise = |_: &FeatureView, _: &RunReport| Ok((json!({}), String::new()));
    let error = engine::implement(setup, &job, &mut summarise, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), git_wp::base::Kind::Lost);
    assert!(
        error.message().contains(&std::process::id().to_string()),
        "{error}"
    );
}

#[test]
fn an_attempt_whose_supervisor_died_is_saved_and_done_again() {
    let lab = Lab::new(&[Pkg::new("one", "one", "echo whole > one")]);
    lab.publish();
    let (setup, job) = lab.setup(&Signals::default());
    let attempt = random::attempt_id().unwrap();
    let record = Attempt {
        attempt: attempt.clone(),
        feature: job.feature.clone(),
        package: PackageId::parse("one").unwrap(),
        number: 1,
        plan: job.started.plan.clone(),
        definition: job.agenda.items()[0].definition.clone(),
        base: job.started.base.clone(),
        branch: RefName::parse(&format!("refs/heads/wp/lab/one/{attempt}")).unwrap(),
        agent: "shell".to_owned(),
        session: None,
        continues: None,
        mode: Mode::Implement,
        sprout: None,
        run: Some(job.options.run.clone()),
        by: Lab::by(),
    };
    // What a killed run leaves: its intents, a room with work in it, a process.
    lab.submit(
        Op::StartRun {
            feature: job.feature.clone(),
            run: job.started.clone(),
        },
        Vec::new(),
    );
    let claim = Claim {
        attempt: record.clone(),
        locks: job.agenda.items()[0].locks.clone(),
        after: Vec::new(),
        lease_seconds: None,
        steal: None,
    };
    lab.submit(Op::Claim(Box::new(claim)), Vec::new());
    let rooms = Rooms::new(lab.repo(), setup.rooms.clone(), setup.person.clone());
    let room = rooms.create(&RoomSpec {
        feature: &record.feature,
        package: &record.package,
        attempt: &attempt,
        branch: &record.branch,
        base: &record.base,
        start: &record.base,
        sparse: &[],
    });
    std::fs::write(room.unwrap().path().join("one"), "half\n").unwrap();
    let mut survivor = std::process::Command::new("sleep")
        .arg("600")
        .env("WP_ATTEMPT", attempt.as_str())
        .spawn()
        .unwrap();

    let report = lab.run();
    assert_eq!(report.result, RunResult::Merged, "{report:?}");
    assert_eq!(report.started.run, job.started.run, "the same run goes on");
    assert!(!survivor.wait().unwrap().success(), "killed");
    let records = lab.records();
    let package = &records.packages[&record.package];
    let ends = package.in_order();
    let ends: Vec<_> = ends
        .iter()
        .map(|a| a.end.as_ref().unwrap().reason)
        .collect();
    assert_eq!(ends, [EndReason::Lost, EndReason::Completed]);
    let saved = &package.attempts[&attempt].salvages[0];
    let saved = lab
        .scratch
        .git(&["show", &format!("{}:one", saved.kept_by)]);
    assert_eq!(saved, "half");
    assert_eq!(lab.show("one"), "whole");
    let worktrees = lab.scratch.git(&["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 1, "{worktrees}");
}

#[test]
fn a_run_that_breaks_off_after_any_event_is_finished_by_the_next_one() {
    for k in 0.. {
        let lab = Lab::new(&[Pkg::new("one", "one", "echo whole > one")]);
        lab.publish();
        let mut seen = 0;
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            lab.run_with(&Signals::default(), &mut |_| {
                assert!(seen != k, "the run breaks off here");
                seen += 1;
            })
        }));
        if broken.is_ok() {
            assert!(k > 8, "only {k} events");
            break;
        }
        let report = lab.run();
        assert_eq!(
            report.result,
            RunResult::Merged,
            "after event {k}: {report:?}"
        );
        assert_eq!(lab.show("one"), "whole");
        let failed = |view: &AttemptView| {
            let end = view.end.as_ref();
            end.is_none_or(|end| end.reason.uses_retry())
        };
        let records = lab.records();
        let attempts = records.packages.values().flat_map(|p| p.attempts.values());
        assert_eq!(attempts.filter(|a| failed(a)).count(), 0, "after event {k}");
        lab.scratch.assert_sound();
    }
}

#[test]
fn a_feature_branch_that_is_checked_out_moves_only_when_asked() {
    let lab = Lab::new(&[Pkg::new("one", "one", "echo x > one")]);
    lab.scratch.git(&["checkout", "-q", "-b", "feature/lab"]);
    lab.publish();
    let before = lab.scratch.oid("HEAD");
    let report = lab.run();
    assert_eq!(report.result, RunResult::Merged);
    assert!(matches!(
        report.branch,
        Some(engine::Advanced::CheckedOut { .. })
    ));
    assert_eq!(lab.scratch.oid("HEAD"), before);
    assert!(!lab.scratch.path().join("one").exists());

    let (mut setup, job) = lab.setup(&Signals::default());
    setup.checkout = engine::CheckoutRule::Update;
    let mut summarise = |_: &FeatureView, _: &RunReport| Ok((json!({}), String::new()));
    let report = engine::implement(setup, &job, &mut summarise, &mut |_| {}).unwrap();
    assert_eq!(report.branch, Some(engine::Advanced::There));
    assert_eq!(lab.scratch.oid("HEAD"), report.head);
    assert!(lab.scratch.path().join("one").exists());
    assert_eq!(lab.scratch.git(&["status", "--porcelain"]), "");
}
