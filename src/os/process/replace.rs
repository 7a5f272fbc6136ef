//! Becomes another program: same process id, same session, same parent.

use std::os::unix::process::CommandExt;

use crate::base::Error;
use crate::os::process::invocation::Invocation;

/// Replaces this process by the program. Returns only if that failed, with the reason.
///
/// Its standard input is that of the invocation, its outputs are those of this process.
pub fn replace(invocation: &Invocation) -> Error {
    match invocation.command() {
        Ok(mut command) => invocation.cannot_start(command.exec()),
        Err(error) => error,
    }
}
