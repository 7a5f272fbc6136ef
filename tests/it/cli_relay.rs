//! What runs and workers leave for those after them: at their end, when they are interrupted, and
//! when they were killed and could say nothing.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use git_wp::base::json::Value;
use git_wp::os::clock;

use super::support::plans::Pkg;
use super::support::{Run, Scratch};

/// A plan of one package that goes on until it is let go, and keeps what it was told.
struct Scene {
    scratch: Scratch,
    let_go: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let scratch = Scratch::new();
        let let_go = scratch.beside("let-go");
        let wait = format!(
            "mkdir -p wp-a; cp \"$WP_PROMPT_FILE\" wp-a/prompt; touch {}; \
             until [ -e {} ]; do sleep 0.05; done",
            scratch.beside("begun").display(),
            let_go.display(),
        );
        let packages = [
            Pkg::new("wp-a").run(&wait),
            Pkg::new("wp-b").after(&["wp-a"]),
        ];
        scratch.add_plan("x", &packages);
        scratch.wp(&["approve", "x"]).expect(0);
        Scene { scratch, let_go }
    }

    fn begin(&self, args: &[&str]) -> Child {
        let mut command = self.scratch.wp_command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Waits until an agent works, and forgets that it did.
    #[track_caller]
    fn until_it_works(&self) {
        let begun = self.scratch.beside("begun");
        let (limit, rest) = (Duration::from_secs(60), Duration::from_millis(20));
        let seen = clock::poll(limit, rest, || begun.exists().then_some(()));
        assert!(seen.is_some(), "no agent began");
        std::fs::remove_file(begun).unwrap();
    }

    fn until_a_run_is_open(&self) {
        let (limit, rest) = (Duration::from_secs(60), Duration::from_millis(20));
        let open = || {
            let tree = ["ls-tree", "-r", "--name-only", "refs/wp/state"];
            let tree = self.scratch.git(&tree);
            let mut paths = tree.lines();
            paths
                .any(|path| path.ends_with("/started.json"))
                .then_some(())
        };
        assert!(clock::poll(limit, rest, open).is_some(), "no run began");
    }

    fn handoffs(&self) -> Vec<Value> {
        let data = self.scratch.wp(&["handoff", "read", "-n", "9", "--json"]);
        data.expect(0).data()["handoffs"]
            .as_array()
            .unwrap()
            .clone()
    }

    fn let_go(&self) {
        std::fs::write(&self.let_go, "").unwrap();
    }

    fn prompt(&self) -> String {
        self.scratch.git(&["show", "openspec/x:wp-a/prompt"])
    }
}

/// Ctrl-C, as a terminal sends it to the program.
fn interrupt(child: &Child) {
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

fn end(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn warnings(run: &Run) -> Vec<String> {
    let document = run.document();
    let all = document["warnings"].as_array().unwrap().iter();
    all.map(|w| w["code"].as_str().unwrap().to_owned())
        .collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[test]
fn an_interrupted_run_says_what_it_left_and_the_next_one_hears_it() {
    let scene = Scene::new();
    scene
        .scratch
        .wp(&["remember", "use node 22", "--lesson", "not 20"])
        .expect(0);
    let child = scene.begin(&["implement", "x", "--json"]);
    scene.until_it_works();
    interrupt(&child);
    let run = end(child).expect(130);
    assert_eq!(run.document()["error"]["code"], "interrupted");
    let left = scene.handoffs();
    assert_eq!(left.len(), 1, "{left:?}");
    let told = "the run of x was interrupted; 0 of 2 packages are merged";
    assert_eq!(left[0]["summary"], told);
    let next = left[0]["next_steps"].to_string();
    assert!(next.contains("wp-a: ") && next.contains("wp-b: "), "{next}");

    scene.let_go();
    let run = scene.scratch.wp(&["implement", "x", "--json"]).expect(0);
    assert!(
        warnings(&run)
            .iter()
            .all(|code| !code.starts_with("unfinished"))
    );
    let prompt = scene.prompt();
    assert!(prompt.contains(told), "{prompt}");
    assert!(prompt.contains("use node 22\nso: not 20"), "{prompt}");
    let left = scene.handoffs();
    assert_eq!(left.len(), 2, "{left:?}");
    let told = "the run of x ended: merged; 2 of 2 packages are merged";
    assert_eq!(left[0]["summary"], told);
}

#[test]
fn a_killed_run_is_told_of_by_the_next_one_from_the_records() {
    let scene = Scene::new();
    let child = scene.begin(&["implement", "x"]);
    scene.until_it_works();
    kill(child);
    assert_eq!(scene.handoffs().len(), 0, "nobody could say anything");
    scene.let_go();
    let run = scene.scratch.wp(&["implement", "x", "--json"]).expect(0);
    assert!(
        warnings(&run).contains(&"unfinished-run".to_owned()),
        "{}",
        run.stdout
    );
    let left = scene.handoffs();
    assert_eq!(left.len(), 2, "{left:?}");
    let told = "the run of x broke off: its process was killed; 0 of 2 packages are merged";
    assert_eq!(left[1]["summary"], told);
    let open = left[1]["in_progress"].to_string();
    assert!(open.contains("wp-a: running"), "{open}");
    assert!(
        scene.prompt().contains(told),
        "the next attempt hears of it"
    );
    let again = scene.scratch.wp(&["implement", "x", "--json"]).expect(0);
    assert!(
        warnings(&again)
            .iter()
            .all(|code| !code.starts_with("unfinished"))
    );
    assert_eq!(scene.handoffs().len(), 2, "it is told once");
}

#[test]
fn a_worker_says_what_it_did_and_left() {
    let scene = Scene::new();
    scene
        .scratch
        .wp(&["handoff", "write", "mind the gap", "--for", "x"])
        .expect(0);
    let integrator = scene.begin(&["implement", "x", "--schedule-only", "--json"]);
    scene.until_a_run_is_open();
    let worker = scene.begin(&["work", "--json"]);
    scene.until_it_works();
    interrupt(&worker);
    end(worker).expect(130);
    let left = scene.handoffs();
    let told = "a worker on x was interrupted; it made 1 attempt";
    assert_eq!(left[0]["summary"], told);
    let tried = left[0]["completed_work"].to_string();
    assert!(tried.contains("wp-a: attempt "), "{tried}");

    scene.let_go();
    end(scene.begin(&["work", "--json"])).expect(0);
    end(integrator).expect(0);
    let prompt = scene.prompt();
    assert!(prompt.contains(told), "{prompt}");
    let all = scene.handoffs();
    let by_worker = all
        .iter()
        .find(|h| text(h, "summary").contains("worker on x is done"));
    let by_worker = by_worker.expect("a handoff of the second worker");
    let tried = by_worker["completed_work"].to_string();
    assert!(
        tried.contains("wp-a: ") && tried.contains("wp-b: "),
        "{tried}"
    );
}

#[test]
fn a_killed_worker_is_told_of_by_the_next_one_and_once() {
    let scene = Scene::new();
    let integrator = scene.begin(&["implement", "x", "--schedule-only", "--json"]);
    scene.until_a_run_is_open();
    let worker = scene.begin(&["work"]);
    scene.until_it_works();
    // Nobody takes the attempt away before the next worker has seen it.
    kill(integrator);
    kill(worker);
    let status = scene
        .scratch
        .wp(&["status", "x", "--json"])
        .expect(0)
        .data();
    let attempt = text(&status["packages"][0]["attempts"][0], "id").to_owned();
    scene.let_go();
    let run = scene.scratch.wp(&["work", "--once", "--json"]).expect(0);
    assert!(
        warnings(&run)
            .iter()
            .any(|code| code.starts_with("unfinished")),
        "{}",
        run.stdout
    );
    let found = scene.handoffs();
    let told = |words: &str| {
        let about = |h: &&Value| text(h, "summary").contains(words);
        found.iter().filter(about).count()
    };
    assert_eq!(told("was killed"), 1, "{found:?}");
    let run = scene.scratch.wp(&["implement", "x", "--json"]).expect(0);
    assert_eq!(run.data()["result"], "merged");
    let all = scene.handoffs();
    let named = all.iter().filter(|h| h.to_string().contains(&attempt));
    assert!(named.count() <= 2, "{all:?}");
}
