//! Loqa's own voice taken out of what the microphone hears, by SpeexDSP's echo canceller (Valin,
//! "On adjusting the learning rate in frequency domain echo cancellation with double-talk", 2007).

mod alignment;
mod ffi;

use crate::{playback::Reference, resample::Resampler};
use alignment::{Aligned, Alignment};
use ffi::{Block, Filter};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, ModelError, SAMPLE_RATE_HZ};

/// Samples an echo may last, the devices' own delay included: 360 ms.
const TAIL: usize = 18 * FRAME_SAMPLES;
/// Samples of the speaker's that wait for the microphone's from the beginning: 10 ms, in which no device takes one and gives the
/// other. So an echo may also come that much earlier, once the speaker was opened anew.
const AHEAD: usize = FRAME_SAMPLES / 2;
/// Samples that may wait all the time: 20 ms more. What is more is a microphone that has lost some of its own; more for a while
/// is one that is late.
const WAITING: usize = AHEAD + FRAME_SAMPLES;
/// Frames that are "all the time": 5 s.
const WATCHED: u32 = 250;
/// Frames without a sound from the speaker after which there is no echo either: 1 s.
const QUIET: u32 = 50;
/// Mean square of a frame that makes no echo worth the name: −66 dBFS.
const SILENCE: f32 = 2.5e-7;
/// What is left of a sound a frame later, in the room and in the filter: −1.25 dB.
const FADING: f32 = 0.75;
/// How estimates of the echo follow each frame, dB: nine out of ten stay below them.
const UP_DB: f32 = 2.25;
const DOWN_DB: f32 = 0.25;
/// A frame this far above an estimate is somebody's voice, and hardly moves it; dB.
const VOICE_DB: f32 = 7.0;
const VOICE_UP_DB: f32 = 0.05;
/// What a filter that is wrong may add to an echo: it subtracts another as loud, dB.
const WRONG_DB: f32 = 6.0;
/// By how much a filter lowers echoes that has learned how they sound here, dB.
const LEARNED_DB: f32 = 10.0;
/// What the rest of an echo is lowered to: −12 dB.
const REST: f32 = 0.25;
/// Frames for which a voice keeps the sound from being lowered: 160 ms, a pause within a word.
const OPEN: u32 = 8;

/// Can echoes be taken out here?
///
/// # Errors
/// SpeexDSP is not installed; the error tells how it is.
pub fn available() -> Result<(), ModelError> {
    ffi::speex().map(drop)
}

/// Takes echoes out of a microphone's frames.
pub struct EchoFilter {
    filter: Filter,
    /// Frames since the speaker was last heard.
    quiet: u32,
    /// Mean square of what was played, fading.
    played: f32,
    /// How much of that comes back, dB. All of it, at first.
    echo_db: f32,
    /// And how much of it is left by the filter, dB.
    leak_db: f32,
    /// The same when something was last played, if it had learned how that sounds here.
    learned_db: Option<f32>,
    /// Frames for which it is not lowered, and the gain reached.
    open: u32,
    gain: f32,
}

impl EchoFilter {
    /// One that has learned nothing yet.
    ///
    /// # Errors
    /// SpeexDSP is not installed.
    pub fn new() -> Result<Self, ModelError> {
        Ok(EchoFilter {
            filter: Filter::new(TAIL)?,
            quiet: QUIET,
            played: 0.0,
            echo_db: 0.0,
            leak_db: 0.0,
            learned_db: None,
            open: 0,
            gain: 1.0,
        })
    }

    /// Cleans a frame during which, or shortly before, `played` left the speaker. Feed every frame
    /// once and in order. Returns how far it stands above what may be left of the echo, dB: +∞
    /// where nothing was played, little while the filter learns how the speaker sounds here.
    pub fn clean(
        &mut self,
        heard: &mut [f32; FRAME_SAMPLES],
        played: &[f32; FRAME_SAMPLES],
    ) -> f32 {
        if !self.hears_echo(heard, played) {
            return f32::INFINITY;
        }
        let cleaned = self.filter.cancel(&to_i16(heard), &to_i16(played));
        for (sample, cleaned) in heard.iter_mut().zip(cleaned) {
            *sample = f32::from(cleaned) / 32768.0;
        }
        let left_db = ratio_db(mean_square(heard), self.played);
        let above_db = left_db - self.leak_db;
        if self.quiet == 0 {
            follow(&mut self.leak_db, left_db);
            let learned = self.leak_db < self.echo_db - LEARNED_DB;
            self.learned_db = learned.then_some(self.leak_db);
        }
        self.open = match above_db {
            voice if voice >= VOICE_DB => OPEN,
            _ => self.open.saturating_sub(1),
        };
        let wanted = if self.open > 0 { 1.0 } else { REST };
        let step = (wanted - self.gain) / FRAME_SAMPLES as f32;
        for sample in heard.iter_mut() {
            self.gain += step;
            *sample *= self.gain;
        }
        self.gain = wanted;
        above_db
    }

    /// Whether there may be an echo in a frame, and how loud echoes are here.
    fn hears_echo(&mut self, heard: &[f32], played: &[f32]) -> bool {
        let now = mean_square(played);
        self.played = now.max(FADING * self.played);
        self.quiet = if now > SILENCE { 0 } else { self.quiet + 1 };
        if self.quiet > QUIET {
            // The filter has heard a second of silence: nothing is left in its memory.
            self.quiet = QUIET;
            return false;
        }
        if now > SILENCE {
            follow(&mut self.echo_db, ratio_db(mean_square(heard), self.played));
        }
        true
    }

    /// Leaves the frame as it is, and learns nothing from it; otherwise as [`EchoFilter::clean`].
    fn pass(&mut self, heard: &[f32; FRAME_SAMPLES], played: &[f32; FRAME_SAMPLES]) -> f32 {
        match self.hears_echo(heard, played) {
            true => ratio_db(mean_square(heard), self.played) - self.echo_db,
            false => f32::INFINITY,
        }
    }

    /// How echoes sound here, once that is learned.
    fn response(&mut self) -> Option<Vec<f32>> {
        self.learned_db?;
        Some(self.filter.response()).filter(|response| !response.is_empty())
    }

    /// It was right to trust that: what was played and heard meanwhile.
    fn resume(&mut self, frames: impl Iterator<Item = (Block, Block)>) {
        for (heard, played) in frames {
            self.filter.cancel(&heard, &played);
        }
        self.leak_db = self.learned_db.unwrap_or(self.leak_db);
    }

    /// The echo comes with another delay from now on: what is left of it may be all, as loud as it
    /// comes back here.
    fn doubt(&mut self) {
        let all_db = (self.echo_db + WRONG_DB).min(0.0);
        self.leak_db = self.leak_db.max(all_db);
    }
}

/// A canceller and the speaker it listens to.
pub struct Echo {
    filter: EchoFilter,
    reference: Reference,
    resampler: Resampler,
    taken: Vec<f32>,
    /// What was played and not yet matched with what was heard.
    waiting: Vec<f32>,
    /// The fewest samples that have waited, and over how many frames.
    fewest: (usize, u32),
    /// How many of them may wait all the time.
    may_wait: usize,
    /// How often the speaker was opened; 0 before anybody listened.
    opened: u64,
    /// Since it was opened anew, until the delay of its echo is known.
    alignment: Option<Alignment>,
}

impl Echo {
    /// One for the echoes of this speaker.
    ///
    /// # Errors
    /// SpeexDSP is not installed.
    pub fn new(reference: Reference) -> Result<Self, ModelError> {
        // 10 ms at a time: nobody may wait for more.
        let chunk = Reference::RATE_HZ as usize / 100;
        let resampler = Resampler::with_chunk(Reference::RATE_HZ, SAMPLE_RATE_HZ, chunk)
            .map_err(|error| ModelError::Backend(error.to_string()))?;
        Ok(Echo {
            filter: EchoFilter::new()?,
            reference,
            resampler,
            taken: Vec::new(),
            waiting: Vec::new(),
            fewest: (usize::MAX, 0),
            may_wait: WAITING,
            opened: 0,
            alignment: None,
        })
    }

    /// Cleans the microphone's next frame as it arrives; see [`EchoFilter::clean`].
    pub fn clean(&mut self, frame: &mut AudioFrame) -> f32 {
        self.taken.clear();
        let opened = self.reference.take(&mut self.taken);
        if self.opened != opened {
            // Played before anybody listened.
            self.taken.clear();
            self.waiting.clear();
            self.waiting.resize(AHEAD, 0.0);
            self.fewest = (usize::MAX, 0);
            self.may_wait = WAITING;
            self.opened = opened;
            let response = self.alignment.take().map(Alignment::response);
            let response = response.or_else(|| self.filter.response());
            self.alignment = response.map(Alignment::new);
        }
        // The rates were accepted when it was made.
        let _ = self.resampler.push(&self.taken, &mut self.waiting);
        // A frame that comes before its own is matched with silence, once: what was played then
        // waits as long as the devices' unevenness asks for, and is never later than its echo.
        let mut played = [0.0; FRAME_SAMPLES];
        let ready = self.waiting.len().min(FRAME_SAMPLES);
        if ready < FRAME_SAMPLES {
            self.filter.doubt();
        }
        for (played, waiting) in played.iter_mut().zip(self.waiting.drain(..ready)) {
            *played = waiting;
        }
        self.keep_up();
        let mut heard = [0.0; FRAME_SAMPLES];
        for (heard, sample) in heard.iter_mut().zip(&*frame.samples) {
            *heard = *sample;
        }
        if let Some(mut alignment) = self.alignment.take() {
            match alignment.hear(&heard, &played) {
                Aligned::Soon => self.alignment = Some(alignment),
                Aligned::Later(later) => self.align(alignment, later),
                Aligned::Unknown => self.filter.doubt(),
            }
            return self.filter.pass(&heard, &played);
        }
        let above_db = self.filter.clean(&mut heard, &played);
        frame.samples = heard.into();
        above_db
    }

    /// What is played waits for so much longer than until now, as it did when the filter learned, which is told of what it
    /// has not been told.
    fn align(&mut self, alignment: Alignment, later: isize) {
        let (heard, mut played) = alignment.into_samples();
        played.append(&mut self.waiting);
        let paired = heard.len().checked_add_signed(-later);
        let paired = paired.filter(|paired| *paired <= played.len());
        self.waiting
            .extend_from_slice(&played[paired.unwrap_or(heard.len())..]);
        if paired.is_none() {
            // It would have to be known before it is played.
            return self.filter.doubt();
        }
        tracing::debug!(later, "the echo is found again");
        self.may_wait = WAITING + later.max(0).unsigned_abs();
        let frames = heard.chunks_exact(FRAME_SAMPLES).enumerate();
        self.filter.resume(frames.map(|(frame, heard)| {
            let played = |i: usize| {
                let at = (frame * FRAME_SAMPLES + i).checked_add_signed(-later);
                at.and_then(|at| played.get(at)).copied()
            };
            let played = std::array::from_fn(|i| played(i).unwrap_or_default());
            let heard = std::array::from_fn(|i| heard[i]);
            (to_i16(&heard), to_i16(&played))
        }));
    }

    /// Skips what has been waiting all the time: its echo has been heard already.
    fn keep_up(&mut self) {
        let (fewest, frames) = self.fewest;
        self.fewest = (fewest.min(self.waiting.len()), frames + 1);
        if frames < WATCHED {
            return;
        }
        if self.fewest.0 > self.may_wait {
            self.waiting.drain(..self.fewest.0);
            self.filter.doubt();
        }
        self.fewest = (usize::MAX, 0);
    }
}

fn follow(estimate_db: &mut f32, frame_db: f32) {
    *estimate_db += match frame_db - *estimate_db {
        below if below < 0.0 => -DOWN_DB,
        voice if voice >= VOICE_DB => VOICE_UP_DB,
        _ => UP_DB,
    };
}

fn to_i16(samples: &[f32; FRAME_SAMPLES]) -> Block {
    samples.map(|sample| (sample * 32768.0) as i16)
}

fn mean_square(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

fn ratio_db(over: f32, under: f32) -> f32 {
    10.0 * (over.max(1e-12) / under.max(1e-12)).log10()
}

#[cfg(test)]
mod tests {
    use super::{alignment::SOUNDED, *};
    use crate::playback::Tapped;
    use rodio::buffer::SamplesBuffer;
    use std::num::NonZero;

    /// Played samples per frame of the microphone.
    const PLAYED: usize = Reference::RATE_HZ as usize / 50;

    /// A speaker that plays noise, and a microphone that hears it later at half the level.
    struct Room {
        reference: Reference,
        echo: Echo,
        speaker: Tapped<SamplesBuffer>,
        noise: Vec<f32>,
        later: usize,
        /// Since it was opened, and in all.
        frame: usize,
        frames: usize,
        /// What was left of each frame, dB.
        left_db: Vec<f32>,
    }

    impl Room {
        /// One where the echo comes so many samples later; `None` where there is no canceller.
        fn new(later: usize) -> Option<Room> {
            if available().is_err() {
                eprintln!("skipped: SpeexDSP is not installed");
                return None;
            }
            let reference = Reference::new();
            let noise = noise(1);
            Some(Room {
                speaker: reference.follow(source(&noise)),
                echo: Echo::new(reference.clone()).unwrap(),
                reference,
                noise,
                later,
                frame: 0,
                frames: 0,
                left_db: Vec::new(),
            })
        }

        /// The speaker is closed for two seconds, and then opened with another delay.
        fn open_anew(&mut self, later: usize) {
            self.noise = vec![0.0; self.noise.len()];
            self.hear(100);
            self.noise = noise(2);
            self.speaker = self.reference.follow(source(&self.noise));
            self.later = later;
            self.frame = 0;
        }

        fn play(&mut self, frames: usize) {
            for _ in 0..frames * PLAYED {
                self.speaker.next();
            }
        }

        fn hear(&mut self, frames: usize) {
            for _ in 0..frames {
                let at = (self.frame * FRAME_SAMPLES).checked_sub(self.later);
                let sample = |i: usize| at.map_or(0.0, |at| 0.5 * self.noise[3 * (at + i)]);
                let before: std::sync::Arc<[f32]> = (0..FRAME_SAMPLES).map(sample).collect();
                let mut cleaned = AudioFrame {
                    offset: (self.frames * FRAME_SAMPLES) as u64,
                    samples: before.clone(),
                };
                self.echo.clean(&mut cleaned);
                let left = ratio_db(mean_square(&cleaned.samples), mean_square(&before));
                self.left_db.push(left);
                self.frame += 1;
                self.frames += 1;
            }
        }

        fn play_and_hear(&mut self, frames: usize) {
            for _ in 0..frames {
                self.play(1);
                self.hear(1);
            }
        }

        /// What was left of the last half second, at most.
        fn worst_db(&self) -> f32 {
            let last = &self.left_db[self.left_db.len() - 25..];
            last.iter().copied().fold(f32::MIN, f32::max)
        }
    }

    /// Steps, 2 ms each: the converter leaves them as they are.
    fn noise(mut random: u64) -> Vec<f32> {
        std::iter::repeat_with(|| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 40) as f32 / 16_777_216.0 - 0.5
        })
        .flat_map(|step| [step; 96])
        .take(300 * PLAYED)
        .collect()
    }

    fn source(noise: &[f32]) -> SamplesBuffer {
        let rate = NonZero::new(Reference::RATE_HZ).unwrap();
        SamplesBuffer::new(NonZero::<u16>::MIN, rate, noise.to_vec())
    }

    #[test]
    fn a_microphone_that_is_late_for_a_while_loses_nothing_that_was_learned() {
        let Some(mut room) = Room::new(960) else {
            return;
        };
        room.hear(1);
        room.play_and_hear(145);
        let before = room.worst_db();
        room.play(25);
        room.hear(25);
        room.play_and_hear(30);
        let after = room.worst_db();
        assert!(
            before < -15.0 && after < before + 6.0,
            "{before} dB, then {after} dB"
        );
    }

    #[test]
    fn a_speaker_that_is_opened_anew_is_known_as_soon_as_its_delay_is() {
        // A frame of what is played waits then: so late it is, and a bit less, and more.
        for later in [960 + FRAME_SAMPLES, 1_100, 1_600] {
            let Some(mut room) = Room::new(960) else {
                return;
            };
            room.hear(1);
            room.play_and_hear(145);
            let before = room.worst_db();
            room.open_anew(later);
            room.hear(1);
            room.play(1);
            // Its echo is listened to for 400 ms.
            room.play_and_hear(SOUNDED + 25);
            let after = room.worst_db();
            assert!(
                before < -15.0 && after < before + 6.0,
                "{later}: {before} dB, then {after} dB"
            );
        }
    }
}
