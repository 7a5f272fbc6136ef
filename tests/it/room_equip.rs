//! What is brought into rooms: by name, by pattern, copied or linked, and what never is.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use git_wp::git::{Conversion, LargeFiles};
use git_wp::model::RoomState;
use git_wp::model::settings::RoomSettings;
use git_wp::worktree::{Room, equip, submodules};

use crate::support::house::{House, put, seal, seal_with};
use crate::support::{Scratch, git};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn house_that_ignores(rules: &str) -> House {
    let house = House::new();
    house.scratch.write(".gitignore", rules);
    house.scratch.commit("ignore more");
    house
}

fn bring(house: &House, room: &Room, settings: &RoomSettings) -> Vec<String> {
    let done = equip(room.path(), &house.scratch.path(), settings).unwrap();
    room.set_aside(&done.brought).unwrap();
    done.left_out
}

#[test]
fn equipment_is_brought_in_if_git_ignores_it() {
    let house = house_that_ignores(".env\nnode_modules/\n");
    house.scratch.write(".env", "KEY=1");
    house.scratch.write("secret.txt", "not ignored");
    house.scratch.write("node_modules/left-pad/index.js", "x");
    let room = house.room("a1");
    let settings = RoomSettings {
        copy: names(&[".env", "secret.txt", "absent"]),
        link: names(&["node_modules"]),
        ..RoomSettings::default()
    };
    let left_out = bring(&house, &room, &settings);
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(left_out[0].contains("absent") && left_out[1].contains("secret.txt"));
    assert_eq!(fs::read(room.path().join(".env")).unwrap(), b"KEY=1");
    assert!(room.path().join("node_modules/left-pad/index.js").exists());
    assert_eq!(git(room.path(), &["status", "--porcelain"]), "");
    assert_eq!(bring(&house, &room, &settings), left_out, "again, the same");
}

#[test]
fn patterns_bring_what_is_ignored_and_folders_whole() {
    let house = house_that_ignores(".env*\n!.env.example\nnode_modules/\n/cache/\n");
    for path in [
        ".env.local",
        ".env.test",
        "web/.env.local",
        "web/node_modules/a/.env.local",
        "web/node_modules/a/x.js",
        "api/node_modules/b/y.js",
        "cache/deep/one.bin",
        "cache/deep/two.txt",
    ] {
        house.scratch.write(path, path);
    }
    let room = house.room("a1");
    let settings = RoomSettings {
        copy: names(&["**/.env.*", "*/node_modules/", "cache/**/*.bin", "*.none"]),
        ..RoomSettings::default()
    };
    let left_out = bring(&house, &room, &settings);
    assert_eq!(left_out, ["nothing that git ignores matches `*.none`"]);
    let has = |path: &str| room.path().join(path).exists();
    for path in [
        ".env.local",
        ".env.test",
        "web/.env.local",
        "web/node_modules/a/x.js",
        "api/node_modules/b/y.js",
        "cache/deep/one.bin",
    ] {
        assert!(has(path), "{path}");
    }
    assert!(!has("cache/deep/two.txt"));
    assert_eq!(git(room.path(), &["status", "--porcelain"]), "");
}

#[test]
fn only_hardlink_shares_files_so_that_a_write_reaches_the_original() {
    let house = house_that_ignores("/a/\n/b/\n/c/\n");
    for folder in ["a", "b", "c"] {
        house.scratch.write(&format!("{folder}/file"), "theirs");
    }
    let room = house.room("a1");
    let settings = RoomSettings {
        copy: names(&["a"]),
        link: names(&["b"]),
        hardlink: names(&["c"]),
        ..RoomSettings::default()
    };
    assert!(bring(&house, &room, &settings).is_empty());
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let same =
        |name: &str| inode(&room.path().join(name)) == inode(&house.scratch.path().join(name));
    assert!(!same("a/file") && same("b/file") && same("c/file"));
    let link = fs::symlink_metadata(room.path().join("b/file")).unwrap();
    assert!(
        link.is_symlink(),
        "a sandbox can see where a write would go"
    );
    fs::write(room.path().join("a/file"), "mine").unwrap();
    assert_eq!(
        fs::read(house.scratch.path().join("a/file")).unwrap(),
        b"theirs"
    );
    // What goes with the room is the link, not what it leads to.
    house.rooms.remove(&room).unwrap();
    assert!(house.scratch.path().join("b/file").exists());
}

#[test]
fn nothing_tracked_is_overwritten_also_where_a_sparse_room_does_not_show_it() {
    let house = house_that_ignores("/build/\n");
    house.scratch.write("build/tracked", "as committed");
    house.scratch.git(&["add", "-f", "build/tracked"]);
    house.scratch.commit("tracked although ignored");
    house.scratch.write("build/tracked", "changed by the user");
    house.scratch.write("build/other", "x");
    let settings = RoomSettings {
        copy: names(&["build", "build/tracked"]),
        ..RoomSettings::default()
    };
    let full = house.room("a1");
    let left_out = bring(&house, &full, &settings);
    assert!(
        left_out
            .iter()
            .any(|line| line.contains("`build/tracked` is not ignored"))
    );
    let read = |room: &Room, name: &str| fs::read_to_string(room.path().join(name)).ok();
    assert_eq!(
        read(&full, "build/tracked").as_deref(),
        Some("as committed")
    );
    assert_eq!(read(&full, "build/other").as_deref(), Some("x"));
    let sparse = house.try_room("a2", &["src/**"]).unwrap();
    bring(&house, &sparse, &settings);
    assert_eq!(read(&sparse, "build/tracked"), None);
    assert_eq!(read(&sparse, "build/other").as_deref(), Some("x"));
    assert_eq!(git(full.path(), &["status", "--porcelain"]), "");
}

#[test]
fn no_link_is_followed_out_of_the_checkout_or_the_room() {
    let house = house_that_ignores("/linked\n/linked/\n/in\n/data/\n/keys\n");
    let outside = house.scratch.beside("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "s").unwrap();
    symlink(&outside, house.scratch.path().join("linked")).unwrap();
    symlink("../outside/secret", house.scratch.path().join("keys")).unwrap();
    symlink("README", house.scratch.path().join("in")).unwrap();
    house.scratch.write("data/deep/file", "x");
    symlink(&outside, house.scratch.path().join("data/out")).unwrap();
    let room = house.room("a1");
    // In the room `data` leads elsewhere.
    symlink(&outside, room.path().join("data")).unwrap();
    let settings = RoomSettings {
        copy: names(&[
            "linked/secret",
            "linked",
            "keys",
            "in",
            "data",
            "data/deep/file",
        ]),
        ..RoomSettings::default()
    };
    let left_out = bring(&house, &room, &settings);
    assert_eq!(left_out.len(), 5, "{left_out:?}");
    assert_eq!(
        fs::read_link(room.path().join("in")).unwrap(),
        Path::new("README")
    );
    assert!(!room.path().join("linked").exists() && !room.path().join("keys").exists());
    assert_eq!(git_wp::os::file::names(&outside).unwrap(), ["secret"]);
    let other = house.room("a2");
    bring(&house, &other, &settings);
    let link = fs::symlink_metadata(other.path().join("data/out")).unwrap();
    assert!(link.is_symlink(), "copied as a link");
}

#[test]
fn what_was_brought_is_never_committed_or_salvaged_also_if_its_rule_goes() {
    let house = house_that_ignores(".env\ndeps/\n");
    house.scratch.write(".env", "KEY=secret");
    house.scratch.write("deps/.git/config", "");
    house.scratch.write("deps/a.js", "x");
    let room = house.room("a1");
    let settings = RoomSettings {
        copy: names(&[".env", "deps"]),
        ..RoomSettings::default()
    };
    assert!(bring(&house, &room, &settings).is_empty());
    put(&room, ".gitignore", "");
    put(&room, "src/new.txt", "work\n");
    git(room.path(), &["add", "--force", ".env"]);
    for conversion in [Conversion::Raw, Conversion::Attributes] {
        let RoomState::Kept { changed, .. } = seal_with(&room, conversion) else {
            panic!("not kept");
        };
        assert_eq!(changed, [".gitignore".into(), "src/new.txt".into()]);
    }
    put(&room, "src/late.txt", "late\n");
    let removal = house.rooms.remove(&room).unwrap();
    let saved = house.listing(removal.salvage.commit.unwrap().as_str());
    assert!(saved.contains(&"src/late.txt".to_owned()), "{saved:?}");
    assert!(
        !saved
            .iter()
            .any(|path| path == ".env" || path.starts_with("deps"))
    );
}

#[test]
fn checkpoints_hold_each_other_until_the_attempt_is_merged() {
    let house = House::new();
    let room = house.room("a1");
    put(&room, "src/new.txt", "hours of work\n");
    let first = room.checkpoint().unwrap().unwrap();
    fs::remove_file(room.path().join("src/new.txt")).unwrap();
    put(&room, "src/other.txt", "x\n");
    let second = room.checkpoint().unwrap().unwrap();
    assert_eq!(room.checkpoint().unwrap(), None, "nothing new");
    let wip = room.wip_ref().unwrap();
    assert_eq!(house.scratch.oid(wip.as_str()), second);
    assert_eq!(house.scratch.oid(&format!("{wip}^2")), first);
    assert_eq!(house.content(&first, "src/new.txt"), "hours of work");
    house.scratch.git(&["gc", "--prune=now", "-q"]);
    assert_eq!(house.content(&first, "src/new.txt"), "hours of work");
    house.rooms.remove(&room).unwrap();
    assert_eq!(
        house.scratch.oid(wip.as_str()),
        second,
        "removal keeps them"
    );
    room.forget_checkpoints().unwrap();
    room.forget_checkpoints().unwrap();
    assert_eq!(house.repo.refs().read(&wip).unwrap(), None);
}

#[test]
fn files_of_lfs_stay_pointers_and_need_no_program() {
    let house = House::new();
    let config = |key: &str, value: &str| house.scratch.git(&["config", key, value]);
    config("filter.lfs.clean", "cat");
    house.scratch.write(".gitattributes", "*.bin filter=lfs\n");
    house.scratch.write("big.bin", "pointer\n");
    house.scratch.commit("large");
    config("filter.lfs.smudge", "sed s/pointer/content/");
    config("filter.lfs.required", "true");
    let read = |room: &Room| fs::read_to_string(room.path().join("big.bin")).unwrap();
    let room = house.room("a1");
    assert_eq!(read(&room), "pointer\n");
    let whole = house.room_with("a2", LargeFiles::Content);
    assert_eq!(read(&whole), "content\n");
    config("filter.lfs.smudge", "false");
    config("filter.lfs.process", "no-such-program");
    let room = house.room("a3");
    assert_eq!(read(&room), "pointer\n");
    put(&room, "src/new.txt", "n\n");
    house
        .scratch
        .git(&["config", "--unset", "filter.lfs.process"]);
    let RoomState::Kept { changed, .. } = seal(&room) else {
        panic!("not kept");
    };
    assert_eq!(changed, ["src/new.txt".into()]);
}

#[test]
fn submodules_are_empty_unless_their_files_are_asked_for() {
    let house = House::new();
    let library = Scratch::new();
    library.write("lib.rs", "pub fn f() {}\n");
    library.commit("library");
    let url = library.path();
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q"];
    house
        .scratch
        .git(&[&add[..], &[url.to_str().unwrap(), "vendor/lib"]].concat());
    house.scratch.commit("a submodule");
    let room = house.room("a1");
    assert!(
        git_wp::os::file::names(&room.path().join("vendor/lib"))
            .unwrap()
            .is_empty()
    );
    let all = submodules::of_tree(&house.repo, room.base_tree()).unwrap();
    assert_eq!(all.len(), 1);
    let refused = |scope: &[&str]| submodules::refuse(&all, &names(scope)).is_err();
    assert!(refused(&["vendor/lib"]) && refused(&["src/**", "vendor/lib/**"]));
    assert!(!refused(&["vendor/**"]) && !refused(&["vendor/library/x"]));

    let left_out = submodules::bring(room.path(), &house.scratch.path(), &all).unwrap();
    assert!(left_out.is_empty(), "{left_out:?}");
    let file = room.path().join("vendor/lib/lib.rs");
    assert_eq!(fs::read_to_string(&file).unwrap(), "pub fn f() {}\n");
    fs::write(&file, "changed").unwrap();
    put(&room, "vendor/lib/new.rs", "x");
    assert_eq!(git(room.path(), &["status", "--porcelain"]), "");
    assert!(matches!(seal(&room), RoomState::Kept { changed, .. } if changed.is_empty()));
    fs::remove_dir_all(house.scratch.path().join("vendor/lib")).unwrap();
    let left_out = submodules::bring(room.path(), &house.scratch.path(), &all).unwrap();
    assert!(
        left_out[0].contains("git submodule update --init"),
        "{left_out:?}"
    );
}

#[test]
fn the_size_of_a_room_is_remembered_and_counts_no_shared_files() {
    let house = house_that_ignores("/big\n/store\n");
    let room = house.room("a1");
    assert_eq!(room.disk_use(), None);
    let before = room.measure();
    assert_eq!(before.files, 6, "five files and the pointer");
    house.scratch.write("store", &"x".repeat(1 << 20));
    let settings = RoomSettings {
        hardlink: names(&["store"]),
        ..RoomSettings::default()
    };
    bring(&house, &room, &settings);
    put(&room, "big", &"x".repeat(1 << 20));
    let after = room.measure();
    let grown = after.bytes - before.bytes;
    assert!((1 << 20..2 << 20).contains(&grown), "{grown}");
    assert_eq!(room.disk_use(), Some(after));
    let known = git_wp::worktree::disk::known(&house.repo);
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].disk, Some(after));
    house.rooms.remove(&room).unwrap();
    assert!(git_wp::worktree::disk::known(&house.repo).is_empty());
}
