//! What the supervisor hears: agents that repeat themselves, stay after their last word, or tell
//! of trouble; what is shown of them, and what they are started with.

use std::sync::Mutex;
use std::time::Duration;

use git_wp::agent::{Activity, AgentEnd, AgentRun, Observer, Profile};
use git_wp::model::{AgentProfile, Listed, ParserKind, Roster, TroubleKind};
use git_wp::os::process::Watch;

use crate::agent_zoo::{Zoo, package};

/// An agent that runs `script` and speaks as Claude Code does.
fn profile(script: &str) -> AgentProfile {
    let mut profile = AgentProfile {
        run: ["bash", "-c", script].map(str::to_owned).to_vec(),
        parser: ParserKind::Claude,
        linger_seconds: 1,
        repeat: 20,
        trust: 2,
        ..AgentProfile::default()
    };
    profile.trouble.quota.push("usage limit".to_owned());
    profile.trouble.resets.push("resets".to_owned());
    profile
}

/// How it ended, and what was shown of it meanwhile.
fn run_in(zoo: &Zoo, profile: AgentProfile) -> (AgentRun, Vec<String>) {
    let listed = Listed {
        profile,
        ..Listed::default()
    };
    let roster = Roster {
        profiles: [("mine".to_owned(), listed)].into(),
        ..Roster::default()
    };
    let profile = Profile::find("mine", &roster).unwrap();
    let shown = Mutex::new(Vec::new());
    let observer = Observer {
        activity: &|activity: &Activity| shown.lock().unwrap().push(activity.line.clone()),
        checkpoint: &|| {},
    };
    let run = zoo.run_profile(&profile, &package(), (observer, &Watch::default()));
    (run, shown.into_inner().unwrap())
}

fn run(profile: AgentProfile) -> (AgentRun, Vec<String>) {
    run_in(&Zoo::new(), profile)
}

const TOOL: &str = r#"{"type":"assistant","message":{"id":"m","content":[{"type":"tool_use","name":"Bash","input":{"command":"make \u001b[2Jall"}}]},"session_id":"s-1"}"#;
const DONE: &str = r#"{"type":"result","subtype":"success","is_error":false,"stop_reason":"end_turn","session_id":"s-1","total_cost_usd":0.5,"usage":{"input_tokens":10,"output_tokens":2}}"#;

#[test]
fn one_that_does_the_same_again_and_again_is_stopped() {
    let script = format!("while :; do echo '{TOOL}'; sleep 0.01; done");
    let (run, shown) = run(profile(&script));
    assert_eq!(run.end, AgentEnd::Repeating);
    assert!(run.took < Duration::from_secs(30));
    let account = run.account.unwrap();
    assert!(account.tool_calls >= 20);
    assert_eq!(account.session.as_deref(), Some("s-1"));
    assert_eq!(account.trouble, None);
    // Shown is what it does, and nothing that moves a cursor.
    let last = shown.last().unwrap();
    assert_eq!(last, r"Bash make \u{1b}[2Jall");
}

#[test]
fn one_without_a_limit_may_repeat_itself() {
    let script = format!("for i in {{1..60}}; do echo '{TOOL}'; done; sleep 1; echo '{DONE}'");
    let mut free = profile(&script);
    free.repeat = 0;
    let (run, _) = run(free);
    assert_eq!(run.end, AgentEnd::Exited(0));
    assert_eq!(run.account.unwrap().tool_calls, 60);
}

#[test]
fn one_that_stays_after_its_last_word_has_ended_by_itself() {
    let script = format!("trap '' TERM; echo '{TOOL}'; echo '{DONE}'; while :; do sleep 0.1; done");
    let (run, _) = run(profile(&script));
    assert_eq!(run.end, AgentEnd::Exited(0));
    assert!(run.took < Duration::from_secs(30));
    assert_eq!(run.survivors, Vec::<String>::new());
    let account = run.account.unwrap();
    assert_eq!(account.stop.as_deref(), Some("end_turn"));
    assert_eq!(account.usage.cost_micros, Some(500_000));
    assert_eq!((account.usage.input, account.usage.output), (10, 2));
}

#[test]
fn one_that_goes_on_after_its_last_word_is_left_alone() {
    let more = format!("echo '{DONE}'; for i in 1 2 3 4; do sleep 0.5; echo '{TOOL}'; done");
    let (run, _) = run(profile(&format!("{more}; exit 3")));
    assert_eq!(run.end, AgentEnd::Exited(3));
    assert_eq!(run.account.unwrap().tool_calls, 4);
}

#[test]
fn a_refused_service_is_told_without_secrets() {
    let text = "Your usage limit of a-token-of-a-person · resets 1795297176";
    let result = format!(
        r#"{{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"{text}","session_id":"s-1"}}"#
    );
    let (run, _) = run(profile(&format!("echo '{TOOL}'; echo '{result}'; exit 1")));
    assert_eq!(run.end, AgentEnd::Exited(1));
    let trouble = run.account.unwrap().trouble.unwrap();
    assert_eq!(trouble.kind, TroubleKind::Quota);
    assert_eq!(
        trouble.text,
        "Your usage limit of [redacted] · resets 1795297176"
    );
    let at = trouble.resets_at.unwrap().to_string();
    assert!(at.starts_with("2026-11-21T21:39"), "{at}");
}

#[test]
fn an_agent_that_nobody_reads_gives_no_account() {
    let mut silent = profile(&format!("for i in {{1..60}}; do echo '{TOOL}'; done"));
    silent.parser = ParserKind::None;
    let (run, shown) = run(silent);
    assert_eq!((run.end, run.account), (AgentEnd::Exited(0), None));
    assert!(
        shown
            .iter()
            .all(|line| line.is_empty() || line.contains("assistant"))
    );
}

#[test]
fn variables_of_a_profile_are_set_and_taken_away() {
    let mut zoo = Zoo::new();
    for (name, value) in [("CLAUDECODE", "1"), ("CLAUDE_KEY", "k"), ("OTHER", "o")] {
        zoo.parent.insert(name.into(), value.into());
    }
    let mut mine = profile("echo [$CLAUDECODE][$CLAUDE_KEY][$OTHER][$FOLDER][$ABSENT]; cat");
    mine.parser = ParserKind::None;
    mine.pass = ["CLAUDE*".to_owned()].to_vec();
    mine.unset = ["CLAUDECODE".to_owned()].to_vec();
    let set = [("FOLDER", "{attempt}"), ("ABSENT", "{settings}")];
    mine.set = set
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
    let (run, _) = run_in(&zoo, mine);
    let first = run.tail.lines().next().unwrap();
    assert!(
        first.starts_with("[][k][][") && first.ends_with("][]"),
        "{first}"
    );
    assert!(!first.contains("[][]["), "{first}");
    assert!(run.tail.ends_with("# The prompt\n"));
}
