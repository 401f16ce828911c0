//! What a frame of 20 ms costs the processors at both ends: the link's, encrypted and with its copies, beside Wyoming's, which
//! is what voice satellites speak today, plain, over TCP.

use super::{
    House,
    part::{Codec, Order},
};
use crate::{
    figure::{Goal, Report},
    peer,
};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::{path::Path, thread::sleep, time::Duration};

/// So often all are measured, one after the other: what else the machine does falls on each.
const ROUNDS: usize = 3;
/// Until what was sent last has been heard.
const HEARD: Duration = Duration::from_millis(500);

/// Seconds of the processor.
#[derive(Clone, Copy, Default, Deserialize)]
struct Used {
    sender_s: f64,
    receiver_s: f64,
}

/// Reports what a frame costs.
pub fn measure(folder: &Path, seconds: u64, report: &mut Report) -> Result<()> {
    House::open(folder, 1)?;
    let frames = super::frames(seconds).div_ceil(ROUNDS);
    let mut used = [Used::default(); 2];
    let mut wyoming = Some(Used::default());
    for round in 1..=ROUNDS {
        eprintln!("what a frame costs, {round} of {ROUNDS} …");
        for (sum, codec) in used.iter_mut().zip([Codec::Pcm, Codec::Opus]) {
            sum.add(link(folder, codec, frames)?);
        }
        let args = [frames.to_string().into()];
        let what = "Wyoming's cost of a frame";
        let peer: Option<Used> = peer::measure(what, "household", "wyoming_peer.py", &args)?;
        wyoming = wyoming.zip(peer).map(|(mut sum, peer)| {
            sum.add(peer);
            sum
        });
    }
    let all = (frames * ROUNDS) as f64;
    let us = |seconds: f64| Some(seconds / all * 1e6);
    let [pcm, opus] = used;
    for (name, used) in [
        ("pcm", Some(pcm)),
        ("opus", Some(opus)),
        ("wyoming", wyoming),
    ] {
        let mut figure = |what: &str, value: Option<f64>| {
            let metric = format!("frame_{name}_{what}");
            report.figure("household", &metric, value, "µs", Goal::None);
        };
        figure("sender", used.and_then(|it| us(it.sender_s)));
        figure("receiver", used.and_then(|it| us(it.receiver_s)));
    }
    for (name, used, goal) in [
        // Both carry what a microphone gave.
        ("pcm", pcm, Goal::AtMost(1.0)),
        ("opus", opus, Goal::AtMost(1.0)),
    ] {
        let of = wyoming.map(|it| used.sum() / it.sum());
        let metric = format!("frame_{name}_of_wyoming");
        report.figure("household", &metric, of, "x", goal);
    }
    Ok(())
}

impl Used {
    fn add(&mut self, more: Used) {
        self.sender_s += more.sender_s;
        self.receiver_s += more.receiver_s;
    }

    fn sum(&self) -> f64 {
        self.sender_s + self.receiver_s
    }
}

/// Of one puck that says so many frames.
fn link(folder: &Path, codec: Codec, frames: usize) -> Result<Used> {
    let mut hub = super::hub(folder, 1, "127.0.0.1:0", None)?;
    let at = hub.address.context("the hub is nowhere")?;
    let mut puck = super::pucks(folder, at, codec, 0..1, None)?;
    let before = hub.ask(&Order::Used)?.processor_s;
    let said = puck.ask(&Order::Talk { pucks: 1, frames })?;
    sleep(HEARD);
    Ok(Used {
        sender_s: said.processor_s,
        receiver_s: hub.ask(&Order::Used)?.processor_s - before,
    })
}
