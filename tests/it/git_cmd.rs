//! What git does for us leaves everything alone that it was not asked to change.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use git_wp::git::{Git, Repo, Sub};

use crate::support::{FORMATS, Scratch, git_command};

/// Content, mode and modification time of everything below `.git`, but objects and `wp`.
fn belongings(scratch: &Scratch) -> BTreeMap<String, (Vec<u8>, u32, std::time::SystemTime)> {
    fn look(
        root: &Path,
        folder: &Path,
        found: &mut BTreeMap<String, (Vec<u8>, u32, std::time::SystemTime)>,
    ) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let meta = fs::symlink_metadata(&path).unwrap();
            if meta.is_dir() && !matches!(name.as_str(), "objects" | "wp") {
                look(root, &path, found);
            } else if meta.is_file() {
                let bytes = fs::read(&path).unwrap();
                let mode = meta.permissions().mode();
                found.insert(name, (bytes, mode, meta.modified().unwrap()));
            }
        }
    }
    let root = scratch.path().join(".git");
    let mut found = BTreeMap::new();
    look(&root, &root, &mut found);
    found
}

/// A harmless use of each sub-command; those whose very purpose is to write refs, configuration,
/// the index or another place are aimed at what they find already.
fn harmless(sub: Sub) -> Option<&'static [&'static str]> {
    Some(match sub {
        Sub::CatFile => &["-p", "HEAD"],
        Sub::CheckIgnore => &["-q", "README"],
        Sub::Config => &["--list"],
        Sub::CountObjects => &["-v"],
        Sub::DiffTree => &["-r", "HEAD~1", "HEAD"],
        Sub::ForEachRef => &[],
        Sub::Fsck => &["--connectivity-only"],
        Sub::HashObject => &["-w", "--stdin"],
        Sub::Hook => &["run", "--ignore-missing", "post-checkout"],
        Sub::LsFiles => &["--others", "--modified"],
        Sub::LsRemote => &["."],
        Sub::LsTree => &["HEAD"],
        Sub::MergeBase => &["HEAD", "HEAD~1"],
        Sub::MergeTree => &["--write-tree", "HEAD", "HEAD~1"],
        Sub::PackObjects => &["--all", "--stdout", "-q"],
        Sub::RevList => &["HEAD"],
        Sub::RevParse => &["HEAD"],
        Sub::SymbolicRef => &["HEAD"],
        Sub::Version => &[],
        Sub::Worktree => &["list"],
        Sub::WriteTree => &[],
        Sub::CheckoutIndex
        | Sub::Clean
        | Sub::Fetch
        | Sub::IndexPack
        | Sub::Init
        | Sub::PackRefs
        | Sub::Push
        | Sub::ReadTree
        | Sub::UpdateIndex
        | Sub::UpdateRef => return None,
    })
}

#[test]
fn every_reading_sub_command_leaves_git_as_it_was_and_runs_nothing_planted() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        scratch.write("README", "changed\n");
        scratch.commit("second");
        // A file whose times differ from the index would make git refresh it.
        scratch.write("README", "changed\n");
        let trap = scratch.beside("trap");
        let sprung = scratch.beside("sprung");
        fs::write(&trap, format!("#!/bin/sh\ntouch {}\n", sprung.display())).unwrap();
        fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
        let hooks = scratch.path().join(".git/hooks");
        for hook in [
            "reference-transaction",
            "post-index-change",
            "post-checkout",
        ] {
            fs::create_dir_all(&hooks).unwrap();
            fs::copy(&trap, hooks.join(hook)).unwrap();
        }
        let trap = trap.to_str().unwrap();
        for key in ["core.fsmonitor", "diff.external", "core.pager"] {
            scratch.git(&["-c", "core.fsmonitor=false", "config", key, trap]);
        }
        let repo = scratch.repo();
        let _ = fs::remove_file(&sprung);
        let before = belongings(&scratch);
        let mut ran = 0;
        for sub in Sub::ALL {
            let Some(args) = harmless(sub) else { continue };
            let git = repo.git_in_work_dir().unwrap();
            let answer = git.call(sub).args(args).run().unwrap();
            assert!(answer.code <= 1, "{}", answer.failure());
            assert!(!sprung.exists(), "{sub:?} ran what was planted");
            assert_eq!(belongings(&scratch), before, "{sub:?} {format:?}");
            ran += 1;
        }
        assert_eq!(ran, 21);
        repo.refs().head().unwrap();
        repo.refs().list("refs").unwrap();
        repo.refs().resolve("HEAD").unwrap();
        repo.worktrees().unwrap();
        assert_eq!(belongings(&scratch), before, "{format:?}");
        let branch = crate::support::name("refs/heads/new");
        let head = scratch.oid("HEAD");
        let absent = git_wp::git::Expected::Absent;
        let full = git_wp::model::Durability::Full;
        repo.refs()
            .swap(&branch, Some(&head), &absent, "x", full)
            .unwrap();
        assert!(!sprung.exists(), "a swap ran a hook");
    }
}

#[test]
fn a_call_sees_the_repository_it_is_told_and_no_other() {
    let (one, other) = (Scratch::new(), Scratch::new());
    other.commit("other");
    let head = |git: Git| git.call(Sub::RevParse).arg("HEAD").oid().unwrap();
    assert_eq!(head(Git::in_folder(&one.path())), one.oid("HEAD"));
    let git_dir = other.path().join(".git");
    assert_eq!(
        head(Git::in_work_tree(&git_dir, &one.path())),
        other.oid("HEAD")
    );
    let told = Git::in_folder(&one.path()).env("GIT_DIR", git_dir);
    assert_eq!(head(told), other.oid("HEAD"));
}

#[test]
fn a_repository_of_somebody_else_is_refused_by_gits_own_rule() {
    let scratch = Scratch::new();
    let everything = git_command(&scratch.path())
        .args(["ls-files"])
        .output()
        .unwrap();
    assert!(everything.status.success());
    for path in [scratch.path(), scratch.path().join(".git")] {
        // Only root may give files away; nobody else can have such a repository by accident.
        if chown(&path, Some(12345), Some(12345)).is_err() {
            return;
        }
    }
    let allowed = Git::in_folder(&scratch.path())
        .call(Sub::RevParse)
        .arg("HEAD")
        .run()
        .unwrap();
    match Repo::discover(&scratch.path()) {
        Ok(_) => assert_eq!(allowed.code, 0),
        Err(error) => {
            assert_ne!(allowed.code, 0);
            assert_eq!(error.code(), "foreign-owner");
            assert!(error.to_string().contains("dubious ownership"), "{error}");
        }
    }
    Repo::open_at(&scratch.path().join(".git")).unwrap();
}
