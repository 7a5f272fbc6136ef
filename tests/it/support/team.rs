//! Several clones of one repository, and the remote between them.

use std::path::PathBuf;
use std::time::Duration;

use git_wp::base::{ActorId, AttemptId, RefName, Result};
use git_wp::git::Repo;
use git_wp::git::remote::Atomic;
use git_wp::model::{Durability, Settings};
use git_wp::state::record::By;
use git_wp::state::{Refusal, Request, View};
use git_wp::store::sync::{Exchange, SyncMode, SyncReport};
use git_wp::store::{Accepted, Load, Seat, Store};
use tempfile::TempDir;

use super::state::at;
use super::{FORMATS, git};

/// A bare repository and clones of it; all vanish with this value.
pub(crate) struct Team {
    folder: TempDir,
    format: (&'static str, &'static str),
    settings: Settings,
}

/// One clone, as one process sees it.
pub(crate) struct Clone {
    pub(crate) path: PathBuf,
    pub(crate) repo: Repo,
    pub(crate) store: Store,
    pub(crate) by: By,
}

impl Team {
    pub(crate) fn new() -> Self {
        Team::with_format(FORMATS[0])
    }

    pub(crate) fn with_format(format: (&'static str, &'static str)) -> Self {
        let settings = Settings {
            durability: Durability::Off,
            remote: Some("origin".to_owned()),
            ..Settings::default()
        };
        let team = Team {
            folder: TempDir::new().unwrap(),
            format,
            settings,
        };
        let (hash, refs) = team.flags();
        let path = team.remote();
        let path = path.to_str().unwrap();
        let init = ["init", "-q", "--bare", "-b", "main", &hash, &refs, path];
        git(team.folder.path(), &init);
        team
    }

    fn flags(&self) -> (String, String) {
        (
            format!("--object-format={}", self.format.0),
            format!("--ref-format={}", self.format.1),
        )
    }

    /// The bare repository.
    pub(crate) fn remote(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    /// Runs git in the bare repository.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.remote(), args)
    }

    /// The remote cannot be reached while `run` runs.
    pub(crate) fn cut_off<T>(&self, run: impl FnOnce() -> T) -> T {
        let away = self.folder.path().join("away");
        std::fs::rename(self.remote(), &away).unwrap();
        let result = run();
        std::fs::rename(&away, self.remote()).unwrap();
        result
    }

    /// A new clone with this actor id.
    pub(crate) fn join(&self, actor: &str) -> Clone {
        let path = self.folder.path().join(actor);
        let (hash, refs) = self.flags();
        let folder = path.to_str().unwrap();
        git(
            self.folder.path(),
            &["init", "-q", "-b", "main", &hash, &refs, folder],
        );
        git(&path, &["remote", "add", "origin", "../remote.git"]);
        git(&path, &["commit", "-q", "--allow-empty", "-m", "first"]);
        let wp = path.join(".git/wp");
        std::fs::create_dir_all(&wp).unwrap();
        std::fs::write(wp.join("actor"), format!("{actor}\n")).unwrap();
        self.open(actor)
    }

    /// The same clone as another process sees it.
    pub(crate) fn open(&self, actor: &str) -> Clone {
        let path = self.folder.path().join(actor);
        let repo = Repo::discover(&path).unwrap();
        Clone {
            store: Store::open(&repo, &self.settings, Seat::Outside),
            by: By {
                actor: ActorId::parse(actor).unwrap(),
                label: format!("{actor}@host"),
                at: at(0),
            },
            path,
            repo,
        }
    }
}

impl Clone {
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.path, args)
    }

    /// Submits a request as this clone's.
    pub(crate) fn ask(&self, mut request: Request) -> Result<Accepted, Refusal> {
        request.actor = self.by.actor.clone();
        request.label = self.by.label.clone();
        self.store.submit(vec![request]).unwrap().remove(0)
    }

    pub(crate) fn try_sync(
        &self,
        mode: SyncMode,
        beat: Option<&[AttemptId]>,
    ) -> Result<SyncReport> {
        let remote = self.repo.remote("origin")?;
        self.store.sync(&Exchange {
            remote: &remote,
            remote_ref: &RefName::parse("refs/wp/state").unwrap(),
            atomic: Atomic::Yes,
            by: &self.by,
            beat,
            lease: Duration::from_secs(60),
            mode,
        })
    }

    pub(crate) fn sync(&self) -> SyncReport {
        self.try_sync(SyncMode::Normal, None).unwrap()
    }

    pub(crate) fn view(&self) -> View {
        View::clone(&self.store.view(&Load::All).unwrap())
    }

    /// The tree of the state.
    pub(crate) fn tree(&self) -> String {
        self.git(&["rev-parse", "refs/wp/state^{tree}"])
    }

    /// Writes a state by hand on top of the one of this clone, and pushes it by force.
    pub(crate) fn push_by_hand(&self, path: &str, mode: &str, content: &[u8]) {
        let file = self.path.join("by-hand");
        std::fs::write(&file, content).unwrap();
        let blob = self.git(&["hash-object", "-w", "by-hand"]);
        let index = self.path.join(".git/by-hand-index");
        let run = |args: &[&str]| {
            let mut command = super::git_command(&self.path);
            let output = command
                .args(args)
                .env("GIT_INDEX_FILE", &index)
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        run(&["read-tree", "refs/wp/state"]);
        run(&[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("{mode},{blob},{path}"),
        ]);
        let tree = run(&["write-tree"]);
        let commit = run(&["commit-tree", &tree, "-p", "refs/wp/state", "-m", "by hand"]);
        run(&[
            "push",
            "-q",
            "--force",
            "origin",
            &format!("{commit}:refs/wp/state"),
        ]);
        std::fs::remove_file(index).unwrap();
        std::fs::remove_file(file).unwrap();
    }
}
