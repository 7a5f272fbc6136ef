//! The agents of a run: for every package the profiles that are tried in turn.

use std::collections::BTreeMap;

use crate::agent::profile::Profile;
use crate::base::{Error, PackageId, Result, text};
use crate::model::Mode;

/// Who may be given which package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staff {
    /// For packages without a choice of their own; never empty in a run that starts packages.
    pub common: Vec<Profile>,
    /// Choices for single packages.
    pub own: BTreeMap<PackageId, Vec<Profile>>,
    /// Who repairs what failed its verification; empty: whoever would be given the package.
    pub debug: Vec<Profile>,
    /// Who looks at which surface of a finished feature; with an empty name: at all others.
    pub qa: BTreeMap<String, Profile>,
}

impl Staff {
    /// One agent for everything.
    pub fn one(profile: Profile) -> Self {
        Staff {
            common: vec![profile],
            own: BTreeMap::new(),
            debug: Vec::new(),
            qa: BTreeMap::new(),
        }
    }

    /// The chain of a package.
    pub fn of(&self, package: &PackageId) -> &[Profile] {
        self.own.get(package).unwrap_or(&self.common)
    }

    /// Who looks at this surface: who is configured for that, else who does packages.
    pub fn for_qa(&self, surface: &str) -> Option<&Profile> {
        let chosen = self.qa.get(surface).or_else(|| self.qa.get(""));
        chosen.or_else(|| self.common.first())
    }

    /// The profile `agent` as it is meant for an attempt at a package.
    ///
    /// # Errors
    /// The run does not know the agent.
    pub fn find(&self, (package, mode): (&PackageId, Mode), agent: &str) -> Result<&Profile> {
        let debug = self.debug.iter().filter(|_| mode == Mode::Debug);
        let mut all = debug.chain(self.of(package)).chain(&self.common);
        all.find(|profile| profile.name == agent).ok_or_else(|| {
            let shown = text::foreign(agent);
            let message = format!("this run has no agent `{shown}` for package `{package}`");
            Error::usage("agent-unknown", message)
        })
    }

    /// Every profile, each once by name.
    pub fn all(&self) -> Vec<&Profile> {
        let own = self.own.values().flatten().chain(&self.debug);
        let mut all: Vec<&Profile> = self.common.iter().chain(own).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.dedup_by(|a, b| a.name == b.name);
        all
    }
}
