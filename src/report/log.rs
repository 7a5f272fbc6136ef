//! The audit trail: one line per transaction.

use serde::Serialize;

use crate::base::{ActorId, Oid, Timestamp, TxnId};
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogRow {
    /// When it was committed.
    pub at: Timestamp,
    /// The word of the operation.
    pub op: String,
    /// What it was about: a feature, `FEATURE/PACKAGE` or a lock key.
    pub target: String,
    /// `user@host`, for people.
    pub label: String,
    /// The clone that asked.
    pub actor: ActorId,
    /// The transaction.
    pub txn: TxnId,
    /// The commit that recorded it.
    pub commit: Oid,
}

/// Draws the lines, in the order they are given.
pub fn render(rows: &[LogRow], page: Page) -> String {
    if rows.is_empty() {
        return "nothing was recorded\n".to_owned();
    }
    let mut table = Table::new(0);
    for row in rows {
        table.row(vec![
            Cell::labelled(Label::Warn, row.commit.short()),
            Cell::labelled(Label::Dim, row.at.brief()),
            Cell::labelled(Label::Busy, &row.op),
            Cell::new(&row.target),
            Cell::labelled(Label::Dim, &row.label),
        ]);
    }
    table.render(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_reads_from_left_to_right() {
        let row = |op: &str, target: &str| LogRow {
            at: Timestamp::from_millis(1_795_257_755_000),
            op: op.to_owned(),
            target: target.to_owned(),
            label: "ann@desk".to_owned(),
            actor: ActorId::parse("k3").unwrap(),
            txn: TxnId::parse("t1").unwrap(),
            commit: Oid::parse(&"ab".repeat(20)).unwrap(),
        };
        let rows = [row("claim", "add-auth/wp-api"), row("publish", "add-auth")];
        insta::assert_snapshot!(render(&rows, Page::plain()), @r"
        ababababab  2026-11-21 10:42:35  claim    add-auth/wp-api  ann@desk
        ababababab  2026-11-21 10:42:35  publish  add-auth         ann@desk
        ");
    }
}
