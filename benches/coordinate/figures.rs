//! What the times of many calls come to.

use std::time::{Duration, Instant};

/// The calls of one worker.
pub(crate) struct Worker {
    /// How long each took.
    pub(crate) calls: Vec<Duration>,
    /// When the first began.
    pub(crate) begun: Instant,
    /// When the last ended.
    pub(crate) ended: Instant,
}

/// The calls of all workers.
pub(crate) struct Figures {
    p50: Duration,
    p99: Duration,
    rate: f64,
    fairness: f64,
}

impl Figures {
    /// Names of the columns of [`Figures::line`].
    pub(crate) const HEAD: &str =
        "what               at once  who              p50      p99   calls/s  Jain";

    /// Percentiles are values that were measured, none in between.
    pub(crate) fn of(workers: Vec<Worker>) -> Self {
        let begun = workers.iter().map(|w| w.begun).min().unwrap();
        let ended = workers.iter().map(|w| w.ended).max().unwrap();
        let rates: Vec<f64> = workers.iter().map(rate).collect();
        let mut calls: Vec<Duration> = workers.into_iter().flat_map(|w| w.calls).collect();
        calls.sort_unstable();
        let at = |percent: usize| calls[(calls.len() * percent).div_ceil(100) - 1];
        let (sum, squares) = rates
            .iter()
            .fold((0.0, 0.0), |(sum, squares), r| (sum + r, squares + r * r));
        Figures {
            p50: at(50),
            p99: at(99),
            rate: number(calls.len()) / (ended - begun).as_secs_f64(),
            fairness: sum * sum / (number(rates.len()) * squares),
        }
    }

    /// One line for a reader.
    pub(crate) fn line(&self, what: &str, crowd: usize, who: &str) -> String {
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        format!(
            "{what:<18} {crowd:>7}  {who:<11} {:>6.1} ms {:>6.1} ms {:>8.0}  {:.2}",
            millis(self.p50),
            millis(self.p99),
            self.rate,
            self.fairness
        )
    }

    /// These against others; below 1 is faster, of calls per second above 1.
    pub(crate) fn ratio(&self, other: &Figures) -> String {
        let times = |ours: Duration, theirs: Duration| ours.as_secs_f64() / theirs.as_secs_f64();
        format!(
            "{:<39} x{:<7.2} x{:<7.2} x{:.2}",
            "",
            times(self.p50, other.p50),
            times(self.p99, other.p99),
            self.rate / other.rate
        )
    }
}

fn rate(worker: &Worker) -> f64 {
    number(worker.calls.len()) / (worker.ended - worker.begun).as_secs_f64()
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}
