//! What stands in a room is committed, checkpointed and saved, whatever an agent did to it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use git_wp::base::RepoPath;
use git_wp::git::Conversion;
use git_wp::model::RoomState;

use crate::support::house::{House, branch, in_room, put, seal, seal_with};
use crate::support::{FORMATS, Scratch, name};

fn paths(list: &[&str]) -> Vec<RepoPath> {
    list.iter().map(|path| RepoPath::from(*path)).collect()
}

#[test]
fn what_is_left_is_committed_without_hooks_in_every_format() {
    for format in FORMATS {
        let house = House::around(Scratch::with_format(format));
        let hooks = house.repo.common_dir().join("hooks");
        for hook in [
            "pre-commit",
            "commit-msg",
            "post-commit",
            "reference-transaction",
        ] {
            let canary = house.scratch.beside("canary");
            let text = format!("#!/bin/sh\ntouch {}\nexit 1\n", canary.display());
            fs::create_dir_all(&hooks).unwrap();
            fs::write(hooks.join(hook), text).unwrap();
            fs::set_permissions(hooks.join(hook), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let room = house.room("a1");
        put(&room, "src/a.txt", "changed\n");
        put(&room, "src/new file.txt", "new\n");
        put(&room, "ignored/x", "x");
        fs::remove_file(room.path().join("docs/c.md")).unwrap();
        let tool = put(&room, "tool", "#!/bin/sh\n");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        symlink("src", room.path().join("link")).unwrap();
        let RoomState::Kept {
            head,
            tree,
            changed,
        } = seal(&room)
        else {
            panic!("not kept");
        };
        let expected = ["docs/c.md", "link", "src/a.txt", "src/new file.txt", "tool"];
        assert_eq!(changed, paths(&expected));
        assert_eq!(house.scratch.oid(branch("a1").as_str()), head);
        assert_eq!(house.scratch.oid(&format!("{head}^{{tree}}")), tree);
        assert_eq!(house.scratch.oid(&format!("{head}^")), *room.base());
        let modes = house
            .scratch
            .git(&["ls-tree", head.as_str(), "tool", "link"]);
        assert!(
            modes.contains("100755 blob") && modes.contains("120000 blob"),
            "{modes}"
        );
        assert_eq!(in_room(&room, &["status", "--porcelain"]), "");
        assert!(!house.scratch.beside("canary").exists());
        // Nothing is left now, so there is no second commit.
        let RoomState::Kept { head: again, .. } = seal(&room) else {
            panic!("not kept");
        };
        assert_eq!(again, head);
        house.scratch.assert_sound();
    }
}

#[test]
fn an_untouched_room_has_no_commit_and_no_salvage() {
    let house = House::new();
    let room = house.room("a1");
    let state = seal(&room);
    let RoomState::Kept { head, changed, .. } = state else {
        panic!("{state:?}");
    };
    assert_eq!((&head, changed.len()), (room.base(), 0));
    assert_eq!(room.checkpoint().unwrap(), None);
    assert_eq!(room.salvage().unwrap().commit, None);
    assert!(house.repo.refs().list("refs/wp").unwrap().is_empty());
}

#[test]
fn flags_in_the_index_hide_nothing() {
    let house = House::new();
    let room = house.room("a1");
    in_room(&room, &["update-index", "--skip-worktree", "src/a.txt"]);
    in_room(&room, &["update-index", "--assume-unchanged", "docs/c.md"]);
    put(&room, "src/a.txt", "hidden\n");
    fs::remove_file(room.path().join("docs/c.md")).unwrap();
    assert_eq!(in_room(&room, &["status", "--porcelain"]), "");
    let RoomState::Kept { changed, head, .. } = seal(&room) else {
        panic!("not kept");
    };
    assert_eq!(changed, paths(&["docs/c.md", "src/a.txt"]));
    assert_eq!(house.content(&head, "src/a.txt"), "hidden");
}

#[test]
fn same_size_and_time_hide_nothing() {
    let house = House::new();
    let room = house.room("a1");
    let path = room.path().join("src/a.txt");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "A\n").unwrap();
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(time)
        .unwrap();
    let RoomState::Kept { changed, .. } = seal(&room) else {
        panic!("not kept");
    };
    assert_eq!(changed, paths(&["src/a.txt"]));
}

#[test]
fn commits_of_the_agent_and_its_rest_are_kept_together() {
    let house = House::new();
    let room = house.room("a1");
    put(&room, "src/one.txt", "1\n");
    in_room(&room, &["add", "-A"]);
    in_room(&room, &["commit", "-q", "-m", "one"]);
    put(&room, "src/two.txt", "2\n");
    put(&room, "forced.log", "tracked though ignored\n");
    in_room(&room, &["add", "-f", "forced.log"]);
    let RoomState::Kept { head, changed, .. } = seal(&room) else {
        panic!("not kept");
    };
    assert_eq!(
        changed,
        paths(&["forced.log", "src/one.txt", "src/two.txt"])
    );
    let count = house
        .scratch
        .git(&["rev-list", "--count", &format!("{}..{head}", room.base())]);
    assert_eq!(count, "2");
    assert_eq!(room.salvage().unwrap().commit, None);
}

#[test]
fn filters_of_the_user_run_only_if_asked_for() {
    for (conversion, content) in [
        (Conversion::Attributes, "HELLO"),
        (Conversion::Raw, "hello"),
    ] {
        let house = House::new();
        house
            .scratch
            .git(&["config", "filter.loud.clean", "tr a-z A-Z"]);
        house.scratch.write(
            ".gitattributes",
            "*.loud filter=loud\n*.crlf text eol=crlf\n",
        );
        house.scratch.commit("attributes");
        let room = house.room("a1");
        put(&room, "x.loud", "hello\n");
        put(&room, "x.crlf", "a\r\nb\r\n");
        let RoomState::Kept { head, .. } = seal_with(&room, conversion) else {
            panic!("not kept");
        };
        assert_eq!(house.content(&head, "x.loud"), content);
        let crlf = house.content(&head, "x.crlf").contains('\r');
        assert_eq!(crlf, conversion == Conversion::Raw);
    }
}

#[test]
fn a_filter_that_fails_leaves_the_room_unsealed_and_salvageable() {
    let house = House::new();
    house
        .scratch
        .git(&["config", "filter.broken.clean", "exit 1"]);
    house
        .scratch
        .git(&["config", "filter.broken.required", "true"]);
    house
        .scratch
        .write(".gitattributes", "*.bin filter=broken\n");
    house.scratch.commit("attributes");
    let room = house.room("a1");
    put(&room, "x.bin", "data\n");
    let state = seal(&room);
    assert!(matches!(state, RoomState::Unsealed { .. }), "{state:?}");
    let saved = room.salvage().unwrap().commit.unwrap();
    assert_eq!(house.content(&saved, "x.bin"), "data");
}

#[test]
fn a_head_elsewhere_is_diverged_and_its_commits_are_saved() {
    type Act = fn(&git_wp::worktree::Room);
    let acts: [(&str, Act); 4] = [
        ("other branch", |room| {
            in_room(room, &["checkout", "-q", "-b", "elsewhere"]);
        }),
        ("detached", |room| {
            in_room(room, &["checkout", "-q", "--detach"]);
        }),
        ("orphan", |room| {
            in_room(room, &["checkout", "-q", "--orphan", "alone"]);
        }),
        ("renamed", |room| {
            in_room(room, &["branch", "-m", "renamed"]);
        }),
    ];
    for (what, act) in acts {
        let house = House::new();
        let room = house.room("a1");
        act(&room);
        put(&room, "src/work.txt", "work\n");
        in_room(&room, &["add", "-A"]);
        in_room(&room, &["commit", "-q", "-m", "work"]);
        put(&room, "src/dirty.txt", "dirty\n");
        let commit = in_room(&room, &["rev-parse", "HEAD"]);
        let state = seal(&room);
        assert!(
            matches!(state, RoomState::Diverged { .. }),
            "{what}: {state:?}"
        );
        let removal = house.rooms.remove(&room).unwrap();
        let saved = removal.salvage.commit.unwrap();
        assert_eq!(house.content(&saved, "src/dirty.txt"), "dirty", "{what}");
        let ancestor = house.scratch.git(&["rev-list", saved.as_str()]);
        assert!(ancestor.contains(&commit), "{what}");
        assert!(!room.path().exists(), "{what}");
        house.scratch.assert_sound();
    }
}

#[test]
fn a_history_that_does_not_grow_from_the_base_is_diverged() {
    let house = House::new();
    let room = house.room("a1");
    in_room(&room, &["reset", "-q", "--hard", "HEAD^"]);
    let state = seal(&room);
    assert!(
        matches!(&state, RoomState::Diverged { head: Some(_), .. }),
        "{state:?}"
    );
}

#[test]
fn lost_rooms_are_told_and_what_is_left_is_saved() {
    let house = House::new();
    let main = house.scratch.oid("main");

    let room = house.room("gone");
    fs::remove_dir_all(room.path()).unwrap();
    let state = seal(&room);
    assert!(matches!(state, RoomState::Lost { .. }), "{state:?}");
    assert_eq!(house.rooms.remove(&room).unwrap().salvage.commit, None);

    let room = house.room("pointer");
    put(&room, "src/kept.txt", "kept\n");
    fs::remove_file(room.path().join(".git")).unwrap();
    let state = seal(&room);
    assert!(matches!(state, RoomState::Lost { .. }), "{state:?}");
    let removal = house.rooms.remove(&room).unwrap();
    assert_eq!(
        house.content(&removal.salvage.commit.unwrap(), "src/kept.txt"),
        "kept"
    );
    // What no longer says that it is our room is not removed.
    assert_eq!(removal.kept.as_deref(), Some(room.path()));
    assert!(room.path().join("src/kept.txt").exists());

    let room = house.room("branch");
    put(&room, "src/kept.txt", "kept\n");
    in_room(&room, &["add", "-A"]);
    in_room(&room, &["commit", "-q", "-m", "kept"]);
    house
        .scratch
        .git(&["update-ref", "-d", room.branch().as_str()]);
    let state = seal(&room);
    assert!(matches!(state, RoomState::Lost { .. }), "{state:?}");
    let saved = house.rooms.remove(&room).unwrap().salvage.commit.unwrap();
    assert_eq!(house.content(&saved, "src/kept.txt"), "kept");

    let room = house.room("data");
    put(&room, "src/kept.txt", "kept\n");
    fs::remove_dir_all(room.git_dir()).unwrap();
    let state = seal(&room);
    assert!(matches!(state, RoomState::Lost { .. }), "{state:?}");
    let saved = house.rooms.remove(&room).unwrap().salvage.commit.unwrap();
    assert_eq!(house.content(&saved, "src/kept.txt"), "kept");
    assert!(house.rooms.list().unwrap().is_empty());
    assert_eq!(house.scratch.oid("main"), main);
    assert_eq!(house.scratch.git(&["status", "--porcelain"]), "");
}

#[test]
fn checkpoints_hold_what_changed_and_only_that() {
    let house = House::new();
    house
        .scratch
        .git(&["config", "filter.loud.clean", "touch ../canary; cat"]);
    let room = house.room("a1");
    put(&room, ".gitattributes", "* filter=loud\n");
    put(&room, "src/a.txt", "one\n");
    put(&room, "ignored/x", "x");
    let index = fs::read(room.git_dir().join("index")).unwrap();
    let first = room.checkpoint().unwrap().unwrap();
    assert_eq!(house.content(&first, "src/a.txt"), "one");
    assert!(
        !house
            .listing(first.as_str())
            .iter()
            .any(|p| p.starts_with("ignored"))
    );
    assert_eq!(room.checkpoint().unwrap(), None);
    put(&room, "src/a.txt", "two\n");
    let second = room.checkpoint().unwrap().unwrap();
    let held = house.scratch.oid("refs/wp/wip/add-auth/wp-api/a1");
    assert_eq!(
        (held, house.content(&second, "src/a.txt").as_str()),
        (second, "two")
    );
    assert_eq!(fs::read(room.git_dir().join("index")).unwrap(), index);
    assert!(!house.scratch.beside("canary").exists());
    assert!(!room.path().parent().unwrap().join("canary").exists());
}

#[test]
fn a_second_salvage_keeps_the_first() {
    let house = House::new();
    let room = house.room("a1");
    put(&room, "src/x.txt", "first\n");
    let first = room.salvage().unwrap().commit.unwrap();
    assert_eq!(room.salvage().unwrap().commit.as_ref(), Some(&first));
    put(&room, "src/x.txt", "second\n");
    let second = room.salvage().unwrap().commit.unwrap();
    assert!(
        house
            .scratch
            .git(&["rev-list", second.as_str()])
            .contains(first.as_str())
    );
    assert_eq!(
        house
            .scratch
            .oid(name("refs/wp/salvage/add-auth/wp-api/a1").as_str()),
        second
    );
}

#[test]
fn what_cannot_be_saved_keeps_the_room() {
    let house = House::new();
    let room = house.room("a1");
    put(&room, "inner/file.txt", "inner\n");
    crate::support::git(&room.path().join("inner"), &["init", "-q"]);
    let salvage = room.salvage().unwrap();
    assert_eq!(salvage.unsaved, paths(&["inner/.git"]));
    assert_eq!(
        house.content(&salvage.commit.unwrap(), "inner/file.txt"),
        "inner"
    );
    let error = house.rooms.remove(&room).unwrap_err();
    assert_eq!(error.code(), "unsaved");
    assert!(room.path().join("inner/.git").exists());
}

#[test]
fn names_that_trick_are_kept_by_their_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let house = House::new();
    let room = house.room("a1");
    let odd: [&[u8]; 4] = [b"new\nline", b"tab\tquote\"", b"bytes\xff", b"-x"];
    for bytes in odd {
        fs::write(room.path().join(std::ffi::OsStr::from_bytes(bytes)), "x").unwrap();
    }
    let RoomState::Kept { changed, .. } = seal(&room) else {
        panic!("not kept");
    };
    let mut expected: Vec<RepoPath> = odd.iter().map(|b| RepoPath::from_bytes(*b)).collect();
    expected.sort();
    assert_eq!(changed, expected);
}

#[test]
fn a_folder_replaced_by_a_link_leads_nowhere() {
    let house = House::new();
    let outside = house.scratch.beside("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("a.txt"), "secret\n").unwrap();
    let room = house.room("a1");
    fs::remove_dir_all(room.path().join("src")).unwrap();
    symlink(&outside, room.path().join("src")).unwrap();
    let RoomState::Kept { head, .. } = seal(&room) else {
        panic!("not kept");
    };
    let listing = house.listing(head.as_str());
    assert!(listing.contains(&"src".to_owned()), "{listing:?}");
    assert!(
        !listing.iter().any(|path| path.starts_with("src/")),
        "{listing:?}"
    );
}
