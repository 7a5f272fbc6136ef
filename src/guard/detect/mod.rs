//! Which built-in rules a command touches. One file per kind of thing that can be lost.

mod files;
mod git;
mod paths;
mod ship;
mod sql;
mod stores;

use crate::guard::builtin::{Builtin, PIPE_TO_SHELL};
use crate::guard::call::Call;
use crate::guard::walk::programs;
use crate::guard::wrappers::is_shell;

pub(super) use paths::of_path;

/// Every rule that the command touches, each once.
pub(super) fn detect(call: &Call) -> Vec<Builtin> {
    let mut out = Vec::new();
    git::detect(call, &mut out);
    files::detect(call, &mut out);
    stores::detect(call, &mut out);
    ship::detect(call, &mut out);
    if runs_unread(call) {
        out.push(PIPE_TO_SHELL);
    }
    for path in paths::written(call) {
        out.extend(of_path(&path));
    }
    let mut seen: Vec<Builtin> = Vec::new();
    for rule in out {
        if !seen.contains(&rule) {
            seen.push(rule);
        }
    }
    seen
}

const DOWNLOADERS: &[&str] = &[
    "curl", "wget", "fetch", "aria2c", "http", "https", "xh", "nc", "ncat", "base64", "xxd",
    "openssl", "uudecode",
];

const INTERPRETERS: &[&str] = &[
    "python", "python3", "perl", "ruby", "node", "php", "deno", "bun",
];

/// `curl x | sh`, `sh -c "$(curl x)"`, `bash <(curl x)`.
fn runs_unread(call: &Call) -> bool {
    let downloads = |name: &String| DOWNLOADERS.contains(&name.as_str());
    let first = call.args().iter().find(|arg| !arg.text.starts_with('-'));
    let bare = first.is_none_or(|arg| arg.text == "/dev/stdin");
    let reads = is_shell(&call.program) || INTERPRETERS.contains(&call.program.as_str());
    let inline = call
        .args()
        .iter()
        .any(|arg| arg.text == "-c" || arg.text == "-e");
    let dashed = call
        .args()
        .iter()
        .any(|arg| matches!(arg.text.as_str(), "-s" | "-"));
    if reads && !inline && (bare || dashed) && call.upstream.iter().any(downloads) {
        return true;
    }
    // A substitution in place of the program, or as the file that a shell reads.
    let takes_file = is_shell(&call.program) || matches!(call.program.as_str(), "." | "source");
    let place = match takes_file {
        true => first.map(|arg| arg.text.as_str()),
        false => call.argv.first().map(|arg| arg.text.as_str()),
    };
    let inner = place.and_then(|text| {
        let inner = text
            .strip_prefix("$(")
            .or_else(|| text.strip_prefix("<("))?;
        inner.strip_suffix(')')
    });
    inner.is_some_and(|text| programs(text).iter().any(downloads))
}
