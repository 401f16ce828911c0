//! Rings timers that have ended, until somebody says "stop".
//!
//! One task watches the next end. What rings is part of the household ([`TimerPhase::Ringing`]),
//! so it outlives the hub; "stop" and "cancel" remove it there, and the sound follows.

use crate::{
    skills::{LiveHousehold, Moment},
    store::{CommitError, Household, TimerPhase, TimerRecord},
};
use futures::{
    FutureExt, StreamExt,
    future::{self, BoxFuture},
    stream,
};
use jiff::{Timestamp, tz::TimeZone};
use loqa_core::{
    seams::{Speaker, SpeechChunk, TextToSpeech, Voice},
    speech,
};
use loqa_inference::playback;
use loqa_protocol::Event;
use loqa_skill_sdk::{EffectError, wording};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How often a clock that was set and a machine that slept are looked for while timers run.
const LOOK: Duration = Duration::from_secs(1);
/// A timer is said to have ended some time ago if it was at least this long, s.
const LATE_S: u64 = 60;
/// Chimes before it is said what ended, and then between one saying and the next.
const CHIMES: [usize; 2] = [2, 8];

/// The alarm of a house.
pub struct Alarm {
    /// State and time.
    pub household: Arc<LiveHousehold>,
    /// What it sounds through; `None` where nothing can be heard.
    pub voice: Option<RingVoice>,
    /// How long a timer rings if nobody says "stop".
    pub ring_for: Duration,
    /// Time zone of the house.
    pub zone: TimeZone,
    /// Told [`Event::TimerRang`] and [`Event::TimerSilenced`].
    pub announce: Arc<dyn Fn(Event) + Send + Sync>,
}

/// What rings.
#[derive(Clone)]
pub struct RingVoice {
    /// Where it sounds.
    pub speaker: Arc<dyn Speaker>,
    /// What says which timer ended; chimes alone without it.
    pub tts: Option<Arc<dyn TextToSpeech>>,
    /// In which voice.
    pub voice: Voice,
}

/// Rings until `cancel`led. Timers that ended while the hub was off ring at once. A household that
/// cannot be changed (a failing disk) is tried again every second.
pub async fn run(alarm: Alarm, cancel: CancellationToken) {
    let mut changes = alarm.household.watch();
    let mut ringing: BTreeMap<u64, Instant> = BTreeMap::new();
    let mut sound: Option<BoxFuture<'static, ()>> = None;
    loop {
        // Before reading, so that no change goes unnoticed.
        changes.mark_unchanged();
        let next = match alarm.keep_up(&mut ringing, &mut sound).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "timers could not be updated");
                Some(LOOK)
            }
        };
        let mut silence = future::pending().boxed();
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = sleep(next.unwrap_or(LOOK)), if next.is_some() => {}
            () = sound.as_mut().unwrap_or(&mut silence) => sound = None,
        }
    }
}

impl Alarm {
    /// Brings household, events and sound up to now. Returns when to look again.
    async fn keep_up(
        &self,
        ringing: &mut BTreeMap<u64, Instant>,
        sound: &mut Option<BoxFuture<'static, ()>>,
    ) -> Result<Option<Duration>, CommitError> {
        let mut moment = self.household.read();
        if moment.household.timers.is_empty() && ringing.is_empty() {
            return Ok(None);
        }
        if self.household.is_wall_clock_set() {
            let household = self.household.clone();
            blocking(move || household.follow_wall_clock()).await?;
            moment = self.household.read();
        }
        let expired: BTreeSet<u64> = ringing
            .iter()
            .filter(|(_, since)| since.elapsed() >= self.ring_for)
            .map(|(id, _)| *id)
            .collect();
        if !expired.is_empty()
            || moment
                .household
                .timers
                .values()
                .any(|timer| has_ended(timer, moment.now_ms))
        {
            let household = self.household.clone();
            blocking(move || {
                household.commit(None, |household, moment| {
                    turn_over(household, moment, &expired)
                })
            })
            .await?;
            moment = self.household.read();
        }
        self.follow(&moment, ringing, sound);
        if moment.household.timers.is_empty() {
            return Ok(None);
        }
        let ends = moment
            .household
            .timers
            .values()
            .filter_map(|timer| match timer.state {
                TimerPhase::Running { ends_at_ms } => Some(Duration::from_millis(
                    u64::try_from(ends_at_ms - moment.now_ms).unwrap_or_default(),
                )),
                TimerPhase::Paused { .. } | TimerPhase::Ringing { .. } => None,
            });
        let expiries = ringing
            .values()
            .map(|since| self.ring_for.saturating_sub(since.elapsed()));
        Ok(Some(ends.chain(expiries).min().unwrap_or(LOOK).min(LOOK)))
    }

    /// Makes events and sound follow what rings in the household.
    fn follow(
        &self,
        moment: &Moment,
        ringing: &mut BTreeMap<u64, Instant>,
        sound: &mut Option<BoxFuture<'static, ()>>,
    ) {
        let mut new = false;
        let mut told = Vec::new();
        for timer in moment.household.timers.values() {
            let TimerPhase::Ringing { ended_at_ms } = timer.state else {
                continue;
            };
            let late_s = u64::try_from((moment.now_ms - ended_at_ms) / 1000).unwrap_or_default();
            told.push(self.sentence(timer, late_s, ended_at_ms));
            if let Entry::Vacant(entry) = ringing.entry(timer.id) {
                entry.insert(Instant::now());
                new = true;
                (self.announce)(Event::TimerRang {
                    id: timer.id,
                    name: timer.name.clone(),
                    late_s,
                });
            }
        }
        let before = ringing.len();
        ringing.retain(|id, _| {
            let rings = matches!(
                moment.household.timers.get(id),
                Some(TimerRecord {
                    state: TimerPhase::Ringing { .. },
                    ..
                })
            );
            if !rings {
                (self.announce)(Event::TimerSilenced { id: *id });
            }
            rings
        });
        if ringing.is_empty() {
            // Dropping it is silence.
            *sound = None;
        } else if new || ringing.len() < before || sound.is_none() {
            *sound = self
                .voice
                .clone()
                .map(|voice| ring(voice, told.join(" ")).boxed());
        }
    }

    /// "Your pasta timer is done.", or when it ended, if nobody was told then.
    fn sentence(&self, timer: &TimerRecord, late_s: u64, ended_at_ms: i64) -> String {
        let name = match &timer.name {
            Some(name) => format!("Your {name} timer"),
            None => format!("Your {} timer", wording::adjective(timer.total_s)),
        };
        if late_s < LATE_S {
            return format!("{name} is done.");
        }
        let ago = wording::duration(late_s / 60 * 60);
        match Timestamp::from_millisecond(ended_at_ms) {
            Ok(ended) => {
                let ended = ended.to_zoned(self.zone.clone());
                format!(
                    "{name} ended {ago} ago, at {}.",
                    wording::time(crate::skills::civil(&ended))
                )
            }
            Err(_) => format!("{name} ended {ago} ago."),
        }
    }
}

fn has_ended(timer: &TimerRecord, now_ms: i64) -> bool {
    matches!(timer.state, TimerPhase::Running { ends_at_ms } if ends_at_ms <= now_ms)
}

/// Lets timers that have ended ring, and removes those that rang long enough.
fn turn_over(
    household: &mut Household,
    moment: &Moment,
    expired: &BTreeSet<u64>,
) -> Result<((), Vec<loqa_protocol::EffectKind>), EffectError> {
    household.timers.retain(|id, timer| {
        !(expired.contains(id) && matches!(timer.state, TimerPhase::Ringing { .. }))
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
    Ok(((), Vec::new()))
}

/// Chimes and says `sentence`, over and over.
async fn ring(voice: RingVoice, sentence: String) {
    let chime = playback::chime();
    let mut chimes = CHIMES[0];
    loop {
        let pause = SpeechChunk {
            sample_rate_hz: chime.sample_rate_hz,
            samples: vec![0.0; chime.sample_rate_hz as usize],
        };
        let row: Vec<SpeechChunk> = (0..chimes)
            .flat_map(|_| [chime.clone(), pause.clone()])
            .collect();
        let played = play(&voice, stream::iter(row).map(Ok).boxed()).await;
        let said = match &voice.tts {
            Some(tts) => {
                let clauses = speech::clauses(&speech::speakable(&sentence));
                play(
                    &voice,
                    tts.synthesize(stream::iter(clauses).boxed(), voice.voice.clone()),
                )
                .await
            }
            None => false,
        };
        if !played && !said {
            // Neither could be heard: the speaker may come back.
            sleep(Duration::from_secs(5)).await;
        }
        chimes = CHIMES[1];
    }
}

/// Plays audio to its end. Returns whether it was audible.
async fn play(
    voice: &RingVoice,
    audio: stream::BoxStream<'static, Result<SpeechChunk, loqa_core::seams::ModelError>>,
) -> bool {
    let reply = voice.speaker.arm(audio);
    if let Err(error) = reply.start().await {
        tracing::warn!(%error, "a timer rings, but cannot be heard");
        return false;
    }
    reply.finished().await;
    true
}

/// Runs something that waits for the disk.
async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, CommitError> + Send + 'static,
) -> Result<(), CommitError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map(drop),
        Err(error) => {
            tracing::error!(%error, "a change of timers failed");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
