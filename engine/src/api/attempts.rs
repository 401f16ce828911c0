//! How often somebody may guess: everybody on their own, so that nobody can lock out others.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// After so many wrong ones in a row
const ATTEMPTS: u32 = 10;
/// nothing more is accepted from that address for so long.
const LOCKED: Duration = Duration::from_secs(60);
/// Addresses that are remembered; the longest ago is forgotten first.
const REMEMBERED: usize = 1024;

/// Who has guessed wrong.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<IpAddr, Wrong>>);

struct Wrong {
    count: u32,
    last: Instant,
}

impl Attempts {
    /// Counts an attempt of `peer`, as a wrong one until [`Attempts::right`] takes it back: so two
    /// at once are two.
    ///
    /// # Errors
    /// It is one too many: seconds until the next is looked at.
    pub fn begin(&self, peer: IpAddr) -> Result<(), u64> {
        let now = Instant::now();
        let mut peers = self.peers();
        if peers.len() >= REMEMBERED && !peers.contains_key(&peer) {
            let oldest = peers.iter().min_by_key(|(_, wrong)| wrong.last);
            let oldest = oldest.map(|(peer, _)| *peer);
            oldest.map(|peer| peers.remove(&peer));
        }
        let wrong = peers.entry(peer).or_insert(Wrong {
            count: 0,
            last: now,
        });
        if wrong.count == ATTEMPTS {
            let free = wrong.last + LOCKED;
            if now < free {
                return Err((free - now).as_secs() + 1);
            }
            wrong.count = 0;
        }
        wrong.count += 1;
        wrong.last = now;
        Ok(())
    }

    /// `peer` has signed in.
    pub fn right(&self, peer: IpAddr) {
        self.peers().remove(&peer);
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<IpAddr, Wrong>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
