//! The examples of every help text are true: each runs as it is written, by a shell.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::plans::Pkg;
use super::support::{Run, Scratch, run};

/// Starts that end with another code than 0, as they should.
const ENDS: [(&str, i32); 3] = [
    ("git wp gate add-auth", 1),
    ("git wp policy check 'task claim' --trust 1", 1),
    ("git wp policy check merge add-auth --agent claude", 1),
];

/// Examples that go on until somebody else comes, ask a service, or need plans of many formats: of
/// these only the words are tried.
const WORDS_ONLY: [&str; 7] = [
    "git wp review ",
    "git wp gate add-auth --waive ",
    "git wp pr ",
    "git wp agents try ",
    "git wp implement add-auth --schedule-only",
    "git wp demo",
    "git wp plan ",
];

/// Examples of a verb: whole command lines, without the remarks behind them.
fn examples(help: &str) -> Vec<String> {
    let help = help.replace("\\\n", " ");
    let mut all = Vec::new();
    let mut inside = false;
    for line in help.lines() {
        inside = match line {
            "Example:" | "Examples:" => true,
            line => inside && line.starts_with("  "),
        };
        if let Some(line) = line.strip_prefix("  ").filter(|_| inside) {
            all.push(line.split("  # ").next().unwrap().trim().to_owned());
        }
    }
    all
}

/// Verbs that a help text lists.
fn verbs(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| line.starts_with("  "));
    let words = lines.filter(|line| !line.starts_with("   "));
    words
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn collect(scratch: &Scratch, path: &[&str], all: &mut BTreeMap<String, Vec<String>>) {
    let mut words = vec!["help"];
    words.extend(path);
    let help = scratch.wp(&words).expect(0).stdout;
    all.insert(path.join(" "), examples(&help));
    for verb in verbs(&help) {
        let mut path = path.to_vec();
        path.push(&verb);
        collect(scratch, &path, all);
    }
}

/// A repository in which the examples make sense.
struct Scene {
    scratch: Scratch,
}

impl Scene {
    fn of(verb: &str) -> Self {
        let scratch = Scratch::new();
        scratch.write("src/api/users.rs", "fn users() {}\n");
        scratch.write("app/Makefile", "test:\n\ttrue\n");
        scratch.write("script.sh", "make test\n");
        scratch.write("wp.toml", "[worktree]\ncopy = [\".env\"]\n");
        scratch.write(".env", "PORT=1\n");
        let api = match verb {
            "evidence" => Pkg::new("wp-api").tier('B').manual("look").manual("ci"),
            "adopt" | "cleanup" | "prompt" => {
                Pkg::new("wp-api").run("mkdir wp-api && echo > wp-api/a; exit 1")
            }
            _ => Pkg::new("wp-api"),
        };
        scratch.add_plan("add-auth", &[api, Pkg::new("wp-web")]);
        if verb == "merge" {
            scratch.add_plan("add-search", &[Pkg::new("wp-search")]);
            scratch.git(&["branch", "release"]);
        }
        if matches!(verb, "init" | "sync" | "work") {
            let bare = scratch.beside("bare.git");
            let bare = bare.to_str().unwrap();
            scratch.git(&["init", "-q", "--bare", "-b", "main", bare]);
            scratch.git(&["remote", "add", "origin", bare]);
            scratch.git(&["push", "-q", "origin", "main"]);
        }
        scratch.git(&["config", "wp.durability", "off"]);
        if verb == "policy" {
            scratch.git(&["config", "wp.agent.claude.command", "true"]);
        }
        for folder in [
            ".local/share/bash-completion/completions",
            ".local/share/man/man1",
            ".zfunc",
            ".config/fish/completions",
        ] {
            std::fs::create_dir_all(scratch.beside("home").join(folder)).unwrap();
        }
        scratch.wp(&["trust"]).expect(0);
        scratch.wp(&["approve", "add-auth"]).expect(0);
        Scene { scratch }
    }

    fn id(&self, args: &[&str], name: &str) -> String {
        let data = self.scratch.wp(args).expect(0).data();
        data[name].as_str().unwrap().to_owned()
    }

    /// What has to be there before this command makes sense; gives the command with real names.
    fn prepare(&self, line: &str) -> String {
        let wp = |code, args: &[&str]| drop(self.scratch.wp(args).expect(code));
        let submit = [
            "task",
            "submit",
            "test",
            "x",
            "--agent-id",
            "boss",
            "--json",
        ];
        let is = |start: &str| line.starts_with(&format!("git wp {start}"));
        let mut line = line.to_owned();
        if line.contains("t-4k9...") {
            let task = self.id(&submit, "task_id");
            if is("task complete") || is("task release") {
                wp(0, &["task", "claim", &task, "--session", "s1"]);
            }
            line = line.replace("t-4k9...", &task);
        } else if is("task claim") {
            wp(0, &submit);
        } else if is("task complete") {
            wp(0, &["task", "claim", "add-auth/wp-api"]);
        } else if is("lock release") {
            let (key, session) = ("src/api/users.rs", "--session");
            wp(0, &["lock", "acquire", key, session, "ann"]);
        } else if is("report") {
            wp(0, &["implement", "add-auth"]);
        } else if is("evidence") {
            wp(1, &["implement", "add-auth"]);
        } else if is("decide") {
            let ask = ["escalate", "add-auth/wp-api", "leak", "--json", "--type"];
            let id = self.id(&[&ask[..], &["security-escalation"]].concat(), "id");
            line = line.replace("e-k3x9q7w2mv", &id);
        } else if is("resume") {
            wp(0, &["pause", "add-auth"]);
        } else if is("why wp-api") || is("why add-auth") {
            wp(0, &["task", "claim", "add-auth/wp-api", "--session", "s1"]);
        } else if is("merge") {
            wp(0, &["approve", "add-search"]);
            wp(0, &["implement", "add-auth"]);
            wp(0, &["implement", "add-search"]);
        } else if is("cleanup add-auth") {
            wp(1, &["implement", "add-auth"]);
            let done = "refs/wp/integration/add-auth";
            self.scratch.git(&["merge", "-q", "--no-edit", done]);
        } else if is("hooks status") {
            wp(0, &["hooks", "install"]);
        } else if is("sync") {
            wp(0, &["init", "--remote", "origin"]);
        } else if is("forget") {
            let id = self.id(&["remember", "x", "--json"], "memory_id");
            line = line.replace("01kam...", &id);
        } else if is("adopt") || is("cleanup") || is("prompt") {
            wp(1, &["implement", "add-auth"]);
            let status = self.scratch.wp(&["status", "add-auth", "--json"]).data();
            let id = status["packages"][0]["attempts"][0]["id"].as_str();
            line = line.replace("01kam...", id.unwrap_or("none"));
        } else if is("work") {
            line = line.replace("--wait 600", "--once");
            if !line.contains("--once") {
                line.push_str(" --once");
            }
        }
        line
    }

    /// Runs a command line as somebody would type it.
    fn type_in(&self, line: &str) -> Run {
        let wp = self.scratch.wp_command(&[]);
        let folder = std::path::Path::new(env!("CARGO_BIN_EXE_git-wp"));
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", folder.parent().unwrap().display());
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(line).env_clear();
        for (name, value) in wp.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        shell
            .env("PATH", path)
            .env("TMPDIR", self.scratch.beside(""));
        shell.current_dir(self.scratch.path());
        shell.stdin(std::process::Stdio::null());
        run(shell)
    }
}

#[test]
fn every_example_runs_as_it_is_written() {
    let mut all = BTreeMap::new();
    collect(&Scratch::new(), &[], &mut all);
    assert!(all.len() > 50, "{all:?}");
    // The examples of a verb and its sub-verbs happen in one repository, one after the other;
    // but what was claimed once is not claimed again.
    let mut scenes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, lines) in all {
        let verb = match path.starts_with("task ") {
            true => &path,
            false => path.split(' ').next().unwrap_or_default(),
        };
        scenes.entry(verb.to_owned()).or_default().extend(lines);
    }
    let all: Vec<(String, Vec<String>)> = scenes.into_iter().collect();
    let next = AtomicUsize::new(0);
    let wrong = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((verb, lines)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let scene = Scene::of(verb);
                    let found = lines.iter().filter_map(|line| try_out(&scene, line));
                    let found: Vec<String> = found.collect();
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with an example.
fn try_out(scene: &Scene, line: &str) -> Option<String> {
    let words_only = { WORDS_ONLY.iter() }.any(|start| line.starts_with(start));
    let typed = match words_only {
        true => format!("{line} -h"),
        false => scene.prepare(line),
    };
    let wanted = ENDS.iter().find(|(start, _)| line.starts_with(start));
    let wanted = wanted.filter(|_| !words_only).map_or(0, |(_, code)| *code);
    let run = scene.type_in(&typed);
    let told = || format!("{line}: exit {}\n{}{}", run.code, run.stdout, run.stderr);
    (run.code != wanted).then(told)
}
