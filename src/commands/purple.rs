//! What the command of Purple demands before it starts anything, in the words its users know.

use std::path::Path;

use crate::base::text::foreign;
use crate::base::{Error, Result};
use crate::model::{Format, Plan};

/// Where features of Purple are kept, from the top of the repository.
const HOME: &str = "purple/documentation/";
const STANDARDS: &str = "purple/standards/global/how-agents-document.md";

/// The error for a path that should be the folder of a feature and is none; `None` for others.
pub(super) fn no_folder(path: &str) -> Option<Error> {
    let name = feature_in(path)?;
    let message = format!("there is no feature folder `{HOME}{}`", foreign(name));
    let hint = "name the folder of a feature, for instance purple/documentation/251114-dashboard";
    Some(Error::usage("change-unknown", message).hint(hint))
}

/// The error for the folder of a feature without a specification; `None` for other folders.
pub(super) fn no_specification(folder: &str) -> Option<Error> {
    let name = feature_in(folder)?;
    let (name, slug) = (foreign(name), foreign(slug(name)));
    let message = format!(
        "there is no engineering specification \
         `{HOME}{name}/agent-written-specifications/implementation-spec-{slug}.md`"
    );
    Some(Error::usage("specification-missing", message).hint("run /engineer-tasks-from-spec first"))
}

/// Fails if a feature of Purple is to be built and nothing says how its agents document.
///
/// # Errors
/// Usage, `standards-missing`.
pub(super) fn demand_standards(plan: &Plan, root: &Path) -> Result<()> {
    let is_ours = plan.format == Format::Purple && feature_in(&plan.source).is_some();
    if !is_ours || root.join(STANDARDS).is_file() {
        return Ok(());
    }
    let message = format!("the documentation standards `{STANDARDS}` are missing");
    let hint = "write that file: it says how agents document their tickets";
    Err(Error::usage("standards-missing", message).hint(hint))
}

/// The name of the feature that a path inside [`HOME`] belongs to.
fn feature_in(path: &str) -> Option<&str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let name = path.strip_prefix(HOME)?.split('/').next()?;
    Some(name).filter(|name| !name.is_empty())
}

/// `analytics` of `251114-analytics`.
fn slug(name: &str) -> &str {
    let dated = name.split_once('-').filter(|(date, slug)| {
        date.len() == 6 && date.bytes().all(|b| b.is_ascii_digit()) && !slug.is_empty()
    });
    dated.map_or(name, |(_, slug)| slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_as_its_users_know_it() {
        let error = no_specification("purple/documentation/251114-analytics-dashboard").unwrap();
        assert_eq!(
            error.message(),
            "there is no engineering specification `purple/documentation/\
             251114-analytics-dashboard/agent-written-specifications/\
             implementation-spec-analytics-dashboard.md`"
        );
        assert_eq!(slug("login"), "login");
        assert_eq!(slug("login-page"), "login-page");
        assert!(no_specification("docs/251114-x").is_none());
        assert!(no_folder("purple/documentation/").is_none());
        let error = no_folder("./purple/documentation/nope/").unwrap();
        assert_eq!(
            error.message(),
            "there is no feature folder `purple/documentation/nope`"
        );
    }
}
