//! Names on which installing, running and proving agree.

use std::path::{Path, PathBuf};

/// The hook that only proves that hooks are reached.
pub(super) const PROBE: &str = "wp-probe";

/// Where the scripts are.
pub(super) fn hooks_dir(common_dir: &Path) -> PathBuf {
    common_dir.join("wp").join("hooks")
}
