//! How often somebody may guess.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Peers that are remembered; the longest ago is forgotten first.
const REMEMBERED: usize = 1024;

/// Who has guessed wrong: each peer by itself, so that nobody can lock out others.
pub struct Attempts<Peer = IpAddr> {
    /// After so many wrong ones in a row
    limit: u32,
    /// nothing more is accepted for so long.
    locked: Duration,
    peers: Mutex<HashMap<Peer, Wrong>>,
}

struct Wrong {
    count: u32,
    last: Instant,
}

impl<Peer: Copy + Eq + Hash> Attempts<Peer> {
    /// Nobody has, yet.
    pub fn new(limit: u32, locked: Duration) -> Self {
        Attempts {
            limit,
            locked,
            peers: Mutex::default(),
        }
    }

    /// Counts an attempt of `peer`, as a wrong one until [`Attempts::right`] takes it back: so two
    /// at once are two.
    ///
    /// # Errors
    /// It is one too many: seconds until the next is looked at.
    pub fn begin(&self, peer: Peer) -> Result<(), u64> {
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
        if wrong.count == self.limit {
            let free = wrong.last + self.locked;
            if now < free {
                return Err((free - now).as_secs() + 1);
            }
            wrong.count = 0;
        }
        wrong.count += 1;
        wrong.last = now;
        Ok(())
    }

    /// Whether the next attempt of `peer` would not be looked at now.
    pub fn is_locked(&self, peer: Peer) -> bool {
        let peers = self.peers();
        let wrong = peers.get(&peer).filter(|wrong| wrong.count == self.limit);
        wrong.is_some_and(|wrong| Instant::now() < wrong.last + self.locked)
    }

    /// `peer` has signed in.
    pub fn right(&self, peer: Peer) {
        self.peers().remove(&peer);
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<Peer, Wrong>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
