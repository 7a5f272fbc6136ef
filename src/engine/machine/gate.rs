//! The gate of one attempt, and what `amend` grants on the way.

use crate::base::{Oid, PackageId, RepoPath, Result};
use crate::engine::effect::{Outcome, Subject};
use crate::engine::machine::grants::with_grants;
use crate::engine::machine::shared::{accepted, parse_scope};
use crate::engine::machine::start::{attempt_of, deviation, result_of};
use crate::engine::machine::watching::planted;
use crate::engine::machine::worker::Worker;
use crate::integrate::gate::{GateInput, Gated, Limits};
use crate::integrate::{Shadow, gate};
use crate::model::{Deviation, GateViolation, Package, ScopeMode};
use crate::os::clock;
use crate::report::books;
use crate::scope::Set;
use crate::state::view::AttemptView;

/// The kind of the deviation that grants paths outside the scope.
pub(super) const AMENDED: &str = "amended-scope";

impl Worker {
    pub(super) fn gate(&self, subject: &Subject) -> Result<Outcome> {
        let (attempt, result) = (attempt_of(subject)?, result_of(subject)?);
        let package = self.package(&attempt.package)?;
        let scope = self.granted_scope(subject, package)?;
        let others = self.unfinished(&package.id)?;
        let owner_of = |path: &RepoPath| owner(&others, path);
        let setup = &self.shared.setup;
        let shadow = Shadow::open(&setup.repo)?;
        let gated = gate(
            &shadow,
            &GateInput {
                base: &attempt.base,
                head: &result.head,
                scope: &scope,
                mode: package.scope.mode,
                accepted: &self.trusted()?,
                owner_of: &owner_of,
                limits: Limits::with_blob_max(setup.settings.max_blob_bytes),
                planted: &planted(self, &attempt.attempt)?,
                now: clock::now(),
            },
        )?;
        let (gated, mut deviations) = self.ticked(subject, package, &scope, gated)?;
        if !gated.granted.is_empty() {
            let detail = format!("`{}` was granted paths outside its scope", package.id);
            deviations.push(deviation(AMENDED, detail, gated.granted));
        }
        Ok(Outcome::Gated {
            holding: subject.holding.clone(),
            verdict: gated.verdict,
            deviations,
        })
    }

    /// An agent that ticks off its own element does no harm: its edit of the plan is left out of
    /// the merge, and noted. Any other edit of the plan changes what was approved.
    fn ticked(
        &self,
        subject: &Subject,
        package: &Package,
        scope: &Set,
        mut gated: Gated,
    ) -> Result<(Gated, Vec<Deviation>)> {
        let Some(path) = self.shared.plan_file() else {
            return Ok((gated, Vec::new()));
        };
        let declared = scope.contains(&path) && package.scope.mode != ScopeMode::Open;
        if declared || !gated.changed.contains(&path) {
            return Ok((gated, Vec::new()));
        }
        let (attempt, result) = (attempt_of(subject)?, result_of(subject)?);
        let objects = self.shared.setup.repo.objects();
        let content = |commit: &Oid| -> Result<Vec<u8>> {
            let tree = objects.commit(commit)?.tree;
            Ok(objects.file(&tree, &path)?.unwrap_or_default())
        };
        let both = (content(&attempt.base)?, content(&result.head)?);
        let plan = &self.shared.setup.plan;
        if !books::changes_only(&package.id, plan, (&both.0, &both.1)) {
            gated.verdict.passed = false;
            gated.verdict.violations.push(GateViolation {
                rule: "plan".to_owned(),
                path: Some(path),
                detail: "changes the plan beyond its own status".to_owned(),
                owner: None,
                commit: None,
            });
            return Ok((gated, Vec::new()));
        }
        gated.granted.retain(|granted| *granted != path);
        let detail = format!(
            "`{}` ticked itself off; git wp keeps the plan's statuses",
            package.id
        );
        Ok((gated, vec![deviation("plan-ticked", detail, vec![path])]))
    }

    /// Where the attempt may write. Only what a supervisor of this clone granted counts.
    fn granted_scope(&self, subject: &Subject, package: &Package) -> Result<Set> {
        let own = &self.shared.setup.by.actor;
        match subject
            .view
            .as_ref()
            .filter(|view| view.attempt.by.actor == *own)
        {
            Some(view) => parse_scope(&with_grants(&package.scope, view), self.shared.fold),
            None => self.shared.scope(package),
        }
    }

    /// What an agent may have merged: accepted heads and the feature's tip.
    fn trusted(&self) -> Result<Vec<Oid>> {
        let records = self.records()?;
        let heads = accepted(records)
            .into_iter()
            .map(|(_, _, head)| head.clone());
        let mut heads: Vec<Oid> = heads.collect();
        let setup = &self.shared.setup;
        if !heads.is_empty() {
            heads.extend(setup.repo.refs().read(&setup.started.integration)?);
        }
        Ok(heads)
    }

    /// The scopes of all other packages that are not merged.
    fn unfinished(&self, own: &PackageId) -> Result<Vec<(PackageId, Set)>> {
        let records = self.records()?;
        let merged = |id: &PackageId| {
            let package = records.packages.get(id);
            package.is_some_and(|p| p.accept.is_some())
        };
        let packages = self.plan.packages.iter();
        packages
            .filter(|p| p.id != *own && !merged(&p.id))
            .map(|p| Ok((p.id.clone(), parse_scope(&p.scope, self.shared.fold)?)))
            .collect()
    }
}

fn owner(scopes: &[(PackageId, Set)], path: &RepoPath) -> Option<PackageId> {
    let mut owners = scopes.iter().filter(|(_, set)| set.contains(path));
    owners.next().map(|(id, _)| id.clone())
}

/// Paths that were granted to an attempt: by the gate, or by its supervisor.
pub(super) fn granted(view: &AttemptView) -> Vec<RepoPath> {
    let is_grant = |d: &&Deviation| d.kind == AMENDED || d.kind == Deviation::SCOPE_GRANTED;
    let grants = view.deviations.iter().filter(is_grant);
    grants.flat_map(|d| d.paths.clone()).collect()
}
