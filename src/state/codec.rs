//! Records to canonical bytes and back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::json;
use crate::state::layout::{self, Slot};
use crate::state::record::{Beat, Body, Record, Session};
use crate::state::refusal::Refusal;

/// The canonical bytes of a record's body.
///
/// # Errors
/// [`Refusal::Invalid`] where a value cannot be canonical, for instance a number with a fraction
/// inside free data.
pub fn encode<T: Serialize + ?Sized>(body: &T) -> Result<Vec<u8>, Refusal> {
    json::to_canonical(body).map_err(|error| {
        let cause = error.causes().into_iter().next().unwrap_or_default();
        let why = format!("{error}: {cause}");
        Refusal::Invalid {
            why: why.trim_end_matches([':', ' ']).to_owned(),
        }
    })
}

/// Reads a record's body.
///
/// # Errors
/// Why the bytes are not canonical or do not have the form of `T`, as a sentence fragment.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    json::from_canonical(bytes).map_err(|error| {
        let mut text = error.to_string();
        for cause in error.causes() {
            text.push_str(": ");
            text.push_str(&cause);
        }
        text
    })
}

impl Record {
    /// A record with a JSON body.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn json<T: Serialize>(path: String, body: &T) -> Result<Self, Refusal> {
        let body = Body::Json(encode(body)?);
        Ok(Record { path, body })
    }
}

/// The counter of a register; `None` if the bytes are none.
pub fn seq(path: &str, bytes: &[u8]) -> Option<u64> {
    match layout::parse(path)? {
        Slot::Beat(_) => decode::<Beat>(bytes).ok().map(|beat| beat.seq),
        Slot::Session(..) => decode::<Session>(bytes).ok().map(|session| session.seq),
        _ => None,
    }
}
