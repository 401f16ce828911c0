//! A loudspeaker and a microphone in a room that echoes: Loqa's own voice comes back to it. All on
//! the sample clock.

use crate::voices::Random;
use anyhow::Result;
use loqa_core::{
    barge_in::{Act, BargeIn, DUCKED_DB, Ear, Sounding},
    seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ},
};
use loqa_inference::{echo::EchoFilter, vad::FrameScores};

const RATE: usize = SAMPLE_RATE_HZ as usize;
/// What the devices hold back, ms.
const DEVICES_MS: usize = 40;

/// Rooms: after how many milliseconds their echoes are 60 dB down, and how loud Loqa's voice comes
/// back, dB.
pub const ROOMS: [(usize, f32); 6] = [
    (60, -20.0),
    (60, 0.0),
    (150, -10.0),
    (300, -20.0),
    (300, -6.0),
    (300, 0.0),
];

/// How a loudspeaker sounds in a microphone: directly, then by reflections that fade by 60 dB:
/// delays in samples, and gains.
pub fn room(fades_ms: usize, level_db: f32, seed: u64) -> Vec<(usize, f32)> {
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
pub struct Scene {
    /// What Loqa says.
    pub played: Vec<f32>,
    /// How it comes back: delays in samples, and gains.
    pub response: Vec<(usize, f32)>,
    /// What a person says meanwhile.
    pub voice: Vec<f32>,
}

/// What the microphone heard, what was left of it, and what came of it: acts and the samples at
/// which they came.
pub struct Outcome {
    /// By the microphone.
    pub heard: Vec<f32>,
    /// Of that, without the echo.
    pub left: Vec<f32>,
    /// And the sample after which each was decided.
    pub acts: Vec<(usize, Act)>,
}

impl Scene {
    /// Lets Loqa speak to the end, whoever interrupts it: it is ducked, and not silenced.
    ///
    /// # Errors
    /// SpeexDSP is not installed.
    pub fn run(&self) -> Result<Outcome> {
        let (mut filter, mut scores) = (EchoFilter::new()?, FrameScores::default());
        let (mut barge_in, mut random) = (BargeIn::default(), Random::new(9));
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
            let score = scores.hear(&frame);
            let ear = Ear::new(from as u64, &frame, score, above_echo_db);
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
