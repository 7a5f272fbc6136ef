//! Memories: what was learnt, found again by kind, tag and words. Old ones fade; nothing is stored
//! about that.

use std::time::Duration;

use serde::Serialize;

use crate::base::json::{self, Value};
use crate::base::text::cut;
use crate::base::{Error, FeatureId, Result, Timestamp, TxnId};
use crate::commands::Context;
use crate::commands::verbs::Identity;
use crate::commands::verbs::handoffs::say;
use crate::state::asked::Said;
use crate::state::record::{Memory, MemoryKind, MemoryOutcome};
use crate::store::Store;

/// The same agent says the same thing again within this time: one memory.
const SAME_WITHIN: Duration = Duration::from_secs(60 * 60);
/// How much of its relevance a memory loses with every day.
const DECAY_PER_DAY: f64 = 0.1;
/// Characters of a name that are shown.
const NAME_MAX: usize = 80;

/// What is to be remembered.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::commands) struct Lesson {
    /// What sort of thing it is.
    pub kind: MemoryKind,
    /// In a sentence.
    pub summary: String,
    /// In full.
    pub details: Option<Value>,
    /// How it went.
    pub outcome: Option<MemoryOutcome>,
    /// What follows from it.
    pub lessons: Vec<String>,
    /// What to find it by.
    pub tags: Vec<String>,
    /// The feature it was learnt in.
    pub feature: Option<FeatureId>,
}

/// Something was remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct Remembered {
    /// Its id, or that of the memory that says the same.
    pub memory_id: TxnId,
    /// `created` or `deduplicated`.
    pub action: &'static str,
    /// True if the supervisor of a room records it.
    pub queued: bool,
}

/// Which memories are wanted, the most relevant first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::commands) struct Wanted {
    /// With one of these tags; empty: any.
    pub tags: Vec<String>,
    /// Only of this kind.
    pub kind: Option<MemoryKind>,
    /// Only with this outcome.
    pub outcome: Option<MemoryOutcome>,
    /// Only of this feature.
    pub feature: Option<FeatureId>,
    /// With all of these words, in any case.
    pub words: Vec<String>,
    /// Not less relevant than this, 0 to 1.
    pub min_relevance: f64,
    /// At most this many.
    pub limit: usize,
}

/// A memory as everybody sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::commands) struct MemoryInfo {
    /// Its id.
    pub memory_id: TxnId,
    /// What sort of thing it is.
    pub event_type: MemoryKind,
    /// In a sentence.
    pub summary: String,
    /// In full.
    pub details: Option<Value>,
    /// How it went.
    pub outcome: Option<MemoryOutcome>,
    /// What follows from it.
    pub lessons: Vec<String>,
    /// What to find it by.
    pub tags: Vec<String>,
    /// The agent.
    pub agent_id: String,
    /// Its session.
    pub session_id: Option<String>,
    /// The feature.
    pub feature: Option<FeatureId>,
    /// 1 when it is new, less with every day, in steps of a thousandth.
    pub relevance: f64,
    /// When.
    pub created_at: Timestamp,
    /// `user@host`, for people.
    pub label: String,
}

/// Remembers something, unless the same agent said the same within the last hour.
///
/// # Errors
/// The store failed or refused.
pub(in crate::commands) fn remember(
    cx: &mut Context<'_>,
    store: &Store,
    (lesson, who): (&Lesson, &Identity),
) -> Result<Remembered> {
    let summary = cx.redactor().redact(&lesson.summary);
    let memory = Memory {
        kind: lesson.kind,
        summary: summary.clone(),
        details: lesson.details.as_ref().map(json::line).transpose()?,
        outcome: lesson.outcome,
        lessons: lesson.lessons.clone(),
        tags: lesson.tags.clone(),
        agent: who.agent.clone(),
        session: Some(who.session.clone()),
        feature: lesson.feature.clone(),
        by: cx.by()?,
    };
    let known = store.memories()?.items;
    if let Some((id, _)) = known.iter().find(|(_, old)| is_same(old, &memory)) {
        return Ok(Remembered {
            memory_id: id.clone(),
            action: "deduplicated",
            queued: false,
        });
    }
    let noted = say(cx, store, Said::Remember(memory))?;
    Ok(Remembered {
        memory_id: noted.id,
        action: "created",
        queued: noted.queued,
    })
}

fn is_same(old: &Memory, new: &Memory) -> bool {
    let apart = new.by.at.since(old.by.at).max(old.by.at.since(new.by.at));
    let stored = |text: &str| json::to_canonical(text).ok();
    (old.kind, &old.agent) == (new.kind, &new.agent)
        && stored(&old.summary) == stored(&new.summary)
        && apart < SAME_WITHIN
}

/// Memories, the most relevant first.
///
/// # Errors
/// As [`Store::view`].
pub(in crate::commands) fn recall(
    cx: &Context<'_>,
    store: &Store,
    wanted: &Wanted,
) -> Result<Vec<MemoryInfo>> {
    let now = cx.now();
    let mut all = store.memories()?.items;
    all.sort_by(|a, b| (a.1.by.at, &a.0).cmp(&(b.1.by.at, &b.0)));
    let mut kept: Vec<(TxnId, Memory)> = Vec::new();
    for (id, memory) in all {
        // Two machines, or two processes at once, may have said the same.
        let newest = kept
            .iter()
            .rev()
            .take_while(|(_, old)| memory.by.at.since(old.by.at) < SAME_WITHIN);
        if !{ newest }.any(|(_, old)| is_same(old, &memory)) {
            kept.push((id, memory));
        }
    }
    let mut found: Vec<MemoryInfo> = kept
        .into_iter()
        .filter(|(_, memory)| fits(memory, wanted))
        .map(|found| info(found, now))
        .filter(|memory| memory.relevance >= wanted.min_relevance)
        .collect();
    found.sort_by(|a, b| {
        let order = b.relevance.total_cmp(&a.relevance);
        order.then_with(|| (b.created_at, &b.memory_id).cmp(&(a.created_at, &a.memory_id)))
    });
    found.truncate(wanted.limit);
    Ok(found)
}

fn fits(memory: &Memory, wanted: &Wanted) -> bool {
    let text = || {
        let lessons = memory.lessons.join(" ");
        let tags = memory.tags.join(" ");
        format!("{} {lessons} {tags}", memory.summary).to_lowercase()
    };
    let tagged = wanted.tags.is_empty() || wanted.tags.iter().any(|t| memory.tags.contains(t));
    let worded = wanted.words.is_empty() || {
        let text = text();
        wanted
            .words
            .iter()
            .all(|w| text.contains(&w.to_lowercase()))
    };
    tagged
        && worded
        && wanted.kind.is_none_or(|kind| kind == memory.kind)
        && wanted
            .outcome
            .is_none_or(|outcome| Some(outcome) == memory.outcome)
        && (wanted.feature.as_ref()).is_none_or(|f| Some(f) == memory.feature.as_ref())
}

fn info((id, memory): (TxnId, Memory), now: Timestamp) -> MemoryInfo {
    let details = memory.details.as_ref();
    MemoryInfo {
        memory_id: id,
        event_type: memory.kind,
        summary: memory.summary,
        details: details.and_then(|text| json::parse(text.as_bytes()).ok()),
        outcome: memory.outcome,
        lessons: memory.lessons,
        tags: memory.tags,
        agent_id: memory.agent,
        session_id: memory.session,
        feature: memory.feature,
        relevance: relevance(now.since(memory.by.at)),
        created_at: memory.by.at,
        label: memory.by.label,
    }
}

/// What is left of its relevance after that time.
fn relevance(age: Duration) -> f64 {
    let days = age.as_secs_f64() / 86_400.0;
    ((-DECAY_PER_DAY * days).exp() * 1000.0).round() / 1000.0
}

/// Takes a memory back: it is not recalled any more, and stays in the history.
///
/// # Errors
/// Usage: there is none of that id; or the store failed.
pub(in crate::commands) fn forget(
    cx: &mut Context<'_>,
    store: &Store,
    (memory, reason): (&TxnId, &str),
) -> Result<()> {
    cx.refuse_in_room("forget")?;
    if !store.memories()?.items.iter().any(|(id, _)| id == memory) {
        let message = format!("there is no memory `{memory}`");
        return Err(Error::usage("memory-unknown", message).hint("git wp recall"));
    }
    let said = Said::Forget {
        memory: memory.clone(),
        reason: reason.to_owned(),
    };
    say(cx, store, said).map(drop)
}

impl MemoryInfo {
    /// Where it came from.
    pub(in crate::commands) fn origin(&self) -> String {
        let (agent, label) = (cut(&self.agent_id, NAME_MAX), cut(&self.label, NAME_MAX));
        format!("{agent} ({label}), {}", self.created_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_fades_by_a_tenth_a_day() {
        let days = |n: u64| relevance(Duration::from_secs(n * 86_400));
        assert_eq!(days(0).to_bits(), 1.0_f64.to_bits());
        assert!((days(1) - 0.905).abs() < 1e-9);
        assert!((days(10) - 0.368).abs() < 1e-9);
        assert!(days(100_000) >= 0.0);
    }
}
