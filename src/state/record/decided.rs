//! What the guard or the policy decided, where the decision was enforced. Facts: they say what was
//! allowed or refused, to whom and by which rule, and nothing follows from them.

use serde::{Deserialize, Serialize};

use crate::base::{FeatureId, PackageId};
use crate::state::record::entry::By;

/// A decision that was enforced. Questions whose answer binds nobody are not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Who judged.
    pub judge: Judge,
    /// The verb.
    pub operation: String,
    /// What it was to be done to; without secrets.
    pub resource: String,
    /// What came of it.
    pub sentence: Sentence,
    /// The rules that decided, or that a person overrode.
    pub rules: Vec<String>,
    /// Why, for people; without secrets.
    pub reason: String,
    /// How far who asked is trusted, 0 to 4.
    pub trust: u32,
    /// The profile that was looked at.
    pub profile: Option<String>,
    /// The feature it is about.
    pub feature: Option<FeatureId>,
    /// The package it is about.
    pub package: Option<PackageId>,
    /// The agent, if it said who it is.
    pub agent: Option<String>,
    /// What sort of agent it is.
    pub kind: Option<String>,
    /// Its session.
    pub session: Option<String>,
    /// Who and when.
    pub by: By,
}

/// Who judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// What a command line would destroy.
    Guard,
    /// Who may do what.
    Policy,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sentence {
    /// It was done.
    Allow,
    /// It was done, and something was said about it.
    Warn,
    /// It was not done.
    Deny,
    /// It was done although the rules stop it: a person said so.
    Despite,
}

impl Sentence {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Sentence::Allow => "allow",
            Sentence::Warn => "warn",
            Sentence::Deny => "deny",
            Sentence::Despite => "despite",
        }
    }

    /// True if what was asked for was done.
    pub fn is_done(self) -> bool {
        self != Sentence::Deny
    }
}
