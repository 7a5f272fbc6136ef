//! What kind of trouble a text is about, by the texts of the agent's profile.

use crate::agent::stream::event::{Weight, Wrong};
use crate::agent::stream::resets;
use crate::base::{Timestamp, text};
use crate::model::agent_profile::TroubleTexts;
use crate::model::{Trouble, TroubleKind};

/// Bytes of a text that are looked at.
const LOOKED_AT_MAX: usize = 8 << 10;
/// Characters that are kept of it.
const TEXT_MAX: usize = 300;

/// Judges what is wrong; `None` for a rumour of which nobody knows what it is about.
///
/// A kind that the agent names counts most, then its text, then the HTTP status.
pub(super) fn judge(wrong: &Wrong, texts: &TroubleTexts, now: Timestamp) -> Option<Trouble> {
    let seen = text::head(&wrong.text, LOOKED_AT_MAX);
    let said = wrong.kind.or_else(|| by_text(seen, texts));
    let kind = match (said, wrong.weight) {
        (Some(kind), _) => kind,
        (None, Weight::Rumour) => return None,
        (None, Weight::Final | Weight::Passing) => {
            wrong.status.map_or(TroubleKind::Other, by_status)
        }
    };
    let named = wrong.resets.and_then(|seconds| {
        let millis = i64::try_from(seconds).ok()?.checked_mul(1000)?;
        Some(Timestamp::from_millis(millis))
    });
    let line = seen.lines().find(|line| !line.trim().is_empty());
    Some(Trouble {
        kind,
        text: text::cut(line.unwrap_or("").trim(), TEXT_MAX),
        resets_at: named.or_else(|| resets::read(seen, &texts.resets, now, None)),
    })
}

fn by_text(seen: &str, texts: &TroubleTexts) -> Option<TroubleKind> {
    let plain = normal(seen);
    let has = |list: &[String]| list.iter().any(|text| plain.contains(&normal(text)));
    // From the rarer words to the more usual ones: a text about money often names the quota too.
    [
        (TroubleKind::Context, &texts.context),
        (TroubleKind::Billing, &texts.billing),
        (TroubleKind::Auth, &texts.auth),
        (TroubleKind::Quota, &texts.quota),
        (TroubleKind::Overloaded, &texts.overloaded),
    ]
    .into_iter()
    .find_map(|(kind, list)| has(list).then_some(kind))
}

/// Lower case, with straight apostrophes.
pub(super) fn normal(text: &str) -> String {
    text.to_lowercase().replace(['\u{2019}', '\u{2018}'], "'")
}

fn by_status(status: u64) -> TroubleKind {
    match status {
        401 | 403 => TroubleKind::Auth,
        402 => TroubleKind::Billing,
        413 => TroubleKind::Context,
        429 => TroubleKind::Quota,
        500..=599 => TroubleKind::Overloaded,
        _ => TroubleKind::Other,
    }
}
