//! Refs through git: all of reftable, and in the files backend what has a reflog or is deleted.

use std::path::PathBuf;

use crate::base::{Oid, RefName, Result};
use crate::git::cmd::malformed;
use crate::git::refs::swap::Expected;
use crate::git::repo::{RefStorage, Repo};
use crate::git::sub::Sub;
use crate::model::Durability;
use crate::os::file;

pub(super) fn read(repo: &Repo, name: &RefName) -> Result<Option<Oid>> {
    let found = for_each_ref(repo, name.as_str())?;
    let own = found.into_iter().find(|(found, _)| found == name.as_str());
    Ok(own.map(|(_, oid)| oid))
}

pub(super) fn list(repo: &Repo, folder: &str) -> Result<Vec<(RefName, Oid)>> {
    let found = for_each_ref(repo, &format!("{folder}/"))?;
    let named = |(name, oid): (String, Oid)| RefName::parse(&name).map(|name| (name, oid));
    Ok(found.into_iter().filter_map(named).collect())
}

/// The ref of exactly this name and those below it.
fn for_each_ref(repo: &Repo, pattern: &str) -> Result<Vec<(String, Oid)>> {
    let git = repo.git();
    let call = git
        .call(Sub::ForEachRef)
        .arg("--format=%(objectname) %(refname)");
    let bytes = call.arg(pattern).output()?;
    let text = String::from_utf8_lossy(&bytes);
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(malformed(Sub::ForEachRef));
    }
    text.lines()
        .map(|line| {
            let (oid, name) = line.split_once(' ')?;
            Some((name.to_owned(), Oid::parse(oid)?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| malformed(Sub::ForEachRef))
}

/// A ref, what it shall hold, and what it must hold before.
pub(super) type Wanted<'a> = (&'a RefName, Option<&'a Oid>, &'a Expected);

/// Changes all or none. A failure does not say whether a ref had moved: ask the refs.
pub(super) fn swap(
    repo: &Repo,
    changes: &[Wanted<'_>],
    reason: &str,
    durability: Durability,
) -> Result<()> {
    let null = repo.format().null();
    let mut input = String::new();
    for (name, new, expected) in changes {
        let old = match expected {
            Expected::Absent => Some(&null),
            Expected::Is(oid) => Some(oid),
            Expected::Any => None,
        };
        let old = old.map_or(String::new(), |oid| format!(" {oid}"));
        match new {
            Some(new) => input += &format!("update {name} {new}{old}\n"),
            // Git refuses to delete what is said to be absent, so nothing is there to do.
            None if **expected == Expected::Absent => input += &format!("verify {name}{old}\n"),
            None => input += &format!("delete {name}{old}\n"),
        }
    }
    let mut git = repo.git();
    if durability != Durability::Off {
        git = git.config("core.fsync=reference");
    }
    let call = git
        .call(Sub::UpdateRef)
        .args(["--no-deref", "--stdin", "-m"]);
    let answer = call.arg(one_line(reason)).input(input).run()?;
    if answer.code != 0 {
        return Err(answer.failure());
    }
    if durability == Durability::Full {
        sync(repo, changes)?;
    }
    Ok(())
}

fn sync(repo: &Repo, changes: &[Wanted<'_>]) -> Result<()> {
    let common = repo.common_dir();
    let mut folders: Vec<PathBuf> = vec![common.to_owned()];
    match repo.ref_storage() {
        RefStorage::Reftable => folders.push(common.join("reftable")),
        RefStorage::Files => {
            for (name, _, _) in changes {
                let path = common.join(name.as_str());
                let below = path.ancestors().skip(1).take_while(|dir| *dir != common);
                folders.extend(below.map(PathBuf::from));
            }
        }
    }
    folders.sort();
    folders.dedup();
    // Deleting a ref may have removed its folder.
    folders
        .iter()
        .filter(|dir| dir.is_dir())
        .try_for_each(|dir| file::sync_dir(dir))
}

fn one_line(reason: &str) -> String {
    let line: String = reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = line.trim();
    if line.is_empty() {
        "git wp".to_owned()
    } else {
        line.to_owned()
    }
}
