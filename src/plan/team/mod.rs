//! Plans of team-implement: phases with a status in the heading, a table of waves before them.

mod body;
mod order;
mod region;
mod status;
#[cfg(test)]
mod tests;

use super::detect::Likeness;
use super::outline::words;
use super::outline::{Field, Item, Line, Lint, Mark, MarkStyle, Outline, Text};
use crate::base::text::count;
use crate::model::{Code, ItemStatus};
use order::Ids;
use region::{Head, Region};

/// Reads a plan. Order is what fields and the table say; nothing is added to it.
pub(super) fn read(text: &Text<'_>) -> Outline {
    let mut outline = Outline::new();
    let region = region::find(text, &mut outline);
    head(text, &region, &mut outline);
    let ids = Ids::new(&region);
    for (nth, head) in region.heads.iter().enumerate() {
        let item = phase((text, &ids), &region, nth, head, &mut outline);
        outline.items.push(item);
    }
    order::waves(text, &region, &ids, &mut outline);
    compare(text, &mut outline);
    outline
}

/// Whether a text is such a plan: phases below their section, or at least phases in a folder of
/// plans.
pub(super) fn recognises(text: &Text<'_>, path: &str) -> Likeness {
    let mut outline = Outline::new();
    let region = region::find(text, &mut outline);
    let begins = |line: &Line<'_>, word: &str| line.text.starts_with(word);
    let titled = text
        .lines()
        .iter()
        .any(|line| begins(line, "# Implementation Plan"));
    let among_plans = path.contains("/plans/") || path.starts_with("plans/");
    if region.heads.is_empty() {
        // A plan without phases is one all the same: it is told that it has none.
        let plan = titled && among_plans;
        return if plan { Likeness::Maybe } else { Likeness::No };
    }
    let section = text.lines()[region.from].text.starts_with("## ");
    // Lists of boxes with ids have phases and this title too, but not that section.
    let numbered = |line: &Line<'_>| {
        let rest = words::box_line(line.text).map(|boxed| boxed.rest.trim_start());
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let a_list = !section && text.lines().iter().any(numbered);
    if !a_list && (titled || (among_plans && section)) {
        Likeness::Surely
    } else {
        Likeness::Maybe
    }
}

/// The title, the header, and the status of the whole plan.
fn head(text: &Text<'_>, region: &Region<'_>, outline: &mut Outline) {
    let lines = text.lines();
    let first = region.heads.first().map_or(lines.len(), |head| head.at);
    let mut matter = lines
        .first()
        .is_some_and(|line| line.text.trim_end() == "---");
    let mut plain = None;
    for line in &lines[usize::from(matter)..first.max(usize::from(matter))] {
        if matter {
            matter = line.text.trim_end() != "---";
            if let Some((name, value)) = line.text.split_once(':').filter(|_| matter) {
                if name == "status" {
                    plain = status::of_value(line, value);
                }
                outline.meta.push(field(name, value, line));
            }
            continue;
        }
        match words::heading(line.text) {
            Some(heading) if heading.level == 1 && outline.title.is_none() => {
                let title = heading.text.strip_prefix("Implementation Plan:");
                outline.title = Some(title.unwrap_or(heading.text).trim().to_owned());
            }
            Some(heading) if heading.level == 2 => break,
            _ => {
                let Some(found) = words::field_line(line.text) else {
                    continue;
                };
                if found.name == "Status" && outline.mark.is_none() {
                    outline.mark = status::of_value(line, found.value);
                }
                outline.meta.push(field(found.name, found.value, line));
            }
        }
    }
    if outline.mark.is_none() {
        outline.mark = plain;
    }
}

fn field(name: &str, value: &str, line: &Line<'_>) -> Field {
    Field {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
        line: line.number,
    }
}

fn phase(
    (text, ids): (&Text<'_>, &Ids<'_>),
    region: &Region<'_>,
    nth: usize,
    head: &Head<'_>,
    outline: &mut Outline,
) -> Item {
    let lines = text.lines();
    let line = &lines[head.at];
    let end = match region.heads.get(nth + 1) {
        Some(next) => next.at,
        None => last_line(lines, head, region.to),
    };
    let (title, mark, optional) = heading(line, head);
    let mut item = Item {
        optional,
        range: line.start..lines.get(end).map_or(text.whole.len(), |line| line.start),
        line: line.number,
        ..Item::new(head.id, title, mark)
    };
    body::read((text, ids), &lines[head.at + 1..end], &mut item, outline);
    if item.mark.status == ItemStatus::Unknown && !item.mark.text.is_empty() {
        let lint = Lint {
            message: format!("`{}` is no status that a rule knows", item.mark.text),
            hint: "write NOT STARTED, IN PROGRESS, COMPLETED, PARTIAL or BLOCKED",
            items: &[&item.id],
        };
        let at = item.mark.range.as_ref().map_or(line.start, |r| r.start);
        outline.find(text, at, Code::Unreadable, lint);
    }
    item
}

/// A phase at level 2 that is the last one ends at the next heading of its level.
fn last_line(lines: &[Line<'_>], head: &Head<'_>, to: usize) -> usize {
    let rest = &lines[head.at + 1..to];
    let next = |line: &Line<'_>| words::heading(line.text).is_some_and(|h| h.level == 2);
    match rest.iter().position(next).filter(|_| head.level == 2) {
        Some(at) => head.at + 1 + at,
        None => to,
    }
}

/// Title, marker, and whether the phase may be left out.
fn heading(line: &Line<'_>, head: &Head<'_>) -> (String, Mark, bool) {
    let (name, mark) = match status::bracket(head.name) {
        Some(inside) => {
            // Both are slices of the name, and a bracket stands before the marker.
            let at = inside.as_ptr() as usize - head.name.as_ptr() as usize;
            let name = head.name[..at].strip_suffix('[').unwrap_or(head.name);
            (
                name.trim_end(),
                status::marked(line, inside, MarkStyle::Bracket),
            )
        }
        None => (head.name, status::unmarked(line)),
    };
    match name.strip_suffix("[OPTIONAL]") {
        Some(name) => (name.trim_end().to_owned(), mark, true),
        None => (name.to_owned(), mark, false),
    }
}

/// What the plan says as a whole against what its phases say, once each.
fn compare(text: &Text<'_>, outline: &mut Outline) {
    let items = &outline.items;
    let Some(first) = items.first().map(|item| item.range.start) else {
        return;
    };
    let mut found: Vec<(usize, Code, String, &str)> = Vec::new();
    found.extend(whole(outline));
    let unmarked = items.iter().filter(|i| i.mark.text.is_empty()).count();
    if unmarked > 0 {
        let message = format!("{} without a status", count(unmarked, "phase"));
        let hint = "write `[NOT STARTED]` or `[COMPLETED]` at the end of the heading";
        found.push((first, Code::Advice, message, hint));
    }
    let silent = items.iter().filter(|i| !i.declares_order).count();
    if silent > 0 {
        let message = format!("{} without a `Depends on` field", count(silent, "phase"));
        let hint = "write `**Depends on**: none` or the phases it waits for";
        found.push((first, Code::Advice, message, hint));
    }
    let open = |item: &&Item| {
        let boxes = |s: ItemStatus| item.steps.iter().any(move |step| step.mark.status == s);
        item.mark.status == ItemStatus::Done && boxes(ItemStatus::Pending)
    };
    let unticked = items.iter().filter(open).count();
    if unticked > 0 {
        let message = format!("{} completed with open boxes", count(unticked, "phase"));
        let hint = "the heading counts; tick the boxes or leave them";
        found.push((first, Code::Advice, message, hint));
    }
    for (at, code, message, hint) in found {
        let items = &[];
        outline.find(
            text,
            at,
            code,
            Lint {
                message,
                hint,
                items,
            },
        );
    }
}

/// The status of the plan where its phases deny it.
fn whole(outline: &Outline) -> Option<(usize, Code, String, &'static str)> {
    let mark = outline.mark.as_ref()?;
    let all = |good: fn(ItemStatus) -> bool| outline.items.iter().all(|i| good(i.mark.status));
    let settled = |s: ItemStatus| s.is_settled() || s == ItemStatus::Unknown;
    let untouched = |s: ItemStatus| matches!(s, ItemStatus::Pending | ItemStatus::Unknown);
    let known = !all(|status| status == ItemStatus::Unknown);
    let denied = match mark.status {
        ItemStatus::Done => !all(settled),
        ItemStatus::Pending => !all(untouched),
        ItemStatus::Running => all(settled),
        _ => false,
    };
    let at = mark.range.as_ref()?.start;
    (denied && known).then(|| {
        let message = format!("the plan is {}, its phases say otherwise", mark.text);
        (
            at,
            Code::Contradiction,
            message,
            "the phases count; correct the status of the plan",
        )
    })
}
