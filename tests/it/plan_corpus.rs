//! Real plans with known verdicts, when the corpus stands beside the checkout.

use std::path::{Path, PathBuf};

use git_wp::plan;

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
/// The plans of the corpus, or `None` after saying that it is not there.
fn files() -> Option<Vec<PathBuf>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/work-packages");
    let Ok(entries) = std::fs::read_dir(&dir) else {
        eprintln!("skipped: no corpus at {}", dir.display());
        return None;
    };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    Some(files)
}

#[test]
fn every_real_plan_is_read_with_places() {
    for file in files().unwrap_or_default() {
        let parsed = plan::read(&std::fs::read(&file).unwrap(), "work-packages.yaml");
        assert!(parsed.plan.is_some(), "{}", file.display());
        for finding in &parsed.findings {
            assert!(finding.line > 0 && finding.column > 0, "{finding:?}");
        }
    }
}
