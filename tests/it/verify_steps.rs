//! Verification steps: order, red and green, limits, artifacts, what is reused.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use git_wp::base::{Oid, Redactor, RepoPath};
use git_wp::model::{Evidence, Step, StepEvidence, StepKind, StepState, Tier};
use git_wp::os::process::Watch;
use git_wp::verify::{Limits, Verify, run};
use tempfile::TempDir;

struct Lab {
    folder: TempDir,
    wall: Duration,
}

impl Lab {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir_all(folder.path().join("room/sub")).unwrap();
        Lab {
            folder,
            wall: Duration::from_secs(60),
        }
    }

    fn room(&self) -> std::path::PathBuf {
        self.folder.path().join("room")
    }

    fn run(&self, steps: &[Step]) -> Evidence {
        self.run_with(steps, &|_, _| None, &Watch::default())
            .unwrap()
    }

    fn run_with(
        &self,
        steps: &[Step],
        reuse: &dyn Fn(&str, &Step) -> Option<StepEvidence>,
        watch: &Watch,
    ) -> git_wp::base::Result<Evidence> {
        let env: BTreeMap<OsString, OsString> =
            [("PATH".into(), std::env::var_os("PATH").unwrap())].into();
        let room = self.room();
        let changed = || -> git_wp::base::Result<Vec<RepoPath>> {
            let changed = room.join("changed").exists();
            Ok(changed.then(|| "src/a".into()).into_iter().collect())
        };
        run(
            &Verify {
                steps,
                tier: Tier::A,
                tree: &Oid::parse(&"1".repeat(40)).unwrap(),
                room: &room,
                env: &env,
                limits: Limits {
                    wall: self.wall,
                    grace: Duration::from_millis(100),
                    log_bytes: 1 << 20,
                },
                log: &self.log(),
                redactor: &Redactor::new(["hunter2hunter2".to_owned()]),
                changed_tracked: &changed,
            },
            reuse,
            watch,
        )
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("logs/verify.log")
    }
}

fn command(name: &str, command: &str) -> Step {
    Step {
        name: name.to_owned(),
        kind: StepKind::Command {
            command: command.to_owned(),
            cwd: None,
            env: BTreeMap::new(),
            expect_exit_code: 0,
        },
        artifacts: Vec::new(),
        result_keys: Vec::new(),
    }
}

fn in_folder(mut step: Step, folder: &str) -> Step {
    if let StepKind::Command { cwd, .. } = &mut step.kind {
        *cwd = Some(folder.to_owned());
    }
    step
}

fn states(evidence: &Evidence) -> Vec<StepState> {
    evidence.steps.iter().map(|step| step.state).collect()
}

#[test]
fn every_step_has_its_outcome_and_the_first_red_one_ends_the_run() {
    use StepState::{Awaiting, Delegated, Failed, Passed, Skipped};
    let lab = Lab::new();
    let manual = Step {
        kind: StepKind::Manual {
            instructions: "look".to_owned(),
        },
        ..command("look", "")
    };
    let ci = Step {
        kind: StepKind::Ci {
            provider: "github".to_owned(),
            workflow: Some("ci.yml".to_owned()),
            required_checks: Vec::new(),
        },
        ..command("ci", "")
    };
    let green = [
        command("a", "echo one > made"),
        manual.clone(),
        ci.clone(),
        command("b", "cat made"),
    ];
    let evidence = lab.run(&green);
    assert_eq!(states(&evidence), [Passed, Awaiting, Delegated, Passed]);
    assert!(evidence.is_green());
    assert_eq!(evidence.steps[3].tail, "one\n");
    assert_eq!(evidence.steps[2].what, "github: ci.yml");

    let red = [
        command("a", "true"),
        command("b", "exit 3"),
        manual,
        ci,
        command("c", "true"),
    ];
    let evidence = lab.run(&red);
    assert_eq!(
        states(&evidence),
        [Passed, Failed, Skipped, Skipped, Skipped]
    );
    assert_eq!(evidence.steps[1].exit_code, Some(3));
    assert!(!evidence.is_green());
    assert!(
        std::fs::read_to_string(lab.log())
            .unwrap()
            .contains("$ exit 3")
    );
}

#[test]
fn folder_environment_and_exit_code_are_those_of_the_step() {
    let lab = Lab::new();
    let mut step = in_folder(command("a", "echo \"$X $SECRET\"; pwd; exit 7"), "sub");
    if let StepKind::Command {
        env,
        expect_exit_code,
        ..
    } = &mut step.kind
    {
        env.insert("X".to_owned(), "hunter2hunter2".to_owned());
        *expect_exit_code = 7;
    }
    let evidence = lab.run(std::slice::from_ref(&step));
    assert_eq!(evidence.steps[0].state, StepState::Passed, "{evidence:?}");
    let tail = &evidence.steps[0].tail;
    assert!(
        tail.starts_with("[redacted] \n") && tail.ends_with("room/sub\n"),
        "{tail}"
    );

    std::os::unix::fs::symlink("/tmp", lab.room().join("out")).unwrap();
    for (folder, part) in [
        ("..", "not below the root"),
        ("/tmp", "not below the root"),
        ("out", "leads out of the tree"),
        ("absent", "is not there"),
    ] {
        let evidence = lab.run(&[in_folder(command("a", "touch pwned"), folder)]);
        assert_eq!(evidence.steps[0].state, StepState::Failed, "{folder}");
        let note = evidence.steps[0].note.as_deref().unwrap();
        assert!(note.contains(part), "{folder}: {note}");
    }
    assert!(!Path::new("/tmp/pwned").exists());
}

#[test]
fn a_missing_artifact_is_red_and_named() {
    let lab = Lab::new();
    let with = |mut step: Step, artifacts: &[&str]| {
        step.artifacts = artifacts.iter().map(|a| (*a).to_owned()).collect();
        step
    };
    let step = in_folder(command("a", "touch here ../there"), "sub");
    let evidence = lab.run(&[with(step, &["here", "there"])]);
    assert!(evidence.is_green(), "{evidence:?}");
    let evidence = lab.run(&[with(command("a", "true"), &["absent", "../room"])]);
    assert_eq!(evidence.steps[0].state, StepState::Failed);
    let note = evidence.steps[0].note.as_deref().unwrap();
    assert_eq!(note, "did not leave `absent`, `../room`");
}

#[test]
fn a_step_past_its_limit_is_red_and_its_processes_are_gone() {
    let lab = Lab {
        wall: Duration::from_millis(300),
        ..Lab::new()
    };
    let evidence = lab.run(&[command("a", "sleep 300.25 & sleep 300.25")]);
    assert_eq!(evidence.steps[0].state, StepState::Failed);
    assert_eq!(evidence.steps[0].exit_code, None);
    assert!(evidence.steps[0].note.as_deref().unwrap().contains("limit"));
    let left = git_wp::os::process::table::all()
        .into_iter()
        .filter(|entry| {
            let line = git_wp::os::process::table::command_line(entry.pid);
            line.is_some_and(|line| line.contains("300.25"))
        });
    assert_eq!(left.count(), 0);
}

#[test]
fn a_changed_tree_is_noted_and_a_stop_is_no_verdict() {
    let lab = Lab::new();
    let evidence = lab.run(&[command("a", "touch changed"), command("b", "true")]);
    assert!(evidence.is_green());
    let note = evidence.steps[1].note.as_deref().unwrap();
    assert_eq!(note, "the steps changed tracked files: `src/a`");

    let watch = Watch::default();
    watch.stop();
    let error = lab.run_with(&[command("a", "sleep 60")], &|_, _| None, &watch);
    assert_eq!(error.unwrap_err().code(), "stopped");
}

#[test]
fn known_results_are_used_for_all_commands_or_for_none() {
    let lab = Lab::new();
    let steps = [command("a", "echo ran >> count"), command("a", "cat count")];
    let first = lab.run(&steps);
    let known = |label: &str| first.steps.iter().find(|s| s.name == label).cloned();
    let all = lab
        .run_with(&steps, &|label, _| known(label), &Watch::default())
        .unwrap();
    assert!(
        all.steps
            .iter()
            .all(|step| step.reused && step.state == StepState::Passed)
    );
    let names: Vec<&str> = all.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["a", "a#2"]);
    let some = |label: &str, _: &Step| known(label).filter(|_| label == "a");
    let again = lab.run_with(&steps, &some, &Watch::default()).unwrap();
    assert!(again.steps.iter().all(|step| !step.reused));
    assert_eq!(again.steps[1].tail, "ran\nran\n");
}
