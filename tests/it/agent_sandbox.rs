//! What a confined agent can do and cannot, through the real program, with a scripted agent that
//! tries to get out. Skipped, and said, where the kernel cannot confine.

use git_wp::os::confine;

use super::support::plans::Pkg;
use super::support::{FORMATS, Scratch};

/// Functions of every script: `no NAME COMMAND` must fail, `yes NAME COMMAND` must not.
const JUDGE: &str = r#"
no() { name=$1; shift; if (eval "$*") >> "$WP_RESULT_FILE.log" 2>&1
  then echo "ESCAPED $name"; else echo "denied $name"; fi; }
yes() { name=$1; shift; if (eval "$*") > "$TMPDIR/said" 2>&1
  then echo "done $name"; else echo "FAILED $name: $(cat "$TMPDIR/said")"; fi; }
"#;

/// The escapes of an agent that means it, and what it needs for honest work.
const ESCAPES: &str = r#"
main=$(cd "$(git rev-parse --git-common-dir)/.." && pwd); id=$(git rev-parse HEAD)
no config 'git config user.name x'
no config-file 'echo x >> $main/.git/config'
no hook 'echo x > $main/.git/hooks/pre-commit'
no our-hook 'echo x >> $main/.git/wp/hooks/pre-commit'
no state 'git update-ref refs/wp/state $id'
no main 'git update-ref refs/heads/main $id HEAD~0'
no branch 'git branch other'
no tag 'git tag v1'
no replace 'git replace $id $(git commit-tree -m x HEAD^{tree})'
no worktree 'git worktree add ../more'
no checkout 'echo x > $main/README'
no beside 'echo x > $main/../beside'
no other-room 'mkdir $main/../repo.wp/wp-other'
no home 'echo x > ~/.profile'
no tmp 'echo x > /tmp/wp-sandbox-escape'
no truncate ': > $main/README'
no remove 'rm $main/README'
no rename 'mv $main/README mine/README'
no link 'ln $main/README mine/README && echo x > mine/README'
no rules 'echo x > $main/.git/wp/run/$WP_ATTEMPT/sandbox.json'
no scope 'echo x > $main/.git/wp/run/$WP_ATTEMPT/scope.json'
no daemon 'setsid sh -c "echo x > $main/README"'
no signal 'kill -TERM $PPID'
"#;

const WORK: &str = r#"
yes write 'mkdir -p mine/deep && echo one > mine/deep/a && echo x > /dev/null'
yes commit 'git add -A && git commit -qm one'
yes amend 'echo two > mine/deep/a && git commit -qam two --amend'
yes more 'echo three > mine/deep/b && git add -A && git commit -qm three'
yes rebase 'git rebase -q --force-rebase HEAD~1'
yes detach 'git checkout -q --detach HEAD~1 && echo four > mine/deep/c && git add -A && git commit -qm four'
yes merge 'c=$(git rev-parse HEAD) && git checkout -q @{-1} && git merge -q -m five $c'
yes reset 'git reset -q --hard HEAD~1 && git status --porcelain && test ! -e $(git rev-parse --git-path CHERRY_PICK_HEAD)'
yes temporary 'echo x > $(mktemp) && test $TMPDIR != /tmp'
yes result 'echo "{}" > $WP_RESULT_FILE.new && mv $WP_RESULT_FILE.new $WP_RESULT_FILE && rm $WP_RESULT_FILE'
"#;

/// False, with a word on why, where nothing can be confined.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn can_confine() -> bool {
    let missing = confine::missing();
    if let Some(why) = &missing {
        eprintln!("skipped: {why}");
    }
    missing.is_none()
}

/// What an agent said that ran `script` under `level`; the package may write `mine/**` and `one`.
fn said(scratch: &Scratch, level: &str, script: &str) -> String {
    let script =
        format!("{JUDGE}{{ {script} }} > $TMPDIR/report 2>&1; cat $TMPDIR/report > mine/report");
    scratch.write("mine/start", "");
    scratch.write("one", "1\n");
    scratch.add_plan(
        "x",
        &[Pkg::new("wp-a").write(&["mine/**", "one"]).run(&script)],
    );
    scratch.git(&["config", "wp.sandbox", level]);
    std::fs::create_dir_all(scratch.beside("home")).unwrap();
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.wp(&["implement", "x"]).expect(0);
    scratch.git(&["show", "refs/wp/integration/x:mine/report"])
}

fn assert_kept_in(said: &str) {
    let wrong = |line: &&str| !line.starts_with("denied ") && !line.starts_with("done ");
    let wrong: Vec<&str> = said.lines().filter(wrong).collect();
    assert!(wrong.is_empty() && !said.is_empty(), "{wrong:#?}");
}

#[test]
fn a_confined_agent_does_its_work_and_none_of_the_escapes() {
    if !can_confine() {
        return;
    }
    let scratch = Scratch::new();
    let said = said(&scratch, "repo", &format!("{ESCAPES}{WORK}"));
    assert_kept_in(&said);
    assert_eq!(
        said.lines()
            .filter(|line| line.starts_with("denied"))
            .count(),
        23
    );
    assert_eq!(
        std::fs::read(scratch.path().join("README")).unwrap(),
        b"hello\n"
    );
    assert_eq!(scratch.git(&["branch", "--list", "other"]), "");
    let left = std::fs::read_dir(std::env::temp_dir()).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.into_iter().any(|name| name == "wp-sandbox-escape"));
    scratch.assert_sound();
}

#[test]
fn a_repository_with_reftables_keeps_everything_but_its_refs() {
    if !can_confine() {
        return;
    }
    let scratch = Scratch::with_format(FORMATS[2]);
    // All refs stand in one folder, which is open; what was moved is put back and told.
    let refs = ["state", "main", "branch", "tag", "replace"];
    let is_about_refs = |line: &str| refs.iter().any(|r| line.starts_with(&format!("no {r} ")));
    let escapes: Vec<&str> = { ESCAPES.lines() }
        .filter(|line| !is_about_refs(line))
        .collect();
    let said = said(&scratch, "repo", &format!("{}{WORK}", escapes.join("\n")));
    assert_kept_in(&said);
}

#[test]
fn an_agent_confined_to_its_scope_cannot_touch_the_rest_of_its_room() {
    if !can_confine() {
        return;
    }
    let scratch = Scratch::new();
    let script = r#"
no edit 'echo x >> README'
no delete 'rm README'
no move 'mv README mine/README'
no new 'echo x > elsewhere'
no folder 'mkdir other'
no pointer 'echo x > .git'
yes one 'echo 2 > one'
yes inside 'mkdir -p mine/deep && echo x > mine/deep/new && mv mine/deep/new mine/new && rm mine/start'
yes commit 'git add -A && git commit -qm work && git commit -q --amend -m better'
"#;
    assert_kept_in(&said(&scratch, "scope", script));
    assert_eq!(scratch.git(&["show", "refs/wp/integration/x:one"]), "2");
}

#[test]
fn commands_and_servers_work_inside_a_confined_room() {
    if !can_confine() {
        return;
    }
    let scratch = Scratch::new();
    let program = env!("CARGO_BIN_EXE_git-wp");
    let script = format!(
        "yes lock '{program} lock acquire db:schema:users; echo $?'\n\
         yes handoff '{program} handoff write \"from inside\"; echo $?'\n\
         yes status '{program} status x'\n"
    );
    assert_kept_in(&said(&scratch, "scope", &script));
    let handoffs = scratch
        .wp(&["handoff", "read", "--limit", "9", "--json"])
        .expect(0)
        .stdout;
    assert!(handoffs.contains("from inside"), "{handoffs}");
}

#[test]
fn rules_that_cannot_be_read_start_nothing() {
    let scratch = Scratch::new();
    scratch.write("rules", "{\"v\": 2, \"writable\": []}");
    for rules in ["rules", "missing"] {
        let run = scratch.wp(&["hook", "confine", rules, "--", "touch", "started"]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(!scratch.path().join("started").exists());
    }
}

#[test]
fn doctor_says_by_trying_it_what_is_enforced() {
    let scratch = Scratch::new();
    let facts = scratch.wp(&["doctor", "--json"]).expect(0).data()["facts"].to_string();
    let expected = match confine::missing() {
        None => "a write outside was denied, one inside was not",
        Some(_) => "none: ",
    };
    assert!(facts.contains(expected), "{facts}");
    let left = std::fs::read_dir(scratch.path().join(".git")).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.into_iter().any(|name| name.starts_with("wp-probe")));
}

#[test]
fn a_sandbox_that_was_asked_for_is_never_left_out_in_silence() {
    use git_wp::agent::sandbox::stance;
    use git_wp::model::SandboxLevel;
    use git_wp::model::agent_profile::SandboxDefault;

    let usual = SandboxDefault {
        level: SandboxLevel::Repo,
        why: "it passed".to_owned(),
    };
    let why = Some("this kernel has none");
    let error = stance(Some(SandboxLevel::Repo), &usual, why).unwrap_err();
    assert_eq!(error.code(), "no-landlock");
    let found = stance(None, &usual, why).unwrap();
    assert_eq!(
        (found.level, found.why.as_str()),
        (SandboxLevel::Off, "this kernel has none")
    );
    assert_eq!(stance(None, &usual, None).unwrap(), usual);
    let off = stance(Some(SandboxLevel::Off), &usual, None).unwrap();
    assert_eq!(off.level, SandboxLevel::Off);
}
