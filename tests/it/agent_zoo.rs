//! Agents that do everything an agent should not, run for real and judged.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use git_wp::agent::supervise::{TAIL_MAX, run};
use git_wp::agent::{
    Activity, AgentEnd, AgentRun, Collect, Environment, Expected, Limits, Observer, Order, Places,
    Profile, collect,
};
use git_wp::base::json::Value;
use git_wp::base::{FeatureId, PackageId, Timestamp, text};
use git_wp::git::Conversion;
use git_wp::model::settings::AgentSettings;
use git_wp::model::{AttemptResult, Mode, OutcomeKind, Package, Roster, Usage};
use git_wp::os::process::{Watch, table};
use git_wp::worktree::{Room, Sentinel};

use crate::support::house::{House, seal_with};

/// A cage: a repository, a room, and the limits an agent gets.
pub(crate) struct Zoo {
    house: House,
    room: Room,
    limits: Limits,
    pub(crate) parent: BTreeMap<OsString, OsString>,
}

impl Zoo {
    pub(crate) fn new() -> Self {
        let house = House::new();
        // Attempts are told apart by their ids, also when their processes are looked for.
        let attempt = git_wp::os::random::attempt_id().unwrap();
        let room = house.room(attempt.as_str());
        Zoo {
            house,
            room,
            limits: Limits {
                wall: Duration::from_secs(60),
                silence: None,
                grace: Duration::from_millis(300),
                log_bytes: 1 << 20,
                checkpoint: None,
            },
            parent: [
                ("PATH".into(), std::env::var_os("PATH").unwrap()),
                ("GIT_CONFIG_GLOBAL".into(), "/dev/null".into()),
                ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
                ("GH_TOKEN".into(), "a-token-of-a-person".into()),
                ("GIT_DIR".into(), "/elsewhere".into()),
            ]
            .into(),
        }
    }

    fn places(&self) -> Places {
        Places::new(&self.house.repo.wp_dir(), self.room.attempt())
    }

    fn run(&self, script: &str) -> AgentRun {
        let observer = Observer {
            activity: &|_| {},
            checkpoint: &|| {},
        };
        self.run_watched(script, observer, &Watch::default())
    }

    fn run_watched(&self, script: &str, observer: Observer<'_>, watch: &Watch) -> AgentRun {
        let mut package = package();
        package
            .inputs
            .insert("run".to_owned(), Value::String(script.to_owned()));
        self.run_profile(&Profile::shell(), &package, (observer, watch))
    }

    pub(crate) fn run_profile(
        &self,
        profile: &Profile,
        package: &Package,
        (observer, watch): (Observer<'_>, &Watch),
    ) -> AgentRun {
        let environment = Environment::allowed(&self.parent, &profile.env)
            .with_identity("Agent", "agent@example.org")
            .with_git_config(&[("gc.auto".to_owned(), "0".to_owned())]);
        let order = Order {
            feature: self.room.feature(),
            package,
            attempt: self.room.attempt(),
            mode: Mode::Implement,
            room: self.room.path(),
            places: &self.places(),
            prompt: "# The prompt\n",
            conversation: None,
            spent: Usage::default(),
            settings: None,
            environment,
            limits: self.limits,
            program: Path::new("/bin/git-wp"),
            fence: None,
        };
        run(profile, &order, observer, watch).unwrap()
    }

    fn judge(&self, run: &AgentRun) -> AttemptResult {
        let state = seal_with(&self.room, Conversion::Raw);
        let redactor = Environment::allowed(&self.parent, &[]).redactor();
        collect(&Collect {
            run,
            room: &state,
            result_file: &self.places().result_file,
            hypotheses: None,
            expected: Expected {
                feature: self.room.feature(),
                package: self.room.package(),
            },
            base: (self.room.base(), self.room.base_tree()),
            redactor: &redactor,
            at: Timestamp::from_millis(0),
        })
    }

    fn outcome(&self, script: &str) -> AttemptResult {
        self.judge(&self.run(script))
    }
}

/// A package of the simplest kind.
pub(crate) fn package() -> Package {
    let feature = FeatureId::parse("add-auth").unwrap();
    let plan = git_wp::plan::linear(feature, "", "Do it.");
    let mut package = plan.packages.into_iter().next().unwrap();
    package.id = PackageId::parse("wp-api").unwrap();
    package
}

/// No process whose command line holds `word` is left.
fn assert_gone(word: &str) {
    let left: Vec<String> = table::all()
        .into_iter()
        .filter(|entry| !entry.zombie)
        .filter_map(|entry| table::command_line(entry.pid))
        .filter(|line| line.contains(word))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_agent_sees_its_room_and_nothing_of_its_parent() {
    let zoo = Zoo::new();
    let run = zoo.run(
        "cat > prompt.txt; cmp -s \"$WP_PROMPT_FILE\" prompt.txt && echo same; pwd; \
         env | cut -d= -f1 | sort | tr '\\n' ' '; echo; echo $WP_FEATURE $WP_PACKAGE $WP_ATTEMPT; \
         git commit -q --allow-empty -m x && git log -1 --format=%an; echo a-token-of-a-person",
    );
    let lines: Vec<&str> = run.tail.lines().collect();
    assert_eq!(lines[0], "same");
    assert_eq!(lines[1], zoo.room.path().to_str().unwrap());
    for name in [
        "WP_RESULT_FILE",
        "GIT_CEILING_DIRECTORIES",
        "GIT_CONFIG_COUNT",
        "PATH",
    ] {
        assert!(lines[2].contains(name), "{name}: {}", lines[2]);
    }
    for name in ["GH_TOKEN", "GIT_DIR ", "HOME"] {
        assert!(!lines[2].contains(name), "{name}: {}", lines[2]);
    }
    let own = format!("add-auth wp-api {}", zoo.room.attempt());
    assert_eq!(lines[3..6], [own.as_str(), "Agent", "[redacted]"]);
    let result = zoo.judge(&run);
    assert_eq!(
        (result.outcome, result.exit_code),
        (OutcomeKind::Finished, Some(0))
    );
    assert_eq!(result.files_modified, ["prompt.txt".into()]);
    let log = fs::metadata(zoo.places().log).unwrap();
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(log.permissions().mode() & 0o777, 0o600);
    assert_eq!(run.log.unwrap().bytes, log.len());
}

#[test]
fn a_hanging_agent_that_ignores_term_is_ended_at_its_limit() {
    let mut zoo = Zoo::new();
    zoo.limits.wall = Duration::from_millis(400);
    let result =
        zoo.outcome("trap '' TERM; echo x > src/left; sleep 301.125 & wait; sleep 301.125");
    assert_eq!(result.outcome, OutcomeKind::TimedOut);
    assert_eq!(result.files_modified, ["src/left".into()]);
    assert_gone("301.125");
}

#[test]
fn a_silent_agent_is_ended_and_a_talking_one_is_not() {
    let mut zoo = Zoo::new();
    zoo.limits.silence = Some(Duration::from_millis(700));
    let result = zoo.outcome("for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done");
    assert_eq!(result.outcome, OutcomeKind::Empty, "{result:?}");
    let result = zoo.outcome("echo hello; sleep 302.125");
    assert_eq!(result.outcome, OutcomeKind::Silent);
    assert_gone("302.125");
}

#[test]
fn a_daemon_does_not_survive_its_agent() {
    let zoo = Zoo::new();
    let script = "setsid sh -c 'setsid sleep 303.125 </dev/null >/dev/null 2>&1 & exit' & \
                  (setsid sh -c 'trap \"\" TERM; sleep 303.125; sleep 303.125' >/dev/null 2>&1 &) ; \
                  sleep 0.1; echo x > src/done";
    let result = zoo.outcome(script);
    assert_eq!(result.outcome, OutcomeKind::Finished);
    assert_gone("303.125");
}

#[test]
fn gigabytes_of_output_do_not_hold_an_agent_up_and_are_capped() {
    let zoo = Zoo::new();
    let script = "echo begin; head -c 200000000 /dev/zero | tr '\\0' 'x'; echo; echo the end";
    let run = zoo.run(script);
    assert_eq!(run.end, AgentEnd::Exited(0));
    let log = run.log.clone().unwrap();
    assert!(
        log.bytes > 200_000_000 && log.dropped > 198_000_000,
        "{log:?}"
    );
    assert!(run.tail.ends_with("the end\n") && run.tail.len() <= TAIL_MAX);
    let text = fs::read_to_string(zoo.places().log).unwrap();
    assert!(text.len() < 1_100_000);
    assert!(text.starts_with("begin\n") && text.ends_with("the end\n"));
    assert!(text.contains(&format!("[{} bytes dropped]", log.dropped)));
}

#[test]
fn what_an_agent_does_to_its_room_is_its_outcome() {
    use OutcomeKind as O;
    for (script, outcome, part) in [
        ("true", O::Empty, "nothing"),
        ("exit 7", O::Failed, "exit code 7"),
        ("kill -9 $$", O::Killed, "signal 9"),
        ("rm -rf \"$PWD\"", O::LostWorktree, "gone"),
        (
            "rm .git; echo x > src/x; git add -A && git commit -m stray",
            O::Failed,
            "exit code 128",
        ),
        ("rm .git; echo x > src/x", O::LostWorktree, "`.git`"),
        (
            "git checkout -q -b mine; echo x > src/x",
            O::Diverged,
            "`mine`",
        ),
        ("git checkout -q --detach", O::Diverged, "detached"),
        ("git commit -q --amend -m other", O::Diverged, "base"),
        (
            "echo '[]' > \"$WP_RESULT_FILE\"",
            O::BadResult,
            "JSON object",
        ),
        (
            "ln -s /etc/passwd \"$WP_RESULT_FILE\"",
            O::BadResult,
            "result file",
        ),
        (
            "echo '{\"status\":\"failed\",\"notes\":\"no way\"}' > \"$WP_RESULT_FILE\"",
            O::Failed,
            "no way",
        ),
        ("echo x > src/x", O::Finished, "1 file"),
        (
            "GIT_AUTHOR_NAME=nobody GIT_AUTHOR_EMAIL= git -c user.name=no commit -q --allow-empty -m x; \
             echo x > src/x",
            O::Finished,
            "1 file",
        ),
    ] {
        let zoo = Zoo::new();
        let before = zoo.house.scratch.oid("main");
        let result = zoo.outcome(script);
        assert_eq!(result.outcome, outcome, "{script}: {}", result.reason);
        assert!(result.reason.contains(part), "{script}: {}", result.reason);
        assert_eq!(zoo.house.scratch.oid("main"), before, "{script}");
        assert_eq!(
            zoo.house.scratch.git(&["status", "--porcelain"]),
            "",
            "{script}"
        );
    }
}

#[test]
fn planted_programs_never_run_and_are_reported() {
    let zoo = Zoo::new();
    let canary = zoo.house.scratch.beside("canary");
    let plant = format!(
        "c='touch {0}'; d=$(git rev-parse --git-common-dir); \
         git config core.fsmonitor \"$c\"; git config filter.x.clean \"$c; cat\"; \
         git config filter.x.smudge \"$c; cat\"; git config diff.external \"$c\"; \
         git config core.hooksPath \"$d/evil\"; mkdir -p \"$d/evil\" \"$d/info\"; \
         for h in pre-commit post-commit post-checkout post-index-change reference-transaction; do \
           for f in hooks evil; do printf '#!/bin/sh\\n%s\\n' \"$c\" > \"$d/$f/$h\"; \
             chmod +x \"$d/$f/$h\"; done; done; \
         echo '* filter=x' > .gitattributes; echo '* filter=x' > \"$d/info/attributes\"; \
         echo x > src/x; rm -f {0}",
        canary.display()
    );
    let sentinel = Sentinel::take(&zoo.house.repo).unwrap();
    let run = zoo.run(&plant);
    assert_eq!(run.end, AgentEnd::Exited(0), "{}", run.tail);
    let found = sentinel.compare().unwrap();
    assert!(found.len() >= 6, "{found:?}");
    let _ = fs::remove_file(&canary);
    zoo.room.checkpoint().unwrap();
    let result = zoo.judge(&run);
    assert_eq!(result.outcome, OutcomeKind::Finished);
    zoo.room.salvage().unwrap();
    assert!(
        !canary.exists(),
        "a planted program ran before the files were put back"
    );
    sentinel.restore(&found).unwrap();
    assert!(sentinel.compare().unwrap().is_empty());
    let state = seal_with(&zoo.room, Conversion::Attributes);
    assert!(
        !canary.exists(),
        "a planted program ran afterwards: {state:?}"
    );
    zoo.house.rooms.remove(&zoo.room).unwrap();
    assert!(!canary.exists());
}

#[test]
fn observers_see_the_last_line_and_get_checkpoints() {
    let mut zoo = Zoo::new();
    zoo.limits.checkpoint = Some(Duration::from_millis(300));
    let lines = std::sync::Mutex::new(Vec::<String>::new());
    let checkpoints = AtomicUsize::new(0);
    let flag = zoo.house.scratch.beside("seen");
    let observer = Observer {
        activity: &|activity: &Activity| lines.lock().unwrap().push(activity.line.clone()),
        checkpoint: &|| {
            let saved = zoo.room.checkpoint().unwrap();
            if saved.is_some() {
                checkpoints.fetch_add(1, Ordering::SeqCst);
                fs::write(&flag, "").unwrap();
            }
        },
    };
    let script = format!(
        "echo x > src/x; printf 'work\\033[2Jing\\n'; while ! [ -e {} ]; do sleep 0.05; done; rm src/x",
        flag.display()
    );
    let run = zoo.run_watched(&script, observer, &Watch::default());
    assert_eq!(run.end, AgentEnd::Exited(0));
    let seen = lines.lock().unwrap();
    let harmless = text::foreign("work\u{1b}[2Jing").to_string();
    assert!(seen.contains(&harmless), "{seen:?}");
    assert!(checkpoints.load(Ordering::SeqCst) >= 1);
    let wip = zoo.house.scratch.oid(zoo.room.wip_ref().unwrap().as_str());
    assert_eq!(zoo.house.content(&wip, "src/x"), "x");
}

#[test]
fn an_abort_ends_the_agent_as_stopped() {
    let zoo = Zoo::new();
    let watch = Watch::default();
    let observer = Observer {
        activity: &|_| watch.stop(),
        checkpoint: &|| {},
    };
    let run = zoo.run_watched("echo x > src/x; echo go; sleep 304.125", observer, &watch);
    assert_eq!(run.end, AgentEnd::Stopped);
    assert_eq!(zoo.judge(&run).outcome, OutcomeKind::Stopped);
    assert_gone("304.125");
}

#[test]
fn a_configured_command_gets_its_words_and_named_variables() {
    let zoo = Zoo::new();
    let tool = zoo.house.scratch.beside("tool.sh");
    fs::write(
        &tool,
        "for a in \"$@\"; do echo \"[$a]\"; done; echo $GH_TOKEN | wc -c; cat\n",
    )
    .unwrap();
    let settings = AgentSettings {
        command: Some(format!(
            "sh {} '{{feature}} {{attempt}}' {{cwd}} $HOME",
            tool.display()
        )),
        env: vec!["GH_TOKEN".to_owned()],
        ..AgentSettings::default()
    };
    let roster = Roster {
        configured: [("mine".to_owned(), settings)].into(),
        ..Roster::default()
    };
    let profile = Profile::find("mine", &roster).unwrap();
    let observer = Observer {
        activity: &|_| {},
        checkpoint: &|| {},
    };
    let run = zoo.run_profile(&profile, &package(), (observer, &Watch::default()));
    let room: PathBuf = zoo.room.path().to_owned();
    let (attempt, room) = (zoo.room.attempt(), room.display());
    let expected = format!("[add-auth {attempt}]\n[{room}]\n[$HOME]\n20\n# The prompt\n");
    assert_eq!(run.tail, expected);
    assert_eq!(profile.trust, 2);
}
