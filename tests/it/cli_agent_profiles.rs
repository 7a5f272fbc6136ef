//! `agents profiles`, and the agents that `implement` gives a package, from the user's own files
//! and git config.

use std::fs;

use git_wp::base::json::Value;

use super::support::Scratch;
use super::support::plans::Pkg;

/// A repository whose user has a file for an agent.
fn with_file(name: &str, text: &str) -> Scratch {
    let scratch = Scratch::new();
    let folder = scratch.beside("home").join(".config/git-wp/agents");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), text).unwrap();
    scratch
}

fn named<'a>(data: &'a Value, name: &str) -> &'a Value {
    let profiles = data["profiles"].as_array().unwrap();
    profiles.iter().find(|p| p["name"] == name).unwrap()
}

/// An agent that writes its words down, speaks as Claude Code does, and does the work.
fn speaker(scratch: &Scratch) -> String {
    let tool = scratch.beside("speaker.sh");
    let line = r#"{"type":"result","subtype":"success","is_error":false,"session_id":"s-1","total_cost_usd":0.25,"usage":{"input_tokens":7,"output_tokens":3}}"#;
    let script = format!(
        "[ \"$1\" = --version ] && {{ echo speaker 1.2; exit; }}\n\
         echo \"$@\" > {words}\nmkdir -p wp-a && echo x > wp-a/file\necho '{line}'\n",
        words = scratch.beside("words").display()
    );
    fs::write(&tool, script).unwrap();
    tool.display().to_string()
}

#[test]
fn profiles_are_listed_with_who_changes_them() {
    let scratch = with_file(
        "claude.toml",
        "trust = 3\n[with]\nmodel = [\"-m\", \"{model}\"]\n",
    );
    scratch.git(&["config", "wp.agent.codex.model", "m1"]);
    scratch.git(&["config", "wp.agent.mine.command", "sh -c true"]);
    let data = scratch
        .wp(&["agents", "profiles", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["count"], 10);
    let claude = named(&data, "claude");
    assert_eq!(
        (&claude["trust"], &claude["parser"]),
        (&3.into(), &"claude".into())
    );
    assert_eq!(claude["overridden"][0], "trust");
    assert_eq!(claude["overridden"][1], "with.model");
    assert!(
        claude["file"]
            .as_str()
            .unwrap()
            .ends_with("agents/claude.toml")
    );
    assert!(
        claude["sandbox"]["why"]
            .as_str()
            .is_some_and(|why| !why.is_empty())
    );
    let codex = named(&data, "codex");
    assert_eq!(codex["model"], "m1");
    assert_eq!(codex["changed_by"][0], "wp.agent.codex: model");
    assert_eq!(named(&data, "mine")["parser"], "none");
    let text = scratch
        .wp(&["agents", "profiles", "--no-probe"])
        .expect(0)
        .stdout;
    for part in [
        "opencode",
        "wp.agent.codex: model",
        "claude.toml: trust, with.model",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_program_that_is_there_tells_its_version() {
    let scratch = Scratch::new();
    let tool = speaker(&scratch);
    let folder = scratch.beside("home").join(".config/git-wp/agents");
    fs::create_dir_all(&folder).unwrap();
    let text = format!("run = [\"sh\", {tool:?}]\nversion = [\"sh\", {tool:?}, \"--version\"]\n");
    fs::write(folder.join("mine.toml"), text).unwrap();
    let data = scratch
        .wp(&["agents", "profiles", "--json"])
        .expect(0)
        .data();
    assert_eq!(named(&data, "mine")["version"], "speaker 1.2");
    let data = scratch.wp(&["agents", "profiles", "--no-probe", "--json"]);
    assert_eq!(
        named(&data.expect(0).data(), "mine")["version"],
        Value::Null
    );
}

#[test]
fn a_wrong_file_is_told_with_its_place() {
    let scratch = with_file("mine.toml", "run = [\"x\"]\n\ncolour = \"red\"\n");
    let run = scratch.wp(&["agents", "profiles", "--json"]).expect(2);
    let error = &run.document()["error"];
    assert_eq!(error["code"], "agent-profile");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("mine.toml:3:1: unknown field `colour`"),
        "{message}"
    );
}

#[test]
fn a_file_in_the_repository_names_no_agent() {
    let scratch = Scratch::new();
    scratch.write(".config/git-wp/agents/evil.toml", "run = [\"evil\"]\n");
    scratch.write("agents/claude.toml", "trust = 4\n");
    let data = scratch
        .wp(&["agents", "profiles", "--no-probe", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["count"], 9);
    assert_eq!(named(&data, "claude")["trust"], 2);
}

#[test]
fn model_and_effort_reach_the_agent_and_are_kept_with_the_run() {
    let scratch = Scratch::new();
    let tool = speaker(&scratch);
    let folder = scratch.beside("home").join(".config/git-wp/agents");
    fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "run = [\"sh\", {tool:?}]\nparser = \"claude\"\nefforts = [\"low\", \"high\"]\n\
         [with]\nmodel = [\"--model\", \"{{model}}\"]\neffort = [\"--effort\", \"{{effort}}\"]\n"
    );
    fs::write(folder.join("mine.toml"), text).unwrap();
    scratch.add_plan("x", &[Pkg::new("wp-a")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let before = scratch.belongings();
    let wrong = [
        "implement",
        "x",
        "--agent",
        "mine",
        "--effort",
        "huge",
        "--json",
    ];
    let error = scratch.wp(&wrong).expect(2).document()["error"].clone();
    assert_eq!(error["code"], "agent-effort");
    assert!(
        error["message"].as_str().unwrap().ends_with("low, high"),
        "{error}"
    );
    let wrong = [
        "implement",
        "x",
        "--agent",
        "shell",
        "--model",
        "m",
        "--json",
    ];
    let error = scratch.wp(&wrong).expect(2).document()["error"].clone();
    assert_eq!(error["code"], "agent-model");
    assert_eq!(scratch.belongings(), before);
    scratch.git(&["config", "wp.agent", "shell"]);
    scratch.git(&["config", "wp.role.builder.agent", "nobody"]);
    let right = [
        "implement",
        "x",
        "--agent",
        "mine",
        "--model",
        "m1",
        "--effort",
        "high",
        "--json",
    ];
    let data = scratch.wp(&right).expect(0).data();
    assert_eq!(data["packages"][0]["attempts"][0]["agent"], "mine");
    let words = fs::read_to_string(scratch.beside("words")).unwrap();
    assert_eq!(words, "--model m1 --effort high\n");
}
