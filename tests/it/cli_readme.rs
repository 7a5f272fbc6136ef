//! The README is true: its plan runs, its settings are read, its verbs exist.

use std::path::Path;

use super::support::{Scratch, run};

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).unwrap()
}

/// The first block of this language.
fn block(language: &str) -> String {
    let text = readme();
    let start = format!("```{language}\n");
    let from = text.find(&start).unwrap() + start.len();
    let to = text[from..].find("```").unwrap();
    text[from..from + to].to_owned()
}

#[test]
fn the_first_plan_runs_as_written() {
    let scratch = Scratch::new();
    scratch.write(
        "openspec/changes/say-hello/work-packages.yaml",
        &block("yaml"),
    );
    scratch.commit("plan");
    for args in [
        &["validate", "say-hello"][..],
        &["graph", "say-hello"],
        &["approve", "say-hello"],
    ] {
        scratch.wp(args).expect(0);
    }
    let data = scratch
        .wp(&["implement", "say-hello", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["result"], "merged");
    assert_eq!(
        scratch.git(&["show", "openspec/say-hello:hello/de.txt"]),
        "Hallo"
    );
    scratch.wp(&["status", "say-hello"]).expect(0);
    scratch.wp(&["report", "say-hello"]).expect(0);
}

#[test]
fn two_machines_share_the_work_as_written() {
    let scratch = Scratch::new();
    let path = "openspec/changes/say-hello/work-packages.yaml";
    scratch.write(path, &block("yaml"));
    scratch.commit("plan");
    let remote = scratch.beside("remote.git");
    let address = remote.to_str().unwrap();
    scratch.git(&["init", "-q", "--bare", "-b", "main", address]);
    scratch.git(&["remote", "add", "origin", address]);
    scratch.git(&["push", "-q", "origin", "main"]);
    let text = readme();
    let of = |machine: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(machine));
        let commands = lines.map(|line| line.split(" # ").next().unwrap().trim().to_owned());
        commands.collect::<Vec<_>>()
    };
    let (one, two) = (of("one$ "), of("two$ "));
    assert_eq!(one.len() + two.len(), 5);
    let args = |command: &str, hash: &str| {
        let words = command
            .strip_prefix("git wp ")
            .unwrap()
            .replace("HASH", hash);
        words.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let words = |command: &str| args(command, "");
    scratch.wp(&strs(&words(&one[0]))).expect(0);
    let mut approve = words(&one[1]);
    approve.push("--json".to_owned());
    let data = scratch.wp(&strs(&approve)).expect(0).data();
    let hash = data["plan"].as_str().unwrap();
    let merging = scratch.wp_command(&strs(&words(&one[2]))).spawn().unwrap();
    assert_eq!(two[0], "git clone ADDRESS repo && cd repo");
    let clone = scratch.beside("two");
    scratch.git(&["clone", "-q", address, clone.to_str().unwrap()]);
    let command = scratch.wp_command_in(&clone, &strs(&args(&two[1], hash)));
    run(command).expect(0);
    assert!(merging.wait_with_output().unwrap().status.success());
    assert_eq!(
        scratch.git(&["show", "openspec/say-hello:hello/de.txt"]),
        "Hallo"
    );
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn the_settings_are_read_as_written() {
    let scratch = Scratch::new();
    scratch.write("wp.toml", &block("toml"));
    let data = scratch.wp(&["trust", "--json"]).expect(0).data();
    assert_eq!(data["commands"].as_array().unwrap().len(), 5);
}

#[test]
fn every_verb_that_is_named_exists_and_every_verb_is_named() {
    let scratch = Scratch::new();
    let text = readme();
    let mut named = Vec::new();
    for rest in text.split("git wp ").skip(1) {
        let verb: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
        if !verb.is_empty() && !matches!(verb.as_str(), "takes" | "cannot") {
            scratch.wp(&["help", &verb]).expect(0);
            named.push(verb);
        }
    }
    let help = scratch.wp(&["-h"]).expect(0).stdout;
    let verbs = help.lines().skip_while(|l| *l != "Commands:").skip(1);
    let verbs = verbs.take_while(|l| l.starts_with("  "));
    let verbs = verbs
        .filter_map(|l| l.split_whitespace().next())
        .collect::<Vec<_>>();
    assert!(verbs.len() > 15, "{verbs:?}");
    for verb in verbs {
        let quiet = named.iter().any(|n| n == verb) || text.contains(&format!("`{verb}`"));
        assert!(quiet, "README.md does not name `{verb}`");
    }
}
