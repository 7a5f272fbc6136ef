//! How fast a room of a repository of 50,000 files is ready to work, beside `git worktree add`.
//!
//! `cargo bench --bench rooms` takes both in turns and prints medians and the median of the
//! ratios; `-- FILES ROUNDS` measures another size. A ratio below 1 means that `git wp` is faster.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use git_wp::base::{AttemptId, FeatureId, Oid, PackageId, RefName};
use git_wp::git::{Person, Repo};
use git_wp::worktree::{Room, RoomSpec, Rooms, place};

/// Files of one folder; a sparse room shows one folder and the top.
const FOLDER: usize = 1_000;

fn main() {
    let numbers = std::env::args().filter_map(|word| word.parse().ok());
    let numbers: Vec<usize> = numbers.collect();
    let files = numbers.first().copied().unwrap_or(50_000);
    let rounds = numbers.get(1).copied().unwrap_or(5);
    let scene = Scene::new(files);
    println!("{:<34} {:>9} {:>9}  ratio", "", "git wp", "git");
    for (word, kind) in [("full", Kind::Full), ("sparse", Kind::Sparse)] {
        for crowd in [1, 8] {
            let mut times = Vec::new();
            for round in 0..rounds {
                times.push(scene.round(kind, crowd, round));
            }
            tell(&format!("{files} files, {word}, {crowd} at once"), &times);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Full,
    Sparse,
}

/// One line: what, ours, theirs, ratio; medians all.
fn tell(what: &str, times: &[(Duration, Duration)]) {
    let ours = median(times.iter().map(|(ours, _)| ours.as_secs_f64()));
    let theirs = median(times.iter().map(|(_, theirs)| theirs.as_secs_f64()));
    let ratio = median(times.iter().map(|(o, t)| o.as_secs_f64() / t.as_secs_f64()));
    println!("{what:<34} {ours:>8.3}s {theirs:>8.3}s  x{ratio:.2}");
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Scene {
    folder: tempfile::TempDir,
    repo: Repo,
    rooms: Rooms,
    head: Oid,
}

impl Scene {
    fn new(files: usize) -> Self {
        let parent = std::env::var_os("BENCH_DIR").unwrap_or_else(|| std::env::temp_dir().into());
        let folder = tempfile::TempDir::new_in(parent).unwrap();
        let path = folder.path().join("repo");
        std::fs::create_dir(&path).unwrap();
        git(&path, &["init", "-q", "-b", "main"]);
        for i in 0..files {
            let place = path.join(format!("src/{}", i / FOLDER));
            std::fs::create_dir_all(&place).unwrap();
            std::fs::write(place.join(format!("{i}.txt")), format!("file {i}\n")).unwrap();
        }
        git(&path, &["add", "-A"]);
        git(&path, &["commit", "-q", "-m", "files"]);
        git(&path, &["repack", "-adq"]);
        let repo = Repo::discover(&path).unwrap();
        let head = repo.refs().head().unwrap().oid.unwrap();
        let parent = place::choose(&repo, place::Wishes::default()).unwrap();
        let by = Person {
            name: "Ann".to_owned(),
            email: "ann@example.org".to_owned(),
        };
        let rooms = Rooms::new(repo.clone(), parent, by);
        Scene {
            folder,
            repo,
            rooms,
            head,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// Ours and theirs; who is first changes from round to round.
    fn round(&self, kind: Kind, crowd: usize, round: usize) -> (Duration, Duration) {
        let ours = || self.ours(kind, crowd, round);
        let theirs = || self.theirs(kind, crowd);
        match round % 2 {
            0 => {
                let ours = ours();
                (ours, theirs())
            }
            _ => {
                let theirs = theirs();
                (ours(), theirs)
            }
        }
    }

    fn ours(&self, kind: Kind, crowd: usize, round: usize) -> Duration {
        let start = Instant::now();
        let made: Vec<Room> = std::thread::scope(|scope| {
            let make = |i| scope.spawn(move || self.room(kind, &format!("r{round}x{i}")));
            let threads: Vec<_> = (0..crowd).map(make).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let took = start.elapsed();
        for room in made {
            self.rooms.remove(&room).unwrap();
        }
        took
    }

    fn room(&self, kind: Kind, id: &str) -> Room {
        let sparse = match kind {
            Kind::Full => Vec::new(),
            Kind::Sparse => vec!["src/7/**".to_owned()],
        };
        let spec = RoomSpec {
            feature: &FeatureId::parse("f").unwrap(),
            package: &PackageId::parse("p").unwrap(),
            attempt: &AttemptId::parse(id).unwrap(),
            branch: &RefName::parse(&format!("refs/heads/wp/f/p/{id}")).unwrap(),
            base: &self.head,
            start: &self.head,
            sparse: &sparse,
        };
        let room = self.rooms.create(&spec).unwrap();
        assert!(room.path().join("src/7/7000.txt").exists());
        assert_eq!(room.path().join("src/8").exists(), kind == Kind::Full);
        room
    }

    fn theirs(&self, kind: Kind, crowd: usize) -> Duration {
        let places: Vec<PathBuf> = (0..crowd)
            .map(|i| self.folder.path().join(format!("git/{i}")))
            .collect();
        let start = Instant::now();
        let each = |place: &PathBuf| {
            let place = place.to_str().unwrap();
            let branch = format!("b{}", place.rsplit('/').next().unwrap());
            let add = format!("git worktree add -q --no-track -B {branch}");
            let script = match kind {
                Kind::Full => format!("{add} {place} HEAD"),
                Kind::Sparse => format!(
                    "{add} --no-checkout {place} HEAD && cd {place} \
                     && git sparse-checkout set --cone src/7 && git read-tree -m -u HEAD"
                ),
            };
            let mut shell = Command::new("sh");
            quiet(&mut shell, &self.path());
            shell.args(["-ec", &script]).spawn().unwrap()
        };
        let children: Vec<_> = places.iter().map(each).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let took = start.elapsed();
        for place in places {
            let place = place.to_str().unwrap();
            git(&self.path(), &["worktree", "remove", "--force", place]);
        }
        // What `git sparse-checkout` switches on would count for us, too.
        let config = self.repo.common_dir().join("config.worktree");
        let _ = std::fs::remove_file(config);
        let unset = ["config", "--unset", "extensions.worktreeConfig"];
        if kind == Kind::Sparse {
            git(&self.path(), &unset);
        }
        took
    }
}

fn quiet(command: &mut Command, folder: &Path) {
    command
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Ann")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "a@example.org")))
        .stdout(Stdio::null());
}

fn git(folder: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    quiet(&mut command, folder);
    let status = command.args(args).status().unwrap();
    assert!(status.success(), "git {args:?}");
}
