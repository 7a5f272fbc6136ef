//! The sentinel over what all worktrees share, and rooms for verification.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use git_wp::os::lock;
use git_wp::worktree::baseline::restore_abandoned;
use git_wp::worktree::{Post, RefWatch, Sentinel};

use crate::support::house::{House, in_room, put};
use crate::support::{FORMATS, Scratch, git};

#[test]
fn every_shared_file_that_changes_is_reported_and_put_back() {
    type Act = fn(&House);
    let acts: [(&str, Act); 11] = [
        ("config", |h| {
            h.scratch.git(&["config", "core.fsmonitor", "touch canary"]);
        }),
        ("config", |h| {
            h.scratch.git(&["config", "filter.x.clean", "touch canary"]);
        }),
        ("config", |h| {
            fs::remove_file(h.repo.common_dir().join("config")).unwrap();
        }),
        ("config.worktree", |h| {
            write(h, "config.worktree", "[core]\n");
        }),
        ("info/attributes", |h| {
            write(h, "info/attributes", "* filter=x\n");
        }),
        ("info/grafts", |h| write(h, "info/grafts", "")),
        ("hooks/post-commit", |h| {
            write(h, "hooks/post-commit", "#!/bin/sh\n");
        }),
        ("hooks/pre-commit", |h| {
            write(h, "hooks/pre-commit", "#!/bin/sh\nevil\n");
        }),
        ("hooks/pre-commit", |h| {
            let hook = h.repo.common_dir().join("hooks/pre-commit");
            fs::remove_file(&hook).unwrap();
            symlink("/bin/true", &hook).unwrap();
        }),
        ("hooks/pre-commit", |h| {
            let hook = h.repo.common_dir().join("hooks/pre-commit");
            fs::set_permissions(hook, fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("worktrees/wp-a1/config.worktree", |h| {
            write(h, "worktrees/wp-a1/config.worktree", "[core]\n");
        }),
    ];
    let house = House::new();
    let room = house.room("a1");
    write(&house, "hooks/pre-commit", "#!/bin/sh\nexit 0\n");
    let hook = house.repo.common_dir().join("hooks/pre-commit");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    for (path, act) in acts {
        let mut sentinel = Sentinel::take(&house.repo).unwrap();
        sentinel.watch_room(&room.git_dir()).unwrap();
        assert!(sentinel.compare().unwrap().is_empty());
        act(&house);
        let found = sentinel.compare().unwrap();
        assert_eq!(found.len(), 1, "{path}: {found:?}");
        assert!(
            found[0].describe().contains(path),
            "{}",
            found[0].describe()
        );
        sentinel.restore(&found).unwrap();
        assert!(sentinel.compare().unwrap().is_empty(), "{path}");
    }
    let mode = fs::metadata(&hook).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    let kept = fs::read_dir(house.repo.wp_dir().join("quarantine")).unwrap();
    assert!(kept.count() >= 8);
    house.scratch.assert_sound();
}

fn write(house: &House, path: &str, text: &str) {
    let path = house.repo.common_dir().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_sentinel_that_comes_late_does_not_take_the_planted_for_good() {
    let house = House::new();
    let post = Post::new(house.repo.clone(), "f");
    let first = post.take().unwrap();
    house.scratch.git(&["config", "core.fsmonitor", "evil"]);
    let late = post.take().unwrap();
    assert_eq!(late.compare().unwrap().len(), 1);
    first.restore(&first.compare().unwrap()).unwrap();
    assert_eq!(late.compare().unwrap(), []);
    post.dismiss(first).unwrap();
    post.dismiss(late).unwrap();
    // Nobody is on duty now, so what stands there is how the user wants it.
    house.scratch.git(&["config", "core.pager", "less"]);
    assert_eq!(post.take().unwrap().compare().unwrap(), []);
}

#[test]
fn a_dead_run_is_put_back_and_a_live_one_is_joined() {
    let house = House::new();
    let fsmonitor = || {
        house
            .scratch
            .git(&["config", "--get-all", "core.fsmonitor"])
    };
    house.scratch.git(&["config", "core.fsmonitor", "false"]);
    let run = house.repo.wp_dir().join("run");
    let alive = lock::try_lock(&run.join("one.lock")).unwrap().unwrap();
    let one = Post::new(house.repo.clone(), "one");
    let on_duty = one.take().unwrap();
    house.scratch.git(&["config", "core.fsmonitor", "evil"]);
    // Somebody who begins now compares with what the live run knows, and leaves it alone.
    assert!(restore_abandoned(&house.repo).unwrap().0.is_empty());
    let other = Post::new(house.repo.clone(), "two");
    let joined = other.take().unwrap();
    assert_eq!(joined.compare().unwrap().len(), 1);
    other.dismiss(joined).unwrap();
    assert_eq!(fsmonitor(), "evil");
    // The process is killed.
    drop((on_duty, one, alive));
    let (found, kept) = restore_abandoned(&house.repo).unwrap();
    assert_eq!((found.len(), kept.len()), (1, 1));
    assert_eq!(fsmonitor(), "false");
    // From then on the configuration is the user's again.
    house.scratch.git(&["config", "core.fsmonitor", "true"]);
    assert!(restore_abandoned(&house.repo).unwrap().0.is_empty());
    assert_eq!(fsmonitor(), "true");
}

#[test]
fn worktrees_that_come_and_go_are_nobodys_tampering() {
    let house = House::new();
    let common = house.repo.common_dir();
    house
        .scratch
        .git(&["config", "extensions.worktreeConfig", "true"]);
    write(
        &house,
        "config.worktree",
        "[core]\n\tsparseCheckout = true\n",
    );
    let add = |name: &str| {
        let path = house.scratch.path().with_file_name(name);
        let path = path.to_str().unwrap();
        house
            .scratch
            .git(&["worktree", "add", "-q", "--detach", path]);
    };
    add("mine");
    add("changed");
    let first = house.room("a1");
    let _second = house.room("a2");
    let mut sentinel = Sentinel::take(&house.repo).unwrap();
    sentinel.watch_room(&first.git_dir()).unwrap();
    let config = |id: &str| common.join("worktrees").join(id).join("config.worktree");
    assert!(config("wp-a2").exists() && config("mine").exists());

    fs::remove_dir_all(common.join("worktrees/wp-a2")).unwrap();
    fs::remove_dir_all(common.join("worktrees/mine")).unwrap();
    let _third = house.room("a3");
    add("new");
    assert!(config("wp-a3").exists() && config("new").exists());
    assert_eq!(sentinel.compare().unwrap(), []);

    for id in ["changed", "wp-a1"] {
        fs::write(config(id), "[core]\n\tfsmonitor = evil\n").unwrap();
        let found = sentinel.compare().unwrap();
        assert_eq!(found.len(), 1, "{id}: {found:?}");
        sentinel.restore(&found).unwrap();
        assert_eq!(sentinel.compare().unwrap(), []);
    }
}

#[test]
fn harmless_settings_are_neither_reported_nor_put_back() {
    let house = House::new();
    let sentinel = Sentinel::take(&house.repo).unwrap();
    house
        .scratch
        .git(&["config", "branch.main.remote", "origin"]);
    house
        .scratch
        .git(&["config", "branch.main.merge", "refs/heads/main"]);
    assert_eq!(sentinel.compare().unwrap(), []);
    house.scratch.git(&["config", "core.sshCommand", "evil"]);
    assert_eq!(sentinel.compare().unwrap().len(), 1);
}

#[test]
fn replace_refs_go_in_every_format() {
    for format in FORMATS {
        let house = House::around(Scratch::with_format(format));
        let room = house.room("a1");
        let sentinel = Sentinel::take(&house.repo).unwrap();
        put(&room, "src/x", "x");
        in_room(&room, &["add", "-A"]);
        in_room(&room, &["commit", "-q", "-m", "own branch"]);
        assert_eq!(sentinel.compare().unwrap(), []);
        in_room(&room, &["replace", "HEAD", "HEAD^"]);
        let found = sentinel.compare().unwrap();
        assert!(found[0].describe().contains("replace ref"), "{found:?}");
        sentinel.restore(&found).unwrap();
        assert_eq!(sentinel.compare().unwrap(), []);
        assert_eq!(house.scratch.git(&["replace", "--list"]), "");
    }
}

#[test]
fn refs_that_an_agent_moved_to_its_own_commits_are_put_back_in_every_format() {
    for format in FORMATS {
        let house = House::around(Scratch::with_format(format));
        let room = house.room("a1");
        let main = house.scratch.oid("main");
        house.scratch.git(&["branch", "users"]);
        let watch = RefWatch::begin(&house.repo).unwrap();
        put(&room, "src/x", "x");
        in_room(&room, &["add", "-A"]);
        in_room(&room, &["commit", "-q", "-m", "own"]);
        assert_eq!(watch.moved().unwrap(), []);
        let own = house.repo.refs().read(room.branch()).unwrap().unwrap();

        in_room(&room, &["update-ref", "refs/heads/main", "HEAD"]);
        in_room(&room, &["update-ref", "refs/wp/integration/f", "HEAD"]);
        in_room(&room, &["branch", "made"]);
        in_room(&room, &["tag", "-a", "-m", "x", "v1"]);
        let git_dir = house.repo.common_dir().to_str().unwrap().to_owned();
        let to_made = [
            "--git-dir",
            &git_dir,
            "symbolic-ref",
            "HEAD",
            "refs/heads/made",
        ];
        in_room(&room, &to_made);
        // Not its own: a branch at a commit that was there before, and one that is gone.
        in_room(&room, &["branch", "at-base", main.as_str()]);
        in_room(&room, &["branch", "-D", "users"]);

        let moved = watch.moved().unwrap();
        let taken = watch.by_agent_of(&room, &moved).unwrap();
        let names: Vec<&str> = taken.iter().map(|taken| taken.name.as_str()).collect();
        let own_refs = [
            "refs/heads/made",
            "refs/heads/main",
            "refs/tags/v1",
            "refs/wp/integration/f",
            "HEAD",
        ];
        assert_eq!(names, own_refs, "{format:?}");
        assert_eq!(moved.len(), 7);
        assert_eq!(watch.put_back(&taken).unwrap().len(), 5);
        assert_eq!(house.scratch.oid("main"), main);
        assert_eq!(
            house.scratch.git(&["symbolic-ref", "HEAD"]),
            "refs/heads/main"
        );
        assert_eq!(house.repo.refs().read(room.branch()).unwrap(), Some(own));
        assert_eq!(watch.moved().unwrap().len(), 2);
        house.scratch.assert_sound();
    }
}

#[test]
fn a_commit_of_the_user_stays_where_it_is_even_if_the_agent_merges_it() {
    for fast_forward in [true, false] {
        let house = House::new();
        let room = house.room("a1");
        let watch = RefWatch::begin(&house.repo).unwrap();
        if !fast_forward {
            put(&room, "src/x", "x");
            in_room(&room, &["add", "-A"]);
            in_room(&room, &["commit", "-q", "-m", "own"]);
        }
        house.scratch.write("mine.txt", "mine");
        house.scratch.commit("of the user");
        in_room(&room, &["merge", "-q", "--no-edit", "main"]);
        let moved = watch.moved().unwrap();
        assert_eq!(moved[0].name, "refs/heads/main");
        assert_eq!(watch.by_agent_of(&room, &moved).unwrap(), []);
    }
}

#[test]
fn what_moved_on_meanwhile_is_not_put_back() {
    let house = House::new();
    let room = house.room("a1");
    let watch = RefWatch::begin(&house.repo).unwrap();
    put(&room, "src/x", "x");
    in_room(&room, &["add", "-A"]);
    in_room(&room, &["commit", "-q", "-m", "own"]);
    in_room(&room, &["branch", "made"]);
    let taken = watch.by_agent_of(&room, &watch.moved().unwrap()).unwrap();
    assert_eq!(taken.len(), 1);
    house.scratch.git(&["branch", "-f", "made", "main"]);
    assert_eq!(watch.put_back(&taken).unwrap(), []);
    assert_eq!(house.scratch.oid("made"), house.scratch.oid("main"));
}

#[test]
fn a_verification_room_holds_exactly_the_tree_each_time() {
    for format in [FORMATS[0], FORMATS[3]] {
        let house = House::around(Scratch::with_format(format));
        let rooms = house.verify_rooms();
        let first = house.scratch.oid("main");
        let tree = house.scratch.oid("main^{tree}");
        let room = rooms.take(&first).unwrap();
        let path = room.path().to_owned();
        assert_eq!((room.tree(), room.commit()), (&tree, &first));
        assert_eq!(room.changed_tracked().unwrap(), []);
        // Everything a verification may leave behind, hidden as well as it can.
        fs::create_dir(path.join("ignored")).unwrap();
        fs::write(path.join("ignored/build"), "x").unwrap();
        fs::write(path.join("src/a.txt"), "A\n").unwrap();
        git(&path, &["update-index", "--assume-unchanged", "src/a.txt"]);
        fs::remove_file(path.join("docs/c.md")).unwrap();
        fs::create_dir(path.join("inner")).unwrap();
        git(&path.join("inner"), &["init", "-q"]);
        fs::write(room.path().join(".git.bak"), "x").unwrap();
        let changed = room.changed_tracked().unwrap();
        assert_eq!(changed, ["docs/c.md".into(), "src/a.txt".into()]);
        drop(room);

        let room = rooms.take(&tree).unwrap();
        assert_eq!(room.path(), path);
        assert_eq!(fs::read(path.join("src/a.txt")).unwrap(), b"a\n");
        assert_eq!(git(&path, &["status", "--porcelain", "--ignored"]), "");
        let other = rooms.take(&first).unwrap();
        assert_ne!(other.path(), path);
        drop((room, other));

        // Without its pointer, and without git's data: made anew or left for another place.
        fs::remove_file(path.join(".git")).unwrap();
        let room = rooms.take(&first).unwrap();
        assert_eq!(
            git(room.path(), &["status", "--porcelain", "--ignored"]),
            ""
        );
        let used = room.path().to_owned();
        drop(room);
        fs::remove_dir_all(used).unwrap();
        drop(rooms.take(&first).unwrap());
        rooms.close().unwrap();
        let list = house.scratch.git(&["worktree", "list"]);
        assert_eq!(list.lines().count(), 1, "{list}");
        house.scratch.assert_sound();
    }
}

#[test]
fn a_verification_room_that_goes_to_another_tree_is_as_if_new() {
    let house = House::around(Scratch::with_format(FORMATS[0]));
    let rooms = house.verify_rooms();
    let one = house.scratch.oid("main");
    house.scratch.write("src/a.txt", "other\n");
    house.scratch.git(&["rm", "-q", "docs/c.md"]);
    house.scratch.write("docs/c.md/now-a-folder", "x\n");
    house.scratch.commit("two");
    let two = house.scratch.oid("main");
    house
        .scratch
        .write(".gitattributes", "*.txt eol=crlf text\n");
    house.scratch.commit("three");
    let three = house.scratch.oid("main");
    let clean = |path: &Path| git(path, &["status", "--porcelain", "--ignored"]);
    let room = rooms.take(&one).unwrap();
    let path = room.path().to_owned();
    let note = house.repo.wp_dir().join("verify");
    let note = note.join(format!("{}.index", id(&path)));
    drop(room);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(elsewhere.path().join("deep")).unwrap();
    fs::write(elsewhere.path().join("deep/b.txt"), "not ours\n").unwrap();
    fs::write(elsewhere.path().join("kept"), "kept\n").unwrap();
    for (target, text) in [
        (&two, "other\n"),
        (&one, "a\n"),
        (&one, "a\n"),
        (&two, "other\n"),
    ] {
        // A folder behind a link, a file where a folder is to be, a forged index.
        fs::remove_dir_all(path.join("src")).unwrap();
        symlink(elsewhere.path(), path.join("src")).unwrap();
        fs::create_dir_all(path.join("ignored/deep")).unwrap();
        fs::write(path.join(".gitignore"), "*\n").unwrap();
        fs::write(house.repo.worktree_git_dir(&id(&path)).join("index"), "x").unwrap();
        let room = rooms.take(target).unwrap();
        assert_eq!(room.path(), path);
        assert_eq!(fs::read_to_string(path.join("src/a.txt")).unwrap(), text);
        assert_eq!(clean(&path), "");
        assert_eq!(git(&path, &["rev-parse", "HEAD"]), target.as_str());
        assert_eq!(room.changed_tracked().unwrap(), []);
    }
    assert_eq!(fs::read(elsewhere.path().join("kept")).unwrap(), b"kept\n");
    // Other attributes, with the same blob.
    drop(rooms.take(&three).unwrap());
    assert_eq!(fs::read(path.join("src/a.txt")).unwrap(), b"other\r\n");
    // What was noted is forged: then nothing of it is believed.
    fs::write(path.join("src/a.txt"), "forged\n").unwrap();
    git(&path, &["add", "."]);
    fs::copy(house.repo.worktree_git_dir(&id(&path)).join("index"), note).unwrap();
    drop(rooms.take(&two).unwrap());
    assert_eq!(fs::read(path.join("src/a.txt")).unwrap(), b"other\n");
    rooms.close().unwrap();
}

fn id(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}
