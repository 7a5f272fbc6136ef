//! Lists of ids as people write them: `Tasks 2, 4-6`.

use crate::base::text::foreign;
use crate::base::{PackageId, text};
use crate::model::ItemKind;
use crate::report::spec_text::TaskRow;

/// Ids in their order, with neighbours in number as a range: `2, 4-6, CR-A`.
pub fn ranges<'a>(ids: impl IntoIterator<Item = &'a PackageId>) -> String {
    let mut runs: Vec<(&str, &str)> = Vec::new();
    for id in ids {
        let id = id.as_str();
        match runs.last_mut() {
            Some((_, last)) if follows(last, id) => *last = id,
            _ => runs.push((id, id)),
        }
    }
    let words = runs.into_iter().map(|(first, last)| match first == last {
        true => foreign(first).to_string(),
        false => format!("{}-{}", foreign(first), foreign(last)),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// `6` follows `5`, `2.4` follows `2.3`; `1` does not follow `0.9`, nor `10` `09`.
fn follows(before: &str, id: &str) -> bool {
    let (Some((stem, number)), Some((other, next))) = (numbered(before), numbered(id)) else {
        return false;
    };
    stem == other && number.checked_add(1) == Some(next)
}

/// What stands before the number at the end, and the number.
fn numbered(id: &str) -> Option<(&str, u64)> {
    let digits = id.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (stem, number) = id.split_at(id.len() - digits);
    let plain = number == "0" || !number.starts_with('0');
    let value = number.parse().ok().filter(|_| plain)?;
    Some((stem, value))
}

/// `Task 5` or `Tasks 1-4, 7`.
pub(super) fn tasks(ids: &[&PackageId]) -> String {
    let word = if ids.len() == 1 { "Task" } else { "Tasks" };
    format!("{word} {}", ranges(ids.iter().copied()))
}

/// `gate CR-A` or `gates CR-A, PR-A`.
pub(super) fn gates(ids: &[&PackageId]) -> String {
    let word = if ids.len() == 1 { "gate" } else { "gates" };
    format!("{word} {}", names(ids))
}

/// Ids one by one.
pub(super) fn names(ids: &[&PackageId]) -> String {
    let names = ids.iter().map(|id| foreign(id.as_str()).to_string());
    names.collect::<Vec<_>>().join(", ")
}

/// `Tasks 1-3 (3 tasks), then gates CR-A, PR-A`.
pub(super) fn counted(ids: &Split<'_>) -> String {
    let mut parts = Vec::new();
    if !ids.tasks.is_empty() {
        let count = text::count(ids.tasks.len(), "task");
        parts.push(format!("{} ({count})", tasks(&ids.tasks)));
    }
    if !ids.gates.is_empty() {
        let then = if parts.is_empty() { "" } else { "then " };
        parts.push(format!("{then}{}", gates(&ids.gates)));
    }
    parts.join(", ")
}

/// `Tasks 1-3, then gates CR-A, PR-A`.
pub(super) fn listed(ids: &Split<'_>) -> String {
    let mut parts = Vec::new();
    if !ids.tasks.is_empty() {
        parts.push(tasks(&ids.tasks));
    }
    if !ids.gates.is_empty() {
        let then = if parts.is_empty() { "" } else { "then " };
        parts.push(format!("{then}{}", gates(&ids.gates)));
    }
    parts.join(", ")
}

/// Rows apart by what they are.
#[derive(Debug, Default)]
pub(super) struct Split<'a> {
    /// Work.
    pub(super) tasks: Vec<&'a PackageId>,
    /// Reviews.
    pub(super) gates: Vec<&'a PackageId>,
}

impl<'a> FromIterator<&'a TaskRow> for Split<'a> {
    fn from_iter<I: IntoIterator<Item = &'a TaskRow>>(rows: I) -> Self {
        let mut split = Split::default();
        for row in rows {
            match row.kind {
                ItemKind::Review => split.gates.push(&row.id),
                _ => split.tasks.push(&row.id),
            }
        }
        split
    }
}

impl Split<'_> {
    /// The ids, owned: tasks, gates.
    pub(super) fn owned(&self) -> (Vec<PackageId>, Vec<PackageId>) {
        let owned = |ids: &[&PackageId]| ids.iter().map(|id| (*id).clone()).collect();
        (owned(&self.tasks), owned(&self.gates))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_number_become_a_range() {
        for (ids, shown) in [
            ("2 4 5 6", "2, 4-6"),
            ("1 2", "1-2"),
            ("7", "7"),
            ("3 2 1", "3, 2, 1"),
            ("1.9 1.10 2.1 2.2", "1.9-1.10, 2.1-2.2"),
            ("T001 T002", "T001, T002"),
            ("1 CR-A PR-A 2 3", "1, CR-A, PR-A, 2-3"),
            ("2A 2B", "2A, 2B"),
            ("18446744073709551615 1", "18446744073709551615, 1"),
        ] {
            let ids: Vec<PackageId> = ids
                .split(' ')
                .map(|id| PackageId::parse(id).unwrap())
                .collect();
            assert_eq!(ranges(&ids), shown);
        }
    }
}
