//! Agents of low trust work in clones: what they do to "their" repository harms nothing, what
//! they did well is merged, and a kill at any point loses nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use git_wp::os::confine;

use crate::support::plans::Pkg;
use crate::support::{FORMATS, Scratch, run};

const IMPLEMENT: [&str; 5] = ["implement", "x", "--agent", "shell", "--json"];

/// A repository whose agents work in clones, with an approved plan of one package.
fn scene(format: (&str, &str), package: Pkg) -> Scratch {
    let scratch = Scratch::with_format(format);
    scratch.git(&["config", "wp.isolation", "clone"]);
    scratch.add_plan("x", &[package]);
    // What these agents do is meant.
    scratch
        .wp(&["approve", "x", "--despite", "rm_rf"])
        .expect(0);
    scratch
}

fn package(script: &str) -> Pkg {
    Pkg::new("wp-a").retries(0).run(script)
}

/// Tells where an agent works, and that it finds the branches of the repository there.
const AT_HOME: &str = "mkdir -p wp-a; git rev-parse --git-common-dir > wp-a/where; \
    git branch --show-current >> wp-a/where; \
    git log --oneline main > /dev/null && echo log >> wp-a/where; ";

fn merged(scratch: &Scratch, path: &str) -> String {
    scratch.git(&["show", &format!("refs/wp/integration/x:{path}")])
}

fn assert_tidy(scratch: &Scratch) {
    let clones = scratch.path().join(".git/wp/clones");
    let left = git_wp::os::file::names(&clones).unwrap();
    assert!(left.is_empty(), "{left:?}");
    let worktrees = scratch.git(&["worktree", "list"]);
    assert_eq!(worktrees.lines().count(), 1, "{worktrees}");
    scratch.assert_sound();
}

#[test]
fn commits_and_files_of_a_clone_are_merged_in_every_format() {
    for format in FORMATS {
        let script = format!(
            "{AT_HOME} echo one > wp-a/one; git add -A; git commit -qm one || exit 9; \
             echo two > wp-a/two; git tag mine 2> /dev/null; \
             '{program}' remember 'hello of the room' && '{program}' status --json > /dev/null \
             && echo status > wp-a/said",
            program = env!("CARGO_BIN_EXE_git-wp"),
        );
        let scratch = scene(format, package(&script));
        let done = scratch.wp(&IMPLEMENT).expect(0);
        assert_eq!(done.data()["result"], "merged", "{format:?}");
        assert_eq!(merged(&scratch, "wp-a/one"), "one");
        assert_eq!(merged(&scratch, "wp-a/two"), "two");
        let place = merged(&scratch, "wp-a/where");
        assert!(place.contains("/wp/clones/wp-"), "{place}");
        assert!(
            place.contains("wp/x/wp-a/") && place.ends_with("log"),
            "{place}"
        );
        assert_eq!(merged(&scratch, "wp-a/said"), "status");
        let told = scratch.wp(&["recall", "hello"]).expect(0);
        assert!(told.stdout.contains("hello of the room"), "{}", told.stdout);
        let log = scratch.git(&["log", "--format=%s", "refs/wp/integration/x"]);
        assert!(log.lines().any(|line| line == "one"), "{log}");
        assert_tidy(&scratch);
    }
}

#[test]
fn an_agent_that_destroys_its_repository_harms_nothing_and_its_files_are_merged() {
    for format in [FORMATS[0], FORMATS[3]] {
        let script = "mkdir -p wp-a; echo good > wp-a/good; git add -A; git commit -qm good; \
            d=$(git rev-parse --git-common-dir); \
            echo evil > $d/hooks; git config core.fsmonitor evil; git config user.name evil; \
            rm -rf $d/objects $d/refs $d/packed-refs $d/logs; echo broken > $d/HEAD";
        let scratch = scene(format, package(script));
        let before = fs::read(scratch.path().join(".git/config")).unwrap();
        let main = scratch.git(&["rev-parse", "main"]);
        let done = scratch.wp(&IMPLEMENT).expect(0);
        assert_eq!(done.data()["result"], "merged");
        assert_eq!(merged(&scratch, "wp-a/good"), "good");
        let now = fs::read(scratch.path().join(".git/config")).unwrap();
        assert_eq!(now, before);
        assert_eq!(scratch.git(&["rev-parse", "main"]), main);
        let kept = git_wp::os::file::names(&scratch.path().join(".git/wp/quarantine")).unwrap();
        assert_eq!(kept.len(), 1, "what could not be taken over is kept");
        assert_tidy(&scratch);
    }
}

#[test]
fn heads_beside_the_branch_are_kept() {
    let script = "mkdir -p wp-a; echo a > wp-a/a; git add -A; git commit -qm a; \
        git -c core.hooksPath=/dev/null branch aside; \
        echo b > wp-a/b; git add -A; git commit -qm b; git -c core.hooksPath=/dev/null \
        commit-tree -m stray HEAD^{tree} > stray; \
        git -c core.hooksPath=/dev/null update-ref refs/heads/stray $(cat stray); rm stray";
    let scratch = scene(FORMATS[0], package(script));
    let done = scratch.wp(&IMPLEMENT).expect(0);
    assert_eq!(done.data()["result"], "merged");
    assert_eq!(scratch.git(&["branch", "--list", "stray", "aside"]), "");
    let salvaged = scratch.git(&["log", "--format=%s", "--glob=refs/wp/salvage"]);
    assert!(salvaged.lines().any(|line| line == "stray"), "{salvaged}");
    assert_tidy(&scratch);
}

#[test]
fn unsound_objects_do_not_come_in() {
    let script = "mkdir -p wp-a; echo a > wp-a/a; git add -A; git commit -qm a; \
        b=$(git rev-parse HEAD:wp-a/a); t=$(printf '100644 blob %s\\t.git\\n' $b | git mktree); \
        c=$(git commit-tree -p HEAD -m unsound $t) && echo $c > wp-a/unsound; \
        git -c core.hooksPath=/dev/null update-ref refs/heads/unsound $c";
    let scratch = scene(FORMATS[0], package(script));
    let done = scratch.wp(&IMPLEMENT).expect(0);
    assert_eq!(done.data()["result"], "merged");
    let unsound = merged(&scratch, "wp-a/unsound");
    let refs = scratch.git(&["for-each-ref", "--contains", "main"]);
    assert!(unsound.len() == 40 && !refs.contains("unsound"), "{refs}");
    let objects = scratch.repo().objects();
    let unsound = git_wp::base::Oid::parse(&unsound).unwrap();
    assert_eq!(objects.header(&unsound).unwrap(), None);
    let kept = git_wp::os::file::names(&scratch.path().join(".git/wp/quarantine")).unwrap();
    assert_eq!(kept.len(), 1, "the clone is kept");
    let told = scratch.wp(&["report", "x"]).expect(0).stdout;
    assert!(told.contains("not all of the clone"), "{told}");
    assert_tidy(&scratch);
}

#[test]
fn the_sandbox_of_a_clone_leaves_objects_and_refs_of_the_repository_alone() {
    if confine::missing().is_some() {
        return;
    }
    let script = "mkdir -p wp-a; d=$(git rev-parse --git-common-dir)/../../..; \
        for i in objects/x refs/heads/wp/x refs/heads/x config HEAD wp/clones/wp-x; do \
        (echo x > $d/$i) 2> /dev/null && echo open $i >> wp-a/report; done; \
        rm -rf $d/objects/* 2> /dev/null; \
        git config user.email me@x && echo own >> wp-a/report; \
        git add -A && git commit -qm work && echo committed > wp-a/done";
    let scratch = scene(FORMATS[0], package(script));
    scratch.git(&["config", "wp.sandbox", "repo"]);
    let done = scratch.wp(&IMPLEMENT).expect(0);
    assert_eq!(done.data()["result"], "merged");
    assert_eq!(merged(&scratch, "wp-a/report"), "own");
    assert_eq!(merged(&scratch, "wp-a/done"), "committed");
    assert_tidy(&scratch);
}

#[test]
fn a_killed_supervisor_loses_nothing_of_a_clone() {
    for format in [FORMATS[0], FORMATS[2]] {
        let scratch = Scratch::with_format(format);
        let once = scratch.beside("once");
        let script = format!(
            "mkdir -p wp-a; if mkdir '{}'; then echo x > wp-a/early; git add -A; \
             git commit -qm early; echo y > wp-a/loose; kill -9 $PPID; sleep 600; \
             else echo again > wp-a/again; fi",
            once.display()
        );
        scratch.git(&["config", "wp.isolation", "clone"]);
        scratch.add_plan("x", &[package(&script)]);
        scratch.wp(&["approve", "x"]).expect(0);
        assert_eq!(scratch.wp(&IMPLEMENT).code, -1, "killed");
        scratch.wp(&IMPLEMENT).expect(0);
        assert_eq!(merged(&scratch, "wp-a/again"), "again");
        let heads = [
            "log",
            "--format=%s",
            "--glob=refs/wp/salvage",
            "--name-only",
        ];
        let kept = scratch.git(&heads);
        assert!(kept.lines().any(|line| line == "early"), "{kept}");
        assert!(
            kept.contains("wp-a/early") && kept.contains("wp-a/loose"),
            "{kept}"
        );
        let clones = scratch.path().join(".git/wp/clones");
        assert!(git_wp::os::file::names(&clones).unwrap().is_empty());
        scratch.assert_sound();
    }
}

/// Runs with a git that kills who calls it with these words, once; then without.
fn implement_killed_at(scratch: &Scratch, words: &str) {
    let (bin, once) = (scratch.beside("bin"), scratch.beside("once"));
    fs::create_dir(&bin).unwrap();
    let path = std::env::var("PATH").unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *'{words}'*) \
         mkdir '{}' 2> /dev/null && kill -9 $PPID && exit 1;; \
         esac\nPATH='{path}' exec git \"$@\"\n",
        once.display()
    );
    fs::write(bin.join("git"), script).unwrap();
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = scratch.wp_command(&IMPLEMENT);
    command.env("PATH", format!("{}:{path}", bin.display()));
    assert_eq!(run(command).code, -1, "killed at {words}");
    assert!(once.exists());
    scratch.wp(&IMPLEMENT).expect(0);
}

#[test]
fn a_supervisor_killed_while_it_takes_commits_over_loses_none() {
    let script = "mkdir -p wp-a; echo $WP_ATTEMPT > wp-a/file; git add -A; \
        git commit -qm \"by $WP_ATTEMPT\"";
    // Packing, checking; and with reftables the move of the branch, when all has arrived.
    for (format, words) in [
        (FORMATS[0], "pack-objects"),
        (FORMATS[1], "index-pack"),
        (FORMATS[2], "commits of a clone"),
    ] {
        let scratch = scene(format, package(script));
        implement_killed_at(&scratch, words);
        let all = ["log", "--format=%s", "--branches", "--glob=refs/wp/salvage"];
        let kept = scratch.git(&all);
        let count = kept.lines().filter(|line| line.starts_with("by ")).count();
        assert_eq!(count, 2, "{words}: {kept}");
        let clones = scratch.path().join(".git/wp/clones");
        assert!(git_wp::os::file::names(&clones).unwrap().is_empty());
        scratch.assert_sound();
    }
}

#[test]
fn a_room_that_leads_home_already_is_taken_over_all_the_same() {
    let scratch = Scratch::new();
    let once = scratch.beside("once");
    let script = format!(
        "mkdir -p wp-a; echo $WP_ATTEMPT > wp-a/file; git add -A; \
         git commit -qm \"by $WP_ATTEMPT\"; if mkdir '{}'; then kill -9 $PPID; sleep 600; fi",
        once.display()
    );
    scratch.git(&["config", "wp.isolation", "clone"]);
    scratch.add_plan("x", &[package(&script)]);
    scratch.wp(&["approve", "x"]).expect(0);
    assert_eq!(scratch.wp(&IMPLEMENT).code, -1, "killed");
    // As if it had been killed between the last two steps of taking over.
    let repo = scratch.repo();
    let names = git_wp::os::file::names(&scratch.path().join(".git/wp/clones")).unwrap();
    let mut ids = names.iter().filter_map(|name| name.to_str());
    let id = ids.find(|id| id.starts_with("wp-")).unwrap();
    let rooms = repo.worktrees().unwrap();
    let room = rooms.iter().find(|room| room.path.ends_with(id)).unwrap();
    repo.apart(id).lead_home(&room.path).unwrap();
    scratch.wp(&IMPLEMENT).expect(0);
    let kept = scratch.git(&["log", "--format=%s", "--branches", "--glob=refs/wp/salvage"]);
    let count = kept.lines().filter(|line| line.starts_with("by ")).count();
    assert_eq!(count, 2, "{kept}");
    scratch.assert_sound();
}

#[test]
fn trust_decides_where_nobody_asked() {
    let scratch = Scratch::new();
    let room = |scratch: &Scratch, agent: &str| {
        let shown = scratch.wp(&["agents", "profiles", "--no-probe", "--json"]);
        let data = shown.expect(0).data();
        let rows = data["profiles"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["name"] == agent).unwrap();
        row["isolation"].as_str().unwrap().to_owned()
    };
    assert_eq!(room(&scratch, "codex"), "worktree");
    scratch.git(&["config", "wp.agent.codex.trust", "1"]);
    assert_eq!(room(&scratch, "codex"), "clone");
    scratch.git(&["config", "wp.isolation", "worktree"]);
    assert_eq!(room(&scratch, "codex"), "worktree");
    scratch.git(&["config", "wp.agent.codex.isolation", "clone"]);
    assert_eq!(room(&scratch, "codex"), "clone");
    scratch.git(&["config", "wp.isolation", "nowhere"]);
    scratch.wp(&["agents", "profiles", "--no-probe"]).expect(2);
}
