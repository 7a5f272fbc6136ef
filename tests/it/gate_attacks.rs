//! The gate against an agent that does not play by the rules: each trick is refused with the path
//! and the rule, and work that only looks odd passes.

use std::path::PathBuf;

use git_wp::base::{AttemptId, FeatureId, Oid, PackageId, RepoPath, Timestamp};
use git_wp::git::Person;
use git_wp::integrate::merge::MergeInput;
use git_wp::integrate::{
    Danger, GateInput, Gated, Limits, MergeOutcome, MessageParts, Shadow, Surroundings, gate,
    merge, rehearse,
};
use git_wp::model::{ScopeMode, ScopeSpec};
use git_wp::scope::{Fold, Set};

use crate::support::{FORMATS, Scratch, git, git_command};

/// A repository with a package branch in a worktree and what its neighbours left.
struct Stage {
    scratch: Scratch,
    room: PathBuf,
    base: Oid,
    accepted: Vec<Oid>,
}

impl Stage {
    fn new(format: (&str, &str)) -> Self {
        let scratch = Scratch::with_format(format);
        for (path, text) in [
            ("src/api/a.rs", "api\n"),
            ("src/api/run.sh", "echo\n"),
            ("src/ui/b.rs", "ui\n"),
            ("docs/x.md", "docs\n"),
        ] {
            scratch.write(path, text);
        }
        let early = scratch.commit("early");
        scratch.write("docs/y.md", "more\n");
        let base = scratch.commit("base");
        scratch.git(&["branch", "early", early.as_str()]);
        // Another package: one accepted head, one that is still at work.
        scratch.git(&["checkout", "-q", "-b", "wp-ui"]);
        scratch.write("src/ui/b.rs", "ui accepted\n");
        let accepted = scratch.commit("accepted ui");
        scratch.git(&["checkout", "-q", "-b", "wp-live", base.as_str()]);
        scratch.write("src/ui/c.rs", "ui in progress\n");
        scratch.commit("live ui");
        scratch.git(&["checkout", "-q", "main"]);
        let room = scratch.beside("wp-a1");
        let place = room.to_str().unwrap();
        scratch.git(&[
            "worktree",
            "add",
            "-q",
            "-b",
            "wp/f/p/a1",
            place,
            base.as_str(),
        ]);
        Stage {
            scratch,
            room,
            base,
            accepted: vec![accepted],
        }
    }

    /// Runs a script as the agent would.
    fn agent(&self, script: &str) {
        let mut shell = std::process::Command::new("sh");
        for (name, value) in git_command(&self.room).get_envs() {
            shell.env(name, value.unwrap());
        }
        let script = format!("set -e\n{script}");
        let output = shell
            .args(["-c", &script])
            .current_dir(&self.room)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{errors}");
    }

    fn head(&self) -> Oid {
        let raw = [
            "--no-replace-objects",
            "rev-parse",
            "--verify",
            "refs/heads/wp/f/p/a1",
        ];
        Oid::parse(&git(&self.room, &raw)).unwrap()
    }

    fn judge(&self) -> Gated {
        let allow = ["src/api/**", "src/api/.gitmodules"];
        self.judge_as(ScopeMode::Strict, &allow, &["**/*.lock"])
    }

    fn judge_as(&self, mode: ScopeMode, allow: &[&str], deny: &[&str]) -> Gated {
        let shadow = Shadow::open(&self.scratch.repo()).unwrap();
        let scope = set(allow, deny);
        let owner_of = |path: &RepoPath| {
            path.to_text()
                .starts_with("src/ui/")
                .then(|| PackageId::parse("wp-ui").unwrap())
        };
        let input = GateInput {
            base: &self.base,
            head: &self.head(),
            scope: &scope,
            mode,
            accepted: &self.accepted,
            owner_of: &owner_of,
            limits: Limits::with_blob_max(100_000),
            planted: &[],
            now: Timestamp::from_millis(0),
        };
        gate(&shadow, &input).unwrap()
    }
}

fn set(allow: &[&str], deny: &[&str]) -> Set {
    let texts = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    let spec = ScopeSpec {
        write_allow: texts(allow),
        deny: texts(deny),
        ..ScopeSpec::default()
    };
    Set::parse(&spec, Fold::None).unwrap()
}

/// Name, script, path and rule that must be named.
const ATTACKS: [(&str, &str, Option<&str>, &str); 34] = [
    (
        "a plain commit",
        "echo x > docs/x.md; git commit -qam x",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a commit that skips hooks",
        "echo x > docs/x.md; git commit -qam x --no-verify",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "another hooks path",
        "echo x > src/ui/b.rs; git -c core.hooksPath=/dev/null commit -qam x",
        Some("src/ui/b.rs"),
        "not-allowed",
    ),
    (
        "configuration by environment",
        "echo x > docs/x.md; GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath \
         GIT_CONFIG_VALUE_0=/dev/null git commit -qam x",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "plumbing and a written ref",
        "echo x > docs/x.md; git add -A; t=$(git write-tree); \
         c=$(git commit-tree $t -p HEAD -m x); git update-ref refs/heads/wp/f/p/a1 $c",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a rename out of scope",
        "git mv src/api/a.rs docs/a.rs; git commit -qm x",
        Some("docs/a.rs"),
        "not-allowed",
    ),
    (
        "a rename into scope, which deletes outside",
        "git mv docs/x.md src/api/x.md; git commit -qm x",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a deletion",
        "git rm -q docs/x.md; git commit -qm x",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a change of mode",
        "git update-index --chmod=+x docs/x.md; git commit -qm x",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a denied path",
        "echo x > src/api/yarn.lock; git add -A; git commit -qm x",
        Some("src/api/yarn.lock"),
        "denied",
    ),
    (
        "a link to a place outside",
        "ln -s /etc src/api/etc; git add -A; git commit -qm x",
        Some("src/api/etc"),
        "symlink",
    ),
    (
        "a relative link that climbs out",
        "ln -s ../../../x src/api/up; git add -A; git commit -qm x",
        Some("src/api/up"),
        "symlink",
    ),
    (
        "a link into the git folder",
        "ln -s ../../.git/config src/api/cfg; git add -A; git commit -qm x",
        Some("src/api/cfg"),
        "symlink",
    ),
    (
        "a gitlink",
        "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),src/api/sub; \
         git commit -qm x",
        Some("src/api/sub"),
        "submodule",
    ),
    (
        "touched and reverted",
        "echo x > docs/x.md; git commit -qam x; git revert --no-edit HEAD >/dev/null",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "touched and amended away in a later commit beside real work",
        "echo x > docs/x.md; echo y > src/api/a.rs; git commit -qam x; \
         git checkout -q HEAD~1 -- docs/x.md; git commit -qm y",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a merge of another branch",
        "echo y > src/api/a.rs; git commit -qam y; git merge -q --no-edit wp-live",
        None,
        "merge",
    ),
    (
        "a fast-forward to another branch",
        "git merge -q --ff-only wp-live",
        Some("src/ui/c.rs"),
        "not-allowed",
    ),
    (
        "an evil merge of the base's past",
        "echo y > src/api/a.rs; git commit -qam y; t=$(git rev-parse HEAD); \
         echo evil > docs/x.md; git add -A; \
         git update-ref HEAD $(git commit-tree $(git write-tree) -p $t -p early -m evil)",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "an evil merge of accepted work",
        "echo y > src/api/a.rs; git commit -qam y; git merge -q --no-commit --no-ff wp-ui; \
         echo evil > docs/x.md; git add -A; git commit -qm evil",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a merge that drops accepted work",
        "echo y > src/api/a.rs; git commit -qam y; git merge -q -s ours --no-edit wp-ui",
        Some("src/ui/b.rs"),
        "not-allowed",
    ),
    (
        "a replaced commit",
        "echo x > docs/x.md; git commit -qam x; bad=$(git rev-parse HEAD); \
         git checkout -q HEAD~1 -- docs/x.md; echo y > src/api/a.rs; git add -A; \
         good=$(git commit-tree $(git write-tree) -p HEAD~1 -m y); git replace $bad $good",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a replaced tree",
        "good=$(git rev-parse HEAD^{tree}); echo x > docs/x.md; git commit -qam x; \
         git replace $(git rev-parse HEAD^{tree}) $good",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a graft that hides a commit",
        "echo x > docs/x.md; git commit -qam x; bad=$(git rev-parse HEAD); \
         echo y > src/api/a.rs; git commit -qam y; \
         echo $(git rev-parse HEAD) $bad~0 >/dev/null; \
         echo $(git rev-parse HEAD) $(git rev-parse HEAD~2) \
         > $(git rev-parse --git-common-dir)/info/grafts",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "a history cut short",
        "echo x > docs/x.md; git commit -qam x; echo y > src/api/a.rs; git commit -qam y; \
         git rev-parse HEAD > $(git rev-parse --git-common-dir)/shallow",
        Some("docs/x.md"),
        "not-allowed",
    ),
    (
        "an orphan history",
        "git update-ref HEAD $(git commit-tree HEAD^{tree} -m orphan)",
        None,
        "history",
    ),
    (
        "a rewritten base",
        "git reset -q --hard early; echo y > src/api/a.rs; git commit -qam y",
        None,
        "history",
    ),
    (
        "attributes outside the scope",
        "echo '* merge=evil' > .gitattributes; git add -A; git commit -qm x",
        Some(".gitattributes"),
        "not-allowed",
    ),
    (
        "attributes inside the scope that no pattern names",
        "echo '* merge=evil' > src/api/.gitattributes; git add -A; git commit -qm x",
        Some("src/api/.gitattributes"),
        "control-file",
    ),
    (
        "a module whose path ends in a carriage return",
        "printf '[submodule \"s\"]\\n\\tpath = \"s\\r\"\\n\\turl = x\\n' > src/api/.gitmodules; \
         git add -A; git commit -qm x",
        Some("src/api/.gitmodules"),
        "submodule",
    ),
    (
        "a tree entry that some file systems take for .git",
        "b=$(echo evil | git hash-object -w --stdin); \
         g=$(printf '100644 blob %s\\tconfig\\n' $b | git mktree); \
         a=$(printf '040000 tree %s\\t.GIT\\n' $g | git mktree); \
         s=$(printf '040000 tree %s\\tapi\\n' $a | git mktree); \
         t=$( (git ls-tree HEAD | grep -v src; printf '040000 tree %s\\tsrc\\n' $s) | git mktree); \
         git update-ref HEAD $(git commit-tree $t -p HEAD -m x)",
        Some("src/api/.GIT/config"),
        "hostile-path",
    ),
    (
        "a name that differs in case only",
        "git update-index --add --cacheinfo 100644,$(git rev-parse HEAD:docs/x.md),src/api/A.rs; \
         git commit -qm x",
        Some("src/api/A.rs"),
        "case-collision",
    ),
    (
        "a huge file",
        "head -c 200000 /dev/zero > src/api/big; git add -A; git commit -qm x",
        Some("src/api/big"),
        "size",
    ),
    (
        "a forged object",
        "echo right > src/api/n.rs; git add -A; git commit -qm x; \
         o=$(git rev-parse HEAD:src/api/n.rs); e=$(echo wrong | git hash-object -w --stdin); \
         d=$(git rev-parse --git-common-dir)/objects; \
         f=$d/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-); rm -f $f; \
         cp $d/$(echo $e | cut -c1-2)/$(echo $e | cut -c3-) $f",
        Some("src/api/n.rs"),
        "forged-object",
    ),
];

fn assert_refused(format: (&str, &str), attack: &(&str, &str, Option<&str>, &str)) {
    let (name, script, path, rule) = attack;
    let stage = Stage::new(format);
    let main = stage.scratch.oid("refs/heads/main");
    stage.agent(script);
    let verdict = stage.judge().verdict;
    assert!(!verdict.passed, "{name} passed");
    let path = path.map(RepoPath::from);
    let named = verdict
        .violations
        .iter()
        .any(|v| v.rule == *rule && v.path == path);
    assert!(named, "{name}: {:#?}", verdict.violations);
    assert_eq!(stage.scratch.oid("refs/heads/main"), main, "{name}");
}

#[test]
fn every_attack_is_refused_with_path_and_rule() {
    for attack in &ATTACKS {
        assert_refused(FORMATS[0], attack);
    }
}

#[test]
fn a_few_attacks_in_every_format() {
    for format in &FORMATS[1..] {
        for name in [
            "a plain commit",
            "a gitlink",
            "a forged object",
            "a replaced commit",
        ] {
            let attack = ATTACKS.iter().find(|a| a.0 == name).unwrap();
            assert_refused(*format, attack);
        }
        let attack = ATTACKS
            .iter()
            .find(|a| a.0.starts_with("an evil merge of acc"))
            .unwrap();
        assert_refused(*format, attack);
    }
}

#[test]
fn work_that_only_looks_odd_passes() {
    let works = [
        ("nothing", "true"),
        ("an edit", "echo y > src/api/a.rs; git commit -qam y"),
        (
            "a rename in scope",
            "git mv src/api/a.rs src/api/z.rs; git commit -qm y",
        ),
        (
            "an exec bit in scope",
            "git update-index --chmod=+x src/api/run.sh; git commit -qm y",
        ),
        (
            "a merge of the base's past",
            "git merge -q --no-edit early; echo y > src/api/a.rs; \
          git commit -qam y",
        ),
        (
            "a true merge of the base's past",
            "echo y > src/api/a.rs; git commit -qam y; \
          git update-ref HEAD $(git commit-tree HEAD^{tree} -p HEAD -p early -m m)",
        ),
        (
            "a merge of accepted work",
            "echo y > src/api/a.rs; git commit -qam y; \
          git merge -q --no-edit wp-ui; echo z > src/api/a.rs; git commit -qam z",
        ),
        (
            "a rebase onto accepted work",
            "echo y > src/api/a.rs; git commit -qam y; \
          git rebase -q wp-ui",
        ),
        (
            "a link inside the repository",
            "ln -s ../ui/b.rs src/api/l; git add -A; git commit -qm y",
        ),
        (
            "several commits that undo each other in scope",
            "echo y > src/api/a.rs; \
          git commit -qam y; git revert --no-edit HEAD >/dev/null",
        ),
        (
            "a file of exactly the largest size",
            "head -c 100000 /dev/zero > src/api/big; \
          git add -A; git commit -qm y",
        ),
        (
            "packed refs and objects",
            "echo y > src/api/a.rs; git commit -qam y; git gc -q",
        ),
        (
            "names that are no text",
            "printf y > src/api/$(printf 'a\\377\\nb'); git add -A; \
          git commit -qm y",
        ),
    ];
    for (name, script) in works {
        let stage = Stage::new(FORMATS[0]);
        stage.agent(script);
        let gated = stage.judge();
        assert!(
            gated.verdict.passed,
            "{name}: {:#?}",
            gated.verdict.violations
        );
        assert!(gated.granted.is_empty());
        let shadows = stage.scratch.repo().wp_dir().join("shadow");
        assert_eq!(
            std::fs::read_dir(shadows).unwrap().count(),
            0,
            "{name} left a shadow"
        );
    }
}

#[test]
fn amend_grants_what_nobody_else_covers_and_lists_it() {
    let stage = Stage::new(FORMATS[0]);
    stage.agent("echo y > docs/x.md; git commit -qam y");
    let gated = stage.judge_as(ScopeMode::Amend, &["src/api/**"], &[]);
    assert!(gated.verdict.passed, "{:#?}", gated.verdict.violations);
    assert_eq!(gated.granted, [RepoPath::from("docs/x.md")]);

    stage.agent("echo y > src/ui/b.rs; git commit -qam y");
    let gated = stage.judge_as(ScopeMode::Amend, &["src/api/**"], &[]);
    let violation = &gated.verdict.violations[0];
    assert_eq!(violation.owner, PackageId::parse("wp-ui"));
    assert_eq!(
        gated.verdict.violations.len(),
        1,
        "told once, not per commit"
    );

    stage.agent("ln -s /etc docs/etc; git add -A; git commit -qm y");
    let gated = stage.judge_as(ScopeMode::Amend, &["src/**"], &[]);
    assert_eq!(
        gated.verdict.violations[0].rule, "symlink",
        "a grant is for the path only"
    );
    let gated = stage.judge_as(ScopeMode::Open, &[], &[]);
    let rules: Vec<&str> = gated
        .verdict
        .violations
        .iter()
        .map(|v| v.rule.as_str())
        .collect();
    assert_eq!(
        rules,
        ["symlink"],
        "without a scope only the rules of content hold"
    );

    let gated = stage.judge_as(ScopeMode::Amend, &["src/**"], &["docs/**"]);
    assert_eq!(
        gated.verdict.violations[0].rule, "denied",
        "a denial is never granted"
    );
}

/// Everything an agent can plant that would run a program if git looked at the repository.
const PLANT: &str = r#"
    common=$(cd "$(git rev-parse --git-common-dir)" && pwd); canary=$common/../../canary
    run="sh -c 'echo \$0 >> $canary; cat'"
    git config core.fsmonitor "touch $canary; false"
    for f in evil; do
        git config filter.$f.clean "$run"; git config filter.$f.smudge "$run"
        git config filter.$f.process "touch $canary"; git config diff.$f.textconv "$run"
        git config diff.$f.command "touch $canary"; git config merge.$f.driver "touch $canary"
    done
    git config diff.external "touch $canary"; git config core.hooksPath "$common/evil"
    git config uploadpack.packObjectsHook "touch $canary"
    echo '* filter=evil diff=evil merge=evil' > $common/info/attributes
    mkdir -p $common/evil $common/hooks
    for d in evil hooks; do
        for h in pre-commit post-index-change reference-transaction post-checkout pre-auto-gc; do
            printf '#!/bin/sh\ntouch %s\n' "$canary" > $common/$d/$h; chmod +x $common/$d/$h
        done
    done
"#;

#[test]
fn nothing_that_an_agent_planted_runs_and_all_of_it_is_told() {
    let stage = Stage::new(FORMATS[0]);
    let before = Surroundings::read(&stage.scratch.repo()).unwrap();
    stage.agent("printf 'api\\ntwo\\n' > src/api/a.rs; git commit -qam y");
    stage.agent(PLANT);
    let canary = stage.scratch.beside("canary");
    let _ = std::fs::remove_file(&canary);

    let gated = stage.judge();
    assert!(gated.verdict.passed, "{:#?}", gated.verdict.violations);
    let outcome = merge_onto(&stage, &stage.accepted[0]);
    assert!(matches!(outcome, MergeOutcome::Merged(_)), "{outcome:?}");
    let after = Surroundings::read(&stage.scratch.repo()).unwrap();
    assert!(!canary.exists(), "{:?}", std::fs::read_to_string(&canary));

    let planted = before.changes(&after);
    let names: Vec<&str> = planted.iter().map(|p| p.name.as_str()).collect();
    for name in [
        "config",
        "info/attributes",
        "hooks/pre-commit",
        "hooks/reference-transaction",
    ] {
        assert!(names.contains(&name), "{name} not in {names:?}");
    }

    // The canary would have sung: git in the room runs what was planted.
    let _ = git_command(&stage.room).args(["status"]).output();
    assert!(canary.exists());
}

#[test]
fn a_replaced_object_is_told_and_refused_even_if_the_work_is_in_scope() {
    let stage = Stage::new(FORMATS[0]);
    let before = Surroundings::read(&stage.scratch.repo()).unwrap();
    stage.agent(
        "echo y > src/api/a.rs; git commit -qam y; h=$(git rev-parse HEAD); \
         git replace $h $(git commit-tree HEAD~1^{tree} -p HEAD~1 -m harmless)",
    );
    let after = Surroundings::read(&stage.scratch.repo()).unwrap();
    let planted = before.changes(&after);
    assert!(planted[0].danger == Danger::BendsHistory && after.replaces(&stage.head()));
    let shadow = Shadow::open(&stage.scratch.repo()).unwrap();
    let input = GateInput {
        base: &stage.base,
        head: &stage.head(),
        scope: &set(&["src/api/**"], &[]),
        mode: ScopeMode::Strict,
        accepted: &[],
        owner_of: &|_| None,
        limits: Limits::default(),
        planted: &planted,
        now: Timestamp::from_millis(0),
    };
    let verdict = gate(&shadow, &input).unwrap().verdict;
    assert_eq!(verdict.violations[0].rule, "planted");
}

fn merge_onto(stage: &Stage, tip: &Oid) -> MergeOutcome {
    merge_with_scope(stage, tip, &set(&["src/api/**"], &[]))
}

fn merge_with_scope(stage: &Stage, tip: &Oid, scope: &Set) -> MergeOutcome {
    let shadow = Shadow::open(&stage.scratch.repo()).unwrap();
    let by = Person {
        name: "wp".into(),
        email: "wp@example.org".into(),
    };
    let input = MergeInput {
        tip,
        head: &stage.head(),
        base: &stage.base,
        scope,
        mode: ScopeMode::Strict,
        left_out: None,
        granted: &[],
        owner_of: &|_| PackageId::parse("wp-ui"),
        message: MessageParts {
            feature: &FeatureId::parse("f").unwrap(),
            package: &PackageId::parse("p").unwrap(),
            role: "backend",
            title: "",
            attempt: &AttemptId::parse("a1").unwrap(),
            by: &by,
            at: Timestamp::from_millis(1_000_000),
            trailers: &[],
        },
    };
    merge(&shadow, &input).unwrap()
}

#[test]
fn a_merge_has_two_parents_and_trailers_in_every_format() {
    for format in FORMATS {
        let stage = Stage::new(format);
        stage.agent("echo y > src/api/a.rs; git commit -qam y");
        let tip = stage.accepted[0].clone();
        let MergeOutcome::Merged(merged) = merge_onto(&stage, &tip) else {
            panic!("not merged");
        };
        let scratch = &stage.scratch;
        let commit = merged.commit.as_str();
        let parents = scratch.git(&["show", "-s", "--format=%P", commit]);
        assert_eq!(parents, format!("{tip} {}", stage.head()));
        let trailer = "--format=%(trailers:key=Work-Package,valueonly,separator=%x2C)";
        assert_eq!(scratch.git(&["show", "-s", trailer, commit]), "p");
        assert_eq!(
            scratch.git(&["show", "-s", "--format=%s", commit]),
            "Merge p (backend), attempt a1"
        );
        assert_eq!(merged.changed, [RepoPath::from("src/api/a.rs")]);
        assert_eq!(
            scratch.git(&["show", &format!("{commit}:src/ui/b.rs")]),
            "ui accepted"
        );
        scratch.git(&["branch", "merged", commit]);
        scratch.assert_sound();
    }
}

#[test]
fn a_conflict_names_the_path_the_other_package_and_the_hunks() {
    let stage = Stage::new(FORMATS[0]);
    stage.agent("echo mine > src/ui/b.rs; git commit -qam y");
    let outcome = merge_with_scope(&stage, &stage.accepted[0], &set(&["src/**"], &[]));
    let MergeOutcome::Conflict(conflict) = outcome else {
        panic!("{outcome:?}");
    };
    let [path] = &conflict.paths[..] else {
        panic!("{conflict:?}");
    };
    assert_eq!(path.path, RepoPath::from("src/ui/b.rs"));
    assert_eq!(conflict.others, [PackageId::parse("wp-ui").unwrap()]);
    assert!(path.what.contains("Merge conflict"), "{}", path.what);
    let marked = path.marked.as_deref().unwrap();
    assert!(
        marked.contains("mine") && marked.contains("ui accepted"),
        "{marked}"
    );
}

#[test]
fn a_deleted_and_changed_file_is_a_conflict_without_hunks() {
    let stage = Stage::new(FORMATS[0]);
    stage.agent("git rm -q src/ui/b.rs; git commit -qm y");
    let outcome = merge_with_scope(&stage, &stage.accepted[0], &set(&["src/**"], &[]));
    let MergeOutcome::Conflict(conflict) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(conflict.paths[0].marked, None);
    assert!(
        conflict.paths[0].what.contains("deleted"),
        "{:?}",
        conflict.paths
    );
}

#[test]
fn a_merge_that_would_change_a_path_outside_the_scope_is_refused() {
    let stage = Stage::new(FORMATS[0]);
    stage.agent("echo y > docs/x.md; git commit -qam y");
    let outcome = merge_onto(&stage, &stage.accepted[0]);
    let MergeOutcome::Refused(violations) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(violations[0].path, Some(RepoPath::from("docs/x.md")));
    assert_eq!(violations[0].rule, "not-allowed");
}

#[test]
fn names_that_collide_only_after_the_merge_are_refused() {
    let stage = Stage::new(FORMATS[0]);
    stage.agent("echo y > src/api/New.rs; git add -A; git commit -qm y");
    stage.scratch.git(&["checkout", "-q", "wp-ui"]);
    stage.scratch.write("src/api/new.rs", "x\n");
    let tip = stage.scratch.commit("collides");
    let outcome = merge_onto(&stage, &tip);
    let MergeOutcome::Refused(violations) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(violations[0].rule, "case-collision");
}

#[test]
fn two_changes_to_one_file_in_scope_are_merged_as_text() {
    let stage = Stage::new(FORMATS[0]);
    let lines: Vec<String> = (0..20).map(|i| format!("line {i}")).collect();
    let text = |first: &str, last: &str| format!("{first}\n{}\n{last}\n", lines.join("\n"));
    stage.scratch.write("src/ui/b.rs", &text("a", "z"));
    let base = stage.scratch.commit("long file");
    stage.agent(&format!(
        "git reset -q --hard {base}; sed -i s/^a/mine/ src/ui/b.rs"
    ));
    stage.agent("git commit -qam mine");
    stage.scratch.write("src/ui/b.rs", &text("a", "theirs"));
    let tip = stage.scratch.commit("theirs");
    let outcome = merge_with_scope(&stage, &tip, &set(&["src/ui/**"], &[]));
    let MergeOutcome::Merged(merged) = outcome else {
        panic!("{outcome:?}");
    };
    let shown = stage
        .scratch
        .git(&["show", &format!("{}:src/ui/b.rs", merged.commit)]);
    assert!(
        shown.starts_with("mine\n") && shown.ends_with("theirs"),
        "{shown}"
    );
}

#[test]
fn pairs_are_rehearsed_in_order() {
    let stage = Stage::new(FORMATS[0]);
    stage.agent("echo mine > src/ui/b.rs; git commit -qam y");
    let shadow = Shadow::open(&stage.scratch.repo()).unwrap();
    let (mine, live) = (stage.head(), stage.scratch.oid("wp-live"));
    let accepted = stage.accepted[0].clone();
    let pairs = [
        (mine.clone(), accepted.clone()),
        (mine, live.clone()),
        (accepted, live),
    ];
    let told = rehearse(&shadow, &pairs).unwrap();
    let clean: Vec<bool> = told.iter().map(|r| r.is_clean).collect();
    assert_eq!(clean, [false, true, true]);
    assert_eq!(told[0].conflicts, [RepoPath::from("src/ui/b.rs")]);
    assert!(rehearse(&shadow, &[]).unwrap().is_empty());
}
