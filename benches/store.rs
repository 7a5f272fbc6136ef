//! How fast the store is: claims under many processes, and views of 10 000 packages.
//!
//! `cargo bench --bench store` prints one line per figure. Numbers of one run compare with each
//! other; those of two machines do not.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use git_wp::base::{
    ActorId, AttemptId, ContentHash, FeatureId, Oid, PackageId, RefName, Timestamp, TxnId,
};
use git_wp::git::Repo;
use git_wp::model::evidence::{Evidence, StepEvidence, StepState};
use git_wp::model::outcome::{AttemptResult, EndReason, Mode, OutcomeKind};
use git_wp::model::plan::Format;
use git_wp::model::verification::Tier;
use git_wp::model::{Durability, Settings};
use git_wp::report::view::StatusView;
use git_wp::state::record::{Attempt, By, EvidenceFact, Land, Landing, PackageBrief, PlanOrigin};
use git_wp::state::request::{AttemptFact, Claim};
use git_wp::state::{LockSet, Op, Request};
use git_wp::store::{Accepted, Load, Seat, Store};

const PACKAGES: usize = 10_000;
const BATCH: usize = 500;
const SECONDS: u64 = 3;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, word, path, name, durability] = args.as_slice()
        && word == "--worker"
    {
        return worker(Path::new(path), name, durability);
    }
    for durability in ["off", "fast", "full"] {
        for processes in [1, 8, 32] {
            claims(processes, durability);
        }
    }
    views();
}

fn open(path: &Path, durability: &str) -> Store {
    let durability = match durability {
        "off" => Durability::Off,
        "fast" => Durability::Fast,
        _ => Durability::Full,
    };
    let settings = Settings {
        durability,
        ..Settings::default()
    };
    Store::open(&Repo::discover(path).unwrap(), &settings, Seat::Outside)
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or("/tmp".into()));
    let folder = folder.unwrap();
    let git = folder.path().join(".git");
    for name in ["objects", "refs"] {
        std::fs::create_dir_all(git.join(name)).unwrap();
    }
    std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let config = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n";
    std::fs::write(git.join("config"), config).unwrap();
    folder
}

/// Claims and releases by many processes for some seconds.
fn claims(processes: usize, durability: &str) {
    let folder = repository();
    let store = open(folder.path(), durability);
    let packages: Vec<String> = (0..processes).map(|i| format!("w{i}")).collect();
    publish(&store, &packages);
    let start = Instant::now();
    let workers: Vec<_> = packages
        .iter()
        .map(|name| {
            Command::new(std::env::current_exe().unwrap())
                .arg("--worker")
                .arg(folder.path())
                .args([name, durability])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut counts: Vec<f64> = Vec::new();
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        counts.push(
            String::from_utf8(output.stdout)
                .unwrap()
                .trim()
                .parse()
                .unwrap(),
        );
    }
    let total: f64 = counts.iter().sum();
    let squares: f64 = counts.iter().map(|c| c * c).sum();
    let count = f64::from(u32::try_from(counts.len()).unwrap());
    let fairness = total * total / (count * squares);
    let rate = total / start.elapsed().as_secs_f64();
    println!("claims {processes:>2} processes, {durability:<4}: {rate:>6.0}/s, Jain {fairness:.2}");
}

fn worker(path: &Path, name: &str, durability: &str) {
    let store = open(path, durability);
    let start = Instant::now();
    let mut done = 0;
    for i in 0.. {
        if start.elapsed() > Duration::from_secs(SECONDS) {
            break;
        }
        let aid = format!("a{name}-{i}");
        let epoch = i + 1;
        for request in [
            claim(&format!("c{aid}"), name, &aid),
            end(&format!("e{aid}"), name, &aid, epoch),
        ] {
            let outcome = store.submit(vec![request]).unwrap().remove(0);
            assert!(matches!(outcome, Ok(Accepted::Committed(_))), "{outcome:?}");
            done += 1;
        }
    }
    println!("{done}");
}

/// The views that `status` and a claim need.
fn views() {
    let folder = repository();
    let store = open(folder.path(), "off");
    let names: Vec<String> = (0..PACKAGES).map(|i| format!("wp-{i}")).collect();
    publish(&store, &names);
    let start = Instant::now();
    for (round, batch) in names.chunks(BATCH).enumerate() {
        merge(&store, round, batch);
    }
    println!(
        "{PACKAGES} packages merged in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    for what in ["cold", "warm", "warm"] {
        let start = Instant::now();
        let store = open(folder.path(), "off");
        let rows = store.derived(&feature(), "status-bench", |records| {
            StatusView::of(&feature(), records)
        });
        assert_eq!(rows.unwrap().unwrap().packages.len(), PACKAGES);
        let millis = start.elapsed().as_secs_f64() * 1000.0;
        println!("status of {PACKAGES} packages, {what}: {millis:.1} ms");
        for (word, load) in [
            ("briefs", Load::Briefs),
            ("full", Load::Features(vec![feature()])),
        ] {
            let start = Instant::now();
            let store = open(folder.path(), "off");
            let view = store.view(&load).unwrap();
            let millis = start.elapsed().as_secs_f64() * 1000.0;
            println!("{word} of {PACKAGES} packages, {what}: {millis:.1} ms");
            assert_eq!(view.briefs[&feature()].merged, PACKAGES);
        }
    }
}

fn merge(store: &Store, round: usize, names: &[String]) {
    let aid = |name: &str| format!("a-{name}");
    let mut requests: Vec<Request> = Vec::new();
    for name in names {
        let aid = aid(name);
        requests.push(claim(&format!("c{aid}"), name, &aid));
        requests.push(note(
            &format!("r{aid}"),
            name,
            &aid,
            AttemptFact::Result(Box::new(result())),
        ));
        requests.push(note(
            &format!("v{aid}"),
            name,
            &aid,
            AttemptFact::Evidence(evidence()),
        ));
    }
    let n = u32::try_from(round).unwrap() + 1;
    let landing = |name: &String| Landing {
        package: package(name),
        attempt: AttemptId::parse(&aid(name)).unwrap(),
        epoch: 1,
        head: oid('b'),
        merge: oid('c'),
    };
    let land = Land {
        n,
        attempts: names.iter().map(landing).collect(),
        branch: RefName::parse("refs/wp/integration/f").unwrap(),
        old: oid('a'),
        new: oid('c'),
        by: by(),
    };
    let feature = feature();
    requests.push(request(
        &format!("land{n}"),
        Op::Land {
            feature: feature.clone(),
            land,
        },
    ));
    requests.push(request(&format!("landed{n}"), Op::Landed { feature, n }));
    for outcome in store.submit(requests).unwrap() {
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}

fn publish(store: &Store, names: &[String]) {
    let blob = store.put_blob(b"plan").unwrap();
    let brief = |name: &String| PackageBrief {
        id: package(name),
        after: Vec::new(),
        retries: 1,
        gate: false,
        definition: None,
    };
    let plan = PlanOrigin {
        barrier: None,
        eager: false,
        contracts: Vec::new(),
        hash: ContentHash::of(b"plan"),
        blob,
        path: String::new(),
        format: Format::WorkPackages,
        plan_revision: 1,
        contracts_revision: 1,
        packages: names.iter().map(brief).collect(),
        by: by(),
    };
    let (feature, title) = (feature(), None);
    let publish = request(
        "publish",
        Op::Publish {
            feature,
            title,
            plan,
        },
    );
    store.submit(vec![publish]).unwrap().remove(0).unwrap();
}

fn claim(txn: &str, name: &str, aid: &str) -> Request {
    let claim = Claim {
        attempt: Attempt {
            attempt: AttemptId::parse(aid).unwrap(),
            feature: feature(),
            package: package(name),
            number: 1,
            plan: ContentHash::of(b"plan"),
            definition: ContentHash::of(name.as_bytes()),
            base: oid('a'),
            branch: RefName::parse(&format!("refs/heads/wp/f/{name}/{aid}")).unwrap(),
            agent: "shell".to_owned(),
            session: None,
            continues: None,
            mode: Mode::Implement,
            sprout: None,
            run: None,
            by: by(),
        },
        locks: LockSet {
            write: vec![format!("src/{name}/**")],
            ..LockSet::default()
        },
        after: Vec::new(),
        lease_seconds: None,
        steal: None,
    };
    request(txn, Op::Claim(Box::new(claim)))
}

fn end(txn: &str, name: &str, aid: &str, epoch: u32) -> Request {
    let attempt = AttemptId::parse(aid).unwrap();
    let (feature, package) = (feature(), package(name));
    let (reason, note) = (EndReason::Released, String::new());
    request(
        txn,
        Op::End {
            feature,
            package,
            attempt,
            epoch,
            reason,
            note,
        },
    )
}

fn note(txn: &str, name: &str, aid: &str, fact: AttemptFact) -> Request {
    let attempt = AttemptId::parse(aid).unwrap();
    let (feature, package) = (feature(), package(name));
    request(
        txn,
        Op::Note {
            feature,
            package,
            attempt,
            fact,
        },
    )
}

fn result() -> AttemptResult {
    AttemptResult {
        outcome: OutcomeKind::Finished,
        head: oid('b'),
        tree: oid('d'),
        exit_code: Some(0),
        seconds: 60,
        reason: "finished".to_owned(),
        files_modified: (0..5)
            .map(|i| format!("src/file-{i}.rs").as_str().into())
            .collect(),
        claimed: git_wp::base::json::Map::default(),
        log: None,
        tail: "the last line\n".repeat(40),
        account: None,
        held: None,
        hypotheses: None,
        at: by().at,
    }
}

fn evidence() -> EvidenceFact {
    let step = |i: i32| StepEvidence {
        name: format!("step {i}"),
        kind: "command".to_owned(),
        state: StepState::Passed,
        what: "cargo test".to_owned(),
        exit_code: Some(0),
        millis: 1000,
        at: by().at,
        tail: "test result: ok\n".repeat(20),
        note: None,
        reused: false,
    };
    EvidenceFact {
        evidence: Evidence {
            tree: oid('d'),
            tier: Tier::A,
            steps: (0..3).map(step).collect(),
        },
        merged: false,
        at: by().at,
    }
}

fn request(txn: &str, op: Op) -> Request {
    Request {
        txn: TxnId::parse(txn).unwrap(),
        actor: by().actor,
        label: by().label,
        at: by().at,
        needs: Vec::new(),
        op,
    }
}

fn by() -> By {
    By {
        actor: ActorId::parse("clone1").unwrap(),
        label: "ann@host".to_owned(),
        at: Timestamp::from_millis(1_790_000_000_000),
    }
}

fn feature() -> FeatureId {
    FeatureId::parse("f").unwrap()
}

fn package(name: &str) -> PackageId {
    PackageId::parse(name).unwrap()
}

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}
