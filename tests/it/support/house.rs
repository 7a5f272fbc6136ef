//! A repository with rooms, for the tests of rooms and agents.

use std::path::PathBuf;

use git_wp::base::{AttemptId, FeatureId, Oid, PackageId, RefName, Result};
use git_wp::git::{Conversion, LargeFiles, Person, Repo};
use git_wp::model::RoomState;
use git_wp::worktree::room::Leftovers;
use git_wp::worktree::{Room, RoomSpec, Rooms, VerifyRooms, place};

use super::{Scratch, git, name};

/// A repository and its rooms.
pub(crate) struct House {
    pub(crate) scratch: Scratch,
    pub(crate) repo: Repo,
    pub(crate) rooms: Rooms,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::around(Scratch::new())
    }

    pub(crate) fn around(scratch: Scratch) -> Self {
        scratch.write(".gitignore", "ignored/\n*.log\n");
        scratch.write("src/a.txt", "a\n");
        scratch.write("src/deep/b.txt", "b\n");
        scratch.write("docs/c.md", "c\n");
        scratch.commit("files");
        let repo = scratch.repo();
        let parent = place::choose(&repo, place::Wishes::default()).unwrap();
        let rooms = Rooms::new(repo.clone(), parent, person());
        House {
            scratch,
            repo,
            rooms,
        }
    }

    /// A room in which files of LFS are what `large` says.
    pub(crate) fn room_with(&self, attempt: &str, large: LargeFiles) -> Room {
        let repo = self.repo.clone().with_large_files(large);
        let rooms = Rooms::new(repo, self.rooms.parent().to_owned(), person());
        self.room_of(&rooms, attempt, &[]).unwrap()
    }

    pub(crate) fn room(&self, attempt: &str) -> Room {
        self.try_room(attempt, &[]).unwrap()
    }

    pub(crate) fn try_room(&self, attempt: &str, sparse: &[&str]) -> Result<Room> {
        self.room_of(&self.rooms, attempt, sparse)
    }

    fn room_of(&self, rooms: &Rooms, attempt: &str, sparse: &[&str]) -> Result<Room> {
        let sparse: Vec<String> = sparse.iter().map(|p| (*p).to_owned()).collect();
        rooms.create(&RoomSpec {
            feature: &FeatureId::parse("add-auth").unwrap(),
            package: &PackageId::parse("wp-api").unwrap(),
            attempt: &AttemptId::parse(attempt).unwrap(),
            branch: &branch(attempt),
            base: &self.scratch.oid("main"),
            start: &self.scratch.oid("main"),
            sparse: &sparse,
        })
    }

    pub(crate) fn verify_rooms(&self) -> VerifyRooms {
        VerifyRooms::new(self.repo.clone(), self.rooms.parent().to_owned())
    }

    /// What git says stands in a tree-ish, with modes and ids.
    pub(crate) fn listing(&self, tree: &str) -> Vec<String> {
        let text = self.scratch.git(&["ls-tree", "-r", "--name-only", tree]);
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn content(&self, tree: &Oid, path: &str) -> String {
        self.scratch
            .git(&["cat-file", "-p", &format!("{tree}:{path}")])
    }
}

pub(crate) fn branch(attempt: &str) -> RefName {
    name(&format!("refs/heads/wp/add-auth/wp-api/{attempt}"))
}

pub(crate) fn person() -> Person {
    Person {
        name: "Wp".to_owned(),
        email: "wp@example.org".to_owned(),
    }
}

/// Commits what is left, with the attributes' conversion.
pub(crate) fn seal(room: &Room) -> RoomState {
    seal_with(room, Conversion::Attributes)
}

pub(crate) fn seal_with(room: &Room, conversion: Conversion) -> RoomState {
    let by = person();
    room.commit_leftovers(Leftovers {
        message: "wp-api: leftovers\n",
        by: &by,
        conversion,
    })
    .unwrap()
}

/// Writes a file in a room.
pub(crate) fn put(room: &Room, path: &str, content: &str) -> PathBuf {
    let path = room.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path
}

/// Runs git in a room as an agent would.
pub(crate) fn in_room(room: &Room, args: &[&str]) -> String {
    git(room.path(), args)
}
