//! The small parts of a list of packages: fields that share a line, subtasks, the word none.

use crate::model::ItemStatus;
use crate::plan::outline::words::{box_line, is_none};
use crate::plan::outline::{Field, Line, Mark, MarkStyle, Step};

/// `none`, also with a reason behind it.
pub(super) fn says_none(value: &str) -> bool {
    let first = value
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '/')
        .next();
    is_none(value)
        || first.is_some_and(|word| !word.is_empty() && is_none(word))
        || value.starts_with(['—', '–'])
}

/// All `**Name**: value` and `**Name:** value` of a line; several may share it.
pub(super) fn fields(line: &str) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    let text = line.trim().trim_start_matches(['-', '*', '+']).trim_start();
    let offset = line.len() - line.trim_start().len();
    let mut rest = if line.trim_start().starts_with("**") {
        &line[offset..]
    } else {
        text
    };
    rest = rest.strip_prefix("**").unwrap_or("");
    while let Some((name, behind)) = rest.split_once("**") {
        let inside = name.trim_end().strip_suffix(':');
        let value = match inside {
            Some(_) => behind,
            None => match behind.trim_start().strip_prefix(':') {
                Some(value) => value,
                None => break,
            },
        };
        let name = inside.unwrap_or(name).trim();
        if name.is_empty() || name.len() > 40 {
            break;
        }
        let next = next_field(value);
        let (value, more) = next.map_or((value, ""), |at| (&value[..at], &value[at + 2..]));
        found.push((name, value.trim().trim_end_matches(['|', '·']).trim()));
        rest = more;
    }
    found
}

/// Where the next field of a line begins, if one does.
pub(super) fn next_field(value: &str) -> Option<usize> {
    let at = value.find("**")?;
    let (name, behind) = value[at + 2..].split_once("**")?;
    let is_field = name.trim_end().ends_with(':') || behind.trim_start().starts_with(':');
    is_field.then_some(at)
}

pub(super) fn subtask(line: &Line<'_>) -> Option<Step> {
    let boxed = box_line(line.text)?;
    let text = boxed.rest.trim();
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .unwrap_or(text.len());
    let id = text[..end].trim_end_matches('.');
    let is_id = id.len() > 1
        && id
            .strip_prefix('T')
            .is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
    let rest = if is_id {
        text[id.len()..].trim_start_matches([':', '.', ' '])
    } else {
        text
    };
    Some(Step {
        id: is_id.then(|| id.to_owned()),
        text: rest.to_owned(),
        mark: Mark {
            status: match boxed.mark {
                " " => ItemStatus::Pending,
                "x" | "X" => ItemStatus::Done,
                _ => ItemStatus::Unknown,
            },
            text: boxed.mark.to_owned(),
            range: Some(line.range_of(boxed.mark)),
            style: MarkStyle::Box,
        },
        note: None,
        line: line.number,
    })
}

pub(super) fn status(steps: &[Step]) -> ItemStatus {
    let boxes = steps
        .iter()
        .filter(|step| step.mark.style == MarkStyle::Box);
    let (mut all, mut done) = (0_usize, 0_usize);
    for step in boxes {
        all += 1;
        done += usize::from(step.mark.status == ItemStatus::Done);
    }
    match (all, done) {
        (0, _) => ItemStatus::Unknown,
        (_, 0) => ItemStatus::Pending,
        _ if all == done => ItemStatus::Done,
        _ => ItemStatus::Partial,
    }
}

pub(super) fn field(name: &str, value: &str, line: &Line<'_>) -> Field {
    Field {
        name: name.to_owned(),
        value: value.to_owned(),
        line: line.number,
    }
}
