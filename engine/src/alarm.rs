//! Rings timers that have ended and alarms that are due, until somebody says "stop"; a reminder is
//! said twice; what is scheduled is done.
//!
//! One task watches what comes next. What rings is part of the household, so it outlives the hub;
//! "stop" and "cancel" end it there, and the sound follows. Timers are counted by hub time, which
//! nobody can set; alarms follow the clock on the wall.

pub(crate) mod due;
mod ring;
mod told;

pub use ring::{RingVoice, say};

use crate::{
    skills::{LiveHousehold, Moment},
    store::{AlarmPhase, AlarmRecord, CommitError, Household, TimerPhase, TimerRecord},
};
use futures::{
    FutureExt,
    future::{self, BoxFuture},
};
use jiff::tz::TimeZone;
use loqa_protocol::Event;
use ring::ring;
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How often a clock that was set and a machine that slept are looked for while timers run,
const LOOK: Duration = Duration::from_secs(1);
/// and while there are alarms alone.
const LOOK_FOR_ALARMS: Duration = Duration::from_secs(10);
/// A clock that was set back by less was only corrected, ms.
const SET_BACK_MS: i64 = 60_000;
/// What is scheduled is done so late at most, and after that only told, ms.
const TOO_LATE_TO_DO_MS: i64 = 5 * 60_000;
/// How often a reminder is said.
const TOLD: usize = 2;

/// The alarm of a house.
pub struct Alarm {
    /// State and time.
    pub household: Arc<LiveHousehold>,
    /// What it sounds through; `None` where nothing can be heard.
    pub voice: Option<RingVoice>,
    /// How long a timer or an alarm rings if nobody says "stop".
    pub ring_for: Duration,
    /// Time zone of the house.
    pub zone: TimeZone,
    /// Told when something rings, and when it falls silent.
    pub announce: Arc<dyn Fn(Event) + Send + Sync>,
    /// Told the sentences that are to be done now, each once.
    pub does: Arc<dyn Fn(String) + Send + Sync>,
}

/// What was due: the hub need do nothing more about it than this.
#[derive(Default)]
struct Due {
    /// Sentences, to be done.
    does: Vec<String>,
    /// What was due while nobody could ring it, or do it.
    missed: Vec<AlarmRecord>,
}

/// What is under way. Timers and alarms are told by their ids: no two have the same.
#[derive(Default)]
struct UnderWay {
    /// Since when each rings.
    ringing: BTreeMap<u64, Instant>,
    /// Which of them are timers.
    timers: BTreeSet<u64>,
    /// Reminders that have been said.
    said: BTreeSet<u64>,
    /// What was due too long ago, to be told once.
    missed: Vec<String>,
    sound: Option<BoxFuture<'static, ()>>,
}

/// Rings until `cancel`led. What ended or was due while the hub was off rings at once, and is only
/// told if that is an hour ago. A household that cannot be changed (a failing disk) is tried again
/// every second.
pub async fn run(alarm: Alarm, cancel: CancellationToken) {
    let mut changes = alarm.household.watch();
    let mut under_way = UnderWay::default();
    loop {
        // Before reading, so that no change goes unnoticed.
        changes.mark_unchanged();
        let next = match alarm.keep_up(&mut under_way).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "timers and alarms could not be updated");
                Some(LOOK)
            }
        };
        let mut silence = future::pending().boxed();
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = sleep(next.unwrap_or(LOOK)), if next.is_some() => {}
            () = under_way.sound.as_mut().unwrap_or(&mut silence) => {
                // Only what is told a number of times comes to an end.
                under_way.sound = None;
                under_way.missed.clear();
                under_way.said = under_way.ringing.keys().copied().collect();
            }
        }
    }
}

impl Alarm {
    /// Brings household, events and sound up to now. Returns when to look again.
    async fn keep_up(&self, under_way: &mut UnderWay) -> Result<Option<Duration>, CommitError> {
        let mut moment = self.household.read();
        let nothing =
            |household: &Household| household.timers.is_empty() && household.alarms.is_empty();
        if nothing(&moment.household) && under_way.ringing.is_empty() {
            return Ok(None);
        }
        if self.household.is_wall_clock_set() {
            self.follow_wall_clock(&moment).await?;
            moment = self.household.read();
        }
        let over: BTreeSet<u64> = under_way
            .ringing
            .iter()
            .filter(|(id, since)| since.elapsed() >= self.ring_for || under_way.said.contains(id))
            .map(|(id, _)| *id)
            .collect();
        let sounding: BTreeSet<u64> = under_way.ringing.keys().copied().collect();
        if self.is_behind(&moment, &sounding, &over) {
            let household = self.household.clone();
            let (zone, over) = (self.zone.clone(), over.clone());
            let due = blocking(move || {
                let turn = |household: &mut Household, moment: &Moment| {
                    turn_timers(household, moment, &over);
                    let due = turn_alarms(household, moment, &zone, &sounding, &over);
                    Ok((due, Vec::new()))
                };
                household.commit(None, turn)
            })
            .await?;
            moment = self.household.read();
            let due = due.map(|outcome| outcome.value).unwrap_or_default();
            // It is kept already that this is no more to be done: better lost than done twice.
            due.does.into_iter().for_each(|does| (self.does)(does));
            under_way.missed.extend(
                due.missed
                    .iter()
                    .map(|alarm| told::missed(alarm, &moment, &self.zone)),
            );
        }
        self.follow(&moment, under_way);
        if nothing(&moment.household) && under_way.sound.is_none() {
            return Ok(None);
        }
        let until = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or_default());
        let ends = moment
            .household
            .timers
            .values()
            .filter_map(|timer| match timer.state {
                TimerPhase::Running { ends_at_ms } => Some(until(ends_at_ms - moment.now_ms)),
                TimerPhase::Paused { .. } | TimerPhase::Ringing { .. } => None,
            });
        let wall_ms = moment.wall.as_millisecond();
        let turns = moment.household.alarms.values();
        let turns = turns.filter_map(|alarm| Some(until(due::turns_at_ms(alarm)? - wall_ms)));
        let expiries = under_way
            .ringing
            .values()
            .map(|since| self.ring_for.saturating_sub(since.elapsed()));
        let timers = !moment.household.timers.is_empty() || !under_way.ringing.is_empty();
        let look = if timers { LOOK } else { LOOK_FOR_ALARMS };
        Ok(Some(
            ends.chain(turns)
                .chain(expiries)
                .min()
                .unwrap_or(look)
                .min(look),
        ))
    }

    /// Whether time has made something else of a timer or an alarm.
    fn is_behind(&self, moment: &Moment, sounding: &BTreeSet<u64>, over: &BTreeSet<u64>) -> bool {
        let household = &moment.household;
        let rings = |timer: &TimerRecord| matches!(timer.state, TimerPhase::Ringing { .. });
        let mut timers = household.timers.values();
        let mut alarms = household.alarms.values();
        timers.any(|timer| {
            has_ended(timer, moment.now_ms) || rings(timer) && over.contains(&timer.id)
        }) || alarms.any(|alarm| {
            let (sounds, is_over) = (sounding.contains(&alarm.id), over.contains(&alarm.id));
            let turned = due::turned(alarm, moment.wall, &self.zone, sounds, is_over);
            turned.as_ref() != Some(alarm)
        })
    }

    /// The clock on the wall has been set: timers go on as they were, alarms follow it.
    async fn follow_wall_clock(&self, moment: &Moment) -> Result<(), CommitError> {
        let set_back = moment.wall.as_millisecond() - moment.now_ms <= -SET_BACK_MS;
        let (household, zone) = (self.household.clone(), self.zone.clone());
        blocking(move || {
            household.follow_wall_clock()?;
            if set_back {
                let aim = |household: &mut Household, moment: &Moment| {
                    for alarm in household.alarms.values_mut() {
                        *alarm = due::aimed(alarm, moment.wall, &zone);
                    }
                    Ok(((), Vec::new()))
                };
                household.commit(None, aim)?;
            }
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Makes events and sound follow what rings in the household.
    fn follow(&self, moment: &Moment, under_way: &mut UnderWay) {
        let UnderWay {
            ringing,
            timers,
            said,
            missed,
            sound,
        } = under_way;
        let mut told = missed.clone();
        // Missed things alone are told once, reminders twice, and all else until it is stopped.
        let mut times = Some(1);
        let mut new = false;
        for timer in moment.household.timers.values() {
            let TimerPhase::Ringing { ended_at_ms } = timer.state else {
                continue;
            };
            let late_s = late_s(moment.now_ms, ended_at_ms);
            told.push(told::timer(timer, late_s, ended_at_ms, &self.zone));
            times = None;
            if let Entry::Vacant(entry) = ringing.entry(timer.id) {
                entry.insert(Instant::now());
                timers.insert(timer.id);
                new = true;
                (self.announce)(Event::TimerRang {
                    id: timer.id,
                    name: timer.name.clone(),
                    late_s,
                });
            }
        }
        for alarm in moment.household.alarms.values() {
            let AlarmPhase::Ringing { since_ms } = alarm.phase else {
                continue;
            };
            let late_s = late_s(moment.wall.as_millisecond(), since_ms);
            told.push(told::alarm(alarm, late_s, &self.zone));
            times = times.filter(|_| alarm.text.is_some()).map(|_| TOLD);
            if let Entry::Vacant(entry) = ringing.entry(alarm.id) {
                entry.insert(Instant::now());
                new = true;
                (self.announce)(Event::AlarmRang {
                    id: alarm.id,
                    text: alarm.text.clone(),
                    time: told::clock(since_ms, &self.zone),
                    late_s,
                });
            }
        }
        let before = ringing.len();
        ringing.retain(|id, _| {
            let household = &moment.household;
            let timer = household.timers.get(id).map(|timer| timer.state);
            let alarm = household.alarms.get(id).map(|alarm| alarm.phase);
            let rings = matches!(timer, Some(TimerPhase::Ringing { .. }))
                || matches!(alarm, Some(AlarmPhase::Ringing { .. }));
            if !rings {
                said.remove(id);
                (self.announce)(match timers.remove(id) {
                    true => Event::TimerSilenced { id: *id },
                    false => Event::AlarmSilenced { id: *id },
                });
            }
            rings
        });
        if self.voice.is_none() {
            missed.clear();
        }
        if told.is_empty() {
            // Dropping it is silence.
            *sound = None;
        } else if new || ringing.len() < before || sound.is_none() {
            *sound = self
                .voice
                .clone()
                .map(|voice| ring(voice, told.join(" "), times).boxed());
        }
    }
}

fn late_s(now_ms: i64, due_ms: i64) -> u64 {
    u64::try_from((now_ms - due_ms) / 1000).unwrap_or_default()
}

fn has_ended(timer: &TimerRecord, now_ms: i64) -> bool {
    matches!(timer.state, TimerPhase::Running { ends_at_ms } if ends_at_ms <= now_ms)
}

/// Lets timers that have ended ring, and removes those that rang long enough.
fn turn_timers(household: &mut Household, moment: &Moment, over: &BTreeSet<u64>) {
    household.timers.retain(|id, timer| {
        !(over.contains(id) && matches!(timer.state, TimerPhase::Ringing { .. }))
    });
    for timer in household.timers.values_mut() {
        if let TimerPhase::Running { ends_at_ms } = timer.state
            && ends_at_ms <= moment.now_ms
        {
            timer.state = TimerPhase::Ringing {
                ended_at_ms: ends_at_ms,
            };
        }
    }
}

/// Lets alarms ring that are due, and so on. Returns what is to be done, and what was due while nobody
/// could ring or do it.
fn turn_alarms(
    household: &mut Household,
    moment: &Moment,
    zone: &TimeZone,
    sounding: &BTreeSet<u64>,
    over: &BTreeSet<u64>,
) -> Due {
    let missed = |alarm: &AlarmRecord| match alarm.phase {
        AlarmPhase::Missed { since_ms } => Some(since_ms),
        _ => None,
    };
    let known = |alarm: &AlarmRecord| match alarm.phase {
        AlarmPhase::Ringing { since_ms } => Some(since_ms),
        _ => missed(alarm),
    };
    let mut found = Due::default();
    for (id, alarm) in std::mem::take(&mut household.alarms) {
        let (sounds, is_over) = (sounding.contains(&id), over.contains(&id));
        let Some(turned) = due::turned(&alarm, moment.wall, zone, sounds, is_over) else {
            continue;
        };
        if let (Some(does), Some(since_ms)) = (&turned.does, known(&turned)) {
            if moment.wall.as_millisecond() - since_ms < TOO_LATE_TO_DO_MS {
                found.does.push(does.clone());
            } else {
                let phase = AlarmPhase::Missed { since_ms };
                found.missed.push(AlarmRecord {
                    phase,
                    ..turned.clone()
                });
            }
            if turned.every.is_some() {
                let phase = AlarmPhase::Waiting;
                household.alarms.insert(id, AlarmRecord { phase, ..turned });
            }
            continue;
        }
        if missed(&turned).is_some() && missed(&turned) != known(&alarm) {
            found.missed.push(turned.clone());
        }
        household.alarms.insert(id, turned);
    }
    found
}

/// Runs something that waits for the disk.
async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, CommitError> + Send + 'static,
) -> Result<Option<R>, CommitError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map(Some),
        Err(error) => {
            tracing::error!(%error, "a change of timers and alarms failed");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests;
