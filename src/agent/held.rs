//! How agents are held in their rooms on this machine: known, and refused, before one starts.

use crate::agent::profile::Profile;
use crate::agent::sandbox;
use crate::agent::staff::Staff;
use crate::base::{Result, text};
use crate::model::{Held, Settings};

/// How one agent is held. `missing` says why nothing can be confined here.
///
/// # Errors
/// Policy, `no-landlock`: it was asked for and cannot be had.
pub fn of(profile: &Profile, settings: &Settings, missing: Option<&str>) -> Result<Held> {
    let own = settings.agents.get(&profile.name);
    let asked = own.and_then(|own| own.sandbox).or(settings.sandbox);
    let stance = sandbox::stance(asked, &profile.data.sandbox, missing)?;
    Ok(Held {
        sandbox: stance.level,
        why: stance.why,
    })
}

/// [`of`] for every agent that a run may start, in one line each for people.
///
/// # Errors
/// As [`of`], naming the agent.
pub fn all(staff: &Staff, settings: &Settings, missing: Option<&str>) -> Result<Vec<String>> {
    let all = staff.all().into_iter().map(|profile| {
        let name = text::foreign(&profile.name).to_string();
        let held = of(profile, settings, missing)
            .map_err(|error| error.hint(format!("git config wp.agent.{name}.sandbox off")))?;
        let (level, why) = (held.sandbox.as_str(), text::foreign(&held.why));
        Ok(format!("agent `{name}`: sandbox {level} ({why})"))
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SandboxLevel;

    #[test]
    fn who_cannot_be_held_as_asked_is_found_before_anything_starts() {
        let staff = Staff::one(Profile::shell());
        let mut settings = Settings::default();
        let missing = Some("no kernel");
        let lines = all(&staff, &settings, missing).unwrap();
        assert_eq!(
            lines,
            ["agent `shell`: sandbox off (no profile asks for one)"]
        );
        settings.sandbox = Some(SandboxLevel::Repo);
        let error = all(&staff, &settings, missing).unwrap_err();
        assert_eq!(error.code(), "no-landlock");
        assert!(error.hints().iter().any(|hint| hint.contains("wp.sandbox")));
        let lines = all(&staff, &settings, None).unwrap();
        assert_eq!(
            lines,
            ["agent `shell`: sandbox repo (asked for by `wp.sandbox`)"]
        );
    }
}
