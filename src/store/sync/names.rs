//! What our refs are called on a remote. Where the host takes branches only, they are branches.

use crate::base::{AttemptId, Error, FeatureId, Oid, PackageId, RefName, Result};

/// The names of our refs on one remote.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    state: &'a RefName,
}

impl<'a> Names<'a> {
    /// The names beside the ref that holds the state there.
    pub fn beside(state: &'a RefName) -> Self {
        Names { state }
    }

    /// The ref of the state.
    pub fn state(&self) -> &RefName {
        self.state
    }

    /// The head of an attempt.
    ///
    /// # Errors
    /// A bug: ids that make no ref name.
    pub fn head(
        &self,
        feature: &FeatureId,
        package: &PackageId,
        attempt: &AttemptId,
    ) -> Result<RefName> {
        let rest = format!("{}/{}/{attempt}", feature.slug(), package.slug());
        self.named("heads", &rest)
    }

    /// What was left in the room of an attempt.
    ///
    /// # Errors
    /// As [`Names::head`].
    pub fn salvage(
        &self,
        (feature, package, attempt): (&str, &str, &AttemptId),
        commit: &Oid,
    ) -> Result<RefName> {
        let rest = format!("{feature}/{package}/{attempt}-{}", commit.short());
        self.named("salvage", &rest)
    }

    /// What was merged of a feature.
    ///
    /// # Errors
    /// As [`Names::head`].
    pub fn integration(&self, feature: &FeatureId) -> Result<RefName> {
        self.named("integration", &feature.slug())
    }

    /// What is about to land.
    ///
    /// # Errors
    /// As [`Names::head`].
    pub fn next(&self, feature: &FeatureId) -> Result<RefName> {
        self.named("next", &feature.slug())
    }

    /// True for names that go on with a feature; the others keep what they hold.
    pub(super) fn moves(&self, name: &RefName) -> bool {
        let inside = |folder: &str| name.as_str().starts_with(&self.folder(folder));
        inside("integration") || inside("next")
    }

    fn folder(&self, word: &str) -> String {
        match self.state.as_str().starts_with("refs/heads/") {
            true => format!("refs/heads/wp-{word}/"),
            false => format!("refs/wp/{word}/"),
        }
    }

    fn named(&self, folder: &str, rest: &str) -> Result<RefName> {
        let name = format!("{}{rest}", self.folder(folder));
        RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` is not a ref name")))
    }
}
