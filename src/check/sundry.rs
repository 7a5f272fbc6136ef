//! advice: things that are allowed and probably not meant.

use crate::base::text::foreign;
use crate::check::subject::Subject;
use crate::model::{Code, Finding};

/// `advice`: a `contract:` key with a path names a contract of the plan.
pub(super) fn contract_keys(subject: &Subject<'_>) -> Vec<Finding> {
    let files = &subject.plan.contracts.files;
    let mut out = Vec::new();
    for (i, package) in subject.packages() {
        for key in &package.locks.keys {
            let Some(path) = key.as_str().strip_prefix("contract:") else {
                continue;
            };
            let known = files.iter().any(|file| {
                file.path == path || file.path.ends_with(&format!("/{path}")) || path.contains('*')
            });
            if known || !path.contains('/') {
                continue;
            }
            let span = subject.item(i, "locks/keys", key.as_str());
            let message = format!(
                "`{}` names no contract file of the plan",
                foreign(key.as_str())
            );
            let hint = "list the file under `contracts`, or use another namespace";
            out.push(subject.finding(Code::Advice, span, &[i], message, hint));
        }
    }
    out
}

/// `advice`: a stack position belongs to a stacked package.
pub(super) fn stack_position(subject: &Subject<'_>) -> Vec<Finding> {
    let odd = subject.packages().filter(|(_, package)| {
        package.stack_position.is_some() && package.decomposition.as_deref() != Some("stacked")
    });
    odd.map(|(i, _)| {
        let span = subject.spans.key(&subject.pointer(i, "stack_position"));
        let message = "`stack_position` has a meaning for stacked packages only".to_owned();
        let hint = "write `decomposition: stacked`, or remove it";
        subject.finding(Code::Advice, span, &[i], message, hint)
    })
    .collect()
}

/// `advice`: a package that writes something is verified somehow.
pub(super) fn unverified(subject: &Subject<'_>) -> Vec<Finding> {
    let bare = subject.packages().filter(|(_, package)| {
        package.verification.steps.is_empty() && !package.scope.write_allow.is_empty()
    });
    bare.map(|(i, package)| {
        let span = subject.spans.at(&subject.pointer(i, "package_id"));
        let message = format!(
            "`{}` has no verification step",
            foreign(package.id.as_str())
        );
        let hint = "add a step, for instance the command that runs its tests";
        subject.finding(Code::Advice, span, &[i], message, hint)
    })
    .collect()
}
