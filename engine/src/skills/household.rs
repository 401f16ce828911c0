//! The household while the hub runs: its state, the present moment, and notice of every change.

use super::clock::HouseClock;
use crate::store::{CommitError, CommitOutcome, Household, Store, TimerPhase};
use jiff::Timestamp;
use loqa_protocol::{EffectKind, UtteranceId};
use loqa_skill_sdk::EffectError;
use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::watch;

/// A wall clock further off than this was set; anything less is its ordinary wandering, ms.
const JUMP_MS: i64 = 1000;

/// The household and its time.
///
/// Timers are kept as moments of the wall clock, so that they outlive the hub, but must not follow
/// it when somebody sets it. So the hub counts its own time, which agreed with the wall clock when
/// the hub started and never jumps; when the two part, [`LiveHousehold::follow_wall_clock`] moves
/// timers and hub time together.
pub struct LiveHousehold {
    store: Arc<Store>,
    clock: Arc<dyn HouseClock>,
    /// Hub time minus elapsed time, ms.
    offset_ms: RwLock<i64>,
    /// One change at a time, so that each knows what time it is.
    changing: Mutex<()>,
    /// Changes of what the hub does not keep.
    outside: AtomicU64,
    epoch: watch::Sender<u64>,
}

/// The household at one moment.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Timers, devices, lists.
    pub household: Arc<Household>,
    /// Goes up with every change of the household, and of devices that keep their state themselves.
    pub epoch: u64,
    /// Hub time, Unix ms: what timers are counted by.
    pub now_ms: i64,
    /// The wall clock: what people are told.
    pub wall: Timestamp,
}

impl LiveHousehold {
    /// Starts hub time at the wall clock's.
    pub fn new(store: Arc<Store>, clock: Arc<dyn HouseClock>) -> LiveHousehold {
        let offset_ms = RwLock::new(clock.wall().as_millisecond() - elapsed_ms(&*clock));
        let epoch = watch::Sender::new(store.snapshot().epoch);
        LiveHousehold {
            store,
            clock,
            offset_ms,
            changing: Mutex::default(),
            outside: AtomicU64::default(),
            epoch,
        }
    }

    /// The household now. Never waits for the disk, except in the moment the wall clock is set.
    pub fn read(&self) -> Moment {
        // Held, so that timers and time belong together.
        let offset_ms = self
            .offset_ms
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        // Read first: what changes meanwhile is in a later epoch.
        let outside = self.outside.load(Ordering::Acquire);
        let household = self.store.snapshot();
        Moment {
            epoch: household.epoch + outside,
            household,
            now_ms: *offset_ms + elapsed_ms(&*self.clock),
            wall: self.clock.wall(),
        }
    }

    /// Current state epoch.
    pub fn epoch(&self) -> u64 {
        self.store.snapshot().epoch + self.outside.load(Ordering::Acquire)
    }

    /// A sensor reads something else. Whoever shows the household is told; what is prepared stays, as it
    /// would never be ready in a house of many sensors.
    pub fn look_again(&self) {
        self.epoch.send_modify(|_| {});
    }

    /// A device that keeps its state itself is no longer as it was.
    pub fn changed_outside(&self) {
        self.outside.fetch_add(1, Ordering::AcqRel);
        self.tell();
    }

    /// The state epoch, and when it changes.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.epoch.subscribe()
    }

    /// Where it is kept.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// [`Store::commit`] with a change that is told the hub time. Blocks for one fsync.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn commit<R>(
        &self,
        utterance: Option<UtteranceId>,
        change: impl FnOnce(&mut Household, &Moment) -> Result<(R, Vec<EffectKind>), EffectError>,
    ) -> Result<CommitOutcome<R>, CommitError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let moment = self.read();
        let outcome = self
            .store
            .commit(utterance, |household| change(household, &moment));
        self.tell();
        outcome
    }

    /// Whether the wall clock was set since hub time last agreed with it.
    pub fn is_wall_clock_set(&self) -> bool {
        let moment = self.read();
        (moment.wall.as_millisecond() - moment.now_ms).abs() > JUMP_MS
    }

    /// Makes hub time agree with the wall clock again, without any timer noticing. Blocks like a
    /// commit.
    ///
    /// # Errors
    /// As [`Store::commit`]; hub time is then as it was.
    pub fn follow_wall_clock(&self) -> Result<(), CommitError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut offset_ms = self
            .offset_ms
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let shift_ms = self.clock.wall().as_millisecond() - (*offset_ms + elapsed_ms(&*self.clock));
        self.store.commit(None, |household| {
            for timer in household.timers.values_mut() {
                match &mut timer.state {
                    TimerPhase::Running { ends_at_ms: at_ms }
                    | TimerPhase::Ringing { ended_at_ms: at_ms } => *at_ms += shift_ms,
                    TimerPhase::Paused { .. } => {}
                }
            }
            Ok(((), Vec::new()))
        })?;
        *offset_ms += shift_ms;
        drop(offset_ms);
        self.tell();
        tracing::info!(
            shift_ms,
            "the wall clock was set; timers go on as they were"
        );
        Ok(())
    }

    fn tell(&self) {
        let epoch = self.epoch();
        self.epoch
            .send_if_modified(|known| std::mem::replace(known, epoch) != epoch);
    }
}

fn elapsed_ms(clock: &dyn HouseClock) -> i64 {
    i64::try_from(clock.elapsed().as_millis()).unwrap_or(i64::MAX)
}
