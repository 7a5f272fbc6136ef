//! What the environment says about the terminal.

use std::env;

use crate::os;

/// What kind of terminal there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Colours are welcome: no `NO_COLOR`, and `TERM` is not `dumb`.
    pub likes_color: bool,
    /// Lines may be drawn anew: `TERM` is set and not `dumb`.
    pub moves: bool,
    /// Its width, 80 where nobody knows.
    pub columns: usize,
}

/// Reads `NO_COLOR`, `TERM`, `COLUMNS` and asks the terminal for its width.
pub fn read() -> Terminal {
    let no_color = env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let moves = env::var_os("TERM").is_some_and(|v| !v.is_empty() && v != "dumb");
    let columns = env::var("COLUMNS").ok().and_then(|v| v.parse().ok());
    let columns = columns.filter(|c| *c > 0).or_else(os::terminal::columns);
    Terminal {
        likes_color: moves && !no_color,
        moves,
        columns: columns.unwrap_or(COLUMNS_DEFAULT),
    }
}

const COLUMNS_DEFAULT: usize = 80;
