//! Rooms through the binary: set-up and tear-down, ports, sparse rooms, sizes.

use std::fs;

use git_wp::base::json::{self, Value};

use crate::support::plans::{Pkg, plan, plan_path};
use crate::support::{Scratch, run};

/// A repository with this `wp.toml`, trusted, and an approved plan.
fn scene(toml: &str, packages: &[Pkg]) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(".gitignore", ".env\n*.out\n");
    scratch.write("wp.toml", toml);
    scratch.commit("configure");
    scratch.write(".env", "KEY=1\n");
    scratch.add_plan("x", packages);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.wp(&["trust"]).expect(0);
    scratch
}

const IMPLEMENT: [&str; 5] = ["implement", "x", "--agent", "shell", "--json"];

fn status(scratch: &Scratch) -> Value {
    scratch.wp(&["status", "x", "--json"]).expect(0).data()
}

/// The text of all logs whose names end like this.
fn logs(scratch: &Scratch, ending: &str) -> String {
    let folder = scratch.path().join(".git/wp/logs");
    let mut text = String::new();
    for name in git_wp::os::file::names(&folder).unwrap() {
        if name.to_string_lossy().ends_with(ending) {
            text.push_str(&fs::read_to_string(folder.join(name)).unwrap());
        }
    }
    text
}

#[test]
fn a_room_is_set_up_and_torn_down_and_nothing_of_it_is_merged() {
    let toml = "[worktree]\ncopy = [\".env*\"]\n\
        setup = [\"echo up; cat .env > setup.out\"]\n\
        teardown = [\"echo down; cat work.out; false\", \"echo last\"]\n";
    let agent = "mkdir -p wp-a && cp setup.out wp-a/file && echo made > work.out";
    let check = "test -f .env && grep -q KEY=1 wp-a/file";
    let scratch = scene(toml, &[Pkg::new("wp-a").run(agent).check("there", check)]);
    let run = scratch.wp(&IMPLEMENT).expect(0);
    assert_eq!(run.data()["result"], "merged");
    let tree = scratch.git(&["ls-tree", "-r", "--name-only", "openspec/x"]);
    assert!(!tree.contains(".env") && !tree.contains(".out"), "{tree}");
    assert_eq!(scratch.git(&["show", "openspec/x:wp-a/file"]), "KEY=1");
    assert!(logs(&scratch, ".setup.log").contains("up\n"));
    let down = logs(&scratch, ".teardown.log");
    assert!(
        down.contains("down\nmade\n") && down.contains("last\n"),
        "{down}"
    );
    let text = json::line(&scratch.wp(&["report", "x", "--json"]).expect(0).data()).unwrap();
    assert!(
        text.contains("ended with exit code 1"),
        "a warning tells of it: {text}"
    );
    assert_eq!(scratch.git(&["for-each-ref", "refs/wp/wip"]), "");
}

#[test]
fn a_failing_set_up_is_an_outcome_with_command_code_and_the_end_of_its_output() {
    let toml = "[worktree]\nsetup = [\"echo looking; echo no compiler here >&2; exit 3\"]\n\
        teardown = [\"echo tidy\"]\n";
    let scratch = scene(toml, &[Pkg::new("wp-a").run("echo never > ../ran")]);
    let data = scratch.wp(&IMPLEMENT).expect(1).data();
    let text = json::line(&data).unwrap();
    for part in [
        "the set-up command",
        "exit 3",
        "exit code 3",
        "no compiler here",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(logs(&scratch, ".setup.log").contains("looking\n"));
    assert!(logs(&scratch, ".teardown.log").contains("tidy\n"));
    assert!(
        !scratch.beside("repo.wp/ran").exists(),
        "no agent was started"
    );
    let why = scratch.wp(&["why", "x/wp-a"]);
    assert!(why.stdout.contains("no compiler here"), "{}", why.stdout);
}

#[test]
fn programs_of_a_room_need_trust() {
    let scratch = scene("[worktree]\n", &[Pkg::new("wp-a")]);
    for key in ["setup", "teardown"] {
        scratch.write(
            "wp.toml",
            &format!("[worktree]\n{key} = [\"touch ../ran\"]\n"),
        );
        let error = scratch.wp(&IMPLEMENT).expect(5).document()["error"].clone();
        assert_eq!(error["code"], "not-trusted");
        assert!(error["message"].as_str().unwrap().contains("touch ../ran"));
    }
}

/// `base count` as the agent and the verification of a package saw them.
const PORTS: &str = "mkdir -p $WP_PACKAGE; echo $WP_PORT_BASE $WP_PORTS > $WP_PACKAGE/ports";

#[test]
fn attempts_at_work_have_ports_of_their_own_on_this_machine() {
    let toml = "[worktree]\nports = 12\n";
    let wait = |other: &str| {
        format!("{PORTS}; touch ../{other}.ready; until test -f ../go; do sleep 0.02; done")
    };
    let check = "test \"$WP_PORTS\" = 12 -a \"$WP_PORT_BASE\" -ge 20000";
    let pkg = |id: &str| Pkg::new(id).run(&wait(id)).check("ports", check);
    let (one, two) = (Scratch::new(), Scratch::new());
    let runs: Vec<_> = [&one, &two]
        .into_iter()
        .map(|scratch| {
            scratch.write("wp.toml", toml);
            scratch.commit("configure");
            scratch.add_plan("x", &[pkg("wp-a"), pkg("wp-b")]);
            let mut state = scratch.wp_command(&["approve", "x"]);
            run({
                state.env("XDG_STATE_HOME", one.state_dir());
                state
            })
            .expect(0);
            let mut command = scratch.wp_command(&IMPLEMENT);
            // Both are of the same user.
            command.env("XDG_STATE_HOME", one.state_dir());
            std::thread::spawn(move || run(command))
        })
        .collect();
    let all =
        [&one, &two].map(|s| ["wp-a", "wp-b"].map(|p| s.beside(&format!("repo.wp/{p}.ready"))));
    let ready = || all.iter().flatten().all(|path| path.exists());
    git_wp::os::clock::poll(
        std::time::Duration::from_secs(60),
        std::time::Duration::from_millis(20),
        || ready().then_some(()),
    )
    .unwrap();
    for scratch in [&one, &two] {
        fs::write(scratch.beside("repo.wp/go"), "").unwrap();
    }
    for run in runs {
        run.join().unwrap().expect(0);
    }
    let mut bases: Vec<u32> = Vec::new();
    for scratch in [&one, &two] {
        for package in ["wp-a", "wp-b"] {
            let text = scratch.git(&["show", &format!("openspec/x:{package}/ports")]);
            let (base, count) = text.trim().split_once(' ').unwrap();
            assert_eq!(count, "12");
            bases.push(base.parse().unwrap());
        }
    }
    bases.sort_unstable();
    let apart = bases.windows(2).all(|pair| pair[0] + 12 <= pair[1]);
    assert!(apart, "{bases:?}");
}

#[test]
fn a_sparse_room_shows_the_scope_and_the_merge_keeps_the_rest() {
    let toml = "[worktree]\nsparse = \"scope\"\n";
    let agent = "mkdir -p wp-a && ls > wp-a/seen && git status --porcelain >> wp-a/seen";
    let scratch = scene(toml, &[Pkg::new("wp-a").run(agent)]);
    let text = plan("x", &[Pkg::new("wp-a").run(agent)]);
    let text = text.replace("read_allow: [\"**\"]", "read_allow: [\"docs/a.md\"]");
    scratch.write(&plan_path("x"), &text);
    scratch.write("other/file", "x\n");
    scratch.commit("more");
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.wp(&IMPLEMENT).expect(0);
    let seen = scratch.git(&["show", "openspec/x:wp-a/seen"]);
    assert!(seen.contains("README") && !seen.contains("other"), "{seen}");
    assert_eq!(scratch.git(&["show", "openspec/x:other/file"]), "x");
    let config = scratch.git(&["config", "--list", "--local"]).to_lowercase();
    assert!(!config.contains("worktreeconfig"), "{config}");
}

#[test]
fn the_size_of_rooms_is_shown() {
    let scratch = scene("", &[Pkg::new("wp-a").run("echo x > wp.out; exit 1")]);
    scratch.wp(&IMPLEMENT).expect(1);
    let rooms = status(&scratch)["rooms"].clone();
    let room = &rooms[0];
    assert_eq!(room["package"], "wp-a");
    assert!(room["disk"]["bytes"].as_u64().unwrap() > 0, "{rooms}");
    assert!(room["disk"]["files"].as_u64().unwrap() >= 4);
    let list = scratch.wp(&["cleanup", "--json"]).expect(0).data();
    assert_eq!(list["rooms"][0]["disk"]["bytes"], list["bytes"]);
    let text = scratch.wp(&["cleanup"]).expect(0).stdout;
    assert!(text.contains("KiB"), "{text}");
    let doctor = scratch.wp(&["doctor"]).stdout;
    assert!(
        doctor.contains("1 in ") && doctor.contains("KiB"),
        "{doctor}"
    );
}

#[test]
fn a_scope_that_leads_into_a_submodule_is_refused() {
    let scratch = Scratch::new();
    let library = Scratch::new();
    let url = library.path();
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q"];
    scratch.git(&[&add[..], &[url.to_str().unwrap(), "lib"]].concat());
    scratch.commit("a submodule");
    scratch.add_plan(
        "x",
        &[Pkg::new("wp-a").write(&["lib/**"]).run("touch lib/x")],
    );
    scratch.wp(&["approve", "x"]).expect(0);
    let data = scratch.wp(&IMPLEMENT).expect(1).data();
    let text = json::line(&data).unwrap();
    assert!(text.contains("leads into the submodule `lib`"), "{text}");
}
