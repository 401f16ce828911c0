//! Synthetic speakers and rooms: any text in many voices, with the end of its last word known to
//! 5 ms, mixed with noise. For benches and tuning; nothing here ships with Loqa.
//!
//! The voices are programs (flite, espeak-ng, festival) that `cargo xtask test` installs. A clip
//! is kept as a WAV file in the cache folder, so a bench synthesises each sentence once.

use anyhow::{Context, Result, bail};
use loqa_inference::wav;
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

/// Samples per second of every clip.
pub const SAMPLE_RATE_HZ: usize = 16_000;

pub use loqa_engine::cli::OPEN_SENTENCES;

/// Somebody who can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// A flite voice, such as `slt`.
    Flite(&'static str),
    /// An espeak-ng voice with variant, such as `en-us+f2`, and its words per minute.
    Espeak(&'static str, u32),
    /// The Scheme call that selects a festival voice, such as `voice_kal_diphone`.
    Festival(&'static str),
}

/// Twelve speakers: recorded women and men (flite, festival) and synthetic ones (espeak-ng),
/// American, British and Scottish. `flite:slt` is the voice that Loqa itself speaks with.
pub const SPEAKERS: [Speaker; 12] = [
    Speaker::Flite("slt"),
    Speaker::Flite("rms"),
    Speaker::Flite("awb"),
    Speaker::Flite("kal16"),
    Speaker::Festival("voice_kal_diphone"),
    Speaker::Festival("voice_cmu_us_slt_arctic_hts"),
    Speaker::Espeak("en-us", 150),
    Speaker::Espeak("en-us+f2", 160),
    Speaker::Espeak("en-gb+m3", 155),
    Speaker::Espeak("en-us+m7", 150),
    Speaker::Espeak("en-gb+f4", 150),
    Speaker::Espeak("en-us+linda", 150),
];

impl Speaker {
    /// Whether the voice is made of recordings of a person; formant voices (espeak-ng) are not,
    /// and recognisers that were trained on people hear them badly.
    pub fn is_recorded(&self) -> bool {
        !matches!(self, Speaker::Espeak(..))
    }
}

impl std::fmt::Display for Speaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Speaker::Flite(voice) => write!(f, "flite:{voice}"),
            Speaker::Espeak(voice, rate) => write!(f, "espeak:{voice}:{rate}"),
            Speaker::Festival(voice) => write!(f, "festival:{voice}"),
        }
    }
}

/// Speech on the 16 kHz sample clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Mono, in [-1, 1].
    pub samples: Vec<f32>,
    /// First sample of the first word.
    pub onset: usize,
    /// One past the last sample of the last word.
    pub end: usize,
}

/// Writes 16 bit mono samples in [-1, 1].
///
/// # Errors
/// The file cannot be written.
pub fn write_wav(file: &Path, samples: &[f32]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE_HZ as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, spec)?;
    for sample in samples {
        wav.write_sample((sample * 32_767.0) as i16)?;
    }
    Ok(wav.finalize()?)
}

impl Clip {
    /// The words alone, without the silence around them.
    pub fn speech(&self) -> &[f32] {
        &self.samples[self.onset..self.end]
    }

    /// The words with exactly this much silence before and after them, ms.
    pub fn framed(&self, before_ms: usize, after_ms: usize) -> Clip {
        let (before, after) = (ms(before_ms), ms(after_ms));
        let mut samples = vec![0.0; before];
        samples.extend_from_slice(self.speech());
        let end = samples.len();
        samples.resize(end + after, 0.0);
        Clip {
            samples,
            onset: before,
            end,
        }
    }

    /// This clip, `pause_ms` of silence, then the words of `next`.
    pub fn then(&self, pause_ms: usize, next: &Clip) -> Clip {
        let mut samples = self.samples[..self.end].to_vec();
        samples.resize(samples.len() + ms(pause_ms), 0.0);
        samples.extend_from_slice(next.speech());
        let end = samples.len();
        Clip {
            samples,
            onset: self.onset,
            end,
        }
    }

    /// The clip as heard by some microphone in some room: coloured, with reverberation, at another
    /// level. Where the words are stays as it was; their echo may last longer.
    pub fn in_room(&self, seed: u64) -> Clip {
        let mut random = Random::new(seed);
        let mut range = |low: f32, high: f32| {
            low + (high - low) * (random.bits() >> 40) as f32 / (1u64 << 24) as f32
        };
        let (bass_hz, treble_hz) = (range(60.0, 250.0), range(3_000.0, 7_500.0));
        let tilt = range(-0.5, 1.5);
        let (echo_s, echo_level) = (range(0.15, 0.45), 10f32.powf(range(-12.0, -4.0) / 20.0));
        let peak = range(0.05, 0.6);
        let dry = coloured(&self.samples, bass_hz, treble_hz, tilt);
        // A few hundred echoes of random sign that fade by 60 dB.
        let echoes: Vec<(usize, f32)> = (0..300)
            .map(|_| {
                let at = range(0.002, echo_s);
                let sign = if range(-1.0, 1.0) < 0.0 { -1.0 } else { 1.0 };
                let delay = (at * SAMPLE_RATE_HZ as f32) as usize;
                (delay, sign * 10f32.powf(-3.0 * at / echo_s))
            })
            .collect();
        let energy: f32 = echoes.iter().map(|(_, gain)| gain * gain).sum();
        let mut samples = dry.clone();
        for (delay, gain) in echoes {
            let gain = gain * echo_level / energy.sqrt();
            for (wet, sample) in samples.iter_mut().skip(delay).zip(&dry) {
                *wet += gain * sample;
            }
        }
        let loudest = samples
            .iter()
            .fold(1e-9f32, |loudest, s| loudest.max(s.abs()));
        samples
            .iter_mut()
            .for_each(|sample| *sample *= peak / loudest);
        Clip {
            samples,
            onset: self.onset,
            end: self.end,
        }
    }

    /// The clip with noise under all of it, `snr_db` below the level of its speech.
    pub fn with_noise(&self, noise: Noise<'_>, snr_db: f32, seed: u64) -> Clip {
        let mut clip = self.clone();
        let bed = noise.render(clip.samples.len(), seed);
        let gain = rms(self.speech()) / rms(&bed).max(1e-9) * 10f32.powf(-snr_db / 20.0);
        for (sample, noise) in clip.samples.iter_mut().zip(&bed) {
            *sample = (*sample + gain * noise).clamp(-1.0, 1.0);
        }
        clip
    }
}

/// What else is heard in the room.
#[derive(Clone, Copy, Debug)]
pub enum Noise<'a> {
    /// The same power at every frequency: a fan, an amplifier.
    White,
    /// 3 dB less per octave: a room, a street.
    Pink,
    /// Chords with overtones that change four times a second.
    Music,
    /// Several people talking at once: clips to draw from.
    Babble(&'a [Clip]),
}

impl Noise<'_> {
    /// `length` samples at any level; the same for the same seed.
    pub fn render(&self, length: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        match self {
            Noise::White => (0..length).map(|_| random.gauss()).collect(),
            Noise::Pink => {
                // Paul Kellet's filter: white noise through three leaky sums, ±0.5 dB of 1/f.
                let mut b = [0.0f32; 3];
                (0..length)
                    .map(|_| {
                        let white = random.gauss();
                        b[0] = 0.99765 * b[0] + white * 0.099_046;
                        b[1] = 0.96300 * b[1] + white * 0.296_516_4;
                        b[2] = 0.57000 * b[2] + white * 1.052_691_3;
                        b[0] + b[1] + b[2] + white * 0.1848
                    })
                    .collect()
            }
            Noise::Music => {
                let mut bed = vec![0.0; length];
                for (beat, part) in bed.chunks_mut(SAMPLE_RATE_HZ / 4).enumerate() {
                    let root = 110.0 * 2f32.powf(random.below(24) as f32 / 12.0);
                    for (i, sample) in part.iter_mut().enumerate() {
                        let t = (beat * SAMPLE_RATE_HZ / 4 + i) as f32 / SAMPLE_RATE_HZ as f32;
                        let fade = (-3.0 * i as f32 / SAMPLE_RATE_HZ as f32).exp();
                        *sample = [1.0, 1.26, 1.5]
                            .iter()
                            .flat_map(|third| (1..5).map(move |k| (root * third * k as f32, k)))
                            .map(|(hz, k)| (std::f32::consts::TAU * hz * t).sin() * fade / k as f32)
                            .sum();
                    }
                }
                bed
            }
            Noise::Babble(clips) => {
                let mut bed = vec![0.0; length];
                for _ in 0..5 {
                    let mut at = 0;
                    while at < length && !clips.is_empty() {
                        let speech = clips[random.below(clips.len())].speech();
                        let skip = if at == 0 {
                            random.below(speech.len().max(1))
                        } else {
                            0
                        };
                        let level = 1.0 / rms(speech).max(1e-9);
                        for (sample, voice) in bed[at..].iter_mut().zip(&speech[skip..]) {
                            *sample += voice * level;
                        }
                        at += (speech.len() - skip).max(1);
                    }
                }
                bed
            }
        }
    }
}

/// Synthesises clips and keeps them.
pub struct Studio {
    cache: PathBuf,
}

impl Studio {
    /// Keeps clips in `LOQA_VOICE_CACHE`, else in a folder of the temporary directory.
    pub fn open() -> Result<Self> {
        let cache = std::env::var_os("LOQA_VOICE_CACHE")
            .map_or_else(|| std::env::temp_dir().join("loqa-voices"), PathBuf::from);
        Self::in_folder(cache)
    }

    /// Keeps clips in `cache`, which is created if need be.
    pub fn in_folder(cache: impl Into<PathBuf>) -> Result<Self> {
        let cache = cache.into();
        fs::create_dir_all(&cache).with_context(|| format!("creating {}", cache.display()))?;
        Ok(Self { cache })
    }

    /// People who talk about other things: every open sentence once, by these in turn.
    pub fn talk<'a>(
        &'a self,
        speakers: impl IntoIterator<Item = &'a Speaker, IntoIter: Clone>,
    ) -> impl Iterator<Item = Result<Clip>> {
        let sentences = OPEN_SENTENCES.lines().filter(|line| !line.is_empty());
        let turns = speakers.into_iter().cycle().zip(sentences);
        turns.map(|(speaker, sentence)| self.speak(*speaker, sentence))
    }

    /// `text` in that voice, peaks at 0.5, with the voice's own silence around it.
    pub fn speak(&self, speaker: Speaker, text: &str) -> Result<Clip> {
        let mut key = DefaultHasher::new();
        (speaker, text).hash(&mut key);
        let file = self.cache.join(format!("{:016x}.wav", key.finish()));
        if !file.exists() {
            static PART: AtomicU64 = AtomicU64::new(0);
            let part = self.cache.join(format!(
                "part-{}-{}.wav",
                std::process::id(),
                PART.fetch_add(1, Ordering::Relaxed)
            ));
            synthesise(speaker, text, &part)
                .with_context(|| format!("{speaker} speaking {text:?}"))?;
            fs::rename(&part, &file).with_context(|| format!("keeping {}", file.display()))?;
        }
        let mut samples = wav::read(&file)?;
        let peak = samples.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        if peak == 0.0 {
            bail!("{speaker} said nothing for {text:?}");
        }
        for sample in &mut samples {
            *sample *= 0.5 / peak;
        }
        let (onset, end) = speech_span(&samples, -48.0);
        Ok(Clip {
            samples,
            onset,
            end,
        })
    }
}

/// One-pole high and low pass, and the part below 1 kHz mixed in with weight `tilt`.
fn coloured(samples: &[f32], bass_hz: f32, treble_hz: f32, tilt: f32) -> Vec<f32> {
    let pole = |hz: f32| 1.0 - (-std::f32::consts::TAU * hz / SAMPLE_RATE_HZ as f32).exp();
    let (bass, middle, treble) = (pole(bass_hz), pole(1_000.0), pole(treble_hz));
    let (mut below_bass, mut below_middle, mut below_treble) = (0.0, 0.0, 0.0);
    samples
        .iter()
        .map(|sample| {
            below_bass += bass * (sample - below_bass);
            let high = sample - below_bass;
            below_middle += middle * (high - below_middle);
            below_treble += treble * (high + tilt * below_middle - below_treble);
            below_treble
        })
        .collect()
}

fn synthesise(speaker: Speaker, text: &str, file: &Path) -> Result<()> {
    let mut command;
    match speaker {
        Speaker::Flite(voice) => {
            command = Command::new("flite");
            command.args(["-voice", voice, "-t", text, "-o"]).arg(file);
        }
        Speaker::Espeak(voice, rate) => {
            command = Command::new("espeak-ng");
            command.args(["-v", voice, "-s", &rate.to_string(), "-w"]);
            command.arg(file).arg(text);
        }
        Speaker::Festival(voice) => {
            command = Command::new("text2wave");
            command
                .args(["-eval", &format!("({voice})"), "-o"])
                .arg(file);
            command.stdin(Stdio::piped());
        }
    }
    let program = command.get_program().to_owned();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| {
            format!("starting {program:?}: `cargo xtask test` installs it (apt-get install flite espeak-ng festival festvox-us-slt-hts)")
        })?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let status = child.wait()?;
    if !status.success() || !file.exists() {
        bail!("{program:?} failed ({status})");
    }
    Ok(())
}

/// First and one past the last sample of speech: 5 ms steps louder than `least_db` of the loudest.
/// Synthesisers pad with digital silence, so that weak final consonants stand out at -48.
pub fn speech_span(samples: &[f32], least_db: f32) -> (usize, usize) {
    const STEP: usize = 80;
    let levels: Vec<f32> = samples.chunks(STEP).map(rms).collect();
    let loudest = levels.iter().fold(0.0f32, |a, b| a.max(*b));
    let heard = |level: &f32| *level > loudest * 10f32.powf(least_db / 20.0);
    let first = levels.iter().position(heard).unwrap_or(0);
    let last = levels.iter().rposition(heard).unwrap_or(0);
    (first * STEP, ((last + 1) * STEP).min(samples.len()))
}

/// Root mean square; 0 for no samples.
pub fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

fn ms(milliseconds: usize) -> usize {
    milliseconds * SAMPLE_RATE_HZ / 1000
}

/// Small, fast, seeded (SplitMix64): benches must say the same thing on every machine.
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `n` - 1; 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }

    /// Standard normal, by the sum of twelve uniforms.
    pub fn gauss(&mut self) -> f32 {
        (0..12)
            .map(|_| (self.bits() >> 40) as f32 / (1u64 << 24) as f32)
            .sum::<f32>()
            - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hum(length: usize) -> Clip {
        let mut samples = vec![0.0; 1600];
        samples.extend((0..length).map(|i| 0.5 * (i as f32 * 0.3).sin()));
        samples.extend([0.0; 800]);
        let (onset, end) = speech_span(&samples, -48.0);
        Clip {
            samples,
            onset,
            end,
        }
    }

    #[test]
    fn the_end_of_speech_is_known_through_framing_and_joining() {
        let clip = hum(3200);
        assert_eq!((clip.onset, clip.end), (1600, 4800));
        let framed = clip.framed(100, 50);
        assert_eq!(
            (framed.onset, framed.end, framed.samples.len()),
            (1600, 4800, 5600)
        );
        let joined = framed.then(200, &clip);
        assert_eq!(
            (joined.end, joined.samples.len()),
            (4800 + 3200 + 3200, 11_200)
        );
    }

    #[test]
    fn noise_has_the_level_asked_for_and_repeats() {
        let clip = hum(16_000);
        let babble = [hum(5_000), hum(9_000)];
        for noise in [
            Noise::White,
            Noise::Pink,
            Noise::Music,
            Noise::Babble(&babble),
        ] {
            let noisy = clip.with_noise(noise, 20.0, 3);
            assert_eq!(noisy, clip.with_noise(noise, 20.0, 3));
            let difference: Vec<f32> = noisy
                .samples
                .iter()
                .zip(&clip.samples)
                .map(|(a, b)| a - b)
                .collect();
            let snr_db = 20.0 * (rms(clip.speech()) / rms(&difference)).log10();
            assert!((snr_db - 20.0).abs() < 0.5, "{noise:?}: {snr_db} dB");
        }
    }
}
