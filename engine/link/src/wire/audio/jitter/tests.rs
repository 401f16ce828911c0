use super::*;
use crate::wire::audio::packet::{Encoding, Route};
use expect_test::{Expect, expect};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::fmt::Write;

/// Frame `n` holds `n`.
fn packet(sequence: u32, copies: u32) -> Packet {
    let frame = |sequence: u32| Coded {
        encoding: Encoding::Opus,
        bytes: sequence.to_be_bytes().to_vec(),
    };
    Packet {
        route: Route {
            stream: 0,
            request: 0,
        },
        sequence,
        last: false,
        frames: (0..=copies.min(sequence))
            .map(|back| frame(sequence - back))
            .collect(),
    }
}

fn number(frame: &Coded) -> u32 {
    u32::from_be_bytes(frame.bytes[..].try_into().unwrap())
}

/// A net and who listens at its end: `script` says when which packet comes, as `ms sequence[+copies][!]`.
fn check(script: &str, expected: Expect) {
    let mut jitter = Jitter::default();
    let mut text = String::new();
    let mut now = 0;
    let mut listen = |jitter: &mut Jitter, until: u64| {
        loop {
            while let Some(next) = jitter.pop(Duration::from_millis(now)) {
                let said = match next {
                    Next::Frame(frame) => number(&frame).to_string(),
                    Next::Lost => "lost".into(),
                };
                writeln!(text, "{now} {said}").unwrap();
            }
            match jitter.deadline() {
                Some(at) if at.as_millis() as u64 <= until => now = now.max(at.as_millis() as u64),
                _ => break,
            }
        }
        now = until;
    };
    for line in script.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let (at, what) = line.split_once(' ').unwrap();
        let at = at.parse().unwrap();
        listen(&mut jitter, at);
        if what == "end" {
            jitter.end();
        } else {
            let (what, last) = what
                .strip_suffix('!')
                .map_or((what, false), |it| (it, true));
            let (sequence, copies) = what.split_once('+').unwrap_or((what, "0"));
            let mut packet = packet(sequence.parse().unwrap(), copies.parse().unwrap());
            packet.last = last;
            jitter.push(packet, Duration::from_millis(at));
        }
        listen(&mut jitter, at);
    }
    listen(&mut jitter, 60_000);
    let Counts {
        whole,
        copied,
        lost,
        useless,
    } = jitter.counts();
    writeln!(
        text,
        "{whole} whole, {copied} copied, {lost} lost, {useless} useless; over: {}",
        jitter.is_over()
    )
    .unwrap();
    expected.assert_eq(&text);
}

#[test]
fn what_comes_in_order_is_not_kept_waiting() {
    check(
        "100 0\n120 1\n140 2!",
        expect![[r#"
        100 0
        120 1
        140 2
        3 whole, 0 copied, 0 lost, 0 useless; over: true
    "#]],
    );
}

#[test]
fn a_lost_frame_comes_with_the_next_packet() {
    check(
        "100 0\n140 2+2\n160 3+2!",
        expect![[r#"
        100 0
        140 1
        140 2
        160 3
        3 whole, 1 copied, 0 lost, 0 useless; over: true
    "#]],
    );
}

#[test]
fn a_hole_is_given_up_and_its_frame_is_useless_then() {
    check(
        "100 0\n140 2\n160 3\n400 1\n420 4!",
        expect![[r#"
        100 0
        180 lost
        180 2
        180 3
        420 4
        4 whole, 0 copied, 1 lost, 1 useless; over: true
    "#]],
    );
}

#[test]
fn what_was_kept_before_the_wake_comes_at_once_and_a_hole_in_it_is_waited_for() {
    check(
        "100 0\n100 1\n100 3\n101 2\n101 5\n102 6+2!",
        expect![[r#"
        100 0
        100 1
        101 2
        101 3
        102 4
        102 5
        102 6
        6 whole, 1 copied, 0 lost, 0 useless; over: true
    "#]],
    );
}

#[test]
fn the_end_may_be_told_by_the_stream_alone() {
    check(
        "100 0\n130 3\n130 end\n500 4",
        expect![[r#"
        100 0
        160 lost
        170 lost
        170 3
        2 whole, 0 copied, 2 lost, 1 useless; over: true
    "#]],
    );
}

#[test]
fn a_giant_leap_is_no_reason_to_invent_audio() {
    check(
        "100 0\n120 4000000000\n120 1!",
        expect![[r#"
        100 0
        120 1
        2 whole, 0 copied, 0 lost, 1 useless; over: true
    "#]],
    );
}

/// What is lost and how long frames wait, on nets as they are.
#[test]
fn every_frame_arrives_or_is_concealed_whatever_the_net_does() {
    let mut text = String::new();
    for (name, loss, delay, spread, copies) in [
        ("a cable", 0.0, 1, 0, 2),
        ("2 % loss", 0.02, 5, 2, 2),
        ("5 % loss, 50 ± 30 ms", 0.05, 50, 30, 2),
        ("5 % loss, 50 ± 30 ms, one copy", 0.05, 50, 30, 1),
        ("20 % loss, 100 ± 90 ms", 0.2, 100, 90, 2),
    ] {
        let (mut lost, mut waits) = (0, Vec::new());
        for seed in 0..20 {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            const FRAMES: u32 = 500;
            let mut arrivals = Vec::new();
            for sequence in 0..FRAMES {
                let sent = 1000 + u64::from(sequence) * FRAME_MS;
                let mut packet = packet(sequence, copies);
                packet.last = sequence == FRAMES - 1;
                let takes = random.random_range(delay - spread..=delay + spread);
                // The stream tells the end if the packet does not.
                if packet.last || !random.random_bool(loss) {
                    arrivals.push((sent + takes, packet));
                }
            }
            arrivals.sort_by_key(|(at, packet)| (*at, packet.sequence));
            let mut arrivals = arrivals.into_iter().peekable();
            let (mut jitter, mut came) = (Jitter::default(), 0);
            for now in 0..60_000 {
                while let Some((_, packet)) = arrivals.next_if(|(at, _)| *at == now) {
                    jitter.push(packet, Duration::from_millis(now));
                }
                while let Some(next) = jitter.pop(Duration::from_millis(now)) {
                    if let Next::Frame(frame) = next {
                        assert_eq!(number(&frame), came, "in order, each once");
                    }
                    waits.push(now - (1000 + u64::from(came) * FRAME_MS));
                    came += 1;
                }
            }
            assert_eq!(
                (came, jitter.is_over()),
                (FRAMES, true),
                "{name}, seed {seed}"
            );
            lost += jitter.counts().lost;
        }
        waits.sort_unstable();
        let part = |share: usize| waits[(waits.len() - 1) * share / 1000];
        writeln!(
            text,
            "{name}: {lost} of {} lost; half after {} ms, 99 % after {}, all after {}",
            waits.len(),
            part(500),
            part(990),
            part(1000)
        )
        .unwrap();
    }
    expect![[r#"
        a cable: 0 of 10000 lost; half after 1 ms, 99 % after 1, all after 1
        2 % loss: 0 of 10000 lost; half after 5 ms, 99 % after 25, all after 47
        5 % loss, 50 ± 30 ms: 2 of 10000 lost; half after 47 ms, 99 % after 84, all after 139
        5 % loss, 50 ± 30 ms, one copy: 26 of 10000 lost; half after 48 ms, 99 % after 96, all after 150
        20 % loss, 100 ± 90 ms: 100 of 10000 lost; half after 94 ms, 99 % after 224, all after 265
    "#]].assert_eq(&text);
}

proptest::proptest! {
    /// Whatever comes in whatever order, it ends, with all frames up to its end, and never more than were sent.
    #[test]
    fn it_ends_with_as_many_frames_as_there_were(
        arrivals in proptest::collection::vec((0u32..300, 0u32..4, 0u64..50, proptest::bool::weighted(0.02)), 0..200),
    ) {
        let (mut jitter, mut now, mut given) = (Jitter::default(), 0, 0);
        for (sequence, copies, wait, last) in arrivals {
            now += wait;
            let mut packet = packet(sequence, copies);
            packet.last = last;
            jitter.push(packet, Duration::from_millis(now));
            while jitter.pop(Duration::from_millis(now)).is_some() {
                given += 1;
            }
        }
        jitter.end();
        while !jitter.is_over() {
            let at = jitter.deadline().expect("a hole before the end has a deadline");
            now = now.max(at.as_millis() as u64 + 1);
            while jitter.pop(Duration::from_millis(now)).is_some() {
                given += 1;
            }
        }
        proptest::prop_assert!(given <= 300);
        proptest::prop_assert_eq!(jitter.counts().lost, given - (jitter.counts().whole + jitter.counts().copied));
    }
}
