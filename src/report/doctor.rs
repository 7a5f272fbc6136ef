//! What is there and what is damaged.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::text::{count, foreign};
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};

/// Everything a look at the repository showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// What is there, by name.
    pub facts: Vec<Fact>,
    /// What is damaged or worth a look, gravest first.
    pub damages: Vec<Damage>,
    /// The state cannot be relied on, so nothing is said of what would follow from it.
    pub is_state_unreadable: bool,
}

/// Something that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Its stable name.
    pub name: String,
    /// For people.
    pub value: String,
}

/// Something damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The stable word.
    pub code: String,
    /// How grave it is.
    pub gravity: Gravity,
    /// What is wrong, with the place.
    pub message: String,
    /// What to do; empty if `--fix` does it.
    pub hint: String,
    /// Whether it can be repaired without a person, and whether it was.
    pub repair: Repair,
}

/// How grave a damage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gravity {
    /// Work cannot go on, or something is lost.
    Error,
    /// Work goes on; look at it when there is time.
    Warning,
}

/// Whether a damage can be repaired without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// A person has to decide.
    ByHand,
    /// `--fix` repairs it: what it touches is provably ours.
    Possible,
    /// It was just repaired.
    Done,
}

impl Diagnosis {
    /// Notes something that is there.
    pub fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.facts.push(Fact {
            name: name.to_owned(),
            value: value.into(),
        });
    }

    /// True if nothing is left to repair.
    pub fn is_healthy(&self) -> bool {
        self.damages.iter().all(|d| d.repair == Repair::Done)
    }
}

/// Draws the diagnosis.
pub fn render(diagnosis: &Diagnosis, page: Page) -> String {
    let mut table = Table::new(0);
    for fact in &diagnosis.facts {
        table.row(vec![
            Cell::labelled(Label::Dim, &fact.name),
            Cell::new(&fact.value),
        ]);
    }
    let mut out = table.render(page);
    if !diagnosis.damages.is_empty() {
        out.push('\n');
    }
    for damage in &diagnosis.damages {
        one(&mut out, damage, page);
    }
    let left = diagnosis
        .damages
        .iter()
        .filter(|d| d.repair != Repair::Done)
        .count();
    let possible = diagnosis
        .damages
        .iter()
        .filter(|d| d.repair == Repair::Possible)
        .count();
    out.push('\n');
    match (left, possible) {
        (0, _) => out.push_str(&page.paint(Label::Good, "healthy")),
        (_, 0) => out.push_str(&format!("{} found", count(left, "problem"))),
        _ => out.push_str(&format!(
            "{} found; git wp doctor --fix repairs {possible}",
            count(left, "problem")
        )),
    }
    out.push('\n');
    out
}

fn one(out: &mut String, damage: &Damage, page: Page) {
    let (label, word) = match (damage.repair, damage.gravity) {
        (Repair::Done, _) => (Label::Good, "repaired"),
        (_, Gravity::Error) => (Label::Bad, "error"),
        (_, Gravity::Warning) => (Label::Warn, "warning"),
    };
    let message = foreign(&damage.message);
    let _ = writeln!(
        out,
        "{}[{}]: {message}",
        page.paint(label, word),
        damage.code
    );
    if !damage.hint.is_empty() && damage.repair != Repair::Done {
        let _ = writeln!(
            out,
            "  {}: {}",
            page.paint(Label::Busy, "hint"),
            foreign(&damage.hint)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnosis_says_what_and_who_repairs_it() {
        let damage = |code: &str, gravity, repair| Damage {
            code: code.to_owned(),
            gravity,
            message: format!("something about {code}"),
            hint: "look at it".to_owned(),
            repair,
        };
        let mut diagnosis = Diagnosis {
            facts: Vec::new(),
            damages: vec![
                damage("state-rewound", Gravity::Error, Repair::ByHand),
                damage("stale-spool", Gravity::Warning, Repair::Possible),
                damage("cache-damaged", Gravity::Warning, Repair::Done),
            ],
            is_state_unreadable: false,
        };
        diagnosis.fact("git", "2.47.3");
        diagnosis.fact("state", "refs/wp/state, 12 commits");
        insta::assert_snapshot!(render(&diagnosis, Page::plain()), @r"
        git    2.47.3
        state  refs/wp/state, 12 commits

        error[state-rewound]: something about state-rewound
          hint: look at it
        warning[stale-spool]: something about stale-spool
          hint: look at it
        repaired[cache-damaged]: something about cache-damaged

        2 problems found; git wp doctor --fix repairs 1
        ");
    }
}
