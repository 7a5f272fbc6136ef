//! The documentation of tickets as it stands on the feature branch: who is documented, and what
//! finished tickets say that concerns one that is about to begin.
//!
//! Everything told here is words of agents. It goes into prompts as data, with its origin.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::PackageId;
use crate::model::{EdgeOrigin, Package, Plan};
use crate::plan::profile::feature_folder;
use crate::plan::purple::docs::{self, Remark, TicketDoc};

/// Where documentation of tickets is kept, in the folder of the feature.
const FOLDER: &str = "completed-tickets-documentation";
/// More files are left unread.
const FILES_MAX: usize = 2_000;

/// Every documentation file of a feature that was read, by path.
#[derive(Debug, Clone, Default)]
pub struct Shelf(BTreeMap<String, TicketDoc>);

/// Something that a finished ticket left for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// The file it stands in.
    pub path: &'a str,
    /// The file itself.
    pub doc: &'a TicketDoc,
    /// Whether it tells of the past or speaks to the future.
    pub kind: Kind,
    /// The words.
    pub remark: &'a Remark,
}

/// What a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The work differs from the specification.
    Deviation,
    /// Later tickets have to know it.
    Note,
}

/// The folder of the documentation files of a plan.
pub fn folder(plan: &Plan) -> String {
    match feature_folder(plan.format, &plan.source) {
        "" => FOLDER.to_owned(),
        feature => format!("{feature}/{FOLDER}"),
    }
}

/// Every id of a plan, whether its ticket is left to do or not.
pub fn ids(plan: &Plan) -> Vec<&str> {
    let left = plan.packages.iter().map(|package| package.id.as_str());
    left.chain(plan.settled.iter().map(PackageId::as_str))
        .collect()
}

impl Shelf {
    /// Reads those of `paths` that can be documentation.
    ///
    /// # Errors
    /// Those of `text`.
    pub fn read<E>(
        plan: &Plan,
        paths: &[String],
        mut text: impl FnMut(&str) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Self, E> {
        let known = ids(plan);
        let mut found = BTreeMap::new();
        let papers = paths.iter().filter(|path| path.ends_with(".md"));
        for path in papers.take(FILES_MAX) {
            let bytes = text(path)?.unwrap_or_default();
            if let Ok(text) = std::str::from_utf8(&bytes) {
                found.insert(path.clone(), docs::read(text, path, &known));
            }
        }
        Ok(Shelf(found))
    }

    /// True if some file is about the ticket; one file may be about several.
    pub fn documents(&self, ticket: &str) -> bool {
        let mut tickets = self.0.values().flat_map(|doc| &doc.tickets);
        tickets.any(|id| id == ticket)
    }

    /// What others say that concerns `package`: it is mentioned, it builds on their work, or it
    /// touches the same files.
    pub fn concerning<'a>(&'a self, plan: &Plan, package: &Package) -> Vec<Told<'a>> {
        let below = foundations(plan, package);
        let files = package.listing.iter().flat_map(|listing| &listing.files);
        let files: BTreeSet<&str> = files.map(String::as_str).collect();
        let mut out = Vec::new();
        for (path, doc) in &self.0 {
            if doc.tickets.iter().any(|id| id == package.id.as_str()) {
                continue;
            }
            let is_near = doc.tickets.iter().any(|id| below.contains(id.as_str()))
                || doc.files.iter().any(|file| files.contains(file.as_str()));
            let tell = |kind| {
                move |remark| Told {
                    path,
                    doc,
                    kind,
                    remark,
                }
            };
            let all = doc.deviations.iter().map(tell(Kind::Deviation));
            let all = all.chain(doc.notes.iter().map(tell(Kind::Note)));
            out.extend(all.filter(|told| is_near || concerns(told.remark, package, &files)));
        }
        out
    }
}

fn concerns(remark: &Remark, package: &Package, files: &BTreeSet<&str>) -> bool {
    let named = remark.mentions.iter().any(|id| id == package.id.as_str());
    named || files.iter().any(|file| remark.text.contains(file))
}

/// Everything a ticket builds on, by what the specification states. That its phase comes later is
/// no reason: all of that would concern everybody.
fn foundations<'a>(plan: &'a Plan, package: &'a Package) -> BTreeSet<&'a str> {
    let (mut found, mut open) = (BTreeSet::new(), vec![package]);
    while let Some(package) = open.pop() {
        let stated = package
            .depends_on
            .iter()
            .filter(|edge| !matches!(edge.origin, EdgeOrigin::Barrier | EdgeOrigin::Default));
        for edge in stated {
            if found.insert(edge.on.as_str()) {
                open.extend(plan.package(&edge.on));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Format;
    use crate::plan::document::Asked;

    const SPEC: &str = "# Implementation Specification: Shop

### Phase 1: Ground

#### AO-001: Types
**Objective:** types
**Files:**
- CREATE: `src/types.ts`
**Dependencies:** None

#### AO-002: Words
**Objective:** words
**Files:**
- CREATE: `src/words.ts`
**Dependencies:** None

### Phase 2: House

#### AO-003: Query
**Objective:** query
**Files:**
- CREATE: `src/query.ts`
**Dependencies:** AO-001

#### AO-004: Page
**Objective:** page
**Files:**
- CREATE: `src/page.ts`
**Dependencies:** AO-003

#### AO-005: Menu
**Objective:** menu
**Files:**
- MODIFY: `src/words.ts`
**Dependencies:** None

#### AO-006: Alone
**Objective:** alone
**Files:**
- CREATE: `src/alone.ts`
**Dependencies:** None
";
    const SOURCE: &str =
        "purple/documentation/251114-shop/agent-written-specifications/implementation-spec-shop.md";

    fn plan() -> Plan {
        let asked = Asked::default();
        let read = crate::plan::open(SPEC.as_bytes(), SOURCE, Some(Format::Purple), asked);
        read.plan.unwrap()
    }

    fn shelf(plan: &Plan, files: &[(&str, &str)]) -> Shelf {
        let paths: Vec<String> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        let text = |path: &str| -> Result<Option<Vec<u8>>, ()> {
            let found = files.iter().find(|(name, _)| *name == path);
            Ok(found.map(|(_, text)| text.as_bytes().to_vec()))
        };
        Shelf::read(plan, &paths, text).unwrap()
    }

    fn words_for(plan: &Plan, shelf: &Shelf, id: &str) -> Vec<String> {
        let package = plan.package(&PackageId::parse(id).unwrap()).unwrap();
        let told = shelf.concerning(plan, package);
        told.iter().map(|told| told.remark.text.clone()).collect()
    }

    #[test]
    fn a_remark_reaches_whom_it_mentions_who_builds_on_it_and_who_shares_a_file() {
        let plan = plan();
        let types = "# AO-001: Types\n## Deviations from Spec\n- `A` is called `B`\n";
        let words = "# AO-002: Words\n## Files Changed\n- `src/words.ts`\n\
            ## Notes for Subsequent Tickets\n- sorted now\n- AO-006 has to sort too\n";
        let shelf = shelf(&plan, &[("d/1.md", types), ("d/2.md", words)]);
        let for_ticket = |id| words_for(&plan, &shelf, id);
        assert_eq!(for_ticket("AO-003"), ["`A` is called `B`"]);
        assert_eq!(
            for_ticket("AO-004"),
            ["`A` is called `B`"],
            "through AO-003"
        );
        assert_eq!(
            for_ticket("AO-005"),
            ["sorted now", "AO-006 has to sort too"]
        );
        assert_eq!(for_ticket("AO-006"), ["AO-006 has to sort too"]);
        // Its phase comes later, which alone is no reason; and nobody is told of himself.
        assert_eq!(for_ticket("AO-002"), [""; 0]);
    }

    #[test]
    fn one_file_documents_all_tickets_it_names_and_its_own_name_counts_last() {
        let plan = plan();
        let files = [
            ("d/foundation.md", "# AO-001, AO-002: Foundation\n"),
            ("d/AO-003-query.md", "# Query\n"),
            ("d/AO-004.txt", "# AO-004\n"),
        ];
        let shelf = shelf(&plan, &files);
        let documented = ids(&plan).into_iter().filter(|id| shelf.documents(id));
        assert_eq!(
            documented.collect::<Vec<_>>(),
            ["AO-001", "AO-002", "AO-003"]
        );
        let folder = folder(&plan);
        assert_eq!(
            folder,
            "purple/documentation/251114-shop/completed-tickets-documentation"
        );
    }
}
