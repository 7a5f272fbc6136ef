//! Where this clone stands with the remote whose state decides.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::base::text::{count, foreign};
use crate::report::style::{Label, Page};

/// The remote as this clone knows it, without asking it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteView {
    /// Its name in git config.
    pub name: String,
    /// A fetch brought state that is not joined yet.
    pub newer: bool,
    /// Requests of this clone that wait for it.
    pub pending: usize,
    /// Why nothing that needs a right is granted.
    pub frozen: Option<String>,
}

impl RemoteView {
    /// What a person should know now, each line with the command to type; nothing if all is well.
    pub fn lines(&self, page: Page) -> String {
        let name = foreign(&self.name);
        let mut out = String::new();
        if let Some(why) = &self.frozen {
            let head = page.paint(Label::Bad, "frozen");
            let _ = writeln!(out, "{head}: {}", foreign(why));
            let _ = writeln!(
                out,
                "  nothing new is granted until you accept that: git wp sync --accept-rewind"
            );
        }
        if self.newer {
            let _ = writeln!(out, "newer state from {name}: git wp sync");
        }
        if self.pending > 0 {
            let waiting = count(self.pending, "request");
            let verb = if self.pending == 1 { "waits" } else { "wait" };
            let _ = writeln!(out, "{waiting} {verb} for {name}: git wp sync");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_command_and_no_news_is_no_line() {
        let quiet = RemoteView {
            name: "origin".into(),
            newer: false,
            pending: 0,
            frozen: None,
        };
        assert_eq!(quiet.lines(Page::plain()), "");
        let loud = RemoteView {
            newer: true,
            pending: 1,
            frozen: Some("the state of `origin` was moved back".into()),
            ..quiet
        };
        insta::assert_snapshot!(loud.lines(Page::plain()), @r"
        frozen: the state of `origin` was moved back
          nothing new is granted until you accept that: git wp sync --accept-rewind
        newer state from origin: git wp sync
        1 request waits for origin: git wp sync
        ");
    }
}
