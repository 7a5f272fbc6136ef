//! Why a package is where it is: the chain of reasons, one step further in on each line.

use std::fmt::Write as _;

use crate::base::PackageId;
use crate::base::text::foreign;
use crate::report::style::{Label, Page};

/// Draws the reasons from the package that was asked about down to the last one.
pub fn render(chain: &[(PackageId, String)], page: Page) -> String {
    let mut out = String::new();
    for (depth, (id, why)) in chain.iter().enumerate() {
        let indent = "  ".repeat(depth);
        let name = page.paint(Label::Strong, &foreign(id.as_str()).to_string());
        let _ = writeln!(out, "{indent}{name}: {}", foreign(why));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_goes_inwards() {
        let id = |text: &str| PackageId::parse(text).unwrap();
        let chain = [
            (id("wp-ui"), "waits for `wp-api`".to_owned()),
            (id("wp-api"), "verification step `test` failed".to_owned()),
        ];
        insta::assert_snapshot!(render(&chain, Page::plain()), @r"
        wp-ui: waits for `wp-api`
          wp-api: verification step `test` failed
        ");
    }
}
