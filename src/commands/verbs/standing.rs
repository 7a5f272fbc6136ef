//! What is on record of whoever asks: the agent of its session, and how far that is trusted.
//! A caller may ask for less than its profile gives, never for more.

use crate::base::text::foreign;
use crate::base::{Error, Result};
use crate::commands::Context;
use crate::commands::policy::{self, Acting};
use crate::commands::verbs::Identity;
use crate::guard::policy::Ask;
use crate::model::Trust;
use crate::state::View;
use crate::state::record::{Session, SessionStatus};

/// Who asks, as far as more is known than it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Standing {
    /// The agent: the one that registered the session, where nobody says who asks.
    pub agent: String,
    /// What the session was registered as.
    pub archetype: Option<String>,
    /// How far it is trusted.
    pub trust: Trust,
    /// How far, where it asks for nothing else.
    usual: Trust,
    /// The name of its profile.
    profile: String,
}

/// Looks up the session and the profile of whoever asks.
///
/// # Errors
/// Usage: the session belongs to another agent; or the settings cannot be read.
pub(in crate::commands) fn of(
    cx: &mut Context<'_>,
    view: &View,
    who: &Identity,
) -> Result<Standing> {
    let session = registered(cx, view, who)?;
    let says = (who.agent != cx.label()).then_some(&who.agent);
    let agent = match (says, session) {
        (Some(says), Some(session)) if session.agent != *says => {
            return Err(other_agent(who, session));
        }
        (Some(says), _) => says.clone(),
        (None, Some(session)) => session.agent.clone(),
        (None, None) => who.agent.clone(),
    };
    let kind = who.kind.clone();
    let kind = kind.or_else(|| session.and_then(|s| s.kind.clone()));
    let archetype = session.and_then(|s| s.archetype.clone());
    let acting = acting(cx, &agent, kind.as_deref())?;
    Ok(Standing {
        // A person may ask for everything, and seldom means to.
        usual: match agent == cx.label() {
            true => acting.trust.min(Trust::STANDARD),
            false => acting.trust,
        },
        agent,
        archetype,
        trust: acting.trust,
        profile: acting.profile().to_owned(),
    })
}

/// The session as it was registered in this clone, unless it is over.
fn registered<'a>(
    cx: &mut Context<'_>,
    view: &'a View,
    who: &Identity,
) -> Result<Option<&'a Session>> {
    let known = view.sessions.get(&(cx.actor()?, who.session.clone()));
    Ok(known.filter(|session| session.status != SessionStatus::Disconnected))
}

fn other_agent(who: &Identity, session: &Session) -> Error {
    let (name, agent) = (foreign(&who.session), foreign(&session.agent));
    let message = format!(
        "session `{name}` is one of `{agent}`, not of `{}`",
        foreign(&who.agent)
    );
    Error::usage("session-agent", message)
        .hint("--session NAME with a name of your own")
        .hint("git wp agents")
}

/// An agent of the configuration has the trust of its profile, by its name or by what sort of
/// agent it is. One that says who it is and is not configured has the standard trust. Whoever says
/// nothing is a person.
fn acting(cx: &mut Context<'_>, agent: &str, kind: Option<&str>) -> Result<Acting> {
    if cx.env().attempt()?.is_some() || agent == cx.label() {
        return policy::acting(cx);
    }
    let roster = cx.roster()?;
    let mut names = std::iter::once(agent).chain(kind);
    Ok(
        match names.find_map(|name| Some((name, roster.trust(name)?))) {
            Some((name, trust)) => Acting::agent(name, Trust::new(trust)),
            None => Acting::agent(kind.unwrap_or(agent), Some(Trust::STANDARD)),
        },
    )
}

impl Standing {
    /// The trust of a request that asks for `wanted`, else for what is usual.
    ///
    /// # Errors
    /// Policy: it asks for more than its profile gives.
    pub(in crate::commands) fn claimed(&self, wanted: Option<u32>) -> Result<u32> {
        match wanted {
            Some(wanted) if wanted > u32::from(self.trust.level()) => Err(self.too_much(wanted)),
            Some(wanted) => Ok(wanted),
            None => Ok(u32::from(self.usual.level())),
        }
    }

    fn too_much(&self, wanted: u32) -> Error {
        let agent = foreign(&self.agent);
        let message = format!(
            "`{agent}` is trusted {}, so it cannot ask for trust {wanted}",
            self.trust
        );
        Error::policy("trust-too-low", message)
            .hint(format!("--trust {}", self.trust))
            .hint(format!(
                "a person sets it: git config wp.agent.{agent}.trust {wanted}"
            ))
    }

    /// Fails unless the profile lets it do this.
    ///
    /// # Errors
    /// Policy, `policy-denied`, with the rule.
    pub(in crate::commands) fn demand(
        &self,
        cx: &mut Context<'_>,
        (operation, resource): (&str, &str),
    ) -> Result<()> {
        let ask = Ask {
            operation,
            resource,
            trust: self.trust,
            profile: &self.profile,
            files: None,
        };
        // Claims are in the audit anyway; who was refused is recorded.
        policy::allow(cx, &ask, None)?.unused();
        Ok(())
    }
}
