//! Objects and trees in both hash formats: what we write git accepts, byte for byte.

use std::time::{Duration, SystemTime};

use git_wp::base::{Oid, RepoPath, Timestamp};
use git_wp::git::{Change, Kind, Mode, NewCommit, Objects, Person};
use git_wp::model::Durability::{Fast, Full, Off};

use crate::support::{FORMATS, Scratch};

fn change(path: &str, entry: Option<(Mode, &Oid)>) -> Change {
    Change {
        path: RepoPath::from(path),
        entry: entry.map(|(mode, oid)| (mode, oid.clone())),
    }
}

fn paths(objects: &Objects, tree: &Oid) -> Vec<String> {
    let entries = objects.walk(tree, "").unwrap();
    entries.iter().map(|e| e.path.to_text()).collect()
}

#[test]
fn blobs_trees_and_commits_are_what_git_would_write() {
    for (format, durability) in FORMATS.into_iter().zip([Full, Fast, Off, Full]) {
        let scratch = Scratch::with_format(format);
        let repo = scratch.repo();
        let objects = repo.objects();
        let blob = objects.write_blob(b"hello\n").unwrap();
        assert_eq!(blob, scratch.oid("HEAD:README"));
        let tree = objects
            .edit(None, &[Change::file("README", blob.clone())])
            .unwrap();
        assert_eq!(tree, scratch.oid("HEAD^{tree}"));
        let commit = objects
            .write_commit(&NewCommit {
                tree: &tree,
                parents: &[scratch.oid("HEAD")],
                by: &Person {
                    name: "A <n>\nn".into(),
                    email: "a@b".into(),
                },
                at: Timestamp::from_millis(1_700_000_000_999),
                message: "subject\n\nbody\n\nWp-Txn: t1\nWp-Op: claim\n\n",
            })
            .unwrap();
        assert!(objects.unflushed().contains(&commit));
        objects.flush(durability).unwrap();
        assert_eq!(objects.unflushed(), []);
        let read = objects.commit(&commit).unwrap();
        assert_eq!(
            (&read.tree, &read.parents),
            (&tree, &vec![scratch.oid("HEAD")])
        );
        assert_eq!(
            (read.author.name.as_str(), read.subject()),
            ("A nn", "subject")
        );
        assert_eq!(read.authored.millis(), 1_700_000_000_000);
        assert_eq!(read.trailers("wp-txn").collect::<Vec<_>>(), ["t1"]);
        assert_eq!(read.trailers("Wp-Op").collect::<Vec<_>>(), ["claim"]);
        scratch.git(&["update-ref", "refs/heads/x", commit.as_str()]);
        assert_eq!(
            scratch.git(&["show", "-s", "--format=%(trailers:key=Wp-Txn)", "x"]),
            "Wp-Txn: t1"
        );
        scratch.assert_sound();
    }
}

#[test]
fn an_edit_touches_what_it_names_and_prunes_empty_folders() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        for path in ["a/b/one", "a/b/two", "a.c", "a-b", "z"] {
            scratch.write(path, path);
        }
        scratch.commit("files");
        let repo = scratch.repo();
        let objects = repo.objects();
        let base = scratch.oid("HEAD^{tree}");
        let blob = objects.write_blob(b"new").unwrap();
        let edit = |changes: &[Change]| objects.edit(Some(&base), changes).unwrap();

        assert_eq!(edit(&[]), base);
        assert_eq!(edit(&[change("none/at/all", None)]), base);
        let tree = edit(&[change("a/b/one", None), change("a/b/two", None)]);
        assert_eq!(paths(&objects, &tree), ["README", "a-b", "a.c", "z"]);
        assert_eq!(edit(&[change("a", None)]), tree);
        let tree = edit(&[change("a", Some((Mode::Program, &blob)))]);
        assert_eq!(paths(&objects, &tree), ["README", "a", "a-b", "a.c", "z"]);
        let tree = edit(&[change("z/deep/er", Some((Mode::Link, &blob)))]);
        let entry = objects.entry(&tree, &"z/deep/er".into()).unwrap().unwrap();
        assert_eq!((entry.mode, &entry.oid), (Mode::Link, &blob));
        let tree = edit(&[change("a", None), change("a/n", Some((Mode::File, &blob)))]);
        assert_eq!(paths(&objects, &tree), ["README", "a-b", "a.c", "a/n", "z"]);
        let sub = objects.subtree(&base, &"a/b".into()).unwrap().unwrap();
        let tree = edit(&[
            change("copy", Some((Mode::Tree, &sub))),
            change("copy/x", Some((Mode::File, &blob))),
        ]);
        assert_eq!(objects.walk(&tree, "p").unwrap().len(), 7);
        scratch.git(&["ls-tree", "-r", tree.as_str()]);
        assert!(
            objects
                .edit(Some(&base), &[change("a/.git/x", None)])
                .is_err()
        );
        assert!(objects.edit(Some(&base), &[change("", None)]).is_err());
        let all = ["README", "a", "a-b", "a.c", "z"].map(|path| change(path, None));
        assert_eq!(edit(&all), repo.format().empty_tree());
        scratch.assert_sound();
    }
}

#[test]
fn random_edits_agree_with_git() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let objects = repo.objects();
    let mut tree = repo.format().empty_tree();
    let mut state = 1u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut expected = std::collections::BTreeMap::new();
    for round in 0..200u32 {
        let path = match next(3) {
            0 => format!("d{}/f{}", next(3), next(3)),
            1 => format!("d{}/e{}/f{}", next(3), next(2), next(3)),
            _ => format!("f{}", next(4)),
        };
        let change = if next(3) == 0 {
            expected.remove(&path);
            change(&path, None)
        } else {
            let blob = objects.write_blob(round.to_string().as_bytes()).unwrap();
            expected.insert(path.clone(), blob.clone());
            change(&path, Some((Mode::File, &blob)))
        };
        tree = objects.edit(Some(&tree), &[change]).unwrap();
    }
    let index: String = expected
        .iter()
        .map(|(path, oid)| format!("100644 {oid}\t{path}\n"))
        .collect();
    let file = scratch.beside("index-info");
    std::fs::write(&file, index).unwrap();
    let output = crate::support::git_command(&scratch.path())
        .env("GIT_INDEX_FILE", scratch.beside("index"))
        .args(["update-index", "--index-info"])
        .stdin(std::fs::File::open(&file).unwrap())
        .status()
        .unwrap();
    assert!(output.success());
    let git = crate::support::git_command(&scratch.path())
        .env("GIT_INDEX_FILE", scratch.beside("index"))
        .arg("write-tree")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(git.stdout).unwrap().trim(), tree.as_str());
}

#[test]
fn what_exists_is_freshened_and_what_is_pruned_is_missed() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let objects = repo.objects();
    let blob = objects.write_blob(b"pending").unwrap();
    let (fan, rest) = blob.as_str().split_at(2);
    let path = repo.common_dir().join("objects").join(fan).join(rest);
    let old = SystemTime::now() - Duration::from_secs(90 * 24 * 3600);
    std::fs::File::open(&path)
        .unwrap()
        .set_modified(old)
        .unwrap();
    objects.write_blob(b"pending").unwrap();
    scratch.git(&["prune", "--expire=1.hour.ago"]);
    assert!(objects.exists(&blob).unwrap());
    scratch.git(&["prune", "--expire=now"]);
    assert!(!objects.exists(&blob).unwrap());
    assert_eq!(objects.find(&blob).unwrap(), None);
    assert_eq!(objects.blob(&blob).unwrap_err().code(), "object");

    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"").unwrap();
    objects.write_blob(b"pending").unwrap();
    assert_eq!(repo.objects().blob(&blob).unwrap(), b"pending");
}

#[test]
fn packs_that_appear_later_are_found_and_removed_ones_are_missed() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let objects = repo.objects();
    let head = scratch.oid("HEAD");
    assert_eq!(objects.header(&head).unwrap().unwrap().0, Kind::Commit);
    scratch.git(&["repack", "-adq"]);
    assert!(objects.exists(&head).unwrap());
    assert_eq!(objects.commit(&head).unwrap().subject(), "first");
    for entry in std::fs::read_dir(repo.common_dir().join("objects/pack")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    assert!(!objects.exists(&head).unwrap());
}

#[test]
fn replace_refs_bend_nothing() {
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let (one, two) = (scratch.oid("HEAD"), scratch.commit("second"));
        scratch.git(&["replace", two.as_str(), one.as_str()]);
        let repo = scratch.repo();
        assert_eq!(repo.objects().commit(&two).unwrap().subject(), "second");
        assert!(repo.is_ancestor(&one, &two).unwrap());
        assert!(!repo.is_ancestor(&two, &one).unwrap());
        assert_eq!(repo.commits_between(&[one], &two, 10).unwrap(), [two]);
    }
}
