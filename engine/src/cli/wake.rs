//! `loqa wake test`: how often a phrase would be missed, and how often talk be taken for it, with
//! the voices of this machine.

use super::{Common, output};
use clap::{Args, Subcommand};
use futures::{StreamExt, stream};
use loqa_core::seams::{ModelError, SAMPLE_RATE_HZ, TextToSpeech, Voice};
use loqa_inference::{
    resample::resample,
    stt::Ears,
    tts::Voices,
    wake::{Keyphrase, KeyphraseConfig, most_certain},
};
use loqa_protocol::Problem;
use serde_json::json;
use std::process::ExitCode;

/// Sentences that are no commands, one per line: talk, news, recipes, announcements, and some
/// that begin like commands.
pub const OPEN_SENTENCES: &str = include_str!("open-sentences.txt");

/// Voices that call and talk, as far as they are installed.
const VOICES: [&str; 10] = [
    "slt",
    "rms",
    "awb",
    "kal16",
    "espeak:en-us",
    "espeak:en-us+f2",
    "espeak:en-gb+m3",
    "espeak:en-us+m7",
    "espeak:en-gb+f4",
    "espeak:en-us+linda",
];
/// How far the noise is below a call, dB: a quiet room, a fan. Talk is heard beside a fan too.
const NOISES_DB: [f32; 2] = [40.0, 20.0];
/// Calls of each voice at each noise.
const CALLS: u64 = 3;
const THRESHOLDS: [f64; 8] = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
/// What a wake phrase should hold: false wakes per hour of talk, calls missed in a quiet room.
const FALSE_PER_HOUR: f64 = 0.5;
const MISSED: f64 = 0.05;

/// `loqa wake …`
#[derive(Subcommand)]
pub enum WakeCommand {
    /// Measure a phrase: synthetic voices call, in quiet and in noise, and talk of other things
    Test(TestArgs),
}

/// Arguments of `loqa wake test`.
#[derive(Args)]
pub struct TestArgs {
    /// Two or three words
    #[arg(default_value = "hey loqa")]
    phrase: String,
    /// Minutes of talk to listen to
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    minutes: u32,
}

/// Measures, and recommends a threshold.
pub async fn run(common: &Common, command: WakeCommand) -> Result<ExitCode, Problem> {
    let WakeCommand::Test(args) = command;
    let config = KeyphraseConfig {
        phrase: args.phrase.clone(),
        ..KeyphraseConfig::default()
    };
    let mut word = Keyphrase::open(&Ears::default(), config).map_err(problem)?;
    for guess in word.guessed() {
        let phones = guess.pronunciation.as_deref().unwrap_or_default();
        eprintln!("“{}” is in no dictionary: taken as {phones}", guess.word);
    }
    let voices = Voices::load();
    let names = VOICES.map(|name| Voice(name.into()));
    let names: Vec<_> = names
        .iter()
        .filter(|name| voices.check(name).is_ok())
        .collect();
    if names.is_empty() {
        return Err(Problem {
            code: "no_voice".into(),
            message: "no voice is installed that could call".into(),
            help: "`cargo xtask setup` installs flite and espeak-ng".into(),
        });
    }
    eprintln!("calling in {} voices …", names.len());
    // The best score of every call, by noise.
    let mut calls = [const { Vec::new() }; NOISES_DB.len()];
    for voice in &names {
        let call = speak(&voices, voice, &args.phrase).await?;
        for (scores, noise_db) in calls.iter_mut().zip(NOISES_DB) {
            for seed in 0..CALLS {
                let heard = word.candidates(&among_noise(&call, noise_db, seed));
                scores.push(most_certain(&heard));
            }
        }
    }
    eprintln!("listening to {} minutes of talk …", args.minutes);
    let mut talk = Vec::new();
    let mut samples = 0;
    let sentences = OPEN_SENTENCES.lines().cycle();
    for (seed, sentence) in (0..).zip(sentences) {
        if samples >= args.minutes as usize * 60 * SAMPLE_RATE_HZ as usize {
            break;
        }
        // Another voice for each sentence, the next time round as well.
        let voice = seed as usize + seed as usize / OPEN_SENTENCES.lines().count();
        let clip = speak(&voices, names[voice % names.len()], sentence).await?;
        let noise_db = NOISES_DB[seed as usize % NOISES_DB.len()];
        let clip = among_noise(&clip, noise_db, seed);
        samples += clip.len();
        talk.push(most_certain(&word.candidates(&clip)));
    }
    let hours = samples as f64 / f64::from(SAMPLE_RATE_HZ) / 3_600.0;
    report(
        common,
        &args.phrase,
        word.phones(),
        &Trial { calls, talk, hours },
    );
    Ok(ExitCode::SUCCESS)
}

/// The best score of every call, by noise, and of every sentence of talk.
struct Trial {
    calls: [Vec<f32>; NOISES_DB.len()],
    talk: Vec<f32>,
    hours: f64,
}

impl Trial {
    /// Share of calls missed, by noise.
    fn missed(&self, threshold: f64) -> [f64; NOISES_DB.len()] {
        self.calls.each_ref().map(|scores| {
            let missed = scores.iter().filter(|score| f64::from(**score) < threshold);
            missed.count() as f64 / scores.len().max(1) as f64
        })
    }

    fn false_per_hour(&self, threshold: f64) -> f64 {
        let fooled = self
            .talk
            .iter()
            .filter(|score| f64::from(**score) >= threshold);
        fooled.count() as f64 / self.hours
    }

    /// The lowest threshold that talk does not pass; none below the one that Loqa ships with after
    /// less talk than could show it.
    fn recommended(&self) -> Option<f64> {
        let least = if self.hours * FALSE_PER_HOUR < 1.0 {
            KeyphraseConfig::default().threshold
        } else {
            0.0
        };
        let mut thresholds = THRESHOLDS.into_iter().filter(|known| *known >= least);
        thresholds.find(|threshold| self.false_per_hour(*threshold) <= FALSE_PER_HOUR)
    }
}

fn report(common: &Common, phrase: &str, phones: usize, trial: &Trial) {
    let recommended = trial.recommended();
    for threshold in THRESHOLDS {
        let missed = trial.missed(threshold);
        let wrong = trial.false_per_hour(threshold);
        let mark = if recommended == Some(threshold) {
            "recommended"
        } else {
            ""
        };
        if common.json {
            output::print_json(&json!({
                "phrase": phrase,
                "threshold": threshold,
                "missed_quiet": missed[0],
                "missed_noise_20db": missed[1],
                "false_per_hour": wrong,
                "hours": trial.hours,
                "recommended": recommended == Some(threshold),
            }));
        } else {
            let [quiet, noise] = missed.map(|share| share * 100.0);
            output::print_line(&format!(
                "threshold {threshold:<4}  missed {quiet:>3.0} % in quiet, {noise:>3.0} % in noise  false wakes {wrong:>4.1} an hour  {mark}"
            ));
        }
    }
    if common.json {
        return;
    }
    let calls = trial.calls[0].len();
    output::print_line(&format!(
        "{calls} synthetic calls each; {:.0} minutes of synthetic talk: people differ",
        trial.hours * 60.0
    ));
    if let Some(threshold) = recommended {
        output::print_line(&format!(
            "to take it: `wake = [\"{phrase}\"]` and `wake_threshold = {threshold}` under [listen]"
        ));
    }
    let missed = recommended.map_or(1.0, |threshold| trial.missed(threshold)[0]);
    if missed > MISSED {
        output::print_line(&format!(
            "“{phrase}” ({phones} sounds) is easily missed or mistaken: take a longer phrase, or a rarer one"
        ));
    }
}

/// One voice saying one sentence, at 16 kHz.
async fn speak(voices: &Voices, voice: &Voice, text: &str) -> Result<Vec<f32>, Problem> {
    let text = stream::iter([text.to_owned()]).boxed();
    let mut chunks = voices.synthesize(text, voice.clone().into());
    let (mut rate, mut samples) = (SAMPLE_RATE_HZ, Vec::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(problem)?;
        rate = chunk.sample_rate_hz;
        samples.extend(chunk.samples);
    }
    resample(&samples, rate, SAMPLE_RATE_HZ).map_err(|error| Problem {
        code: "resample".into(),
        message: format!("the voice {} cannot be heard: {error}", voice.0),
        help: "report this: it is a mistake in Loqa".into(),
    })
}

/// A second of a fan's noise, the speech as a microphone some way off hears it, and another second.
fn among_noise(speech: &[f32], below_db: f32, seed: u64) -> Vec<f32> {
    let power = speech.iter().map(|sample| sample * sample).sum::<f32>();
    let level = (power / speech.len().max(1) as f32).sqrt() * 10f32.powf(-below_db / 20.0);
    let around = SAMPLE_RATE_HZ as usize;
    let mut random = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (mut rumble, mut dull) = (0.0, 0.0);
    (0..speech.len() + 2 * around)
        .map(|at| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let white = (random >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
            // Less of what is high, as in rooms; about the level of the white noise.
            rumble += 0.15 * (white - rumble);
            let voice = at.checked_sub(around).and_then(|at| speech.get(at));
            dull += 0.7 * (voice.copied().unwrap_or(0.0) - dull);
            dull + level * (4.0 * rumble + white)
        })
        .collect()
}

fn problem(error: ModelError) -> Problem {
    Problem {
        code: "wake".into(),
        message: error.to_string(),
        help: "`loqa doctor` tells what is installed".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_threshold_that_talk_does_not_pass_is_recommended() {
        let mut trial = Trial {
            calls: [vec![0.99, 0.75], vec![0.9, 0.2]],
            talk: vec![0.0, 0.45, 0.55],
            hours: 1.0,
        };
        assert_eq!(trial.recommended(), Some(0.9));
        trial.talk[2] = 0.92;
        assert_eq!(trial.recommended(), Some(0.95));
        assert_eq!(trial.missed(0.8), [0.5, 0.5]);
        trial.hours = 4.0;
        assert_eq!(trial.recommended(), Some(0.3));
        trial.talk = vec![1.0; 9];
        assert_eq!(trial.recommended(), None);
    }
}
