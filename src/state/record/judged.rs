//! What reviewers, checks and people found of a feature. Facts: they decide nothing by themselves,
//! and everything that follows from them is computed.

use serde::{Deserialize, Serialize};

use crate::base::{Oid, PackageId};
use crate::model::Reviewed;
use crate::model::qa::QaRound;
use crate::model::review_words::Ruling;
use crate::state::record::entry::By;

/// Something that was found of a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// What was found.
    pub what: Judgement,
    /// Who put it on record and when.
    pub by: By,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// A reviewer looked at a commit, or was asked in vain.
    Review(Box<Reviewed>),
    /// Agents looked at the finished feature as people would use it.
    Qa(Box<QaRound>),
    /// A person sets a reason aside that keeps the feature from being done.
    Waiver(Waiver),
}

/// A person sets a reason aside. What it is about stays as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The key of the reason, as the gate names it; that of a finding is its own.
    pub key: String,
    /// The package that the reason is about.
    pub package: Option<PackageId>,
    /// The commit it was given for: of another one nothing is known. `None`: for all.
    pub commit: Option<Oid>,
    /// What it comes to.
    pub ruling: Ruling,
    /// Why.
    pub reason: String,
}

impl Judgement {
    /// The word in the audit trail.
    pub fn name(&self) -> &'static str {
        match self {
            Judgement::Review(_) => "review",
            Judgement::Waiver(_) => "waive",
            Judgement::Qa(_) => "qa",
        }
    }

    /// The package it is about.
    pub fn package(&self) -> Option<&PackageId> {
        match self {
            Judgement::Review(reviewed) => reviewed.package.as_ref(),
            Judgement::Waiver(waiver) => waiver.package.as_ref(),
            Judgement::Qa(_) => None,
        }
    }
}
