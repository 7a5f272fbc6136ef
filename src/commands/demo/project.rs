//! The small project of the demo, as a repository with one commit.

use std::path::Path;

use crate::base::{Error, RefName, Result};
use crate::git::{Expected, Git, NewCommit, Person, Repo, Sub};
use crate::model::Durability;
use crate::os::clock;
use crate::os::file::{self, Access};

macro_rules! project_files {
    ($($access:ident $path:literal),* $(,)?) => {
        &[$(($path, Access::$access, include_str!(concat!("project/", $path)))),*]
    };
}

/// Path, mode and content of every file.
const FILES: &[(&str, Access, &str)] = project_files![
    Shared "README.md",
    Program "bin/shelf",
    Shared "contracts/record.schema.json",
    Shared "tests/run.sh",
    Shared "tests/shelf.test.sh",
    Shared "openspec/changes/add-shelf/proposal.md",
    Shared "openspec/changes/add-shelf/design.md",
    Shared "openspec/changes/add-shelf/tasks.md",
    Shared "openspec/changes/add-shelf/work-packages.yaml",
];

/// Makes the repository at `folder`, with everything committed on `main`.
pub(super) fn make(folder: &Path) -> Result<Repo> {
    for (path, access, content) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            file::make_shared_dirs(parent)?;
        }
        file::replace(&path, content.as_bytes(), *access, Durability::Off)?;
    }
    let init = ["--quiet", "--initial-branch=main", "--template="];
    Git::in_folder(folder)
        .call(Sub::Init)
        .args(init)
        .arg(".")
        .output()?;
    let repo = Repo::discover(folder)?;
    let person = Person {
        name: "Demo".to_owned(),
        email: "demo@example.org".to_owned(),
    };
    repo.git().set_local("user.name", &person.name)?;
    repo.git().set_local("user.email", &person.email)?;
    commit(&repo, &person)?;
    Ok(repo)
}

fn commit(repo: &Repo, person: &Person) -> Result<()> {
    let git = repo.git_in_work_dir()?;
    let paths = FILES.iter().map(|(path, _, _)| *path);
    git.call(Sub::UpdateIndex)
        .args(["--add", "--"])
        .args(paths)
        .output()?;
    let tree = git.call(Sub::WriteTree).oid()?;
    let objects = repo.objects();
    let head = objects.write_commit(&NewCommit {
        tree: &tree,
        parents: &[],
        by: person,
        at: clock::now(),
        message: "A shelf without commands, and a plan for them\n",
    })?;
    objects.flush(Durability::Off)?;
    let main = RefName::parse("refs/heads/main").expect("a literal in the right form");
    let (new, old) = (Some(&head), &Expected::Absent);
    let swapped = repo
        .refs()
        .swap(&main, new, old, "wp: demo", Durability::Off);
    swapped.map_err(|e| e.into_error(&main))
}

/// Checks a branch out, as `git switch` would; the checkout is clean.
pub(super) fn check_out(repo: &Repo, branch: &str) -> Result<()> {
    let name = format!("refs/heads/{branch}");
    let git = repo.git_in_work_dir()?;
    git.call(Sub::ReadTree)
        .args(["-m", "-u", "HEAD", &name])
        .output()?;
    let name =
        RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` is not a ref name")))?;
    git.call(Sub::SymbolicRef)
        .args(["HEAD", name.as_str()])
        .output()
        .map(drop)
}
