//! What is told of a Purple specification while it is worked on: payloads of `purple_status`, as
//! its displays know them. One ticket per message, merged there by the very id of the ticket.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::json::{Map, Value, json};
use crate::base::{PackageId, text};
use crate::model::{EdgeOrigin, Format, Plan};
use crate::plan::outline::words::bullet;
use crate::plan::outline::{Item, Outline, Target, Text};
use crate::plan::outline_of::read_outline;
use crate::plan::profile::feature_folder;
use crate::report::books::{accepted, in_short};
use crate::state::FeatureView;

/// Longest description of a ticket, in characters.
const DESCRIPTION_MAX: usize = 2_000;
const WORKING: &str = "3 - Implementation";
const COMPLETE: &str = "5 - Complete";
/// Who speaks where no agent does.
const OURSELVES: &str = "git-wp";

/// The tickets of a specification, and what was told of them last.
#[derive(Debug)]
pub struct Board {
    folder: String,
    tickets: Vec<Value>,
    retries: BTreeMap<PackageId, u32>,
    failures: BTreeMap<PackageId, u32>,
    told: BTreeMap<PackageId, &'static str>,
}

/// What became of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News<'a> {
    /// An agent has begun; its name.
    Begun(&'a str),
    /// It is merged; one line.
    Merged(&'a str),
    /// An attempt failed; why. Told only if there will be no other.
    Failed(&'a str),
    /// It failed for good.
    GivenUp(&'a str),
}

impl Board {
    /// The board of a plan that was read from `whole`; `None` if nobody expects one.
    pub fn new(plan: &Plan, whole: &str) -> Option<Self> {
        if plan.format != Format::Purple {
            return None;
        }
        let outline = read_outline(plan.format, &Text::new(whole, &plan.source))?;
        let tickets = outline.items.iter();
        let retries = plan.packages.iter().map(|p| (p.id.clone(), p.retry_budget));
        Some(Board {
            folder: feature_folder(plan.format, &plan.source).to_owned(),
            tickets: tickets.map(|item| ticket(item, &outline)).collect(),
            retries: retries.collect(),
            failures: BTreeMap::new(),
            told: BTreeMap::new(),
        })
    }

    /// The first messages: the feature, then every ticket as `todo`; those that are merged
    /// already as that.
    pub fn announce(&mut self, records: &FeatureView) -> Vec<Value> {
        let head = json!({
            "featureFolder": self.folder,
            "phase": WORKING,
            "agent": OURSELVES,
            "totalTickets": self.tickets.len(),
        });
        let mut out = vec![head];
        for ticket in self.tickets.clone() {
            let id = ticket["id"].as_str().and_then(PackageId::parse);
            let package = id.as_ref().and_then(|id| records.packages.get(id));
            let merged = package.filter(|package| package.accept.is_some());
            let status = match merged {
                Some(package) => {
                    let summary = accepted(package).map(in_short).unwrap_or_default();
                    self.told.extend(id.map(|id| (id, "completed")));
                    status("completed", Some(("completionSummary", &summary)))
                }
                None => status("todo", None),
            };
            out.push(self.message(OURSELVES, ticket, status));
        }
        out
    }

    /// The message for some news, if a display should hear of them.
    pub fn hear(&mut self, id: &PackageId, news: News<'_>) -> Option<Value> {
        let (word, agent, more) = match news {
            News::Begun(agent) => ("in_progress", agent, None),
            News::Merged(summary) => ("completed", OURSELVES, Some(("completionSummary", summary))),
            News::Failed(why) => {
                let failures = self.failures.entry(id.clone()).or_default();
                *failures += 1;
                if *failures <= self.retries.get(id).copied().unwrap_or(0) {
                    return None;
                }
                ("failed", OURSELVES, Some(("exceptionDescription", why)))
            }
            News::GivenUp(why) => ("failed", OURSELVES, Some(("exceptionDescription", why))),
        };
        let known = self.retries.contains_key(id);
        if !known || self.told.insert(id.clone(), word) == Some(word) {
            return None;
        }
        let ticket = json!({ "id": id });
        Some(self.message(agent, ticket, status(word, more)))
    }

    /// The last message of a run that completed everything. It closes no ticket.
    pub fn complete(&self) -> Value {
        json!({
            "featureFolder": self.folder,
            "phase": COMPLETE,
            "agent": OURSELVES,
            "totalTickets": self.tickets.len(),
            "buildComplete": true,
        })
    }

    fn message(&self, agent: &str, mut ticket: Value, status: Value) -> Value {
        ticket["status"] = status;
        json!({ "featureFolder": self.folder, "agent": agent, "ticket": ticket })
    }
}

fn status(word: &str, more: Option<(&str, &str)>) -> Value {
    let mut status = Map::new();
    status.insert("status".to_owned(), word.into());
    if let Some((key, text)) = more {
        status.insert(key.to_owned(), text.into());
    }
    Value::Object(status)
}

/// Everything but the status.
fn ticket(item: &Item, outline: &Outline) -> Value {
    let mut ticket = json!({
        "id": item.id,
        "name": item.title,
        "description": text::cut(&field(item, "objective").unwrap_or_default(), DESCRIPTION_MAX),
        "acceptance": acceptance(item),
        "dependencies": dependencies(item, outline),
    });
    if let Some(phase) = phase(item, outline) {
        ticket["phase"] = phase.into();
    }
    // Nobody has estimated how long a tool takes.
    let effort = field(item, "estimated effort").or_else(|| field(item, "effort"));
    if let Some(effort) = effort {
        ticket["estimatedEffort"] = json!({ "humanEffort": effort });
    }
    ticket
}

fn field(item: &Item, name: &str) -> Option<String> {
    let mut fields = item.fields.iter();
    let field = fields.find(|field| field.name.eq_ignore_ascii_case(name))?;
    let value = field.value.trim();
    let value = value.strip_prefix("- ").unwrap_or(value);
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

fn acceptance(item: &Item) -> Vec<String> {
    let mut fields = item.fields.iter();
    let criteria = fields.find(|f| f.name.eq_ignore_ascii_case("acceptance criteria"));
    let lines = criteria.into_iter().flat_map(|field| field.value.lines());
    let lines: Vec<&str> = lines.filter_map(bullet).collect();
    // The reader has taken the boxes off, and keeps the order.
    let checks = item.checks.iter();
    let ours = checks.filter(|check| lines.iter().any(|line| line.ends_with(check.as_str())));
    ours.cloned().collect()
}

fn dependencies(item: &Item, outline: &Outline) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let stated = item
        .depends_on
        .iter()
        .filter(|dependency| matches!(dependency.origin, EdgeOrigin::Field | EdgeOrigin::Graph));
    let ids = stated.filter_map(|dependency| match &dependency.to {
        Target::Item(id) => Some(id.as_str()),
        Target::Label { .. } | Target::AllPrior(_) => None,
    });
    let ids = ids.filter(|id| seen.insert(*id));
    let entry = |id: &str| match outline.item(id).and_then(|item| phase(item, outline)) {
        Some(phase) => json!({ "id": id, "phase": phase }),
        None => json!({ "id": id }),
    };
    ids.map(entry).collect()
}

/// `Phase 1: UI`.
fn phase(item: &Item, outline: &Outline) -> Option<String> {
    let number = item.labels.get("phase")?;
    let mut groups = outline.groups.iter();
    let group = groups.find(|group| group.label == "phase" && group.value == *number);
    Some(match group.and_then(|group| group.title.as_deref()) {
        Some(title) => format!("Phase {number}: {title}"),
        None => format!("Phase {number}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::document::Asked;

    const SPEC: &str = "# Implementation Specification: Shop

### Phase 1: Ground

#### AO-001: Types
**Objective:** Types for all
**Files:**
- CREATE: `src/types.ts`
**Acceptance Criteria:**
- [ ] They compile
- [ ] They are used
**Estimated Effort:** S
**Dependencies:** None

### Phase 2: House

#### AO-002: Page
**Objective:** A page
**Files:**
- CREATE: `src/page.ts`
**Dependencies:** AO-001
";
    const SOURCE: &str =
        "purple/documentation/251114-shop/agent-written-specifications/implementation-spec-shop.md";

    fn board() -> Board {
        let asked = Asked::default();
        let read = crate::plan::open(SPEC.as_bytes(), SOURCE, Some(Format::Purple), asked);
        Board::new(&read.plan.unwrap(), SPEC).unwrap()
    }

    fn id(id: &str) -> PackageId {
        PackageId::parse(id).unwrap()
    }

    #[test]
    fn every_ticket_is_announced_with_what_the_specification_says_of_it() {
        let told = board().announce(&FeatureView::default());
        let folder = "purple/documentation/251114-shop";
        assert_eq!(
            told[0],
            json!({"featureFolder": folder, "phase": "3 - Implementation", "agent": "git-wp",
                "totalTickets": 2})
        );
        assert_eq!(
            told[1],
            json!({"featureFolder": folder, "agent": "git-wp", "ticket": {
                "id": "AO-001", "name": "Types", "description": "Types for all",
                "phase": "Phase 1: Ground", "acceptance": ["They compile", "They are used"],
                "dependencies": [], "estimatedEffort": {"humanEffort": "S"},
                "status": {"status": "todo"}}})
        );
        assert_eq!(
            told[2]["ticket"]["dependencies"],
            json!([{"id": "AO-001", "phase": "Phase 1: Ground"}])
        );
        assert_eq!(told.len(), 3);
    }

    #[test]
    fn a_failure_is_told_once_no_attempt_is_left() {
        let mut board = board();
        let one = id("AO-001");
        let retries = board.retries[&one];
        let told = board.hear(&one, News::Begun("claude")).unwrap();
        assert_eq!(told["agent"], "claude");
        assert_eq!(
            told["ticket"],
            json!({"id": "AO-001", "status": {"status": "in_progress"}})
        );
        for _ in 0..retries {
            assert_eq!(board.hear(&one, News::Failed("red")), None);
            assert_eq!(board.hear(&one, News::Begun("claude")), None);
        }
        let told = board.hear(&one, News::Failed("red")).unwrap();
        assert_eq!(
            told["ticket"]["status"],
            json!({"status": "failed", "exceptionDescription": "red"})
        );
        assert_eq!(board.hear(&one, News::GivenUp("red")), None);
        assert_eq!(board.hear(&id("AO-009"), News::Begun("claude")), None);
        assert_eq!(board.complete()["buildComplete"], true);
    }
}
