//! The parts of a Markdown design that concern one side of a system, by its headings.
//!
//! A section belongs to a side if its heading says so, or the nearest heading above it that does.
//! What belongs to no side is for both. The other side's sections are left out, and the places
//! are named by line, not by title: a title can carry as much as a section.

/// A side of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Server, services, storage.
    Backend,
    /// What people see.
    Frontend,
}

/// Words that settle the side of a heading.
const BACKEND: [&str; 4] = ["backend", "server", "serverside", "database"];
const FRONTEND: [&str; 6] = ["frontend", "ui", "ux", "gui", "clientside", "webapp"];
/// Words that suggest a side where no word settles it.
const BACKEND_HINTS: [&str; 10] = [
    "api",
    "apis",
    "db",
    "endpoint",
    "endpoints",
    "migration",
    "migrations",
    "service",
    "services",
    "sql",
];
const FRONTEND_HINTS: [&str; 11] = [
    "angular", "browser", "client", "css", "page", "pages", "react", "screens", "svelte", "vue",
    "web",
];

/// How sure a heading is of its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Says(Side),
    Suggests(Side),
    Nothing,
}

/// `text` without the sections of the other side.
///
/// Each run of lines that was left out is replaced by one line that says which lines of `name`
/// they are.
pub fn for_side(text: &str, side: Side, name: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut left_out: Option<usize> = None;
    let mut walk = Walk::default();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for (at, line) in lines.iter().enumerate() {
        walk.enter(line, lines.get(at + 1).copied());
        let other = walk.side().is_some_and(|found| found != side);
        if other {
            left_out.get_or_insert(at + 1);
            continue;
        }
        if let Some(from) = left_out.take() {
            note(&mut out, name, from, at);
        }
        out.push_str(line);
    }
    if let Some(from) = left_out {
        note(&mut out, name, from, lines.len());
    }
    out
}

fn note(out: &mut String, name: &str, from: usize, to: usize) {
    out.push_str(&format!(
        "\n[lines {from}-{to} of {name} are for another role and left out]\n\n"
    ));
}

/// Where in the tree of headings a line stands.
#[derive(Default)]
struct Walk {
    /// Open headings: level and claim.
    open: Vec<(usize, Claim)>,
    fence: Option<(char, usize)>,
}

impl Walk {
    fn enter(&mut self, line: &str, next: Option<&str>) {
        if self.inside_fence(line) {
            return;
        }
        if let Some((level, title)) = heading(line, next) {
            self.open.retain(|(outer, _)| *outer < level);
            self.open.push((level, claim(title)));
        }
    }

    /// The side of the current section. A heading that only suggests gives way to one above it
    /// that says.
    fn side(&self) -> Option<Side> {
        let mut side = None;
        let mut settled = false;
        for (_, claim) in &self.open {
            match claim {
                Claim::Says(found) => (side, settled) = (Some(*found), true),
                Claim::Suggests(found) if !settled => side = Some(*found),
                Claim::Suggests(_) | Claim::Nothing => {}
            }
        }
        side
    }

    /// True for lines of a code block, its fences included.
    fn inside_fence(&mut self, line: &str) -> bool {
        let line = line.trim();
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'));
        let length = mark.map_or(0, |mark| line.chars().take_while(|c| *c == mark).count());
        match (self.fence, mark) {
            (None, Some(mark)) if length >= 3 => self.fence = Some((mark, length)),
            (None, _) => return false,
            (Some((open, least)), Some(mark)) => {
                let closes = mark == open && length >= least && line.chars().all(|c| c == mark);
                if closes {
                    self.fence = None;
                }
            }
            (Some(_), None) => {}
        }
        true
    }
}

/// Level and title if `line` is a heading: `#`, underlined, or a line that is bold as a whole.
fn heading<'a>(line: &'a str, next: Option<&str>) -> Option<(usize, &'a str)> {
    let text = line.trim();
    let hashes = text.bytes().take_while(|b| *b == b'#').count();
    if (1..=6).contains(&hashes) && text[hashes..].starts_with([' ', '\t']) {
        return Some((hashes, &text[hashes..]));
    }
    let bold = text.strip_prefix("**").and_then(|t| {
        let t = t.strip_suffix("**").or_else(|| t.strip_suffix("**:"))?;
        (!t.is_empty() && !t.contains("**")).then_some(t)
    });
    if let Some(title) = bold {
        return Some((7, title));
    }
    let rule = next.map_or("", str::trim);
    let plain = !text.is_empty() && !text.starts_with(['-', '*', '>', '|', '+', '#', '=']);
    let underlined = |c: char| rule.len() >= 3 && rule.chars().all(|r| r == c);
    match (plain, underlined('='), underlined('-')) {
        (true, true, _) => Some((1, text)),
        (true, _, true) => Some((2, text)),
        _ => None,
    }
}

fn claim(title: &str) -> Claim {
    let title = title.to_lowercase();
    let title = ["front", "back", "server", "client"]
        .iter()
        .fold(title, |title, stem| {
            let end = if matches!(*stem, "front" | "back") {
                "end"
            } else {
                "side"
            };
            title
                .replace(&format!("{stem}-{end}"), &format!("{stem}{end}"))
                .replace(&format!("{stem} {end}"), &format!("{stem}{end}"))
        });
    let words: Vec<&str> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let side = |backend: bool, frontend: bool| match (backend, frontend) {
        (true, false) => Some(Side::Backend),
        (false, true) => Some(Side::Frontend),
        _ => None,
    };
    let says = (has(&BACKEND), has(&FRONTEND));
    if says != (false, false) {
        return side(says.0, says.1).map_or(Claim::Nothing, Claim::Says);
    }
    side(has(&BACKEND_HINTS), has(&FRONTEND_HINTS)).map_or(Claim::Nothing, Claim::Suggests)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESIGN: &str = "\
# Design
Shared goals.
## Backend
Tables and handlers.
```
## Frontend
```
### Endpoints
GET /a
## Front-end (React)
Buttons.
### API client
fetch()
### State
store
## Decisions
Both agree.
";

    #[test]
    fn a_backend_slice_has_no_frontend_section() {
        let slice = for_side(DESIGN, Side::Backend, "design.md");
        for kept in [
            "Shared goals",
            "Tables",
            "## Frontend\n```",
            "GET /a",
            "Both agree",
        ] {
            assert!(slice.contains(kept), "{kept}: {slice}");
        }
        for gone in ["Front-end", "Buttons", "fetch()", "store"] {
            assert!(!slice.contains(gone), "{gone}: {slice}");
        }
        assert!(slice.contains("[lines 10-15 of design.md are for another role"));
    }

    #[test]
    fn a_frontend_slice_has_no_backend_section() {
        let slice = for_side(DESIGN, Side::Frontend, "design.md");
        for kept in ["Shared goals", "Buttons", "fetch()", "store", "Both agree"] {
            assert!(slice.contains(kept), "{kept}: {slice}");
        }
        for gone in ["Tables", "GET /a"] {
            assert!(!slice.contains(gone), "{gone}: {slice}");
        }
    }

    #[test]
    fn headings_claim_a_side_by_their_words() {
        use Claim::{Nothing, Says, Suggests};
        use Side::{Backend, Frontend};
        for (title, claimed) in [
            ("Backend", Says(Backend)),
            ("2.1 Back-End changes", Says(Backend)),
            ("Server side", Says(Backend)),
            ("UI/UX", Says(Frontend)),
            ("Frontend API client", Says(Frontend)),
            ("Frontend and backend", Nothing),
            ("API", Suggests(Backend)),
            ("Web pages", Suggests(Frontend)),
            ("Web service", Nothing),
            ("Guidelines", Nothing),
            ("Rapid reviews", Nothing),
        ] {
            assert_eq!(claim(title), claimed, "{title}");
        }
    }

    #[test]
    fn the_side_comes_from_the_nearest_heading_that_says_it() {
        for (text, kept) in [
            ("## Frontend\n### Backend hooks\nX\n", true),
            ("## Frontend\n### Services\nX\n", false),
            ("## Web\n### Services\nX\n", true),
            ("Frontend\n========\nX\n", false),
            ("Backend\n---\nX\n", true),
            ("# A\n**Frontend**\nX\n", false),
            ("# A\n**Frontend**\n**Backend**:\nX\n", true),
            ("# A\n**Frontend**\n# B\nX\n", true),
            ("# A\n- **Frontend** does\nX\n", true),
            ("#Frontend\nX\n", true),
            ("~~~\n# Frontend\n```\n~~~\nX\n", true),
        ] {
            let slice = for_side(text, Side::Backend, "d");
            assert_eq!(slice.contains('X'), kept, "{text}");
        }
    }

    #[test]
    fn a_text_without_sides_is_unchanged() {
        for text in ["", "\n", "a\r\nb", "# T\n\ntext"] {
            assert_eq!(for_side(text, Side::Backend, "d"), text);
        }
    }
}
