//! Fetching: into a quarantine that is looked at first, or straight into refs of ours.

use std::time::Duration;

use crate::base::{Error, Oid, RefName, Result};
use crate::git::refs::{Expected, SwapError};
use crate::git::remote::outpost::{Outpost, Promisors, other_shallow};
use crate::git::remote::quarantine::Quarantine;
use crate::git::remote::{Remote, Trouble, words};
use crate::git::repo::Repo;
use crate::git::sub::Sub;
use crate::model::Durability;
use crate::os::clock::Moment;

/// Longest fetch of history that is trusted to be as large as it is.
const TIME_MAX: Duration = Duration::from_secs(3600);
/// Most bytes of what a fetch says.
const WORDS_MAX: u64 = 1 << 20;

/// What a fetch may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// Most bytes on disk, as packed or loose objects.
    pub bytes: u64,
    /// Longest time.
    pub time: Duration,
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy)]
enum Reached {
    Bytes,
    Time,
}

impl Remote {
    /// Fetches what `want`, a ref of the remote, reaches and this repository does not have, into a
    /// folder of its own. No ref of the repository, no shallow list, no FETCH_HEAD changes. The
    /// objects passed git's own checks and are complete down to what the repository has, also in a
    /// partial clone. Only refs below `refs/wp/`, and the one of the same name, tell the remote
    /// what we have: history that is shared with others arrives again.
    ///
    /// # Errors
    /// [`Trouble::Offline`]; [`Trouble::Failed`] with `remote-ref` if there is no such ref,
    /// `remote-limit` beyond a limit of size, `remote-fetch` if what arrives is not sound.
    pub fn fetch_quarantined(
        &self,
        want: &RefName,
        limits: FetchLimits,
    ) -> Result<Quarantine, Trouble> {
        let (outpost, tips) = self.bring(&[want], limits, Promisors::None)?;
        let tip = tips.into_iter().next();
        let tip = tip.ok_or_else(|| Error::bug("a fetch of one ref gave none"))?;
        Ok(Quarantine::new(&self.repo, outpost, tip)?)
    }

    /// Fetches refs of the remote, `(theirs, ours)`, and puts ours to exactly the same, whatever
    /// they were. In a partial clone its filter applies.
    ///
    /// # Errors
    /// As [`Remote::fetch_quarantined`]; then no ref of ours was changed.
    pub fn fetch_refs(
        &self,
        specs: &[(RefName, RefName)],
        durability: Durability,
    ) -> Result<(), Trouble> {
        if specs.is_empty() {
            return Ok(());
        }
        let limits = FetchLimits {
            bytes: u64::MAX,
            time: TIME_MAX,
        };
        let wants: Vec<&RefName> = specs.iter().map(|(theirs, _)| theirs).collect();
        let (outpost, tips) = self.bring(&wants, limits, Promisors::Kept)?;
        outpost.admit(&self.repo, &tips, durability)?;
        let ours = specs.iter().map(|(_, ours)| ours.clone());
        let changes: Vec<_> = ours
            .zip(tips)
            .map(|(ours, tip)| (ours, Some(tip), Expected::Any))
            .collect();
        let reason = format!("git wp: fetch from {}", self.name);
        let swapped = self.repo.refs().swap_all(&changes, &reason, durability);
        swapped.map_err(|error| match error {
            SwapError::Failed(error) => error,
            moved @ SwapError::Moved { .. } => moved.into_error(&changes[0].0),
        })?;
        Ok(())
    }

    /// Fetches into a new outpost; gives it with what each of the refs held.
    fn bring(
        &self,
        wants: &[&RefName],
        limits: FetchLimits,
        promisors: Promisors,
    ) -> Result<(Outpost, Vec<Oid>), Trouble> {
        let outpost = Outpost::open(&self.repo, &self.transport, promisors)?;
        let mut git = self.git(&outpost);
        if promisors == Promisors::None {
            // What other refs hold may lack content here, and would be taken as a base for deltas.
            let own = wants.iter().map(|want| want.as_str());
            let own: Vec<&str> = ["refs/wp"].into_iter().chain(own).collect();
            git = git.config(format!("core.alternateRefsPrefixes={}", own.join(" ")));
        }
        let call = git
            .call(Sub::Fetch)
            .args([
                "--quiet",
                "--no-tags",
                "--no-prune",
                "--no-write-fetch-head",
            ])
            .args(["--no-recurse-submodules", "--no-auto-maintenance"])
            .args(["--no-write-commit-graph", "--no-show-forced-updates"])
            .args(["--upload-pack=git-upload-pack", "--end-of-options"])
            .arg(&self.name)
            .args((0..wants.len()).map(|i| format!("+{}:{}", wants[i], landing(i))));
        let start = Moment::now();
        let mut reached = None;
        let give_up = &mut || {
            reached = self.reached(&outpost, limits, start);
            reached.is_some()
        };
        let answer = call.run_unless(self.session, WORDS_MAX, give_up)?;
        let reached = reached.or_else(|| self.reached(&outpost, limits, start));
        let answer = match (answer, reached) {
            (Some(answer), None | Some(Reached::Time)) => answer,
            (_, Some(Reached::Bytes)) => return Err(self.too_large(limits).into()),
            (None, _) => {
                let words = format!("cut off after {} s", start.elapsed().as_secs());
                return Err(Trouble::Offline(self.failure(
                    "remote-offline",
                    "read",
                    &words,
                )));
            }
        };
        if answer.code != 0 {
            return Err(self.why_not(wants, &words(&answer.stderr, false)));
        }
        if !outpost.keeps_shallow()? {
            return Err(other_shallow(&self.name).into());
        }
        let tips = self.landed(&outpost, wants)?;
        Ok((outpost, tips))
    }

    fn reached(&self, outpost: &Outpost, limits: FetchLimits, start: Moment) -> Option<Reached> {
        if self.is_over(start, limits.time) {
            return Some(Reached::Time);
        }
        (limits.bytes < u64::MAX && outpost.size() > limits.bytes).then_some(Reached::Bytes)
    }

    fn too_large(&self, limits: FetchLimits) -> Error {
        let message = format!(
            "`{}` sends more than the {} bytes that are taken at once",
            self.name, limits.bytes
        );
        Error::policy("remote-limit", message)
    }

    /// Git's exit code does not say why, so the remote is asked what it has.
    fn why_not(&self, wants: &[&RefName], words: &str) -> Trouble {
        let names: Vec<&str> = wants.iter().map(|want| want.as_str()).collect();
        let found = match self.list(&names) {
            Ok(found) => found,
            Err(trouble) => return trouble,
        };
        let missing = wants
            .iter()
            .find(|want| found.iter().all(|(name, _)| name != **want));
        Trouble::Failed(match missing {
            Some(want) => {
                let message = format!("`{}` has no `{want}`", self.name);
                Error::negative("remote-ref", message)
            }
            None => self.failure("remote-fetch", "fetch from", words),
        })
    }

    /// What the refs hold now, and that it is really there: exit code 0 alone is no proof.
    fn landed(&self, outpost: &Outpost, wants: &[&RefName]) -> Result<Vec<Oid>> {
        let repo = Repo::open_at(outpost.folder())?;
        let objects = repo.objects();
        let mut tips = Vec::new();
        for (i, want) in wants.iter().enumerate() {
            let name = RefName::parse(&landing(i));
            let name = name.ok_or_else(|| Error::bug("a landing place is no ref name"))?;
            match repo.refs().read(&name)? {
                Some(tip) if objects.header(&tip)?.is_some() => tips.push(tip),
                _ => {
                    let words = format!("`{want}` did not arrive");
                    return Err(self.failure("remote-fetch", "fetch from", &words));
                }
            }
        }
        Ok(tips)
    }
}

/// Where a ref arrives in an outpost.
fn landing(index: usize) -> String {
    format!("refs/incoming/{index}")
}
