//! Brings the plan's own files up to date on the integration: commits of the tool, made on top of
//! merges, or alone at the end of a run.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use crate::base::{Oid, PackageId, RepoPath, Result};
use crate::engine::machine::shared::Shared;
use crate::git::tree::Change;
use crate::git::{NewCommit, Objects};
use crate::model::{ItemStatus, PackageStatus};
use crate::os::clock;
use crate::report::books::{self, Entry, Progress};
use crate::schedule::growth;
use crate::schedule::status::standing_of;
use crate::state::FeatureView;

/// How far a run is when the books are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment<'a> {
    /// These packages are being merged.
    Landing(&'a [PackageId]),
    /// Nothing more will happen in this run.
    Over,
}

impl Shared {
    /// The file that the plan was read from, where it is a document that is ticked off.
    pub(super) fn plan_file(&self) -> Option<RepoPath> {
        let plan = &self.setup.plan;
        let source = plan.source.as_str();
        let is_outside = source.is_empty() || source.starts_with('/') || source.starts_with("../");
        (plan.format.is_document() && !is_outside).then(|| RepoPath::from(source))
    }

    /// The commits that bring the books of `tip` up to date.
    pub(super) fn books(
        &self,
        records: &FeatureView,
        tip: &Oid,
        moment: Moment<'_>,
    ) -> Result<Vec<Entry>> {
        if self.plan_file().is_none() {
            return Ok(Vec::new());
        }
        let objects = self.setup.repo.objects();
        let tree = objects.commit(tip)?.tree;
        let read = |path: &str| objects.file(&tree, &RepoPath::from(path));
        let list = |folder: &str| files_below(&objects, &tree, folder);
        books::entries(&Progress {
            plan: &self.setup.plan,
            statuses: &self.statuses(records, moment),
            records,
            run: &self.setup.started,
            now: clock::now(),
            is_over: matches!(moment, Moment::Over),
            read: &read,
            list: &list,
        })
    }

    /// What the files should say, for packages of which something is to be said.
    fn statuses(
        &self,
        records: &FeatureView,
        moment: Moment<'_>,
    ) -> BTreeMap<PackageId, ItemStatus> {
        let started = &self.setup.started;
        let briefs = records.plans.get(&started.plan);
        let briefs = briefs.map(|plan| plan.packages.as_slice());
        let briefs = growth::briefs(briefs.unwrap_or_default(), records);
        let standing = standing_of(records, &briefs, Some(&started.run));
        let mut statuses = BTreeMap::new();
        for row in standing.packages {
            let status = match (row.status, moment) {
                (PackageStatus::Merged, _) => ItemStatus::Done,
                (PackageStatus::Failed, Moment::Over) => ItemStatus::Blocked,
                _ => continue,
            };
            statuses.insert(row.id, status);
        }
        if let Moment::Landing(packages) = moment {
            statuses.extend(packages.iter().map(|id| (id.clone(), ItemStatus::Done)));
        }
        statuses
    }

    /// Nothing more is written on this tip until something is found of it: books that would never
    /// be up to date end a run anyway.
    pub(super) fn close_books(&self, records: &FeatureView, tip: &Oid) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = Some((tip.clone(), records.judged.len()));
    }

    /// True if the books were closed on this tip, and nothing was found of it since.
    pub(super) fn are_books_closed(&self, records: &FeatureView, tip: &Oid) -> bool {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        { closed.as_ref() }.is_some_and(|(at, judged)| at == tip && *judged == records.judged.len())
    }

    /// Makes the commits; gives the last one.
    pub(super) fn write_books(
        &self,
        objects: &Objects,
        tip: &Oid,
        entries: Vec<Entry>,
    ) -> Result<Oid> {
        let mut tip = tip.clone();
        for entry in entries {
            let mut changes = Vec::new();
            for (path, content) in &entry.files {
                let path = RepoPath::from(path.as_str());
                changes.push(match content {
                    Some(bytes) => Change::file(path, objects.write_blob(bytes)?),
                    None => Change::removal(path),
                });
            }
            let tree = objects.edit(Some(&objects.commit(&tip)?.tree), &changes)?;
            tip = objects.write_commit(&NewCommit {
                tree: &tree,
                parents: &[tip],
                by: &self.setup.person,
                at: clock::now(),
                message: &entry.message,
            })?;
        }
        Ok(tip)
    }
}

/// The paths of all files below a folder of a tree, sorted; none if there is no such folder.
pub(super) fn files_below(objects: &Objects, tree: &Oid, folder: &str) -> Result<Vec<String>> {
    let Some(below) = objects.subtree(tree, &RepoPath::from(folder))? else {
        return Ok(Vec::new());
    };
    let found = objects.walk(&below, folder)?;
    let paths = found.iter().filter_map(|entry| entry.path.to_str());
    let mut paths: Vec<String> = paths.map(str::to_owned).collect();
    paths.sort();
    Ok(paths)
}
