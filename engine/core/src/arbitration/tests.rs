use super::*;
use crate::seams::{AudioFrame, FRAME_SAMPLES};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn bid(by: char, end: u64, above_noise_db: f32) -> Bid<char> {
    Bid {
        by,
        phrase: "hey loqa".into(),
        end: ms(end),
        above_noise_db,
        score: 0.8,
        doubted: false,
        detector: "keyphrase".into(),
    }
}

/// A house that hears calls: `1000 K 900 20` is told by K at 1000 ms, of a phrase that ended at 900 ms and stood 20 dB above
/// its noise, and with a score after that, below 0.5 doubts it; `1100 K acts` is something that is about to come of it there, `1100 K gone`. `others` microphones more.
fn check(others: usize, story: &str, wanted: &str) {
    let mut house = Arbitration::default();
    let mut calls = BTreeMap::new();
    let mut told = Vec::new();
    let decide = |house: &mut Arbitration<char>, now: u64, told: &mut Vec<String>| {
        for (_, by) in house.decide(ms(now)) {
            told.push(format!("{by} answers"));
        }
    };
    for line in story.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        let now: u64 = words[0].parse().unwrap();
        let by = words[1].chars().next().unwrap();
        decide(&mut house, now, &mut told);
        match words[2] {
            "acts" => {
                let may = house.settle(calls[&by], &by);
                told.push(format!("{by} {}", if may { "acts" } else { "may not" }));
            }
            "gone" => house.withdraw(calls[&by], &by),
            end => {
                let mut bid = bid(by, end.parse().unwrap(), words[3].parse().unwrap());
                if let Some(score) = words.get(4) {
                    bid.score = score.parse().unwrap();
                    bid.doubted = bid.score < 0.5;
                }
                if let Some(phrase) = words.get(5) {
                    bid.phrase = (*phrase).into();
                }
                match house.bid(bid, others, ms(now)) {
                    Outcome::Loses => told.push(format!("{by} loses")),
                    Outcome::Leads {
                        call,
                        instead_of,
                        sure,
                    } => {
                        calls.insert(by, call);
                        let how = if sure { "answers" } else { "leads" };
                        let before = instead_of.map(|it| format!(" instead of {it}"));
                        told.push(format!("{by} {how}{}", before.unwrap_or_default()));
                    }
                }
            }
        }
    }
    decide(&mut house, 100_000, &mut told);
    assert_eq!(told.join(", "), wanted, "{story}");
}

#[test]
fn a_lone_microphone_waits_for_nobody() {
    check(0, "1000 K 900 20", "K answers");
}

#[test]
fn the_one_that_heard_it_best_answers_whoever_was_first() {
    check(
        1,
        "1000 K 900 20\n1050 H 920 12",
        "K leads, H loses, K answers",
    );
    check(
        1,
        "1000 H 920 12\n1050 K 900 20",
        "H leads, K answers instead of H",
    );
    // A third is waited for, and does not come.
    check(
        2,
        "1000 H 920 12\n1050 K 900 20",
        "H leads, K leads instead of H, K answers",
    );
}

#[test]
fn who_comes_late_has_lost_and_a_second_call_is_another() {
    check(
        2,
        "1000 H 900 12\n1300 K 900 30\n2900 K 2800 30\n2950 H 2800 12",
        "H leads, H answers, K loses, K leads, H loses, K answers",
    );
    // Another phrase, at the same time, is another call.
    check(
        2,
        "1000 H 900 12\n1010 K 900 30 0.8 computer",
        "H leads, K leads, H answers, K answers",
    );
}

#[test]
fn one_that_is_doubted_answers_only_if_something_comes_of_it() {
    check(1, "1000 K 900 20 0.4", "K leads");
    check(0, "1000 K 900 20 0.4\n3000 K acts", "K leads, K acts");
    check(
        1,
        "1000 K 900 20 0.4\n1400 H 900 12 0.9\n3000 K acts",
        "K leads, H answers instead of K, K may not",
    );
    check(
        1,
        "1000 K 900 20 0.9\n1050 H 900 32 0.4",
        "K leads, H loses, K answers",
    );
    check(
        2,
        "1000 K 900 20 0.4\n1050 H 900 32 0.4\n1400 K 900 20 0.9",
        "K leads, H leads instead of K, K leads instead of H, K answers",
    );
    check(
        0,
        "1000 K 900 20 0.4\n1200 K 900 20 0.9",
        "K leads, K answers",
    );
}

#[test]
fn what_has_come_of_a_call_is_not_taken_back() {
    check(
        2,
        "1000 H 900 12\n1100 H acts\n1120 K 900 30\n1130 H acts",
        "H leads, H acts, K loses, H acts",
    );
    check(
        2,
        "1000 H 900 12\n1100 K 900 30\n1120 H acts\n1130 K acts",
        "H leads, K leads instead of H, H may not, K acts",
    );
}

#[test]
fn of_two_that_heard_it_alike_the_surer_answers_and_else_the_first() {
    check(
        2,
        "1000 H 900 20 0.6\n1100 K 900 19.5 0.9",
        "H leads, K leads instead of H, K answers",
    );
    check(
        2,
        "1000 H 900 20 0.8\n1100 K 900 21 0.8",
        "H leads, K loses, H answers",
    );
}

#[test]
fn one_that_goes_leaves_the_word_and_one_that_has_it_keeps_it_through_an_outage() {
    check(
        2,
        "1000 K 900 20\n1050 K gone\n1100 H 900 9",
        "K leads, H leads, H answers",
    );
    check(
        2,
        "1000 K 900 20\n1300 K gone\n4000 H 900 30\n4100 K 910 20",
        "K leads, K answers, H loses, K answers",
    );
    // Told twice by its detector.
    check(
        2,
        "1000 K 900 20\n1100 K 900 20",
        "K leads, K leads, K answers",
    );
}

#[test]
fn a_microphone_that_makes_everything_louder_has_not_heard_it_better() {
    let heard = |gain: f32, voice: f32| {
        let mut loudness = Loudness::default();
        for number in 0..200_u64 {
            let (said, sign) = (number >= 150, if number % 2 == 0 { 1.0 } else { -1.0 });
            let sample = gain * sign * if said { voice } else { 0.001 };
            loudness.hear(&AudioFrame {
                offset: number * FRAME_SAMPLES as u64,
                samples: [sample; FRAME_SAMPLES].into(),
            });
        }
        loudness.above_noise_db(200 * FRAME_SAMPLES as u64).round()
    };
    assert_eq!(
        [heard(1.0, 0.1), heard(5.0, 0.1), heard(1.0, 0.01)],
        [40.0, 40.0, 20.0]
    );
    assert_eq!(Loudness::default().above_noise_db(16_000), 0.0);
}

proptest! {
    /// Whatever the order and the delay, and whoever acts meanwhile: of each call one is heard, and the others never act.
    #[test]
    fn exactly_one_answers_each_call(
        bids in prop::collection::vec((0_u8..8, 0_u64..600, 0_u64..2000, -10.0_f32..90.0, 0.0_f32..1.0, any::<bool>()), 1..12),
        acts in prop::collection::vec((0_u64..3000, 0_u8..8), 0..12),
        others in 0_usize..8,
    ) {
        let mut house = Arbitration::default();
        let mut calls: BTreeMap<u8, CallId> = BTreeMap::new();
        let mut acted: BTreeMap<CallId, u8> = BTreeMap::new();
        let mut sure: BTreeMap<CallId, u8> = BTreeMap::new();
        let mut ended: BTreeMap<CallId, u8> = BTreeMap::new();
        let mut doubted = std::collections::BTreeSet::new();
        let mut all: Vec<(u64, Result<usize, u8>)> = Vec::new();
        all.extend(bids.iter().enumerate().map(|(at, it)| (1000 + it.1 + it.2, Ok(at))));
        all.extend(acts.iter().map(|(at, by)| (1000 + at, Err(*by))));
        all.sort_by_key(|it| it.0);
        for (now, what) in all {
            for (call, by) in house.decide(ms(now)) {
                prop_assert!(sure.insert(call, by).is_none_or(|before| before == by));
            }
            match what {
                Ok(at) => {
                    let (by, end, _, db, score, same) = bids[at];
                    let mut bid = bid('x', 1000 + end, db);
                    bid.score = score;
                    bid.detector = if same { "a" } else { "b" }.into();
                    let bid = Bid { by, phrase: bid.phrase, end: bid.end, above_noise_db: db, score, doubted: score < 0.3, detector: bid.detector };
                    if let Outcome::Leads { call, sure: is_sure, instead_of } = house.bid(bid, others, ms(now)) {
                        calls.insert(by, call);
                        if let Some(before) = instead_of {
                            prop_assert!(!acted.contains_key(&call), "{before} had acted");
                            prop_assert!(!sure.contains_key(&call));
                        }
                        // Who leads already does not begin to doubt.
                        let same = ended.insert(call, by) == Some(by);
                        if score >= 0.3 { doubted.remove(&call); } else if !same { doubted.insert(call); }
                        if is_sure {
                            prop_assert!(sure.insert(call, by).is_none_or(|before| before == by));
                        }
                    }
                }
                Err(by) => if let Some(call) = calls.get(&by)
                    && house.settle(*call, &by) {
                    prop_assert!(acted.insert(*call, by).is_none_or(|before| before == by));
                    sure.insert(*call, by);
                    doubted.remove(call);
                }
            }
        }
        for (call, by) in house.decide(ms(100_000)) {
            prop_assert!(sure.insert(call, by).is_none());
        }
        ended.retain(|call, _| !doubted.contains(call));
        prop_assert_eq!(&sure, &ended, "every call that was one has one that answers, and it is who led last");
        for (call, by) in acted {
            prop_assert_eq!(sure[&call], by);
        }
    }

    /// Told in time, the loudest answers, whatever the order.
    #[test]
    fn the_loudest_in_time_answers(order in Just((0_u8..5).collect::<Vec<_>>()).prop_shuffle(), delays in prop::collection::vec(0_u64..49, 5)) {
        let mut house = Arbitration::default();
        let mut now = 1000;
        for (by, delay) in order.into_iter().zip(delays) {
            now += delay;
            let bid = bid('x', 900 + delay, 10.0 + 2.0 * f32::from(by));
            let bid = Bid { by, phrase: bid.phrase, end: bid.end, above_noise_db: bid.above_noise_db, score: 0.5, doubted: false, detector: bid.detector };
            house.bid(bid, 9, ms(now));
        }
        let decided: Vec<u8> = house.decide(ms(2000)).into_iter().map(|(_, by)| by).collect();
        prop_assert_eq!(decided, [4]);
    }
}
