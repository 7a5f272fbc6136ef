//! Where a feature grows from and what its branch is called.

use crate::base::text::foreign;
use crate::base::{Error, Oid, RefName, Result};
use crate::git::Repo;
use crate::model::{Plan, Settings};

pub(super) fn base(repo: &Repo, rev: &str) -> Result<Oid> {
    let commit = repo.refs().resolve(&format!("{rev}^{{commit}}"))?;
    commit.ok_or_else(|| {
        let message = format!("`{}` is no commit", foreign(rev));
        let error = Error::usage("base-unknown", message);
        match rev {
            "HEAD" => error.hint("this repository has no commit yet: git commit"),
            _ => error.hint("--base BRANCH"),
        }
    })
}

pub(super) fn branch(settings: &Settings, plan: &Plan) -> Result<RefName> {
    let template = match (&settings.branch_template, is_openspec(plan)) {
        (Some(template), _) => template.as_str(),
        (None, true) => "openspec/{change}",
        (None, false) => "feature/{change}",
    };
    let id = &plan.feature.id;
    let verbatim = format!("refs/heads/{}", template.replace("{change}", id.as_str()));
    let safe = format!("refs/heads/{}", template.replace("{change}", &id.slug()));
    let name = RefName::parse(&verbatim).or_else(|| RefName::parse(&safe));
    name.ok_or_else(|| {
        let message = format!("`{}` gives no branch name", foreign(template));
        Error::usage("branch-template", message).hint("git config wp.branch 'feature/{change}'")
    })
}

pub(super) fn is_openspec(plan: &Plan) -> bool {
    plan.source.starts_with("openspec/changes/")
}

/// The branch is free, or its commits are part of the base.
pub(super) fn check_branch(repo: &Repo, branch: &RefName, base: &Oid) -> Result<()> {
    let refs = repo.refs();
    if let Some(other) = refs.clash(branch)? {
        let (ours, other) = (branch.short(), other.short().to_owned());
        let message = format!("the branch `{ours}` cannot be made beside `{other}`");
        let hint = "git config wp.branch 'TEMPLATE/{change}'";
        return Err(Error::usage("branch-clash", message).hint(hint));
    }
    match refs.read(branch)? {
        Some(tip) if !repo.is_ancestor(&tip, base)? => {
            let name = branch.short();
            let message = format!("the branch `{name}` has commits that the base does not have");
            let hint = format!("--base {name}");
            Err(Error::usage("branch-exists", message).hint(hint))
        }
        _ => Ok(()),
    }
}
