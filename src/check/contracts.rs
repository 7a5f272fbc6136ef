//! Rules about interface files: contract-missing, contract-invalid.

use crate::base::RepoPath;
use crate::base::text::foreign;
use crate::check::context::Context;
use crate::check::subject::Subject;
use crate::model::{Code, Contract, Finding};
use crate::plan::{Span, contracts};

/// `contract-missing` and `contract-invalid`: one look at each file, so one rule for both.
pub(super) fn contract_files(subject: &Subject<'_>, context: &Context<'_>) -> Vec<Finding> {
    let one = |file: &Contract| {
        let span = place(subject, &file.path);
        let path = foreign(&file.path);
        let read = |path: &str| (context.read_file)(path);
        let Some(bytes) = contract_bytes(&subject.plan.source, read, &file.path) else {
            let message = format!("the contract file `{path}` does not exist");
            let hint = "add the file, or take it out of `contracts`; \
                paths begin at the repository root, else at the plan's folder";
            return Some(subject.finding(Code::ContractMissing, span, &[], message, hint));
        };
        let why = contracts::parse(file.kind, &bytes).err()?;
        let kind = file.kind.as_str();
        let message = format!("the contract file `{path}` is no {kind} document: {why}");
        let hint = "mend the file, or list it under `contracts.files` with another kind";
        Some(subject.finding(Code::ContractInvalid, span, &[], message, hint))
    };
    subject
        .plan
        .contracts
        .files
        .iter()
        .filter_map(one)
        .collect()
}

/// The bytes of a contract: from the repository root, else from the plan's folder; never from
/// outside. `source` is the plan's own path.
pub fn contract_bytes(
    source: &str,
    read_file: impl Fn(&str) -> Option<Vec<u8>>,
    path: &str,
) -> Option<Vec<u8>> {
    contract_places(source, path)
        .into_iter()
        .find_map(|path| read_file(&path))
}

/// Where a contract may be, in the order in which it is looked for.
pub fn contract_places(source: &str, path: &str) -> Vec<String> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let folder = source.rsplit_once('/').map_or("", |(folder, _)| folder);
    let places = [path.to_owned(), format!("{folder}/{path}")].into_iter();
    let inside = places.filter(|path| !RepoPath::from(path.as_str()).is_hostile());
    inside.collect()
}

fn place(subject: &Subject<'_>, path: &str) -> Span {
    let spans = subject.spans;
    let listed = spans.item("/contracts/openapi/files", path);
    if spans.has("/contracts/openapi/files") && listed != spans.at("/contracts/openapi/files") {
        return listed;
    }
    let files = (0..).map(|i| format!("/contracts/files/{i}"));
    for file in files.take_while(|file| spans.has(file)) {
        if spans.text(&format!("{file}/path")) == Some(path) {
            return spans.at(&format!("{file}/path"));
        }
    }
    spans.at("/contracts/openapi/primary")
}
