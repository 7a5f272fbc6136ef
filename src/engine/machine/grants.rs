//! What an attempt is granted outside its scope: paths that provably nobody else works on.
//!
//! A path is free if no unfinished package of any feature that is still open covers it, and
//! nobody holds a lock on it. The attempt takes that lock, so the path stays free until the
//! attempt ends. Where a remote decides, nothing can be proved here, so nothing is granted.

use crate::base::{Error, FeatureId, PackageId, RepoPath, Result};
use crate::engine::machine::Machine;
use crate::engine::machine::shared::parse_scope;
use crate::engine::machine::start::deviation;
use crate::hook::RoomScope;
use crate::model::{Deviation, Package, ScopeMode, ScopeSpec};
use crate::os::{clock, random};
use crate::plan;
use crate::scope::{Change, EntryMode, Policy, Rule, Set, judge};
use crate::state::locks::LEASE_MINUTES_MAX;
use crate::state::record::{Hold, HoldKind};
use crate::state::request::AttemptFact;
use crate::state::view::AttemptView;
use crate::state::{FeatureView, Op, Request};
use crate::store::{Load, Owner};

/// Paths of one request that are looked at.
const PATHS_MAX: usize = 100;

impl Machine<'_> {
    /// Grants what is free of the paths that an agent asks for. What is not, it has to ask its
    /// owner for.
    pub(super) fn consider(&self, owner: &Owner, asked: &Deviation) -> Result<()> {
        let plan = self.shared.plan(&self.view);
        let package = plan.package(&owner.package);
        let package = package.ok_or_else(|| Error::bug("a package that nobody planned"))?;
        let decides_here = self.shared.setup.settings.remote.is_none();
        if asked.kind != Deviation::SCOPE_REQUEST || !decides_here {
            return Ok(());
        }
        let scope = self.shared.scope(package)?;
        let others = self.unfinished(owner)?;
        let mut granted = Vec::new();
        for path in asked.paths.iter().take(PATHS_MAX) {
            let free = is_grantable(path, &scope) && !others.iter().any(|set| set.contains(path));
            if free && self.hold(owner, path)? {
                granted.push(path.clone());
            }
        }
        match granted.is_empty() {
            true => Ok(()),
            false => self.grant(owner, granted),
        }
    }

    /// Where unfinished packages of all open features may write, the asker's own left out. A
    /// package without a declared scope may write everywhere.
    fn unfinished(&self, owner: &Owner) -> Result<Vec<Set>> {
        let view = self.store.view(&Load::All)?;
        let mut sets = Vec::new();
        for (id, records) in &view.features {
            let is_cancelled = |hold: &Hold| hold.kind == HoldKind::Cancel;
            if records.holds.iter().any(is_cancelled) {
                continue;
            }
            for package in self.packages(id, records)? {
                let is_own = (id, &package.id) == (&owner.feature, &owner.package);
                if !is_own && !is_merged(records, &package.id) {
                    let set = parse_scope(&package.scope, self.shared.fold)?;
                    sets.push(match package.scope.mode {
                        ScopeMode::Open => set.without_limits(),
                        ScopeMode::Strict | ScopeMode::Amend => set,
                    });
                }
            }
        }
        Ok(sets)
    }

    fn packages(&self, id: &FeatureId, records: &FeatureView) -> Result<Vec<Package>> {
        if id == self.shared.feature() {
            return Ok(self.shared.plan(&self.view).packages.clone());
        }
        let Some(origin) = records.current_plan() else {
            return Ok(Vec::new());
        };
        let bytes = self.store.plan_bytes(id, &origin.hash)?;
        let plan = bytes.and_then(|bytes| plan::read(&bytes, &origin.path).plan);
        // What a plan covers that cannot be read is not known, so nothing is free beside it.
        let unread = || Error::damaged("plan-unreadable", format!("the plan of `{id}`"));
        Ok(plan.ok_or_else(unread)?.packages)
    }

    /// Takes the lock of a path for the attempt; false if somebody else has it.
    fn hold(&self, owner: &Owner, path: &RepoPath) -> Result<bool> {
        let op = Op::LockAcquire {
            attempt: random::attempt_id()?,
            key: path.to_text(),
            session: owner.attempt.to_string(),
            reason: Some(format!("granted to `{}` outside its scope", owner.package)),
            ttl_minutes: LEASE_MINUTES_MAX,
            steal: None,
        };
        self.record(owner, op)
    }

    fn grant(&self, owner: &Owner, paths: Vec<RepoPath>) -> Result<()> {
        let detail = format!("`{}` asked for paths that nobody else has", owner.package);
        let fact = deviation(Deviation::SCOPE_GRANTED, detail, paths.clone());
        let op = Op::Note {
            feature: owner.feature.clone(),
            package: owner.package.clone(),
            attempt: owner.attempt.clone(),
            fact: AttemptFact::Deviation(fact),
        };
        if !self.record(owner, op)? {
            return Ok(());
        }
        // The record counts at the gate; the hooks in the room read the file.
        let common = self.shared.setup.repo.common_dir();
        if let Some(mut room) = RoomScope::read(common, &owner.attempt)? {
            room.scope
                .write_allow
                .extend(paths.iter().filter_map(pattern));
            room.write(common)?;
        }
        Ok(())
    }

    fn record(&self, owner: &Owner, op: Op) -> Result<bool> {
        let at = clock::now();
        let request = Request {
            txn: random::txn_id(at)?,
            actor: owner.actor.clone(),
            label: owner.label.clone(),
            at,
            needs: Vec::new(),
            op,
        };
        let answers = self.store.submit(vec![request])?;
        Ok(answers.iter().all(Result::is_ok))
    }
}

fn is_merged(records: &FeatureView, id: &PackageId) -> bool {
    let known = records.packages.get(id);
    known.is_some_and(|package| package.accept.is_some())
}

/// True for a plain path that only lacks a pattern: not denied, not hostile, none that changes
/// how git reads the tree, and none that would be read as a pattern.
fn is_grantable(path: &RepoPath, scope: &Set) -> bool {
    let text = path.to_text();
    let name = text.rsplit('/').next().unwrap_or("").to_lowercase();
    let change = Change {
        path: path.clone(),
        old: EntryMode::Absent,
        new: EntryMode::File,
        size: None,
        target: None,
    };
    let policy = Policy {
        max_blob_bytes: None,
    };
    let violations = judge(&[change], scope, &policy);
    let lacks_pattern = violations.iter().all(|v| v.rule == Rule::NotAllowed);
    pattern(path).is_some() && !name.starts_with(".git") && !violations.is_empty() && lacks_pattern
}

/// The scope of a package and what its attempt was granted beside it.
pub(super) fn with_grants(scope: &ScopeSpec, attempt: &AttemptView) -> ScopeSpec {
    let mut scope = scope.clone();
    let grants = { attempt.deviations.iter() }.filter(|d| d.kind == Deviation::SCOPE_GRANTED);
    let patterns = grants.flat_map(|d| &d.paths).filter_map(pattern);
    scope.write_allow.extend(patterns);
    scope
}

/// A pattern that matches this path alone, and names it not literally: that would allow a
/// submodule in its place too. `None` for a path that would be read as a pattern itself.
fn pattern(path: &RepoPath) -> Option<String> {
    let text = path.to_text();
    let (last, _) =
        { text.char_indices().next_back() }.filter(|(_, c)| c.is_ascii_alphanumeric())?;
    let is_plain = !text.contains(['*', '?', '[', ']', '{', '}', '\\']);
    is_plain.then(|| format!("{}[{}]", &text[..last], &text[last..]))
}
