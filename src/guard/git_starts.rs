//! What git starts: aliases, programs in its configuration, and commands for each of something.

use crate::guard::call::{Call, Inner, argv, joined};
use crate::guard::git_line::GitLine;
use crate::guard::options::{Options, Spec};

/// Aliases, commands in configuration, and what runs commands for each of something.
pub(super) fn git(call: &Call) -> Vec<Inner> {
    let Some(line) = GitLine::read(call) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for (key, value) in &line.config {
        let is_program = matches!(
            key.as_str(),
            "core.sshcommand"
                | "core.pager"
                | "core.editor"
                | "core.fsmonitor"
                | "core.askpass"
                | "sequence.editor"
                | "diff.external"
        );
        if is_program {
            out.push(Inner::Text((*value).to_owned()));
        }
        let alias = key.strip_prefix("alias.");
        if alias.is_some_and(|name| name == line.verb.to_lowercase()) {
            out.push(git_alias(call, value, &joined(&line.args)));
        }
    }
    let words: Vec<&str> = line.args.iter().map(|arg| arg.text.as_str()).collect();
    out.extend(configured(&line).map(|value| git_alias(call, &value, "")));
    match (line.verb, words.as_slice()) {
        ("submodule", ["foreach", rest @ ..]) => {
            let words = rest.iter().skip_while(|word| word.starts_with("--"));
            out.push(Inner::Text(words.copied().collect::<Vec<_>>().join(" ")));
        }
        ("bisect", ["run", ..]) => out.extend(argv(line.args[1..].to_vec())),
        ("rebase", _) => {
            let options = Options::read(&line.args, Spec::mixed("xsX", &["exec", "onto"]));
            let texts = options.values("x", &["exec"]);
            out.extend(texts.into_iter().map(|text| Inner::Text(text.to_owned())));
        }
        _ => {}
    }
    out
}

fn git_alias(call: &Call, value: &str, rest: &str) -> Inner {
    Inner::Text(match value.strip_prefix('!') {
        Some(text) => format!("{text} {rest}"),
        None => format!("{} {value} {rest}", call.program),
    })
}

/// The alias that `git config` is about to set.
fn configured(line: &GitLine<'_>) -> impl Iterator<Item = String> {
    let valued = &["file", "blob", "type", "default", "comment", "value"];
    let options = Options::read(&line.args, Spec::mixed("f", valued));
    let words = options.words();
    let words = match words.as_slice() {
        ["set", rest @ ..] => rest,
        all => all,
    };
    let value = match (line.verb, words) {
        ("config", [key, value, ..]) if key.to_lowercase().starts_with("alias.") => {
            Some((*value).to_owned())
        }
        _ => None,
    };
    value.into_iter()
}
