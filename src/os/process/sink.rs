//! Where output goes: nowhere, bounded memory, a bounded log file, a closure.
//!
//! A sink always takes everything at once, so a program is never held up by its own output, and
//! memory stays flat however much comes.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::{Error, Result};

/// The destination of one output stream.
pub enum Sink {
    /// Read and forgotten.
    Null,
    /// Kept in memory up to a limit.
    Memory(Memory),
    /// Written to a file up to a limit.
    Log(Log),
    /// Handed on chunk by chunk, as they were read, not line by line.
    Each(Chunks),
    /// Two destinations, in this order.
    Both(Box<Sink>, Box<Sink>),
}

/// What is called with each chunk.
pub type Chunks = Box<dyn FnMut(&[u8]) + Send>;

impl Sink {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        match self {
            Sink::Null => {}
            Sink::Memory(memory) => memory.take(bytes),
            Sink::Log(log) => log.locked().take(bytes),
            Sink::Each(each) => each(bytes),
            Sink::Both(first, second) => {
                first.take(bytes);
                second.take(bytes);
            }
        }
    }
}

/// The first bytes of a stream, in memory. Clones share the content.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    max: usize,
    dropped: u64,
}

impl Memory {
    /// Keeps at most `max` bytes.
    pub fn new(max: usize) -> Self {
        Memory(Arc::new(Mutex::new(Kept {
            bytes: Vec::new(),
            max,
            dropped: 0,
        })))
    }

    /// A copy of what was kept.
    pub fn bytes(&self) -> Vec<u8> {
        self.locked().bytes.clone()
    }

    /// How many bytes came beyond the limit.
    pub fn dropped(&self) -> u64 {
        self.locked().dropped
    }

    fn take(&self, bytes: &[u8]) {
        let mut kept = self.locked();
        let fits = bytes.len().min(kept.max - kept.bytes.len());
        kept.bytes.extend_from_slice(&bytes[..fits]);
        kept.dropped += (bytes.len() - fits) as u64;
    }

    fn locked(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A log file with a beginning and an end: when more comes than fits, the middle is dropped and
/// a line says how much. Clones write to the same file, so both streams of a program can.
#[derive(Debug, Clone)]
pub struct Log(Arc<Mutex<LogFile>>);

/// How much a log took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSummary {
    /// Bytes that came.
    pub total: u64,
    /// Bytes of these that are not in the file.
    pub dropped: u64,
}

/// The head goes to the file itself, the tail to a ring in a second file beside it, which
/// [`Log::finish`] appends in order. After a crash both are still there to read.
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    head: File,
    head_left: u64,
    ring: Option<File>,
    ring_size: u64,
    /// Bytes that went into the ring so far, also those overwritten since.
    ring_total: u64,
    total: u64,
    failure: Option<io::Error>,
}

impl Log {
    /// Starts a new log at `path` (mode 0600) of about `cap` bytes, half of it for the end.
    pub fn create(path: &Path, cap: u64) -> Result<Self> {
        let head = create(path).map_err(|e| Error::io(cannot_write(path), e))?;
        Ok(Log(Arc::new(Mutex::new(LogFile {
            path: path.to_owned(),
            head,
            head_left: cap - cap / 2,
            ring: None,
            ring_size: cap / 2,
            ring_total: 0,
            total: 0,
            failure: None,
        }))))
    }

    /// Bytes that came so far.
    pub fn total(&self) -> u64 {
        self.locked().total
    }

    /// Adds a line of our own, for instance a heading.
    pub fn write(&self, bytes: &[u8]) {
        self.locked().take(bytes);
    }

    /// Puts the parts together. To be called once, when nobody writes any more.
    ///
    /// # Errors
    /// Some write failed, for instance on a full disk; what could be written is there.
    pub fn finish(&self) -> Result<LogSummary> {
        let mut log = self.locked();
        if let Some(error) = log.failure.take() {
            return Err(Error::io(cannot_write(&log.path), error));
        }
        let dropped = log.close_ring();
        let dropped = dropped.map_err(|e| Error::io(cannot_write(&log.path), e))?;
        Ok(LogSummary {
            total: log.total,
            dropped,
        })
    }

    fn locked(&self) -> MutexGuard<'_, LogFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogFile {
    fn take(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        if self.failure.is_none() {
            self.failure = self.write(bytes).err();
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fits = usize::try_from(self.head_left).map_or(bytes.len(), |n| n.min(bytes.len()));
        let (head, mut tail) = bytes.split_at(fits);
        self.head.write_all(head)?;
        self.head_left -= head.len() as u64;
        if self.ring_size == 0 {
            self.ring_total += tail.len() as u64;
            return Ok(());
        }
        while !tail.is_empty() {
            let at = self.ring_total % self.ring_size;
            let room = usize::try_from(self.ring_size - at).unwrap_or(usize::MAX);
            let (chunk, rest) = tail.split_at(room.min(tail.len()));
            let ring = match &self.ring {
                Some(ring) => ring,
                None => self.ring.insert(create(&ring_path(&self.path))?),
            };
            ring.write_all_at(chunk, at)?;
            self.ring_total += chunk.len() as u64;
            tail = rest;
        }
        Ok(())
    }

    fn close_ring(&mut self) -> io::Result<u64> {
        let kept = self.ring_total.min(self.ring_size);
        let dropped = self.ring_total - kept;
        if dropped > 0 {
            write!(self.head, "\n[{dropped} bytes dropped]\n")?;
        }
        let Some(ring) = self.ring.take() else {
            return Ok(dropped);
        };
        let begin = if dropped > 0 {
            self.ring_total % self.ring_size
        } else {
            0
        };
        for (from, length) in [(begin, kept - begin), (0, begin)] {
            (&ring).seek(SeekFrom::Start(from))?;
            io::copy(&mut (&ring).take(length), &mut self.head)?;
        }
        std::fs::remove_file(ring_path(&self.path))?;
        Ok(dropped)
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    options.mode(0o600).open(path)
}

fn ring_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tail");
    PathBuf::from(name)
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write the log `{}`", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(cap: u64, chunks: &[&str]) -> (String, LogSummary) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = Log::create(&path, cap).unwrap();
        for chunk in chunks {
            Sink::Log(log.clone()).take(chunk.as_bytes());
        }
        let summary = log.finish().unwrap();
        assert_eq!(crate::os::file::names(folder.path()).unwrap(), ["log"]);
        (std::fs::read_to_string(&path).unwrap(), summary)
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let (text, summary) = log_of(10, &["abc", "defgh", "ij"]);
        assert_eq!(text, "abcdefghij");
        assert_eq!((summary.total, summary.dropped), (10, 0));
    }

    #[test]
    fn the_middle_is_dropped_and_the_end_is_in_order() {
        for chunks in [
            &["abcdefghijklmnop"][..],
            &["ab", "cdefgh", "ijkl", "m", "nop"][..],
        ] {
            let (text, summary) = log_of(8, chunks);
            assert_eq!(text, "abcd\n[8 bytes dropped]\nmnop");
            assert_eq!((summary.total, summary.dropped), (16, 8));
        }
        assert_eq!(log_of(1, &["abc"]).0, "a\n[2 bytes dropped]\n");
    }

    #[test]
    fn memory_keeps_the_beginning() {
        let memory = Memory::new(4);
        let mut sink = Sink::Both(Box::new(Sink::Memory(memory.clone())), Box::new(Sink::Null));
        sink.take(b"abc");
        sink.take(b"def");
        assert_eq!((memory.bytes(), memory.dropped()), (b"abcd".to_vec(), 2));
    }
}
