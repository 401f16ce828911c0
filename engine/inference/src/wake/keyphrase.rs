//! Any phrase as a wake phrase, in three stages, each dearer and rarer than the one before:
//! voice activity; the keyphrase search, while somebody speaks; a second look at what it found.
//! What only may be the phrase wakes if a pause follows: who calls waits, who talks goes on. Where that leaves a doubt, a
//! command has to follow.

use crate::{
    stt::{Ears, Evidence, Look, Spotted, Spotter},
    vad::{Earshot, WINDOW},
    wav,
};
use loqa_core::seams::{FRAME_SAMPLES, GuessedWord, ModelError, VoiceActivity, Wake, WakeWord};
use std::ops::Range;

/// P(speech) from which on a window counts as speech.
const VOICED: f32 = 0.5;
/// Speech this long before its first window is heard as well, samples: the network is up to 300 ms
/// late. With it, what the front end needs to know the room's noise.
const PRE_ROLL: usize = 6_400;
/// Silence that ends the search, samples: 0.5 s, more than within any phrase.
const SILENCE: u64 = 8_000;
/// Samples of the second looks before and after the end that the search gave. It is early by up to
/// 0.1 s where a last vowel fades.
const BEFORE: [u64; 2] = [19_200, 14_400];
const AFTER: u64 = 1_600;
/// Samples after which the search begins anew, 30 s: a television never falls silent.
const LONGEST: u64 = 480_000;

/// Below this certainty one look is enough. What only resembles the phrase fits by chance, and less
/// well where the look begins elsewhere.
const HOPELESS: f32 = 0.02;

/// Steps of 10 ms that a phone takes at least where somebody calls.
const UNHURRIED: f32 = 10.0;
/// Who calls begins to speak: the phrase is at least this far above what was heard before it, dB.
/// Calls by twelve synthetic voices in noise and babble at 10 dB and more rise by 8.5 dB and more;
/// three quarters of what resembles the phrase within talk, by less than 4.
const RISE_DB: f32 = 6.0;
/// Samples before the phrase in which that is listened for: 0.3 s, and not its first sound.
const EARLIER: Range<usize> = 800..5_600;
/// In a pause it is as quiet as before the phrase, but for these dB of echo; at least and at most
/// so far below the phrase.
const ECHO_DB: f32 = 4.0;
const FALL_DB: (f32, f32) = (6.0, 20.0);
/// Samples of a pause, 80 ms: a closed consonant is shorter. It ends at the latest so long after
/// the phrase, 0.3 s, and begins at the earliest so long before its end, 60 ms: vowels fade.
const PAUSE: usize = 1_280;
const LATEST: u64 = 4_800;
const FADES: u64 = 960;
/// What a pause adds to the log odds. Of 426 sentences written to begin much like "hey loqa" 37 wake
/// it so, without it 55. Were the pause never heard, calls in noise would be missed two to three
/// times as often.
const BY_PAUSE: f32 = 2.5;
/// Of the search's score, the fit of the words and of the worst of them, haste, and what lacks of
/// the rise; and the offset where no pause follows. Fitted to 240 calls of "hey loqa" in twelve
/// synthetic voices (rooms, pink noise and babble) and half an hour of their talk; the weight of
/// the rise chosen so that within talk only what fits as well as a clear call wakes it.
const WEIGHTS: [f32; 6] = [0.068, 0.132, 0.152, 0.639, 0.5, 9.57];

/// Two hours of talk in rooms, in noise and in babble never reached it (`bench ears`), and five hours beside a fan neither
/// (`loqa wake test --minutes 300`).
const THRESHOLD: f64 = 0.9;
/// Reached six times in those two hours, and never with a command after it.
const DOUBTED: f64 = 0.5;

/// What to listen for, and how strictly.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyphraseConfig {
    /// Two or three words, such as "hey loqa".
    pub phrase: String,
    /// Least certainty in [0, 1] at which nothing else is asked for: higher misses more and is fooled less. `loqa wake test`
    /// measures it.
    pub threshold: f64,
    /// Least certainty in [0, 1] at which it may be the phrase, which a command that follows shows.
    pub doubted: f64,
}

impl Default for KeyphraseConfig {
    fn default() -> Self {
        Self {
            phrase: "hey loqa".into(),
            threshold: THRESHOLD,
            doubted: DOUBTED,
        }
    }
}

/// A place that may be the phrase.
struct Call {
    /// Offsets: first sample, and one past the last.
    phrase: Range<u64>,
    /// Log odds that it is, if no pause follows.
    odds: f32,
    /// Mean power of a pause after it, at most.
    quiet: f32,
}

impl Call {
    /// Logistic regression on what both looks say, and on how far the phrase rises above what was
    /// before it. `samples` begin at offset `from`.
    fn new(spotted: f32, look: &Look, samples: &[f32], from: u64) -> Self {
        let (start, end) = (look.samples.start as usize, look.samples.end as usize);
        let earlier = start.saturating_sub(EARLIER.end)..start.saturating_sub(EARLIER.start);
        let part = |place: Range<usize>| power(samples.get(place).unwrap_or_default());
        let loud = part(start..end.min(samples.len()));
        // Endless after digital silence.
        let rise_db = 10.0 * (loud / part(earlier)).log10();
        let fall_db = (rise_db - ECHO_DB).clamp(FALL_DB.0, FALL_DB.1);
        let Evidence {
            word_fit,
            worst_fit,
            ..
        } = look.evidence;
        let hurried = (look.steps_per_phone - UNHURRIED).min(0.0);
        let lacking = (rise_db - RISE_DB).min(0.0);
        let [by_spotted, by_fit, by_worst, by_haste, by_rise, offset] = WEIGHTS;
        Self {
            phrase: from + look.samples.start..from + look.samples.end,
            odds: by_spotted * spotted.clamp(-60.0, 20.0)
                + by_fit * word_fit as f32
                + by_worst * worst_fit as f32
                + by_haste * hurried
                + by_rise * lacking
                + offset,
            quiet: loud * 10f32.powf(-fall_db / 10.0),
        }
    }

    /// How sure it is, in [0, 1].
    fn certainty(&self, paused: bool) -> f32 {
        let odds = self.odds + if paused { BY_PAUSE } else { 0.0 };
        1.0 / (1.0 + (-odds).exp())
    }
}

/// Mean power; 0 of no samples.
fn power(samples: &[f32]) -> f32 {
    let energy: f32 = samples.iter().map(|sample| sample * sample).sum();
    energy / samples.len().max(1) as f32
}

/// Listens for a phrase.
pub struct Keyphrase {
    config: KeyphraseConfig,
    vad: Earshot,
    spotter: Spotter,
    /// The newest samples, at most [`KEPT`], and the offset one past them.
    recent: Vec<f32>,
    now: u64,
    /// How many of them the voice activity has not seen.
    unseen: usize,
    voiced: Option<u64>,
    /// Offset at which the search began, if it runs.
    since: Option<u64>,
    /// Offset one past what has been looked at in vain.
    looked: u64,
    /// What may be the phrase, while a pause may follow.
    call: Option<Call>,
}

const KEPT: usize = (BEFORE[0] + AFTER) as usize + 8_000;

impl Keyphrase {
    /// Loads what it needs (0.1 s, 9 MB).
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] with what to type; [`ModelError::Backend`] for a phrase that
    /// cannot be said.
    pub fn open(ears: &Ears, config: KeyphraseConfig) -> Result<Self, ModelError> {
        Ok(Self {
            spotter: Spotter::open(ears, &config.phrase)?,
            config,
            vad: Earshot::default(),
            recent: Vec::with_capacity(KEPT + FRAME_SAMPLES),
            now: 0,
            unseen: 0,
            voiced: None,
            since: None,
            looked: 0,
            call: None,
        })
    }

    /// Words of the phrase that the dictionary lacks, and how Loqa thinks they are said.
    pub fn guessed(&self) -> &[GuessedWord] {
        self.spotter.guessed()
    }

    /// Phones in the phrase. The more, the harder to mistake.
    pub fn phones(&self) -> usize {
        self.spotter.phones()
    }

    /// Every place in these samples that could be the phrase, however unlikely, once more where a pause follows, and the
    /// offset at which it was told; as if nothing had been heard before. For measuring.
    pub fn candidates(&mut self, samples: &[f32]) -> Vec<(u64, Wake)> {
        self.reset();
        wav::frames(samples)
            .filter_map(|frame| {
                let told = frame.offset + frame.samples.len() as u64;
                let wake = self.consider(frame.offset, (&*frame.samples).try_into().ok()?)?;
                Some((told, wake))
            })
            .collect()
    }

    /// Hears the next frame like [`WakeWord::detect`], but tells every such place, and never forgets.
    fn consider(&mut self, offset: u64, frame: &[f32; FRAME_SAMPLES]) -> Option<Wake> {
        if offset != self.now {
            // A gap, or another stream.
            self.reset();
        }
        self.recent.extend_from_slice(frame);
        let surplus = self.recent.len().saturating_sub(KEPT);
        self.recent.drain(..surplus);
        self.unseen += frame.len();
        self.now = offset + frame.len() as u64;
        while self.unseen >= WINDOW {
            let first = self.recent.len() - self.unseen;
            if self.vad.score(&self.recent[first..first + WINDOW]) >= VOICED {
                self.voiced = Some(self.now);
            }
            self.unseen -= WINDOW;
        }
        let found = self.search(frame).unwrap_or_else(|error| {
            tracing::warn!(%error, "the wake phrase is listened for anew");
            self.since = None;
            None
        });
        let new = found.is_some();
        let calls = self.call.take().into_iter().chain(found);
        self.call = calls.max_by(|a, b| a.odds.total_cmp(&b.odds));
        self.tell(new)
    }

    /// Tells the call while it is new, and once more when a pause has followed, or none will; in doubt,
    /// then only.
    fn tell(&mut self, new: bool) -> Option<Wake> {
        let call = self.call.take()?;
        let after = call.phrase.end.saturating_sub(FADES)..self.now;
        let after = within(&self.recent, self.now, after);
        let mut stretches = after.windows(PAUSE).step_by(FRAME_SAMPLES);
        let paused = stretches.any(|stretch| power(stretch) <= call.quiet);
        let last = paused || self.now >= call.phrase.end + LATEST;
        let score = call.certainty(paused);
        let doubted = f64::from(score) < self.config.threshold;
        let wake = (last || new && !doubted).then(|| Wake {
            phrase: self.config.phrase.clone(),
            end: call.phrase.end,
            score,
            doubted,
            detector: "keyphrase",
        });
        self.call = (!last).then_some(call);
        wake
    }

    fn search(&mut self, frame: &[f32]) -> Result<Option<Call>, ModelError> {
        let speaking = self
            .voiced
            .is_some_and(|voiced| self.now - voiced < SILENCE);
        if !speaking {
            self.since = None;
            return Ok(None);
        }
        let spotted = match self.since {
            None => self.begin(PRE_ROLL)?,
            Some(since) if self.now - since > LONGEST => self.begin(BEFORE[0] as usize)?,
            Some(_) => self.spotter.feed(frame)?,
        };
        let (Some(spotted), Some(since)) = (spotted, self.since) else {
            return Ok(None);
        };
        let end = since + spotted.samples.end;
        if end <= self.looked {
            return Ok(None);
        }
        self.looked = end;
        let mut least: Option<Call> = None;
        for before in BEFORE {
            let place = end.saturating_sub(before)..(end + AFTER).min(self.now);
            let samples = within(&self.recent, self.now, place.clone());
            let from = place.end - samples.len() as u64;
            let look = self.spotter.look(samples)?;
            if look.samples.is_empty() {
                return Ok(None);
            }
            let call = Call::new(spotted.score, &look, samples, from);
            let hopeless = call.certainty(false) < HOPELESS;
            if least.as_ref().is_none_or(|least| call.odds < least.odds) {
                least = Some(call);
            }
            if hopeless {
                break;
            }
        }
        Ok(least)
    }

    fn forget(&mut self) {
        self.recent.clear();
        self.unseen = 0;
        (self.voiced, self.since) = (None, None);
        self.call = None;
    }

    /// Starts the search with the newest samples.
    fn begin(&mut self, samples: usize) -> Result<Option<Spotted>, ModelError> {
        let first = self.recent.len().saturating_sub(samples);
        self.since = Some(self.now - (self.recent.len() - first) as u64);
        self.spotter.start()?;
        self.spotter.feed(&self.recent[first..])
    }
}

/// How sure it is at most of one of these to be the phrase, in [0, 1].
pub fn most_certain(candidates: &[(u64, Wake)]) -> f32 {
    let scores = candidates.iter().map(|(_, wake)| wake.score);
    scores.fold(0.0, f32::max)
}

/// The part of the newest samples that lies within these offsets.
fn within(recent: &[f32], now: u64, place: Range<u64>) -> &[f32] {
    let index = |offset: u64| {
        recent
            .len()
            .saturating_sub((now - offset.min(now)) as usize)
    };
    &recent[index(place.start)..index(place.end)]
}

impl WakeWord for Keyphrase {
    fn detect(&mut self, offset: u64, frame: &[f32; FRAME_SAMPLES]) -> Option<Wake> {
        let least = self.config.threshold.min(self.config.doubted);
        let heard = self.consider(offset, frame);
        let heard = heard.filter(|wake| f64::from(wake.score) >= least);
        if heard.as_ref().is_some_and(|wake| !wake.doubted) {
            self.forget();
        }
        heard
    }

    fn reset(&mut self) {
        self.vad.reset();
        self.forget();
        self.looked = 0;
    }
}
