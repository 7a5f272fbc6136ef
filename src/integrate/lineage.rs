//! The commits between a base and a head, each with the tree it has to be compared with.
//!
//! A plain commit is compared with its parent. A merge is allowed only with history that is
//! trusted already (ancestors of the base or of accepted heads) and is compared with the merge
//! that git itself makes of the two trusted sides, so both an evil merge and one that silently
//! drops the other side's work show up as changes of this package.

use std::collections::BTreeMap;

use crate::base::{Error, Oid, Result};
use crate::git::Sub;
use crate::git::merge::Merged;
use crate::git::raw::{RawCommit, RawStore};
use crate::integrate::rules::Found;
use crate::integrate::shadow::Shadow;

/// What a head is made of.
pub(super) struct Lineage {
    /// Oldest first.
    pub(super) steps: Vec<Step>,
    /// The tree of everything trusted that the head contains.
    pub(super) anchor: Oid,
}

/// One new commit.
pub(super) struct Step {
    pub(super) commit: Oid,
    pub(super) tree: Oid,
    /// The tree without this commit's own changes.
    pub(super) against: Oid,
}

/// What the walk needs to know.
pub(super) struct Ask<'a> {
    pub(super) base: &'a Oid,
    pub(super) head: &'a Oid,
    /// Accepted heads.
    pub(super) accepted: &'a [Oid],
    pub(super) commits_max: usize,
}

/// A lineage or the reason against it.
pub(super) type Verdict = std::result::Result<Lineage, Found>;

/// The common case without a process: single parents from the head down to the base; `None` if
/// the history is not such a line. Accepted work in the line is taken for the agent's own.
pub(super) fn chain(raw: &RawStore, ask: &Ask<'_>) -> Result<Option<Verdict>> {
    let mut commits = Vec::new();
    let mut at = ask.head.clone();
    while at != *ask.base {
        if commits.len() >= ask.commits_max {
            return Ok(Some(Err(too_many(ask))));
        }
        let commit = raw.commit(&at)?;
        let [parent] = &commit.parents[..] else {
            return Ok(None);
        };
        let parent = parent.clone();
        commits.push((std::mem::replace(&mut at, parent), commit.tree));
    }
    let anchor = raw.commit(ask.base)?.tree;
    let mut against = anchor.clone();
    let mut steps = Vec::with_capacity(commits.len());
    for (commit, tree) in commits.into_iter().rev() {
        let before = std::mem::replace(&mut against, tree.clone());
        steps.push(Step {
            commit,
            tree,
            against: before,
        });
    }
    Ok(Some(Ok(Lineage { steps, anchor })))
}

/// The general case, which knows merges and accepted work.
pub(super) fn graph(shadow: &Shadow, raw: &RawStore, ask: &Ask<'_>) -> Result<Verdict> {
    Graph::new(shadow, raw, ask).trace()
}

fn too_many(ask: &Ask<'_>) -> Found {
    let text = format!("more than {} commits since the base", ask.commits_max);
    Found::new("limits", text)
}

fn history(text: impl Into<String>) -> Found {
    Found::new("history", text)
}

/// The commits as they are being traced.
struct Graph<'a> {
    shadow: &'a Shadow,
    raw: &'a RawStore,
    ask: &'a Ask<'a>,
    /// New commit to the trusted commit (perhaps a virtual one) that it contains.
    anchors: BTreeMap<Oid, Oid>,
}

impl<'a> Graph<'a> {
    fn new(shadow: &'a Shadow, raw: &'a RawStore, ask: &'a Ask<'a>) -> Self {
        Graph {
            shadow,
            raw,
            ask,
            anchors: BTreeMap::new(),
        }
    }

    fn trace(mut self) -> Result<Verdict> {
        let Ask { base, head, .. } = *self.ask;
        if !self.shadow.is_ancestor(base, head)? {
            let text = format!("the base {} is not an ancestor of the head", base.short());
            return Ok(Err(history(text)));
        }
        let mut steps = Vec::new();
        let commits = self.new_commits()?;
        if commits.len() > self.ask.commits_max {
            return Ok(Err(too_many(self.ask)));
        }
        for id in commits {
            let commit = self.raw.commit(&id)?;
            match self.step(&id, commit)? {
                Ok(step) => steps.push(step),
                Err(found) => return Ok(Err(found.in_commit(&id))),
            }
        }
        let anchor = self.anchors.get(head).unwrap_or(head);
        let anchor = self.raw.commit(anchor)?.tree;
        Ok(Ok(Lineage { steps, anchor }))
    }

    /// Commits of the head that nobody trusts yet, parents before children.
    fn new_commits(&self) -> Result<Vec<Oid>> {
        let mut input = format!("{}\n^{}\n", self.ask.head, self.ask.base);
        for oid in self.ask.accepted {
            input += &format!("^{oid}\n");
        }
        let git = self.shadow.git();
        let call = git
            .call(Sub::RevList)
            .args(["--topo-order", "--reverse", "--stdin"]);
        let text = String::from_utf8_lossy(&call.input(input).output()?).into_owned();
        let ids = text.lines().map(Oid::parse).collect::<Option<Vec<Oid>>>();
        ids.ok_or_else(|| Error::busy("git-answer", "the list of commits is malformed"))
    }

    fn step(&mut self, id: &Oid, commit: RawCommit) -> Result<std::result::Result<Step, Found>> {
        let RawCommit { tree, parents, .. } = commit;
        let step = |against| Step {
            commit: id.clone(),
            tree: tree.clone(),
            against,
        };
        match &parents[..] {
            [] => Ok(Err(history(
                "a commit without a parent starts another history",
            ))),
            [parent] => {
                let anchor = match self.anchors.get(parent) {
                    Some(anchor) => anchor.clone(),
                    None if self.is_trusted(parent)? => parent.clone(),
                    None => return Ok(Err(unknown_parent(parent))),
                };
                self.anchors.insert(id.clone(), anchor);
                Ok(Ok(step(self.raw.commit(parent)?.tree)))
            }
            [one, other] => match self.merge_anchor(one, other)? {
                Ok(anchor) => {
                    let against = self.raw.commit(&anchor)?.tree;
                    self.anchors.insert(id.clone(), anchor);
                    Ok(Ok(step(against)))
                }
                Err(found) => Ok(Err(found)),
            },
            _ => Ok(Err(Found::new("merge", "a merge of more than two commits"))),
        }
    }

    fn merge_anchor(&self, one: &Oid, other: &Oid) -> Result<std::result::Result<Oid, Found>> {
        let (mine, theirs) = match (self.anchors.get(one), self.anchors.get(other)) {
            (Some(_), Some(_)) => {
                let text = "a merge of commits that were not accepted before";
                return Ok(Err(Found::new("merge", text)));
            }
            (Some(anchor), None) => (anchor.clone(), other),
            (None, Some(anchor)) => (anchor.clone(), one),
            (None, None) => (one.clone(), other),
        };
        for parent in [&mine, theirs] {
            if !self.anchors.values().any(|a| a == parent) && !self.is_trusted(parent)? {
                return Ok(Err(unknown_parent(parent)));
            }
        }
        if self.shadow.is_ancestor(theirs, &mine)? {
            return Ok(Ok(mine));
        }
        if self.shadow.is_ancestor(&mine, theirs)? {
            return Ok(Ok(theirs.clone()));
        }
        self.virtual_merge(&mine, theirs)
    }

    /// A commit in the shadow only: what merging the two trusted sides gives without anybody's
    /// hand in it.
    fn virtual_merge(&self, mine: &Oid, theirs: &Oid) -> Result<std::result::Result<Oid, Found>> {
        let git = self.shadow.git();
        let Merged::Clean { tree } = git.merge_tree(mine, theirs, None)? else {
            let text = "a merge of accepted work that conflicts with the base";
            return Ok(Err(Found::new("merge", text)));
        };
        let text = format!(
            "tree {tree}\nparent {mine}\nparent {theirs}\n\
             author gate <gate> 0 +0000\ncommitter gate <gate> 0 +0000\n\nanchor\n"
        );
        let call = git
            .call(Sub::HashObject)
            .args(["-t", "commit", "-w", "--stdin"]);
        Ok(Ok(call.input(text).oid()?))
    }

    fn is_trusted(&self, commit: &Oid) -> Result<bool> {
        if commit == self.ask.base || self.ask.accepted.contains(commit) {
            return Ok(true);
        }
        for trusted in std::iter::once(self.ask.base).chain(self.ask.accepted) {
            if self.shadow.is_ancestor(commit, trusted)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn unknown_parent(parent: &Oid) -> Found {
    let text = format!("its parent {} is neither new nor accepted", parent.short());
    history(text)
}
