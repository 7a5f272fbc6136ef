//! Hooks with real git and the real binary: refusing in rooms, silent elsewhere, in front of what
//! was there before.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use git_wp::base::{AttemptId, FeatureId, PackageId};
use git_wp::hook::room::RoomOf;
use git_wp::hook::{self, Neighbour, Reach, RoomScope};
use git_wp::model::{ScopeMode, ScopeSpec};

use crate::support::{FORMATS, Scratch, git_command, name};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_git-wp"))
}

/// A repository with one room.
struct Stage {
    scratch: Scratch,
    room: PathBuf,
    /// Variables of the agent beside those of every git call.
    env: Vec<(String, String)>,
}

impl Stage {
    fn bare(format: (&str, &str)) -> Self {
        let scratch = Scratch::with_format(format);
        scratch.write("src/a.rs", "a\n");
        scratch.write("docs/x.md", "x\n");
        scratch.commit("base");
        let room = scratch.beside("wp-a1");
        Stage {
            room,
            scratch,
            env: Vec::new(),
        }
    }

    /// With hooks installed and the room made.
    fn new(format: (&str, &str)) -> Self {
        let stage = Self::bare(format);
        hook::install(&stage.scratch.repo(), program()).unwrap();
        stage.make_room();
        stage
    }

    fn make_room(&self) {
        let place = self.room.to_str().unwrap();
        let quiet = ["-c", "core.hooksPath=/dev/null"];
        let add = ["worktree", "add", "-q", "-b", "wp/f/p/a1", place, "HEAD"];
        self.scratch.git(&[&quiet[..], &add[..]].concat());
        self.scope(ScopeMode::Strict);
    }

    fn scope(&self, mode: ScopeMode) {
        let spec = |pattern: &str, mode| ScopeSpec {
            write_allow: vec![pattern.to_owned()],
            mode,
            ..ScopeSpec::default()
        };
        let of = RoomOf {
            feature: FeatureId::parse("f").unwrap(),
            package: PackageId::parse("p").unwrap(),
            attempt: AttemptId::parse("a1").unwrap(),
            branch: name("refs/heads/wp/f/p/a1"),
            base: self.scratch.oid("refs/heads/main"),
        };
        let mut scope = RoomScope::new(of, spec("src/**", mode));
        scope.others.push(Neighbour {
            package: PackageId::parse("wp-docs").unwrap(),
            scope: spec("docs/**", ScopeMode::Strict),
        });
        scope.write(self.scratch.repo().common_dir()).unwrap();
    }

    fn shell(&self, folder: &Path, script: &str) -> Output {
        let mut shell = std::process::Command::new("sh");
        for (name, value) in git_command(folder).get_envs() {
            shell.env(name, value.unwrap());
        }
        shell.envs(self.env.iter().map(|(k, v)| (k, v)));
        shell
            .args(["-ec", script])
            .current_dir(folder)
            .output()
            .unwrap()
    }

    fn allowed(&self, script: &str) -> String {
        let output = self.shell(&self.room, script);
        let said = said(&output);
        assert!(output.status.success(), "{script}\n{said}");
        said
    }

    fn refused(&self, script: &str) -> String {
        let output = self.shell(&self.room, script);
        let said = said(&output);
        assert!(!output.status.success(), "not refused: {script}\n{said}");
        said
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

fn write_hook(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn pre_commit_explains_with_path_rule_and_owner_in_every_format() {
    for format in FORMATS {
        let stage = Stage::new(format);
        stage.allowed("echo b > src/b.rs; git add -A; git commit -qm fine");
        let said = stage.refused("echo b > docs/x.md; git commit -qam wrong");
        for part in [
            "docs/x.md",
            "not-allowed",
            "wp-docs",
            "src/**",
            "SCOPE_VIOLATION",
        ] {
            assert!(said.contains(part), "{part} not in\n{said}");
        }
        stage.allowed("git checkout -q docs/x.md; git mv src/a.rs src/c.rs; git commit -qm fine");
        let said = stage.refused("git mv src/b.rs b.rs; git commit -qm wrong");
        assert!(said.contains("  b.rs:"), "{said}");
    }
}

#[test]
fn a_commit_of_a_path_is_judged_by_what_it_would_commit() {
    let stage = Stage::new(FORMATS[0]);
    // docs/x.md is staged but not part of this commit, then it is.
    stage
        .allowed("echo y > docs/x.md; git add -A; echo b > src/a.rs; git commit -qm fine src/a.rs");
    stage.refused("git commit -qm wrong docs/x.md");
}

#[test]
fn no_verify_and_plumbing_are_refused_by_the_second_hook() {
    for format in FORMATS {
        let stage = Stage::new(format);
        let said = stage.refused("echo b > docs/x.md; git commit -qam wrong --no-verify");
        assert!(
            said.contains("docs/x.md") && said.contains("commit "),
            "{said}"
        );
        let said = stage.refused(
            "git add -A; c=$(git commit-tree $(git write-tree) -p HEAD -m wrong); \
             git update-ref refs/heads/wp/f/p/a1 $c",
        );
        assert!(said.contains("docs/x.md"), "{said}");
        let before = stage.scratch.oid("main");
        assert_eq!(stage.scratch.oid("wp/f/p/a1"), before);
    }
}

#[test]
fn other_refs_do_not_move_from_inside_a_room() {
    let stage = Stage::new(FORMATS[0]);
    for script in [
        "git update-ref refs/heads/main HEAD~1",
        "git branch other",
        "git tag t",
        "git update-ref -d refs/heads/wp/f/p/a1",
        "git checkout -q -b other",
        "git update-ref refs/wp/state HEAD",
        "git replace HEAD HEAD~1",
    ] {
        let said = stage.refused(script);
        assert!(said.contains("git wp:"), "{script}\n{said}");
    }
    let said = stage.refused("echo b > src/a.rs; git stash -q");
    assert!(said.contains("shared with the user's checkout"), "{said}");
    stage.allowed("git checkout -q .");
    stage.refused("git checkout -q main~0 -b x; git symbolic-ref HEAD refs/heads/main");
}

#[test]
fn honest_ways_of_working_are_not_in_the_way() {
    let stage = Stage::new(FORMATS[0]);
    stage.scratch.write("docs/x.md", "accepted\n");
    stage.scratch.commit("others move on");
    for script in [
        "echo 1 > src/1; git add -A; git commit -qm one",
        "echo 2 > src/1; git commit -qam two; git commit -q --amend -m better",
        "git reset -q --hard HEAD~1; git reset -q --soft HEAD~1; git commit -qm again",
        "echo 3 > src/3; git add -A; git commit -qm three; \
         GIT_SEQUENCE_EDITOR=: git rebase -q -i HEAD~2",
        "git checkout -q --detach; git checkout -q wp/f/p/a1",
        "git merge -q --no-edit main",
        "git revert --no-edit HEAD~1 -m 1 2>/dev/null || git revert --no-edit HEAD^1",
        "git cherry-pick HEAD >/dev/null 2>&1 || git cherry-pick --abort || true",
        "git bisect start >/dev/null; git bisect bad HEAD >/dev/null; \
         git bisect good HEAD~1 >/dev/null; git bisect reset >/dev/null 2>&1",
    ] {
        stage.allowed(script);
    }
}

#[test]
fn a_merge_that_was_solved_by_hand_is_judged_by_the_hand_only() {
    let stage = Stage::new(FORMATS[0]);
    stage.allowed("echo mine > src/a.rs; git commit -qam mine");
    stage.scratch.write("docs/x.md", "accepted\n");
    stage.scratch.write("src/a.rs", "theirs\n");
    stage.scratch.commit("others move on");
    stage.allowed(
        "git merge -q main >/dev/null || true; echo both > src/a.rs; git add -A; \
                   git commit -qm solved",
    );
    stage.allowed("git reset -q --hard HEAD~1");
    let said = stage.refused(
        "git merge -q main >/dev/null || true; echo both > src/a.rs; echo evil > docs/x.md; \
         git add -A; git commit -qm evil",
    );
    assert!(said.contains("docs/x.md"), "{said}");
}

#[test]
fn an_orphan_history_is_refused_early() {
    let stage = Stage::new(FORMATS[0]);
    let said = stage
        .refused("git update-ref refs/heads/wp/f/p/a1 $(git commit-tree HEAD^{tree} -m orphan)");
    assert!(said.contains("no longer grow from its base"), "{said}");
}

#[test]
fn forecasts_are_amended_where_nobody_else_is_concerned() {
    let stage = Stage::new(FORMATS[0]);
    stage.scope(ScopeMode::Amend);
    stage.allowed("echo b > Makefile; git add -A; git commit -qm free");
    stage.refused("echo b > docs/x.md; git commit -qam taken");
    stage.allowed("git checkout -q HEAD docs/x.md");
    let said = stage.refused("ln -s /etc etc; git add -A; git commit -qm link");
    assert!(said.contains("symlink"), "{said}");
}

#[test]
fn the_users_own_checkout_runs_nothing_of_ours() {
    let stage = Stage::new(FORMATS[0]);
    let main = stage.scratch.path();
    let trace = stage.scratch.beside("trace");
    let script = format!(
        "export GIT_TRACE={}; echo z > docs/x.md; git commit -qam mine; git branch mine; \
         git config core.hooksPath || true",
        trace.display()
    );
    let output = stage.shell(&main, &script);
    assert!(output.status.success());
    assert_eq!(said(&output), "", "no hooks path is set here");
    let trace = fs::read_to_string(trace).unwrap();
    assert!(
        !trace.contains("/wp/hooks") && !trace.contains("git-wp"),
        "{trace}"
    );
}

#[test]
fn install_is_idempotent_and_uninstall_restores_every_byte() {
    let stage = Stage::bare(FORMATS[0]);
    let repo = stage.scratch.repo();
    let config = repo.common_dir().join("config");
    let before = fs::read(&config).unwrap();
    assert_eq!(hook::uninstall(&repo).unwrap(), []);
    let first = hook::install(&repo, program()).unwrap();
    assert_eq!(first.len(), 3, "{first:?}");
    assert_eq!(hook::install(&repo, program()).unwrap(), []);
    // A script that somebody changed is repaired and nothing else is touched.
    fs::write(repo.common_dir().join("wp/hooks/pre-commit"), "").unwrap();
    assert_eq!(hook::install(&repo, program()).unwrap().len(), 1);
    assert_eq!(hook::uninstall(&repo).unwrap().len(), 3);
    assert_eq!(fs::read(&config).unwrap(), before);
    assert!(!repo.common_dir().join("wp/hooks").exists());

    fs::write(repo.common_dir().join("config.lock"), "").unwrap();
    let error = hook::install(&repo, program()).unwrap_err();
    assert_eq!(error.code(), "config-lock");
    assert_eq!(fs::read(&config).unwrap(), before);
}

#[test]
fn status_proves_by_running_a_hook() {
    for format in FORMATS {
        let stage = Stage::bare(format);
        let repo = stage.scratch.repo();
        let status = |repo| hook::status(repo, program()).unwrap();
        assert!(matches!(status(&repo).reach, Reach::NotReached(_)));
        hook::install(&repo, program()).unwrap();
        assert_eq!(status(&repo).reach, Reach::Reached, "{format:?}");
        assert!(status(&repo).standing.entry);
        assert!(
            !repo.common_dir().join("worktrees").exists(),
            "the probe is gone"
        );

        // A later hooks path of the user's does not switch ours off; a script without x bit does.
        stage.scratch.git(&["config", "core.hooksPath", ".husky/_"]);
        write_hook(&stage.scratch.path().join(".husky/_/pre-push"), "exit 0");
        let told = status(&repo);
        assert_eq!(told.reach, Reach::Reached);
        assert_eq!(told.chained, ["pre-push"]);
        assert!(told.original.ends_with(".husky/_"));
        let script = repo.common_dir().join("wp/hooks/wp-probe");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
        let told = status(&repo);
        assert!(matches!(told.reach, Reach::NotReached(_)) && !told.standing.scripts);
    }
}

#[test]
fn rooms_of_bare_and_separated_repositories_are_reached_too() {
    let scratch = Scratch::new();
    let bare = scratch.beside("bare.git");
    scratch.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let apart = scratch.beside("apart");
    let apart_git = scratch.beside("apart.git");
    let separate = format!("--separate-git-dir={}", apart_git.display());
    scratch.git(&["clone", "-q", &separate, ".", apart.to_str().unwrap()]);
    for place in [bare, apart] {
        let repo = git_wp::git::Repo::discover(&place).unwrap();
        hook::install(&repo, program()).unwrap();
        assert_eq!(
            hook::status(&repo, program()).unwrap().reach,
            Reach::Reached,
            "{place:?}"
        );
    }
}

#[test]
fn the_environment_has_the_same_effect_where_nothing_is_installed() {
    let mut stage = Stage::bare(FORMATS[0]);
    stage.make_room();
    let repo = stage.scratch.repo();
    stage.allowed("echo 1 > docs/x.md; git commit -qam free; git reset -q --hard HEAD~1");
    hook::materialise(repo.common_dir(), program()).unwrap();
    stage.env = hook::env_config(repo.common_dir());
    stage.env.push(("WP_ATTEMPT".to_owned(), "a1".to_owned()));
    stage.refused("echo b > docs/x.md; git commit -qam wrong");
    stage.refused("git commit -qam wrong --no-verify");
    stage.refused("git branch other");
    assert_eq!(stage.allowed("git config gc.auto"), "0\n");
    // Also from the user's checkout, if the agent goes there.
    let output = stage.shell(&stage.scratch.path(), "git branch other");
    assert!(!output.status.success(), "{}", said(&output));
    // Another repository is none of our business, and its own hooks run.
    let other = Scratch::new();
    write_hook(&other.path().join(".git/hooks/pre-commit"), "echo own hook");
    let output = stage.shell(
        &other.path(),
        "echo 1 > docs; git add -A; git commit -qm fine",
    );
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output), "own hook\n");
}

/// What a hook of another tool sees: order, arguments, input, environment, exit code.
const SPY: &str = r#"echo "$(basename "$0") $# $* in $PWD" >> "$SPY"
if [ "$(basename "$0")" = pre-push ]; then cat >> "$SPY"; fi
if [ "$(basename "$0")" = reference-transaction ] && [ "$1" = committed ]; then cat >> "$SPY"; fi
env | grep -c WP_HOOKS_DIR >> "$SPY"
[ ! -e "$SPY.fail" ]"#;

#[test]
fn what_was_there_runs_after_ours_with_the_same_arguments() {
    // husky (relative path, part of the tree), lefthook and pre-commit (in the hooks folder), and
    // an absolute path of the user's.
    for kind in ["husky", "hooks-folder", "absolute"] {
        let mut stage = Stage::bare(FORMATS[0]);
        let spy = stage.scratch.beside("spy");
        let folder = match kind {
            "husky" => {
                stage.scratch.git(&["config", "core.hooksPath", ".husky/_"]);
                stage.scratch.path().join(".husky/_")
            }
            "absolute" => {
                let path = stage.scratch.beside("my hooks");
                stage
                    .scratch
                    .git(&["config", "core.hooksPath", path.to_str().unwrap()]);
                path
            }
            _ => stage.scratch.path().join(".git/hooks"),
        };
        for hook in [
            "pre-commit",
            "commit-msg",
            "pre-push",
            "reference-transaction",
        ] {
            write_hook(&folder.join(hook), SPY);
        }
        stage
            .env
            .push(("SPY".to_owned(), spy.to_str().unwrap().to_owned()));
        if kind == "husky" {
            let commit = "git add -A; git -c core.hooksPath=/dev/null commit -qm husky";
            assert!(stage.shell(&stage.scratch.path(), commit).status.success());
        }
        hook::install(&stage.scratch.repo(), program()).unwrap();
        stage.make_room();

        stage.refused("echo b > docs/x.md; git commit -qam wrong");
        let heard = fs::read_to_string(&spy).unwrap_or_default();
        assert!(
            !heard.contains("pre-commit"),
            "{kind}: ours comes first\n{heard}"
        );
        let _ = fs::remove_file(&spy);

        stage.allowed("git checkout -q docs; echo b > src/a.rs; git commit -qam fine");
        let heard = fs::read_to_string(&spy).unwrap();
        let room = fs::canonicalize(&stage.room).unwrap();
        let line = format!("pre-commit 0  in {}\n0\n", room.display());
        assert!(heard.contains(&line), "{kind}\n{heard}");
        assert!(heard.contains("commit-msg 1 "), "{kind}\n{heard}");
        assert!(
            heard.contains("reference-transaction 1 committed"),
            "{kind}\n{heard}"
        );
        assert!(
            heard.contains("refs/heads/wp/f/p/a1\n"),
            "{kind}: no input\n{heard}"
        );

        fs::write(stage.scratch.beside("spy.fail"), "").unwrap();
        stage.refused("echo c > src/a.rs; git commit -qam fine");
        fs::remove_file(stage.scratch.beside("spy.fail")).unwrap();

        let target = stage.scratch.beside("target.git");
        let push = format!(
            "git init -q --bare {0}; git push -q {0} HEAD:x",
            target.display()
        );
        stage.allowed(&push);
        let heard = fs::read_to_string(&spy).unwrap();
        assert!(heard.contains("pre-push 2 "), "{kind}\n{heard}");
        assert!(
            heard.contains("HEAD") && heard.contains("refs/heads/x"),
            "{kind}\n{heard}"
        );
    }
}

#[test]
fn a_hook_without_its_x_bit_is_passed_over_as_git_does() {
    let stage = Stage::new(FORMATS[0]);
    let hook = stage.scratch.path().join(".git/hooks/pre-commit");
    write_hook(&hook, "exit 1");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).unwrap();
    let said = stage.allowed("echo b > src/a.rs; git commit -qam fine");
    assert!(said.contains("not executable"), "{said}");
}

#[test]
fn both_orders_of_installing_and_removing_leave_the_other_alone() {
    for ours_first in [true, false] {
        let stage = Stage::bare(FORMATS[0]);
        let repo = stage.scratch.repo();
        let config = repo.common_dir().join("config");
        let set = || drop(stage.scratch.git(&["config", "core.hooksPath", ".husky/_"]));
        let clear = || drop(stage.scratch.git(&["config", "--unset", "core.hooksPath"]));
        let pristine = fs::read(&config).unwrap();
        if ours_first {
            hook::install(&repo, program()).unwrap();
            set();
        } else {
            set();
            hook::install(&repo, program()).unwrap();
        }
        stage.make_room();
        stage.refused("echo b > docs/x.md; git commit -qam wrong");
        let main = stage.scratch.git(&["config", "core.hooksPath"]);
        assert_eq!(main, ".husky/_", "the user's checkout keeps its own");
        if ours_first {
            clear();
            stage.refused("git commit -qam wrong");
            hook::uninstall(&repo).unwrap();
        } else {
            hook::uninstall(&repo).unwrap();
            stage.allowed("git commit -qam free; git reset -q --hard HEAD~1");
            clear();
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&fs::read(&config).unwrap()), text(&pristine));
    }
}

#[test]
fn a_damaged_scope_file_refuses_instead_of_guessing() {
    let stage = Stage::new(FORMATS[0]);
    let attempt = AttemptId::parse("a1").unwrap();
    let path = RoomScope::path(stage.scratch.repo().common_dir(), &attempt);
    fs::write(&path, "{}").unwrap();
    let said = stage.refused("echo b > src/a.rs; git commit -qam fine");
    assert!(said.contains("not a scope file"), "{said}");
}

#[test]
fn a_room_without_a_scope_file_only_hands_on() {
    let stage = Stage::new(FORMATS[0]);
    let attempt = AttemptId::parse("a1").unwrap();
    fs::remove_file(RoomScope::path(stage.scratch.repo().common_dir(), &attempt)).unwrap();
    stage.allowed("echo b > docs/x.md; git commit -qam free");
}
