//! The text of elements without their status: that changes as work goes on, the task does not.

use std::ops::Range;

use crate::plan::outline::{Item, Mark, MarkStyle, Outline, Text};

/// The bytes of the element with every status taken out: an empty box, a heading without bracket.
pub(super) fn of(item: &Item, text: &Text<'_>) -> String {
    without(marks_of(item), item.range.clone(), text.whole)
}

/// What a person agrees to: the whole document without any status. Ticking off is no new plan.
pub fn terms(outline: &Outline, whole: &str) -> String {
    let items = outline.items.iter().flat_map(marks_of);
    without(outline.mark.iter().chain(items), 0..whole.len(), whole)
}

fn marks_of(item: &Item) -> impl Iterator<Item = &Mark> {
    std::iter::once(&item.mark).chain(item.steps.iter().map(|step| &step.mark))
}

fn without<'a>(marks: impl Iterator<Item = &'a Mark>, part: Range<usize>, whole: &str) -> String {
    let inside = |range: &Range<usize>| part.start <= range.start && range.end <= part.end;
    let marks = marks.filter_map(|mark| Some((mark, mark.range.clone().filter(inside)?)));
    let mut marks: Vec<_> = marks
        .map(|(mark, range)| blank(mark, range, whole))
        .collect();
    marks.sort_by_key(|(range, _)| range.start);
    let (mut out, mut from) = (String::new(), part.start);
    for (range, instead) in marks {
        if let Some(before) = whole.get(from..range.start) {
            out.push_str(before);
            out.push_str(instead);
            from = range.end;
        }
    }
    out.push_str(whole.get(from..part.end).unwrap_or_default());
    out
}

fn blank<'a>(mark: &Mark, range: Range<usize>, whole: &str) -> (Range<usize>, &'a str) {
    match mark.style {
        MarkStyle::Box => (range, " "),
        MarkStyle::Words | MarkStyle::Nowhere => (range, ""),
        MarkStyle::Bracket => {
            let bytes = whole.as_bytes();
            let at = |i: usize| bytes.get(i).copied();
            let (mut start, mut end) = (range.start, range.end);
            if start > 0 && at(start - 1) == Some(b'[') && at(end) == Some(b']') {
                (start, end) = (start - 1, end + 1);
                if start > 0 && at(start - 1) == Some(b' ') {
                    start -= 1;
                }
            }
            (start..end, "")
        }
    }
}
