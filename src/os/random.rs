//! Fresh names from the kernel's random source. Nobody else invents an id.
//!
//! Ids use 32 digits (`0-9`, `a-z` without `i l o u`), five bits each, so they are path components,
//! ref components and easy to read aloud.

use std::fs::File;
use std::io::Read;

use crate::base::{ActorId, AttemptId, Error, Result, Timestamp, TxnId};

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ATTEMPT_DIGITS: usize = 10;
const ACTOR_DIGITS: usize = 12;
const TXN_DIGITS: usize = 13;
/// 45 bits of milliseconds, enough until the year 3084.
const TIME_DIGITS: u32 = 9;

/// `count` random digits.
///
/// # Errors
/// The kernel's random source cannot be read.
pub fn id(count: usize) -> Result<String> {
    let mut bytes = vec![0; count];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|e| Error::io("cannot read `/dev/urandom`", e))?;
    Ok(bytes.iter().map(|byte| digit(u64::from(*byte))).collect())
}

/// A number below `end`, which is not 0; for waiting times, not for secrets.
///
/// # Errors
/// As [`id`].
pub fn below(end: u64) -> Result<u64> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|e| Error::io("cannot read `/dev/urandom`", e))?;
    Ok(u64::from_le_bytes(bytes) % end.max(1))
}

/// A new attempt: 50 random bits.
pub fn attempt_id() -> Result<AttemptId> {
    minted(id(ATTEMPT_DIGITS)?, AttemptId::parse)
}

/// A new actor: 60 random bits.
pub fn actor_id() -> Result<ActorId> {
    minted(id(ACTOR_DIGITS)?, ActorId::parse)
}

/// A new transaction: nine digits of `now`, then 65 random bits, so ids sort by time.
pub fn txn_id(now: Timestamp) -> Result<TxnId> {
    minted(
        format!("{}{}", time_digits(now), id(TXN_DIGITS)?),
        TxnId::parse,
    )
}

fn time_digits(now: Timestamp) -> String {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    (0..TIME_DIGITS)
        .rev()
        .map(|place| digit(millis >> (5 * place)))
        .collect()
}

fn digit(value: u64) -> char {
    let index = usize::try_from(value & 31).expect("five bits fit");
    char::from(DIGITS[index])
}

fn minted<T>(text: String, parse: fn(&str) -> Option<T>) -> Result<T> {
    parse(&text).ok_or_else(|| Error::bug(format!("minted id `{text}` has not its own form")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_fresh_and_have_their_length() {
        let ids: BTreeSet<String> = (0..1000).map(|_| id(10).unwrap()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 10));
    }

    #[test]
    fn transaction_ids_sort_by_time() {
        let at = |millis| txn_id(Timestamp::from_millis(millis)).unwrap();
        let ids = [
            at(0),
            at(31),
            at(32),
            at(1_795_257_755_123),
            at(1_795_257_755_124),
        ];
        assert!(ids.is_sorted(), "{ids:?}");
        assert_eq!(ids[4].as_str().len(), 22);
    }
}
