//! How an agent is run, as a value: the runner knows no agent by name.
//!
//! A command line is made of words, without a shell; see [`crate::agent::blanks`]. What a user's
//! git config says counts more than a profile. Nothing here starts a program.

use std::collections::BTreeMap;

use crate::agent::blanks::{Blanks, PLACEHOLDERS, Values, placeholders};
use crate::agent::shell::{SHELL, package_words};
use crate::agent::words;
use crate::base::{Error, Result, text};
use crate::model::settings::{AgentSettings, TRUST_STANDARD};
use crate::model::{AgentProfile, Package, ParserKind, PromptChannel, Roster};

/// Seconds after a final event, for agents without a profile.
const LINGER_DEFAULT: u32 = 20;
/// The same so often in a row is a loop, for agents without a profile.
const REPEAT_DEFAULT: u32 = 20;

/// One way to run an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name by which it is chosen.
    pub name: String,
    /// Where the command line comes from.
    pub command: Command,
    /// How it is run, what git config says put in.
    pub data: AgentProfile,
    /// Variables passed on beside the allowlist.
    pub env: Vec<String>,
    /// 0 to 4, compared with a package's `min_trust_level`.
    pub trust: u8,
    /// The model it is asked to use.
    pub model: Option<String>,
    /// The reasoning effort it is asked for.
    pub effort: Option<String>,
}

/// Where the command line of an agent comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Its profile.
    Profile,
    /// The words of a template from git config.
    Template(Vec<String>),
    /// The package's `inputs.run`: a text for `sh -c`, or a list of words.
    PackageInput,
}

impl Profile {
    /// The built-in agent that runs what the plan itself says. The plan was approved command by
    /// command, so it has the highest trust.
    pub fn shell() -> Self {
        Profile {
            name: SHELL.to_owned(),
            command: Command::PackageInput,
            data: AgentProfile::default(),
            env: Vec::new(),
            trust: 4,
            model: None,
            effort: None,
        }
    }

    /// The agent `name`: `shell`, one with a profile, or one of git config.
    ///
    /// # Errors
    /// There is no such agent, or its command line is empty, has an open quote or an unknown
    /// placeholder, or its model or effort is none that it can be asked for.
    pub fn find(name: &str, roster: &Roster) -> Result<Self> {
        let configured = roster.configured.get(name);
        let listed = roster.profiles.get(name);
        match (listed, configured) {
            _ if name == SHELL => match (listed, configured) {
                (None, None) => Ok(Profile::shell()),
                _ => Err(cannot_be_shell()),
            },
            (None, None) => Err(unknown(name, roster)),
            (listed, configured) => {
                let data = listed.map_or_else(template_data, |listed| listed.profile.clone());
                let mut profile = Profile::from_both(name, data, configured)?;
                let repeat = configured.and_then(|said| said.repeat).or(roster.repeat);
                profile.data.repeat = repeat.unwrap_or(profile.data.repeat);
                Ok(profile)
            }
        }
    }

    fn from_both(
        name: &str,
        mut data: AgentProfile,
        configured: Option<&AgentSettings>,
    ) -> Result<Self> {
        let none = AgentSettings::default();
        let said = configured.unwrap_or(&none);
        let command = match &said.command {
            Some(line) => Command::Template(words::split(line).map_err(|why| bad(name, &why))?),
            None => Command::Profile,
        };
        data.parser = said.parser.unwrap_or(data.parser);
        if let Some(fallback) = &said.fallback {
            data.fallback.clone_from(fallback);
        }
        let mut env = data.pass.clone();
        env.extend(said.env.iter().cloned());
        let profile = Profile {
            name: name.to_owned(),
            command,
            env,
            trust: said.trust.unwrap_or(data.trust),
            data,
            model: None,
            effort: None,
        };
        profile.check()?;
        profile.asked(said.model.as_deref(), said.effort.as_deref())
    }

    /// Every word of the command line, with its placeholders.
    fn all_words(&self) -> Vec<&String> {
        let (data, with) = (&self.data, &self.data.with);
        match &self.command {
            Command::Template(words) => words.iter().collect(),
            Command::PackageInput => Vec::new(),
            Command::Profile => [
                &data.run,
                &with.model,
                &with.effort,
                &with.mcp_config,
                &with.settings,
                &with.confined,
                &with.free,
                &with.session,
                &data.last,
            ]
            .into_iter()
            .flatten()
            .collect(),
        }
    }

    fn check(&self) -> Result<()> {
        let words = self.all_words();
        if words.first().is_none_or(|word| word.is_empty()) {
            return Err(bad(&self.name, "is empty"));
        }
        for word in words.into_iter().chain(self.data.set.values()) {
            if let Some(unknown) = placeholders(word).find(|p| !PLACEHOLDERS.contains(p)) {
                let known: Vec<String> = PLACEHOLDERS.iter().map(|p| format!("{{{p}}}")).collect();
                let why = format!("uses `{{{unknown}}}`; known are {}", known.join(" "));
                return Err(bad(&self.name, &why));
            }
        }
        Ok(())
    }

    /// True if the command line has a place for the value `name`.
    fn takes(&self, name: &str) -> bool {
        let mut words = self.all_words().into_iter();
        words.any(|word| placeholders(word).any(|found| found == name))
    }

    /// True if it can go on with a session of an earlier attempt.
    pub fn resumes(&self) -> bool {
        self.takes("session") || self.takes("session_file")
    }

    /// How its prompt gets in.
    pub fn channel(&self) -> PromptChannel {
        match &self.command {
            Command::Profile => self.data.prompt,
            Command::Template(_) if self.takes("prompt") => PromptChannel::Argument,
            // It may also read the file; its standard input is there in any case.
            Command::Template(_) | Command::PackageInput => PromptChannel::Stdin,
        }
    }

    /// Who reads its output.
    pub fn parser(&self) -> ParserKind {
        self.data.parser
    }

    /// The same, asked to use this model and this effort; `None` leaves what it had.
    ///
    /// # Errors
    /// `agent-model`, `agent-effort` (usage): it knows no such option, or not this value.
    pub fn asked(mut self, model: Option<&str>, effort: Option<&str>) -> Result<Self> {
        let name = text::foreign(&self.name).to_string();
        let refuse = |code: &'static str, what: &str| {
            let error = Error::usage(code, format!("agent `{name}` {what}"));
            error.hint("git wp agents profiles")
        };
        if let Some(model) = model {
            if !self.takes("model") {
                let error = refuse("agent-model", "cannot be asked for a model");
                return Err(error.hint(format!("put `{{model}}` into `wp.agent.{name}.command`")));
            }
            if model.is_empty() || model.starts_with('-') {
                let shown = text::foreign(model);
                return Err(refuse("agent-model", &format!("knows no model `{shown}`")));
            }
            self.model = Some(model.to_owned());
        }
        if let Some(effort) = effort {
            if !self.takes("effort") {
                return Err(refuse("agent-effort", "cannot be asked for an effort"));
            }
            let known = &self.data.efforts;
            if !self.knows_effort(effort) {
                let shown = text::foreign(effort);
                let known = known.join(", ");
                let what = format!("knows no effort `{shown}`; it knows {known}");
                return Err(refuse("agent-effort", &what));
            }
            self.effort = Some(effort.to_owned());
        }
        Ok(self)
    }

    /// True if `--effort` may have this value; a template says nothing of its values.
    pub fn knows_effort(&self, effort: &str) -> bool {
        let plain = !effort.is_empty() && !effort.starts_with('-') && !effort.contains('"');
        let known = &self.data.efforts;
        let listed = known.is_empty() || known.iter().any(|known| known == effort);
        plain && self.takes("effort") && (listed || matches!(self.command, Command::Template(_)))
    }

    /// The model for `package`. A template of git config may leave it to the plan's archetype.
    fn model_for<'a>(&'a self, package: &'a Package) -> Option<&'a str> {
        let archetype = match self.command {
            Command::Template(_) => package.archetype.as_deref(),
            Command::Profile | Command::PackageInput => None,
        };
        self.model.as_deref().or(archetype)
    }

    /// Says before anything is written whether this agent can take `package`.
    ///
    /// # Errors
    /// The shell agent has nothing to run; a template asks for a model or an effort that nobody
    /// names.
    pub fn preflight(&self, package: &Package) -> Result<()> {
        let id = text::foreign(package.id.as_str()).to_string();
        let name = text::foreign(&self.name);
        match &self.command {
            Command::PackageInput => package_words(package).map(|_| ()),
            Command::Profile => Ok(()),
            Command::Template(_) => {
                if self.takes("model") && self.model_for(package).is_none() {
                    let message = format!(
                        "agent `{name}` needs a model, and package `{id}` names no archetype"
                    );
                    let hint = format!("set `archetype` of `{id}`, or take `{{model}}` out");
                    let error = Error::usage("agent-model", message).hint(hint);
                    return Err(error.hint(format!("git config wp.agent.{name}.model MODEL")));
                }
                if self.takes("effort") && self.effort.is_none() {
                    let message = format!("agent `{name}` needs an effort, and nobody names one");
                    let hint = format!("git config wp.agent.{name}.effort EFFORT");
                    return Err(Error::usage("agent-effort", message).hint(hint));
                }
                Ok(())
            }
        }
    }

    /// The program that has to be on PATH, if the profile names one.
    pub fn program(&self) -> Option<&str> {
        match &self.command {
            Command::Template(words) => words.first().map(String::as_str),
            Command::Profile => self.data.run.first().map(String::as_str),
            Command::PackageInput => None,
        }
    }

    /// The words to start; `None`: there is nothing to run and the package needs nothing.
    ///
    /// # Errors
    /// As [`Profile::preflight`].
    pub fn words(&self, package: &Package, blanks: Blanks<'_>) -> Result<Option<Vec<String>>> {
        self.preflight(package)?;
        let values = self.values(package, blanks);
        let fill = |words: &[String]| words.iter().map(|word| values.fill(word)).collect();
        let (data, with) = (&self.data, &self.data.with);
        let words: Vec<String> = match &self.command {
            Command::PackageInput => return package_words(package),
            Command::Template(words) => fill(words),
            Command::Profile => {
                let groups = [
                    ("model", &with.model),
                    ("effort", &with.effort),
                    ("mcp_config", &with.mcp_config),
                    ("settings", &with.settings),
                    ("session", &with.session),
                ];
                let fence = match blanks.confined {
                    true => &with.confined,
                    false => &with.free,
                };
                let there = groups.iter().filter(|(name, _)| values.get(name).is_some());
                let middle = there.flat_map(|(_, words)| words.iter());
                let middle = fence.iter().chain(middle);
                let all: Vec<String> = data
                    .run
                    .iter()
                    .chain(middle)
                    .chain(&data.last)
                    .cloned()
                    .collect();
                fill(&all)
            }
        };
        Ok(Some(words))
    }

    /// The variables that are set for it; one that is about a value that is not there is left
    /// out.
    pub fn variables(&self, package: &Package, blanks: Blanks<'_>) -> BTreeMap<String, String> {
        let values = self.values(package, blanks);
        let there = |text: &str| placeholders(text).all(|name| values.get(name).is_some());
        let set = self.data.set.iter().filter(|(_, text)| there(text));
        set.map(|(name, text)| (name.clone(), values.fill(text)))
            .collect()
    }

    fn values<'a>(&'a self, package: &'a Package, blanks: Blanks<'a>) -> Values<'a> {
        Values {
            blanks,
            package,
            model: self.model_for(package),
            effort: self.effort.as_deref(),
        }
    }
}

/// What an agent of git config has of a profile.
fn template_data() -> AgentProfile {
    AgentProfile {
        linger_seconds: LINGER_DEFAULT,
        repeat: REPEAT_DEFAULT,
        trust: TRUST_STANDARD,
        ..AgentProfile::default()
    }
}

fn bad(name: &str, why: &str) -> Error {
    let shown = text::foreign(name);
    let hint = format!("git config --edit, section `wp.agent.{shown}`");
    let message = format!("the command of agent `{shown}` {why}");
    Error::usage("agent-command", message).hint(hint)
}

fn cannot_be_shell() -> Error {
    let message = format!("the agent `{SHELL}` is built in and cannot be configured");
    let hint = format!("rename the section `wp.agent.{SHELL}` of your git config");
    Error::usage("agent-name", message).hint(hint)
}

fn unknown(name: &str, roster: &Roster) -> Error {
    let shown = text::foreign(name);
    let known: Vec<String> = std::iter::once(SHELL)
        .chain(roster.names())
        .map(|known| format!("`{}`", text::foreign(known)))
        .collect();
    let message = format!("there is no agent `{shown}`; known: {}", known.join(", "));
    let error = Error::usage("agent-unknown", message);
    let error = match text::nearest(name, roster.names()) {
        Some(near) => error.hint(format!("--agent {}", text::foreign(near))),
        None => error,
    };
    error.hint("git config wp.agent.NAME.command 'COMMAND LINE'")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::agent::sample;
    use crate::base::{AttemptId, FeatureId};
    use crate::model::Listed;

    fn configured(command: &str) -> Roster {
        let settings = AgentSettings {
            command: Some(command.to_owned()),
            ..AgentSettings::default()
        };
        Roster {
            configured: [("mine".to_owned(), settings)].into(),
            ..Roster::default()
        }
    }

    fn listed(profile: AgentProfile, settings: AgentSettings) -> Roster {
        let listed = Listed {
            profile,
            ..Listed::default()
        };
        Roster {
            profiles: [("mine".to_owned(), listed)].into(),
            configured: [("mine".to_owned(), settings)].into(),
            ..Roster::default()
        }
    }

    fn list(words: &str) -> Vec<String> {
        words.split(' ').map(str::to_owned).collect()
    }

    fn tool() -> AgentProfile {
        let mut profile = AgentProfile {
            run: list("tool run"),
            last: list("- {prompt}"),
            efforts: list("low high"),
            trust: 3,
            ..AgentProfile::default()
        };
        profile.with.model = list("-m {model}");
        profile.with.effort = list("-e {effort}");
        profile.with.session = list("resume {session}");
        profile.with.settings = list("-s {settings}");
        let set = [
            ("A", "x{run_folder}"),
            ("B", "{settings}"),
            ("C", "{\"a\":1}"),
        ];
        profile.set = set
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into();
        profile
    }

    fn with_blanks<T>(session: Option<&str>, then: impl FnOnce(Blanks<'_>) -> T) -> T {
        then(Blanks {
            prompt: "do {cwd}",
            prompt_file: Path::new("/p/prompt.md"),
            result_file: Path::new("/p/result.json"),
            mcp_config: Path::new("/p/mcp.json"),
            mcp_toml: "{}",
            settings: None,
            confined: false,
            session,
            session_file: None,
            cwd: Path::new("/room with blank"),
            feature: &FeatureId::parse("add {cwd}").unwrap(),
            attempt: &AttemptId::parse("a1").unwrap(),
        })
    }

    fn words_of(profile: &Profile, package: &Package) -> Result<Vec<String>> {
        with_blanks(None, |blanks| Ok(profile.words(package, blanks)?.unwrap()))
    }

    fn template(command: &str, package: &Package) -> Result<Vec<String>> {
        words_of(&Profile::find("mine", &configured(command))?, package)
    }

    #[test]
    fn values_never_become_arguments_or_placeholders() {
        let package = sample::package("wp-api");
        let words = template(
            "tool --in={cwd} '{feature} x' {\"a\":1} {prompt_file}",
            &package,
        );
        assert_eq!(
            words.unwrap(),
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
            ("tool {colour}", "agent-command", "{colour}"),
            ("tool -m {model}", "agent-model", "archetype"),
            ("tool -m {effort}", "agent-effort", "effort"),
        ] {
            let error = template(command, &package).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(error.message().contains(part), "{}", error.message());
        }
        let error = Profile::find("mina", &configured("x")).unwrap_err();
        assert!(error.message().contains("`shell`, `mine`"), "{error}");
        assert_eq!(error.hints()[0], "--agent mine");
        let error = Profile::find("shell", &listed_as_shell()).unwrap_err();
        assert_eq!(error.code(), "agent-name");
    }

    fn listed_as_shell() -> Roster {
        let mut roster = configured("x");
        let settings = roster.configured["mine"].clone();
        roster.configured.insert(SHELL.to_owned(), settings);
        roster
    }

    #[test]
    fn the_words_of_a_profile_follow_the_values_that_are_there() {
        let package = sample::package("wp-api");
        let roster = listed(tool(), AgentSettings::default());
        let profile = Profile::find("mine", &roster).unwrap();
        assert_eq!(
            words_of(&profile, &package).unwrap(),
            ["tool", "run", "-", "do {cwd}"]
        );
        assert!(profile.resumes());
        let profile = profile.asked(Some("big"), Some("high")).unwrap();
        let words = with_blanks(Some("s1"), |blanks| profile.words(&package, blanks));
        assert_eq!(
            words.unwrap().unwrap().join(" "),
            "tool run -m big -e high resume s1 - do {cwd}"
        );
        let set = with_blanks(None, |blanks| profile.variables(&package, blanks));
        let set: Vec<_> = set.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(set, [("A", "x/p"), ("C", "{\"a\":1}")]);
    }

    #[test]
    fn git_config_counts_more_than_a_profile() {
        let said = AgentSettings {
            model: Some("small".to_owned()),
            env: list("X Y"),
            trust: Some(1),
            parser: Some(ParserKind::Lines),
            fallback: Some(list("other")),
            ..AgentSettings::default()
        };
        let profile = Profile::find("mine", &listed(tool(), said.clone())).unwrap();
        assert_eq!(profile.model.as_deref(), Some("small"));
        assert_eq!((profile.trust, profile.parser()), (1, ParserKind::Lines));
        assert_eq!(
            (profile.env.len(), &profile.data.fallback[..]),
            (2, &list("other")[..])
        );
        let said = AgentSettings {
            command: Some("mine {model}".to_owned()),
            ..said
        };
        let profile = Profile::find("mine", &listed(tool(), said)).unwrap();
        let package = sample::package("wp-api");
        assert_eq!(words_of(&profile, &package).unwrap(), ["mine", "small"]);
        assert!(!profile.resumes());
    }

    #[test]
    fn an_agent_is_asked_only_for_what_it_knows() {
        let asked = |profile: Profile, model, effort| {
            let error = profile.asked(model, effort).unwrap_err();
            (error.code().to_owned(), error.message().to_owned())
        };
        let tool = Profile::find("mine", &listed(tool(), AgentSettings::default())).unwrap();
        let (code, message) = asked(tool.clone(), None, Some("huge"));
        assert_eq!(code, "agent-effort");
        assert!(message.ends_with("it knows low, high"), "{message}");
        assert_eq!(asked(tool, Some("--evil"), None).0, "agent-model");
        let plain = Profile::find("mine", &configured("x")).unwrap();
        assert_eq!(asked(plain.clone(), Some("m"), None).0, "agent-model");
        assert_eq!(asked(plain, None, Some("low")).0, "agent-effort");
        assert_eq!(asked(Profile::shell(), Some("m"), None).0, "agent-model");
    }
}
