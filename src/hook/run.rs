//! One hook, started by git through our script: first what we have to say, then what would have
//! run anyway. Outside of rooms and for all other hooks only the latter.

use std::ffi::OsString;

use crate::base::Result;
use crate::hook::chain::{self, Chained};
use crate::hook::names::PROBE;
use crate::hook::room::{Place, Room};
use crate::hook::{pre_commit, ref_transaction};
use crate::os::file;
use crate::os::process::Input;

/// A hook as git started it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookCall {
    /// Its name, for instance `pre-commit`.
    pub name: String,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// What it read on standard input; only `reference-transaction` needs it, see
    /// [`HookCall::reads_input`].
    pub input: Vec<u8>,
    /// Where.
    pub place: Place,
}

/// How it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookEnd {
    /// The exit code; everything but 0 makes git stop where it listens to the hook.
    pub code: i32,
    /// What is to be said on standard error.
    pub message: Option<String>,
}

impl HookEnd {
    fn code(code: i32) -> Self {
        HookEnd {
            code,
            message: None,
        }
    }

    fn refused(message: String) -> Self {
        HookEnd {
            code: 1,
            message: Some(message),
        }
    }
}

impl HookCall {
    /// True if this hook's standard input has to be read into [`HookCall::input`]; that of others
    /// goes to the original hook untouched.
    pub fn reads_input(name: &str) -> bool {
        name == "reference-transaction"
    }
}

/// Runs a hook.
///
/// # Errors
/// The repository or the room's scope cannot be read, or the original hook cannot be started. In a
/// room that refuses: nothing is guessed.
pub fn run(call: HookCall) -> Result<HookEnd> {
    if call.name == PROBE {
        let told = call
            .args
            .first()
            .map(|token| token.to_string_lossy().into_owned());
        return Ok(HookEnd {
            code: 0,
            message: Some(format!("{PROBE} {}\n", told.unwrap_or_default())),
        });
    }
    let room = Room::locate(&call.place)?;
    if let Some(refusal) = guard(&call, &room)? {
        return Ok(HookEnd::refused(refusal));
    }
    let input = match HookCall::reads_input(&call.name) {
        true => Input::Bytes(call.input),
        false => Input::Inherit,
    };
    if room.scope.is_some() && call.name == "post-commit" {
        conclude(&room);
    }
    let chained = chain::run(&call.place, &room, &call.name, &call.args, input)?;
    Ok(match chained {
        Chained::Ended(code) => HookEnd::code(code),
        Chained::Nothing => HookEnd::code(0),
        Chained::NotExecutable => HookEnd {
            code: 0,
            message: Some(format!(
                "hint: the hook `{}` is not executable\n",
                call.name
            )),
        },
    })
}

/// Takes away what git leaves of a commit that was picked or reverted, where the sandbox keeps it
/// from doing so: to delete any ref it wants a lock in the folder of all.
fn conclude(room: &Room) {
    for name in ["CHERRY_PICK_HEAD", "REVERT_HEAD"] {
        // Git says itself what is wrong if that fails.
        let _ = file::remove(&room.git_dir.join(name));
    }
}

fn guard(call: &HookCall, room: &Room) -> Result<Option<String>> {
    let Some(scope) = &room.scope else {
        return Ok(None);
    };
    let state = call.args.first().and_then(|arg| arg.to_str());
    match call.name.as_str() {
        "pre-commit" => pre_commit::judge(&call.place, room, scope),
        "reference-transaction" if state == Some("prepared") => {
            ref_transaction::judge(room, scope, &call.input)
        }
        _ => Ok(None),
    }
}
