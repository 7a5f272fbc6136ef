//! Ctrl-C and friends as a value that loops look at.
//!
//! The first SIGINT, SIGTERM or SIGHUP asks to stop, the second to stop now. Children have
//! sessions of their own, so only this process gets the terminal's signal.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::base::{Error, Result};

/// What signals have asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// Nothing yet.
    Nothing,
    /// Finish what runs, start nothing.
    Stop,
    /// Stop children and leave.
    StopNow,
}

/// The stop signals so far, shared by clones. [`Signals::default`] hears none, for tests.
///
/// Two signals between two looks count once: a person who is not heard presses again.
#[derive(Debug, Clone, Default)]
pub struct Signals(Arc<Heard>);

#[derive(Debug, Default)]
struct Heard {
    pending: Arc<AtomicBool>,
    count: AtomicUsize,
}

impl Signals {
    /// Starts listening in this process. The signals no longer end it by themselves.
    pub fn listen() -> Result<Self> {
        let signals = Signals::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&signals.0.pending))
                .map_err(|e| Error::io(format!("cannot listen for signal {signal}"), e))?;
        }
        Ok(signals)
    }

    /// What was asked for so far; never goes back.
    pub fn asked(&self) -> Asked {
        let new = usize::from(self.0.pending.swap(false, Ordering::SeqCst));
        match self.0.count.fetch_add(new, Ordering::SeqCst) + new {
            0 => Asked::Nothing,
            1 => Asked::Stop,
            _ => Asked::StopNow,
        }
    }

    /// Acts as if a signal had come.
    pub fn raise(&self) {
        self.0.pending.store(true, Ordering::SeqCst);
    }
}

/// Runs `then`, on a thread of its own, when the first stop signal comes. The signals no longer
/// end this process by themselves.
///
/// # Errors
/// The system refuses to listen.
pub fn on_stop(then: impl FnOnce() + Send + 'static) -> Result<()> {
    let about = |e| Error::io("cannot listen for signals", e);
    let (mut heard, bell) = UnixStream::pair().map_err(about)?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let bell = bell.try_clone().map_err(about)?;
        signal_hook::low_level::pipe::register(signal, bell).map_err(about)?;
    }
    std::thread::spawn(move || {
        if heard.read_exact(&mut [0]).is_ok() {
            then();
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_signal_is_more_urgent_than_the_first() {
        let signals = Signals::default();
        assert_eq!(signals.asked(), Asked::Nothing);
        signals.raise();
        assert_eq!(signals.clone().asked(), Asked::Stop);
        assert_eq!(signals.asked(), Asked::Stop);
        signals.raise();
        assert_eq!(signals.asked(), Asked::StopNow);
        assert_eq!(signals.asked(), Asked::StopNow);
    }

    #[test]
    fn a_real_signal_is_heard() {
        let signals = Signals::listen().unwrap();
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::HUP).unwrap();
        let heard = crate::os::clock::poll(
            std::time::Duration::from_secs(10),
            std::time::Duration::from_millis(1),
            || (signals.asked() == Asked::Stop).then_some(()),
        );
        assert!(heard.is_some());
    }
}
