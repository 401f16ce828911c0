//! Whose PIN it is. Few guesses are looked at, and what a right one proves holds for one plan.

use crate::{
    api::{attempts::Attempts, password::is_right},
    store::{Household, Person},
};
use loqa_core::{
    policy::{Pin, Role},
    seams::{Proof, Unproved},
};
use std::{
    cmp::Reverse,
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// After so many wrong ones in a row, of everybody together,
const GUESSES: u32 = 3;
/// none is looked at for so long.
const LOCKED: Duration = Duration::from_secs(60);
/// How long a proof holds: from a PIN to what it was given for.
const HOLDS: Duration = Duration::from_secs(10);
/// Proofs at once; the oldest goes first.
const CAPACITY: usize = 16;

/// Guesses, and what right ones have proved.
pub struct Proofs {
    /// One at a time: several at once would count as wrong until they have been found to be right, and each
    /// takes memory on purpose.
    looking: Mutex<()>,
    attempts: Attempts<()>,
    proven: Mutex<Proven>,
}

#[derive(Default)]
struct Proven {
    last: u64,
    kept: VecDeque<(Proof, Key, Instant)>,
}

/// Whose it was, and that it was this one: whoever gets another PIN has proved nothing.
struct Key {
    person: u64,
    hash: String,
}

impl Default for Proofs {
    fn default() -> Proofs {
        Proofs {
            looking: Mutex::default(),
            attempts: Attempts::new(GUESSES, LOCKED),
            proven: Mutex::default(),
        }
    }
}

impl Proofs {
    /// Looks whose PIN this is, of those who count now: of two with the same it is taken for that of the one
    /// who may do more. Takes some tens of milliseconds for each person with a PIN.
    ///
    /// # Errors
    /// It is nobody's, or none is looked at.
    pub fn prove(&self, household: &Household, pin: &Pin, now_ms: i64) -> Result<Proof, Unproved> {
        let person = self.owner_of(household, pin, now_ms, |_| true)?;
        let (id, hash) = (person.id, person.pin.clone().unwrap_or_default());
        let proven = &mut *self.lock();
        proven.last += 1;
        let proof = Proof(proven.last);
        let key = Key { person: id, hash };
        if proven.kept.len() == CAPACITY {
            proven.kept.pop_front();
        }
        proven.kept.push_back((proof, key, Instant::now()));
        Ok(proof)
    }

    /// Whether this is the PIN of an owner.
    ///
    /// # Errors
    /// As [`Proofs::prove`].
    pub fn is_owner(&self, household: &Household, pin: &Pin, now_ms: i64) -> Result<(), Unproved> {
        let owner = |person: &Person| person.role == Role::Owner;
        self.owner_of(household, pin, now_ms, owner).map(drop)
    }

    /// Whether this is the PIN of that person.
    ///
    /// # Errors
    /// As [`Proofs::prove`].
    pub fn is_of(
        &self,
        household: &Household,
        pin: &Pin,
        now_ms: i64,
        person: u64,
    ) -> Result<(), Unproved> {
        let of = |it: &Person| it.id == person;
        self.owner_of(household, pin, now_ms, of).map(drop)
    }

    fn owner_of<'h>(
        &self,
        household: &'h Household,
        pin: &Pin,
        now_ms: i64,
        of: impl Fn(&Person) -> bool,
    ) -> Result<&'h Person, Unproved> {
        let _turn = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        self.attempts.begin(()).map_err(|_| Unproved::Locked)?;
        let people = household.people.values();
        let mut people: Vec<_> = people
            .filter(|person| person.counts(now_ms) && of(person))
            .collect();
        people.sort_by_key(|person| Reverse(person.role));
        let right = |person: &&Person| {
            let hash = person.pin.as_deref();
            hash.is_some_and(|hash| is_right(hash, pin.digits()))
        };
        match people.into_iter().find(right) {
            Some(person) => {
                self.attempts.right(());
                Ok(person)
            }
            None if self.attempts.is_locked(()) => Err(Unproved::Locked),
            None => Err(Unproved::Wrong),
        }
    }

    /// Who has proved it, if they still count, and their PIN is still that one.
    pub fn proven<'h>(
        &self,
        household: &'h Household,
        proof: Proof,
        now_ms: i64,
    ) -> Option<&'h Person> {
        let proven = self.lock();
        let mut kept = proven.kept.iter();
        let (_, key, at) = kept.find(|(kept, ..)| *kept == proof)?;
        let person = household.people.get(&key.person)?;
        let same = person.pin.as_deref() == Some(key.hash.as_str());
        (same && at.elapsed() <= HOLDS && person.counts(now_ms)).then_some(person)
    }

    fn lock(&self) -> MutexGuard<'_, Proven> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
