//! How an agent is run, as a value: the runner knows no agent by name.
//!
//! A command line template is split into words once, without a shell; placeholders are replaced
//! inside words, so no value can become a second argument. Nothing here starts a program.

use std::collections::BTreeMap;
use std::path::Path;

use crate::agent::words;
use crate::base::json::Value;
use crate::base::{AttemptId, Error, FeatureId, Result, text};
use crate::model::settings::AgentSettings;
use crate::model::{Package, Role};

/// The name of the built-in agent that runs a package's own `inputs.run`.
pub const SHELL: &str = "shell";

/// The placeholders of a template.
const PLACEHOLDERS: [&str; 7] = [
    "prompt_file",
    "mcp_config",
    "cwd",
    "feature",
    "package",
    "attempt",
    "model",
];

/// One way to run an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name by which it is chosen.
    pub name: String,
    /// Where the command line comes from.
    pub command: Command,
    /// Variables passed on beside the allowlist.
    pub env: Vec<String>,
    /// 0 to 4, compared with a package's `min_trust_level`.
    pub trust: u8,
}

/// Where the command line of an agent comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The words of a template from git config.
    Template(Vec<String>),
    /// The package's `inputs.run`: a text for `sh -c`, or a list of words.
    PackageInput,
}

/// What replaces the placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Blanks<'a> {
    /// `{prompt_file}`
    pub prompt_file: &'a Path,
    /// `{mcp_config}`
    pub mcp_config: &'a Path,
    /// `{cwd}`
    pub cwd: &'a Path,
    /// `{feature}`
    pub feature: &'a FeatureId,
    /// `{attempt}`
    pub attempt: &'a AttemptId,
}

impl Profile {
    /// The built-in agent that runs what the plan itself says. The plan was approved command by
    /// command, so it has the highest trust.
    pub fn shell() -> Self {
        Profile {
            name: SHELL.to_owned(),
            command: Command::PackageInput,
            env: Vec::new(),
            trust: 4,
        }
    }

    /// The agent `name`: the built-in one, or one of git config.
    ///
    /// # Errors
    /// There is no such agent, or its template is empty, has an open quote or an unknown
    /// placeholder.
    pub fn find(name: &str, configured: &BTreeMap<String, AgentSettings>) -> Result<Self> {
        match configured.get(name) {
            None if name == SHELL => Ok(Profile::shell()),
            Some(settings) if name != SHELL => Profile::from_settings(name, settings),
            Some(_) => {
                let message = format!("the agent `{SHELL}` is built in and cannot be configured");
                let hint = format!("rename the section `wp.agent.{SHELL}` of your git config");
                Err(Error::usage("agent-name", message).hint(hint))
            }
            None => {
                let shown = text::foreign(name);
                let known: Vec<String> = std::iter::once(SHELL)
                    .chain(configured.keys().map(String::as_str))
                    .map(|known| format!("`{}`", text::foreign(known)))
                    .collect();
                let message = format!("there is no agent `{shown}`; known: {}", known.join(", "));
                let hint = "git config wp.agent.NAME.command 'COMMAND LINE'";
                Err(Error::usage("agent-unknown", message).hint(hint))
            }
        }
    }

    fn from_settings(name: &str, settings: &AgentSettings) -> Result<Self> {
        let about = |why: String| {
            let shown = text::foreign(name);
            let hint = format!("git config --edit, section `wp.agent.{shown}`");
            Error::usage(
                "agent-command",
                format!("the command of agent `{shown}` {why}"),
            )
            .hint(hint)
        };
        let words = words::split(&settings.command).map_err(&about)?;
        if words.first().is_none_or(String::is_empty) {
            return Err(about("is empty".to_owned()));
        }
        for word in &words {
            if let Some(unknown) = placeholders(word).find(|p| !PLACEHOLDERS.contains(p)) {
                let known: Vec<String> = PLACEHOLDERS.iter().map(|p| format!("{{{p}}}")).collect();
                let known = known.join(" ");
                return Err(about(format!("uses `{{{unknown}}}`; known are {known}")));
            }
        }
        Ok(Profile {
            name: name.to_owned(),
            command: Command::Template(words),
            env: settings.env.clone(),
            trust: settings.trust,
        })
    }

    /// Says before anything is written whether this agent can take `package`.
    ///
    /// # Errors
    /// The shell agent has nothing to run; a template asks for a model the package does not name.
    pub fn preflight(&self, package: &Package) -> Result<()> {
        let id = text::foreign(package.id.as_str()).to_string();
        match &self.command {
            Command::PackageInput => package_words(package).map(|_| ()),
            Command::Template(words) => {
                let asks = words.iter().flat_map(|word| placeholders(word));
                if package.archetype.is_none() && asks.into_iter().any(|p| p == "model") {
                    let name = text::foreign(&self.name);
                    let message = format!(
                        "agent `{name}` needs a model, and package `{id}` names no archetype"
                    );
                    let hint = format!("set `archetype` of `{id}`, or take `{{model}}` out");
                    return Err(Error::usage("agent-model", message).hint(hint));
                }
                Ok(())
            }
        }
    }

    /// The program that has to be on PATH, if the profile names one.
    pub fn program(&self) -> Option<&str> {
        match &self.command {
            Command::Template(words) => words.first().map(String::as_str),
            Command::PackageInput => None,
        }
    }

    /// The words to start; `None`: there is nothing to run and the package needs nothing.
    ///
    /// # Errors
    /// As [`Profile::preflight`].
    pub fn words(&self, package: &Package, blanks: Blanks<'_>) -> Result<Option<Vec<String>>> {
        self.preflight(package)?;
        match &self.command {
            Command::PackageInput => package_words(package),
            Command::Template(template) => {
                let values = [
                    ("prompt_file", blanks.prompt_file.to_string_lossy()),
                    ("mcp_config", blanks.mcp_config.to_string_lossy()),
                    ("cwd", blanks.cwd.to_string_lossy()),
                    ("feature", blanks.feature.as_str().into()),
                    ("package", package.id.as_str().into()),
                    ("attempt", blanks.attempt.as_str().into()),
                    ("model", package.archetype.as_deref().unwrap_or("").into()),
                ];
                let fill = |word: &String| fill(word, &values);
                Ok(Some(template.iter().map(fill).collect()))
            }
        }
    }
}

/// What `inputs.run` asks for; `None` where a package may have none.
fn package_words(package: &Package) -> Result<Option<Vec<String>>> {
    let id = text::foreign(package.id.as_str()).to_string();
    let wrong = |message: String| {
        let hint = format!("write `inputs: {{run: \"COMMAND\"}}` in package `{id}`");
        Error::usage("agent-run", message).hint(hint)
    };
    match package.inputs.get("run") {
        Some(Value::String(line)) if !line.trim().is_empty() => {
            Ok(Some(["sh", "-c", line].map(str::to_owned).to_vec()))
        }
        Some(Value::Array(items)) if !items.is_empty() => {
            let words: Option<Vec<String>> = items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect();
            words
                .filter(|words| !words[0].is_empty())
                .map(Some)
                .ok_or_else(|| {
                    wrong(format!(
                        "`inputs.run` of package `{id}` is no list of words"
                    ))
                })
        }
        None if needs_nothing(package) => Ok(None),
        None => Err(wrong(format!(
            "agent `{SHELL}` has nothing to run for package `{id}`: it has no `inputs.run`"
        ))),
        Some(_) => Err(wrong(format!(
            "`inputs.run` of package `{id}` is neither a text nor a list of words"
        ))),
    }
}

/// An integration package merges and verifies, an empty scope verifies: neither has to change
/// anything.
fn needs_nothing(package: &Package) -> bool {
    package.kind() == Role::Integration || package.scope.write_allow.is_empty()
}

/// The names in `{name}`; other braces are plain text.
fn placeholders(word: &str) -> impl Iterator<Item = &str> {
    word.split('{').skip(1).filter_map(|rest| {
        let name = rest.split_once('}')?.0;
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        (!name.is_empty() && name.chars().all(plain)).then_some(name)
    })
}

/// One pass over `word`, so that a value that looks like a placeholder stays as it is.
fn fill(word: &str, values: &[(&str, std::borrow::Cow<'_, str>)]) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = values.iter().find(|(name, _)| {
            rest[1..]
                .strip_prefix(name)
                .is_some_and(|r| r.starts_with('}'))
        });
        if let Some((name, value)) = known {
            out.push_str(value);
            rest = &rest[name.len() + 2..];
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::sample;
    use crate::base::json::json;

    fn configured(command: &str) -> BTreeMap<String, AgentSettings> {
        let settings = AgentSettings {
            command: command.to_owned(),
            ..AgentSettings::default()
        };
        [("mine".to_owned(), settings)].into()
    }

    fn words_of(command: &str, package: &Package) -> Result<Option<Vec<String>>> {
        let profile = Profile::find("mine", &configured(command))?;
        let blanks = Blanks {
            prompt_file: Path::new("/p/prompt.md"),
            mcp_config: Path::new("/p/mcp.json"),
            cwd: Path::new("/room with blank"),
            feature: &FeatureId::parse("add {cwd}").unwrap(),
            attempt: &AttemptId::parse("a1").unwrap(),
        };
        profile.words(package, blanks)
    }

    #[test]
    fn values_never_become_arguments_or_placeholders() {
        let package = sample::package("wp-api");
        let words = words_of(
            "tool --in={cwd} '{feature} x' {\"a\":1} {prompt_file}",
            &package,
        );
        assert_eq!(
            words.unwrap().unwrap(),
            [
                "tool",
                "--in=/room with blank",
                "add {cwd} x",
                "{a:1}",
                "/p/prompt.md"
            ]
        );
    }

    #[test]
    fn bad_templates_are_refused_with_a_reason() {
        let package = sample::package("wp-api");
        for (command, code, part) in [
            ("", "agent-command", "is empty"),
            ("tool 'x", "agent-command", "quote"),
            ("tool {prompt}", "agent-command", "{prompt}"),
            ("tool -m {model}", "agent-model", "archetype"),
        ] {
            let error = words_of(command, &package).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(error.message().contains(part), "{}", error.message());
        }
        let error = Profile::find("other", &configured("x")).unwrap_err();
        assert!(error.message().contains("`shell`, `mine`"), "{error}");
    }

    #[test]
    fn the_shell_agent_runs_what_the_package_says() {
        let words = |run: Option<Value>, write: &[&str], id: &str| {
            let mut package = sample::package(id);
            package
                .inputs
                .extend(run.map(|run| ("run".to_owned(), run)));
            package.scope.write_allow = write.iter().map(|p| (*p).to_owned()).collect();
            package_words(&package)
        };
        let some = words(Some(json!("echo hi")), &["a"], "x").unwrap().unwrap();
        assert_eq!(some, ["sh", "-c", "echo hi"]);
        let some = words(Some(json!(["touch", "a b"])), &["a"], "x").unwrap();
        assert_eq!(some.unwrap(), ["touch", "a b"]);
        assert!(words(None, &[], "x").unwrap().is_none());
        assert!(words(None, &["**"], "wp-integration").unwrap().is_none());
        for run in [json!(7), json!([]), json!(["a", 1]), json!("  ")] {
            assert!(words(Some(run), &["a"], "x").is_err());
        }
        let error = words(None, &["a"], "x").unwrap_err();
        assert_eq!(error.code(), "agent-run");
        assert!(error.hints()[0].contains("inputs"), "{:?}", error.hints());
    }
}
