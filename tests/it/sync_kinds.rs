//! Clones and repositories of every kind take part in a run, or say exactly why not.

use std::process::Stdio;

use super::support::machines::Machines;
use super::support::plans::Pkg;
use super::support::{FORMATS, git};

/// A plan whose approval is given by its hash; gives that hash.
fn published(machines: &Machines) -> String {
    machines.wp("m1", &["init", "--remote", "origin"]).expect(0);
    let data = machines.data("m1", 0, &["approve", "x"]);
    data["plan"].as_str().unwrap().to_owned()
}

fn packages() -> [Pkg; 3] {
    [
        Pkg::new("wp-a"),
        Pkg::new("wp-b"),
        Pkg::new("wp-c").after(&["wp-a", "wp-b"]),
    ]
}

/// `worker` does all the work of a run that `m1` merges.
fn works(machines: &Machines, worker: &str, plan: &str) {
    let mut merging = machines.wp_command("m1", &["implement", "x", "--schedule-only", "--json"]);
    merging.stdout(Stdio::piped()).stderr(Stdio::piped());
    let merging = merging.spawn().unwrap();
    let work = ["work", "--remote", "origin", "--trust-sha256", plan];
    let data = machines.data(worker, 0, &work);
    let output = merging.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{worker}: {said}");
    let attempts = data["features"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 3, "{worker}: {data}");
    for package in ["wp-a", "wp-b", "wp-c"] {
        let file = format!("openspec/x:{package}/file");
        assert_eq!(machines.git("m1", &["show", &file]), package);
    }
    machines.git("m1", &["fsck", "--strict", "--no-dangling"]);
    machines.git(worker, &["fsck", "--no-dangling"]);
    machines.remote_git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn a_shallow_a_partial_and_a_sparse_clone_work_and_stay_what_they_are() {
    for way in ["--depth=1", "--filter=blob:none", "--sparse"] {
        let machines = Machines::new(&packages());
        machines.remote_git(&["config", "uploadpack.allowFilter", "true"]);
        let plan = published(&machines);
        machines.clone_with("m2", &[way]);
        let folder = machines.path("m2");
        let cut = std::fs::read(folder.join(".git/shallow")).ok();
        assert_eq!(cut.is_some(), way == "--depth=1");
        works(&machines, "m2", &plan);
        assert_eq!(std::fs::read(folder.join(".git/shallow")).ok(), cut);
        // The user's own checkout is as sparse as it was.
        assert_eq!(folder.join("openspec").exists(), way != "--sparse");
        // A worker needs nothing of what others made, and misses nothing.
        machines.wp("m2", &["doctor"]).expect(0);
    }
}

#[test]
fn a_shallow_and_a_partial_clone_merge() {
    for way in ["--depth=1", "--filter=blob:none"] {
        let machines = Machines::new(&packages());
        machines.remote_git(&["config", "uploadpack.allowFilter", "true"]);
        published(&machines);
        machines.clone_with("m2", &[way]);
        machines.wp("m2", &["init", "--remote", "origin"]).expect(0);
        machines.wp("m2", &["approve", "x"]).expect(0);
        let data = machines.data("m2", 0, &["implement", "x"]);
        assert_eq!(data["result"], "merged", "{way}");
        machines.git("m2", &["show", "openspec/x:wp-c/file"]);
        // What was merged is at the remote, for everybody.
        machines.git("m1", &["fetch", "-q", "origin", "refs/wp/integration/x"]);
        assert_eq!(
            machines.git("m1", &["show", "FETCH_HEAD:wp-c/file"]),
            "wp-c"
        );
    }
}

#[test]
fn a_partial_clone_reads_and_records_while_its_remote_is_gone() {
    let machines = Machines::new(&packages());
    machines.remote_git(&["config", "uploadpack.allowFilter", "true"]);
    published(&machines);
    machines.clone_with("m2", &["--filter=blob:none"]);
    machines.wp("m2", &["init", "--remote", "origin"]).expect(0);
    machines.cut();
    for verb in ["status", "log", "doctor"] {
        machines.wp("m2", &[verb]).expect(0);
    }
    machines.wp("m2", &["lock", "acquire", "flag:x"]).expect(4);
    machines.wp("m2", &["sync"]).expect(4);
    machines.mend();
    let data = machines.data("m2", 0, &["sync"]);
    assert_eq!(data["result"], "pushed");
}

#[test]
fn every_format_of_objects_and_refs_works() {
    for format in &FORMATS[1..] {
        let machines = Machines::with_format(*format, &packages());
        let plan = published(&machines);
        let refs = format!("--ref-format={}", format.1);
        machines.clone_with("m2", &[&refs]);
        works(&machines, "m2", &plan);
        machines.wp("m2", &["doctor"]).expect(0);
    }
}

#[test]
fn a_bare_clone_works_and_says_that_it_cannot_read_a_plan() {
    let machines = Machines::new(&packages());
    let plan = published(&machines);
    machines.clone_with("m2", &["--bare"]);
    works(&machines, "m2", &plan);
    let run = machines.wp("m2", &["implement", "x"]).expect(2);
    assert!(run.stderr.contains("needs a checkout"), "{}", run.stderr);
}

#[test]
fn repositories_of_two_object_formats_do_not_meet() {
    let machines = Machines::new(&packages());
    let other = machines.bare("other.git", "sha256");
    let other = other.to_str().unwrap();
    git(
        &machines.path("m1"),
        &["remote", "set-url", "origin", other],
    );
    let run = machines.wp("m1", &["init", "--remote", "origin"]).expect(2);
    assert!(run.stderr.contains("sha256"), "{}", run.stderr);
}
