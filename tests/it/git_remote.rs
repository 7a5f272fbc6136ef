//! Remotes as they are: real bare repositories over a path, well behaved and otherwise.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git_wp::base::{Kind, Oid, RefName};
use git_wp::git::remote::{
    Atomic, FetchLimits, PushUpdate, Pushed, Quarantine, Remote, Takes, Trouble,
};
use git_wp::git::{Expected, Repo};
use git_wp::model::Durability::{Fast, Full, Off};
use git_wp::os::clock::poll;
use git_wp::os::signal::Signals;

use crate::support::{FORMATS, Scratch, git, git_command, name};

const STATE: &str = "refs/wp/state";
const LIMITS: FetchLimits = FetchLimits {
    bytes: 64 << 20,
    time: Duration::from_secs(300),
};

/// A checkout and the bare repository that it calls `origin`.
struct Pair {
    scratch: Scratch,
}

impl Pair {
    fn new() -> Self {
        Self::with_formats(FORMATS[0], FORMATS[0])
    }

    fn with_formats(own: (&str, &str), other: (&str, &str)) -> Self {
        let scratch = Scratch::with_format(own);
        let pair = Pair { scratch };
        let (hash, refs) = (
            format!("--object-format={}", other.0),
            format!("--ref-format={}", other.1),
        );
        let bare = pair.bare();
        let bare = bare.to_str().unwrap();
        pair.scratch
            .git(&["init", "-q", "--bare", &hash, &refs, bare]);
        pair.scratch.git(&["remote", "add", "origin", bare]);
        pair
    }

    fn bare(&self) -> PathBuf {
        self.scratch.beside("bare.git")
    }

    fn repo(&self) -> Repo {
        self.scratch.repo()
    }

    fn remote(&self) -> Remote {
        self.repo().remote("origin").unwrap()
    }

    /// What the bare repository says a ref holds.
    fn there(&self, name: &str) -> Option<Oid> {
        let output = git_command(&self.bare())
            .args(["rev-parse", "--verify", "-q", name])
            .output()
            .unwrap();
        Oid::parse(String::from_utf8(output.stdout).unwrap().trim())
    }

    /// Lets git of a second clone put a ref on the remote: a commit with `files` files.
    fn others_push(&self, target: &str, files: usize, size: usize) -> Oid {
        let clone = self.scratch.beside("other");
        if !clone.exists() {
            let bare = self.bare();
            let args = ["clone", "-q", bare.to_str().unwrap(), "other"];
            git(clone.parent().unwrap(), &args);
        }
        let mut noise = 88_172_645_463_325_252_u64;
        for i in 0..files {
            let mut bytes = Vec::new();
            while bytes.len() < size {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                bytes.extend_from_slice(&noise.to_le_bytes());
            }
            fs::write(clone.join(format!("{i}")), bytes).unwrap();
        }
        git(&clone, &["add", "-A"]);
        git(&clone, &["commit", "-q", "--allow-empty", "-m", target]);
        git(
            &clone,
            &["push", "-q", "-f", "origin", &format!("HEAD:{target}")],
        );
        Oid::parse(&git(&clone, &["rev-parse", "HEAD"])).unwrap()
    }

    /// Puts a hook into the bare repository.
    fn hook(&self, hook: &str, script: &str) {
        let path = self.bare().join("hooks").join(hook);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        program(&path, script);
    }
}

fn program(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn update(source: Option<&Oid>, target: &str, expected: Expected) -> PushUpdate {
    PushUpdate {
        source: source.cloned(),
        target: name(target),
        expected,
    }
}

/// Names and content of everything in `.git`, but our own folder and file times.
fn belongings(repo: &Repo) -> Vec<(PathBuf, Vec<u8>)> {
    fn look(folder: &Path, out: &mut Vec<(PathBuf, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, out);
            } else {
                out.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    let mut out = Vec::new();
    look(repo.common_dir(), &mut out);
    out.retain(|(path, _)| !path.starts_with(repo.wp_dir()));
    out.sort();
    out
}

fn code<T: std::fmt::Debug>(result: Result<T, Trouble>) -> (&'static str, &'static str) {
    match result.unwrap_err() {
        Trouble::Offline(error) => ("offline", error.code()),
        Trouble::Unknown(error) => ("unknown", error.code()),
        Trouble::Failed(error) => ("failed", error.code()),
    }
}

fn nothing_is_left(repo: &Repo) {
    let incoming = repo.wp_dir().join("incoming");
    let left = fs::read_dir(incoming).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

fn quarantine(remote: &Remote) -> Quarantine {
    remote.fetch_quarantined(&name(STATE), LIMITS).unwrap()
}

#[test]
fn refs_are_pushed_listed_swapped_and_deleted_in_every_format() {
    for own in FORMATS {
        for other in FORMATS.into_iter().filter(|other| other.0 == own.0) {
            let pair = Pair::with_formats(own, other);
            let remote = pair.remote();
            assert_eq!(remote.list(&[STATE]).unwrap(), []);
            let (one, two) = (pair.scratch.oid("HEAD"), pair.scratch.commit("two"));
            let head = "refs/wp/heads/f/p/a";
            let both = [
                update(Some(&one), STATE, Expected::Absent),
                update(Some(&two), head, Expected::Any),
            ];
            assert_eq!(remote.push(&both, Atomic::Yes).unwrap(), Pushed::Done);
            let found = remote.list(&[STATE, "refs/wp/heads/*"]).unwrap();
            assert_eq!(
                found,
                [(name(head), two.clone()), (name(STATE), one.clone())]
            );
            let push = |u: PushUpdate| remote.push(&[u], Atomic::Yes).unwrap();
            let at = |oid: &Oid| Expected::Is(oid.clone());
            assert_eq!(
                push(update(Some(&two), STATE, Expected::Absent)),
                Pushed::Lost
            );
            assert_eq!(push(update(Some(&two), STATE, at(&two))), Pushed::Lost);
            assert_eq!(push(update(Some(&two), STATE, at(&one))), Pushed::Done);
            assert_eq!(push(update(Some(&one), STATE, at(&two))), Pushed::Done);
            assert_eq!(push(update(Some(&one), STATE, at(&one))), Pushed::Done);
            assert_eq!(push(update(None, STATE, at(&two))), Pushed::Lost);
            assert_eq!(push(update(None, STATE, at(&one))), Pushed::Done);
            assert_eq!(push(update(None, STATE, Expected::Any)), Pushed::Done);
            assert_eq!(push(update(None, STATE, at(&one))), Pushed::Lost);
            assert_eq!(pair.there(STATE), None);
            assert_eq!(pair.there(head), Some(two.clone()));
            push(update(
                Some(&two),
                &format!("refs/heads/{STATE}"),
                Expected::Any,
            ));
            assert_eq!(remote.list(&[STATE]).unwrap(), []);
            nothing_is_left(&pair.repo());
        }
    }
}

#[test]
fn one_lost_ref_holds_all_others_back() {
    let pair = Pair::new();
    let head = pair.scratch.oid("HEAD");
    pair.others_push(STATE, 0, 0);
    let both = [
        update(Some(&head), "refs/wp/heads/a", Expected::Any),
        update(Some(&head), STATE, Expected::Absent),
    ];
    assert_eq!(
        pair.remote().push(&both, Atomic::Yes).unwrap(),
        Pushed::Lost
    );
    assert_eq!(pair.there("refs/wp/heads/a"), None);
}

#[test]
fn whoever_creates_a_ref_while_we_push_was_first() {
    for format in FORMATS {
        let pair = Pair::with_formats(format, format);
        let other = pair.others_push("refs/heads/main", 1, 10);
        let swap = format!("unset GIT_QUARANTINE_PATH; git update-ref {STATE} {other}");
        pair.hook("pre-receive", &swap);
        let head = pair.scratch.oid("HEAD");
        let create = [update(Some(&head), STATE, Expected::Absent)];
        for atomic in [Atomic::Yes, Atomic::No] {
            git(&pair.bare(), &["update-ref", "-d", STATE]);
            assert_eq!(pair.remote().push(&create, atomic).unwrap(), Pushed::Lost);
            assert_eq!(pair.there(STATE).as_ref(), Some(&other));
        }
    }
}

#[test]
fn a_quarantined_fetch_leaves_no_trace_or_everything() {
    for format in FORMATS {
        for files in [7, 150] {
            let pair = Pair::with_formats(format, format);
            let tip = pair.others_push(STATE, files, 100);
            let repo = pair.repo();
            let before = belongings(&repo);
            let fetched = quarantine(&pair.remote());
            assert_eq!(fetched.tip(), &tip);
            let first = fetched.total_bytes();
            assert!(first > 700);
            let commit = fetched.objects().commit(&tip).unwrap();
            assert_eq!(commit.subject(), STATE);
            assert!(fetched.header(&tip).unwrap().unwrap().1 > 100);
            let entries = fetched.objects().walk(&commit.tree, "").unwrap();
            assert_eq!(entries.len(), files);
            assert!(!repo.objects().exists(&tip).unwrap());
            drop(fetched);
            assert_eq!(belongings(&repo), before);
            nothing_is_left(&repo);
            for durability in [Full, Fast, Off] {
                quarantine(&pair.remote()).admit(durability).unwrap();
                assert!(repo.objects().exists(&tip).unwrap());
                assert_eq!(repo.objects().commit(&tip).unwrap().oid, tip);
            }
            nothing_is_left(&repo);
            let packs = repo.common_dir().join("objects/pack");
            let packs = fs::read_dir(packs).unwrap().count();
            assert_eq!(packs > 0, files > 100);
            let is_new = |path: &Path| !path.starts_with(repo.common_dir().join("objects"));
            let mut after = belongings(&repo);
            after.retain(|(path, _)| is_new(path));
            let mut before = before;
            before.retain(|(path, _)| is_new(path));
            assert_eq!(after, before);
            let x = ["update-ref", "refs/wp/x", tip.as_str()];
            pair.scratch.git(&x);
            pair.scratch.assert_sound();

            // What we have is not sent again.
            let next = pair.others_push(STATE, 1, 50);
            let fetched = quarantine(&pair.remote());
            assert_eq!(fetched.tip(), &next);
            assert!(files < 100 || fetched.total_bytes() < first * 3 / 4);
            assert!(fetched.header(&tip).unwrap().is_some());
        }
    }
}

#[test]
fn a_lock_that_a_killed_fetch_left_alone_goes_once_it_is_old() {
    let pair = Pair::new();
    pair.others_push(STATE, 1, 50);
    let repo = pair.repo();
    let incoming = repo.wp_dir().join("incoming");
    fs::create_dir_all(&incoming).unwrap();
    let (old, young) = (incoming.join("old.lock"), incoming.join("young.lock"));
    let file = fs::File::create(&old).unwrap();
    let then = std::time::SystemTime::now() - Duration::from_secs(3600);
    file.set_modified(then).unwrap();
    fs::File::create(&young).unwrap();
    pair.remote()
        .fetch_quarantined(&name(STATE), LIMITS)
        .unwrap();
    assert!(!old.exists());
    assert!(young.exists());
}

#[test]
fn a_remote_that_sends_too_much_is_cut_off() {
    let pair = Pair::new();
    pair.others_push(STATE, 4, 500_000);
    let limits = FetchLimits {
        bytes: 100_000,
        ..LIMITS
    };
    let remote = pair.remote();
    let fetched = remote.fetch_quarantined(&name(STATE), limits);
    assert_eq!(code(fetched), ("failed", "remote-limit"));
    // Somebody who takes the call and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("git://{}/x", silent.local_addr().unwrap());
    pair.scratch.git(&["config", "remote.origin.url", &url]);
    let limits = FetchLimits {
        time: Duration::from_millis(200),
        ..LIMITS
    };
    let fetched = pair.remote().fetch_quarantined(&name(STATE), limits);
    assert_eq!(code(fetched), ("offline", "remote-offline"));
    nothing_is_left(&pair.repo());
}

#[test]
fn a_ref_that_is_gone_is_told_from_a_remote_that_is_gone() {
    let pair = Pair::new();
    let head = pair.scratch.oid("HEAD");
    let remote = pair.remote();
    let fetched = remote.fetch_quarantined(&name(STATE), LIMITS);
    assert_eq!(code(fetched), ("failed", "remote-ref"));
    fs::rename(pair.bare(), pair.scratch.beside("elsewhere")).unwrap();
    let offline = ("offline", "remote-offline");
    assert_eq!(code(remote.list(&[STATE])), offline);
    assert_eq!(
        code(remote.fetch_quarantined(&name(STATE), LIMITS)),
        offline
    );
    let create = [update(Some(&head), STATE, Expected::Absent)];
    assert_eq!(
        code(remote.push(&create, Atomic::Yes)),
        ("offline", "remote-push")
    );
    let unknown = pair.repo().remote("upstream").unwrap_err();
    assert_eq!(
        (unknown.kind(), unknown.code()),
        (Kind::Usage, "remote-unknown")
    );
    assert_eq!(unknown.hints(), ["git remote add upstream URL"]);
    assert_eq!(
        pair.repo().remote("--upload-pack=x").unwrap_err().code(),
        "remote-name"
    );
    let none = Oid::parse(&"1".repeat(40)).unwrap();
    let missing = [update(Some(&none), STATE, Expected::Absent)];
    assert_eq!(
        code(remote.push(&missing, Atomic::Yes)),
        ("failed", "object")
    );
}

#[test]
fn the_words_of_a_host_that_refuses_come_back() {
    let pair = Pair::new();
    pair.hook(
        "pre-receive",
        "echo 'no state here, ask \\033[31mOps'; exit 1",
    );
    let head = pair.scratch.oid("HEAD");
    let create = [update(Some(&head), STATE, Expected::Absent)];
    for atomic in [Atomic::Yes, Atomic::No] {
        match pair.remote().push(&create, atomic).unwrap() {
            Pushed::Refused(words) => {
                assert!(words.contains("pre-receive hook declined"), "{words}");
                assert!(words.contains("no state here"), "{words}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pair.there(STATE), None);
}

#[test]
fn a_probe_tells_what_a_host_takes() {
    let branches_only = "case $1 in refs/heads/*) exit 0;; *) echo only branches; exit 1;; esac";
    for (atomic, hook, takes) in [
        (Atomic::Yes, None, Takes::OwnRefs),
        (Atomic::No, None, Takes::OwnRefs),
        (
            Atomic::Yes,
            Some(("update", branches_only)),
            Takes::Branches,
        ),
        (Atomic::No, Some(("update", branches_only)), Takes::Branches),
        (Atomic::No, Some(("pre-receive", "exit 1")), Takes::Nothing),
    ] {
        let pair = Pair::new();
        if atomic == Atomic::No {
            git(
                &pair.bare(),
                &["config", "receive.advertiseAtomic", "false"],
            );
        }
        if let Some((name, script)) = hook {
            pair.hook(name, script);
        }
        let probe = pair.remote().probe("actor-1").unwrap();
        assert_eq!(
            (probe.takes, probe.atomic, &probe.left[..]),
            (takes, atomic, &[][..])
        );
        let refusal = probe.refusal.unwrap_or_default();
        if takes == Takes::Branches && atomic == Atomic::Yes {
            assert!(refusal.contains("only branches"), "{refusal}");
        }
        assert_eq!(pair.remote().list(&["refs/*"]).unwrap(), []);
        nothing_is_left(&pair.repo());
    }
    let pair = Pair::new();
    pair.hook("update", "case $3 in 0000*) exit 1;; esac");
    let left = pair.remote().probe("b").unwrap().left;
    assert_eq!(left, [name("refs/wp/probe/b-a"), name("refs/wp/probe/b-b")]);
    let again = pair.remote().probe("b").unwrap();
    assert_eq!(again.takes, Takes::OwnRefs);
}

#[test]
fn a_hidden_namespace_is_a_refusal() {
    let pair = Pair::new();
    git(&pair.bare(), &["config", "receive.hideRefs", "refs/wp"]);
    let head = pair.scratch.oid("HEAD");
    let create = [update(Some(&head), STATE, Expected::Absent)];
    let pushed = pair.remote().push(&create, Atomic::Yes).unwrap();
    assert!(
        matches!(pushed, Pushed::Refused(ref words) if words.contains("hidden")),
        "{pushed:?}"
    );
}

#[test]
fn a_ref_in_the_way_is_a_refusal_and_a_lock_is_a_race() {
    let pair = Pair::new();
    let head = pair.scratch.oid("HEAD");
    let create = [update(Some(&head), STATE, Expected::Absent)];
    fs::create_dir_all(pair.bare().join("refs/wp")).unwrap();
    let lock = pair.bare().join("refs/wp/state.lock");
    fs::write(&lock, "").unwrap();
    assert_eq!(
        pair.remote().push(&create, Atomic::Yes).unwrap(),
        Pushed::Lost
    );
    fs::remove_file(lock).unwrap();
    fs::remove_dir(pair.bare().join("refs/wp")).unwrap();
    pair.others_push("refs/heads/main", 0, 0);
    git(&pair.bare(), &["update-ref", "refs/wp", "refs/heads/main"]);
    let pushed = pair.remote().push(&create, Atomic::Yes).unwrap();
    assert!(matches!(pushed, Pushed::Refused(_)), "{pushed:?}");
}

#[test]
fn a_push_without_an_answer_is_unknown_until_the_refs_tell() {
    let pair = Pair::new();
    let head = pair.scratch.oid("HEAD");
    let create = [update(Some(&head), STATE, Expected::Absent)];
    pair.hook("pre-receive", "kill -9 $PPID");
    let pushed = pair.remote().push(&create, Atomic::Yes);
    assert_eq!(code(pushed), ("unknown", "remote-push"));
    fs::remove_file(pair.bare().join("hooks/pre-receive")).unwrap();
    pair.hook("post-receive", "kill -9 $PPID");
    assert_eq!(
        pair.remote().push(&create, Atomic::Yes).unwrap(),
        Pushed::Done
    );
    assert_eq!(pair.there(STATE), Some(head));
}

#[test]
fn another_object_format_is_named() {
    for (own, other) in [(FORMATS[0], FORMATS[1]), (FORMATS[3], FORMATS[2])] {
        let pair = Pair::with_formats(own, other);
        let head = pair.scratch.oid("HEAD");
        let remote = pair.remote();
        let create = [update(Some(&head), STATE, Expected::Absent)];
        let wrong = ("failed", "remote-format");
        assert_eq!(code(remote.push(&create, Atomic::Yes)), wrong);
        pair.others_push(STATE, 1, 1);
        assert_eq!(code(remote.fetch_quarantined(&name(STATE), LIMITS)), wrong);
        let error = remote.list(&[STATE]).unwrap_err().into_error();
        assert!(
            error.message().contains("sha1") && error.message().contains("sha256"),
            "{error}"
        );
    }
}

#[test]
fn exact_refs_are_fetched_whatever_they_were() {
    for format in FORMATS {
        let pair = Pair::with_formats(format, format);
        let (theirs, ours) = (name("refs/wp/heads/a"), name("refs/wp/heads/ours"));
        let specs = [(theirs, ours.clone())];
        let repo = pair.repo();
        for files in [2, 3] {
            let tip = pair.others_push("refs/wp/heads/a", files, 10);
            pair.remote().fetch_refs(&specs, Full).unwrap();
            assert_eq!(repo.refs().read(&ours).unwrap(), Some(tip));
            let head = pair.scratch.oid("HEAD");
            pair.scratch
                .git(&["update-ref", ours.as_str(), head.as_str()]);
        }
        let missing = [(name("refs/wp/none"), ours.clone()), specs[0].clone()];
        let failed = pair.remote().fetch_refs(&missing, Full);
        assert_eq!(code(failed), ("failed", "remote-ref"));
        assert_eq!(
            repo.refs().read(&ours).unwrap(),
            Some(pair.scratch.oid("HEAD"))
        );
        assert!(!repo.common_dir().join("FETCH_HEAD").exists());
        pair.scratch.assert_sound();
        nothing_is_left(&repo);
    }
}

/// A second clone of the pair's remote, made with `args`, as the library sees it.
fn clone_with(pair: &Pair, args: &[&str]) -> (PathBuf, Repo) {
    let folder = pair.scratch.beside("special");
    let url = format!("file://{}", pair.bare().display());
    let mut all = vec!["clone", "-q"];
    all.extend(args);
    all.extend([url.as_str(), "special"]);
    git(folder.parent().unwrap(), &all);
    let repo = Repo::discover(&folder).unwrap();
    (folder, repo)
}

fn new_commit(folder: &Path) -> Oid {
    fs::write(folder.join("new"), "new").unwrap();
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "new"]);
    Oid::parse(&git(folder, &["rev-parse", "HEAD"])).unwrap()
}

#[test]
fn a_shallow_clone_stays_as_shallow_as_it_is() {
    for format in FORMATS {
        let pair = Pair::with_formats(format, format);
        for files in 1..4 {
            pair.others_push("refs/heads/main", files, 10);
        }
        git(&pair.bare(), &["symbolic-ref", "HEAD", "refs/heads/main"]);
        let (folder, repo) = clone_with(&pair, &["--depth=1"]);
        let tip = pair.others_push("refs/heads/main", 5, 10);
        git(&pair.bare(), &["update-ref", STATE, "refs/heads/main"]);
        let shallow = fs::read(repo.common_dir().join("shallow")).unwrap();
        let remote = repo.remote("origin").unwrap();
        let fetched = quarantine(&remote);
        assert_eq!(fetched.tip(), &tip);
        fetched.admit(Full).unwrap();
        let specs = [(name("refs/heads/main"), name("refs/wp/heads/main"))];
        remote.fetch_refs(&specs, Full).unwrap();
        assert_eq!(
            fs::read(repo.common_dir().join("shallow")).unwrap(),
            shallow
        );
        git(&folder, &["fsck", "--strict"]);
        let new = new_commit(&folder);
        let push = [update(Some(&new), "refs/wp/heads/new", Expected::Absent)];
        assert_eq!(remote.push(&push, Atomic::Yes).unwrap(), Pushed::Done);
        git(&pair.bare(), &["fsck", "--strict"]);
    }
}

#[test]
fn a_partial_clone_gets_all_of_a_state_and_can_push() {
    for format in FORMATS {
        let pair = Pair::with_formats(format, format);
        git(&pair.bare(), &["config", "uploadpack.allowFilter", "true"]);
        git(
            &pair.bare(),
            &["config", "uploadpack.allowAnySHA1InWant", "true"],
        );
        pair.others_push("refs/heads/main", 3, 1000);
        git(&pair.bare(), &["symbolic-ref", "HEAD", "refs/heads/main"]);
        let (folder, repo) = clone_with(&pair, &["--filter=blob:none", "--no-checkout"]);
        let count = || {
            git(
                &folder,
                &["cat-file", "--batch-all-objects", "--batch-check"],
            )
        };
        let before = count();
        assert!(!before.contains("blob"), "{before}");
        pair.others_push(STATE, 6, 500);
        let remote = repo.remote("origin").unwrap();
        let fetched = quarantine(&remote);
        let objects = fetched.objects();
        let tree = objects.commit(fetched.tip()).unwrap().tree;
        let new = objects.walk(&tree, "").unwrap();
        let there = new.iter().filter(|e| objects.exists(&e.oid).unwrap());
        assert_eq!((new.len(), there.count()), (6, 6));
        assert_eq!(count(), before);
        drop(fetched);
        git(&folder, &["read-tree", "HEAD"]);
        fs::write(folder.join("0"), "changed").unwrap();
        git(&folder, &["update-index", "--add", "0"]);
        git(&folder, &["commit", "-q", "-m", "changed"]);
        let new = Oid::parse(&git(&folder, &["rev-parse", "HEAD"])).unwrap();
        let push = [update(Some(&new), "refs/wp/heads/new", Expected::Absent)];
        assert_eq!(remote.push(&push, Atomic::Yes).unwrap(), Pushed::Done);
        git(&pair.bare(), &["fsck", "--strict"]);
        let specs = [(name(STATE), name("refs/wp/heads/main"))];
        remote.fetch_refs(&specs, Full).unwrap();
        git(&folder, &["fsck"]);
    }
}

#[test]
fn nothing_that_the_repositorys_own_file_names_is_run() {
    let pair = Pair::new();
    let sprung = pair.scratch.beside("sprung");
    let trap = pair.scratch.beside("trap");
    program(
        &trap,
        &format!("echo \"$0 $@\" >> {}; exit 1", sprung.display()),
    );
    let trap = trap.to_str().unwrap().to_owned();
    let helper = format!("!{trap}");
    for (key, value) in [
        ("remote.origin.uploadpack", &trap),
        ("remote.origin.receivepack", &trap),
        ("core.sshCommand", &trap),
        ("core.gitProxy", &trap),
        ("core.askPass", &trap),
        ("core.alternateRefsCommand", &trap),
        ("credential.helper", &helper),
        ("gpg.program", &trap),
        ("core.fsmonitor", &trap),
        ("protocol.ext.allow", &"always".to_owned()),
        ("push.gpgSign", &"if-asked".to_owned()),
        ("remote.origin.mirror", &"true".to_owned()),
        (
            "remote.origin.pushurl",
            &pair.bare().to_str().unwrap().to_owned(),
        ),
    ] {
        pair.scratch.git(&["config", key, value]);
    }
    let hooks = pair.scratch.path().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in ["pre-push", "reference-transaction", "post-checkout"] {
        fs::copy(&trap, hooks.join(hook)).unwrap();
    }
    let head = pair.scratch.oid("HEAD");
    let remote = pair.remote();
    let create = [update(Some(&head), STATE, Expected::Absent)];
    assert_eq!(remote.push(&create, Atomic::Yes).unwrap(), Pushed::Done);
    pair.others_push(STATE, 3, 10);
    assert_eq!(remote.list(&[STATE]).unwrap().len(), 1);
    quarantine(&remote).admit(Full).unwrap();
    let specs = [(name(STATE), name("refs/wp/x"))];
    remote.fetch_refs(&specs, Full).unwrap();
    assert!(!sprung.exists());

    pair.scratch.git(&["config", "remote.origin.vcs", "ext"]);
    assert_eq!(pair.remote().list(&[STATE]).unwrap().len(), 1);
    let ext = format!("ext::{trap} %S");
    pair.scratch
        .git(&["config", "url.ext::.insteadOf", "other:"]);
    for url in [
        ext.as_str(),
        "other:x",
        "ssh://127.0.0.1:1/x",
        "git://127.0.0.1:1/x",
    ] {
        pair.scratch.git(&["config", "remote.origin.url", url]);
        let error = match pair.remote().list(&[STATE]).unwrap_err() {
            Trouble::Offline(error) => error,
            other => panic!("{url}: {other:?}"),
        };
        assert!(
            error
                .hints()
                .iter()
                .any(|hint| hint.contains("core.sshcommand"))
        );
    }
    assert!(!sprung.exists(), "{}", fs::read_to_string(&sprung).unwrap());
}

#[test]
fn addresses_mean_what_they_mean_to_git() {
    let pair = Pair::new();
    let head = pair.scratch.oid("HEAD");
    let room = pair.scratch.beside("room");
    let room_text = room.to_str().unwrap();
    pair.scratch
        .git(&["worktree", "add", "-q", "--detach", room_text]);
    let create = |expected| [update(Some(&head), STATE, expected)];
    pair.remote()
        .push(&create(Expected::Absent), Atomic::Yes)
        .unwrap();
    let above = pair.scratch.beside("").to_str().unwrap().to_owned();
    pair.scratch
        .git(&["config", &format!("url.{above}.insteadOf"), "short"]);
    for url in [
        "../bare.git",
        "shortbare.git",
        &format!("file://{above}bare.git"),
    ] {
        pair.scratch.git(&["config", "remote.origin.url", url]);
        for repo in [pair.repo(), Repo::discover(&room).unwrap()] {
            let remote = repo.remote("origin").unwrap();
            assert_eq!(remote.url(), url);
            let found = remote.list(&[STATE]).unwrap();
            assert_eq!(found, [(name(STATE), head.clone())], "{url}");
            let again = remote.push(&create(Expected::Is(head.clone())), Atomic::No);
            assert_eq!(again.unwrap(), Pushed::Done);
        }
    }
}

#[test]
fn what_a_killed_process_left_is_removed_and_what_is_in_use_is_not() {
    let pair = Pair::new();
    pair.others_push(STATE, 1, 1);
    let left = pair.repo().wp_dir().join("incoming/left");
    fs::create_dir_all(left.join("objects")).unwrap();
    let remote = pair.remote();
    let fetched = quarantine(&remote);
    assert!(!left.exists());
    remote.list(&[STATE]).unwrap();
    assert!(fetched.header(fetched.tip()).unwrap().is_some());
    fetched.admit(Full).unwrap();
    nothing_is_left(&pair.repo());
}

#[test]
fn a_second_signal_ends_a_call() {
    let pair = Pair::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("git://{}/x", silent.local_addr().unwrap());
    pair.scratch.git(&["config", "remote.origin.url", &url]);
    let signals = Signals::default();
    signals.raise();
    signals.asked();
    signals.raise();
    let remote = pair.remote().stopped_by(&signals);
    assert_eq!(code(remote.list(&[STATE])), ("offline", "remote-offline"));
    let head = pair.scratch.oid("HEAD");
    let create = [update(Some(&head), STATE, Expected::Absent)];
    assert!(remote.push(&create, Atomic::Yes).is_err());
    nothing_is_left(&pair.repo());
}

#[test]
fn a_push_that_is_killed_half_way_is_unknown() {
    let pair = Pair::new();
    let head = pair.scratch.oid("HEAD");
    let began = pair.scratch.beside("began");
    pair.hook(
        "pre-receive",
        &format!("touch {}; sleep 300", began.display()),
    );
    let signals = Signals::default();
    let remote = pair.remote().stopped_by(&signals);
    let create = [update(Some(&head), STATE, Expected::Absent)];
    let pushed = std::thread::scope(|scope| {
        let push = scope.spawn(|| remote.push(&create, Atomic::Yes));
        let seen = poll(LIMITS.time, Duration::from_millis(10), || {
            began.exists().then_some(())
        });
        assert!(seen.is_some());
        signals.raise();
        signals.asked();
        signals.raise();
        push.join().unwrap()
    });
    assert_eq!(code(pushed), ("unknown", "remote-push"));
    nothing_is_left(&pair.repo());
}

#[test]
fn setting_up_twice_writes_once() {
    let pair = Pair::new();
    let spec = "+refs/wp/state*:refs/wp/remotes/origin/state*";
    let remote = pair.remote();
    assert!(remote.add_fetch_refspec(spec).unwrap());
    assert!(!remote.add_fetch_refspec(spec).unwrap());
    let git = pair.repo().git();
    assert!(git.add_local("log.excludeDecoration", "refs/wp/").unwrap());
    assert!(!git.add_local("log.excludeDecoration", "refs/wp/").unwrap());
    let specs = pair
        .scratch
        .git(&["config", "--get-all", "remote.origin.fetch"]);
    assert_eq!(specs.lines().count(), 2);
    // The user's own fetch works, with and without a state there.
    pair.scratch.git(&["fetch", "-q"]);
    let tip = pair.others_push(STATE, 1, 1);
    pair.scratch.git(&["fetch", "-q"]);
    assert_eq!(pair.scratch.oid("refs/wp/remotes/origin/state"), tip);
    let found: Option<RefName> = RefName::parse("refs/wp/remotes/origin/state");
    assert!(pair.repo().refs().read(&found.unwrap()).unwrap().is_some());
}
