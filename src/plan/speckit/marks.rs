//! What boxes mean, and the lines below a task.

use crate::model::ItemStatus;
use crate::plan::outline::words::{box_line, bullet};
use crate::plan::outline::{Line, Mark, MarkStyle, Step};

/// What a box means, and the words people put behind a task that was left out.
pub(super) fn status(mark: &str, title: &str) -> ItemStatus {
    let left = [
        "[DEFERRED",
        "(DEFERRED",
        "- DEFERRED",
        "— DEFERRED",
        "– DEFERRED",
    ];
    let skipped = [
        "[SKIPPED",
        "(SKIPPED",
        "- SKIPPED",
        "— SKIPPED",
        "– SKIPPED",
        "SKIPPED:",
    ];
    let put_off = left.iter().any(|words| title.contains(words));
    let left_out = skipped.iter().any(|words| title.contains(words)) || title.ends_with("SKIPPED");
    match mark {
        " " if put_off => ItemStatus::Skipped,
        "x" | "X" if put_off || left_out => ItemStatus::Skipped,
        " " => ItemStatus::Pending,
        "x" | "X" | "✓" | "✔" => ItemStatus::Done,
        "-" | "/" => ItemStatus::Running,
        "~" => ItemStatus::Partial,
        _ => ItemStatus::Unknown,
    }
}

pub(super) fn step(line: &Line<'_>) -> Option<Step> {
    let (text, mark) = match box_line(line.text) {
        Some(boxed) => {
            let mark = Mark {
                status: status(boxed.mark, boxed.rest),
                text: boxed.mark.to_owned(),
                range: Some(line.range_of(boxed.mark)),
                style: MarkStyle::Box,
            };
            (boxed.rest.trim(), mark)
        }
        None => {
            let mark = Mark {
                status: ItemStatus::Unknown,
                text: String::new(),
                range: None,
                style: MarkStyle::Nowhere,
            };
            (bullet(line.text)?, mark)
        }
    };
    Some(Step {
        id: None,
        text: text.to_owned(),
        mark,
        note: None,
        line: line.number,
    })
}
