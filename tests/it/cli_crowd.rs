//! Sixteen workers type random verbs of coordination at one repository, some of them killed in the
//! middle. Afterwards the chain is read commit by commit, without any code of the program, and
//! what must never be is looked for in every state that there ever was.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use git_wp::base::json::{self, Value};

use super::support::plans::Pkg;
use super::support::{Scratch, run};

const CROWD: u64 = 16;
/// What all of them together may take; who is slow types less.
const TIME: Duration = Duration::from_secs(9);
const TYPED_MAX: usize = 40;
const KEYS: [&str; 6] = [
    "src/a.rs",
    "src/b.rs",
    "src/**",
    "docs/x.md",
    "db:schema:users",
    "feature:x:pause",
];

/// Small, repeatable and not good: that is all that is asked of it here.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }
}

/// What commands said that ended well: the chain must hold all of it.
#[derive(Default)]
struct Said {
    tasks: Vec<String>,
    claims: Vec<(String, String)>,
    closed: Vec<(String, String)>,
    locks: Vec<String>,
    killed: usize,
}

struct Worker<'a> {
    scratch: &'a Scratch,
    said: &'a Mutex<Said>,
    session: String,
    dice: Dice,
    mine: Vec<String>,
}

impl Worker<'_> {
    fn work(&mut self, until: Instant) {
        for _ in 0..TYPED_MAX {
            if Instant::now() >= until {
                return;
            }
            self.step();
        }
    }

    fn step(&mut self) {
        let tasks = self.said.lock().unwrap().tasks.clone();
        let any = |dice: &mut Dice| match tasks.is_empty() {
            true => "t-none".to_owned(),
            false => dice.pick(&tasks).clone(),
        };
        let task = any(&mut self.dice);
        let other = any(&mut self.dice);
        let mine = self.mine.last().cloned().unwrap_or_else(|| task.clone());
        let key = *self.dice.pick(&KEYS);
        let priority = (1 + self.dice.roll(10)).to_string();
        let args: Vec<&str> = match self.dice.roll(20) {
            0 | 1 => vec!["task", "submit", "test", "x", "--priority", &priority],
            2 => vec![
                "task", "submit", "test", "x", "--after", &task, "--after", &other,
            ],
            3 => vec!["task", "submit", "test", "x", "--feature", "x"],
            4..=7 => vec!["task", "claim"],
            8 => vec!["task", "claim", &task],
            9 | 10 => vec!["task", "complete", &mine, "--result", &priority],
            11 => vec!["task", "complete", &task, "--failed", "-m", "no"],
            12 => vec!["task", "release", &mine],
            13 => vec!["task", "cancel", &task, "-m", "no"],
            14..=16 => vec!["lock", "acquire", key, "-m", "mine"],
            17 | 18 => vec!["lock", "release", key],
            _ => vec!["agents", "heartbeat"],
        };
        self.type_in(&args);
    }

    fn type_in(&mut self, args: &[&str]) {
        let mut all = args.to_vec();
        let named = !matches!(args, ["task", "cancel", ..]);
        if named {
            all.extend(["--session", &self.session]);
        }
        all.push("--json");
        let mut command = self.scratch.wp_command(&all);
        if self.dice.roll(6) == 0 {
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            // Anywhere between its first and its last instruction.
            std::thread::sleep(Duration::from_millis(self.dice.roll(120)));
            let _ = child.kill();
            child.wait().unwrap();
            self.said.lock().unwrap().killed += 1;
            return;
        }
        let run = run(command);
        assert!(
            // On a machine with too much to do somebody may wait in vain, and says so.
            matches!(run.code, 0..=3 | 75),
            "{all:?}: {}{}",
            run.stdout,
            run.stderr
        );
        if run.code == 0 {
            self.note(args, &run.data());
        }
    }

    fn note(&mut self, args: &[&str], data: &Value) {
        let word = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let mut said = self.said.lock().unwrap();
        match args {
            ["task", "submit", ..] => said.tasks.push(word("task_id")),
            ["task", "claim", ..] => {
                said.claims.push((word("task_id"), word("attempt")));
                self.mine.push(word("task_id"));
            }
            ["task", "complete" | "cancel", ..] => {
                said.closed.push((word("task_id"), word("status")));
            }
            ["lock", "acquire", ..] => said.locks.push(word("attempt")),
            _ => {}
        }
    }
}

/// Whether two of [`KEYS`] have a path or a key in common.
fn meet(a: &str, b: &str) -> bool {
    let below = |glob: &str, path: &str| glob == "src/**" && path.starts_with("src/");
    a == b || below(a, b) || below(b, a)
}

/// A task or a lock as far as the chain has come.
#[derive(Default)]
struct Slot {
    task: Option<Value>,
    claims: BTreeMap<String, Value>,
    /// Attempts by epoch.
    grants: BTreeMap<u32, String>,
    ends: BTreeSet<String>,
    closed: Option<Value>,
    results: BTreeMap<String, Value>,
}

impl Slot {
    fn live(&self) -> Option<&Value> {
        let (_, attempt) = self.grants.last_key_value()?;
        let claim = &self.claims[attempt];
        (!self.ends.contains(attempt)).then_some(claim)
    }

    fn put(&mut self, name: &str, attempt: Option<&str>, value: Value) {
        let stem = name.strip_suffix(".json").unwrap_or(name);
        match (stem, attempt) {
            ("task", None) => self.task = Some(value),
            ("claim", Some(attempt)) => drop(self.claims.insert(attempt.to_owned(), value)),
            ("result", Some(attempt)) => drop(self.results.insert(attempt.to_owned(), value)),
            ("closed", _) => {
                assert!(self.closed.is_none(), "it was closed twice");
                self.closed = Some(value);
            }
            (stem, _) => {
                let attempt = value["attempt"].as_str().unwrap().to_owned();
                match stem.strip_prefix("grant-") {
                    Some(epoch) => {
                        let epoch: u32 = epoch.parse().unwrap();
                        assert_eq!(value["epoch"], epoch);
                        drop(self.grants.insert(epoch, attempt));
                    }
                    None => {
                        assert_eq!(stem, format!("end-{attempt}"));
                        self.ends.insert(attempt);
                    }
                }
            }
        }
    }

    /// What holds of every single one at any time.
    fn judge(&self, path: &str) {
        let epochs: Vec<u32> = self.grants.keys().copied().collect();
        let whole: Vec<u32> = (1..).take(epochs.len()).collect();
        assert_eq!(epochs, whole, "{path}: epochs are counted");
        let open = self.grants.values().filter(|a| !self.ends.contains(*a));
        let open: Vec<&String> = open.collect();
        assert!(open.len() <= 1, "{path} has two owners: {open:?}");
        let last = self.grants.last_key_value();
        assert!(
            open.iter().all(|a| Some(*a) == last.map(|(_, a)| a)),
            "{path}: an old owner"
        );
        assert!(
            self.closed.is_none() || open.is_empty(),
            "{path} is over and held"
        );
    }
}

/// Everything that the chain said so far.
#[derive(Default)]
struct Chain {
    slots: BTreeMap<String, Slot>,
}

impl Chain {
    /// Reads the next commit: `git log --raw` lines, and what the blobs say.
    fn commit(&mut self, changes: &[(String, String, Value)]) {
        let paused = self.pauses();
        let mut granted = Vec::new();
        let mut touched = BTreeSet::new();
        let over: BTreeSet<String> = { self.slots.iter() }
            .filter(|(_, slot)| slot.closed.is_some())
            .map(|(path, _)| path.clone())
            .collect();
        for (status, path, value) in changes {
            let is_register = path.contains("/registers/");
            assert!(
                status == "A" || (status == "M" && is_register),
                "{status} {path}"
            );
            let parts: Vec<&str> = path.split('/').collect();
            if !matches!(parts[0], "tasks" | "locks") {
                continue;
            }
            let room = parts[..3].join("/");
            let name = parts[parts.len() - 1];
            let attempt = (parts[3] == "facts" && parts.len() == 6).then(|| parts[4]);
            let is_grant = name.starts_with("grant-");
            assert!(
                !(is_grant && over.contains(&room)),
                "{path}: granted after its end"
            );
            if is_grant && parts[0] == "tasks" {
                granted.push((room.clone(), value["attempt"].as_str().unwrap().to_owned()));
            }
            let slot = self.slots.entry(room.clone()).or_default();
            slot.put(name, attempt, value.clone());
            touched.insert(room);
        }
        for room in &touched {
            self.slots[room].judge(room);
        }
        self.locks_are_exclusive();
        for (room, attempt) in &granted {
            self.was_free_to_start((room, attempt), &paused);
        }
    }

    /// Sessions that hold the pause of the feature.
    fn pauses(&self) -> BTreeSet<String> {
        let live = self.slots.values().filter_map(Slot::live);
        let pauses = live.filter(|claim| claim["key"] == "feature:x:pause");
        pauses.map(|claim| claim["session"].to_string()).collect()
    }

    fn locks_are_exclusive(&self) {
        let locks = { self.slots.iter() }.filter(|(path, _)| path.starts_with("locks/"));
        let live: Vec<&Value> = locks.filter_map(|(_, slot)| slot.live()).collect();
        for (n, one) in live.iter().enumerate() {
            for other in &live[n + 1..] {
                let text = |claim: &Value| claim["key"].as_str().unwrap().to_owned();
                let same = one["session"] == other["session"];
                let apart = !meet(&text(one), &text(other));
                assert!(same || apart, "two hold the same: {one} {other}");
            }
        }
    }

    fn was_free_to_start(&self, (room, attempt): (&String, &String), paused: &BTreeSet<String>) {
        let slot = &self.slots[room];
        let task = slot.task.as_ref().expect("a task that was never submitted");
        for before in task["after"].as_array().unwrap() {
            let id = before.as_str().unwrap();
            let found = { self.slots.iter() }.find(|(path, _)| path.ends_with(&format!("/{id}")));
            let closed = found.and_then(|(_, slot)| slot.closed.as_ref());
            let outcome = closed.map(|closed| closed["outcome"].clone());
            assert_eq!(
                outcome,
                Some(Value::from("completed")),
                "{room} came before {id}"
            );
        }
        let session = slot.claims[attempt]["session"].to_string();
        // A pause that was there before and after the commit was there when it was granted.
        let still = self.pauses();
        let held = paused.intersection(&still).any(|holder| *holder != session);
        assert!(task["feature"].is_null() || !held, "{room} passed a pause");
    }
}

/// All commits, oldest first, each with what it changed.
fn history(scratch: &Scratch) -> Vec<Vec<(String, String, Value)>> {
    let format = "--format=commit %H";
    let log = scratch.git(&[
        "log",
        "--reverse",
        "--first-parent",
        "--raw",
        "--no-abbrev",
        "--no-renames",
        "-r",
        "--root",
        format,
        "refs/wp/state",
    ]);
    let mut blobs = BTreeMap::new();
    let raw = || log.lines().filter_map(|line| line.strip_prefix(':'));
    for line in raw() {
        let oid = line.split(' ').nth(3).unwrap();
        blobs.entry(oid.to_owned()).or_insert(Value::Null);
    }
    for (oid, value) in &mut blobs {
        let bytes = scratch.git(&["cat-file", "blob", oid]);
        *value = json::parse(bytes.as_bytes()).unwrap_or(Value::Null);
    }
    let mut commits: Vec<Vec<(String, String, Value)>> = Vec::new();
    for line in log.lines().filter(|line| !line.is_empty()) {
        let Some(line) = line.strip_prefix(':') else {
            commits.push(Vec::new());
            continue;
        };
        let (meta, path) = line.split_once('\t').unwrap();
        let words: Vec<&str> = meta.split(' ').collect();
        let value = blobs[words[3]].clone();
        commits
            .last_mut()
            .unwrap()
            .push((words[4].to_owned(), path.to_owned(), value));
    }
    commits
}

#[test]
fn sixteen_processes_at_random_break_nothing() {
    let scratch = Scratch::new();
    scratch.git(&["config", "wp.durability", "off"]);
    scratch.add_plan("x", &[Pkg::new("wp-a")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let said = Mutex::new(Said::default());
    let until = Instant::now() + TIME;
    std::thread::scope(|scope| {
        for n in 0..CROWD {
            let mut worker = Worker {
                scratch: &scratch,
                said: &said,
                session: format!("s{n}"),
                dice: Dice(0x9e37_79b9_7f4a_7c15 ^ (n + 1).wrapping_mul(0x2545_f491_4f6c_dd1d)),
                mine: Vec::new(),
            };
            scope.spawn(move || worker.work(until));
        }
    });
    let said = said.into_inner().unwrap();
    let mut chain = Chain::default();
    for changes in history(&scratch) {
        chain.commit(&changes);
    }

    // What was said is so.
    let slot = |id: &str| {
        let mut found =
            { chain.slots.iter() }.filter(|(path, _)| path.ends_with(&format!("/{id}")));
        found
            .next()
            .map(|(_, slot)| slot)
            .expect("a task that was acknowledged")
    };
    for id in &said.tasks {
        assert!(slot(id).task.is_some(), "{id}");
    }
    for (id, attempt) in &said.claims {
        assert!(
            slot(id).grants.values().any(|granted| granted == attempt),
            "{id} {attempt}"
        );
    }
    for (id, status) in &said.closed {
        let slot = slot(id);
        let closed = slot.closed.as_ref().expect("an end that was acknowledged");
        assert_eq!(closed["outcome"], status.as_str(), "{id}");
        if let Some(attempt) = closed["attempt"].as_str() {
            assert_eq!(slot.results[attempt]["outcome"], closed["outcome"], "{id}");
        }
    }
    let granted: BTreeSet<&String> = { chain.slots.values() }
        .flat_map(|slot| slot.grants.values())
        .collect();
    for attempt in &said.locks {
        assert!(granted.contains(attempt), "lock {attempt}");
    }
    let counts = [
        said.tasks.len(),
        said.claims.len(),
        said.closed.len(),
        said.locks.len(),
    ];
    // How much came about is the machine's affair; that nothing did would prove nothing.
    assert!(
        counts[0] > 0 && counts[1..].iter().sum::<usize>() > 0,
        "{counts:?}"
    );
    assert!(said.killed > 0);
    scratch.wp(&["audit", "--verify"]).expect(0);
    scratch.assert_sound();
}
