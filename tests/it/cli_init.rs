//! `init --remote`: what it writes, what it takes over, and where it cannot work.

use super::support::FORMATS;
use super::support::machines::Machines;
use super::support::plans::Pkg;

const INIT: [&str; 3] = ["init", "--remote", "origin"];

fn one() -> Machines {
    Machines::new(&[Pkg::new("wp-a"), Pkg::new("wp-b")])
}

/// The remote refuses what the shell condition says of `$ref`.
fn refuse(machines: &Machines, condition: &str) {
    let line = format!(
        "while read -r old new ref; do if {condition}; then \
         echo 'policy: no such refs here' >&2; exit 1; fi; done"
    );
    machines.hook("pre-receive", &line);
}

#[test]
fn the_first_machine_publishes_and_a_fresh_clone_has_everything_after_one_command() {
    for format in FORMATS {
        let machines = Machines::with_format(format, &[Pkg::new("wp-a")]);
        let first = machines.data("m1", 0, &INIT);
        assert_eq!(first["result"], "pushed", "{first}");
        assert_eq!(
            (&first["ref"], &first["atomic"]),
            (&"refs/wp/state".into(), &true.into())
        );
        assert_eq!(first["generation"], 1);
        machines.clone("m2");
        let second = machines.data("m2", 0, &INIT);
        assert_eq!(second["result"], "adopted", "{second}");
        assert_eq!(second["authority"], first["authority"]);
        assert_eq!(machines.tree("m1"), machines.tree("m2"));
        let status = |name| machines.data(name, 0, &["status", "x"]);
        assert_eq!(status("m1"), status("m2"));
        machines.git("m2", &["fsck", "--strict", "--no-dangling"]);
    }
}

#[test]
fn clones_that_have_not_everything_work_too() {
    let machines = one();
    machines.remote_git(&["config", "uploadpack.allowFilter", "true"]);
    machines.wp("m1", &INIT).expect(0);
    let ways = [
        "--depth=1",
        "--filter=blob:none",
        "--filter=tree:0",
        "--bare",
        "--sparse",
    ];
    for (i, way) in ways.into_iter().enumerate() {
        let name = format!("m{}", i + 2);
        machines.clone_with(&name, &[way]);
        machines.wp(&name, &INIT).expect(0);
        let claim = ["task", "claim", "x/wp-a", "--as", &name, "--sync"];
        assert_eq!(
            machines.data(&name, 0, &claim)["claim"],
            "confirmed",
            "{way}"
        );
        machines.wp(&name, &["status"]).expect(0);
        machines
            .wp(
                &name,
                &["task", "release", "x/wp-a", "--as", &name, "--sync"],
            )
            .expect(0);
        machines.git(&name, &["fetch", "-q"]);
        let doctor = machines.data(&name, 0, &["doctor"]);
        let facts = doctor["facts"].as_array().unwrap().clone();
        let said = facts.iter().any(|fact| fact["name"] == "clone");
        assert_eq!(
            said,
            way.starts_with("--depth") || way.starts_with("--filter"),
            "{way}"
        );
        let shallow = machines.path(&name).join(".git/shallow");
        assert_eq!(shallow.exists(), way == "--depth=1");
        machines.git(&name, &["fsck", "--no-dangling"]);
    }
}

#[test]
fn doing_it_again_changes_nothing_and_without_a_remote_it_says_what_is_set() {
    let machines = one();
    let before = machines.data("m1", 0, &["init"]);
    assert!(before["remote"].is_null(), "{before}");
    machines.wp("m1", &INIT).expect(0);
    let config = || std::fs::read_to_string(machines.path("m1").join(".git/config")).unwrap();
    let refs = || machines.git("m1", &["for-each-ref"]);
    let was = (config(), refs(), machines.remote_git(&["for-each-ref"]));
    let again = machines.data("m1", 0, &INIT);
    assert_eq!(again["already"], true);
    assert_eq!(again["result"], "in-sync");
    assert_eq!(again["written"].as_array().map(Vec::len), Some(0));
    assert_eq!(
        was,
        (config(), refs(), machines.remote_git(&["for-each-ref"]))
    );
    let set = machines.data("m1", 0, &["init"]);
    assert_eq!(set["remote"], "origin");
    assert_eq!(set["authority"], again["authority"]);
}

#[test]
fn what_it_says_and_what_it_writes_can_be_read() {
    let machines = one();
    let said = machines.wp("m1", &INIT).expect(0).stdout;
    let url = machines.remote();
    insta::assert_snapshot!(said.replace(url.to_str().unwrap(), "URL"), @r"
    origin (URL) decides from now on, with refs/wp/state
    origin took what was new here: 5 facts out, 0 facts in
    wrote to git config: remote.origin.fetch, log.excludeDecoration, wp.remote
    quiet history: git log --exclude='refs/wp/*' --all
    next: git wp status
    ");
    let again = machines.wp("m1", &INIT).expect(0).stdout;
    insta::assert_snapshot!(again.replace(url.to_str().unwrap(), "URL"), @r"
    origin (URL) decides already, with refs/wp/state
    in sync with origin
    next: git wp status
    ");
    let config = machines.git("m1", &["config", "--local", "--list"]);
    for line in [
        "wp.remote=origin",
        "remote.origin.fetch=+refs/wp/state*:refs/wp/remotes/origin/state*",
        "log.excludedecoration=refs/wp/",
    ] {
        assert!(config.lines().any(|l| l == line), "{line}: {config}");
    }
    // The user's own commands go on working, and stay quiet.
    machines.git("m1", &["fetch", "-q"]);
    let all = machines.git("m1", &["log", "--decorate", "--all", "--format=%D %s"]);
    assert!(!all.contains("refs/wp/"), "{all}");
    let quiet = ["log", "--exclude=refs/wp/*", "--all", "--format=%s"];
    let quiet = machines.git("m1", &quiet);
    assert_eq!(quiet.lines().count(), 2, "{quiet}");
}

#[test]
fn a_plain_fetch_works_also_while_the_remote_has_no_state() {
    let machines = one();
    machines.wp("m1", &INIT).expect(0);
    machines.remote_git(&["update-ref", "-d", "refs/wp/state"]);
    machines.git("m1", &["fetch", "-q"]);
}

#[test]
fn a_host_that_takes_branches_only_gets_a_branch_and_its_words_are_shown() {
    let machines = one();
    refuse(
        &machines,
        "case $ref in refs/heads/*) false;; *) true;; esac",
    );
    let first = machines.data("m1", 0, &INIT);
    assert_eq!(first["ref"], "refs/heads/wp-state");
    let why = first["fallback"].as_str().unwrap();
    assert!(why.contains("no such refs here"), "{why}");
    machines.clone("m2");
    let second = machines.data("m2", 0, &INIT);
    assert_eq!(second["ref"], "refs/heads/wp-state");
    let claim = machines.claim("m2", "wp-a", 4);
    machines.work("m2", &claim, "wp-a/file");
    machines
        .wp(
            "m2",
            &["task", "complete", "x/wp-a", "--as", "m2", "--sync"],
        )
        .expect(0);
    machines.wp("m1", &["sync"]).expect(0);
    assert_eq!(machines.tree("m1"), machines.tree("m2"));
    let refs = machines.remote_git(&["for-each-ref", "--format=%(refname)"]);
    let attempt = claim["attempt"].as_str().unwrap();
    let head = format!("refs/heads/wp-heads/x/wp-a/{attempt}");
    assert!(refs.lines().any(|r| r == head), "{refs}");
    assert!(!refs.contains("probe"), "{refs}");
}

#[test]
fn a_branch_that_others_chose_is_chosen_again() {
    let machines = one();
    machines.git("m1", &["config", "wp.remoteRef", "refs/heads/wp-state"]);
    machines.wp("m1", &INIT).expect(0);
    machines.clone("m2");
    let second = machines.data("m2", 0, &INIT);
    assert_eq!(second["ref"], "refs/heads/wp-state");
    assert_eq!(second["result"], "adopted");
}

#[test]
fn a_host_without_atomic_pushes_is_noted_and_works() {
    let machines = one();
    machines.remote_git(&["config", "receive.advertiseAtomic", "false"]);
    let first = machines.data("m1", 0, &INIT);
    assert_eq!(first["atomic"], false);
    assert_eq!(machines.git("m1", &["config", "wp.atomic"]), "false");
    let claim = machines.claim("m1", "wp-a", 4);
    machines.work("m1", &claim, "wp-a/file");
    machines
        .wp(
            "m1",
            &["task", "complete", "x/wp-a", "--as", "m1", "--sync"],
        )
        .expect(0);
    assert_eq!(machines.data("m1", 0, &["sync"])["result"], "in-sync");
}

#[test]
fn where_it_cannot_work_nothing_is_written_and_the_reason_is_said() {
    let machines = one();
    let config = || std::fs::read_to_string(machines.path("m1").join(".git/config")).unwrap();
    let other = machines.bare("other.git", "sha256");
    machines.git("m1", &["remote", "add", "other", other.to_str().unwrap()]);
    machines.git("m1", &["remote", "add", "nowhere", "/nonexistent/x.git"]);
    refuse(&machines, "true");
    let was = config();
    let said = |name: &str, code: i32| {
        let run = machines
            .wp("m1", &["init", "--remote", name, "--json"])
            .expect(code);
        run.document()["error"].clone()
    };
    let refused = said("origin", 5);
    assert_eq!(refused["code"], "remote-refuses");
    let words = refused["message"].as_str().unwrap();
    assert!(words.contains("no such refs here"), "{words}");
    let format = said("other", 2);
    assert!(
        format["message"].as_str().unwrap().contains("sha256"),
        "{format}"
    );
    assert_eq!(said("nosuch", 2)["code"], "remote-unknown");
    assert_eq!(said("--upload-pack=x", 2)["code"], "usage");
    let away = machines.wp("m1", &["init", "--remote", "nowhere"]);
    assert!(matches!(away.code, 4 | 75), "{away:?}");
    assert_eq!(config(), was);
    machines.claim("m1", "wp-a", 0);
}

#[test]
fn only_one_remote_decides() {
    let machines = one();
    machines.wp("m1", &INIT).expect(0);
    let url = machines.remote();
    machines.git("m1", &["remote", "add", "other", url.to_str().unwrap()]);
    for args in [["init", "--remote", "other"], ["sync", "--remote", "other"]] {
        let mut args = args.to_vec();
        args.push("--json");
        let error = machines.wp("m1", &args).expect(2).document();
        assert_eq!(error["error"]["code"], "other-remote");
    }
    machines.wp("m1", &["sync", "--remote", "origin"]).expect(0);
}

#[test]
fn grants_that_a_clone_made_by_itself_are_settled_when_it_joins() {
    let machines = one();
    machines.wp("m1", &INIT).expect(0);
    machines
        .wp("m1", &["task", "claim", "x/wp-a", "--as", "m1", "--sync"])
        .expect(0);
    machines.clone("m2");
    machines.wp("m2", &["approve", "x"]).expect(0);
    let (lost, won) = (
        machines.claim("m2", "wp-a", 0),
        machines.claim("m2", "wp-b", 0),
    );
    let data = machines.data("m2", 0, &INIT);
    let grants = data["grants"].as_array().unwrap();
    assert_eq!(grants.len(), 2, "{data}");
    let word = |claim: &git_wp::base::json::Value| {
        let row = grants.iter().find(|row| row["attempt"] == claim["attempt"]);
        row.unwrap()["claim"].as_str().unwrap().to_owned()
    };
    assert_eq!(word(&lost), "superseded", "{data}");
    let status = machines.data("m2", 0, &["status", "x"]);
    let held = &status["packages"][0]["attempts"];
    let live = held
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| a["outcome"].is_null());
    assert_eq!(live.count(), 1, "{status}");
    // Nobody else had this one: it was asked for again and granted.
    assert_eq!(word(&won), "confirmed", "{data}");
    machines.wp("m1", &["sync"]).expect(0);
    let status = machines.data("m1", 0, &["status", "x"]);
    let there = &status["packages"][1]["attempts"][0];
    assert_eq!(there["id"], won["attempt"], "{status}");
    assert_eq!(there["claim"], "confirmed", "{status}");
}

#[test]
fn an_attempt_sets_up_nothing() {
    let machines = one();
    machines.wp("m1", &INIT).expect(0);
    for args in [
        &INIT[..],
        &["adopt", "a1"],
        &["sync", "--remote", "origin"],
        &["sync", "--accept-rewind"],
    ] {
        let mut command = machines.wp_command("m1", args);
        command.env("WP_ATTEMPT", "a1").arg("--json");
        let run = super::support::run(command).expect(5);
        assert_eq!(run.document()["error"]["code"], "in-room");
    }
}
