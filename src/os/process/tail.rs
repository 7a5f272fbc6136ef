//! The end of a stream, in bounded memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::os::process::sink::Sink;

/// Keeps the last bytes of what its sinks take. Clones share the content.
#[derive(Debug, Clone)]
pub struct Tail(Arc<Mutex<Ring>>);

#[derive(Debug)]
struct Ring {
    bytes: VecDeque<u8>,
    max: usize,
}

impl Tail {
    /// Keeps at most `max` bytes.
    pub fn new(max: usize) -> Self {
        Tail(Arc::new(Mutex::new(Ring {
            bytes: VecDeque::new(),
            max,
        })))
    }

    /// A destination for one stream.
    pub fn sink(&self) -> Sink {
        let tail = self.clone();
        Sink::Each(Box::new(move |bytes: &[u8]| tail.take(bytes)))
    }

    /// What is kept, with replacement characters for what is not UTF-8.
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.locked().bytes.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last line that is not blank, trimmed; empty if there is none.
    pub fn last_line(&self) -> String {
        let text = self.text();
        let mut lines = text.lines().rev().map(str::trim);
        lines.find(|line| !line.is_empty()).unwrap_or("").to_owned()
    }

    fn take(&self, bytes: &[u8]) {
        let mut ring = self.locked();
        let bytes = &bytes[bytes.len().saturating_sub(ring.max)..];
        let over = (ring.bytes.len() + bytes.len()).saturating_sub(ring.max);
        ring.bytes.drain(..over);
        ring.bytes.extend(bytes);
    }

    fn locked(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept() {
        let tail = Tail::new(8);
        for chunk in ["abc", "defgh", "ij", ""] {
            tail.take(chunk.as_bytes());
        }
        assert_eq!(tail.text(), "cdefghij");
        tail.take(b"0123456789\n x \n\n");
        assert_eq!(
            (tail.text().as_str(), tail.last_line().as_str()),
            ("89\n x \n\n", "x")
        );
    }
}
