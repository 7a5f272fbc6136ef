//! What is looked at: per surface its own list, what `wp.toml` adds, and what the packages say must
//! hold. Made once, of the tree that the first round looks at.

use crate::base::RepoPath;
use crate::model::ScopeSpec;
use crate::model::qa::{QaCheck, QaSurface};
use crate::model::settings::{QaSettings, SurfaceSettings};
pub use crate::qa::detect::{Read, Tree};
use crate::qa::detect::{api, cli, web};
use crate::scope::{Fold, Set};

/// What is looked at in every web interface.
const WEB: [&str; 3] = [
    "Every page that was built or changed loads without an error in the console.",
    "What people do with it works from the first click to the last, wrong input included.",
    "Nothing that worked before is broken.",
];
/// In every API.
const API: [&str; 3] = [
    "Every endpoint that was built or changed answers a right request as it is described.",
    "A wrong request is refused with the right status and a message, and changes nothing.",
    "Nothing that worked before is broken.",
];
/// On every command line.
const CLI: [&str; 3] = [
    "Every command that was built or changed does what its help says, with exit code 0.",
    "Wrong arguments are refused with a message on standard error and another exit code.",
    "Nothing that worked before is broken.",
];
/// Criteria of packages that are looked at, per surface.
const CRITERIA_MAX: usize = 60;
/// What is kept of what shows a surface.
const SEEN_MAX: usize = 20;

/// One detector and the list of its surface.
type Rule = (
    &'static str,
    fn(Tree<'_>) -> Vec<String>,
    &'static [&'static str],
);

const RULES: [Rule; 3] = [("web", web, &WEB), ("api", api, &API), ("cli", cli, &CLI)];

/// The plan; empty where nothing can be looked at. `criteria` is what the packages say must hold.
///
/// # Errors
/// A pattern of the settings cannot be read: which, and why.
pub fn planned(
    tree: Tree<'_>,
    settings: &QaSettings,
    criteria: &[String],
) -> Result<Vec<QaSurface>, String> {
    let criteria = &criteria[..criteria.len().min(CRITERIA_MAX)];
    let mut surfaces = Vec::new();
    for (name, detector, list) in RULES {
        let own = settings.surface.iter().find(|own| own.name == name);
        let seen = match own.filter(|own| own.says_where()) {
            Some(own) => configured(own, tree)?,
            None => detector(tree),
        };
        let more = own.map_or(&[][..], |own| &own.checks);
        let list = list.iter().map(|check| (*check).to_owned());
        surfaces.extend(surface(
            name,
            seen,
            list.chain(more.to_vec()).collect(),
            criteria,
        ));
    }
    let others = settings.surface.iter();
    for own in others.filter(|own| RULES.iter().all(|(name, ..)| own.name != *name)) {
        let seen = configured(own, tree)?;
        surfaces.extend(surface(&own.name, seen, own.checks.clone(), criteria));
    }
    Ok(surfaces)
}

fn surface(
    name: &str,
    mut seen: Vec<String>,
    list: Vec<String>,
    criteria: &[String],
) -> Option<QaSurface> {
    if seen.is_empty() {
        return None;
    }
    seen.truncate(SEEN_MAX);
    let all = list.iter().chain(criteria).enumerate();
    let checks = all.map(|(at, what)| QaCheck {
        id: format!("{name}-{}", at + 1),
        what: what.clone(),
    });
    Some(QaSurface {
        name: name.to_owned(),
        seen,
        checks: checks.collect(),
    })
}

/// Files that a surface of `wp.toml` names.
fn configured(own: &SurfaceSettings, tree: Tree<'_>) -> Result<Vec<String>, String> {
    let spec = ScopeSpec {
        write_allow: own.detect.clone(),
        ..ScopeSpec::default()
    };
    let set = Set::parse(&spec, Fold::None).map_err(|misfits| {
        let misfit = misfits.first().map(|misfit| misfit.error.to_string());
        format!(
            "`[[qa.surface]]` {}: {}",
            own.name,
            misfit.unwrap_or_default()
        )
    })?;
    let found = tree
        .files
        .iter()
        .filter(|path: &&RepoPath| set.contains(path));
    let found = found.filter_map(|path| path.to_str()).filter(|path| {
        own.contains.is_empty() || {
            let text = (tree.read)(path).unwrap_or_default();
            own.contains.iter().any(|part| text.contains(part))
        }
    });
    Ok(found.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(settings: &QaSettings, files: &[&str]) -> Vec<QaSurface> {
        let files: Vec<RepoPath> = files.iter().map(|path| RepoPath::from(*path)).collect();
        let tree = Tree {
            files: &files,
            read: &|path| Some(format!("text of {path}")),
        };
        planned(tree, settings, &["wp-a: It floats".to_owned()]).unwrap()
    }

    fn own(name: &str, detect: &[&str], contains: &[&str]) -> SurfaceSettings {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        SurfaceSettings {
            name: name.to_owned(),
            detect: list(detect),
            contains: list(contains),
            checks: vec!["It is loud.".to_owned()],
        }
    }

    #[test]
    fn a_plan_has_the_lists_of_its_surfaces_and_what_packages_promise() {
        let plan = plan(&QaSettings::default(), &["index.html", "bin/shelf"]);
        let names: Vec<&str> = plan.iter().map(|surface| surface.name.as_str()).collect();
        assert_eq!(names, ["web", "cli"]);
        assert_eq!(plan[1].seen, ["bin/shelf"]);
        let last = plan[1].checks.last().unwrap();
        assert_eq!(
            (last.id.as_str(), last.what.as_str()),
            ("cli-4", "wp-a: It floats")
        );
    }

    #[test]
    fn nothing_that_can_be_used_is_an_empty_plan() {
        assert_eq!(plan(&QaSettings::default(), &["src/lib.rs"]), []);
    }

    #[test]
    fn wp_toml_adds_surfaces_and_checks_and_says_where_they_are() {
        let settings = QaSettings {
            surface: vec![
                own("sound", &["audio/**"], &["audio/b"]),
                own("web", &["ui/**"], &[]),
            ],
            ..QaSettings::default()
        };
        let found = plan(&settings, &["audio/a", "audio/b", "index.html"]);
        assert_eq!(found.len(), 1, "the page is not in `ui`: {found:?}");
        assert_eq!(found[0].seen, ["audio/b"]);
        assert_eq!(found[0].checks[0].what, "It is loud.");
        let found = plan(&settings, &["ui/x"]);
        assert_eq!((found[0].name.as_str(), found[0].checks.len()), ("web", 5));
        let wrong = QaSettings {
            surface: vec![own("x", &["../y"], &[])],
            ..QaSettings::default()
        };
        let tree = Tree {
            files: &[],
            read: &|_| None,
        };
        assert!(planned(tree, &wrong, &[]).is_err());
    }
}
