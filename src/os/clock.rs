//! The one place that asks a clock.
//!
//! Wall time is for records and people; a [`Moment`] is monotonic and is for limits and leases.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::base::Timestamp;

/// The wall time now. A clock before 1970 reads as negative milliseconds.
pub fn now() -> Timestamp {
    from_system(SystemTime::now())
}

/// The wall time now in the form that file times have.
pub fn system() -> SystemTime {
    SystemTime::now()
}

/// Converts a file's modification time and the like.
pub fn from_system(at: SystemTime) -> Timestamp {
    let millis = match at.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    };
    Timestamp::from_millis(millis)
}

/// A point of monotonic time within this process; setting the wall clock does not move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Instant);

impl Moment {
    /// This moment.
    pub fn now() -> Self {
        Moment(Instant::now())
    }

    /// The time from `self` until now.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }
}

/// The time since this machine started, time asleep included; the same for all its processes.
pub fn since_boot() -> Duration {
    let now = rustix::time::clock_gettime(BOOT_CLOCK);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(now.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

#[cfg(target_os = "linux")]
const BOOT_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
// Elsewhere the monotonic clock is the one that goes on while the machine sleeps, or the closest.
#[cfg(not(target_os = "linux"))]
const BOOT_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// Lets this thread rest for `span`, for polling loops that have a limit.
pub fn pause(span: Duration) {
    std::thread::sleep(span);
}

/// Repeats `attempt` until it gives a value or `limit` has passed, resting `rest` in between.
///
/// `attempt` runs at least once. `None` means that the limit was reached.
pub fn poll<T>(
    limit: Duration,
    rest: Duration,
    mut attempt: impl FnMut() -> Option<T>,
) -> Option<T> {
    let start = Moment::now();
    loop {
        if let Some(value) = attempt() {
            return Some(value);
        }
        let left = limit.checked_sub(start.elapsed())?;
        pause(rest.min(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_ends_with_the_value_or_with_the_limit() {
        let mut left = 3;
        let found = poll(Duration::from_secs(60), Duration::ZERO, || {
            left -= 1;
            (left == 0).then_some("there")
        });
        assert_eq!(found, Some("there"));
        assert_eq!(poll(Duration::ZERO, Duration::ZERO, || None::<()>), None);
    }

    #[test]
    fn times_before_the_epoch_are_negative() {
        let at = UNIX_EPOCH - Duration::from_millis(5);
        assert_eq!(from_system(at).millis(), -5);
    }
}
