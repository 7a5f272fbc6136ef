//! Whole runs of the real binary against bare git doing the same work; printed as ratios.
//!
//! `cargo bench --bench whole` runs all, `cargo bench --bench whole -- noop merge` only these.
//! A ratio below 1 means that `git wp` is faster. Numbers of one run compare with each other.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

mod bare;
mod merge;
mod scene;

use std::time::Duration;

use scene::{Scene, timed};

/// Everything that is measured, by name.
const ALL: [(&str, fn()); 7] = [
    ("noop", noop),
    ("claims", claims),
    ("hook", hook),
    ("status", status),
    ("validate", validate),
    ("merge", merge::merge),
    ("train", merge::train),
];

fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    for (name, measure) in ALL {
        if asked.is_empty() || asked.iter().any(|a| a == name) {
            measure();
        }
    }
}

/// One line: what, ours, theirs, ratio.
fn tell(what: &str, ours: Duration, theirs: Duration) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("{what:<44} {ours:>9.1?} {theirs:>9.1?}  x{ratio:.2}");
}

/// Fifty packages that do nothing, against a script of the same git commands.
fn noop() {
    const PACKAGES: usize = 50;
    for jobs in ["1", "4"] {
        let scene = Scene::new();
        let packages: Vec<String> = (0..PACKAGES).map(|i| scene::package(i, "true")).collect();
        scene.plan("noop", &packages);
        scene.wp(&["approve", "noop"]);
        let ours = timed(|| scene.wp(&["implement", "noop", "--agent", "shell", "-j", jobs, "-q"]));
        let bare = Scene::new();
        let theirs = timed(|| bare::noop(&bare, PACKAGES));
        tell(
            &format!("{PACKAGES} no-op packages, -j{jobs} / shell script"),
            ours,
            theirs,
        );
    }
}

/// Take and give back a lock in a loop, against `flock` around bare git.
fn claims() {
    const ROUNDS: usize = 20;
    for processes in [1, 8, 32] {
        let scene = Scene::new();
        let ours = timed(|| {
            scene::crowd(processes, |i| {
                for _ in 0..ROUNDS {
                    let (key, session) = (format!("file-{i}"), format!("s{i}"));
                    scene.wp(&["lock", "acquire", &key, "--session", &session]);
                    scene.wp(&["lock", "release", &key, "--session", &session]);
                }
            });
        });
        let bare = Scene::new();
        let theirs = timed(|| scene::crowd(processes, |i| bare::locked(&bare, i, 2 * ROUNDS)));
        let what = format!(
            "{processes} processes x {} changes / flock + git",
            2 * ROUNDS
        );
        tell(&what, ours, theirs);
    }
}

/// One hook process in a room of a repository of 50 000 files, against `git diff --cached`.
fn hook() {
    const FILES: usize = 50_000;
    let scene = Scene::new();
    scene.files(FILES);
    let result = scene.beside("hook-times");
    let measure = bare::hook_script(&scene.program(), &result);
    scene.plan("hook", &[scene::package(0, &measure)]);
    scene.wp(&["approve", "hook"]);
    scene.wp(&["implement", "hook", "--agent", "shell", "-q"]);
    let text = std::fs::read_to_string(result).unwrap();
    let times: Vec<u64> = text
        .split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect();
    let (ours, theirs) = (
        Duration::from_nanos(times[0]),
        Duration::from_nanos(times[1]),
    );
    tell("hook, 50 000 files / git diff --cached", ours, theirs);
}

/// The status of 10 000 packages, cold and warm, against listing the state with git.
fn status() {
    const PACKAGES: usize = 10_000;
    let scene = Scene::new();
    let lines =
        (0..PACKAGES).map(|i| format!("  - {{id: p{i:05}, tasks: [t], dependencies: []}}\n"));
    let text: String = lines.collect();
    scene.plan_text("many", &format!("packages:\n{text}"));
    scene.wp(&["approve", "many"]);
    let list = || drop(scene.git(&["ls-tree", "-r", "--name-only", "refs/wp/state"]));
    let theirs = scene::best(5, list);
    let ours = scene::best(5, || scene.wp(&["status", "many"]));
    tell("status of 10 000 packages / git ls-tree -r", ours, theirs);
}

/// A plan of 1 000 packages with ten globs each, against reading it with git.
fn validate() {
    const PACKAGES: usize = 1_000;
    let scene = Scene::new();
    let packages: Vec<String> = (0..PACKAGES).map(scene::wide_package).collect();
    scene.plan("wide", &packages);
    let ours = scene::best(3, || scene.wp(&["validate", "wide"]));
    let path = "openspec/changes/wide/work-packages.yaml";
    let theirs = scene::best(3, || drop(scene.git(&["hash-object", path])));
    tell("validate 1 000 x 10 globs / git hash-object", ours, theirs);
}
