//! What keeps agents in their rooms on this machine, found out by trying it.

use super::Mode;
use crate::agent::{Profile, held, sandbox};
use crate::base::Result;
use crate::commands::Context;
use crate::model::SandboxLevel;
use crate::model::agent_profile::HooksKind;
use crate::model::settings::Sparse;
use crate::os::process::find_program;
use crate::os::{confine, random};
use crate::report::doctor::Diagnosis;

/// Says what is enforced where, for every agent whose program is here.
pub(super) fn look(cx: &mut Context<'_>, _mode: Mode, found: &mut Diagnosis) -> Result<()> {
    let (repo, settings) = (cx.repo()?, cx.settings()?);
    let probe = repo
        .common_dir()
        .join(format!("wp-probe-{}", random::id(10)?));
    let tried = sandbox::try_it(&probe).unwrap_or_else(|error| Err(error.message().to_owned()));
    let said = match &tried {
        Ok(said) => said.clone(),
        Err(why) => format!("none: {why}"),
    };
    found.fact("sandbox", said);
    let missing = tried.err().or_else(confine::missing);
    let (roster, path) = (cx.roster()?, cx.env().get("PATH").map(ToOwned::to_owned));
    let here = cx.here().to_owned();
    let names: Vec<String> = roster.names().map(str::to_owned).collect();
    for name in names {
        // What is wrong with its settings is told where it is used.
        let Ok(profile) = Profile::find(&name, &roster) else {
            continue;
        };
        let program = profile.program().unwrap_or_default();
        let path = path.as_deref().unwrap_or_default();
        if find_program(program, path, &here).is_none() {
            continue;
        }
        let fence = match held::of(&profile, &settings, missing.as_deref()) {
            Ok(held) if held.sandbox == SandboxLevel::Off => format!("no ({})", held.why),
            Ok(held) => format!("{} ({})", held.sandbox.as_str(), held.why),
            Err(error) => format!("refused: {}", error.message()),
        };
        let room = settings.isolation_of(&name, profile.trust).as_str();
        let hooks = &profile.data.hooks;
        let before = match hooks.kind {
            HooksKind::None if hooks.why.is_empty() => "nothing is known of hooks",
            HooksKind::None => &format!("no ({})", hooks.why),
            _ => &hooks.why,
        };
        let held = settings.project.worktree.sparse == Sparse::Scope;
        let reads = match hooks.kind {
            _ if !held => "",
            HooksKind::Claude | HooksKind::Opencode => "; reads: asked before",
            HooksKind::None | HooksKind::Codex | HooksKind::Gemini => "; reads: advice only",
        };
        let depths = format!(
            "before a write: {before}; sandbox: {fence} in a {room}; at commit: git hooks; \
             gate{reads}"
        );
        found.fact(&format!("agent {name}"), depths);
    }
    Ok(())
}
