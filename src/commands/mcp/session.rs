//! Who an agent is. Every server process is a session of its own and holds a file lock for as
//! long as it lives, so that a dead one is known at once.

use crate::base::{AttemptId, Result};
use crate::commands::Context;
use crate::commands::verbs::Identity;
use crate::commands::verbs::identity::{IdentityArgs, identity};
use crate::commands::verbs::sessions::{self, Presence};
use crate::os::lock::FileLock;
use crate::os::random;
use crate::state::record::SessionLife;

/// One session.
pub(super) struct Session {
    /// Who asks.
    pub(super) who: Identity,
    /// What it is, for tasks that need one: all that was said of it.
    pub(super) archetypes: Vec<String>,
    /// The attempt in whose room it works.
    pub(super) attempt: Option<AttemptId>,
    /// True once others can see it.
    pub(super) is_seen: bool,
    life: Option<FileLock>,
}

impl Session {
    /// Begins one: the attempt in a room, else SESSION_ID, else a fresh one.
    ///
    /// # Errors
    /// The environment contradicts itself, or the lock cannot be made.
    pub(super) fn begin(cx: &mut Context<'_>) -> Result<Self> {
        let attempt = cx.env().attempt()?;
        let mut who = identity(cx, &IdentityArgs::default())?;
        let mut life = None;
        if attempt.is_none() {
            life = match sessions::hold(cx, &who.session) {
                Ok(life) => Some(life),
                // Another process of that name lives: two that shared locks would exclude nobody.
                Err(error) if error.code() == "session" => {
                    who.session = format!("{}-{}", who.session, random::id(4)?);
                    Some(sessions::hold(cx, &who.session)?)
                }
                Err(error) => return Err(error),
            };
        }
        who.is_named = true;
        Ok(Session {
            archetypes: who.kind.iter().cloned().collect(),
            who,
            attempt,
            is_seen: false,
            life,
        })
    }

    /// How others can know that it lives. In a room its supervisor answers for it.
    pub(super) fn presence(&self) -> Presence {
        Presence {
            life: self.life.as_ref().map(|_| SessionLife::Process),
            ..Presence::default()
        }
    }
}
