//! The placeholders of command lines, and what replaces them.
//!
//! A value stays inside the word in which its placeholder stands, and is not read again: neither
//! can it become a second argument, nor a placeholder.

use std::borrow::Cow;
use std::path::Path;

use crate::base::{AttemptId, FeatureId};
use crate::model::Package;

/// Every placeholder that is known.
pub(super) const PLACEHOLDERS: [&str; 15] = [
    "attempt",
    "cwd",
    "effort",
    "feature",
    "mcp_config",
    "mcp_toml",
    "model",
    "package",
    "prompt",
    "prompt_file",
    "result_file",
    "run_folder",
    "session",
    "session_file",
    "settings",
];

/// What replaces the placeholders, beside what a profile and a package know.
#[derive(Debug, Clone, Copy)]
pub struct Blanks<'a> {
    /// `{prompt}`
    pub prompt: &'a str,
    /// `{prompt_file}`
    pub prompt_file: &'a Path,
    /// `{result_file}`; `{run_folder}` is the folder it stands in.
    pub result_file: &'a Path,
    /// `{mcp_config}`
    pub mcp_config: &'a Path,
    /// `{mcp_toml}`: the same server as an inline table of TOML.
    pub mcp_toml: &'a str,
    /// `{settings}`, if there is such a file.
    pub settings: Option<&'a Path>,
    /// Whether the runner confines it.
    pub confined: bool,
    /// `{session}`, if one goes on.
    pub session: Option<&'a str>,
    /// `{session_file}`: where that one is kept, for agents that are given it.
    pub session_file: Option<&'a Path>,
    /// `{cwd}`
    pub cwd: &'a Path,
    /// `{feature}`
    pub feature: &'a FeatureId,
    /// `{attempt}`
    pub attempt: &'a AttemptId,
}

/// All values of one start.
pub(super) struct Values<'a> {
    pub(super) blanks: Blanks<'a>,
    pub(super) package: &'a Package,
    pub(super) model: Option<&'a str>,
    pub(super) effort: Option<&'a str>,
}

impl<'a> Values<'a> {
    /// The value of the placeholder `name`; `None` if it has none here.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let blanks = &self.blanks;
        let path = |path: &'a Path| Some(path.to_string_lossy());
        match name {
            "attempt" => Some(blanks.attempt.as_str().into()),
            "cwd" => path(blanks.cwd),
            "effort" => self.effort.map(Cow::from),
            "feature" => Some(blanks.feature.as_str().into()),
            "mcp_config" => path(blanks.mcp_config),
            "mcp_toml" => Some(blanks.mcp_toml.into()),
            "model" => self.model.map(Cow::from),
            "package" => Some(self.package.id.as_str().into()),
            "prompt" => Some(blanks.prompt.into()),
            "prompt_file" => path(blanks.prompt_file),
            "result_file" => path(blanks.result_file),
            "run_folder" => blanks.result_file.parent().and_then(path),
            "session" => blanks.session.map(Cow::from),
            "session_file" => blanks.session_file.and_then(path),
            "settings" => blanks.settings.and_then(path),
            _ => None,
        }
    }

    /// `word` with every known placeholder replaced, one without a value by nothing.
    pub(super) fn fill(&self, word: &str) -> String {
        let mut out = String::new();
        let mut rest = word;
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let known = PLACEHOLDERS.iter().find(|name| {
                let after = rest[1..].strip_prefix(**name);
                after.is_some_and(|after| after.starts_with('}'))
            });
            if let Some(name) = known {
                out.push_str(&self.get(name).unwrap_or_default());
                rest = &rest[name.len() + 2..];
            } else {
                out.push('{');
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        out
    }
}

/// The names in `{name}`; other braces are plain text.
pub(super) fn placeholders(word: &str) -> impl Iterator<Item = &str> {
    word.split('{').skip(1).filter_map(|rest| {
        let name = rest.split_once('}')?.0;
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        (!name.is_empty() && name.chars().all(plain)).then_some(name)
    })
}
