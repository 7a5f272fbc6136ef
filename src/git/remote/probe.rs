//! Tries what a host takes by really pushing: nothing else tells.

use crate::base::{Error, Oid, RefName, Result, Timestamp};
use crate::git::commit::{NewCommit, Person};
use crate::git::refs::Expected;
use crate::git::remote::{Atomic, PushUpdate, Pushed, Remote, Trouble};
use crate::model::Durability;

/// Where a host lets us write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Refs below `refs/wp/`.
    OwnRefs,
    /// Branches only.
    Branches,
    /// Neither.
    Nothing,
}

/// What a host takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Where it lets us write.
    pub takes: Takes,
    /// Whether it changes several refs all or none.
    pub atomic: Atomic,
    /// What it said to the first thing that it refused, foreign text.
    pub refusal: Option<String>,
    /// What the probe could not delete again.
    pub left: Vec<RefName>,
}

impl Remote {
    /// Pushes an empty commit to two refs `refs/wp/probe/<who>-a` and `-b` at once, then one by
    /// one, then the same as branches `wp-probe-<who>-a`, and deletes them again. `who` keeps
    /// probes of several clones apart.
    ///
    /// # Errors
    /// [`Trouble`] as of [`Remote::push`]; refs of the probe may be left then.
    pub fn probe(&self, who: &str) -> Result<Probe, Trouble> {
        let commit = self.probe_commit()?;
        let mut refusal = None;
        let ways = [
            (format!("refs/wp/probe/{who}"), Takes::OwnRefs),
            (format!("refs/heads/wp-probe-{who}"), Takes::Branches),
        ];
        for (stem, takes) in ways {
            let names = names(&stem)?;
            for atomic in [Atomic::Yes, Atomic::No] {
                match self.push(&updates(&names, Some(&commit)), atomic)? {
                    Pushed::Done => {
                        let left = self.take_back(&names)?;
                        return Ok(Probe {
                            takes,
                            atomic,
                            refusal,
                            left,
                        });
                    }
                    Pushed::Refused(words) => refusal = refusal.or(Some(words)),
                    Pushed::Lost => return Err(self.busy().into()),
                }
            }
        }
        Ok(Probe {
            takes: Takes::Nothing,
            atomic: Atomic::No,
            refusal,
            left: Vec::new(),
        })
    }

    /// Deletes the refs of the probe; gives those that are still there.
    fn take_back(&self, names: &[RefName]) -> Result<Vec<RefName>, Trouble> {
        self.push(&updates(names, None), Atomic::No)?;
        let asked: Vec<&str> = names.iter().map(RefName::as_str).collect();
        let left = self.list(&asked)?;
        Ok(left.into_iter().map(|(name, _)| name).collect())
    }

    /// The same commit each time, so that probing adds one object to the repository at most.
    fn probe_commit(&self) -> Result<Oid> {
        let objects = self.repo.objects();
        let by = Person {
            name: "git wp".to_owned(),
            email: "git-wp@localhost".to_owned(),
        };
        let commit = objects.write_commit(&NewCommit {
            tree: &self.repo.format().empty_tree(),
            parents: &[],
            by: &by,
            at: Timestamp::from_millis(0),
            message: "Try whether refs of git wp are taken here\n",
        })?;
        objects.flush(Durability::Off)?;
        Ok(commit)
    }

    fn busy(&self) -> Error {
        let message = format!(
            "somebody else is trying what `{}` takes right now",
            self.name
        );
        Error::busy("remote-busy", message)
    }
}

fn names(stem: &str) -> Result<[RefName; 2]> {
    let parse = |end: &str| {
        let name = format!("{stem}-{end}");
        RefName::parse(&name).ok_or_else(|| Error::bug(format!("`{name}` is not a ref name")))
    };
    Ok([parse("a")?, parse("b")?])
}

fn updates(names: &[RefName], source: Option<&Oid>) -> Vec<PushUpdate> {
    let update = |target: &RefName| PushUpdate {
        source: source.cloned(),
        target: target.clone(),
        expected: Expected::Any,
    };
    names.iter().map(update).collect()
}
