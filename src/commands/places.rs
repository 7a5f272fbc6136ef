//! Where the formats keep their features, and which file in such a folder is the plan.
//!
//! A name is the folder of a feature below one of [`HOMES`] or of a module's features; a number is
//! that of a task of team-implement, by `specs/state.json` or by the number of its folder.

use std::path::{Path, PathBuf};

use crate::base::json::Value;
use crate::base::{Error, Result, json};
use crate::os::file;

/// The name of a plan file in our own format.
pub(super) const PLAN_FILE: &str = "work-packages.yaml";

/// Folders that hold features by name.
const HOMES: [&str; 8] = [
    "openspec/changes",
    "documentation/features",
    "purple/documentation",
    ".kiro/specs",
    ".claude/specs",
    ".spec-workflow/specs",
    "kitty-specs",
    "specs",
];
const MODULES: &str = "documentation/modules";
const STATE_BYTES_MAX: u64 = 64 << 20;

/// Every feature folder with this name.
///
/// # Errors
/// Damaged: `specs/state.json` is asked for a task number and cannot be read.
pub(super) fn named(word: &str, root: &Path) -> Result<Vec<PathBuf>> {
    let homes = HOMES.iter().map(|home| root.join(home));
    let modules = names(&root.join(MODULES)).into_iter();
    let modules = modules.map(|module| root.join(MODULES).join(module).join("features"));
    let folders = homes.chain(modules).map(|home| home.join(word));
    let mut found: Vec<PathBuf> = folders.filter(|folder| folder.is_dir()).collect();
    if found.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
        found = of_task(word, root)?;
    }
    Ok(found)
}

/// The folder of a task of `specs/state.json`, else the one that carries its number.
fn of_task(number: &str, root: &Path) -> Result<Vec<PathBuf>> {
    let specs = root.join("specs");
    let Ok(number) = number.parse::<u64>() else {
        return Ok(Vec::new());
    };
    if let Some(name) = project_name(&specs.join("state.json"), number)? {
        let folders = [
            format!("{number:03}_{name}"),
            format!("{number}_{name}"),
            format!("OC_{number:03}_{name}"),
        ];
        let folders = folders.iter().map(|folder| specs.join(folder));
        let found: Vec<PathBuf> = folders.filter(|folder| folder.is_dir()).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let carries = |name: &String| {
        let digits = name.strip_prefix("OC_").unwrap_or(name);
        let digits = digits.split_once('_').map(|(digits, _)| digits);
        digits.and_then(|digits| digits.parse::<u64>().ok()) == Some(number)
    };
    let folders = names(&specs).into_iter().filter(carries);
    let folders = folders.map(|name| specs.join(name));
    Ok(folders.filter(|folder| folder.is_dir()).collect())
}

fn project_name(state: &Path, number: u64) -> Result<Option<String>> {
    let Some(bytes) = file::read_bounded(state, STATE_BYTES_MAX)? else {
        return Ok(None);
    };
    let state: Value = json::parse(&bytes).map_err(|e| {
        Error::usage("state-json", "cannot read `specs/state.json`").because(e.to_string())
    })?;
    let projects = state["active_projects"].as_array().into_iter().flatten();
    let mut ours = projects.filter(|p| p["project_number"].as_u64() == Some(number));
    let name = ours.next().and_then(|p| p["project_name"].as_str());
    Ok(name.map(str::to_owned))
}

/// The plan of a feature folder: `work-packages.yaml`, else `tasks.md`, else a Purple
/// specification, else the team plan with the highest number. Several only where nothing says
/// which one is meant.
pub(super) fn plan_files(folder: &Path) -> Vec<PathBuf> {
    for name in [PLAN_FILE, "tasks.md"] {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok() && !path.is_dir() {
            return vec![path];
        }
    }
    let written = folder.join("agent-written-specifications");
    for specifications in [&written, folder] {
        let found: Vec<PathBuf> = files(specifications, |name| {
            name.starts_with("implementation-spec")
        });
        if !found.is_empty() {
            return found;
        }
    }
    let plans = folder.join("plans");
    let mut found = files(&plans, |_| true);
    let newest = found.iter().filter_map(|path| number_of(path)).max();
    if let Some(newest) = newest {
        found.retain(|path| number_of(path) == Some(newest));
    }
    found
}

/// `02_slug.md` and `implementation-002.md` are both the second plan.
fn number_of(path: &Path) -> Option<u64> {
    let stem = path.file_stem()?.to_str()?;
    let stem = stem.strip_prefix("implementation-").unwrap_or(stem);
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    stem[..digits].parse().ok()
}

fn files(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let is_text = |name: &String| {
        let extension = Path::new(name).extension();
        extension.is_some_and(|extension| extension == "md") && wanted(name)
    };
    let found = names(folder).into_iter().filter(is_text);
    let found = found.map(|name| folder.join(name));
    found.filter(|path| path.is_file()).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let names = file::names(folder).unwrap_or_default().into_iter();
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn root(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "{}").unwrap();
        }
        (folder, root)
    }

    fn shown(paths: &[PathBuf], root: &Path) -> Vec<String> {
        let inside = paths.iter().map(|path| path.strip_prefix(root).unwrap());
        inside.map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn a_name_is_looked_up_where_the_formats_keep_their_features() {
        let (_folder, root) = root(&[
            "documentation/modules/web/features/login/tasks.md",
            "documentation/features/search/tasks.md",
            "openspec/changes/search/tasks.md",
            "purple/documentation/260101-x/agent-written-specifications/implementation-spec-x.md",
        ]);
        let found = |word: &str| shown(&named(word, &root).unwrap(), &root);
        assert_eq!(found("login"), ["documentation/modules/web/features/login"]);
        assert_eq!(
            found("search"),
            ["openspec/changes/search", "documentation/features/search"]
        );
        assert_eq!(found("none"), [""; 0]);
        let purple = root.join("purple/documentation/260101-x");
        assert_eq!(
            shown(&plan_files(&purple), &purple),
            ["agent-written-specifications/implementation-spec-x.md"]
        );
    }

    #[test]
    fn a_task_is_found_by_its_number_and_its_newest_plan_by_the_highest() {
        let (_folder, root) = root(&[
            "specs/042_add_thing/plans/01_first.md",
            "specs/042_add_thing/plans/10_tenth.md",
            "specs/042_add_thing/plans/02_second.md",
            "specs/042_other/plans/01_x.md",
            "specs/OC_007_seven/plans/implementation-002.md",
            "specs/OC_007_seven/plans/implementation-001.md",
        ]);
        let folders = |word: &str| named(word, &root).unwrap();
        assert_eq!(folders("42").len(), 2, "two folders carry the number");
        let state =
            "{\"active_projects\":[{\"project_number\":42,\"project_name\":\"add_thing\"}]}";
        fs::write(root.join("specs/state.json"), state).unwrap();
        let found = folders("42");
        assert_eq!(shown(&found, &root), ["specs/042_add_thing"]);
        let plan = plan_files(&found[0]);
        assert_eq!(
            shown(&plan, &root),
            ["specs/042_add_thing/plans/10_tenth.md"]
        );
        let seven = plan_files(&folders("007")[0]);
        assert!(seven[0].ends_with("implementation-002.md"), "{seven:?}");
    }
}
