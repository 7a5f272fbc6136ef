//! Worktrees in all four formats: made, listed, reset, and taken away after any crash.

use std::fs;

use git_wp::base::RefName;
use git_wp::git::{Expected, Files, Merged, Removed, Start};
use git_wp::model::Durability::Off;

use crate::support::{FORMATS, Scratch, git, git_command, name};

const GONE: Removed = Removed {
    folder: true,
    git_dir: true,
    kept: None,
};

#[test]
fn a_worktree_is_made_locked_and_taken_away() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let head = scratch.oid("HEAD");
        let repo = scratch.repo();
        let config = fs::read(repo.common_dir().join("config")).unwrap();
        let branch = name("refs/heads/wp/f/p/a1");
        repo.refs()
            .swap(&branch, Some(&head), &Expected::Absent, "x", Off)
            .unwrap();
        let path = scratch.beside("wp-a1");
        repo.add_worktree(&path, Start::Branch(&branch), Files::All, "wp a1\nx")
            .unwrap();
        assert_eq!(fs::read_to_string(path.join("README")).unwrap(), "hello\n");
        let all = repo.worktrees().unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].branch, Some(branch.clone()));
        assert_eq!(
            (all[1].head.as_ref(), all[1].is_prunable),
            (Some(&head), false)
        );
        assert_eq!(all[1].locked.as_deref(), Some("wp a1\\u{a}x"));
        let out: Vec<RefName> = repo
            .checked_out()
            .unwrap()
            .into_iter()
            .map(|c| c.0)
            .collect();
        assert_eq!(out, [name("refs/heads/main"), branch.clone()]);
        let error = repo
            .add_worktree(&path, Start::Branch(&branch), Files::All, "")
            .unwrap_err();
        assert_eq!(error.code(), "worktree-exists");
        assert_eq!(repo.remove_worktree(&path).unwrap(), GONE);
        assert_eq!(repo.remove_worktree(&path).unwrap(), Removed::default());
        assert_eq!(repo.worktrees().unwrap().len(), 1);
        assert_eq!(repo.refs().read(&branch).unwrap(), Some(head));
        assert_eq!(fs::read(repo.common_dir().join("config")).unwrap(), config);
        scratch.assert_sound();
    }
}

#[test]
fn a_half_made_worktree_of_any_kind_is_taken_away_and_can_be_made_again() {
    let scratch = Scratch::new();
    let head = scratch.oid("HEAD");
    let repo = scratch.repo();
    let path = scratch.beside("wp-a1");
    let git_dir = repo.worktree_git_dir("wp-a1");
    let make = || {
        repo.add_worktree(&path, Start::Detached(&head), Files::All, "x")
            .unwrap();
    };
    let damages: [&dyn Fn(); 8] = [
        &|| fs::remove_dir_all(&path).unwrap(),
        &|| fs::remove_dir_all(&git_dir).unwrap(),
        &|| fs::remove_file(git_dir.join("HEAD")).unwrap(),
        &|| fs::write(git_dir.join("HEAD"), "").unwrap(),
        &|| fs::write(git_dir.join("index.lock"), "").unwrap(),
        &|| {
            fs::remove_dir_all(&path).unwrap();
            fs::create_dir(&path).unwrap();
        },
        &|| fs::remove_file(git_dir.join("gitdir")).unwrap(),
        &|| {
            fs::remove_dir_all(&path).unwrap();
            fs::create_dir(&path).unwrap();
            fs::write(path.join(".git"), "").unwrap();
        },
    ];
    for damage in damages {
        make();
        damage();
        assert_eq!(repo.remove_worktree(&path).unwrap().kept, None);
        assert!(!path.exists() && !git_dir.exists());
    }
    make();
    assert_eq!(repo.remove_worktree(&path).unwrap(), GONE);
}

#[test]
fn what_is_not_ours_is_never_removed() {
    let scratch = Scratch::new();
    let head = scratch.oid("HEAD");
    let repo = scratch.repo();
    let theirs = scratch.beside("theirs");
    scratch.git(&["worktree", "add", "-q", theirs.to_str().unwrap()]);
    for path in [
        theirs.clone(),
        scratch.path(),
        scratch.beside("wp-.."),
        "wp-x".into(),
    ] {
        assert_eq!(
            repo.remove_worktree(&path).unwrap_err().code(),
            "worktree-path"
        );
    }
    let path = scratch.beside("wp-a1");
    repo.add_worktree(&path, Start::Detached(&head), Files::All, "x")
        .unwrap();
    fs::remove_file(path.join(".git")).unwrap();
    let removed = repo.remove_worktree(&path).unwrap();
    assert_eq!((removed.folder, removed.kept), (false, Some(path.clone())));
    assert!(path.join("README").exists() && theirs.join("README").exists());

    let link = scratch.beside("wp-link");
    std::os::unix::fs::symlink(&theirs, &link).unwrap();
    assert_eq!(repo.remove_worktree(&link).unwrap().kept, Some(link));
    assert!(theirs.join("README").exists());
    assert_eq!(repo.worktrees().unwrap().len(), 2);
}

#[test]
fn worktrees_can_be_made_at_once_from_many_threads() {
    let scratch = Scratch::new();
    let head = scratch.oid("HEAD");
    let repo = scratch.repo();
    std::thread::scope(|scope| {
        for i in 0..6 {
            let (repo, path, head) = (&repo, scratch.beside(&format!("wp-{i}")), &head);
            scope.spawn(move || {
                repo.add_worktree(&path, Start::Detached(head), Files::All, "x")
                    .unwrap();
            });
        }
    });
    assert_eq!(repo.worktrees().unwrap().len(), 7);
}

#[test]
fn a_sparse_worktree_has_what_was_chosen_and_is_clean() {
    let scratch = Scratch::new();
    for path in ["src/a", "src/b/c", "docs/d"] {
        scratch.write(path, path);
    }
    let head = scratch.commit("files");
    let repo = scratch.repo();
    let path = scratch.beside("wp-a1");
    let patterns = ["/src/".to_owned(), "/README".to_owned()];
    repo.add_worktree(&path, Start::Detached(&head), Files::Sparse(&patterns), "x")
        .unwrap();
    assert!(path.join("src/b/c").exists() && !path.join("docs").exists());
    assert_eq!(git(&path, &["status", "--porcelain"]), "");
    let config = scratch.git(&["config", "--list", "--local"]);
    assert!(
        !config.contains("sparse") && !config.contains("worktreeconfig"),
        "{config}"
    );
}

#[test]
fn a_reset_leaves_exactly_the_tree() {
    let scratch = Scratch::new();
    scratch.write(".gitignore", "ignored\nbuild/\n");
    scratch.write("src/a", "1");
    scratch.write("gone/b", "1");
    let one = scratch.commit("one");
    scratch.git(&["rm", "-qr", "gone"]);
    scratch.write("src/a", "2");
    let two = scratch.commit("two");
    let repo = scratch.repo();
    let room = scratch.beside("wp-room");
    repo.add_worktree(&room, Start::Detached(&one), Files::All, "x")
        .unwrap();
    fs::create_dir_all(room.join("build/deep")).unwrap();
    fs::write(room.join("build/deep/x"), "").unwrap();
    fs::write(room.join("ignored"), "").unwrap();
    fs::write(room.join("src/new"), "").unwrap();
    git(&room, &["update-index", "--assume-unchanged", "README"]);
    fs::write(room.join("README"), "forged").unwrap();
    git(&room, &["init", "-q", "nested"]);
    fs::remove_file(room.join(".git")).unwrap();
    repo.reset_worktree(&room, &two).unwrap();
    let listed = String::from_utf8(
        std::process::Command::new("find")
            .args([".", "-type", "f"])
            .current_dir(&room)
            .output()
            .unwrap()
            .stdout,
    );
    let mut listed: Vec<String> = listed.unwrap().lines().map(str::to_owned).collect();
    listed.sort();
    assert_eq!(listed, ["./.git", "./.gitignore", "./README", "./src/a"]);
    assert_eq!(fs::read_to_string(room.join("README")).unwrap(), "hello\n");
    assert_eq!(fs::read_to_string(room.join("src/a")).unwrap(), "2");
    assert_eq!(git(&room, &["rev-parse", "HEAD"]), two.as_str());
    assert_eq!(git(&room, &["status", "--porcelain"]), "");
    assert!(!room.join("build").exists() && !room.join("gone").exists());
}

#[test]
fn a_merge_is_clean_or_names_its_conflicts() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        scratch.git(&["checkout", "-qb", "one"]);
        scratch.write("README", "one\n");
        scratch.write("b\tb", "1");
        let one = scratch.commit("one");
        scratch.git(&["checkout", "-q", "main"]);
        scratch.write("new", "");
        let other = scratch.commit("other");
        scratch.write("README", "two\n");
        scratch.write("b\tb", "2");
        let two = scratch.commit("two");
        let git = scratch.repo().git();
        let Merged::Clean { tree } = git.merge_tree(&one, &other, None).unwrap() else {
            panic!("a conflict out of nothing");
        };
        let listed = scratch.git(&["ls-tree", "--name-only", "-z", tree.as_str()]);
        assert_eq!(listed, "README\0b\tb\0new\0");
        match git.merge_tree(&two, &one, None).unwrap() {
            Merged::Conflicted {
                paths, messages, ..
            } => {
                assert_eq!(paths, ["README".into(), "b\tb".into()]);
                assert!(messages.iter().any(|m| m.kind == "CONFLICT (contents)"));
            }
            clean @ Merged::Clean { .. } => panic!("{clean:?}"),
        }
        let base = scratch.oid("main~2");
        let forced = git.merge_tree(&one, &two, Some(&base)).unwrap();
        assert!(matches!(forced, Merged::Conflicted { .. }));
        assert!(git.merge_tree(&one, &repo_null(&scratch), None).is_err());
    }
}

fn repo_null(scratch: &Scratch) -> git_wp::base::Oid {
    scratch.repo().format().null()
}

#[test]
fn configuration_is_read_as_git_reads_it_and_written_locally() {
    let scratch = Scratch::new();
    scratch.git(&["config", "--add", "wp.agent.My.Bot.command", "a\nb"]);
    scratch.git(&["config", "wp.jobs", "3"]);
    fs::write(scratch.beside("more"), "[wp]\n\tloud\n").unwrap();
    scratch.git(&[
        "config",
        "include.path",
        scratch.beside("more").to_str().unwrap(),
    ]);
    let git = scratch.repo().git();
    let settings = git.settings("^wp\\.").unwrap();
    let pairs: Vec<_> = settings
        .iter()
        .map(|s| (s.key.as_str(), s.value.as_str()))
        .collect();
    let bot = ("wp.agent.My.Bot.command", "a\nb");
    assert_eq!(pairs, [bot, ("wp.jobs", "3"), ("wp.loud", "true")]);
    assert!(settings[2].boolean().unwrap() && settings[0].boolean().is_err());
    assert_eq!(git.settings("^none\\.").unwrap(), []);
    assert_eq!(git.setting("wp.jobs").unwrap().as_deref(), Some("3"));
    git.set_local("wp.jobs", "4").unwrap();
    assert_eq!(git.setting("wp.jobs").unwrap().as_deref(), Some("4"));
}

#[test]
fn a_repository_is_found_from_everywhere_inside_and_nowhere_else() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        scratch.write("a/b/c", "");
        let repo = git_wp::git::Repo::discover(&scratch.path().join("a/b")).unwrap();
        let real = fs::canonicalize(scratch.path()).unwrap();
        assert_eq!(repo.work_dir(), Some(real.as_path()));
        assert_eq!(repo.git_dir(), real.join(".git"));
        assert_eq!((repo.format().word(), repo.is_bare()), (format.0, false));
        assert_eq!((repo.worktree_id(), repo.is_shallow()), (None, false));
        let bare = scratch.beside("bare.git");
        let made = git_command(&scratch.path())
            .args([
                "clone",
                "-q",
                "--bare",
                "--no-local",
                "--depth=1",
                ".",
                bare.to_str().unwrap(),
            ])
            .status()
            .unwrap();
        assert!(made.success());
        let bare = git_wp::git::Repo::discover(&bare).unwrap();
        assert_eq!((bare.is_bare(), bare.work_dir()), (true, None));
        assert!(bare.need_work_dir("this").is_err());
        let outside = scratch.beside("outside");
        fs::create_dir(&outside).unwrap();
        let error = git_wp::git::Repo::discover(&outside).unwrap_err();
        assert_eq!(error.code(), "no-repository");
    }
}
