//! Loqa's own voice in its microphone, in rooms of several sizes: it is taken out well enough that
//! Loqa does not interrupt itself, and hears "stop" from somebody else who speaks at the same time.

use anyhow::{Result, ensure};
use loqa_core::{
    barge_in::{Act, BargeIn, DUCKED_DB, Ear, Sounding, is_stop},
    grammar::Context,
    seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ, VoiceActivity},
};
use loqa_engine::hub::demonstration_grammar;
use loqa_inference::{
    echo::EchoFilter,
    stt::{Ears, Recogniser},
    vad::Earshot,
};
use loqa_protocol::Verdict;
use loqa_tests::{
    program::Home,
    voices::{Random, Speaker, Studio, rms},
};

const RATE: usize = SAMPLE_RATE_HZ as usize;
/// What the devices hold back, ms.
const DEVICES_MS: usize = 40;
const REPLIES: [&str; 3] = [
    "You can say, for example: turn off the kitchen lights; set a timer for ten minutes; what time is it.",
    "The kitchen lights and the living room lights are on, and the front door is locked.",
    "It is half past seven. Your pasta timer has four minutes left, and your egg timer is done.",
];

/// How a loudspeaker sounds in a microphone: directly, then by reflections that fade by 60 dB.
fn room(fades_ms: usize, level_db: f32, seed: u64) -> Vec<(usize, f32)> {
    let mut random = Random::new(seed);
    let length = fades_ms * RATE / 1000;
    let mut response = vec![0.0; DEVICES_MS * RATE / 1000 + length];
    for (at, tap) in response[DEVICES_MS * RATE / 1000..].iter_mut().enumerate() {
        let fade = 10f32.powf(-3.0 * at as f32 / length as f32);
        // Few enough to be computed one by one.
        *tap = match at {
            0 => 2.0,
            _ if random.below(8) == 0 => random.gauss() * fade,
            _ => 0.0,
        };
    }
    let energy: f32 = response.iter().map(|tap| tap * tap).sum();
    let gain = 10f32.powf(level_db / 20.0) / energy.sqrt();
    let taps = response.into_iter().map(|tap| gain * tap).enumerate();
    taps.filter(|(_, tap)| tap.abs() > 1e-5).collect()
}

/// A loudspeaker and a microphone in a room, and whoever speaks there.
struct Scene {
    played: Vec<f32>,
    /// Delay in samples, and gain.
    response: Vec<(usize, f32)>,
    voice: Vec<f32>,
}

/// What the microphone heard, what was left of it, and what came of it: acts and the samples at
/// which they came.
struct Outcome {
    heard: Vec<f32>,
    left: Vec<f32>,
    acts: Vec<(usize, Act)>,
}

impl Scene {
    fn run(&self) -> Result<Outcome> {
        let (mut filter, mut vad) = (EchoFilter::new()?, Earshot::default());
        let (mut barge_in, mut window, mut random) = (BargeIn::default(), vec![], Random::new(9));
        let (mut sounded, mut gain) = (Vec::new(), 1.0);
        let (mut heard, mut left, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for played in self.played.chunks_exact(FRAME_SAMPLES) {
            let from = sounded.len();
            sounded.extend(played.iter().map(|sample| gain * sample));
            let echo = |at: usize| -> f32 {
                let past = self.response.iter().take_while(|(delay, _)| *delay <= at);
                past.map(|(delay, gain)| gain * sounded[at - delay]).sum()
            };
            let mut frame: [f32; FRAME_SAMPLES] = std::array::from_fn(|i| {
                let voice = self.voice.get(from + i).copied().unwrap_or_default();
                echo(from + i) + voice + 3e-4 * random.gauss()
            });
            heard.extend_from_slice(&frame);
            let playing = std::array::from_fn(|i| sounded[from + i]);
            let above_echo_db = filter.clean(&mut frame, &playing);
            left.extend_from_slice(&frame);
            window.extend_from_slice(&frame);
            let mut score = 0.0f32;
            while window.len() >= vad.window() {
                score = score.max(vad.score(&window[..vad.window()]));
                window.drain(..vad.window());
            }
            let ear = Ear {
                offset: from as u64,
                score,
                above_echo_db,
            };
            let mut acts = Vec::new();
            barge_in.hear(ear, Sounding::Reply, &mut acts);
            for act in acts {
                match act {
                    Act::Duck => gain = 10f32.powf(DUCKED_DB / 20.0),
                    Act::Restore => gain = 1.0,
                    // The reply goes on here: whether the rest is told from a voice matters.
                    Act::Listen { .. } | Act::Yield { .. } | Act::Finish => {}
                }
                told.push((from + FRAME_SAMPLES, act));
            }
        }
        Ok(Outcome {
            heard,
            left,
            acts: told,
        })
    }
}

#[test]
fn loqa_does_not_interrupt_itself_and_hears_stop_while_it_speaks() -> Result<()> {
    if let Err(missing) = EchoFilter::new() {
        eprintln!("skipped: {missing}");
        return Ok(());
    }
    let home = Home::new()?;
    let studio = Studio::in_folder(home.path("voices"))?;
    let mut played = Vec::new();
    for reply in REPLIES {
        played.extend_from_slice(studio.speak(Speaker::Flite("slt"), reply)?.speech());
    }
    played.truncate(played.len() / FRAME_SAMPLES * FRAME_SAMPLES);
    let stop = studio.speak(Speaker::Flite("rms"), "stop")?;
    let grammar = demonstration_grammar().map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let mut recogniser = Recogniser::open(&Ears::default())?;
    recogniser.load(&grammar.speech())?;
    let mut failures = Vec::new();
    let rooms = [
        (60, -20.0),
        (60, 0.0),
        (150, -10.0),
        (300, -20.0),
        (300, -6.0),
        (300, 0.0),
    ];
    for (seed, (fades_ms, level_db)) in rooms.into_iter().enumerate() {
        let mut scene = Scene {
            played: played.clone(),
            response: room(fades_ms, level_db, seed as u64),
            voice: Vec::new(),
        };
        let alone = scene.run()?;
        let loss_db = 20.0 * (rms(&alone.heard[RATE..]) / rms(&alone.left[RATE..])).log10();

        // As loud as a person across the room, in the middle of the second reply.
        let from = 9 * RATE;
        let gain = 0.08 / rms(stop.speech());
        scene.voice = vec![0.0; from];
        scene
            .voice
            .extend(stop.speech().iter().map(|sample| gain * sample));
        let both = scene.run()?;
        let after = |wanted: fn(&Act) -> bool| {
            let mut acts = both
                .acts
                .iter()
                .filter(|(at, act)| *at > from && wanted(act));
            acts.next().map(|(at, _)| *at)
        };
        let ducked = after(|act| *act == Act::Duck);
        let yielded = after(|act| matches!(act, Act::Yield { .. }));
        let finished = after(|act| *act == Act::Finish).unwrap_or(both.left.len());
        recogniser.start(grammar.speech().version, &Context::Commands)?;
        let begun = ducked.unwrap_or(from) - 12 * FRAME_SAMPLES;
        for part in both.left[begun..finished].chunks(FRAME_SAMPLES) {
            recogniser.feed(part)?;
        }
        let words = recogniser.finish()?;
        let stops = words.verdict != Verdict::Rejected && is_stop(&grammar, &words.text());
        let ms = |at: Option<usize>| at.map(|at| (at - from) * 1000 / RATE);
        let line = format!(
            "{fades_ms} ms, {level_db} dB: echo return loss {loss_db:.1} dB, alone {:?}; \
             ducked {:?} ms, yielded {:?} ms, finished {:?} ms, heard {:?} {:?}",
            alone.acts,
            ms(ducked),
            ms(yielded),
            ms(Some(finished)),
            words.text(),
            words.verdict,
        );
        eprintln!("{line}");
        let yields = |(_, act): &(usize, Act)| matches!(act, Act::Yield { .. });
        if alone.acts.iter().any(yields) || ducked.is_none() || !stops || loss_db < 15.0 {
            failures.push(line);
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}
