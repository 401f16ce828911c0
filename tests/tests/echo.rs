//! Loqa's own voice in its microphone, in rooms of several sizes: it is taken out well enough that
//! Loqa does not interrupt itself, and hears "stop" from somebody else who speaks at the same time.

use anyhow::{Result, ensure};
use loqa_core::{
    barge_in::{Act, is_stop},
    grammar::Context,
    seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ},
};
use loqa_engine::hub::demonstration_grammar;
use loqa_inference::stt::{Ears, Recogniser};
use loqa_protocol::Verdict;
use loqa_tests::{
    echo_room::{ROOMS, Scene, room},
    program::Home,
    voices::{Speaker, Studio, rms},
};

const RATE: usize = SAMPLE_RATE_HZ as usize;
const REPLIES: [&str; 3] = [
    "You can say, for example: turn off the kitchen lights; set a timer for ten minutes; what time is it.",
    "The kitchen lights and the living room lights are on, and the front door is locked.",
    "It is half past seven. Your pasta timer has four minutes left, and your egg timer is done.",
];

#[test]
fn loqa_does_not_interrupt_itself_and_hears_stop_while_it_speaks() -> Result<()> {
    if let Err(missing) = loqa_inference::echo::available() {
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
    for (seed, (fades_ms, level_db)) in ROOMS.into_iter().enumerate() {
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
