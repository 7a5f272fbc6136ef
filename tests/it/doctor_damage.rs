//! `doctor` names each of many prepared damages, once; `--fix` repairs what is provably ours, and
//! doing it again changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use git_wp::base::json::{self, Value};

use super::support::plans::Pkg;
use super::support::{Scratch, git_command, run};

const REF: &str = "refs/wp/state";

/// What becomes of a damage by `--fix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fixed {
    Repaired,
    ByHand,
}
use Fixed::{ByHand, Repaired};

/// A name for people, how to make the damage, the code it is told by, what `--fix` does.
type Row = (&'static str, fn(&Scratch), &'static str, Fixed);

#[test]
fn a_damage_of_the_state_is_named_once_and_repaired_once() {
    check(&[
        (
            "stale lock of the ref",
            stale_lock,
            "stale-ref-lock",
            Repaired,
        ),
        (
            "commit of the tip missing",
            |s| lose(s, REF),
            "missing-object",
            Repaired,
        ),
        (
            "tree of the tip missing",
            |s| lose(s, &format!("{REF}^{{tree}}")),
            "missing-object",
            Repaired,
        ),
        (
            "folder of the state missing",
            |s| lose(s, &format!("{REF}:features")),
            "missing-object",
            ByHand,
        ),
        (
            "record missing",
            |s| lose(s, &a_result(s)),
            "missing-object",
            ByHand,
        ),
        (
            "an earlier commit missing",
            |s| lose(s, &format!("{REF}~3")),
            "chain-broken",
            ByHand,
        ),
        (
            "commit of the tip empty",
            |s| empty(s, REF),
            "empty-object",
            Repaired,
        ),
        (
            "tree of the tip empty",
            |s| empty(s, &format!("{REF}^{{tree}}")),
            "empty-object",
            Repaired,
        ),
        (
            "record empty",
            |s| empty(s, &a_result(s)),
            "empty-object",
            ByHand,
        ),
        (
            "ref moved back",
            |s| point(s, &format!("{REF}~2")),
            "state-moved",
            Repaired,
        ),
        ("ref deleted", delete, "state-lost", Repaired),
        (
            "ref at a foreign commit",
            |s| point(s, "main"),
            "state-moved",
            Repaired,
        ),
        (
            "record that is not JSON",
            |s| plant(s, &beside_open(s), "{ not }"),
            "record",
            ByHand,
        ),
        (
            "something that is no record",
            |s| plant(s, "what/is/this", "{}\n"),
            "record",
            ByHand,
        ),
        (
            "newer format",
            |s| plant(s, "meta/format.json", "{\"v\":2}\n"),
            "newer-format",
            ByHand,
        ),
    ]);
}

#[test]
fn a_damage_beside_the_state_is_named_once_and_repaired_once() {
    check(&[
        (
            "folder of a worktree gone",
            |s| remove(&room(s).1),
            "room-lost",
            ByHand,
        ),
        (
            "worktree without record",
            |s| remove(&record(s)),
            "room-orphan",
            ByHand,
        ),
        (
            "folder without record gone",
            foreign_and_gone,
            "room-lost",
            ByHand,
        ),
        (
            "record without attempt",
            unknown_attempt,
            "room-orphan",
            ByHand,
        ),
        (
            "worktree without its link",
            |s| remove(&room(s).1.join(".git")),
            "room-cut-off",
            ByHand,
        ),
        ("worktree half made", half_made, "room-half-made", Repaired),
        (
            "record of a worktree empty",
            |s| put(&record(s), ""),
            "room-record",
            ByHand,
        ),
        (
            "request of a dead process",
            |s| put(&wp(s, "spool/t1.req"), "{}"),
            "dead-request",
            Repaired,
        ),
        (
            "requests after the end",
            |s| put(&wp(s, "inbox/deadbeef00/t1.req"), "{}"),
            "late-inbox",
            ByHand,
        ),
        (
            "hooks without their file",
            |s| hooks_without(s, "worktree.gitconfig"),
            "hooks-broken",
            Repaired,
        ),
        (
            "hooks without their folder",
            |s| hooks_without(s, "hooks"),
            "hooks-broken",
            Repaired,
        ),
        (
            "hook that cannot be run",
            hook_without_mode,
            "hooks-broken",
            Repaired,
        ),
        ("damaged cache", damaged_cache, "cache-damaged", Repaired),
        ("candidate left", candidate, "candidate-left", Repaired),
        (
            "name of the clone empty",
            |s| put(&wp(s, "actor"), ""),
            "actor",
            Repaired,
        ),
    ]);
}

#[test]
fn a_journal_that_lost_its_end_is_no_damage() {
    let scratch = after_a_failure();
    let journal = wp(&scratch, "journal");
    let bytes = fs::read(&journal).unwrap();
    for kept in [&bytes[..bytes.len() / 2], b""] {
        fs::write(&journal, kept).unwrap();
        assert_eq!(doctor(&scratch, &[], 0), []);
    }
    scratch.wp(&["task", "claim", "x/wp-a"]);
    assert_eq!(doctor(&scratch, &[], 0), []);
}

#[test]
fn a_newer_format_is_read_and_not_written() {
    let scratch = after_a_failure();
    plant(&scratch, "meta/format.json", "{\"v\":2}\n");
    let tip = scratch.oid(REF);
    scratch.wp(&["status", "x", "--json"]).expect(0);
    let args = [
        "lock",
        "acquire",
        "api:GET /v1/x",
        "--reason",
        "r",
        "--json",
    ];
    scratch.wp(&args).expect(6).document();
    assert_eq!(scratch.oid(REF), tip);
}

#[test]
fn a_repair_leaves_no_ref_that_git_cannot_read() {
    for spoil in [lose, empty] {
        let scratch = after_a_failure();
        spoil(&scratch, REF);
        doctor(&scratch, &["--fix"], 0);
        // A ref to what is missing would make this, and with it `git gc`, fail.
        scratch.git(&["for-each-ref"]);
        scratch.git(&["rev-list", "--objects", "--all"]);
    }
}

#[test]
fn people_are_told_of_a_lost_ref_in_one_line_and_where_it_is_afterwards() {
    let scratch = after_a_failure();
    let tip = scratch.oid(REF);
    delete(&scratch);
    let told = scratch.wp(&["doctor"]).expect(1).stdout;
    assert_eq!(
        told.matches("the ref of the state is gone").count(),
        1,
        "{told}"
    );
    assert!(
        told.ends_with("\n1 problem found; git wp doctor --fix repairs 1\n"),
        "{told}"
    );
    let told = scratch.wp(&["doctor", "--fix"]).expect(0).stdout;
    assert!(told.contains(&format!("put back to {tip}")), "{told}");
    assert!(told.ends_with("\nhealthy\n"), "{told}");
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn a_full_disk_and_a_read_only_one_are_told_apart() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(&scratch.beside("small")) else {
        eprintln!("skipped: this machine does not let us mount a file system");
        return;
    };
    let repo = disk.0.join("repo");
    super::support::git(
        &scratch.path(),
        &["clone", "-q", ".", &repo.to_string_lossy()],
    );
    let codes = |args: &[&str]| {
        let run = run(scratch.wp_command_in(&repo, args));
        codes_of(&run.expect(1).data())
    };
    let filler = disk.0.join("filler");
    let full = fs::write(&filler, vec![1; 64 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    let is = |found: Vec<(String, String)>, code: &str, not: &str| {
        assert!(found.contains(&pair(code, "by-hand")), "{found:?}");
        assert!(found.iter().all(|(code, _)| code != not), "{found:?}");
    };
    is(codes(&["doctor", "--json"]), "disk-full", "not-writable");
    is(
        codes(&["doctor", "--fix", "--json"]),
        "disk-full",
        "not-writable",
    );
    fs::remove_file(&filler).unwrap();
    assert!(mount(&["-o", "remount,ro", &disk.0.to_string_lossy()]));
    is(codes(&["doctor", "--json"]), "not-writable", "disk-full");
}

/// A small file system of its own; it goes with this value.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Disk> {
        fs::create_dir(at).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=4m", "wp-test"];
        let done = mount(&[&options[..], &[&*at.to_string_lossy()]].concat());
        done.then(|| Disk(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(args: &[&str]) -> bool {
    let output = Command::new("mount").args(args).output();
    output.is_ok_and(|output| output.status.success())
}

fn check(rows: &[Row]) {
    for (name, spoil, code, fixed) in rows {
        let scratch = after_a_failure();
        spoil(&scratch);
        let repair = match fixed {
            Repaired => ("possible", "done"),
            ByHand => ("by-hand", "by-hand"),
        };
        let before = everything(&scratch);
        assert_eq!(doctor(&scratch, &[], 1), [pair(code, repair.0)], "{name}");
        assert_eq!(
            everything(&scratch),
            before,
            "{name}: looking changes nothing"
        );
        let exit = i32::from(*fixed == ByHand);
        assert_eq!(
            doctor(&scratch, &["--fix"], exit),
            [pair(code, repair.1)],
            "{name}"
        );
        let after = everything(&scratch);
        let again = match fixed {
            Repaired => vec![],
            ByHand => vec![pair(code, "by-hand")],
        };
        assert_eq!(doctor(&scratch, &["--fix"], exit), again, "{name}");
        assert_eq!(everything(&scratch), after, "{name}: twice is as once");
        if *fixed == ByHand {
            assert_eq!(
                after, before,
                "{name}: what is left to people is not touched"
            );
        }
    }
}

/// A feature with one package that failed, whose worktree stands, and one that was merged.
fn after_a_failure() -> Scratch {
    let scratch = Scratch::new();
    let failing = Pkg::new("wp-a").check("never", "exit 1");
    scratch.add_plan("x", &[failing, Pkg::new("wp-b")]);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.wp(&["implement", "x"]).expect(1);
    scratch
}

fn doctor(scratch: &Scratch, args: &[&str], exit: i32) -> Vec<(String, String)> {
    let args = [&["doctor", "--json"], args].concat();
    codes_of(&scratch.wp(&args).expect(exit).data())
}

fn codes_of(data: &Value) -> Vec<(String, String)> {
    let damages = data["damages"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    damages
        .iter()
        .map(|d| (word(&d["code"]), word(&d["repair"])))
        .collect()
}

fn pair(code: &str, repair: &str) -> (String, String) {
    (code.to_owned(), repair.to_owned())
}

/// Refs, worktrees and files of ours, without what can be computed again. Read without git, which
/// fails on what is damaged.
fn everything(scratch: &Scratch) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let git = scratch.path().join(".git");
    for folder in [
        git.join("wp"),
        git.join("refs"),
        git.join("worktrees"),
        rooms(scratch),
    ] {
        files(&folder, &mut all);
    }
    for name in ["config", "packed-refs", "HEAD"] {
        files(&git.join(name), &mut all);
    }
    all.retain(|path, _| !path.starts_with(wp(scratch, "cache")));
    all
}

fn files(path: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
    if path.is_dir() && !path.is_symlink() {
        all.insert(path.to_owned(), Vec::new());
        for entry in fs::read_dir(path).unwrap() {
            files(&entry.unwrap().path(), all);
        }
    } else if let Ok(bytes) = fs::read(path) {
        all.insert(path.to_owned(), bytes);
    }
}

fn rooms(scratch: &Scratch) -> PathBuf {
    scratch.beside("repo.wp")
}

fn wp(scratch: &Scratch, path: &str) -> PathBuf {
    scratch.path().join(".git/wp").join(path)
}

/// The attempt that failed and its worktree.
fn room(scratch: &Scratch) -> (String, PathBuf) {
    let rooms = fs::read_dir(rooms(scratch)).unwrap();
    let path = rooms.map(|entry| entry.unwrap().path()).next().unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    (name.strip_prefix("wp-").unwrap().to_owned(), path)
}

fn record(scratch: &Scratch) -> PathBuf {
    wp(scratch, &format!("rooms/{}.json", room(scratch).0))
}

fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn remove(path: &Path) {
    match path.is_dir() {
        true => fs::remove_dir_all(path).unwrap(),
        false => fs::remove_file(path).unwrap(),
    }
}

fn a_result(scratch: &Scratch) -> String {
    let paths = scratch.git(&["ls-tree", "-r", "--name-only", REF]);
    let path = paths.lines().find(|path| path.ends_with("/result.json"));
    format!("{REF}:{}", path.unwrap())
}

/// Another actor's record beside the one of who opened the feature.
fn beside_open(scratch: &Scratch) -> String {
    let paths = scratch.git(&["ls-tree", "-r", "--name-only", REF]);
    let path = paths.lines().find(|path| path.contains("/facts/open/"));
    let (folder, _) = path.unwrap().rsplit_once('/').unwrap();
    format!("{folder}/bbbbbbbbbbbb.json")
}

fn object(scratch: &Scratch, revision: &str) -> PathBuf {
    let oid = scratch.oid(revision);
    let (folder, name) = oid.as_str().split_at(2);
    scratch.path().join(".git/objects").join(folder).join(name)
}

fn lose(scratch: &Scratch, revision: &str) {
    remove(&object(scratch, revision));
}

fn empty(scratch: &Scratch, revision: &str) {
    let path = object(scratch, revision);
    remove(&path);
    put(&path, "");
}

fn point(scratch: &Scratch, revision: &str) {
    scratch.git(&["update-ref", REF, revision]);
}

fn delete(scratch: &Scratch) {
    scratch.git(&["update-ref", "-d", REF]);
}

fn stale_lock(scratch: &Scratch) {
    let path = scratch.path().join(".git/refs/wp/state.lock");
    put(&path, "");
    let hour = Duration::from_secs(3600);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + hour).unwrap();
}

/// Puts a file into the state behind the program's back.
fn plant(scratch: &Scratch, path: &str, content: &str) {
    let file = scratch.beside("planted");
    put(&file, content);
    let blob = scratch.git(&["hash-object", "-w", &file.to_string_lossy()]);
    let index = scratch.beside("index");
    let run = |args: &[&str]| {
        let mut command = git_command(&scratch.path());
        let output = command.env("GIT_INDEX_FILE", &index).args(args).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    run(&["read-tree", REF]);
    let entry = format!("100644,{blob},{path}");
    run(&["update-index", "--add", "--cacheinfo", &entry]);
    let tree = run(&["write-tree"]);
    point(
        scratch,
        &run(&["commit-tree", &tree, "-p", REF, "-m", "planted"]),
    );
}

fn foreign_and_gone(scratch: &Scratch) {
    let path = rooms(scratch).join("wp-zzzzzzzzzz");
    scratch.git(&["worktree", "add", "-q", "--detach", &path.to_string_lossy()]);
    remove(&path);
}

/// The record of the worktree stays, the state forgets the attempt: as after a fresh start.
fn unknown_attempt(scratch: &Scratch) {
    delete(scratch);
    remove(&wp(scratch, "journal"));
}

fn half_made(scratch: &Scratch) {
    let path = record(scratch);
    let text = fs::read_to_string(&path).unwrap();
    let mut value = json::parse(text.as_bytes()).unwrap();
    value["stage"] = "making".into();
    fs::write(&path, json::to_canonical(&value).unwrap()).unwrap();
    remove(&room(scratch).1.join(".git"));
}

fn hooks_without(scratch: &Scratch, name: &str) {
    scratch.wp(&["hooks", "install"]).expect(0);
    remove(&wp(scratch, name));
}

fn hook_without_mode(scratch: &Scratch) {
    use std::os::unix::fs::PermissionsExt;
    scratch.wp(&["hooks", "install"]).expect(0);
    let path = wp(scratch, "hooks/pre-commit");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

fn damaged_cache(scratch: &Scratch) {
    scratch.wp(&["status", "x"]).expect(0);
    let entries = fs::read_dir(wp(scratch, "cache")).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    // What doctor itself reads, it would put right by reading.
    let is_of_status = |path: &PathBuf| path.to_string_lossy().contains("/status-");
    fs::write(paths.find(is_of_status).unwrap(), "garbage").unwrap();
}

fn candidate(scratch: &Scratch) {
    scratch.git(&["update-ref", "refs/wp/land/x/7", "main"]);
}
