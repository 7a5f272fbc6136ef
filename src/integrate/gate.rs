//! The gate: may what lies between a base and a head be merged under this scope?
//!
//! It works on object ids only, reads the objects themselves, and looks at every new commit and at
//! the net difference, at both sides of every change. A path that was touched and put back is a
//! violation too, found in its commit. What it refuses it names: path, rule, sentence, owner.

use std::collections::BTreeSet;

use crate::base::{Error, Oid, PackageId, RepoPath, Result, Timestamp};
use crate::git::Sub;
use crate::git::pack::Pack;
use crate::git::raw::{RawChange, RawEntry, RawStore};
use crate::integrate::lineage::{self, Ask, Lineage, Verdict};
use crate::integrate::rules::{self, Found};
use crate::integrate::shadow::Shadow;
use crate::integrate::{Danger, Planted, collide};
use crate::model::{GateVerdict, ScopeMode};
use crate::scope::Set;

/// Says which other unfinished package may write a path.
pub type OwnerOf<'a> = dyn Fn(&RepoPath) -> Option<PackageId> + 'a;

/// What the gate judges, and by which measure.
pub struct GateInput<'a> {
    /// The commit that the attempt's grant names.
    pub base: &'a Oid,
    /// The head of the attempt, resolved once.
    pub head: &'a Oid,
    /// Where the package may write.
    pub scope: &'a Set,
    /// What happens to a path outside of it.
    pub mode: ScopeMode,
    /// Accepted heads and the feature's tip: what an agent may have merged.
    pub accepted: &'a [Oid],
    /// The other unfinished package that covers a path, if one does.
    pub owner_of: &'a OwnerOf<'a>,
    /// Limits.
    pub limits: Limits,
    /// What changed in the shared git folder while the agent ran.
    pub planted: &'a [Planted],
    /// The time that the verdict carries.
    pub now: Timestamp,
}

/// Beyond these nothing is looked at closely; the head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest blob, in bytes.
    pub blob_bytes_max: u64,
    /// Most new commits.
    pub commits_max: usize,
    /// Most changed paths.
    pub paths_max: usize,
}

impl Limits {
    /// The usual limits with another largest blob.
    pub fn with_blob_max(blob_bytes_max: u64) -> Self {
        Limits {
            blob_bytes_max,
            commits_max: 10_000,
            paths_max: 200_000,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::with_blob_max(10 << 20)
    }
}

/// Most violations that a verdict lists.
const VIOLATIONS_MAX: usize = 200;

/// The verdict and what the engine does with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gated {
    /// What is recorded.
    pub verdict: GateVerdict,
    /// Paths outside the declared scope that `amend` grants; to be recorded as a deviation.
    pub granted: Vec<RepoPath>,
    /// Paths that differ between the trusted state and the head.
    pub changed: Vec<RepoPath>,
}

/// Judges a head.
///
/// # Errors
/// Git cannot be run or an object that should be there is not readable. A refusal is no error.
pub fn gate(shadow: &Shadow, input: &GateInput<'_>) -> Result<Gated> {
    let raw = shadow.raw()?;
    let ask = Ask {
        base: input.base,
        head: input.head,
        accepted: input.accepted,
        commits_max: input.limits.commits_max,
    };
    let line = lineage::chain(&raw, &ask).transpose().map(readable);
    let line = line
        .map(|lineage| judge(shadow, &raw, input, lineage?))
        .transpose()?;
    let refused = match line {
        Some(gated) if gated.verdict.passed || input.accepted.is_empty() => return Ok(gated),
        other => other,
    };
    // The line may hold accepted work, which only the general case can tell from the agent's own.
    match (readable(lineage::graph(shadow, &raw, &ask))?, refused) {
        (Err(_), Some(gated)) => Ok(gated),
        (lineage, _) => judge(shadow, &raw, input, lineage),
    }
}

/// A missing or malformed object of the head is a finding, not a failure.
fn readable(answer: Result<Verdict>) -> Result<Verdict> {
    match answer {
        Err(e) if e.code() == "missing-object" => Ok(Err(unreadable(&e))),
        other => other,
    }
}

fn judge(
    shadow: &Shadow,
    raw: &RawStore,
    input: &GateInput<'_>,
    lineage: Verdict,
) -> Result<Gated> {
    let scope = rules::in_mode(input.scope, input.mode);
    let mut judge = Judge::new(raw, input, &scope);
    judge.surroundings();
    let lineage = match lineage {
        Ok(lineage) => lineage,
        Err(found) => {
            judge.found.push(found);
            return Ok(judge.into_gated(0));
        }
    };
    match judge.judge(&lineage) {
        Ok(()) => {}
        Err(e) if matches!(e.code(), "missing-object" | "limits") => {
            judge.found.push(unreadable(&e));
        }
        Err(e) => return Err(e),
    }
    if !lineage.steps.is_empty() && judge.found.is_empty() {
        judge.found.extend(fsck(shadow, raw, input, &lineage)?);
    }
    Ok(judge.into_gated(lineage.steps.len()))
}

fn unreadable(error: &Error) -> Found {
    let rule = if error.code() == "limits" {
        "limits"
    } else {
        "missing-object"
    };
    let causes = error.causes().join(": ");
    let text = format!("{error}: {causes}");
    Found::new(rule, text.trim_end_matches(": ").to_owned())
}

struct Judge<'a> {
    raw: &'a RawStore,
    input: &'a GateInput<'a>,
    scope: &'a Set,
    found: Vec<Found>,
    granted: BTreeSet<RepoPath>,
    changed: Vec<RepoPath>,
    /// Blobs whose content was looked at, and whether as a `.gitmodules`.
    seen: BTreeSet<(Oid, bool)>,
}

impl<'a> Judge<'a> {
    fn new(raw: &'a RawStore, input: &'a GateInput<'a>, scope: &'a Set) -> Self {
        Judge {
            raw,
            input,
            scope,
            found: Vec::new(),
            granted: BTreeSet::new(),
            changed: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Replace refs of judged commits would show people something else than what is merged; a
    /// moved ref of the user would be a merge that nobody judged.
    fn surroundings(&mut self) {
        for planted in self.input.planted {
            let rule = match planted.danger {
                Danger::BendsHistory => "planted",
                Danger::MovesRef => "ref",
                Danger::Programs => continue,
            };
            self.found.push(Found::new(rule, planted.to_string()));
        }
    }

    fn judge(&mut self, lineage: &Lineage) -> Result<()> {
        let after = lineage
            .steps
            .last()
            .map_or(&lineage.anchor, |step| &step.tree);
        let net = self.raw.changes(Some(&lineage.anchor), Some(after))?;
        self.changes(&net)?;
        self.found.extend(collide::collisions(
            self.raw,
            (&lineage.anchor, after),
            &net,
        )?);
        self.changed = net.into_iter().map(|change| change.path).collect();
        let known: BTreeSet<(Option<RepoPath>, &'static str)> = self
            .found
            .iter()
            .map(|found| (found.path.clone(), found.rule))
            .collect();
        if let [_] = &lineage.steps[..] {
            return Ok(());
        }
        for step in &lineage.steps {
            let changes = self.raw.changes(Some(&step.against), Some(&step.tree))?;
            let start = self.found.len();
            self.changes(&changes)?;
            let new = self.found.split_off(start);
            let new = new
                .into_iter()
                .filter(|f| !known.contains(&(f.path.clone(), f.rule)));
            self.found
                .extend(new.map(|found| found.in_commit(&step.commit)));
        }
        Ok(())
    }

    /// Judges one difference.
    fn changes(&mut self, changes: &[RawChange]) -> Result<()> {
        let max = self.input.limits.paths_max;
        if changes.len() > max {
            let message = format!("{} paths changed, the limit is {max}", changes.len());
            return Err(Error::negative("limits", message));
        }
        let blob_max = Some(self.input.limits.blob_bytes_max);
        let mut found = rules::judge(self.raw, changes, self.scope, blob_max)?;
        let free: BTreeSet<RepoPath> = self.take_free(&mut found);
        if !free.is_empty() {
            // Nobody's path is still no place for a link to /etc.
            let freed = changes.iter().filter(|change| free.contains(&change.path));
            let freed: Vec<RawChange> = freed.cloned().collect();
            let all = self.scope.without_limits();
            found.extend(rules::judge(self.raw, &freed, &all, blob_max)?);
            self.granted.extend(free);
        }
        let is_large = |found: &&Found| found.rule == "size";
        let large = found
            .iter()
            .filter(is_large)
            .filter_map(|found| found.path.clone());
        let large: BTreeSet<RepoPath> = large.collect();
        for found in found {
            let owner = found.path.as_ref().and_then(self.input.owner_of);
            self.found.push(found.owned_by(owner));
        }
        for change in changes
            .iter()
            .filter(|change| !large.contains(&change.path))
        {
            let key = |new: &RawEntry| (new.oid.clone(), rules::names_modules(&change.path));
            if change
                .new
                .as_ref()
                .is_some_and(|new| self.seen.insert(key(new)))
            {
                self.found.extend(rules::content(self.raw, change)?);
            }
        }
        Ok(())
    }

    /// Takes out paths that `amend` grants.
    fn take_free(&self, found: &mut Vec<Found>) -> BTreeSet<RepoPath> {
        let mut free = BTreeSet::new();
        if self.input.mode == ScopeMode::Amend {
            found.retain(|found| {
                let path = found.path.as_ref().filter(|_| found.is_about_scope);
                let path = path.filter(|path| (self.input.owner_of)(path).is_none());
                free.extend(path.cloned());
                path.is_none()
            });
        }
        free
    }

    fn into_gated(mut self, commits: usize) -> Gated {
        let total = self.found.len();
        self.found.truncate(VIOLATIONS_MAX);
        if total > VIOLATIONS_MAX {
            let text = format!(
                "{} further violations are not listed",
                total - VIOLATIONS_MAX
            );
            self.found.push(Found::new("more", text));
        }
        let verdict = GateVerdict {
            base: self.input.base.clone(),
            head: self.input.head.clone(),
            passed: self.found.is_empty(),
            violations: self.found.into_iter().map(Found::into_violation).collect(),
            commits: u32::try_from(commits).unwrap_or(u32::MAX),
            at: self.input.now,
        };
        Gated {
            verdict,
            granted: self.granted.into_iter().collect(),
            changed: self.changed,
        }
    }
}

/// Has git check the form of the new objects, strictly, in a pack of their own.
fn fsck(
    shadow: &Shadow,
    raw: &RawStore,
    input: &GateInput<'_>,
    lineage: &Lineage,
) -> Result<Option<Found>> {
    let git = shadow.git();
    let check = || git.call(Sub::IndexPack).arg("--strict");
    if let Some(pack) = new_objects(shadow, raw, lineage)? {
        // It may hold old objects at a new place, so git has to say itself what it refuses.
        if check().arg("--stdin").input(pack).run()?.code == 0 {
            return Ok(None);
        }
    }
    let mut revisions = format!("{}\n^{}\n", input.head, input.base);
    for oid in input.accepted {
        revisions += &format!("^{oid}\n");
    }
    let pack = git.call(Sub::PackObjects).args(["--revs", "-q"]);
    let pack = pack.arg(shadow.scratch("new")).input(revisions).run()?;
    if pack.code != 0 {
        return Ok(Some(refused(&pack)));
    }
    let name = String::from_utf8_lossy(&pack.stdout).trim().to_owned();
    let file = shadow.scratch(&format!("new-{name}.pack"));
    let checked = shadow.scratch("checked.idx");
    let answer = check().arg("-o").arg(checked).arg(file).run()?;
    Ok((answer.code != 0).then(|| refused(&answer)))
}

/// The new objects as a pack; `None` if they are too many to be held in memory, or not all there.
fn new_objects(shadow: &Shadow, raw: &RawStore, lineage: &Lineage) -> Result<Option<Vec<u8>>> {
    let (mut pack, mut seen) = (Pack::new(shadow.format()), BTreeSet::new());
    for step in &lineage.steps {
        match raw.pack_new((&step.commit, &step.against), &mut seen, &mut pack) {
            Err(e) if matches!(e.code(), "limits" | "missing-object") => return Ok(None),
            other => other?,
        }
    }
    pack.finish().map(Some)
}

fn refused(answer: &crate::git::Answer) -> Found {
    let failure = answer.failure();
    Found::new("fsck", format!("the new objects are malformed: {failure}"))
}
