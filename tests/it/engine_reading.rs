//! Attempts that only read: what they answer, what they cannot do, and that nothing is left.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use git_wp::agent::{AgentEnd, Limits, Profile};
use git_wp::base::Oid;
use git_wp::base::json::{self, Value, json};
use git_wp::engine::reading::{Answer, Library, ReadOrder, Reading};
use git_wp::model::{
    AgentProfile, Listed, ParserKind, Roster, SandboxLevel, Settings, TroubleKind,
};
use git_wp::os::confine;
use git_wp::os::process::Watch;

use super::support::house::House;

/// A repository whose agents read, held or not.
struct Hall {
    house: House,
    library: Library,
    settings: Settings,
}

impl Hall {
    fn new(sandbox: Option<SandboxLevel>) -> Self {
        let house = House::new();
        let library = Library::open(&house.repo, house.rooms.parent()).unwrap();
        let settings = Settings {
            sandbox,
            ..Settings::default()
        };
        Hall {
            house,
            library,
            settings,
        }
    }

    fn ask(&self, script: &str, answer: Answer<'_>, commit: &Oid) -> Reading {
        let path = std::env::var_os("PATH").unwrap();
        let environment: BTreeMap<OsString, OsString> = [
            ("PATH".into(), path),
            ("GIT_CONFIG_GLOBAL".into(), "/dev/null".into()),
            ("MY_TOKEN".into(), "a-token-of-a-person".into()),
        ]
        .into();
        let order = ReadOrder {
            profile: &profile(script),
            commit,
            prompt: "Is it good?\n",
            answer,
            settings: &self.settings,
            environment: &environment,
            limits: Limits {
                wall: Duration::from_secs(60),
                silence: None,
                grace: Duration::from_millis(300),
                log_bytes: 1 << 20,
                checkpoint: None,
            },
            program: Path::new(env!("CARGO_BIN_EXE_git-wp")),
        };
        self.library.read(&order, &Watch::default()).unwrap()
    }

    fn on_main(&self, script: &str, answer: Answer<'_>) -> Reading {
        self.ask(script, answer, &self.house.scratch.oid("main"))
    }

    /// Closes it: no room, no file of an attempt and no branch is left.
    fn close(self) {
        let scratch = &self.house.scratch;
        self.library.close().unwrap();
        assert_eq!(scratch.git(&["worktree", "list"]).lines().count(), 1);
        assert_eq!(scratch.git(&["branch", "--list"]), "* main");
        assert_eq!(scratch.git(&["status", "--porcelain"]), "");
        for folder in ["run", "logs"] {
            let folder = scratch.path().join(".git/wp").join(folder);
            let left = git_wp::os::file::names(&folder).unwrap_or_default();
            assert!(left.is_empty(), "{left:?}");
        }
        scratch.assert_sound();
    }
}

/// An agent that speaks as Claude Code does.
fn profile(script: &str) -> Profile {
    let mut profile = AgentProfile {
        run: ["sh", "-c", script].map(str::to_owned).to_vec(),
        parser: ParserKind::Claude,
        trust: 2,
        ..AgentProfile::default()
    };
    profile.trouble.quota.push("usage limit".to_owned());
    let listed = Listed {
        profile,
        ..Listed::default()
    };
    let roster = Roster {
        profiles: [("mine".to_owned(), listed)].into(),
        ..Roster::default()
    };
    Profile::find("mine", &roster).unwrap()
}

fn says(text: &str) -> String {
    let line = json!({
        "type": "assistant", "session_id": "s-1",
        "message": {"id": "m", "content": [{"type": "text", "text": text}]},
    });
    format!("printf '%s\\n' '{}'; ", json::line(&line).unwrap())
}

#[test]
fn the_last_text_is_the_answer_and_tells_no_secret() {
    let hall = Hall::new(None);
    let script = says("I look.") + &says("It is good:\nsaid a-token-of-a-person.");
    let read = hall.on_main(&format!("cat; {script}"), Answer::Text);
    assert!(read.is_good(), "{read:?}");
    assert_eq!(read.text, "It is good:\nsaid [redacted].");
    assert_eq!(read.end, AgentEnd::Exited(0));
    assert_eq!(read.account.unwrap().session.as_deref(), Some("s-1"));
    let first = hall.house.scratch.oid("main~1");
    let read = hall.ask(
        &format!("git rev-parse HEAD; ls; {}", says("x")),
        Answer::Text,
        &first,
    );
    assert!(read.tail.starts_with(first.as_str()), "{}", read.tail);
    assert!(
        !read.tail.contains("docs"),
        "it sees the commit it is asked about"
    );
    hall.close();
}

#[test]
fn json_has_to_be_there_and_to_fit() {
    let hall = Hall::new(None);
    let schema = json!({
        "type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}},
    });
    let write = |text: &str| format!("echo '{text}' > $WP_RESULT_FILE");
    for (script, found, fault) in [
        (write(r#"{"ok": true}"#), Some(json!({"ok": true})), None),
        (write(r#"{"ok": 1}"#), Some(json!({"ok": 1})), Some("ok")),
        (write(r#"{"ok": "#), None, Some("result file")),
        ("true".to_owned(), None, Some("no result file")),
        ("exit 3".to_owned(), None, Some("exit code 3")),
    ] {
        let read = hall.on_main(&script, Answer::Json(Some(&schema)));
        assert_eq!(read.json, found, "{script}");
        assert_eq!(read.is_good(), fault.is_none(), "{read:?}");
        let all = read.faults.join("; ");
        assert!(all.contains(fault.unwrap_or("")), "{all}");
    }
    let read = hall.on_main(&write("[1, 2]"), Answer::Json(None));
    assert_eq!(read.json, Some(json!([1, 2])));
    hall.close();
}

/// Tries to leave something everywhere.
const WRITES: &str = "echo x > docs/c.md; echo x > new; git add -A; git -c user.name=A -c user.email=a@b commit -qm mine; \
    git branch mine; echo x > $(git rev-parse --git-common-dir)/hooks/pre-commit; ";

#[test]
fn who_only_reads_cannot_write() {
    // Elsewhere the next test is all that can be held.
    if confine::missing().is_some() {
        return;
    }
    let hall = Hall::new(None);
    let read = hall.on_main(&format!("{WRITES}{}", says("done")), Answer::Text);
    assert!(read.is_good(), "{read:?}");
    assert_eq!(read.held.sandbox, SandboxLevel::Scope);
    assert!(
        !hall
            .house
            .scratch
            .path()
            .join(".git/hooks/pre-commit")
            .exists()
    );
    hall.close();
}

#[test]
fn what_an_unconfined_one_writes_is_told_and_not_kept() {
    let hall = Hall::new(Some(SandboxLevel::Off));
    let script = WRITES.replace("git branch mine; ", "");
    let read = hall.on_main(&format!("{script}{}", says("done")), Answer::Text);
    assert!(!read.is_good());
    assert_eq!(read.held.sandbox, SandboxLevel::Off);
    assert_eq!(read.changed, ["docs/c.md".into(), "new".into()]);
    let all = read.trespasses.join("; ");
    assert!(
        all.contains("HEAD") && all.contains("hooks/pre-commit"),
        "{all}"
    );
    assert!(
        !hall
            .house
            .scratch
            .path()
            .join(".git/hooks/pre-commit")
            .exists()
    );
    let read = hall.on_main(&format!("ls; cat docs/c.md; {}", says("x")), Answer::Text);
    assert!(read.is_good(), "{read:?}");
    assert!(!read.tail.contains("new"), "{}", read.tail);
    hall.close();
}

#[test]
fn many_read_one_commit_and_do_not_see_each_other() {
    let hall = Hall::new(Some(SandboxLevel::Off));
    let gate = hall.house.scratch.beside("gate");
    fs::create_dir(&gate).unwrap();
    // Each writes before anybody looks.
    let script = |number: usize| {
        let gate = gate.display();
        let wait = format!("until test $(ls {gate} | wc -l) = 4; do sleep 0.02; done");
        format!(
            "echo x > own-{number}; touch {gate}/{number}; {wait}; ls; {}",
            says("x")
        )
    };
    let ask = &|number| hall.on_main(&script(number), Answer::Text);
    let reads: Vec<Reading> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || ask(n))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    for (number, read) in reads.iter().enumerate() {
        let own = format!("own-{number}");
        assert_eq!(read.changed, [own.as_str().into()], "{read:?}");
        assert_eq!(read.tail.matches("own-").count(), 1, "{}", read.tail);
    }
    hall.close();
}

#[test]
fn a_refused_service_is_no_answer() {
    let hall = Hall::new(None);
    let refused = r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"Your usage limit","session_id":"s-1"}"#;
    let read = hall.on_main(&format!("echo '{refused}'; exit 1"), Answer::Text);
    assert!(!read.is_good());
    let trouble = read.account.unwrap().trouble.unwrap();
    assert_eq!(trouble.kind, TroubleKind::Quota);
    assert!(read.faults.iter().any(|fault| fault.contains("no quota")));
    hall.close();
}

#[test]
fn an_agent_is_tried_through_the_program() {
    let house = House::new();
    let scratch = &house.scratch;
    let tool = scratch.beside("tool.sh");
    fs::write(&tool, "grep -q ready && echo ready\n").unwrap();
    let command = format!("sh {}", tool.display());
    scratch.git(&["config", "wp.agent.mine.command", &command]);
    let data = scratch
        .wp(&["agents", "try", "mine", "--json"])
        .expect(0)
        .data();
    assert_eq!(
        (&data["works"], &data["answer"]),
        (&json!(true), &json!("ready\n"))
    );
    assert!(data["sandbox"]["why"].is_string());
    fs::write(&tool, "echo broken >&2; exit 7\n").unwrap();
    let run = scratch.wp(&["agents", "try", "mine"]).expect(1);
    for part in ["mine does not work", "exit code 7", "broken", "sandbox: "] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let error: Value = scratch
        .wp(&["agents", "try", "nobody", "--json"])
        .expect(2)
        .document();
    assert_eq!(error["error"]["code"], "agent-unknown");
    assert_eq!(scratch.git(&["worktree", "list"]).lines().count(), 1);
}
