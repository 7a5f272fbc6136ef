//! The name of a finding that survives rounds and reviewers.

use crate::model::{FindingKey, FindingType, ReviewFinding};
use crate::review::words::{normalised, place};

/// The key of a finding: over its file (or package), its kind and its words.
///
/// Lines and numbers are left out, because a fix above moves them. A finding that is worded anew
/// has another key; that it is the same is then said by the reviewer, who was given the key.
pub fn key(finding: &ReviewFinding) -> FindingKey {
    let file = finding.file_path.as_deref().map(place);
    let at = file
        .or_else(|| finding.package_id.clone())
        .unwrap_or_default();
    let kind = kind_word(finding);
    FindingKey::of(&format!(
        "{at}\n{kind}\n{}",
        normalised(&finding.description)
    ))
}

/// The kind, in the reviewer's own word where ours says nothing.
pub(super) fn kind_word(finding: &ReviewFinding) -> &str {
    match (finding.kind, &finding.written_type) {
        (FindingType::Other, Some(word)) => word,
        (kind, _) => kind.as_str(),
    }
}
