//! Landings: merge commits in memory, the moved ref, the feature branch.

use crate::base::{Error, Oid, PackageId, RefName, Result, Timestamp};
use crate::engine::effect::{Advanced, Outcome, Rejection, Subject};
use crate::engine::machine::books::Moment;
use crate::engine::machine::gate::granted;
use crate::engine::machine::shared::{CheckoutRule, origin_of};
use crate::engine::machine::start::{attempt_of, deviation, result_of};
use crate::engine::machine::verify::Check;
use crate::engine::machine::worker::Worker;
use crate::git::{Expected, SwapError};
use crate::integrate::merge::{self, MergeInput, MessageParts};
use crate::integrate::{Conflict, MergeOutcome, Merged, Shadow};
use crate::model::settings::OnMerge;
use crate::model::{Deviation, Evidence, Package, ScopeMode};
use crate::os::clock;
use crate::schedule::Holding;
use crate::state::record::{By, EvidenceFact, Land, Landing};
use crate::state::view::AttemptView;

/// Merges so far.
struct Line {
    tip: Oid,
    landings: Vec<Landing>,
    evidence: Vec<(Holding, EvidenceFact)>,
    rejected: Vec<Rejection>,
}

/// Work that is to be merged onto a tip.
pub(super) struct Candidate<'a> {
    pub(super) shadow: &'a Shadow,
    /// The attempt; it has a result.
    pub(super) view: &'a AttemptView,
    pub(super) package: &'a Package,
    pub(super) tip: &'a Oid,
    /// When, as the commit says.
    pub(super) at: Timestamp,
}

impl Worker {
    pub(super) fn merge(&self, n: u32, onto: &Oid, subjects: &[Subject]) -> Result<Outcome> {
        let shadow = Shadow::open(&self.shared.setup.repo)?;
        let mut line = Line {
            tip: onto.clone(),
            landings: Vec::new(),
            evidence: Vec::new(),
            rejected: Vec::new(),
        };
        for subject in subjects {
            self.merge_one(&shadow, subject, &mut line)?;
        }
        self.keep_books(subjects.is_empty(), &mut line)?;
        let land = match line.tip == *onto {
            true => None,
            false => Some(Box::new(self.land(n, onto, &line)?)),
        };
        Ok(Outcome::Merged {
            land,
            evidence: line.evidence,
            rejected: line.rejected,
        })
    }

    /// Ticks off in the plan what was merged; at the end of a run also what was not.
    fn keep_books(&self, is_over: bool, line: &mut Line) -> Result<()> {
        let landed = line.landings.iter().map(|landing| landing.package.clone());
        let landed: Vec<PackageId> = landed.collect();
        let moment = match is_over {
            true => Moment::Over,
            false if landed.is_empty() => return Ok(()),
            false => Moment::Landing(&landed),
        };
        let entries = self.shared.books(self.records()?, &line.tip, moment)?;
        let objects = self.shared.setup.repo.objects();
        line.tip = self.shared.write_books(&objects, &line.tip, entries)?;
        if is_over {
            self.shared.close_books(self.records()?, &line.tip);
        }
        Ok(())
    }

    fn merge_one(&self, shadow: &Shadow, subject: &Subject, line: &mut Line) -> Result<()> {
        let attempt = attempt_of(subject)?;
        if let Some(rejection) = self.gate_again(subject)? {
            line.rejected.push(rejection);
            return Ok(());
        }
        let package = self.package(&attempt.package)?;
        let Some(view) = &subject.view else {
            return Ok(());
        };
        let outcome = self.merged_onto(&Candidate {
            shadow,
            view,
            package,
            tip: &line.tip,
            at: clock::now(),
        })?;
        let rejection = match outcome {
            MergeOutcome::Merged(merged) => self.recheck(subject, package, &merged, line)?,
            MergeOutcome::Conflict(conflict) => Some(conflicted(subject, &conflict)),
            MergeOutcome::Refused(violations) => Some(Rejection {
                holding: subject.holding.clone(),
                note: violations.first().map_or_else(String::new, |v| {
                    format!("refused at the merge: {}", v.detail)
                }),
                deviation: None,
            }),
        };
        line.rejected.extend(rejection);
        Ok(())
    }

    /// Merges the work of an attempt onto a tip, in memory.
    pub(super) fn merged_onto(&self, of: &Candidate<'_>) -> Result<MergeOutcome> {
        let (view, package) = (of.view, of.package);
        let missing = || Error::damaged("record", "the result of an attempt is missing");
        let result = view.result.as_ref().ok_or_else(missing)?;
        let records = self.records()?;
        let scope = self.shared.scope(package)?;
        let stack = stack_trailer(package);
        let trailers: Vec<(&str, &str)> = stack.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let plan = self.shared.plan_file();
        let plan =
            plan.filter(|path| !scope.contains(path) || package.scope.mode == ScopeMode::Open);
        merge::merge(
            of.shadow,
            &MergeInput {
                tip: of.tip,
                head: &result.head,
                base: &view.attempt.base,
                scope: &scope,
                mode: package.scope.mode,
                left_out: plan.as_ref(),
                granted: &granted(view),
                owner_of: &|path| origin_of(records, path),
                message: MessageParts {
                    feature: self.shared.feature(),
                    package: &package.id,
                    role: package.role_word(),
                    title: package.title.as_deref().unwrap_or_default(),
                    attempt: &view.attempt.attempt,
                    by: &self.shared.setup.person,
                    at: of.at,
                    trailers: &trailers,
                },
            },
        )
    }

    /// What another machine says of its own attempt is no proof: who merges has looked itself.
    fn gate_again(&self, subject: &Subject) -> Result<Option<Rejection>> {
        let attempt = attempt_of(subject)?;
        if attempt.by.actor == self.shared.setup.by.actor {
            return Ok(None);
        }
        let Outcome::Gated { verdict, .. } = self.gate(subject)? else {
            return Ok(None);
        };
        let first = verdict.violations.first();
        Ok(first
            .filter(|_| !verdict.passed)
            .map(|violation| Rejection {
                holding: subject.holding.clone(),
                note: format!(
                    "refused at the gate: {} [{}]",
                    violation.detail, violation.rule
                ),
                deviation: None,
            }))
    }

    /// Verifies a merged tree that is new, and takes it into the line if it is green.
    fn recheck(
        &self,
        subject: &Subject,
        package: &Package,
        merged: &Merged,
        line: &mut Line,
    ) -> Result<Option<Rejection>> {
        let result = result_of(subject)?;
        let on_merge = self.shared.setup.settings.project.verify.on_merge;
        if merged.tree != result.tree && on_merge == OnMerge::Package {
            let evidence = self.check(&Check {
                commit: &merged.commit,
                tree: &merged.tree,
                steps: &package.verification.steps,
                tier: package.verification.tier,
                name: &format!("{}.merged", subject.holding.attempt),
            })?;
            let rejection = red(subject, &evidence);
            let fact = EvidenceFact {
                evidence,
                merged: true,
                at: clock::now(),
            };
            line.evidence.push((subject.holding.clone(), fact));
            if rejection.is_some() {
                return Ok(rejection);
            }
        }
        line.tip = merged.commit.clone();
        line.landings.push(Landing {
            package: package.id.clone(),
            attempt: subject.holding.attempt.clone(),
            epoch: subject.holding.epoch,
            head: result.head.clone(),
            merge: merged.commit.clone(),
        });
        Ok(None)
    }

    /// Keeps the last commit under a ref, so that the intent can name it.
    fn land(&self, n: u32, old: &Oid, line: &Line) -> Result<Land> {
        let setup = &self.shared.setup;
        let name = self.candidate()?;
        let durability = setup.settings.durability;
        // The agents' commits and the merges must be there after a power cut before a ref and a
        // record name them.
        setup.repo.objects().flush_all(durability)?;
        let new = Some(&line.tip);
        let kept = setup
            .repo
            .refs()
            .swap(&name, new, &Expected::Any, "wp: land", durability);
        kept.map_err(|e| e.into_error(&name))?;
        Ok(Land {
            n,
            attempts: line.landings.clone(),
            branch: setup.started.integration.clone(),
            old: old.clone(),
            new: line.tip.clone(),
            by: By {
                at: clock::now(),
                ..setup.by.clone()
            },
        })
    }

    /// One name for all landings, because only one is ever open: git would have to be started to
    /// delete it each time. Left over it holds what the integration ref holds too.
    fn candidate(&self) -> Result<RefName> {
        let name = format!("refs/wp/land/{}/next", self.shared.feature().slug());
        RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` as a ref")))
    }

    /// Moves the integration ref. Where it stands now is for the next look to say.
    pub(super) fn swap(&self, land: &Land) -> Result<Outcome> {
        let setup = &self.shared.setup;
        let (refs, durability) = (setup.repo.refs(), setup.settings.durability);
        let expected = Expected::Is(land.old.clone());
        let reason = format!("wp: landing {}", land.n);
        match refs.swap(
            &land.branch,
            Some(&land.new),
            &expected,
            &reason,
            durability,
        ) {
            Ok(()) | Err(SwapError::Moved { .. }) => Ok(Outcome::Swapped),
            Err(error) => Err(error.into_error(&land.branch)),
        }
    }

    /// Brings the feature branch to the tip, if it only has to move forward and nobody has it
    /// checked out.
    pub(super) fn advance(&self, to: &Oid) -> Result<Outcome> {
        let branch = self.advanced(to, "wp: implement")?;
        let refs = self.shared.setup.repo.refs();
        // Nothing is being landed any more, so there is no candidate.
        if let Some(held) = refs.read(&self.candidate()?)? {
            let (name, held) = (self.candidate()?, Expected::Is(held));
            let durability = self.shared.setup.settings.durability;
            let _ = refs.swap(&name, None, &held, "wp: landed", durability);
        }
        Ok(Outcome::Advanced {
            to: to.clone(),
            branch,
        })
    }

    /// Brings the branch of the run to `to`; `reason` is for its log.
    pub(super) fn advanced(&self, to: &Oid, reason: &str) -> Result<Advanced> {
        let setup = &self.shared.setup;
        let (refs, name) = (setup.repo.refs(), &setup.started.branch);
        let before = refs.read(name)?;
        if before.as_ref() == Some(to) {
            return Ok(Advanced::There);
        }
        if let Some(before) = &before
            && !setup.repo.is_ancestor(before, to)?
        {
            return Ok(Advanced::Diverged);
        }
        let holders = setup.repo.checked_out()?;
        if let Some((_, at)) = holders.into_iter().find(|(branch, _)| branch == name) {
            let moved = match (setup.checkout, &before) {
                (CheckoutRule::Update, Some(before)) => self.update_checkout(&at, before, to)?,
                (CheckoutRule::Update, None) | (CheckoutRule::LeaveAlone, _) => false,
            };
            return Ok(match moved {
                true => Advanced::There,
                false => Advanced::CheckedOut {
                    at: at.display().to_string(),
                },
            });
        }
        let expected = Expected::same_as(before.as_ref());
        let durability = setup.settings.durability;
        match refs.swap(name, Some(to), &expected, reason, durability) {
            Ok(()) => Ok(Advanced::There),
            Err(SwapError::Moved { .. }) => Ok(Advanced::Diverged),
            Err(error) => Err(error.into_error(name)),
        }
    }
}

/// A red step on the merged tree.
fn red(subject: &Subject, evidence: &Evidence) -> Option<Rejection> {
    let step = evidence.first_failure()?;
    Some(Rejection {
        holding: subject.holding.clone(),
        note: format!("step `{}` fails on the merged tree", step.name),
        deviation: None,
    })
}

fn conflicted(subject: &Subject, conflict: &Conflict) -> Rejection {
    let others: Vec<String> = conflict.others.iter().map(|id| format!("`{id}`")).collect();
    let with = match others.is_empty() {
        true => "what was there before".to_owned(),
        false => others.join(", "),
    };
    let paths: Vec<String> = conflict
        .paths
        .iter()
        .map(|p| format!("`{}`", p.path))
        .collect();
    let mut detail = String::new();
    for path in &conflict.paths {
        detail.push_str(&format!("{}: {}\n", path.path, path.what));
        detail.push_str(path.marked.as_deref().unwrap_or_default());
    }
    let paths_of = conflict.paths.iter().map(|p| p.path.clone()).collect();
    let deviation: Deviation = deviation("conflict", detail, paths_of);
    Rejection {
        holding: subject.holding.clone(),
        note: format!("conflicts with {with} in {}", paths.join(", ")),
        deviation: Some(deviation),
    }
}

/// Marks a package of a stack in its merge commit.
fn stack_trailer(package: &Package) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    if let Some(decomposition) = &package.decomposition {
        out.push(("Wp-Decomposition", decomposition.clone()));
    }
    if let Some(position) = package.stack_position {
        out.push(("Wp-Stack-Position", position.to_string()));
    }
    out
}
