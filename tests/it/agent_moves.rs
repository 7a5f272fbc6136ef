//! Agents that reach beyond their room, through the binary: refs they move, commits that hooks
//! refuse, the reasons that people are given.

use git_wp::base::json::Value;

use super::support::Scratch;
use super::support::plans::Pkg;

const WORK: &str = "mkdir -p wp-a; echo x > wp-a/file; git add -A";
const SLY: &str = "git -c core.hooksPath=/dev/null";

/// Runs one package with this script; gives the repository and the attempt.
fn attempt(script: &str) -> (Scratch, Value) {
    let scratch = Scratch::new();
    let package = Pkg::new("wp-a").retries(0);
    scratch.add_plan("x", &[package.run(script)]);
    scratch.wp(&["approve", "x"]).expect(0);
    let run = scratch.wp(&["implement", "x", "--agent", "shell", "--json"]);
    let data = run.expect(1).data();
    assert_eq!(data["result"], "failed");
    let attempt = data["packages"][0]["attempts"][0].clone();
    (scratch, attempt)
}

#[test]
fn refs_that_an_agent_moves_or_makes_are_put_back_and_it_is_refused() {
    let commit = format!("{WORK}; git commit -qm x");
    let elsewhere = format!("{WORK}; {SLY} commit -qm x");
    for (script, name) in [
        (
            format!("{commit}; {SLY} update-ref refs/heads/main HEAD"),
            "refs/heads/main",
        ),
        (
            format!("{commit}; {SLY} update-ref refs/heads/openspec/x HEAD"),
            "refs/heads/openspec/x",
        ),
        (
            format!("{commit}; {SLY} update-ref refs/wp/integration/x HEAD; sleep 2"),
            "",
        ),
        (format!("{commit}; {SLY} tag v1"), "refs/tags/v1"),
        (
            format!("{SLY} checkout -q --ignore-other-worktrees main; {elsewhere}"),
            "refs/heads/main",
        ),
        (
            format!("{SLY} checkout -q --orphan zz; {elsewhere}"),
            "refs/heads/zz",
        ),
        (
            format!("{SLY} checkout -q -b zz; {elsewhere}"),
            "refs/heads/zz",
        ),
    ] {
        let scratch = Scratch::new();
        let package = Pkg::new("wp-a").retries(0).run(&script);
        scratch.add_plan("x", &[package]);
        scratch.wp(&["approve", "x"]).expect(0);
        let before = scratch.belongings();
        let base = scratch.oid("main");
        let run = scratch.wp(&["implement", "x", "--agent", "shell", "--json"]);
        let attempt = run.document()["data"]["packages"][0]["attempts"][0].clone();
        let reason = attempt["reason"].as_str().unwrap();
        if name.is_empty() {
            // Put back before the agent ended, or after: nothing grew on it.
            let merged = scratch.git(&["rev-list", "--merges", "--count", "refs/wp/integration/x"]);
            assert_eq!(merged == "1", attempt["outcome"] == "merged", "{reason}");
            continue;
        }
        assert_eq!(run.code, 1, "{script}: {reason}");
        assert!(reason.contains(&format!("`{name}`")), "{script}: {reason}");
        assert!(reason.contains("[ref]"), "{script}: {reason}");
        let mut after = scratch.belongings();
        // The feature branch stands at the base; nothing was merged.
        let refs = String::from_utf8(after.remove("refs").unwrap()).unwrap();
        let feature = format!("refs/heads/openspec/x {base}");
        let refs: Vec<&str> = refs.lines().filter(|line| *line != feature).collect();
        after.insert("refs".to_owned(), refs.join("\n").into_bytes());
        assert_eq!(before, after, "{script}");
        // What the agent committed is still held by a ref.
        let held = scratch.git(&["log", "--all", "--format=%s"]);
        assert!(
            held.lines().any(|subject| subject == "x"),
            "{script}: {held}"
        );
        scratch.assert_sound();
    }
}

#[test]
fn a_commit_that_a_hook_refused_is_explained_by_path_and_rule() {
    for verify in ["", "--no-verify"] {
        let (_scratch, attempt) = attempt(&format!(
            "{WORK}; echo y > evil.txt; git add -A; git commit {verify} -qm x"
        ));
        let reason = attempt["reason"].as_str().unwrap();
        assert!(reason.starts_with("ended with exit code"), "{reason}");
        assert!(reason.contains("`evil.txt`"), "{reason}");
        assert!(reason.contains("[not-allowed]"), "{reason}");
    }
    let (_scratch, attempt) = attempt("echo first; echo the disk is on fire; exit 3");
    let reason = "ended with exit code 3: the disk is on fire";
    assert_eq!(attempt["reason"], reason);
}

#[test]
fn what_an_agent_changed_is_put_back_even_if_its_supervisor_was_killed() {
    let scratch = Scratch::new();
    let once = scratch.beside("once");
    let script = format!(
        "mkdir -p wp-a; echo x > wp-a/file; \
         if mkdir '{}'; then git config core.fsmonitor evil; kill -9 $PPID; sleep 600; fi",
        once.display()
    );
    scratch.add_plan("x", &[Pkg::new("wp-a").retries(0).run(&script)]);
    scratch.wp(&["approve", "x"]).expect(0);
    let config = std::fs::read(scratch.path().join(".git/config")).unwrap();
    let args = ["implement", "x", "--agent", "shell", "--json"];
    assert_eq!(scratch.wp(&args).code, -1, "killed");
    let now = || std::fs::read(scratch.path().join(".git/config")).unwrap();
    assert_ne!(now(), config);
    let run = scratch.wp(&args).expect(0);
    assert_eq!(now(), config);
    let warning = &run.document()["warnings"][0];
    assert_eq!(warning["code"], "tampering", "{warning}");
    let worktrees = scratch.git(&["worktree", "list"]);
    assert_eq!(worktrees.lines().count(), 1, "{worktrees}");
}
