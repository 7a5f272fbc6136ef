//! What git config says about agents: `wp.agent.NAME.*`, and who is chosen for which packages.

use std::collections::BTreeMap;

use crate::base::Result;
use crate::config::given::Given;
use crate::model::ParserKind;
use crate::model::settings::{AgentSettings, Chosen, Settings};

/// The fields that are known; another one is no error, but a key that nobody knows.
const FIELDS: [&str; 11] = [
    "command",
    "effort",
    "env",
    "fallback",
    "isolation",
    "model",
    "parser",
    "repeat",
    "sandbox",
    "trust",
    "writable",
];

/// Puts the key `name`, without its `wp.`, into `settings`: whether it is known; `None` if it is
/// none of ours.
///
/// # Errors
/// `config` (usage): the value is wrong.
pub(super) fn set(settings: &mut Settings, name: &str, given: &Given<'_>) -> Result<Option<bool>> {
    let Some((kind, rest)) = name.split_once('.') else {
        return Ok(None);
    };
    let Some((name, field)) = rest.rsplit_once('.') else {
        return Ok(None);
    };
    let choice = &mut settings.choice;
    match kind {
        "agent" => set_agent(&mut settings.agents, (name, field), given).map(Some),
        "archetype" => choose(&mut choice.archetypes, (name, field), given).map(Some),
        "role" => choose(&mut choice.roles, (name, field), given).map(Some),
        "label" => choose(&mut choice.labels, (name, field), given).map(Some),
        _ => Ok(None),
    }
}

fn set_agent(
    agents: &mut BTreeMap<String, AgentSettings>,
    (name, field): (&str, &str),
    given: &Given<'_>,
) -> Result<bool> {
    if !FIELDS.contains(&field) {
        return Ok(false);
    }
    let agent = agents.entry(name.to_owned()).or_default();
    match field {
        "command" => agent.command = Some(given.text()?),
        // Several lines of git config add up, and one line may name several.
        "env" => agent.env.extend(given.words()),
        "model" => agent.model = Some(given.text()?),
        "effort" => agent.effort = Some(given.text()?),
        "parser" => agent.parser = Some(parser(given)?),
        "repeat" => agent.repeat = Some(given.small(1_000_000)?),
        "isolation" => agent.isolation = Some(given.isolation()?),
        "sandbox" => agent.sandbox = Some(given.sandbox()?),
        "writable" => agent.writable.push(given.text()?),
        "fallback" => {
            let mut names: Vec<String> = given.words().collect();
            names.retain(|name| name != "none");
            agent.fallback = Some(names);
        }
        _ => {
            let trust = given.small(4)?;
            agent.trust = u8::try_from(trust).ok();
        }
    }
    Ok(true)
}

fn parser(given: &Given<'_>) -> Result<ParserKind> {
    ParserKind::parse(given.value.trim()).ok_or_else(|| {
        let words = ParserKind::ALL.map(|kind| format!("`{}`", kind.as_str()));
        given.bad(&format!("one of {}", words.join(", ")))
    })
}

fn choose(
    choice: &mut BTreeMap<String, Chosen>,
    (name, field): (&str, &str),
    given: &Given<'_>,
) -> Result<bool> {
    if !matches!(field, "agent" | "model" | "effort") {
        return Ok(false);
    }
    let chosen = choice.entry(name.to_owned()).or_default();
    let place = match field {
        "agent" => &mut chosen.agent,
        "model" => &mut chosen.model,
        _ => &mut chosen.effort,
    };
    *place = Some(given.text()?);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(pairs: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in pairs {
            let given = Given { key, value };
            assert_eq!(
                set(&mut settings, key, &given).unwrap(),
                Some(true),
                "{key}"
            );
        }
        settings
    }

    #[test]
    fn agents_and_choices_are_read() {
        let settings = applied(&[
            ("agent.claude.model", "opus"),
            ("agent.claude.fallback", "codex, gemini"),
            ("agent.claude.parser", "lines"),
            ("agent.codex.fallback", "none"),
            ("agent.codex.repeat", "0"),
            ("archetype.architect.agent", "claude"),
            ("archetype.architect.effort", "high"),
            ("role.a.b.agent", "codex"),
            ("label.Docs.model", "haiku"),
        ]);
        let claude = &settings.agents["claude"];
        assert_eq!(claude.model.as_deref(), Some("opus"));
        assert_eq!(claude.fallback.as_deref().unwrap(), ["codex", "gemini"]);
        assert_eq!(claude.parser, Some(ParserKind::Lines));
        assert_eq!(settings.agents["codex"].fallback.as_deref(), Some(&[][..]));
        assert_eq!(settings.agents["codex"].repeat, Some(0));
        let architect = &settings.choice.archetypes["architect"];
        assert_eq!(architect.agent.as_deref(), Some("claude"));
        assert_eq!(architect.effort.as_deref(), Some("high"));
        assert_eq!(settings.choice.roles["a.b"].agent.as_deref(), Some("codex"));
        assert_eq!(
            settings.choice.labels["Docs"].model.as_deref(),
            Some("haiku")
        );
    }

    #[test]
    fn other_keys_are_not_ours() {
        let mut settings = Settings::default();
        for (key, known) in [
            ("jobs", None),
            ("purple.statuscommand", None),
            ("agent.x.colour", Some(false)),
            ("role.x.trust", Some(false)),
        ] {
            let given = Given { key, value: "1" };
            assert_eq!(set(&mut settings, key, &given).unwrap(), known, "{key}");
        }
        assert_eq!(settings, Settings::default());
        let given = Given {
            key: "agent.x.parser",
            value: "xml",
        };
        let error = set(&mut settings, "agent.x.parser", &given).unwrap_err();
        assert!(error.message().contains("`opencode`"), "{error}");
    }
}
