//! A findings document as a whole, in ours and in every older form.

use crate::base::text::cut;
use crate::model::{
    EarlierFinding, EarlierState, FINDINGS_VERSION, FindingKey, Findings, ReviewType,
};
use crate::review::read::at::At;
use crate::review::read::finding::{Trust, finding};
use crate::review::read::spelling;

/// More findings in one document are refused.
const FINDINGS_MAX: usize = 500;
/// Longer names are cut.
const NAME_MAX: usize = 256;

/// Reads a document whose findings stand in `list`. None if something was wrong, which was said.
pub(super) fn findings(top: &At<'_>, list: &At<'_>, trust: Trust) -> Option<Findings> {
    if list.value.as_array().is_none() {
        list.problem(
            format!("{} is no list", list.spoken()),
            "write a list, `[]` if empty",
        );
        return None;
    }
    let items = list.items();
    if items.len() > FINDINGS_MAX {
        let message = format!("{} has {} findings", list.spoken(), items.len());
        list.problem(message, &format!("write at most {FINDINGS_MAX}, the worst"));
        return None;
    }
    let read = items.iter().enumerate();
    let read: Vec<_> = read
        .map(|(at, item)| finding(item, at + 1, trust))
        .collect();
    let review_type = review_type(top, trust);
    let findings: Option<Vec<_>> = read.into_iter().collect();
    let earlier = earlier(top);
    Some(Findings {
        schema_version: FINDINGS_VERSION,
        review_type: review_type?,
        target: target(top),
        reviewer: reviewer(top, &["reviewer", "agent_id", "model_used", "model"]),
        reviewer_vendor: reviewer(top, &["reviewer_vendor", "vendor", "reviewer"]),
        commit: oid(
            top,
            &[
                "commit",
                "reviewed_commit",
                "commit_sha",
                "head_sha",
                "head",
            ],
        ),
        base: oid(top, &["base", "base_commit", "base_sha"]),
        summary: top
            .field("summary")
            .and_then(|at| at.text())
            .map(|text| cut(text, 16_383)),
        earlier: earlier?,
        findings: findings?,
    })
}

fn review_type(top: &At<'_>, trust: Trust) -> Option<ReviewType> {
    const KNOWN: &str = "plan, implementation, adversarial";
    let Some(at) = top.any(&["review_type", "reviewType", "phase", "kind"]) else {
        let name = top
            .reading()
            .source()
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let told = spelling::review_type(&spelling::plain(name));
        top.note(match (trust, told) {
            (Trust::Past, None) => "has no review_type; it was taken for an implementation review",
            (Trust::Past, Some(_)) => "has no review_type; it was taken from the file's name",
            (Trust::Vote, _) => "has no review_type; it is what was asked for",
        });
        return Some(told.unwrap_or(ReviewType::Implementation));
    };
    let read = at
        .text()
        .and_then(|word| spelling::review_type(&spelling::plain(word)));
    if read.is_none() {
        at.unknown(KNOWN);
    }
    read
}

fn target(top: &At<'_>) -> String {
    let named = top.any(&["target", "change_id", "feature_id", "package_id", "change"]);
    match named.and_then(|at| at.text()) {
        Some(text) => cut(text, 511),
        None => {
            top.note("has no target; its own name was taken");
            let name = top
                .reading()
                .source()
                .rsplit('/')
                .next()
                .unwrap_or_default();
            cut(name.strip_suffix(".json").unwrap_or(name), 511)
        }
    }
}

/// A name, or the name within an object.
fn reviewer(top: &At<'_>, names: &[&str]) -> Option<String> {
    let at = top.any(names)?;
    let inner = at.any(&["vendor", "name", "model", "agent_id"]);
    let text = inner.as_ref().unwrap_or(&at).text()?;
    Some(cut(text, NAME_MAX - 1))
}

fn oid(top: &At<'_>, names: &[&str]) -> Option<String> {
    let at = top.any(names)?;
    let text = at.text()?.to_lowercase();
    let shape = (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !shape {
        at.note("is no commit id and was left out");
    }
    shape.then_some(text)
}

/// What is said of findings of earlier rounds: a key and a known word each.
fn earlier(top: &At<'_>) -> Option<Vec<EarlierFinding>> {
    let Some(list) = top.field("earlier") else {
        return Some(Vec::new());
    };
    let read = list.items().into_iter().map(|item| {
        let key = item
            .field("key")
            .and_then(|at| FindingKey::parse(at.text()?));
        let state = item.field("state");
        let said = state
            .as_ref()
            .and_then(|at| EarlierState::parse(&spelling::plain(at.text()?)));
        if key.is_none() {
            item.missing("key", "repeat the key under which the finding was given");
        }
        match (&state, said) {
            (None, _) => item.missing("state", "write one of fixed, withdrawn, open"),
            (Some(at), None) => at.unknown("fixed, withdrawn, open"),
            _ => {}
        }
        Some(EarlierFinding {
            key: key?,
            state: said?,
            note: item
                .field("note")
                .and_then(|at| at.text())
                .map(|text| cut(text, 4095)),
        })
    });
    read.collect()
}
