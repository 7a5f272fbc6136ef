//! One run of the real program with many agents that misbehave at once, beside healthy ones: each
//! gets its verdict, nobody else suffers, nothing of them is left, and nothing is lost.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use git_wp::base::json::{self, Value};

use super::support::plans::{Pkg, plan, plan_path};
use super::support::{Scratch, git_command};

/// Its name, what has to come of it, a part of what is said of that, and whether the file `work`
/// that it began with has to be found afterwards.
type Animal = (&'static str, &'static str, &'static str, Work);

/// What became of the work of an agent.
#[derive(Clone, Copy, PartialEq)]
enum Work {
    Kept,
    Gone,
}

use Work::{Gone, Kept};

/// What they do.
const SCRIPT: &str = include_str!("agent_menagerie.sh");

const ZOO: [Animal; 32] = [
    ("healthy-a", "merged", "", Kept),
    ("healthy-b", "merged", "", Kept),
    ("daemon", "merged", "", Kept),
    ("children", "merged", "", Kept),
    ("flood", "merged", "", Kept),
    ("memory", "killed", "signal", Kept),
    ("killed", "killed", "signal 9", Kept),
    ("no-room", "lost-worktree", "gone", Gone),
    ("no-git", "lost-worktree", "`.git`", Kept),
    ("on-main", "merged", "", Kept),
    ("history", "failed", "exit code 128", Kept),
    ("orphan", "merged", "", Kept),
    ("config", "merged", "", Kept),
    ("hooks", "merged", "", Kept),
    ("filters", "failed", "gitattributes", Kept),
    ("nothing", "merged", "changed nothing", Gone),
    ("good-but-1", "failed", "exit code 1", Kept),
    ("secrets", "failed", "exit code 4", Kept),
    ("malformed", "bad-result", "JSON", Kept),
    ("says-failed", "failed", "no way", Kept),
    ("somebody", "merged", "", Kept),
    ("outside", "failed", "beyond", Kept),
    ("symlink", "failed", "symbolic link", Kept),
    ("many", "merged", "", Kept),
    ("unreadable", "merged", "", Kept),
    ("pipes", "merged", "", Kept),
    ("repeating", "failed", "again", Kept),
    ("staying", "merged", "", Kept),
    ("branches", "failed", "exit code 128", Kept),
    ("no-index", "merged", "", Kept),
    ("locks", "merged", "", Kept),
    ("healthy-c", "merged", "", Kept),
];

const TOOL: &str = r#"{"type":"assistant","message":{"id":"m","content":[{"type":"tool_use","name":"Bash","input":{"command":"make"}}]},"session_id":"s-1"}"#;
const DONE: &str = r#"{"type":"result","subtype":"success","is_error":false,"stop_reason":"end_turn","session_id":"s-1","total_cost_usd":0.5,"usage":{"input_tokens":10,"output_tokens":2}}"#;
/// In the environment of whoever starts the run.
const SECRET: &str = "a-secret-of-a-person-0815";

/// A repository with an agent `zoo` that does what the table says for its package.
fn cage(animals: &[Animal], plan_text: &dyn Fn(&str) -> String, flood: u64) -> Scratch {
    let scratch = Scratch::new();
    let packages: Vec<Pkg> = { animals.iter() }
        .map(|(id, ..)| match *id {
            "healthy-c" => Pkg::new(id).after(&["healthy-a"]),
            id => Pkg::new(id),
        })
        .collect();
    scratch.write(&plan_path("x"), &plan_text(&plan("x", &packages)));
    scratch.commit("plan");
    scratch.wp(&["approve", "x"]).expect(0);
    let script = format!("tool='{TOOL}'; done='{DONE}'; flood={flood}; secret={SECRET}\n{SCRIPT}");
    fs::write(scratch.beside("zoo.sh"), script).unwrap();
    let profiles = scratch.beside("home/.config/git-wp/agents");
    fs::create_dir_all(&profiles).unwrap();
    let profile = format!(
        "title = \"Zoo\"\nvendor = \"none\"\nrun = [\"sh\", \"{}\"]\nparser = \"claude\"\n\
         linger_seconds = 1\nrepeat = 20\ntrust = 2\n[sandbox]\nwhy = \"a zoo has no fence\"\n",
        scratch.beside("zoo.sh").display()
    );
    fs::write(profiles.join("zoo.toml"), profile).unwrap();
    scratch.git(&["config", "wp.graceSeconds", "1"]);
    scratch
}

/// The program, started.
fn start(scratch: &Scratch, jobs: &str) -> Child {
    let out = fs::File::create(scratch.beside("out")).unwrap();
    let err = fs::File::create(scratch.beside("err")).unwrap();
    let args = [
        "implement",
        "x",
        "--agent",
        "zoo",
        "-j",
        jobs,
        "-v",
        "--json",
    ];
    let mut command = scratch.wp_command(&args);
    command.env("GH_TOKEN", SECRET).stdout(out).stderr(err);
    command.spawn().unwrap()
}

/// Waits for it; gives its exit code and the most memory that it had, in KiB.
fn wait(mut child: Child, meanwhile: &dyn Fn()) -> (Option<i32>, u64) {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let most = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(most.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), peak);
        }
        meanwhile();
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn read(scratch: &Scratch, name: &str) -> String {
    fs::read_to_string(scratch.beside(name)).unwrap()
}

/// The last attempt of every package; only those that were lost are made again.
fn attempts(scratch: &Scratch) -> BTreeMap<String, Value> {
    let data = scratch.wp(&["status", "x", "--json"]).expect(0).data();
    let packages = data["packages"].as_array().unwrap().iter();
    let attempts = packages.map(|package| {
        let all = package["attempts"].as_array().unwrap();
        let lost = all.iter().filter(|attempt| attempt["outcome"] == "killed");
        assert!(all.len() <= lost.count().max(1), "{package}");
        (
            package["id"].as_str().unwrap().to_owned(),
            all[all.len() - 1].clone(),
        )
    });
    attempts.collect()
}

/// No process is left that bears the mark of one of these attempts.
fn assert_gone(attempts: &BTreeMap<String, Value>) {
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(bytes) = fs::read(entry.path().join("environ")) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        for (id, attempt) in attempts {
            let mark = format!("WP_ATTEMPT={}\0", attempt["id"].as_str().unwrap());
            assert!(!text.contains(&mark), "{id}: {:?}", entry.path());
        }
    }
}

/// Every ref with commits of attempts.
fn refs(scratch: &Scratch) -> Vec<String> {
    let text = scratch.git(&["for-each-ref", "--format=%(refname)"]);
    text.lines().map(str::to_owned).collect()
}

/// True if a ref of the attempt holds what it began with, or its room still stands.
fn is_kept(scratch: &Scratch, refs: &[String], (name, id): (&str, &str)) -> bool {
    let mut own = refs.iter().filter(|name| name.contains(id));
    let room = scratch.beside(&format!("repo.wp/wp-{id}/{name}/work"));
    room.exists() || own.any(|own| is_there(scratch, &format!("{own}:{name}/work")))
}

fn is_there(scratch: &Scratch, object: &str) -> bool {
    let mut git = git_command(&scratch.path());
    git.args(["cat-file", "-e", object]).stderr(Stdio::null());
    git.status().unwrap().success()
}

#[test]
fn a_zoo_is_judged_and_its_keeper_and_the_healthy_come_to_no_harm() {
    let scratch = cage(&ZOO, &str::to_owned, 300_000_000);
    let before = scratch.oid("main");
    let config = fs::read(scratch.path().join(".git/config")).unwrap();
    let (code, peak) = wait(start(&scratch, "16"), &|| {});
    let err = read(&scratch, "err");
    assert_eq!(code, Some(1), "{err}");
    assert!(peak > 1000 && peak < 200 << 10, "{peak} KiB");

    let attempts = attempts(&scratch);
    assert_gone(&attempts);
    let refs = refs(&scratch);
    let mut wrong = Vec::new();
    for (name, outcome, part, work) in ZOO {
        let attempt = &attempts[name];
        let found = attempt["outcome"].as_str().unwrap_or("");
        let said = json::line(attempt).unwrap();
        if found != outcome || !said.contains(part) {
            wrong.push(format!("{name}, not {outcome}: {said}"));
        }
        let id = attempt["id"].as_str().unwrap();
        if work == Kept && !is_kept(&scratch, &refs, (name, id)) {
            wrong.push(format!("{name}: its work is lost"));
        }
        let merged = is_there(&scratch, &format!("openspec/x:{name}/work"));
        if merged != (outcome == "merged" && work == Kept) {
            wrong.push(format!("{name}: merged is {merged}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{err}", wrong.join("\n"));

    assert_eq!(scratch.oid("main"), before);
    let now = fs::read(scratch.path().join(".git/config")).unwrap();
    assert_eq!(String::from_utf8(now), String::from_utf8(config));
    assert!(!scratch.beside("canary").exists() && !scratch.beside("repo.wp/canary").exists());
    assert_eq!(scratch.git(&["status", "--porcelain"]), "");
    scratch.assert_sound();
    assert_secret_is_nowhere(&scratch);
    let report = scratch.wp(&["report", "x", "--json"]).expect(0).data();
    let held = json::line(&report["agents"]).unwrap();
    let expected = r#"[{"agent":"zoo","sandbox":"off","why":"a zoo has no fence"}]"#;
    assert_eq!(held, expected);
}

/// What an agent printed of its keeper's secrets is in no record and in no answer.
fn assert_secret_is_nowhere(scratch: &Scratch) {
    for name in ["out", "err"] {
        assert!(!read(scratch, name).contains(SECRET), "{name}");
    }
    for args in [
        &["report", "x"][..],
        &["status", "x", "--json"],
        &["log", "x"],
        &["why", "x/secrets"],
    ] {
        let run = scratch.wp(args);
        assert!(
            !run.stdout.contains(SECRET) && !run.stderr.contains(SECRET),
            "{args:?}"
        );
    }
    let mut git = git_command(&scratch.path());
    let done = git
        .args(["log", "-p", "--format=%B", "refs/wp/state"])
        .output();
    let text = String::from_utf8_lossy(&done.unwrap().stdout).into_owned();
    assert!(text.contains("[redacted]") && !text.contains(SECRET));
}

#[test]
fn agents_that_hear_no_signal_are_gone_when_the_run_was_stopped() {
    let deaf = ["deaf-a", "deaf-b"];
    let zoo = deaf.map(|name| (name, "stopped", "stopped", Kept));
    let scratch = cage(&zoo, &str::to_owned, 0);
    let child = start(&scratch, "2");
    let pid = child.id().to_string();
    let up = |id: &str| scratch.beside(&format!("{id}.up")).exists();
    let asked = std::cell::Cell::new(false);
    let (code, _) = wait(child, &|| {
        if !asked.get() && up("deaf-a") && up("deaf-b") {
            let done = Command::new("kill").args(["-INT", &pid]).status();
            asked.set(done.unwrap().success());
        }
    });
    assert_eq!(code, Some(130), "{}", read(&scratch, "err"));
    let attempts = attempts(&scratch);
    assert_gone(&attempts);
    for name in deaf {
        assert_eq!(attempts[name]["outcome"], "stopped");
        let id = attempts[name]["id"].as_str().unwrap();
        assert!(is_kept(&scratch, &refs(&scratch), (name, id)));
    }
    scratch.assert_sound();
}

#[test]
#[ignore = "takes minutes: the limits of agents are in minutes, and ten gigabytes take their time"]
fn hanging_and_silent_agents_and_ten_gigabytes_meet_their_limits() {
    let slow = [
        ("hanging", "timed-out", "limit", Kept),
        ("silent", "silent", "nothing", Kept),
        ("flood", "merged", "", Kept),
        ("healthy-a", "merged", "", Kept),
    ];
    let limits = |text: &str| text.replace("timeout_minutes: 5", "timeout_minutes: 2");
    let scratch = cage(&slow, &limits, 10_000_000_000);
    scratch.git(&["config", "wp.silenceMinutes", "1"]);
    let (_, peak) = wait(start(&scratch, "4"), &|| {});
    assert!(peak < 200 << 10, "{peak} KiB");
    let attempts = attempts(&scratch);
    assert_gone(&attempts);
    for (name, outcome, part, _) in slow {
        let said = json::line(&attempts[name]).unwrap();
        assert_eq!(attempts[name]["outcome"], outcome, "{said}");
        assert!(said.contains(part), "{said}");
    }
}
