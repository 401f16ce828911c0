//! The same through sound devices, in real time: speaker and people in one recording.

use super::{
    super::{
        figure::{Goal, Report, quantile},
        recording::{SOUND, sides},
    },
    across_the_room, ms,
};
use anyhow::{Context as _, Result};
use loqa_core::{
    barge_in::{Act, BargeIn, Ear, Sounding},
    seams::FRAME_SAMPLES,
};
use loqa_inference::vad::FrameScores;
use loqa_tests::{
    program::{Home, Listener},
    sound_server::Room,
    voices::{SAMPLE_RATE_HZ, Speaker, Studio, write_wav},
};
use std::{ops::Range, path::Path};

/// Samples that are loud or quiet together: 5 ms.
const PIECE: usize = SAMPLE_RATE_HZ / 200;
/// Part of the usual amplitude at which a reply is ducked: half way to −18 dB.
const DUCKED: f32 = 0.35;

/// When it was lowered, when it was silent, and when it was sure, after the first sound that
/// somebody made; ms.
struct Interruption {
    ducked: Option<f64>,
    silent: f64,
    confirmed: Option<f64>,
}

/// Reports how soon a reply that leaves the speaker is lowered, and silent.
pub fn run(replies: usize, report: &mut Report) -> Result<()> {
    let interruptions = match Room::on_one_clock(false)? {
        Some(room) => interrupt(&room, replies)?,
        None => {
            eprintln!("skipped: pulseaudio is not installed");
            Vec::new()
        }
    };
    let ducked: Vec<f64> = interruptions.iter().filter_map(|at| at.ducked).collect();
    let silent: Vec<f64> = interruptions.iter().map(|at| at.silent).collect();
    let confirmed: Vec<f64> = interruptions
        .iter()
        .filter_map(|at| Some(at.silent - at.confirmed?))
        .collect();
    let goals = [
        ("onset_to_ducked", &ducked, Goal::AtMost(80.0)),
        ("confirmation_to_silence", &confirmed, Goal::AtMost(80.0)),
        ("onset_to_silence", &silent, Goal::None),
    ];
    for (metric, values, goal) in goals {
        for (name, q, goal) in [("p50", 0.5, Goal::None), ("p95", 0.95, goal)] {
            let metric = format!("devices.{metric}_{name}");
            report.figure("barge-in", &metric, quantile(values, q), "ms", goal);
        }
    }
    let count = Some(interruptions.len() as f64);
    report.figure(
        "barge-in",
        "devices.interrupted",
        count,
        "replies",
        Goal::None,
    );
    Ok(())
}

fn interrupt(room: &Room, replies: usize) -> Result<Vec<Interruption>> {
    let (home, studio) = (Home::new()?, Studio::open()?);
    let say = |text: &str, before: usize| -> Result<_> {
        let clip = studio.speak(Speaker::Flite("rms"), text)?;
        let silence = vec![0.0; before];
        let samples: Vec<f32> = silence.into_iter().chain(across_the_room(&clip)).collect();
        let file = home.path(&format!("{}-{before}.wav", text.replace(' ', "-")));
        write_wav(&file, &samples)?;
        Ok(file)
    };
    let help = say("what can I say", SAMPLE_RATE_HZ / 4)?;
    let mut hub = room.hub(&home, "hey loqa")?;
    hub.until("the microphone", |line| line["state"] == "asleep")?;
    // What it says when nobody interrupts.
    let whole = reply(room, &mut hub, &help, None)?;
    let usual = sounding(&whole.speaker).context("nothing was said")?;
    let usual = &whole.speaker[usual];
    let mut interruptions = Vec::new();
    for number in 0..replies {
        eprint!("\rinterrupted replies: {number} of {replies} …");
        // Words that fall into other places of the reply, and of a frame.
        let other = say("turn off the kitchen lights", 4_000 + number * 377)?;
        let heard = reply(room, &mut hub, &help, Some(&other))?;
        interruptions.extend(measure(&heard, usual));
    }
    eprintln!();
    Ok(interruptions)
}

/// A recording, from the question on.
struct Heard {
    speaker: Vec<f32>,
    people: Vec<f32>,
}

fn reply(room: &Room, hub: &mut Listener, question: &Path, other: Option<&Path>) -> Result<Heard> {
    hub.press_enter()?;
    hub.until("the call", |line| line["state"] == "awake")?;
    room.say_aside(question)?;
    // What was asked is over before this is recorded, but for its end.
    let recording = room.record_both()?;
    hub.until("the reply", |line| line["subject"] == "tts.reply.started")?;
    if let Some(other) = other {
        room.say_aside(other)?;
    }
    hub.until_each([
        ("its end", &|line| line["subject"] == "tts.reply.ended"),
        ("that it sleeps", &|line| line["state"] == "asleep"),
    ])?;
    let samples = recording.stop();
    let (speaker, people) = sides(&samples);
    Ok(Heard { speaker, people })
}

/// From the first to the last sound.
fn sounding(samples: &[f32]) -> Option<Range<usize>> {
    let loud = |sample: &f32| sample.abs() > SOUND;
    let first = samples.iter().position(loud)?;
    Some(first..samples.iter().rposition(loud)? + 1)
}

fn measure(heard: &Heard, usual: &[f32]) -> Option<Interruption> {
    let said = sounding(&heard.speaker)?;
    let onset = said.start
        + heard.people[said.start..]
            .iter()
            .position(|s| s.abs() > SOUND)?;
    let loudness = |samples: &[f32]| samples.iter().map(|s| s * s).sum::<f32>().sqrt();
    let piece = |number: usize| {
        let (from, through) = (number * PIECE, (number + 1) * PIECE);
        let usual = loudness(usual.get(from..through)?);
        let now = loudness(heard.speaker.get(said.start + from..said.start + through)?);
        // Too quiet to tell.
        (usual > 0.005 * (PIECE as f32).sqrt()).then_some(now / usual)
    };
    let first = (onset - said.start).div_ceil(PIECE);
    let lowered = |number: &usize| piece(*number).is_some_and(|ratio| ratio < DUCKED);
    let ducked = (first..(said.end - said.start) / PIECE + 20).find(lowered);
    let ducked = ducked.map(|number| ms(said.start + number * PIECE) - ms(onset));
    Some(Interruption {
        ducked,
        silent: ms(said.end) - ms(onset),
        confirmed: confirmed(&heard.people[onset - onset % FRAME_SAMPLES..])
            .map(|at| ms(at) - ms(onset % FRAME_SAMPLES)),
    })
}

/// After how many samples it is sure that somebody speaks. The frames may begin up to 20 ms
/// earlier or later than Loqa's own.
fn confirmed(people: &[f32]) -> Option<usize> {
    let (mut barge_in, mut scores) = (BargeIn::default(), FrameScores::default());
    for (number, frame) in people.chunks_exact(FRAME_SAMPLES).enumerate() {
        let offset = (number * FRAME_SAMPLES) as u64;
        let ear = Ear::new(offset, frame, scores.hear(frame), f32::INFINITY);
        let mut acts = Vec::new();
        barge_in.hear(ear, Sounding::Reply, &mut acts);
        if acts.iter().any(|act| matches!(act, Act::Yield { .. })) {
            return Some((number + 1) * FRAME_SAMPLES);
        }
    }
    None
}
