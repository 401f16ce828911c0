//! Somebody speaks while Loqa speaks: `cargo xtask bench barge-in`.

mod devices;
mod own_echo;

use super::{figure::Report, recording::SOUND};
use anyhow::Result;
use clap::Args;
use loqa_tests::voices::{Clip, SAMPLE_RATE_HZ, rms};

/// Arguments of `bench barge-in`.
#[derive(Args)]
pub struct BargeInArgs {
    /// Minutes of Loqa's own echo, on the sample clock
    #[arg(long, default_value_t = 30)]
    minutes: usize,
    /// Replies that are interrupted through sound devices, in real time
    #[arg(long, default_value_t = 20)]
    replies: usize,
}

/// Runs all of it.
pub fn run(args: BargeInArgs, report: &mut Report) -> Result<()> {
    own_echo::run(args.minutes, report)?;
    devices::run(args.replies, report)
}

/// As loud as a person across the room, RMS 0.08, from the first sound on: some voices breathe in
/// for a quarter of a second before they speak.
fn across_the_room(clip: &Clip) -> impl Iterator<Item = f32> {
    let gain = 0.08 / rms(clip.speech());
    let samples = clip.speech().iter().map(move |sample| gain * sample);
    samples.skip_while(|sample| sample.abs() <= SOUND)
}

fn ms(samples: usize) -> f64 {
    samples as f64 * 1000.0 / SAMPLE_RATE_HZ as f64
}
