//! Rooms that echo, on the sample clock: does Loqa interrupt itself, and does it notice others?

use super::{
    super::figure::{Goal, Report, quantile, upper_bound_95},
    across_the_room, ms,
};
use anyhow::Result;
use loqa_core::barge_in::Act;
use loqa_tests::{
    echo_room::{ROOMS, Scene, room},
    voices::{OPEN_SENTENCES, SAMPLE_RATE_HZ, Speaker, Studio},
};

/// Samples between two sentences: 0.4 s.
const PAUSE: usize = 2 * SAMPLE_RATE_HZ / 5;
/// Somebody speaks after this many samples, when the room is known: 6 s.
const SPEAKS_AT: usize = 6 * SAMPLE_RATE_HZ;
/// Whoever was not noticed after this many samples was not at all: 1.5 s.
const NOTICED: usize = 3 * SAMPLE_RATE_HZ / 2;

/// Reports how often Loqa stops for its own echo, and how soon for people.
pub fn run(minutes: usize, report: &mut Report) -> Result<()> {
    let studio = Studio::open()?;
    let mut sentences = OPEN_SENTENCES
        .lines()
        .filter(|line| !line.is_empty())
        .cycle();
    let mut says = |samples: usize| -> Result<Vec<f32>> {
        let mut played = Vec::new();
        while played.len() < samples {
            let sentence = sentences.next().unwrap_or_default();
            let clip = studio.speak(Speaker::Flite("slt"), sentence)?;
            played.extend_from_slice(clip.speech());
            played.extend([0.0; PAUSE]);
        }
        played.truncate(samples);
        Ok(played)
    };
    let (mut ducked, mut stopped) = (0, 0);
    let each = minutes * 60 * SAMPLE_RATE_HZ / ROOMS.len();
    for (seed, (fades_ms, level_db)) in (0..).zip(ROOMS) {
        eprintln!("its own echo, {fades_ms} ms, {level_db} dB …");
        let scene = Scene {
            played: says(each)?,
            response: room(fades_ms, level_db, seed),
            voice: Vec::new(),
        };
        for (at, act) in scene.run()?.acts {
            ducked += usize::from(act == Act::Duck);
            if matches!(act, Act::Yield { .. }) {
                eprintln!("  stopped after {:.1} s", ms(at) / 1000.0);
                stopped += 1;
            }
        }
    }
    let figure = |report: &mut Report, metric: &str, value, unit: &str, goal| {
        report.figure("barge-in", metric, value, unit, goal);
    };
    let count = |n: usize| Some(n as f64);
    let goal = Goal::AtMost(0.0);
    figure(
        report,
        "own_echo.false_stops",
        count(stopped),
        "stops",
        goal,
    );
    // Stops are rare and independent: seconds stand for trials.
    let most = upper_bound_95(stopped, minutes * 60).map(|share| share * 3600.0);
    figure(
        report,
        "own_echo.false_stops_at_most_95",
        most,
        "per hour",
        Goal::None,
    );
    figure(
        report,
        "own_echo.false_ducks",
        count(ducked),
        "ducks",
        Goal::None,
    );
    figure(
        report,
        "own_echo.minutes",
        count(minutes),
        "min",
        Goal::None,
    );

    let (mut people, mut unnoticed, mut unyielded) = (0, 0, 0);
    let (mut duck_ms, mut yield_ms) = (Vec::new(), Vec::new());
    for (seed, (fades_ms, level_db)) in (0..).zip(ROOMS) {
        eprintln!("people, {fades_ms} ms, {level_db} dB …");
        for speaker in ["rms", "awb", "kal16"] {
            for words in ["stop", "turn off the kitchen lights"] {
                let clip = studio.speak(Speaker::Flite(speaker), words)?;
                let scene = Scene {
                    played: says(SPEAKS_AT + 2 * SAMPLE_RATE_HZ)?,
                    response: room(fades_ms, level_db, seed),
                    voice: [0.0]
                        .repeat(SPEAKS_AT)
                        .into_iter()
                        .chain(across_the_room(&clip))
                        .collect(),
                };
                let acts = scene.run()?.acts;
                let after = |wanted: fn(&Act) -> bool| {
                    let heard = SPEAKS_AT..SPEAKS_AT + NOTICED;
                    let mut acts = acts
                        .iter()
                        .filter(|(at, act)| heard.contains(at) && wanted(act));
                    acts.next().map(|(at, _)| ms(at - SPEAKS_AT))
                };
                people += 1;
                match after(|act| *act == Act::Duck) {
                    Some(ms) => duck_ms.push(ms),
                    None => unnoticed += 1,
                }
                match after(|act| matches!(act, Act::Yield { .. })) {
                    Some(ms) => yield_ms.push(ms),
                    None => unyielded += 1,
                }
            }
        }
    }
    let share = |n: usize| Some(n as f64 / people as f64);
    figure(
        report,
        "in_echo.not_ducked",
        share(unnoticed),
        "share",
        Goal::None,
    );
    figure(
        report,
        "in_echo.not_yielded",
        share(unyielded),
        "share",
        Goal::None,
    );
    for (metric, values) in [("duck", &duck_ms), ("yield", &yield_ms)] {
        for (name, q) in [("p50", 0.5), ("p95", 0.95)] {
            let metric = format!("in_echo.onset_to_{metric}_{name}");
            figure(report, &metric, quantile(values, q), "ms", Goal::None);
        }
    }
    Ok(())
}
