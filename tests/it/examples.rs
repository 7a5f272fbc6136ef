//! The examples are true: the shell parts of `examples/workers/` run as they are written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use git_wp::base::json::{self, Value};
use serde_yaml::Value as Yaml;

use super::support::plans::Pkg;
use super::support::{Scratch, git};

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/workers");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn yaml(name: &str) -> Yaml {
    serde_yaml::from_str(&example(name)).unwrap()
}

/// The items of a list of texts, one per line.
#[track_caller]
fn lines(list: &Yaml) -> String {
    let items = list.as_sequence().unwrap().iter();
    let items: Vec<&str> = items.map(|item| item.as_str().unwrap()).collect();
    items.join("\n")
}

/// A bare repository, the checkout of whoever merges, and a home for every worker.
struct Farm {
    scratch: Scratch,
    plan: String,
}

impl Farm {
    fn new() -> Self {
        let scratch = Scratch::new();
        // Two that can only be done side by side: both workers are needed.
        let meet = |own: &str, other: &str| {
            let marks = scratch.beside("marks");
            fs::create_dir_all(&marks).unwrap();
            let (marks, folder) = (marks.display(), format!("wp-{own}"));
            let wait = format!("until test -e {marks}/{other}; do sleep 0.05; done");
            let work = format!("mkdir -p {folder} && echo {own} > {folder}/file");
            Pkg::new(&folder).run(&format!("touch {marks}/{own}; {wait}; {work}"))
        };
        let last = Pkg::new("wp-c").after(&["wp-a", "wp-b"]);
        scratch.add_plan("x", &[meet("a", "b"), meet("b", "a"), last]);
        let bare = scratch.beside("bare.git");
        let bare = bare.to_str().unwrap();
        scratch.git(&["init", "-q", "--bare", "-b", "main", bare]);
        scratch.git(&["remote", "add", "origin", bare]);
        scratch.git(&["push", "-q", "origin", "main"]);
        scratch.wp(&["init", "--remote", "origin"]).expect(0);
        let data = scratch.wp(&["approve", "x", "--json"]).expect(0).data();
        let plan = data["plan"].as_str().unwrap().to_owned();
        Farm { scratch, plan }
    }

    fn bare(&self) -> PathBuf {
        self.scratch.beside("bare.git")
    }

    fn home(&self, worker: usize) -> PathBuf {
        let home = self.scratch.beside(&format!("worker-{worker}"));
        fs::create_dir_all(&home).unwrap();
        home
    }

    /// A clone as the system that starts the worker makes it.
    fn checkout(&self, worker: usize) -> PathBuf {
        let folder = self.home(worker).join("checkout");
        let bare = format!("file://{}", self.bare().display());
        let folder_text = folder.to_str().unwrap();
        git(
            &self.home(worker),
            &["clone", "-q", "--no-local", &bare, folder_text],
        );
        folder
    }

    /// A shell script as it runs on a machine of its own: with nothing but `PATH` and a home.
    fn script(&self, worker: usize, shell: &[&str], text: &str, folder: &Path) -> Command {
        let home = self.home(worker);
        let bin = home.join("bin");
        fs::create_dir_all(&bin).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_git-wp"));
        let _ = std::os::unix::fs::symlink(program, bin.join("git-wp"));
        let mut command = Command::new(shell[0]);
        let path = std::env::var("PATH").unwrap();
        command
            .args(&shell[1..])
            .arg(text)
            .current_dir(folder)
            .env_clear()
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("WP_PLAN_SHA256", &self.plan)
            .env("GIT_WP_JOBS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Two workers, and one that merges. Everything is merged by attempts of the workers.
    fn harvest(&self, mut worker: impl FnMut(usize) -> Command) {
        let merge = ["implement", "x", "--schedule-only", "--json"];
        let mut command = self.scratch.wp_command(&merge);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let merging = command.spawn().unwrap();
        let workers: Vec<Child> = (0..2).map(|i| worker(i).spawn().unwrap()).collect();
        for worker in workers {
            said(worker.wait_with_output().unwrap());
        }
        let output = said(merging.wait_with_output().unwrap());
        let document: Value = json::parse(output.trim().as_bytes()).unwrap();
        assert_eq!(document["data"]["result"], "merged", "{document}");
        self.scratch.git(&["show", "openspec/x:wp-c/file"]);
        git(&self.bare(), &["fsck", "--strict", "--no-dangling"]);
    }
}

/// What a program said that ended well.
#[track_caller]
fn said(output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    text
}

#[test]
fn workers_on_github_actions_run_as_written() {
    let workflow = yaml("github-actions.yml");
    assert_eq!(workflow["permissions"]["contents"], Yaml::from("write"));
    let job = &workflow["jobs"]["worker"];
    let matrix = job["strategy"]["matrix"]["worker"].as_sequence().unwrap();
    assert!(matrix.len() > 1);
    let steps = job["steps"].as_sequence().unwrap();
    assert!(
        steps[0]["uses"]
            .as_str()
            .unwrap()
            .starts_with("actions/checkout@")
    );
    assert_eq!(steps[0]["with"]["fetch-depth"], Yaml::from(0));
    let work = steps.iter().find(|step| step["name"] == "Work").unwrap();
    let hash = work["env"]["WP_PLAN_SHA256"].as_str().unwrap();
    assert_eq!(hash, "${{ inputs.plan_sha256 }}");
    let farm = Farm::new();
    farm.harvest(|worker| {
        let folder = farm.checkout(worker);
        let shell = ["bash", "-eo", "pipefail", "-c"];
        farm.script(worker, &shell, work["run"].as_str().unwrap(), &folder)
    });
}

#[test]
fn workers_on_gitlab_run_as_written() {
    let job = &yaml("gitlab-ci.yml")["wp-worker"];
    assert!(job["parallel"].as_u64().unwrap() > 1);
    assert_eq!(job["variables"]["GIT_DEPTH"], Yaml::from("0"));
    let text = format!(
        "{}\n{}",
        lines(&job["before_script"]),
        lines(&job["script"])
    );
    let farm = Farm::new();
    farm.harvest(|worker| {
        let folder = farm.checkout(worker);
        let mut command = farm.script(worker, &["bash", "-eo", "pipefail", "-c"], &text, &folder);
        let place = farm.bare();
        let server = format!("file://{}", place.parent().unwrap().display());
        command
            .env("CI_SERVER_URL", server)
            .env("CI_SERVER_HOST", "gitlab.example.org")
            .env("CI_PROJECT_PATH", "bare")
            .env("WP_TOKEN", "secret");
        command
    });
}

#[test]
fn workers_on_slurm_run_as_written() {
    let text = example("slurm.sbatch");
    assert!(text.starts_with("#!/bin/bash\n"));
    let head = text
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('#'));
    assert!(
        head.into_iter()
            .any(|line| line.starts_with("#SBATCH --array=0-"))
    );
    let farm = Farm::new();
    farm.harvest(|worker| {
        let home = farm.home(worker);
        let mut command = farm.script(worker, &["bash", "-c"], &text, &home);
        let srun = home.join("bin/srun");
        fs::write(&srun, "#!/bin/sh\nexec \"$@\"\n").unwrap();
        fs::set_permissions(&srun, fs::Permissions::from_mode(0o755)).unwrap();
        command.env("WP_REPOSITORY", farm.bare());
        command
    });
    for worker in 0..2 {
        let left = fs::read_dir(farm.home(worker)).unwrap();
        let left = left.filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("wp-worker")
        });
        assert_eq!(left.count(), 0, "a worker cleans up after a good end");
    }
}

#[test]
fn workers_on_kubernetes_run_as_written() {
    let job = yaml("kubernetes-job.yaml");
    assert_eq!(job["apiVersion"], Yaml::from("batch/v1"));
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"], Yaml::from("Indexed"));
    assert_eq!(spec["completions"], spec["parallelism"]);
    let container = &spec["template"]["spec"]["containers"][0];
    assert_eq!(lines(&container["command"]), "/bin/sh\n-ec");
    let text = lines(&container["args"]);
    let names = container["env"].as_sequence().unwrap().iter();
    let names: Vec<&str> = names.map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["WP_REPOSITORY", "WP_PLAN_SHA256", "WP_TOKEN"]);
    let farm = Farm::new();
    farm.harvest(|worker| {
        let folder = farm.home(worker).join("work");
        fs::create_dir_all(&folder).unwrap();
        let mut command = farm.script(worker, &["/bin/sh", "-ec"], &text, &folder);
        command
            .env("JOB_COMPLETION_INDEX", worker.to_string())
            .env("WP_TOKEN", "secret")
            .env("WP_REPOSITORY", format!("file://{}", farm.bare().display()));
        command
    });
}
