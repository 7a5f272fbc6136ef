//! The verdict of a review: in a task list beside the gate, or in the file of the review itself.
//!
//! A tick on a gate says that somebody reviewed, not that the work passed. Only words that stand
//! where a verdict stands count; a line that offers both answers is a form, not a verdict.

use crate::plan::outline::words::{bullet, heading};
use crate::plan::outline::{Line, Ruling, Text, Verdict};

/// Names before a colon behind which a verdict stands.
const NAMES: [&str; 9] = [
    "status",
    "outcome",
    "verdict",
    "decision",
    "result",
    "review status",
    "approval status",
    "final determination",
    "final verdict",
];
/// What asks for another round. Looked for first: `not approved` holds `approved`.
const NEGATIVE: [&str; 12] = [
    "requires changes",
    "requires revision",
    "require changes",
    "changes requested",
    "changes required",
    "revision required",
    "needs changes",
    "needs revision",
    "needs work",
    "not approved",
    "rejected",
    "requires rework",
];
/// What lets work go on with something left to do.
const PARTLY: [&str; 5] = [
    "approved with",
    "conditionally approved",
    "conditional approval",
    "approved pending",
    "approved, pending",
];

/// How much a place is to be believed; the greatest wins, of equals the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Status,
    Outcome,
    Checklist,
    Final,
}

/// The verdict that the text of a review file tells, if it tells one.
pub fn verdict_of(text: &str) -> Option<Verdict> {
    let text = Text::new(text, "");
    let mut best: Option<(Place, Verdict)> = None;
    let mut last = String::new();
    for line in text.lines() {
        if let Some(head) = heading(line.text) {
            last = bare(head.text).to_lowercase();
        }
        let Some((place, verdict)) = judge(line, &last) else {
            continue;
        };
        if best.as_ref().is_none_or(|(before, _)| *before <= place) {
            best = Some((place, verdict));
        }
    }
    best.map(|(_, verdict)| verdict)
}

fn judge(line: &Line<'_>, section: &str) -> Option<(Place, Verdict)> {
    let is_final = ["final determination", "final verdict", "final decision"]
        .iter()
        .any(|name| section.starts_with(name));
    if let Some(ruling) = ticked(line.text) {
        return Some((Place::Checklist, ruling.at(line)));
    }
    if let Some((name, told)) = named(line.text) {
        let place = match name.as_str() {
            "status" | "review status" | "result" => Place::Status,
            "outcome" | "decision" | "verdict" => Place::Outcome,
            _ => Place::Final,
        };
        // A status in the body of a section about something else is that thing's.
        let place = if is_final { Place::Final } else { place };
        return Some((place, told.at(line)));
    }
    is_final.then(|| leading(line.text).map(|told| (Place::Final, told.at(line))))?
}

/// The verdict beside a gate in a task list, if `line` tells one.
pub(super) fn in_list(line: &Line<'_>) -> Option<Verdict> {
    let told = ticked(line.text)
        .or_else(|| named(line.text).map(|(_, told)| told))
        .or_else(|| leading(line.text).filter(|told| told.loud));
    told.map(|told| told.at(line))
}

/// A verdict behind the title of a gate: `CR-A. **Review** ✅ APPROVED`.
pub(super) fn in_title(rest: &str, line: &Line<'_>) -> Option<Verdict> {
    let (_, behind) = rest.rsplit_once("**")?;
    leading(behind)
        .filter(|told| told.loud)
        .map(|told| told.at(line))
}

struct Told<'a> {
    ruling: Ruling,
    words: &'a str,
    /// In capitals, as a stamp is.
    loud: bool,
}

impl Told<'_> {
    fn at(&self, line: &Line<'_>) -> Verdict {
        Verdict {
            ruling: self.ruling,
            text: self.words.to_owned(),
            line: line.number,
        }
    }
}

/// `- [x] Approved`.
fn ticked(line: &str) -> Option<Told<'_>> {
    let boxed = crate::plan::outline::words::box_line(line)?;
    leading(boxed.rest).filter(|_| boxed.mark.eq_ignore_ascii_case("x"))
}

/// `**Status: APPROVED** ✅`, `**OUTCOME**: ✅ **APPROVED** - because`.
fn named(line: &str) -> Option<(String, Told<'_>)> {
    let plain = bare(bullet(line).unwrap_or(line));
    let (name, value) = plain.split_once(':')?;
    if name.len() > 40 {
        return None;
    }
    let name = bare(name).to_lowercase();
    NAMES
        .contains(&name.as_str())
        .then(|| leading(value).map(|told| (name, told)))?
}

/// Words that begin with a verdict.
fn leading(text: &str) -> Option<Told<'_>> {
    let words = bare(bullet(text).unwrap_or(text));
    let head = words
        .get(..words.len().min(48))
        .unwrap_or_else(|| cut(words, 48));
    let lower = head.to_ascii_lowercase();
    let negative = NEGATIVE.iter().find(|w| lower.starts_with(**w));
    let ruling = if negative.is_some() {
        Ruling::ChangesRequested
    } else if PARTLY.iter().any(|w| lower.starts_with(w)) {
        Ruling::ApprovedWithChanges
    } else if lower.starts_with("approved") {
        Ruling::Approved
    } else {
        return None;
    };
    let form = match ruling {
        Ruling::ChangesRequested => lower.contains("/ approved") || lower.contains(" or approved"),
        _ => NEGATIVE.iter().any(|words| lower.contains(words)),
    };
    let first = head.split(|c: char| !c.is_ascii_alphabetic()).next();
    let loud = first.is_some_and(|word| word.bytes().all(|b| b.is_ascii_uppercase()));
    (!form).then(|| Told {
        ruling,
        words: words.trim_end_matches(['*', ' ', '_']),
        loud,
    })
}

/// At most `most` bytes, not cutting a character.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

/// Without leading markup, signs and blanks.
fn bare(text: &str) -> &str {
    text.trim_start_matches(|c: char| !c.is_alphanumeric())
        .trim_end_matches(['*', ' ', '_', ':', '\u{2705}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruling(text: &str) -> Option<Ruling> {
        verdict_of(text).map(|verdict| verdict.ruling)
    }

    #[test]
    fn every_place_of_a_verdict_is_known() {
        use Ruling::*;
        for (text, expected) in [
            (
                "## Approval Status\n- [ ] Approved\n- [x] Requires changes (again)\n",
                ChangesRequested,
            ),
            (
                "- [x] **APPROVED** - ship it\n- [ ] Requires changes\n",
                Approved,
            ),
            (
                "- [x] Conditionally Approved - small things\n",
                ApprovedWithChanges,
            ),
            ("**OUTCOME**: ✅ **APPROVED** - all good\n", Approved),
            (
                "**Status**: REQUIRES REVISION - see below\n",
                ChangesRequested,
            ),
            ("  - **Status: APPROVED** ✅\n", Approved),
            ("Status: APPROVED PENDING ACTIVATION\n", ApprovedWithChanges),
            ("Status: Approved with minor changes\n", ApprovedWithChanges),
            (
                "## Final Determination\n\n🔄 **REQUIRES CHANGES**\n",
                ChangesRequested,
            ),
            ("## Final Verdict\n**NOT APPROVED**\n", ChangesRequested),
        ] {
            assert_eq!(ruling(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_form_and_the_status_of_something_else_are_no_verdict() {
        for text in [
            "Status: APPROVED / REQUIRES CHANGES\n",
            "Status: Approved or Requires changes\n",
            "- [ ] Approved\n- [ ] Requires changes\n",
            "- **Status**: ✅ Using the latest version\n",
            "The approved design requires changes to three files.\n",
            "",
        ] {
            assert_eq!(ruling(text), None, "{text}");
        }
    }

    #[test]
    fn the_final_word_wins_over_the_status_above_it() {
        let text = "Status: REQUIRES CHANGES\n## Final Determination\nAPPROVED\nStatus: x\n";
        let verdict = verdict_of(text).unwrap();
        assert_eq!((verdict.ruling, verdict.line), (Ruling::Approved, 3));
        assert_eq!(verdict.text, "APPROVED");
    }
}
