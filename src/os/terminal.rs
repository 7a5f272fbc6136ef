//! How wide the terminal is.

use rustix::termios::tcgetwinsize;

/// Columns of the terminal at standard error or output; `None` where neither is one.
pub fn columns() -> Option<usize> {
    let size = tcgetwinsize(std::io::stderr()).or_else(|_| tcgetwinsize(std::io::stdout()));
    size.ok().map(|s| usize::from(s.ws_col)).filter(|c| *c > 0)
}
