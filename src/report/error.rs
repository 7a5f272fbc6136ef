//! An error as people read it: what, because of what, what to type next.

use std::fmt::Write as _;

use crate::base::{Error, text};
use crate::report::style::{Label, Page};

/// Renders `error`, its causes and its hints; every line ends with a line feed.
pub fn render(error: &Error, page: Page) -> String {
    let mut out = String::new();
    line(&mut out, page, (Label::Bad, "error"), error.message());
    let mut said = vec![error.message().to_owned()];
    for cause in error.causes() {
        if !said.contains(&cause) {
            line(&mut out, page, (Label::Dim, "cause"), &cause);
            said.push(cause);
        }
    }
    for hint in error.hints() {
        line(&mut out, page, (Label::Busy, "hint"), hint);
    }
    out
}

/// Renders one warning line.
pub fn warning(message: &str, page: Page) -> String {
    let mut out = String::new();
    line(&mut out, page, (Label::Warn, "warning"), message);
    out
}

/// The message may have several lines; the later ones are set below the first.
fn line(out: &mut String, page: Page, head: (Label, &str), message: &str) {
    let (label, word) = head;
    let mut lines = message.trim_end().lines();
    let first = text::foreign(lines.next().unwrap_or("")).to_string();
    let _ = writeln!(out, "{}: {first}", page.paint(label, word));
    for more in lines {
        let _ = writeln!(out, "  {}", text::foreign(more));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_why_and_what_next() {
        let error = Error::policy("not-approved", "plan of `add-auth` is not approved here")
            .because("no approval for 1234 in this clone\u{7}")
            .hint("git wp approve add-auth");
        insta::assert_snapshot!(render(&error, Page::plain()), @r"
        error: plan of `add-auth` is not approved here
        cause: no approval for 1234 in this clone\u{7}
        hint: git wp approve add-auth
        ");
    }

    #[test]
    fn a_cause_that_repeats_the_message_is_left_out() {
        let error = Error::busy("io", "same").because("same");
        assert_eq!(render(&error, Page::plain()), "error: same\n");
    }
}
