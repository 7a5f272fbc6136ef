//! Agents never touch the store: what a program in a room asks for lies in the inbox of its
//! attempt until the supervisor submits it.
//!
//! Who asks is taken from the folder, never from the content, and only what agents may ask for is
//! passed on.

use std::path::PathBuf;

use crate::base::{
    ActorId, AttemptId, ContentHash, Error, FeatureId, PackageId, Redactor, Result, TxnId, json,
};
use crate::model::{Deviation, Durability};
use crate::os::clock;
use crate::os::file::{self, Access};
use crate::state::asked::Said;
use crate::state::locks::LEASE_MINUTES_MAX;
use crate::state::record::{Decided, Handoff, Memory, Sentence, Session, SessionLife};
use crate::state::request::AttemptFact;
use crate::state::{Op, Refusal, Request};
use crate::store::handle::{Accepted, Store};

/// Requests that are passed on at once.
const FILES_MAX: usize = 256;
/// A larger request is refused.
const BYTES_MAX: u64 = 256 << 10;

/// Whose inbox it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The feature.
    pub feature: FeatureId,
    /// The package.
    pub package: PackageId,
    /// The attempt; its inbox is read.
    pub attempt: AttemptId,
    /// The clone that supervises it.
    pub actor: ActorId,
    /// `user@host`, for people.
    pub label: String,
}

/// What became of one file of the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The word of the operation, or the file's name where it could not be read.
    pub what: String,
    /// The outcome.
    pub outcome: Result<Accepted, Refusal>,
}

impl Store {
    /// The inbox of an attempt; made if it is missing. The one folder of ours that its agent may
    /// write.
    pub fn inbox(&self, attempt: &AttemptId) -> Result<PathBuf> {
        let Some(wp) = self.local_dir() else {
            return Err(Error::bug("a state in memory has no inbox"));
        };
        let folder = wp.join("inbox").join(attempt.as_str());
        file::make_private_dirs(&folder)?;
        Ok(folder)
    }

    /// Lays requests into the inbox.
    pub(super) fn leave(&self, attempt: &AttemptId, requests: &[Request]) -> Result<()> {
        let folder = self.inbox(attempt)?;
        for request in requests {
            let text = json::line(request)?;
            let path = folder.join(format!("{}.req", request.txn));
            file::replace(&path, text.as_bytes(), Access::Private, Durability::Off)?;
        }
        Ok(())
    }

    /// Submits what the agent of `owner` asked for, and empties the inbox. `heed` is told what the
    /// agent says of its attempt before that file goes: whoever waits for that finds the answer.
    pub fn drain_inbox(&self, owner: &Owner, heed: &dyn Fn(&Deviation)) -> Result<Vec<Passed>> {
        let folder = self.inbox(&owner.attempt)?;
        let (mut passed, mut requests, mut files) = (Vec::new(), Vec::new(), Vec::new());
        for name in file::names(&folder)?.into_iter().take(FILES_MAX) {
            let path = folder.join(&name);
            let name = name.to_string_lossy().into_owned();
            if !name.ends_with(".req") {
                continue;
            }
            match read(&path, &name, owner) {
                Ok(request) => requests.push(request),
                Err(why) => passed.push(Passed {
                    what: name,
                    outcome: Err(Refusal::Invalid { why }),
                }),
            }
            files.push(path);
        }
        for (request, outcome) in requests.iter().zip(self.submit(requests.clone())?) {
            let what = request.op.name().to_owned();
            if let (Op::Note { fact, .. }, true) = (&request.op, outcome.is_ok())
                && let AttemptFact::Deviation(said) = fact
            {
                heed(said);
            }
            passed.push(Passed { what, outcome });
        }
        for path in files {
            file::remove(&path)?;
        }
        Ok(passed)
    }
}

/// Reads one file and makes the request that its owner may make.
fn read(path: &std::path::Path, name: &str, owner: &Owner) -> Result<Request, String> {
    let bytes = file::read_bounded(path, BYTES_MAX).map_err(|e| e.to_string())?;
    let bytes = bytes.ok_or("it is gone")?;
    let said: Request = json::parse_as(&bytes).map_err(|e| e.to_string())?;
    let mut op = allowed(said.op, owner)?;
    op.redact(&Redactor::default());
    // The agent chooses its name, so it must not be able to choose somebody else's.
    let hash = ContentHash::of(format!("{} {name}", owner.attempt).as_bytes());
    let txn = TxnId::parse(&format!("i{}", hash.short(25)));
    Ok(Request {
        txn: txn.ok_or("its name makes no transaction id")?,
        actor: owner.actor.clone(),
        label: owner.label.clone(),
        at: clock::now(),
        needs: Vec::new(),
        op,
    })
}

fn allowed(op: Op, owner: &Owner) -> Result<Op, String> {
    let session = owner.attempt.as_str().to_owned();
    match op {
        Op::Note {
            fact: AttemptFact::Deviation(fact),
            ..
        } if fact.is_for_agents() => Ok(Op::Note {
            feature: owner.feature.clone(),
            package: owner.package.clone(),
            attempt: owner.attempt.clone(),
            fact: AttemptFact::Deviation(fact),
        }),
        Op::LockAcquire {
            attempt,
            key,
            reason,
            ttl_minutes,
            ..
        } => Ok(Op::LockAcquire {
            attempt,
            key,
            session,
            reason,
            ttl_minutes: ttl_minutes.min(LEASE_MINUTES_MAX),
            steal: None,
        }),
        Op::LockRelease { key, .. } => Ok(Op::LockRelease {
            key,
            session: Some(session),
        }),
        Op::Say(said) => Ok(Op::Say(Box::new(spoken(*said, owner)?))),
        other => Err(format!("`{}` is not for agents", other.name())),
    }
}

/// What an agent says is said in the name of its attempt.
fn spoken(said: Said, owner: &Owner) -> Result<Said, String> {
    let session = owner.attempt.as_str().to_owned();
    Ok(match said {
        Said::Session(said) => Said::Session(Session {
            session,
            // Its supervisor is the process; the attempt tells whether that lives.
            life: SessionLife::Lease,
            lease_seconds: said.lease_seconds.min(LEASE_MINUTES_MAX * 60),
            ..said
        }),
        Said::Handoff(said) => Said::Handoff(Handoff {
            feature: Some(owner.feature.clone()),
            package: Some(owner.package.clone()),
            session: Some(session),
            ..said
        }),
        Said::Remember(said) => Said::Remember(Memory {
            feature: Some(owner.feature.clone()),
            session: Some(session),
            ..said
        }),
        Said::Escalate { mut escalated, .. } => {
            let feature = owner.feature.clone();
            escalated.escalation.feature_id = feature.to_string();
            escalated.escalation.package_id = owner.package.to_string();
            escalated.package = Some(owner.package.clone());
            escalated.attempt = Some(owner.attempt.clone());
            // What may be answered is for the tool to offer.
            escalated.offers = Vec::new();
            Said::Escalate { feature, escalated }
        }
        // That something was allowed is for whoever allowed it to say.
        Said::Decided(said) if said.sentence == Sentence::Deny => Said::Decided(Decided {
            feature: Some(owner.feature.clone()),
            package: Some(owner.package.clone()),
            session: Some(session),
            ..said
        }),
        Said::Judge { .. } => return Err("judgements are not for agents".to_owned()),
        Said::Decided(_) => return Err("an attempt allows nothing".to_owned()),
        Said::Deliver { .. } => return Err("`merge` is not for agents".to_owned()),
        Said::Forget { .. } => return Err("`forget` is not for agents".to_owned()),
        Said::Resolve { .. } => return Err("`decide` is not for agents".to_owned()),
    })
}
