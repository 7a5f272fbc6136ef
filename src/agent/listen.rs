//! Listens to an agent while it works: tells what it does, and notices when it should end.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::agent::order::{Activity, Observer};
use crate::agent::stream::Reader;
use crate::base::text;
use crate::model::AgentProfile;
use crate::os::clock::Moment;
use crate::os::process::{Sink, Tail, Watch};

/// Characters of the last line that observers get.
const LINE_MAX: usize = 160;
/// Time between two looks at the activity.
const TICK: Duration = Duration::from_millis(250);

/// Which of the two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

/// Why an agent had to end that would not do so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does the same again and again.
    Repeating,
    /// It said that nothing follows, and stays.
    Lingering,
}

/// Hears both streams. Clones hear for the same reader.
#[derive(Clone)]
pub(super) struct Ear {
    reader: Arc<Mutex<Reader>>,
    tail: Tail,
    repeat: u32,
    linger: Duration,
}

impl Ear {
    /// An ear for an agent of this profile; limits of 0 are none.
    pub(super) fn new(profile: &AgentProfile, reader: Reader, tail: Tail) -> Self {
        Ear {
            reader: Arc::new(Mutex::new(reader)),
            tail,
            repeat: profile.repeat,
            linger: Duration::from_secs(u64::from(profile.linger_seconds)),
        }
    }

    /// A destination for one stream.
    pub(super) fn sink(&self, stream: Stream) -> Sink {
        let reader = Arc::clone(&self.reader);
        let heard = Sink::Each(Box::new(move |bytes: &[u8]| {
            let mut reader = locked(&reader);
            match stream {
                Stream::Out => reader.take_stdout(bytes),
                Stream::Err => reader.take_stderr(bytes),
            }
        }));
        Sink::Both(Box::new(self.tail.sink()), Box::new(heard))
    }

    /// The reader, to be asked when the streams have ended.
    pub(super) fn reader(&self) -> MutexGuard<'_, Reader> {
        locked(&self.reader)
    }

    /// What was done or said last.
    fn heard(&self) -> String {
        let heard = self.reader().heard().to_owned();
        match heard.is_empty() {
            true => self.tail.last_line(),
            false => heard,
        }
    }

    /// Tells the observer until `ended` closes. Gives the reason if it had to end the agent.
    pub(super) fn observe(
        &self,
        every: Option<Duration>,
        observer: Observer<'_>,
        watch: &Watch,
        ended: &Receiver<()>,
    ) -> Option<Verdict> {
        let start = Moment::now();
        let mut last_checkpoint = start;
        let mut told = None;
        let mut quiet = Quiet::default();
        let mut verdict = None;
        while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            let bytes = watch.output_bytes();
            if told != Some(bytes) {
                told = Some(bytes);
                (observer.activity)(&Activity {
                    line: text::foreign(&text::cut(&self.heard(), LINE_MAX)).to_string(),
                    elapsed: start.elapsed(),
                    bytes,
                });
            }
            if every.is_some_and(|every| last_checkpoint.elapsed() >= every) {
                (observer.checkpoint)();
                last_checkpoint = Moment::now();
            }
            if verdict.is_none() {
                verdict = self.judge(&mut quiet);
                if verdict.is_some() {
                    watch.enough();
                }
            }
        }
        verdict
    }

    fn judge(&self, quiet: &mut Quiet) -> Option<Verdict> {
        let reader = self.reader();
        if self.repeat > 0 && reader.in_a_row() >= self.repeat {
            return Some(Verdict::Repeating);
        }
        let since = quiet.since(reader.digest().finished, reader.digest().events);
        let lingers = !self.linger.is_zero() && since.is_some_and(|since| since >= self.linger);
        lingers.then_some(Verdict::Lingering)
    }
}

/// How long nothing has followed a final event.
#[derive(Default)]
struct Quiet {
    from: Option<(u64, Moment)>,
}

impl Quiet {
    fn since(&mut self, finished: bool, events: u64) -> Option<Duration> {
        let same = self.from.filter(|(seen, _)| finished && *seen == events);
        self.from = same.or_else(|| finished.then(|| (events, Moment::now())));
        self.from.map(|(_, moment)| moment.elapsed())
    }
}

fn locked(reader: &Mutex<Reader>) -> MutexGuard<'_, Reader> {
    reader.lock().unwrap_or_else(PoisonError::into_inner)
}
