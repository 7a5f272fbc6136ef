//! Several processes serve one run: `implement --schedule-only`, `work`, `task complete`.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use git_wp::base::json::{self, Value};

use super::support::plans::{Pkg, plan, plan_path};
use super::support::{Run, Scratch, git_command, run};

const LONG: Duration = Duration::from_secs(120);

fn approved(feature: &str, packages: &[Pkg]) -> Scratch {
    let scratch = Scratch::new();
    scratch.add_plan(feature, packages);
    scratch.wp(&["approve", feature]).expect(0);
    scratch
}

/// A process under way; killed if the test ends before it.
struct Running(Option<Child>);

impl Running {
    fn begin(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(Some(command.spawn().unwrap()))
    }

    fn wait(mut self) -> Run {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn kill(mut self) {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn is_over(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Scratch {
    fn begin(&self, args: &[&str]) -> Running {
        Running::begin(self.wp_command(args))
    }
}

#[track_caller]
fn until(what: &str, mut test: impl FnMut() -> bool) {
    let since = Instant::now();
    while !test() {
        assert!(since.elapsed() < LONG, "{what} never came");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn has_run(scratch: &Scratch) -> bool {
    let tree = scratch.git(&["ls-tree", "-r", "--name-only", "refs/wp/state"]);
    tree.lines().any(|path| path.ends_with("/started.json"))
}

fn attempts(worker: &Value) -> Vec<(String, String)> {
    let features = worker["features"].as_array().unwrap().iter();
    let attempts = features.flat_map(|f| f["attempts"].as_array().unwrap());
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    attempts
        .map(|a| (word(&a["package"]), word(&a["outcome"])))
        .collect()
}

#[test]
fn two_workers_and_an_integrator_finish_a_plan() {
    let once = "mkdir -p wp-c && if test -e ../../tried; then echo ok > wp-c/file; \
                else touch ../../tried; exit 1; fi";
    let packages = [
        Pkg::new("wp-a"),
        Pkg::new("wp-b"),
        Pkg::new("wp-c").run(once).retries(1),
        Pkg::new("wp-d").after(&["wp-a", "wp-b"]),
        Pkg::new("wp-e").after(&["wp-c"]),
        Pkg::new("wp-f").after(&["wp-d", "wp-e"]),
    ];
    let scratch = approved("x", &packages);
    let integrator = scratch.begin(&["implement", "x", "--schedule-only", "--json"]);
    until("the run", || has_run(&scratch));
    let args = ["work", "-j", "1", "--agent", "shell", "--json"];
    let workers = [scratch.begin(&args), scratch.begin(&args)];
    let data = integrator.wait().expect(0).data();
    assert_eq!(data["result"], "merged");
    let mut done = Vec::new();
    for worker in workers {
        let data = worker.wait().expect(0).data();
        assert_eq!(data["left"].as_array().unwrap().len(), 0, "{data}");
        done.extend(attempts(&data));
    }
    done.sort();
    let expected = ["wp-a", "wp-b", "wp-c", "wp-c", "wp-d", "wp-e", "wp-f"];
    let names: Vec<&str> = done.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(names, expected);
    let merged = done.iter().filter(|(_, outcome)| outcome == "merged");
    assert_eq!(merged.count(), 6);
    scratch.git(&["show", "openspec/x:wp-f/file"]);
    let rooms = scratch.git(&["worktree", "list"]);
    let rooms = rooms.lines().filter(|l| !l.contains("[wp/x/wp-c/"));
    assert_eq!(rooms.count(), 1, "rooms of merged attempts are gone");
    scratch.assert_sound();
}

#[test]
fn what_a_killed_worker_held_is_given_to_another() {
    let gate = "mkdir -p wp-a && if test -e ../../first; then echo ok > wp-a/file; \
                else touch ../../first; sleep 600; fi";
    let scratch = approved(
        "x",
        &[
            Pkg::new("wp-a").run(gate),
            Pkg::new("wp-b").after(&["wp-a"]),
        ],
    );
    let integrator = scratch.begin(&["implement", "x", "--schedule-only", "--json"]);
    until("the run", || has_run(&scratch));
    let worker = scratch.begin(&["work", "--json"]);
    let mark = scratch.path().parent().unwrap().join("first");
    until("the agent", || mark.exists());
    worker.kill();
    let second = scratch.begin(&["work", "--json"]);
    let data = integrator.wait().expect(0).data();
    assert_eq!(data["result"], "merged");
    let tries = data["packages"][0]["attempts"].as_array().unwrap();
    assert_eq!(tries.len(), 2);
    assert_eq!(tries[0]["outcome"], "lost");
    second.wait().expect(0);
    scratch.assert_sound();
}

#[test]
fn a_plan_that_nobody_approved_here_is_never_run() {
    let scratch = approved("x", &[Pkg::new("wp-a")]);
    let integrator = scratch.begin(&["implement", "x", "--schedule-only", "--json"]);
    until("the run", || has_run(&scratch));
    let mut stranger = scratch.wp_command(&["work", "--json"]);
    stranger.env("XDG_STATE_HOME", scratch.beside("elsewhere"));
    let document = run(stranger).expect(5).document();
    assert_eq!(document["error"]["code"], "not-approved");
    let hint = document["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("git wp approve x"), "{hint}");
    let hash = hint.split("--trust-sha256 ").nth(1).unwrap().trim();
    assert_eq!(scratch.git(&["for-each-ref", "refs/heads/wp"]), "");
    // Without the plan in the checkout, it is the published one that can be approved.
    std::fs::remove_file(scratch.path().join(plan_path("x"))).unwrap();
    let mut reader = scratch.wp_command(&["approve", "x", "--json"]);
    reader.env("XDG_STATE_HOME", scratch.beside("third"));
    assert_eq!(run(reader).expect(0).data()["plan"], hash);
    // What runs is what was published, whatever the checkout holds by now.
    let evil = plan("x", &[Pkg::new("wp-a").run("echo evil > wp-a")]);
    scratch.write(&plan_path("x"), &evil);
    let mut stranger = scratch.wp_command(&["work", "--trust-sha256", hash, "--json"]);
    stranger.env("XDG_STATE_HOME", scratch.beside("elsewhere"));
    let data = run(stranger).expect(0).data();
    assert_eq!(attempts(&data), [("wp-a".to_owned(), "merged".to_owned())]);
    integrator.wait().expect(0);
    assert_eq!(scratch.git(&["show", "openspec/x:wp-a/file"]), "wp-a");
}

#[test]
fn a_worker_may_come_before_the_run() {
    let scratch = approved("x", &[Pkg::new("wp-a")]);
    let mut worker = scratch.begin(&["work", "x", "--wait", "100", "--json"]);
    let integrator = scratch.begin(&["implement", "x", "--schedule-only", "--json"]);
    integrator.wait().expect(0);
    until("its end", || worker.is_over());
    let data = worker.wait().expect(0).data();
    assert_eq!(attempts(&data), [("wp-a".to_owned(), "merged".to_owned())]);
}

#[test]
fn nothing_to_do_is_said_at_once_if_that_was_asked() {
    let scratch = approved("x", &[Pkg::new("wp-a")]);
    let data = scratch.wp(&["work", "--once", "--json"]).expect(0).data();
    assert_eq!(data["features"].as_array().unwrap().len(), 0);
    let document = scratch
        .wp(&["work", "nosuch", "--once", "--json"])
        .expect(2)
        .document();
    assert_eq!(document["error"]["code"], "feature-unknown");
    let usage = scratch.wp(&["work", "--once", "--wait", "3", "--json"]);
    usage.expect(2);
    let usage = scratch.wp(&["work", "--trust-sha256", "zz", "--json"]);
    usage.expect(2);
}

#[test]
fn a_worker_that_works_once_leaves_what_cannot_start_and_says_for_whom() {
    let scratch = approved("x", &[Pkg::new("wp-a"), Pkg::new("wp-b").after(&["wp-a"])]);
    let integrator = scratch.begin(&["implement", "x", "--schedule-only"]);
    until("the run", || has_run(&scratch));
    integrator.kill();
    let data = scratch.wp(&["work", "--once", "--json"]).expect(0).data();
    assert_eq!(
        attempts(&data),
        [("wp-a".to_owned(), "finished".to_owned())]
    );
    let left = data["left"].as_array().unwrap();
    assert_eq!(left.len(), 2, "{data}");
    assert_eq!(left[0]["package"], "wp-a");
    let why = left[0]["why"].as_str().unwrap();
    assert!(why.contains("nobody merges"), "{why}");
    assert_eq!(left[0]["hint"], "git wp implement x --schedule-only");
    assert_eq!(left[1]["package"], "wp-b");
    // Whoever comes next merges what is there and does the rest.
    let data = scratch.wp(&["implement", "x", "--json"]).expect(0).data();
    assert_eq!(data["result"], "merged");
    assert_eq!(data["packages"][0]["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_failed_package_makes_the_worker_say_so() {
    let scratch = approved(
        "x",
        &[Pkg::new("wp-a").check("never", "exit 3"), Pkg::new("wp-b")],
    );
    let integrator = scratch.begin(&["implement", "x", "--schedule-only", "--json"]);
    until("the run", || has_run(&scratch));
    let data = scratch.wp(&["work", "--json"]).expect(1).data();
    assert_eq!(attempts(&data).len(), 2);
    let data = integrator.wait().expect(1).data();
    assert_eq!(data["result"], "failed");
}

#[test]
fn several_features_are_served_side_by_side_within_one_number_of_places() {
    let scratch = Scratch::new();
    for feature in ["x", "y"] {
        let id = |n: u32| format!("wp-{feature}{n}");
        let packages: Vec<Pkg> = (0..3).map(|n| Pkg::new(&id(n))).collect();
        scratch.add_plan(feature, &packages);
        scratch.wp(&["approve", feature]).expect(0);
    }
    let integrators =
        ["x", "y"].map(|f| scratch.begin(&["implement", f, "--schedule-only", "--json"]));
    let runs = || {
        let tree = scratch.git(&["ls-tree", "-r", "--name-only", "refs/wp/state"]);
        tree.lines()
            .filter(|p| p.ends_with("/started.json"))
            .count()
    };
    until("both runs", || runs() == 2);
    let stream = scratch.beside("events");
    let events = stream.to_str().unwrap();
    let data = scratch
        .wp(&["work", "-j", "2", "--events", events, "--json"])
        .expect(0)
        .data();
    assert_eq!(data["features"].as_array().unwrap().len(), 2);
    assert_eq!(attempts(&data).len(), 6);
    for integrator in integrators {
        integrator.wait().expect(0);
    }
    let lines = std::fs::read_to_string(stream).unwrap();
    let mut under_way = std::collections::BTreeSet::new();
    for line in lines.lines() {
        let event = json::parse(line.as_bytes()).unwrap();
        let attempt = event["attempt"].as_str().unwrap_or_default().to_owned();
        match event["event"].as_str().unwrap() {
            "attempt-started" => under_way.insert(attempt),
            "attempt-finished" => under_way.remove(&attempt),
            _ => false,
        };
        assert!(under_way.len() <= 2, "{lines}");
    }
}

#[test]
fn what_was_claimed_from_outside_is_checked_and_merged() {
    let scratch = approved("x", &[Pkg::new("wp-a"), Pkg::new("wp-b").after(&["wp-a"])]);
    let mut integrator = scratch.begin(&["implement", "x", "--schedule-only", "--json"]);
    until("the run", || has_run(&scratch));
    for id in ["wp-a", "wp-b"] {
        let target = format!("x/{id}");
        let mut branch = String::new();
        until("the claim", || {
            let claim = scratch.wp(&["task", "claim", &target, "--as", "ann", "--json"]);
            if claim.code == 0 {
                claim.data()["branch"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut branch);
            }
            claim.code == 0
        });
        let desk = scratch.beside(&format!("desk-{id}"));
        scratch.git(&["worktree", "add", desk.to_str().unwrap(), &branch]);
        std::fs::create_dir_all(desk.join(id)).unwrap();
        std::fs::write(desk.join(id).join("file"), "by hand\n").unwrap();
        for args in [&["add", "-A"][..], &["commit", "-qm", "by hand"]] {
            assert!(git_command(&desk).args(args).status().unwrap().success());
        }
        assert!(!integrator.is_over(), "it waits for who claimed");
        let complete = ["task", "complete", &target, "--as", "ann", "--json"];
        let data = scratch.wp(&complete).expect(0).data();
        assert_eq!(data["outcome"], "finished");
        assert_eq!(data["files"][0], format!("{id}/file"));
        assert_eq!(data["head"], scratch.oid(&branch).as_str());
    }
    let data = integrator.wait().expect(0).data();
    assert_eq!(data["result"], "merged");
    assert_eq!(scratch.git(&["show", "openspec/x:wp-b/file"]), "by hand");
}

#[test]
fn a_claim_is_completed_once_and_by_its_session() {
    let scratch = approved("x", &[Pkg::new("wp-a")]);
    let claim = ["task", "claim", "x/wp-a", "--as", "ann", "--json"];
    let branch = scratch.wp(&claim).expect(0).data()["branch"].clone();
    let complete = |session| scratch.wp(&["task", "complete", "x/wp-a", "--as", session, "--json"]);
    complete("bob").expect(3);
    let data = complete("ann").expect(0).data();
    assert_eq!(data["outcome"], "empty");
    assert_eq!(complete("ann").expect(0).data(), data);
    let tree = scratch.git(&["rev-parse", "HEAD^{tree}"]);
    let more = scratch.git(&["commit-tree", "-p", "HEAD", "-m", "more", &tree]);
    let name = format!("refs/heads/{}", branch.as_str().unwrap());
    scratch.git(&["update-ref", &name, &more]);
    let document = complete("ann").expect(2).document();
    assert_eq!(document["error"]["code"], "completed");
}
