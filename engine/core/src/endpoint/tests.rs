//! Sound as text: `<ms> <level dB> <score>` per stretch; what is expected may change between.

use super::*;
use crate::seams::FRAME_SAMPLES;
use expect_test::{Expect, expect};
use std::fmt::Write;

/// Plays stretches of tone, one frame after the other, and tells what happened at which ms.
#[track_caller]
fn check(script: &str, expect: Expect) {
    let mut endpointer = Endpointer::new(EndpointConfig::default());
    let mut log = String::new();
    let mut offset = 0;
    let mut note = |now: u64, event: EndpointEvent| {
        let ms = |samples: u64| samples / 16;
        let _ = match event {
            EndpointEvent::SpeechStarted { at } => {
                writeln!(log, "{} speech from {} ms", ms(now), ms(at))
            }
            EndpointEvent::Paused { at } => {
                writeln!(log, "{} pause since {} ms", ms(now), ms(at))
            }
            EndpointEvent::Resumed { at } => {
                writeln!(log, "{} speech again since {} ms", ms(now), ms(at))
            }
            EndpointEvent::Endpoint {
                last_voiced,
                at,
                expectation,
            } => {
                writeln!(
                    log,
                    "{} over, {} ms after the last voice, {}",
                    ms(at),
                    ms(at - last_voiced),
                    expectation.name()
                )
            }
        };
    };
    for line in script.lines().map(str::trim) {
        let event = match line {
            "closed" => endpointer.expect(Expectation::Closed),
            "extendable" => endpointer.expect(Expectation::Extendable),
            "grave" => endpointer.expect(Expectation::Grave),
            "reopen" => {
                endpointer.reopen();
                endpointer.expect(Expectation::Incomplete)
            }
            stretch => {
                let numbers: Vec<f32> = stretch
                    .split(' ')
                    .map(|number| number.parse().unwrap())
                    .collect();
                let [ms, level_db, score] = numbers[..] else {
                    panic!("{stretch}")
                };
                let peak = 10f32.powf(level_db / 20.0) * 2f32.sqrt();
                for _ in 0..(ms / 20.0) as usize {
                    let samples: Vec<f32> = (0..FRAME_SAMPLES)
                        .map(|i| peak * (i as f32 * 0.7).sin())
                        .collect();
                    let mut events = Vec::new();
                    endpointer.hear(offset, &samples, &[score], &mut events);
                    offset += FRAME_SAMPLES as u64;
                    events.into_iter().for_each(|event| note(offset, event));
                }
                None
            }
        };
        if let Some(event) = event {
            note(offset, event);
        }
    }
    expect.assert_eq(&log);
}

#[test]
fn a_closed_sentence_ends_soon_and_others_later() {
    check(
        "400 -70 0.2\n600 -20 0.9\nclosed\n300 -70 0.2",
        expect![[r#"
            460 speech from 100 ms
            1020 pause since 1000 ms
            1040 over, 40 ms after the last voice, closed
        "#]],
    );
    check(
        "400 -70 0.2\n600 -20 0.9\nextendable\n300 -70 0.2",
        expect![[r#"
            460 speech from 100 ms
            1020 pause since 1000 ms
            1180 over, 180 ms after the last voice, extendable
        "#]],
    );
    check(
        "400 -70 0.2\n600 -20 0.9\n900 -70 0.2",
        expect![[r#"
            460 speech from 100 ms
            1020 pause since 1000 ms
            1700 over, 700 ms after the last voice, incomplete
        "#]],
    );
}

#[test]
fn words_that_are_known_late_end_the_silence_at_once() {
    check(
        "400 -70 0.2\n600 -20 0.9\n100 -70 0.2\nclosed\n300 -70 0.2",
        expect![[r#"
            460 speech from 100 ms
            1020 pause since 1000 ms
            1100 over, 100 ms after the last voice, closed
        "#]],
    );
}

#[test]
fn a_closed_mouth_is_not_yet_the_end() {
    check(
        "400 -70 0.2\n600 -20 0.9\nclosed\n60 -70 0.9\n40 -30 0.9\n200 -70 0.2",
        expect![[r#"
            460 speech from 100 ms
            1020 pause since 1000 ms
            1080 speech again since 1060 ms
            1120 pause since 1100 ms
            1140 over, 40 ms after the last voice, closed
        "#]],
    );
}

#[test]
fn a_pause_inside_does_not_end_an_unfinished_sentence() {
    check(
        "400 -70 0.2\n400 -20 0.9\n300 -70 0.2\n400 -20 0.9\nclosed\n200 -70 0.2",
        expect![[r#"
            460 speech from 100 ms
            820 pause since 800 ms
            1120 speech again since 1100 ms
            1520 pause since 1500 ms
            1540 over, 40 ms after the last voice, closed
        "#]],
    );
}

#[test]
fn the_end_is_seen_in_noise() {
    check(
        "800 -40 0.3\n600 -20 0.9\nclosed\n300 -40 0.3",
        expect![[r#"
            860 speech from 500 ms
            1420 pause since 1400 ms
            1440 over, 40 ms after the last voice, closed
        "#]],
    );
}

#[test]
fn a_click_is_no_utterance_and_one_syllable_no_command_yet() {
    check("400 -70 0.2\n40 -10 0.9\n400 -70 0.2", expect![[""]]);
    check(
        "400 -70 0.2\n200 -20 0.9\nclosed\n300 -70 0.2",
        expect![[r#"
              460 speech from 100 ms
              620 pause since 600 ms
              700 over, 100 ms after the last voice, closed
        "#]],
    );
}

#[test]
fn an_endpoint_can_be_taken_back() {
    check(
        "400 -70 0.2\n600 -20 0.9\nclosed\n100 -70 0.2\nreopen\n300 -20 0.9\nclosed\n300 -70 0.2",
        expect![[r#"
            460 speech from 100 ms
            1020 pause since 1000 ms
            1040 over, 40 ms after the last voice, closed
            1120 speech again since 1100 ms
            1420 pause since 1400 ms
            1440 over, 40 ms after the last voice, closed
        "#]],
    );
}

#[test]
fn nobody_speaks_for_ever() {
    check(
        "400 -70 0.2\n16000 -20 0.9",
        expect![[r#"
            460 speech from 100 ms
            15100 over, 0 ms after the last voice, incomplete
            15160 speech from 14800 ms
        "#]],
    );
}

#[test]
fn what_is_no_number_is_silence() {
    let mut endpointer = Endpointer::new(EndpointConfig::default());
    let mut events = Vec::new();
    for frame in 0..100 {
        endpointer.hear(
            frame * 320,
            &[f32::NAN; FRAME_SAMPLES],
            &[f32::NAN],
            &mut events,
        );
    }
    assert!(events.is_empty());
}

#[test]
fn a_sentence_that_may_go_on_ends_when_its_last_word_has_faded() {
    // Long and without a pause, so that its own level is the floor of the last two seconds.
    check(
        "600 -60 0.05
         2400 -20 0.95
         extendable
         100 -45 0.8
         400 -60 0.1",
        expect![[r#"
            660 speech from 300 ms
            3020 pause since 3000 ms
            3280 over, 280 ms after the last voice, extendable
        "#]],
    );
}
