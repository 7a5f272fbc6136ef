//! The profiles of agents: those built in, and what the user's own files say over them.
//!
//! A user's file is `agents/NAME.toml` in the user's configuration folder. It changes single
//! fields of a built-in profile or makes a new one. Nothing is read from a repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::base::{Error, Result, text};
use crate::config::environment::Environment;
use crate::config::project::place;
use crate::model::{AgentProfile, Listed, Roster, Settings};
use crate::os::file;

/// Name and text of each.
const BUILT_IN: [(&str, &str); 9] = [
    ("aider", include_str!("agents/aider.toml")),
    ("amp", include_str!("agents/amp.toml")),
    ("claude", include_str!("agents/claude.toml")),
    ("codex", include_str!("agents/codex.toml")),
    ("copilot", include_str!("agents/copilot.toml")),
    ("cursor", include_str!("agents/cursor.toml")),
    ("gemini", include_str!("agents/gemini.toml")),
    ("goose", include_str!("agents/goose.toml")),
    ("opencode", include_str!("agents/opencode.toml")),
];
const BYTES_MAX: u64 = 1 << 20;
const ENDING: &str = ".toml";

/// All agents of this user.
///
/// # Errors
/// `agent-profile` (usage) with `FILE:line:column` if a file of the user cannot be read, has
/// unknown fields, or makes a new agent without `run`.
pub fn roster(env: &Environment, settings: &Settings) -> Result<Roster> {
    let mut tables = BTreeMap::new();
    for (name, text) in BUILT_IN {
        tables.insert(name.to_owned(), built_in(name, text)?);
    }
    let mut profiles = BTreeMap::new();
    for (name, path) in own_files(env)? {
        let own = read(&path)?;
        let mut overridden = Vec::new();
        paths(&own, "", &mut overridden);
        let mut table = tables.remove(&name).unwrap_or_else(fresh);
        merge(&mut table, own);
        let profile = typed(table).map_err(|why| wrong(&path, &why))?;
        if profile.run.is_empty() {
            return Err(wrong(&path, "`run`, the command line, is missing"));
        }
        check(&profile).map_err(|why| wrong(&path, &why))?;
        let file = Some(path.display().to_string());
        let listed = Listed {
            profile,
            file,
            overridden,
        };
        profiles.insert(name, listed);
    }
    for (name, table) in tables {
        let profile = typed(table).map_err(|why| Error::bug(format!("profile `{name}`: {why}")))?;
        let listed = Listed {
            profile,
            ..Listed::default()
        };
        profiles.insert(name, listed);
    }
    Ok(Roster {
        profiles,
        configured: settings.agents.clone(),
        choice: settings.choice.clone(),
        repeat: settings.repeat,
    })
}

/// What a profile of a user has where it says nothing.
fn fresh() -> Table {
    let numbers = [("trust", 2), ("linger_seconds", 20), ("repeat", 20)];
    let entry = |(name, number): (&str, i64)| (name.to_owned(), Value::Integer(number));
    numbers.map(entry).into_iter().collect()
}

fn built_in(name: &str, text: &str) -> Result<Table> {
    let about = |e| Error::bug(format!("the built-in profile `{name}` is no TOML")).because(e);
    text.parse::<Table>().map_err(about)
}

/// The user's files by the names of their agents.
fn own_files(env: &Environment) -> Result<Vec<(String, PathBuf)>> {
    let Some(folder) = env.config_folder().map(|folder| folder.join("agents")) else {
        return Ok(Vec::new());
    };
    let names = file::names(&folder)?;
    let named = names.into_iter().filter_map(|name| {
        let stem = name.to_str()?.strip_suffix(ENDING)?.to_owned();
        Some((stem, folder.join(&name)))
    });
    Ok(named.filter(|(stem, _)| !stem.is_empty()).collect())
}

/// Reads a file twice: as the type, for errors with their place, and as a table, which knows what
/// was said and what was not.
fn read(path: &Path) -> Result<Table> {
    let bytes = file::read_bounded(path, BYTES_MAX)?.unwrap_or_default();
    let at = |offset: usize, what: &str| {
        let shown = path.display().to_string();
        let shown = text::foreign(&shown);
        let what = text::foreign(what);
        Error::usage(
            "agent-profile",
            format!("{}: {what}", place(&shown, &bytes, offset)),
        )
    };
    let text = std::str::from_utf8(&bytes).map_err(|e| at(e.valid_up_to(), "not UTF-8"))?;
    let begin = |e: &toml::de::Error| e.span().map_or(0, |span| span.start);
    toml::from_str::<AgentProfile>(text).map_err(|e| at(begin(&e), e.message()))?;
    text.parse::<Table>()
        .map_err(|e| at(begin(&e), e.message()))
}

fn typed(table: Table) -> Result<AgentProfile, String> {
    table
        .try_into()
        .map_err(|e: toml::de::Error| e.message().to_owned())
}

fn check(profile: &AgentProfile) -> Result<(), String> {
    if profile.trust > 4 {
        return Err(format!(
            "`trust` is {}, and levels are 0 to 4",
            profile.trust
        ));
    }
    Ok(())
}

fn wrong(path: &Path, why: &str) -> Error {
    let path = path.display().to_string();
    let message = format!("{}: {}", text::foreign(&path), text::foreign(why));
    Error::usage("agent-profile", message)
}

/// Puts `over` over `table`, field by field.
fn merge(table: &mut Table, over: Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(value)) => merge(below, value),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}

/// The dotted names of all values.
fn paths(table: &Table, before: &str, out: &mut Vec<String>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => paths(inner, &format!("{before}{key}."), out),
            _ => out.push(format!("{before}{key}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParserKind;

    fn with_files(files: &[(&str, &str)]) -> Result<Roster> {
        let folder = tempfile::tempdir().unwrap();
        let agents = folder.path().join("git-wp/agents");
        std::fs::create_dir_all(&agents).unwrap();
        for (name, text) in files {
            std::fs::write(agents.join(name), text).unwrap();
        }
        let env = Environment::from_iter([("XDG_CONFIG_HOME", folder.path())]);
        roster(&env, &Settings::default())
    }

    #[test]
    fn every_built_in_profile_can_be_run_and_is_complete() {
        let roster = roster(&Environment::default(), &Settings::default()).unwrap();
        assert_eq!(roster.profiles.len(), BUILT_IN.len());
        for (name, listed) in &roster.profiles {
            let profile = &listed.profile;
            assert_eq!(profile.run.first(), profile.version.first(), "{name}");
            assert!(
                !profile.title.is_empty() && !profile.writes.is_empty(),
                "{name}"
            );
            assert!(!profile.sandbox.why.is_empty(), "{name}");
            let trouble = &profile.trouble;
            for texts in [
                &trouble.quota,
                &trouble.auth,
                &trouble.billing,
                &trouble.context,
                &trouble.overloaded,
                &trouble.resets,
            ] {
                assert!(!texts.is_empty(), "{name}");
                for text in texts {
                    assert_eq!(*text, text.to_lowercase(), "{name}");
                }
            }
            assert_ne!(profile.parser, ParserKind::None, "{name}");
            assert_eq!(
                profile.efforts.is_empty(),
                profile.with.effort.is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_file_of_the_user_changes_fields_and_makes_agents() {
        let roster = with_files(&[
            (
                "claude.toml",
                "trust = 3\n[with]\nmodel = [\"-m\", \"{model}\"]\n",
            ),
            ("mine.toml", "run = [\"mine\"]\nparser = \"lines\"\n"),
            ("notes.txt", "not read"),
        ])
        .unwrap();
        let claude = &roster.profiles["claude"];
        assert_eq!(claude.overridden, ["trust", "with.model"]);
        assert_eq!(claude.profile.trust, 3);
        assert_eq!(claude.profile.with.model, ["-m", "{model}"]);
        assert_eq!(claude.profile.with.session, ["--resume", "{session}"]);
        assert!(
            claude
                .file
                .as_deref()
                .unwrap()
                .ends_with("agents/claude.toml")
        );
        let mine = &roster.profiles["mine"].profile;
        assert_eq!((mine.trust, mine.parser), (2, ParserKind::Lines));
        assert_eq!(roster.trust("mine"), Some(2));
        assert_eq!(roster.trust("nobody"), None);
        assert_eq!(roster.names().count(), BUILT_IN.len() + 1);
    }

    #[test]
    fn a_bad_file_is_an_error_with_its_place() {
        for (text, part) in [
            (
                "run = [\"x\"]\ncolour = \"red\"\n",
                "mine.toml:2:1: unknown field `colour`",
            ),
            (
                "run = [\"x\"]\n[with]\n  modell = []\n",
                "mine.toml:3:3: unknown field `modell`",
            ),
            ("run = \"x\"\n", "mine.toml:1:7: "),
            ("parser = \"xml\"\n", "mine.toml:1:10: unknown variant"),
            ("title = \"x\"\n", "`run`"),
            ("run = [\"x\"]\ntrust = 7\n", "0 to 4"),
        ] {
            let error = with_files(&[("mine.toml", text)]).unwrap_err();
            assert_eq!(error.code(), "agent-profile");
            assert!(error.message().contains(part), "{}", error.message());
        }
    }
}
