//! Finds the plan that `CHANGE` names, and reads it.
//!
//! `CHANGE` is the path of a plan file or of the folder of a feature, or a name that is looked up
//! where the formats keep their features; see [`places`]. Archived changes are not found by name.
//! Nothing is written here.

use std::path::{Path, PathBuf};

use crate::base::text::foreign;
use crate::base::{Error, FeatureId, Result};
use crate::commands::places::{self, PLAN_FILE};
use crate::commands::purple;
use crate::os::file;
use crate::plan::limits;

/// What `CHANGE` turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A plan file.
    Plan(PlanFile),
    /// A change without a plan file: one package that may write everything.
    Linear(LinearChange),
}

/// A plan file as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// How it is named: relative to the root where it lies inside.
    pub source: String,
    /// Where it is, absolute.
    pub path: PathBuf,
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A change without a plan file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearChange {
    /// The change-id.
    pub feature: FeatureId,
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// The same relative to the root.
    pub source: String,
}

/// Finds what `word` names. `here` is where paths start, `root` is the top of the checkout.
///
/// # Errors
/// Usage: there is no such change, or its plan cannot be read.
pub fn find(word: &str, here: &Path, root: &Path) -> Result<Change> {
    let named = match is_id(word) {
        true => places::named(word, root)?,
        false => Vec::new(),
    };
    match named.as_slice() {
        [] => {}
        [folder] => return in_folder(folder, root),
        several => return Err(ambiguous(word, several, root)),
    }
    let path = here.join(word);
    if path.is_dir() {
        return in_folder(&path, root);
    }
    if path.symlink_metadata().is_err() {
        return Err(unknown(word, root));
    }
    Ok(Change::Plan(read(&path, root)?))
}

/// The change that a `tasks.md` of OpenSpec belongs to: without a task in it, it is a change
/// without a plan.
pub fn without_tasks(file: &PlanFile, root: &Path) -> Option<LinearChange> {
    let is_change = file.folder.parent() == Some(&changes_dir(root));
    let is_list = file.path.file_name().is_some_and(|name| name == "tasks.md");
    let name = file.folder.file_name().and_then(|name| name.to_str());
    let feature = name.and_then(FeatureId::parse);
    feature
        .filter(|_| is_change && is_list)
        .map(|feature| LinearChange {
            feature,
            folder: file.folder.clone(),
            source: shown(&file.folder, root),
        })
}

/// The only change with a plan file, for verbs that may be called without `CHANGE`.
///
/// # Errors
/// Usage: there is none, or there are several.
pub fn only(root: &Path) -> Result<String> {
    let mut ids = ids(root);
    ids.retain(|id| changes_dir(root).join(id).join(PLAN_FILE).is_file());
    match ids.len() {
        1 => Ok(ids.remove(0)),
        0 => Err(
            Error::usage("change-unknown", "no change here has a plan").hint(format!(
                "write openspec/changes/CHANGE/{PLAN_FILE}, or name a path"
            )),
        ),
        _ => Err(Error::usage("change-missing", "which change?").hint(listed(&ids))),
    }
}

/// Ids of the changes that are not archived, sorted.
pub fn ids(root: &Path) -> Vec<String> {
    let dir = changes_dir(root);
    let names = file::names(&dir).unwrap_or_default();
    let names = names.into_iter().filter_map(|n| n.into_string().ok());
    names.filter(|n| is_id(n) && dir.join(n).is_dir()).collect()
}

/// The folder that holds the changes.
pub fn changes_dir(root: &Path) -> PathBuf {
    root.join("openspec").join("changes")
}

fn in_folder(folder: &Path, root: &Path) -> Result<Change> {
    match places::plan_files(folder).as_slice() {
        [] => {}
        [plan] => return Ok(Change::Plan(read(plan, root)?)),
        several => {
            let word = shown(folder, root);
            return Err(ambiguous(&word, several, root));
        }
    }
    let is_change = folder.parent() == Some(&changes_dir(root));
    let name = folder.file_name().and_then(|n| n.to_str()).unwrap_or("");
    let feature = FeatureId::parse(name).filter(|_| is_change);
    let feature = feature.ok_or_else(|| no_plan(folder, root))?;
    Ok(Change::Linear(LinearChange {
        feature,
        folder: folder.to_owned(),
        source: shown(folder, root),
    }))
}

fn read(path: &Path, root: &Path) -> Result<PlanFile> {
    let source = shown(path, root);
    let unreadable = |e: Error| {
        let message = format!("cannot read the plan `{}`", foreign(&source));
        Error::usage("plan-unreadable", message).because(e)
    };
    let bytes = file::read_bounded(path, PLAN_BYTES_MAX).map_err(unreadable)?;
    let bytes = bytes.ok_or_else(|| {
        let message = format!("there is no plan `{}`", foreign(&source));
        Error::usage("plan-unreadable", message)
    })?;
    let folder = path.parent().unwrap_or(root).to_owned();
    Ok(PlanFile {
        source,
        path: path.to_owned(),
        folder,
        bytes,
    })
}

/// One byte more than the guard takes, so that the guard is the one to say that it is too much.
const PLAN_BYTES_MAX: u64 = limits::BYTES_MAX as u64 * 64;

/// Relative to the root where it lies inside, with `/` between parts.
fn shown(path: &Path, root: &Path) -> String {
    let resolved = path.parent().and_then(|p| p.canonicalize().ok());
    let full = match (resolved, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    };
    let inside = full.strip_prefix(root).unwrap_or(&full);
    inside.to_string_lossy().into_owned()
}

/// A name that can only be a folder of `openspec/changes`.
fn is_id(word: &str) -> bool {
    FeatureId::parse(word).is_some()
        && !word.contains(['/', '\\', '\0'])
        && !word.starts_with(['.', '-'])
        && word != "archive"
}

fn ambiguous(word: &str, found: &[PathBuf], root: &Path) -> Error {
    let paths = found.iter().map(|path| shown(path, root));
    let paths: Vec<String> = paths.map(|path| foreign(&path).to_string()).collect();
    let message = format!("`{}` can be any of {}", foreign(word), paths.join(", "));
    Error::usage("change-ambiguous", message).hint("name the path of the one you mean")
}

fn no_plan(folder: &Path, root: &Path) -> Error {
    let path = shown(folder, root);
    if let Some(error) = purple::no_specification(&path) {
        return error;
    }
    let message = format!("there is no plan in the folder `{}`", foreign(&path));
    Error::usage("change-unknown", message).hint(format!(
        "name the plan file, or write {PLAN_FILE} or tasks.md there"
    ))
}

fn unknown(word: &str, root: &Path) -> Error {
    if let Some(error) = purple::no_folder(word) {
        return error;
    }
    let message = format!("there is no change or plan `{}`", foreign(word));
    let error = Error::usage("change-unknown", message);
    let ids = ids(root);
    if ids.is_empty() {
        error.hint(format!(
            "write openspec/changes/CHANGE/{PLAN_FILE}, or name a path"
        ))
    } else {
        error.hint(listed(&ids))
    }
}

fn listed(ids: &[String]) -> String {
    let shown: Vec<String> = ids
        .iter()
        .take(8)
        .map(|id| foreign(id).to_string())
        .collect();
    let more = if ids.len() > shown.len() { " ..." } else { "" };
    format!("changes here: {}{more}", shown.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn root() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for (id, plan) in [
            ("add-a", true),
            ("add-b", false),
            ("archive/2026-add-c", true),
        ] {
            let change = changes_dir(&root).join(id);
            fs::create_dir_all(&change).unwrap();
            if plan {
                fs::write(change.join(PLAN_FILE), "x").unwrap();
            }
        }
        (folder, root)
    }

    fn source(word: &str, root: &Path) -> String {
        match find(word, root, root).unwrap() {
            Change::Plan(plan) => plan.source,
            Change::Linear(change) => format!("linear {}", change.feature),
        }
    }

    #[test]
    fn a_change_is_found_by_id_by_folder_and_by_path() {
        let (_folder, root) = root();
        let path = "openspec/changes/add-a/work-packages.yaml";
        assert_eq!(source("add-a", &root), path);
        assert_eq!(source("openspec/changes/add-a", &root), path);
        assert_eq!(source(path, &root), path);
        assert_eq!(source("add-b", &root), "linear add-b");
        assert_eq!(only(&root).unwrap(), "add-a");
    }

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        let (_folder, root) = root();
        for word in [
            "add-c",
            "archive",
            "../add-a",
            "-x",
            "--upload-pack=x",
            "con",
        ] {
            let error = find(word, &root, &root).unwrap_err();
            assert_eq!(error.code(), "change-unknown", "{word}");
            assert_eq!(error.hints(), ["changes here: add-a add-b"], "{word}");
        }
        let error = find("", &root, &root).unwrap_err();
        assert!(
            error.to_string().contains("no plan in the folder"),
            "{error}"
        );
    }
}
