//! Live packages are merged against each other while they work.

use std::path::Path;

use git_wp::base::json::{self, Value};

use super::support::plans::{Pkg, plan, plan_path};
use super::support::{Scratch, run};

/// Works, then waits until the stream of its run tells of a rehearsal, while it still runs.
fn until_told(work: &str, events: &Path) -> String {
    format!(
        "{work}; i=0; until grep -q '\"event\":\"rehearsal\"' '{}'; do \
         i=$((i + 1)); test $i -lt 1200 || exit 9; sleep 0.1; done",
        events.display()
    )
}

fn stream(events: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(events).unwrap();
    let lines = text
        .lines()
        .map(|line| json::parse(line.as_bytes()).unwrap());
    lines.collect()
}

/// The place of the first event of this kind, for this package where one is named.
fn place(events: &[Value], kind: &str) -> usize {
    events
        .iter()
        .position(|event| event["event"] == kind)
        .unwrap()
}

/// A folder and a file that want one name: no path is in both scopes, and still they conflict.
fn folder(events: &Path) -> Pkg {
    let work = "mkdir -p shared && echo a > shared/file";
    Pkg::new("wp-folder")
        .write(&["shared/**"])
        .run(&until_told(work, events))
}

fn file(events: &Path) -> Pkg {
    Pkg::new("wp-file")
        .write(&["shared"])
        .run(&until_told("echo b > shared", events))
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.git(&["config", "wp.checkpointSeconds", "1"]);
    scratch
}

#[test]
fn two_packages_that_would_conflict_are_told_before_either_ends() {
    let scratch = scratch();
    let log = scratch.beside("events");
    scratch.add_plan("x", &[folder(&log), file(&log)]);
    scratch.wp(&["approve", "x"]).expect(0);
    let events = log.to_str().unwrap();
    scratch
        .wp(&["implement", "x", "-j", "2", "--events", events])
        .expect(1);
    let told = stream(&log);
    let rehearsal = place(&told, "rehearsal");
    assert!(rehearsal < place(&told, "attempt-finished"));
    let text = told[rehearsal]["text"].as_str().unwrap();
    let pair = (told[rehearsal]["package"].as_str().unwrap(), text);
    assert!(
        [
            ("wp-folder", "would conflict with `wp-file` in `shared`"),
            ("wp-file", "would conflict with `wp-folder` in `shared`"),
        ]
        .contains(&pair),
        "{pair:?}"
    );
    let number = told
        .iter()
        .filter(|event| event["event"] == "rehearsal")
        .count();
    assert_eq!(number, 1, "once per pair and set of paths");
    // On record with both packages.
    let state = scratch.git(&["ls-tree", "-r", "--name-only", "refs/wp/state"]);
    let deviations = state.lines().filter(|path| path.contains("/deviation-"));
    let notes = deviations
        .map(|path| scratch.git(&["show", &format!("refs/wp/state:{path}")]))
        .filter(|text| text.contains("\"kind\":\"rehearsal\""));
    assert_eq!(notes.count(), 2);
}

#[test]
fn a_status_shows_it_while_both_work_and_other_features_count() {
    let scratch = scratch();
    let (x, y) = (scratch.beside("x-events"), scratch.beside("y-events"));
    let asked = scratch.beside("status");
    // The first waits for a status that names what it conflicts with.
    let work = until_told("mkdir -p shared && echo a > shared/file", &x);
    let wait = format!(
        "{work}; i=0; until test -e '{}'; do i=$((i + 1)); test $i -lt 1200 || exit 9; \
         sleep 0.1; done",
        asked.display()
    );
    let one = Pkg::new("wp-folder").write(&["shared/**"]).run(&wait);
    // Neither ends before both runs have told.
    let both = until_told(&until_told("echo b > shared", &y), &x);
    let other = Pkg::new("wp-file").write(&["shared"]).run(&both);
    scratch.write(&plan_path("x"), &plan("x", &[one]));
    scratch.write(&plan_path("y"), &plan("y", &[other]));
    scratch.commit("plans");
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.wp(&["approve", "y"]).expect(0);
    let first = scratch.wp_command(&["implement", "x", "--events", x.to_str().unwrap()]);
    let first = std::thread::spawn(move || run(first));
    let second = scratch.wp_command(&["implement", "y", "--events", y.to_str().unwrap()]);
    let second = std::thread::spawn(move || run(second));
    second.join().unwrap().expect(0);
    let told = stream(&y);
    let text = told[place(&told, "rehearsal")]["text"].as_str().unwrap();
    assert_eq!(text, "would conflict with `x/wp-folder` in `shared`");
    let row = git_wp::os::clock::poll(
        std::time::Duration::from_secs(120),
        std::time::Duration::from_millis(50),
        || {
            let data = scratch.wp(&["status", "x", "--json"]).data();
            let row = data["rehearsals"][0].clone();
            row.is_object().then_some(row)
        },
    );
    let row = row.expect("the status tells while the package works");
    assert_eq!(row["detail"], "would conflict with `y/wp-file` in `shared`");
    assert_eq!(row["paths"][0], "shared");
    let text = scratch.wp(&["status", "x"]).stdout;
    assert!(text.contains("would conflict as they stand"), "{text}");
    std::fs::write(&asked, "").unwrap();
    first.join().unwrap().expect(0);
}
