//! Every setting from where it may stand: variables, git config, `wp.toml`, defaults.

use std::time::Duration;

use crate::base::{RefName, Result};
use crate::config::agent_settings;
use crate::config::environment::Environment;
use crate::config::given::Given;
use crate::config::project::ProjectFile;
use crate::config::unset;
use crate::git::Repo;
use crate::model::settings::{Durability, Settings};

const PREFIX_CONFIG: &str = "wp.";
const PREFIX_ENV: &str = "GIT_WP_";

/// Settings, and what was noticed on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What counts.
    pub settings: Settings,
    /// The `wp.toml` that was read, if there is one.
    pub project_file: Option<ProjectFile>,
    /// Keys that nobody knows, for a warning: `wp.*` belongs to nobody else.
    pub unknown: Vec<String>,
}

/// Loads all settings of a repository.
///
/// # Errors
/// `config` (usage) naming the key and its bad value, or the errors of `wp.toml`.
pub fn load(repo: &Repo, env: &Environment) -> Result<Loaded> {
    let mut pairs = Vec::new();
    if !unset::is_unset(repo, env) {
        for setting in repo.git().settings("^wp\\.")? {
            pairs.push((setting.key, setting.value));
        }
    }
    // Later pairs win, and variables win over files.
    for (name, value) in env.with_prefix(PREFIX_ENV) {
        let key = SCALARS.iter().find(|(_, env_name)| *env_name == name);
        let key = key.map_or_else(
            || format!("{PREFIX_ENV}{name}"),
            |(key, _)| format!("{PREFIX_CONFIG}{key}"),
        );
        pairs.push((key, value.to_owned()));
    }
    let mut settings = Settings::default();
    let unknown = apply(&mut settings, &pairs)?;
    let project_file = ProjectFile::find(repo)?;
    if let Some(file) = &project_file {
        settings.project = file.project.clone();
    }
    Ok(Loaded {
        settings,
        project_file,
        unknown,
    })
}

/// Names in git config (lower case, as git prints them) and after `GIT_WP_`.
const SCALARS: [(&str, &str); 21] = [
    ("ref", "REF"),
    ("durability", "DURABILITY"),
    ("branch", "BRANCH"),
    ("worktreedir", "WORKTREE_DIR"),
    ("jobs", "JOBS"),
    ("agent", "AGENT"),
    ("checkpointseconds", "CHECKPOINT_SECONDS"),
    ("silenceminutes", "SILENCE_MINUTES"),
    ("graceseconds", "GRACE_SECONDS"),
    ("logbytes", "LOG_BYTES"),
    ("maxblobbytes", "MAX_BLOB_BYTES"),
    ("lockseconds", "LOCK_SECONDS"),
    ("remote", "REMOTE"),
    ("remoteref", "REMOTE_REF"),
    ("atomic", "ATOMIC"),
    ("leaseseconds", "LEASE_SECONDS"),
    ("pollseconds", "POLL_SECONDS"),
    ("repeat", "REPEAT"),
    ("sandbox", "SANDBOX"),
    ("sandboxwritable", "SANDBOX_WRITABLE"),
    ("purple.statuscommand", "PURPLE_STATUS_COMMAND"),
];

/// Puts key-value pairs into `settings`, later ones over earlier ones; gives unknown keys.
fn apply(settings: &mut Settings, pairs: &[(String, String)]) -> Result<Vec<String>> {
    let mut unknown = Vec::new();
    for (key, value) in pairs {
        let name = key.strip_prefix(PREFIX_CONFIG).unwrap_or(key);
        let entry = Given { key, value };
        let known = match agent_settings::set(settings, name, &entry)? {
            Some(known) => known,
            None => set_scalar(settings, name, &entry)?,
        };
        if !known {
            unknown.push(key.clone());
        }
    }
    unknown.dedup();
    Ok(unknown)
}

fn set_scalar(settings: &mut Settings, name: &str, given: &Given<'_>) -> Result<bool> {
    match name {
        "ref" => {
            let name = RefName::parse(given.value);
            settings.state_ref = name.ok_or_else(|| given.bad("a full ref name"))?;
        }
        "durability" => {
            settings.durability = match given.value {
                "full" => Durability::Full,
                "fast" => Durability::Fast,
                "off" => Durability::Off,
                _ => return Err(given.bad("`full`, `fast` or `off`")),
            };
        }
        "branch" => settings.branch_template = Some(branch_template(given)?),
        "worktreedir" => settings.worktree_dir = Some(given.text()?),
        "jobs" => {
            let jobs = given.number(1, 256)?;
            settings.jobs = usize::try_from(jobs).ok();
        }
        "agent" => settings.default_agent = Some(given.text()?),
        "checkpointseconds" => {
            settings.checkpoint = Duration::from_secs(given.number(1, 3600)?);
        }
        "silenceminutes" => {
            settings.silence = Duration::from_secs(60 * given.number(1, 7 * 24 * 60)?);
        }
        "graceseconds" => settings.grace = Duration::from_secs(given.number(0, 600)?),
        "logbytes" => settings.log_bytes = given.number(1 << 10, 1 << 40)?,
        "maxblobbytes" => settings.max_blob_bytes = given.number(1, 1 << 40)?,
        "remote" => settings.remote = Some(given.text()?),
        "remoteref" => {
            let name = RefName::parse(given.value);
            settings.remote_ref = name.ok_or_else(|| given.bad("a full ref name"))?;
        }
        "repeat" => settings.repeat = Some(given.small(1_000_000)?),
        "atomic" => settings.atomic = given.boolean()?,
        "leaseseconds" => settings.lease = Duration::from_secs(given.number(1, 30 * 24 * 3600)?),
        "pollseconds" => settings.poll = Duration::from_secs(given.number(1, 3600)?),
        "purple.statuscommand" => settings.purple.status_command = Some(given.text()?),
        "purple.statusserver" => settings.purple.status_server = Some(given.text()?),
        "sandbox" => settings.sandbox = Some(given.sandbox()?),
        "isolation" => settings.isolation = Some(given.isolation()?),
        "sandboxwritable" => settings.sandbox_writable.push(given.text()?),
        "lockseconds" => settings.lock_wait = Duration::from_secs(given.number(0, 3600)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn branch_template(given: &Given<'_>) -> Result<String> {
    let example = given.value.replace("{change}", "x");
    let is_name = RefName::parse(&format!("refs/heads/{example}")).is_some();
    if is_name && example != given.value {
        Ok(given.value.to_owned())
    } else {
        Err(given.bad("a branch name with `{change}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(pairs: &[(&str, &str)]) -> Result<(Settings, Vec<String>)> {
        let mut settings = Settings::default();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect();
        let unknown = apply(&mut settings, &pairs)?;
        Ok((settings, unknown))
    }

    #[test]
    fn values_are_read_and_the_last_wins() {
        let (settings, unknown) = applied(&[
            ("wp.jobs", "2"),
            ("wp.jobs", "4"),
            ("wp.durability", "fast"),
            ("wp.branch", "feat/{change}"),
            ("wp.logbytes", "2m"),
            ("wp.agent", "bot"),
            ("wp.agent.My.Bot.command", "bot --yes {prompt}"),
            ("wp.agent.My.Bot.env", "A, B"),
            ("wp.agent.My.Bot.env", "C_*"),
            ("wp.agent.My.Bot.trust", "3"),
            ("wp.remote", "origin"),
            ("wp.remoteref", "refs/heads/wp-state"),
            ("wp.atomic", "no"),
            ("wp.nonsense", "1"),
            ("wp.agent.x.nonsense", "1"),
        ])
        .unwrap();
        assert_eq!(settings.jobs, Some(4));
        assert_eq!(settings.durability, Durability::Fast);
        assert_eq!(settings.branch_template.as_deref(), Some("feat/{change}"));
        assert_eq!(settings.log_bytes, 2 << 20);
        assert_eq!(settings.remote.as_deref(), Some("origin"));
        assert_eq!(settings.remote_ref.as_str(), "refs/heads/wp-state");
        assert!(!settings.atomic);
        assert_eq!(settings.default_agent.as_deref(), Some("bot"));
        let bot = &settings.agents["My.Bot"];
        assert_eq!(bot.command.as_deref(), Some("bot --yes {prompt}"));
        assert_eq!(bot.trust, Some(3));
        assert_eq!(bot.env, ["A", "B", "C_*"]);
        assert_eq!(unknown, ["wp.nonsense", "wp.agent.x.nonsense"]);
        assert_eq!(settings.agents.len(), 1);
    }

    #[test]
    fn bad_values_are_refused_with_key_and_value() {
        for (key, value) in [
            ("wp.jobs", "0"),
            ("wp.jobs", "many"),
            ("wp.jobs", "99999999999999999999g"),
            ("wp.ref", "state"),
            ("wp.durability", "Full"),
            ("wp.branch", "feature"),
            ("wp.branch", "a b/{change}"),
            ("wp.agent", " "),
            ("wp.agent.x.trust", "5"),
            ("wp.lockseconds", "-1"),
            ("wp.remoteref", "wp-state"),
            ("wp.atomic", "perhaps"),
        ] {
            let error = applied(&[(key, value)]).unwrap_err();
            assert_eq!(error.code(), "config");
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("`{key}` is `{value}`")),
                "{error}"
            );
        }
    }
}
