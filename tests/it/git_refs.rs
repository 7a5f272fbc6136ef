//! Refs in all four formats: what we read is what git reads, what we swap git sees.

use std::fs;

use git_wp::base::{Oid, RefName};
use git_wp::git::{Expected, RefStorage, SwapError};
use git_wp::model::Durability::{Fast, Full, Off};
use git_wp::os::lock;

use crate::support::{FORMATS, Scratch, git, name};

fn moved(result: Result<(), SwapError>) -> Option<Oid> {
    match result {
        Err(SwapError::Moved { found }) => found,
        other => panic!("expected a lost race, got {other:?}"),
    }
}

fn failure(result: Result<(), SwapError>) -> &'static str {
    match result {
        Err(SwapError::Failed(error)) => error.code(),
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[test]
fn a_swap_happens_once_and_git_sees_it() {
    for (format, durability) in FORMATS.into_iter().zip([Full, Fast, Full, Off]) {
        let scratch = Scratch::with_format(format);
        let (one, two) = (scratch.oid("HEAD"), scratch.commit("second"));
        let repo = scratch.repo();
        let refs = repo.refs();
        let state = name("refs/wp/state");
        let swap = |new: Option<&Oid>, expected: &Expected| {
            refs.swap(&state, new, expected, "test", durability)
        };
        assert_eq!(refs.read(&state).unwrap(), None);
        swap(Some(&one), &Expected::Absent).unwrap();
        assert_eq!(scratch.oid("refs/wp/state"), one);
        assert_eq!(
            moved(swap(Some(&two), &Expected::Absent)),
            Some(one.clone())
        );
        assert_eq!(
            moved(swap(Some(&two), &Expected::Is(two.clone()))),
            Some(one.clone())
        );
        swap(Some(&two), &Expected::Is(one.clone())).unwrap();
        assert_eq!(refs.read(&state).unwrap(), Some(two.clone()));
        swap(Some(&one), &Expected::Any).unwrap();
        assert_eq!(
            moved(swap(None, &Expected::Is(two.clone()))),
            Some(one.clone())
        );
        swap(None, &Expected::Is(one.clone())).unwrap();
        assert_eq!(refs.read(&state).unwrap(), None);
        assert_eq!(moved(swap(Some(&two), &Expected::Is(one))), None);
        scratch.assert_sound();
    }
}

#[test]
fn packed_refs_are_seen_swapped_and_deleted() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let (one, two) = (scratch.oid("HEAD"), scratch.commit("second"));
        let repo = scratch.repo();
        let refs = repo.refs();
        let state = name("refs/wp/state");
        scratch.git(&["update-ref", "refs/wp/state", one.as_str()]);
        scratch.git(&["pack-refs", "--all", "--prune"]);
        assert_eq!(refs.read(&state).unwrap(), Some(one.clone()));
        let expected = Expected::Is(one.clone());
        refs.swap(&state, Some(&two), &expected, "test", Full)
            .unwrap();
        assert_eq!(scratch.oid("refs/wp/state"), two);
        scratch.git(&["pack-refs", "--all", "--prune"]);
        refs.swap(&state, None, &Expected::Is(two), "test", Full)
            .unwrap();
        assert_eq!(refs.read(&state).unwrap(), None);
        assert_eq!(scratch.git(&["for-each-ref", "refs/wp"]), "");
    }
}

#[test]
fn a_list_joins_loose_and_packed_refs_and_stays_in_its_folder() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let (one, two) = (scratch.oid("HEAD"), scratch.commit("second"));
        for (ref_name, oid) in [
            ("refs/wp/a/x", &one),
            ("refs/wp/a/y/z", &one),
            ("refs/wp/ab", &one),
        ] {
            scratch.git(&["update-ref", ref_name, oid.as_str()]);
        }
        scratch.git(&["pack-refs", "--all", "--prune"]);
        scratch.git(&["update-ref", "refs/wp/a/x", two.as_str()]);
        scratch.git(&["update-ref", "refs/wp/a/w", two.as_str()]);
        let list = scratch.repo().refs().list("refs/wp/a").unwrap();
        let list: Vec<(&str, &Oid)> = list.iter().map(|(n, o)| (n.as_str(), o)).collect();
        let expected = [
            ("refs/wp/a/w", &two),
            ("refs/wp/a/x", &two),
            ("refs/wp/a/y/z", &one),
        ];
        assert_eq!(list, expected, "{format:?}");
        assert_eq!(scratch.repo().refs().list("refs/none").unwrap(), []);
    }
}

#[test]
fn names_that_stand_in_the_way_are_named() {
    for format in FORMATS {
        for is_packed in [false, true] {
            let scratch = Scratch::with_format(format);
            let head = scratch.oid("HEAD");
            scratch.git(&["update-ref", "refs/wp/a", head.as_str()]);
            scratch.git(&["update-ref", "refs/wp/b/c/d", head.as_str()]);
            if is_packed {
                scratch.git(&["pack-refs", "--all", "--prune"]);
            }
            let repo = scratch.repo();
            let refs = repo.refs();
            let clash = |text: &str| refs.clash(&name(text)).unwrap().map(RefName::into);
            assert_eq!(clash("refs/wp/a/b"), Some("refs/wp/a".to_owned()));
            assert_eq!(clash("refs/wp/b"), Some("refs/wp/b/c/d".to_owned()));
            assert_eq!(clash("refs/wp/b/c/e"), None);
            for text in ["refs/wp/a/b", "refs/wp/a/b/c", "refs/wp/b", "refs/wp/b/c"] {
                let result = refs.swap(&name(text), Some(&head), &Expected::Absent, "x", Fast);
                assert_eq!(
                    failure(result),
                    "ref-clash",
                    "{text} {format:?} {is_packed}"
                );
            }
            assert_eq!(scratch.git(&["for-each-ref", "refs/wp"]).lines().count(), 2);
        }
    }
}

#[test]
fn empty_folders_left_by_git_do_not_stand_in_the_way() {
    let scratch = Scratch::new();
    let head = scratch.oid("HEAD");
    fs::create_dir_all(scratch.path().join(".git/refs/wp/state/x/y")).unwrap();
    let repo = scratch.repo();
    let state = name("refs/wp/state");
    repo.refs()
        .swap(&state, Some(&head), &Expected::Absent, "test", Full)
        .unwrap();
    assert_eq!(scratch.oid("refs/wp/state"), head);
}

#[test]
fn a_branch_moves_with_a_reflog_and_all_or_none_of_several_move() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let (one, two) = (scratch.oid("HEAD"), scratch.commit("second"));
        let repo = scratch.repo();
        let refs = repo.refs();
        let branch = name("refs/heads/feature/x");
        refs.swap(&branch, Some(&one), &Expected::Absent, "made\nhere", Full)
            .unwrap();
        refs.swap(
            &branch,
            Some(&two),
            &Expected::Is(one.clone()),
            "moved",
            Full,
        )
        .unwrap();
        let log = scratch.git(&["reflog", "show", "--format=%gs", "feature/x"]);
        assert_eq!(log, "moved\nmade here");
        let changes = [
            (name("refs/wp/n"), Some(one.clone()), Expected::Absent),
            (branch.clone(), Some(one.clone()), Expected::Is(one.clone())),
        ];
        assert_eq!(
            moved(refs.swap_all(&changes, "both", Full)),
            Some(two.clone())
        );
        assert_eq!(refs.read(&name("refs/wp/n")).unwrap(), None);
        let changes = [
            (name("refs/wp/n"), Some(one.clone()), Expected::Absent),
            (branch.clone(), None, Expected::Is(two)),
        ];
        refs.swap_all(&changes, "both", Full).unwrap();
        assert_eq!(refs.read(&name("refs/wp/n")).unwrap(), Some(one));
        assert_eq!(refs.read(&branch).unwrap(), None);
    }
}

#[test]
fn head_and_revisions_mean_what_git_means() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let (one, two) = (scratch.oid("HEAD"), scratch.commit("second"));
        let room = scratch.beside("room");
        scratch.git(&[
            "worktree",
            "add",
            "-q",
            "--detach",
            room.to_str().unwrap(),
            one.as_str(),
        ]);
        scratch.git(&["tag", "-a", "-m", "tag", "v1"]);
        let repo = scratch.repo();
        let head = repo.refs().head().unwrap();
        assert_eq!(head.branch, Some(name("refs/heads/main")));
        assert_eq!(head.oid.as_ref(), Some(&two));
        let room = git_wp::git::Repo::discover(&room).unwrap();
        assert_eq!(room.worktree_id(), Some("room"));
        assert_eq!(room.common_dir(), repo.common_dir());
        let head = room.refs().head().unwrap();
        assert_eq!((head.branch, head.oid.as_ref()), (None, Some(&one)));
        let resolve = |text: &str| repo.refs().resolve(text).unwrap();
        assert_eq!(resolve("v1"), Some(two.clone()));
        assert_eq!(resolve("HEAD~1"), Some(one));
        assert_eq!(resolve(two.as_str()), Some(two));
        for text in ["nothing", "", "-h", "--git-dir", "HEAD:README", "a\nb"] {
            assert_eq!(resolve(text), None, "{text}");
        }
        git(&scratch.path(), &["checkout", "-q", "--orphan", "empty"]);
        let head = repo.refs().head().unwrap();
        assert_eq!(
            (head.branch, head.oid),
            (Some(name("refs/heads/empty")), None)
        );
    }
}

#[test]
fn racing_swaps_lose_no_update() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 20;
    for format in [FORMATS[0], FORMATS[2]] {
        let scratch = Scratch::with_format(format);
        let state = name("refs/wp/state");
        let chain = scratch.repo();
        let person = git_wp::git::Person {
            name: "A".into(),
            email: "a@b".into(),
        };
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (repo, state, person) = (chain.clone(), &state, &person);
                scope.spawn(move || {
                    let objects = repo.objects();
                    for round in 0..ROUNDS {
                        loop {
                            let tip = repo.refs().read(state).unwrap();
                            let commit = objects
                                .write_commit(&git_wp::git::NewCommit {
                                    tree: &repo.format().empty_tree(),
                                    parents: tip.as_slice(),
                                    by: person,
                                    at: git_wp::base::Timestamp::from_millis(0),
                                    message: &format!("{thread} {round}"),
                                })
                                .unwrap();
                            let expected = Expected::same_as(tip.as_ref());
                            let refs = repo.refs();
                            match refs.swap(state, Some(&commit), &expected, "x", Off) {
                                Ok(()) => break,
                                Err(SwapError::Moved { .. }) => {}
                                Err(SwapError::Failed(error)) => {
                                    assert_eq!(error.code(), "ref-locked", "{error:?}");
                                }
                            }
                        }
                    }
                });
            }
        });
        let tip = chain.refs().read(&state).unwrap().unwrap();
        let count = scratch.git(&["rev-list", "--first-parent", "--count", tip.as_str()]);
        assert_eq!(count, (THREADS * ROUNDS).to_string());
    }
}

#[test]
fn a_held_lock_is_waited_for_and_a_stale_one_removed_under_our_guard() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let head = scratch.oid("HEAD");
        let repo = scratch.repo();
        let refs = repo.refs();
        let state = name("refs/wp/state");
        refs.swap(&state, Some(&head), &Expected::Absent, "x", Fast)
            .unwrap();
        let path = refs.lock_path(&state);
        let file = fs::File::create(&path).unwrap();
        if repo.ref_storage() == RefStorage::Files {
            let result = refs.swap(&state, Some(&head), &Expected::Any, "x", Fast);
            assert_eq!(failure(result), "ref-locked");
        }
        let guard = lock::try_lock(&repo.wp_dir().join("lock"))
            .unwrap()
            .unwrap();
        assert!(
            !refs.remove_stale_lock(&state, &guard).unwrap(),
            "it is young"
        );
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(10);
        file.set_modified(old).unwrap();
        assert!(
            !refs.remove_stale_lock(&state, &guard).unwrap(),
            "it is open"
        );
        drop(file);
        assert!(refs.remove_stale_lock(&state, &guard).unwrap());
        assert!(!refs.remove_stale_lock(&state, &guard).unwrap());
        refs.swap(&state, Some(&head), &Expected::Any, "x", Fast)
            .unwrap();
    }
}
