//! Places that several features served by one process share, so that none is idle while another
//! has work. Who was entered earlier comes first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of one process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    seats: Arc<Mutex<BTreeMap<u64, Seat>>>,
    turn: Arc<Mutex<()>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seat {
    used: usize,
    wanted: usize,
}

impl Pool {
    /// Held while one feature decides and begins: no two give away the same place.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Places that the feature of this rank has to leave to others: those they use, and those
    /// that features of a lower rank are waiting for.
    pub(super) fn beside(&self, rank: u64) -> usize {
        let seats = self.seats();
        let others = seats.iter().filter(|(other, _)| **other != rank);
        others
            .map(|(other, seat)| match *other < rank {
                true => seat.used + seat.wanted,
                false => seat.used,
            })
            .sum()
    }

    pub(super) fn uses(&self, rank: u64, places: usize) {
        self.seats().entry(rank).or_default().used = places;
    }

    pub(super) fn wants(&self, rank: u64, places: usize) {
        self.seats().entry(rank).or_default().wanted = places;
    }

    pub(super) fn leave(&self, rank: u64) {
        self.seats().remove(&rank);
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<u64, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_first_gets_the_places_it_waits_for() {
        let pool = Pool::default();
        pool.uses(1, 2);
        pool.wants(1, 3);
        pool.uses(2, 1);
        assert_eq!(pool.beside(1), 1);
        assert_eq!(pool.beside(2), 5);
        pool.leave(1);
        assert_eq!(pool.beside(2), 0);
    }
}
