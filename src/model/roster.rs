//! Which agents there are on this machine, and who is chosen for what: all of it from the user's
//! own configuration, nothing from a repository.

use std::collections::BTreeMap;

use crate::model::agent_profile::AgentProfile;
use crate::model::settings::{AgentChoice, AgentSettings, TRUST_STANDARD};

/// Every agent that can be named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// Profiles by name, the built-in ones among them.
    pub profiles: BTreeMap<String, Listed>,
    /// What git config says about agents, by name.
    pub configured: BTreeMap<String, AgentSettings>,
    /// Who is chosen for which packages.
    pub choice: AgentChoice,
    /// How often the same may come in a row, for every agent that nobody says more about.
    pub repeat: Option<u32>,
}

/// A profile and where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// How it is run.
    pub profile: AgentProfile,
    /// The user's file that says something about it.
    pub file: Option<String>,
    /// Its keys that stand in that file, for instance `with.model`.
    pub overridden: Vec<String>,
}

impl Roster {
    /// How far the agent `name` is trusted; `None` if there is no such agent.
    pub fn trust(&self, name: &str) -> Option<u8> {
        let configured = self.configured.get(name);
        let listed = self.profiles.get(name).map(|listed| listed.profile.trust);
        let said = configured.and_then(|settings| settings.trust).or(listed);
        said.or(configured.map(|_| TRUST_STANDARD))
    }

    /// Every name that can be given to `--agent` beside the built-in `shell`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let listed = self.profiles.keys().map(String::as_str);
        let more = self.configured.keys().map(String::as_str);
        listed.chain(more.filter(|name| !self.profiles.contains_key(*name)))
    }
}
