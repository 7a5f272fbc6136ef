//! Landlock: this process and all that it starts may write below certain paths only, for good.
//!
//! No root, no namespace, inherited by every child. It only ever allows: what is not named cannot
//! be written, everything can be read. On other systems than Linux it is not there, and says so.

use std::path::PathBuf;

use crate::base::{Error, Result};

/// The first version that guards against truncating as well; older ones guard too little.
pub const NEEDED: u32 = 3;

/// The version of the kernel's interface; `None` where there is none.
pub fn version() -> Option<u32> {
    system::version()
}

/// Why nothing can be confined here; `None` if it can.
pub fn missing() -> Option<String> {
    match version() {
        None if cfg!(target_os = "linux") => Some("this kernel has no Landlock".to_owned()),
        None => Some("Landlock is a part of Linux only".to_owned()),
        Some(version) if version < NEEDED => Some(format!(
            "the kernel's Landlock has version {version}, and {NEEDED} is needed"
        )),
        Some(_) => None,
    }
}

/// Takes from the calling thread, and from all it starts, the right to write anywhere but at and
/// below `writable`, and, where the kernel can, to signal processes that are not confined with it.
/// Paths that do not exist are left out. There is no way back.
///
/// # Errors
/// Policy, `no-landlock`: the kernel cannot, so nothing may be started in its name.
pub fn here(writable: &[PathBuf]) -> Result<()> {
    system::confine(writable).map_err(refused)
}

fn refused(why: String) -> Error {
    Error::policy("no-landlock", "the sandbox cannot be set up")
        .because(why)
        .hint("git wp doctor")
}

#[cfg(target_os = "linux")]
mod system {
    use std::path::PathBuf;

    use landlock::{
        ABI, AccessFs, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
    };

    /// The kernel tells it to who uses it, so a thread that then ends takes one right from itself.
    pub(super) fn version() -> Option<u32> {
        let asks = || {
            let rules = Ruleset::default().handle_access(AccessFs::MakeBlock).ok()?;
            let status = rules.create().ok()?.restrict_self().ok()?;
            match status.landlock {
                LandlockStatus::Available {
                    effective_abi,
                    kernel_abi,
                } => u32::try_from(kernel_abi.unwrap_or(effective_abi as i32)).ok(),
                LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => None,
            }
        };
        std::thread::spawn(asks).join().ok().flatten()
    }

    pub(super) fn confine(writable: &[PathBuf]) -> Result<(), String> {
        let said = |e: RulesetError| e.to_string();
        let rights = AccessFs::from_write(ABI::V3);
        let rules = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(rights)
            .map_err(said)?
            .set_compatibility(CompatLevel::BestEffort)
            .scope(Scope::Signal)
            .and_then(Ruleset::create)
            .map_err(said)?
            .add_rules(path_beneath_rules(writable, rights))
            .map_err(said)?;
        let status = rules.restrict_self().map_err(said)?;
        match status.ruleset {
            RulesetStatus::NotEnforced => Err("the kernel did not take the rules".to_owned()),
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::path::PathBuf;

    pub(super) fn version() -> Option<u32> {
        None
    }

    pub(super) fn confine(_writable: &[PathBuf]) -> Result<(), String> {
        Err("it is not there".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn a_thread_that_confines_itself_writes_where_it_said_and_nowhere_else() {
        if let Some(why) = missing() {
            eprintln!("skipped: {why}");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["in", "out"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        std::fs::write(at("file"), "old").unwrap();
        std::fs::write(at("other"), "old").unwrap();
        let (inside, outside, file, other) = (at("in/x"), at("out/x"), at("file"), at("other"));
        let writable = [at("in"), file.clone(), at("missing")];
        let thread = std::thread::spawn(move || {
            here(&writable).unwrap();
            let denied = |result: std::io::Result<()>| {
                result.is_err_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied)
            };
            std::fs::write(&inside, "new").unwrap();
            std::fs::write(&file, "new").unwrap();
            assert!(denied(std::fs::write(&outside, "new")));
            assert!(denied(std::fs::write(&other, "new")));
            assert!(denied(std::fs::remove_file(&other)));
            assert!(denied(std::fs::rename(&inside, &outside)));
            assert_eq!(std::fs::read(&other).unwrap(), b"old");
        });
        thread.join().unwrap();
        std::fs::write(at("out/x"), "by others").unwrap();
    }
}
