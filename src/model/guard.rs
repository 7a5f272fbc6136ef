//! Trust, and what `wp.toml` says about guardrails and policy.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How far an actor is trusted: 0 nobody, 1 reads, 2 writes (the default), 3 administers, 4 a
/// person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Trust(u8);

impl Trust {
    /// Nothing is allowed.
    pub const NONE: Trust = Trust(0);
    /// May read.
    pub const LIMITED: Trust = Trust(1);
    /// May write: what agents have unless somebody says otherwise.
    pub const STANDARD: Trust = Trust(2);
    /// May administer.
    pub const ELEVATED: Trust = Trust(3);
    /// A person.
    pub const PERSON: Trust = Trust(4);

    /// `None` above 4.
    pub fn new(level: u8) -> Option<Self> {
        (level <= Trust::PERSON.0).then_some(Trust(level))
    }

    /// The level, 0 to 4.
    pub fn level(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl From<Trust> for u8 {
    fn from(trust: Trust) -> u8 {
        trust.0
    }
}

impl TryFrom<u8> for Trust {
    type Error = String;

    fn try_from(level: u8) -> Result<Self, String> {
        Trust::new(level).ok_or_else(|| format!("`{level}` is no trust level; they are 0 to 4"))
    }
}

/// What a guard rule does when it applies. The later, the harder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is noted.
    Log,
    /// It is shown.
    Warn,
    /// It waits for a person's yes.
    Approval,
    /// It is refused.
    Block,
}

impl Level {
    /// The word in JSON and text.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Log => "log",
            Level::Warn => "warn",
            Level::Approval => "approval",
            Level::Block => "block",
        }
    }

    /// True if the command does not run as things are.
    pub fn stops(self) -> bool {
        self >= Level::Approval
    }
}

/// `[guard]` of `wp.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardSettings {
    /// Further rules, by name.
    pub rules: BTreeMap<String, OwnRule>,
    /// Changes of built-in rules, by name.
    pub change: BTreeMap<String, RuleChange>,
    /// Built-in rules that are switched off: name to reason.
    pub off: BTreeMap<String, String>,
}

/// A rule of the project's own: it applies to a command whose program matches and among whose
/// arguments each of `words` is found, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRule {
    /// The program without its folder; `*` and `?` match any text and any character.
    pub program: String,
    /// Patterns of arguments, `*` and `?` as above.
    #[serde(default)]
    pub words: Vec<String>,
    /// What it does.
    #[serde(default = "block")]
    pub level: Level,
    /// From this trust on it does not apply.
    #[serde(default = "elevated")]
    pub min_trust: Trust,
    /// Why there is such a rule.
    pub why: String,
    /// What to do instead.
    #[serde(default)]
    pub advice: String,
}

fn block() -> Level {
    Level::Block
}

fn elevated() -> Trust {
    Trust::ELEVATED
}

/// Another level or trust for a built-in rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleChange {
    /// What it does.
    pub level: Option<Level>,
    /// From this trust on it does not apply.
    pub min_trust: Option<Trust>,
}

/// `[policy]` of `wp.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySettings {
    /// Profiles by name: an agent has the one of its own name, else `default`; a person has
    /// `person`.
    pub profiles: BTreeMap<String, ProfileSettings>,
}

/// What actors of a profile may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileSettings {
    /// If any are named, no other operation is allowed; one that nobody knows is allowed by this
    /// alone.
    pub allowed: Vec<String>,
    /// Never allowed.
    pub blocked: Vec<String>,
    /// Most files that one change may touch.
    pub max_files: Option<u32>,
}
