//! Where a finding is, in the many forms in which documents say it.

use crate::base::json::Value;
use crate::model::LineRange;
use crate::review::read::at::At;

/// Fields that name a file.
const FILES: &[&str] = &["file_path", "file", "path", "filename", "location"];
/// Fields that hold lines.
const LINES: &[&str] = &["line_range", "lines", "line_numbers", "line"];

/// The file and lines of one finding, as far as they can be told.
pub(super) fn place(item: &At<'_>) -> (Option<String>, Option<LineRange>) {
    let named = item.any(FILES);
    let inner = named.as_ref().and_then(|at| at.any(FILES));
    let written = inner.as_ref().or(named.as_ref());
    let (file, within) = match written.and_then(At::text) {
        Some(text) => split(text),
        None => (
            written.and_then(|at| at.items().first()?.text().map(str::to_owned)),
            None,
        ),
    };
    let lines = item.any(LINES).or_else(|| named.as_ref()?.any(LINES));
    let ends = bounds(item).or_else(|| bounds(named.as_ref()?));
    let read = match lines {
        Some(at) => {
            let read = range(&at);
            if read.is_none() && !empty(&at) {
                at.note("holds no lines and was left out");
            }
            read
        }
        None => None,
    };
    let file = file.filter(|file| file.chars().count() <= 1024);
    (file, read.or(ends).or(within))
}

fn empty(at: &At<'_>) -> bool {
    match at.object() {
        Some(fields) => fields.values().all(Value::is_null),
        None => at.value.as_array().is_some_and(Vec::is_empty) || at.value.as_str() == Some(""),
    }
}

/// Lines in two fields beside the file.
fn bounds(item: &At<'_>) -> Option<LineRange> {
    let start = item
        .any(&["line_start", "start_line", "startLine"])?
        .number()?;
    let end = item
        .any(&["line_end", "end_line", "endLine"])
        .and_then(|at| at.number());
    of(start, end.unwrap_or(start))
}

/// `{start, end}`, `[start, end]`, `"12-14"`, `12`, or a list of such: then from first to last.
fn range(at: &At<'_>) -> Option<LineRange> {
    if let Some(number) = at.number() {
        return of(number, number);
    }
    if let Some(text) = at.text() {
        return spelled(text);
    }
    let named = |names: &[&str]| at.any(names).and_then(|end| end.number());
    if at.object().is_some() {
        let start = named(&["start", "from", "begin", "start_line", "line"]);
        let end = named(&["end", "to", "end_line"]);
        let start = start.or(end)?;
        return of(start, end.unwrap_or(start));
    }
    let parts: Vec<LineRange> = at.items().iter().filter_map(range).collect();
    let start = parts.iter().map(|part| part.start).min()?;
    let end = parts.iter().map(|part| part.end).max()?;
    of(start, end)
}

/// `12`, `12-14`, `L12-L14`, `12:14`, `lines 12 to 14`, `12-14, 20`.
fn spelled(text: &str) -> Option<LineRange> {
    let numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty());
    let numbers: Vec<u32> = numbers.filter_map(|part| part.parse().ok()).collect();
    let (start, end) = (numbers.iter().min()?, numbers.iter().max()?);
    of(*start, *end)
}

/// Lines count from 1; a 0 means the whole file, which is no range.
fn of(start: u32, end: u32) -> Option<LineRange> {
    let (start, end) = (start.min(end), start.max(end));
    (end > 0).then_some(LineRange {
        start: start.max(1),
        end,
    })
}

/// `src/a.rs:12-14` is a file and lines.
fn split(text: &str) -> (Option<String>, Option<LineRange>) {
    let text = text.trim_matches('`');
    let lines = |tail: &str| {
        let shape = |c: char| c.is_ascii_digit() || matches!(c, '-' | ',' | ' ' | 'L' | ':');
        !tail.is_empty() && tail.chars().all(shape) && tail.chars().any(|c| c.is_ascii_digit())
    };
    for (at, _) in text.match_indices([':', '#']) {
        let (file, tail) = (&text[..at], &text[at + 1..]);
        if lines(tail) && !file.is_empty() {
            return (Some(file.to_owned()), spelled(tail));
        }
    }
    (Some(text.to_owned()).filter(|file| !file.is_empty()), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::json::json;
    use crate::plan::Spans;
    use crate::review::read::at::Reading;

    fn read(value: Value) -> (Option<String>, Option<(u32, u32)>) {
        let spans = Spans::default();
        let reading = Reading::new("x.json", &spans);
        let (file, lines) = place(&At::top(&value, &reading));
        (file, lines.map(|range| (range.start, range.end)))
    }

    #[test]
    fn every_spelling_of_a_place_is_one_place() {
        for value in [
            json!({"file_path": "a.py", "line_range": {"start": 3, "end": 5}}),
            json!({"file_path": "a.py", "line_range": {"start": 5, "end": 3}}),
            json!({"file_path": "a.py", "line_range": [3, 5]}),
            json!({"file_path": "a.py", "line_range": "3-5"}),
            json!({"file_path": "a.py", "line_range": "L3-L5"}),
            json!({"file": "a.py", "lines": [[3, 4], [5, 5]]}),
            json!({"file": "a.py", "line_start": 3, "line_end": 5}),
            json!({"location": {"file": "a.py", "lines": "3-5"}}),
            json!({"location": {"path": "a.py", "start_line": 3, "end_line": 5}}),
            json!({"location": "a.py:3-5"}),
            json!({"file_path": "a.py#L3-L5"}),
        ] {
            let told = format!("{value}");
            assert_eq!(
                read(value),
                (Some("a.py".to_owned()), Some((3, 5))),
                "{told}"
            );
        }
    }

    #[test]
    fn what_says_no_lines_is_no_range() {
        for lines in [
            json!(null),
            json!({}),
            json!([]),
            json!(""),
            json!(0),
            json!("whole file"),
        ] {
            let told = format!("{lines}");
            let value = json!({"file_path": "a.py", "line_range": lines});
            assert_eq!(read(value), (Some("a.py".to_owned()), None), "{told}");
        }
        assert_eq!(read(json!({"file_path": null})), (None, None));
    }
}
