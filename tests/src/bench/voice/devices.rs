//! The same through sound devices: somebody speaks into a microphone, and what leaves the speaker
//! is recorded on the same clock.

use super::stimuli::Corpus;
use crate::{
    figure::{Goal, Report, quantile},
    recording::{SOUND, sides},
};
use anyhow::{Context as _, Result};
use loqa_protocol::LatencyClass;
use loqa_tests::{
    program::Home,
    sound_server::Room,
    voices::{SAMPLE_RATE_HZ, write_wav},
};

/// Samples before the end of speech in which a reply may begin: the hub may be sure that early.
const EARLY: usize = SAMPLE_RATE_HZ / 5;

/// From the last sample of speech at the microphone to the first of the reply at the speaker, ms.
struct Answer {
    heard: f64,
    /// The same by the hub's own account.
    told: Option<f64>,
}

/// Reports on commands of class A that start nothing which would sound later.
pub fn run(corpus: &Corpus, count: usize, report: &mut Report) -> Result<()> {
    let answers = match Room::on_one_clock(false)? {
        Some(room) => ask(&room, corpus, count)?,
        None => {
            eprintln!("skipped: pulseaudio is not installed");
            Vec::new()
        }
    };
    let heard: Vec<f64> = answers.iter().map(|answer| answer.heard).collect();
    let told: Vec<f64> = answers.iter().filter_map(|answer| answer.told).collect();
    let mut figure =
        |metric: &str, value, unit| report.figure("voice", metric, value, unit, Goal::None);
    for (name, values) in [("first_sound", &heard), ("hub_ttfa", &told)] {
        for (suffix, q) in [("p50", 0.5), ("p95", 0.95)] {
            let metric = format!("devices.{name}_{suffix}");
            figure(&metric, quantile(values, q), "ms");
        }
    }
    let answered = Some(answers.len() as f64);
    figure("devices.answered_rightly", answered, "commands");
    figure("devices.spoken", Some(count as f64), "commands");
    Ok(())
}

fn ask(room: &Room, corpus: &Corpus, count: usize) -> Result<Vec<Answer>> {
    let home = Home::new()?;
    // About a third are about timers.
    let mut commands = corpus.plain(LatencyClass::A, 2 * count)?;
    commands.retain(|command| {
        command
            .meaning
            .steps
            .iter()
            .all(|step| step.skill != "timers")
    });
    commands.truncate(count);
    let mut hub = room.hub(&home, "hey loqa")?;
    hub.until("the microphone", |line| line["state"] == "asleep")?;
    let mut answers = Vec::new();
    for (number, command) in commands.iter().enumerate() {
        eprint!("\rcommands through devices: {number} of {count} …");
        let file = home.path("command.wav");
        write_wav(&file, &command.clip.samples)?;
        let recording = room.record_both()?;
        hub.press_enter()?;
        hub.until("the call", |line| line["state"] == "awake")?;
        room.say_aside(&file)?;
        let [turn, _] = hub.until_each([
            ("the turn", &|line| line["subject"] == "turn.summary"),
            ("that it sleeps", &|line| line["state"] == "asleep"),
        ])?;
        let samples = recording.stop();
        let (speaker, people) = sides(&samples);
        let sounds = |samples: &[f32]| samples.iter().position(|sample| sample.abs() > SOUND);
        // Where the voice is loud enough to be found again, in the clip and in the recording.
        let clip = &command.clip;
        let begins = sounds(&people).zip(sounds(&clip.samples));
        let (at, of_clip) = begins.context("nobody was heard")?;
        let end = at + clip.end - of_clip;
        let from = end.saturating_sub(EARLY);
        let understood = turn["intent"].as_str().is_some_and(|intent| {
            let step = &command.meaning.steps[0];
            intent == format!("{}.{}", step.skill, step.intent)
        });
        if let Some(first) = speaker.get(from..).and_then(sounds).filter(|_| understood) {
            answers.push(Answer {
                heard: (first as f64 - EARLY as f64) / SAMPLE_RATE_HZ as f64 * 1e3,
                told: turn["ttfa_ms"].as_f64(),
            });
        }
    }
    eprintln!();
    Ok(answers)
}
