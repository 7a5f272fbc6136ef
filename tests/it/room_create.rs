//! Making rooms: where they stand, what they hold, and every half-made state.

use std::fs;
use std::path::Path;

use git_wp::base::AttemptId;
use git_wp::worktree::Rooms;
use git_wp::worktree::place::{self, Wishes};

use crate::support::house::{House, branch, person, put};
use crate::support::{FORMATS, Scratch, git};

#[test]
fn a_room_stands_beside_the_checkout_on_its_own_branch_in_every_format() {
    for format in FORMATS {
        let house = House::around(Scratch::with_format(format));
        let before = house.scratch.git(&["config", "--list", "--local"]);
        let room = house.room("a1");
        assert_eq!(room.path(), house.scratch.beside("repo.wp").join("wp-a1"));
        assert_eq!(fs::read(room.path().join("src/a.txt")).unwrap(), b"a\n");
        assert_eq!(git(room.path(), &["status", "--porcelain"]), "");
        let head = git(room.path(), &["symbolic-ref", "HEAD"]);
        assert_eq!(head, branch("a1").as_str());
        assert_eq!(house.scratch.git(&["config", "--list", "--local"]), before);
        assert!(
            house
                .scratch
                .git(&["worktree", "list", "-v"])
                .contains("attempt a1")
        );
        let found = house.rooms.find(&AttemptId::parse("a1").unwrap()).unwrap();
        assert_eq!(found.unwrap().path(), room.path());
        assert_eq!(house.room("a1").path(), room.path());
        house.rooms.remove(&room).unwrap();
        assert!(!room.path().exists());
        assert!(house.rooms.list().unwrap().is_empty());
        assert_eq!(house.scratch.oid(branch("a1").as_str()), *room.base());
        house.scratch.assert_sound();
    }
}

/// Bends a whole room back into a state in which a killed process may have left it.
type Bend = fn(folder: &Path, git_dir: &Path);

const HALF_MADE: [(&str, Bend); 13] = [
    ("nothing but the intent", |folder, git_dir| {
        fs::remove_dir_all(folder).unwrap();
        fs::remove_dir_all(git_dir).unwrap();
    }),
    ("an empty folder", |folder, git_dir| {
        fs::remove_dir_all(folder).unwrap();
        fs::create_dir(folder).unwrap();
        fs::remove_dir_all(git_dir).unwrap();
    }),
    ("a folder with an empty pointer", |folder, git_dir| {
        fs::remove_dir_all(folder).unwrap();
        fs::create_dir(folder).unwrap();
        fs::write(folder.join(".git"), "").unwrap();
        fs::remove_dir_all(git_dir).unwrap();
    }),
    ("a folder with half a pointer", |folder, _| {
        fs::remove_dir_all(folder).unwrap();
        fs::create_dir(folder).unwrap();
        fs::write(folder.join(".git"), "gitdir: /tm").unwrap();
    }),
    ("a pointer and no git data", |folder, git_dir| {
        let pointer = fs::read(folder.join(".git")).unwrap();
        fs::remove_dir_all(folder).unwrap();
        fs::create_dir(folder).unwrap();
        fs::write(folder.join(".git"), pointer).unwrap();
        fs::remove_dir_all(git_dir).unwrap();
    }),
    ("empty git data without a folder", |folder, git_dir| {
        fs::remove_dir_all(folder).unwrap();
        fs::remove_dir_all(git_dir).unwrap();
        fs::create_dir(git_dir).unwrap();
    }),
    ("git data with an empty gitdir", |folder, git_dir| {
        fs::remove_dir_all(folder).unwrap();
        fs::write(git_dir.join("gitdir"), "").unwrap();
    }),
    ("git data without commondir", |_, git_dir| {
        fs::remove_file(git_dir.join("commondir")).unwrap();
    }),
    ("git data with an empty HEAD", |_, git_dir| {
        fs::write(git_dir.join("HEAD"), "").unwrap();
    }),
    ("only the lock reason", |folder, git_dir| {
        fs::remove_dir_all(folder).unwrap();
        fs::remove_dir_all(git_dir).unwrap();
        fs::create_dir(git_dir).unwrap();
        fs::write(git_dir.join("locked"), "initializing").unwrap();
    }),
    ("a locked index and half the files", |folder, git_dir| {
        fs::remove_dir_all(folder.join("src")).unwrap();
        fs::rename(git_dir.join("index"), git_dir.join("index.lock")).unwrap();
    }),
    ("a locked HEAD", |_, git_dir| {
        fs::write(git_dir.join("HEAD.lock"), "").unwrap();
    }),
    ("everything but the second record", |_, _| {}),
];

#[test]
fn every_half_made_room_is_made_whole_by_the_next_create() {
    let house = House::new();
    for (number, (state, bend)) in HALF_MADE.into_iter().enumerate() {
        let attempt = format!("h{number}");
        let room = house.room(&attempt);
        bend(room.path(), &room.git_dir());
        unmake_record(&house, &attempt);
        let other = house.try_room(&format!("o{number}"), &[]);
        assert!(other.is_ok(), "{state}: another room: {other:?}");
        let room = house.try_room(&attempt, &[]);
        let room = room.unwrap_or_else(|error| panic!("{state}: {error:?}"));
        assert_eq!(git(room.path(), &["status", "--porcelain"]), "", "{state}");
        house.scratch.git(&["worktree", "list"]);
    }
    house.scratch.assert_sound();
}

#[test]
fn a_room_that_a_live_process_fills_is_left_alone() {
    let house = House::new();
    let room = house.room("a1");
    unmake_record(&house, "a1");
    let filling = house.repo.wp_dir().join("rooms/a1.filling");
    let held = git_wp::os::lock::try_lock(&filling).unwrap().unwrap();
    house.room("o1");
    assert!(room.path().join("src").exists());
    let refused = house.try_room("a1", &[]).unwrap_err();
    assert_eq!(refused.code(), "room-exists", "{refused:?}");
    // Killed now: the next one clears it away and makes it whole.
    drop(held);
    fs::remove_dir_all(room.path().join("src")).unwrap();
    house.room("o2");
    assert!(!room.path().exists());
    assert!(house.room("a1").path().join("src").exists());
}

/// Makes the record of a room say that it is still being made.
fn unmake_record(house: &House, attempt: &str) {
    set_stage(house, attempt, "making");
}

fn set_stage(house: &House, attempt: &str, stage: &str) {
    let path = house.repo.wp_dir().join(format!("rooms/{attempt}.json"));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"stage\":\"made\""));
    fs::write(
        &path,
        text.replace("\"stage\":\"made\"", &format!("\"stage\":\"{stage}\"")),
    )
    .unwrap();
}

#[test]
fn a_room_that_is_removed_in_part_is_removed_by_the_next_command() {
    let house = House::new();
    let bends: [fn(&Path, &Path); 3] = [
        |_, _| {},
        |folder, _| {
            let gone = folder.with_file_name(".gone-r1");
            fs::rename(folder, &gone).unwrap();
            fs::remove_file(gone.join(".git")).unwrap();
        },
        |folder, git_dir| {
            fs::remove_dir_all(folder).unwrap();
            fs::remove_file(git_dir.join("HEAD")).unwrap();
        },
    ];
    for bend in bends {
        let room = house.room("r1");
        bend(room.path(), &room.git_dir());
        set_stage(&house, "r1", "removing");
        let recovered = house.rooms.recover().unwrap();
        assert_eq!(recovered, [AttemptId::parse("r1").unwrap()]);
        assert!(!room.path().exists() && !room.git_dir().exists());
        let names = git_wp::os::file::names(house.rooms.parent()).unwrap();
        assert!(names.is_empty(), "{names:?}");
    }
}

#[test]
fn a_locked_branch_of_a_killed_process_is_freed() {
    let house = House::new();
    let room = house.room("a1");
    unmake_record(&house, "a1");
    let lock = house.repo.refs().lock_path(room.branch());
    fs::write(&lock, "").unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    fs::File::options()
        .write(true)
        .open(&lock)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    house.room("a1");
    assert!(!lock.exists());
}

#[test]
fn a_half_made_room_whose_branch_moved_keeps_its_branch() {
    let house = House::new();
    let room = house.room("a1");
    put(&room, "src/new.txt", "x");
    git(room.path(), &["add", "-A"]);
    git(room.path(), &["commit", "-q", "-m", "moved"]);
    unmake_record(&house, "a1");
    let head = house.scratch.oid(branch("a1").as_str());
    let error = house.try_room("a1", &[]).unwrap_err();
    assert_eq!(error.code(), "branch-exists");
    assert_eq!(house.scratch.oid(branch("a1").as_str()), head);
}

#[test]
fn rooms_are_made_by_many_processes_at_once() {
    let house = House::new();
    std::thread::scope(|scope| {
        for number in 0..12 {
            let house = &house;
            scope.spawn(move || house.room(&format!("p{number}")));
        }
    });
    assert_eq!(house.rooms.list().unwrap().len(), 12);
    house.scratch.assert_sound();
}

#[test]
fn a_sparse_room_has_the_top_and_the_scope_and_stays_clean() {
    for format in [FORMATS[0], FORMATS[2]] {
        let house = House::around(Scratch::with_format(format));
        let room = house.try_room("s1", &["src/deep/**"]).unwrap();
        assert!(room.path().join("README").exists());
        assert!(room.path().join("src/deep/b.txt").exists());
        assert!(!room.path().join("docs").exists() && !room.path().join("src/a.txt").exists());
        let config = house.scratch.git(&["config", "--list", "--local"]);
        assert!(
            !config.to_lowercase().contains("worktreeconfig"),
            "{config}"
        );
        put(&room, "src/deep/new.txt", "n\n");
        let state = crate::support::house::seal(&room);
        let git_wp::model::RoomState::Kept { head, changed, .. } = state else {
            panic!("{state:?}");
        };
        assert_eq!(changed, ["src/deep/new.txt".into()]);
        assert!(
            house
                .listing(head.as_str())
                .contains(&"docs/c.md".to_owned())
        );
    }
}

#[test]
fn a_place_is_tried_and_lies_in_no_work_tree() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let inside = scratch.path().join("rooms");
    let wanted = |path: &Path| {
        let wishes = Wishes {
            wanted: Some(path),
            state_dir: None,
        };
        place::choose(&repo, wishes)
    };
    let error = wanted(&inside).unwrap_err();
    assert!(error.message().contains("lies in the work tree"), "{error}");
    assert!(!inside.exists());
    let file = scratch.beside("file");
    fs::write(&file, "").unwrap();
    assert_eq!(wanted(&file).unwrap_err().code(), "worktree-dir");
    assert_eq!(
        wanted(Path::new("../mine")).unwrap(),
        scratch.beside("mine")
    );

    // Beside the checkout is not possible: the user's state folder is next, then the git folder.
    fs::write(scratch.beside("repo.wp"), "in the way").unwrap();
    let state = scratch.beside("state");
    let wishes = Wishes {
        wanted: None,
        state_dir: Some(&state),
    };
    assert!(
        place::choose(&repo, wishes)
            .unwrap()
            .starts_with(state.join("trees"))
    );
    let last = place::choose(&repo, Wishes::default()).unwrap();
    assert_eq!(last, repo.wp_dir().join("trees"));
    let rooms = Rooms::new(repo.clone(), last, person());
    assert!(rooms.list().unwrap().is_empty());
}

#[test]
fn a_checkout_inside_another_one_gets_its_rooms_elsewhere() {
    let outer = Scratch::new();
    let inner = outer.path().join("inner");
    fs::create_dir(&inner).unwrap();
    git(&inner, &["init", "-q"]);
    let repo = git_wp::git::Repo::discover(&inner).unwrap();
    let place = place::choose(&repo, Wishes::default()).unwrap();
    assert_eq!(place, repo.wp_dir().join("trees"));
}
