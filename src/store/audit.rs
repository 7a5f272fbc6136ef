//! Derives the chain anew: every commit is the one before it and additions, nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Oid, Result, TxnId};
use crate::git::{Commit, Entry, Mode};
use crate::state::codec;
use crate::state::layout::{self, Class};
use crate::store::backend::{Backend, chain};
use crate::store::handle::Store;
use crate::store::message;

/// Folders nested deeper than any record.
const DEPTH_MAX: usize = 12;
/// Findings after which no more are looked for.
const FINDINGS_MAX: usize = 100;

/// What a derivation came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    /// Commits that were looked at.
    pub commits: usize,
    /// Transactions in them.
    pub transactions: usize,
    /// What was rewritten, oldest last: the commit and what it did.
    pub findings: Vec<(Oid, String)>,
}

impl Store {
    /// Derives the chain anew from its newest commit to its first.
    ///
    /// # Errors
    /// Damaged, if the ref is not where this clone left it, or an object is missing.
    pub fn derive(&self) -> Result<Derived> {
        let tip = self.checked()?.tip().cloned();
        let backend = self.backend.as_ref();
        let mut commits = Vec::new();
        chain(backend, tip, |commit| {
            commits.push(commit.clone());
            true
        })?;
        let mut derived = Derived {
            commits: commits.len(),
            ..Derived::default()
        };
        let mut seen = BTreeSet::new();
        for commit in &commits {
            if derived.findings.len() >= FINDINGS_MAX {
                break;
            }
            let mut found = Vec::new();
            derived.transactions += trailers(commit, &mut seen, &mut found);
            match commit.parents.split_first() {
                None => grown(backend, (None, &commit.tree), &mut found)?,
                Some((first, others)) => {
                    let before = backend.commit(first)?.tree;
                    grown(backend, (Some(&before), &commit.tree), &mut found)?;
                    for other in others {
                        let before = backend.commit(other)?.tree;
                        joined(backend, (&before, &commit.tree), &mut found)?;
                    }
                }
            }
            let oid = || commit.oid.clone();
            derived
                .findings
                .extend(found.into_iter().map(|what| (oid(), what)));
        }
        Ok(derived)
    }
}

/// Each transaction names its clone and what it did, and takes effect once.
fn trailers(commit: &Commit, seen: &mut BTreeSet<TxnId>, found: &mut Vec<String>) -> usize {
    let txns: Vec<&str> = commit.trailers("Wp-Txn").collect();
    let told = message::changes(commit).len();
    if txns.is_empty() {
        found.push("it names no transaction".to_owned());
    }
    if told != txns.len() || commit.trailers("Wp-Op").count() != txns.len() {
        found.push("not every transaction says who asked for what".to_owned());
    }
    for txn in message::txns(commit) {
        if !seen.insert(txn.clone()) {
            found.push(format!("transaction `{txn}` took effect twice"));
        }
    }
    txns.len()
}

type Pair = (Option<Entry>, Option<Entry>);

/// The entries of two trees that differ, by path, folders that are equal left out.
fn differing(
    backend: &dyn Backend,
    folder: &str,
    (before, after): (Option<&Oid>, Option<&Oid>),
    depth: usize,
    all: &mut BTreeMap<String, Pair>,
) -> Result<()> {
    if before == after || depth > DEPTH_MAX {
        return Ok(());
    }
    let mut names: BTreeMap<String, Pair> = BTreeMap::new();
    if let Some(before) = before {
        for entry in backend.list(before)? {
            let name = entry.path.to_text();
            names.entry(name).or_default().0 = Some(entry);
        }
    }
    if let Some(after) = after {
        for entry in backend.list(after)? {
            let name = entry.path.to_text();
            names.entry(name).or_default().1 = Some(entry);
        }
    }
    for (name, (old, new)) in names {
        if old == new {
            continue;
        }
        let path = match folder {
            "" => name,
            folder => format!("{folder}/{name}"),
        };
        let tree = |entry: &Option<Entry>| {
            let tree = entry.as_ref().filter(|entry| entry.mode == Mode::Tree);
            tree.map(|entry| entry.oid.clone())
        };
        let inner = (tree(&old), tree(&new));
        differing(
            backend,
            &path,
            (inner.0.as_ref(), inner.1.as_ref()),
            depth + 1,
            all,
        )?;
        let file = |entry: Option<Entry>| entry.filter(|entry| entry.mode != Mode::Tree);
        let pair = (file(old), file(new));
        if pair != (None, None) {
            all.insert(path, pair);
        }
    }
    Ok(())
}

/// What a commit did beside adding records and replacing registers by newer ones.
fn grown(
    backend: &dyn Backend,
    (before, after): (Option<&Oid>, &Oid),
    found: &mut Vec<String>,
) -> Result<()> {
    let mut all = BTreeMap::new();
    differing(backend, "", (before, Some(after)), 0, &mut all)?;
    for (path, (old, new)) in all {
        let Some(new) = new else {
            found.push(format!("it removed `{path}`"));
            continue;
        };
        let class = layout::class(&path);
        let what = match (&class, old) {
            (None, _) => Some(format!("it added `{path}`, which is no record")),
            (Some(_), _) if new.mode != Mode::File => {
                Some(format!("it made `{path}` something else than a file"))
            }
            (Some(_), None) => None,
            (Some(Class::Meta), Some(_)) if path == layout::AUTHORITY => None,
            (Some(Class::Register), Some(old)) => {
                let seq = |oid: &Oid| -> Result<Option<u64>> {
                    Ok(codec::seq(&path, &backend.blob(oid)?))
                };
                let (old, new) = (seq(&old.oid)?, seq(&new.oid)?);
                (new <= old).then(|| format!("it set the register `{path}` back"))
            }
            (Some(_), Some(_)) => Some(format!("it replaced `{path}`")),
        };
        found.extend(what);
    }
    Ok(())
}

/// What a commit left out of the side that it joined: facts are never given up, rights go by the
/// authority, which is the first parent.
fn joined(
    backend: &dyn Backend,
    (before, after): (&Oid, &Oid),
    found: &mut Vec<String>,
) -> Result<()> {
    let mut all = BTreeMap::new();
    differing(backend, "", (Some(before), Some(after)), 0, &mut all)?;
    for (path, (old, new)) in all {
        let is_fact = layout::class(&path) == Some(Class::Fact);
        if is_fact && old.is_some() && new.is_none() {
            found.push(format!("it left out `{path}` of what it joined"));
        }
    }
    Ok(())
}
