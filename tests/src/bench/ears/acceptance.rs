//! Orders that are understood and talk that is not, clean and in noise, beside the recogniser as
//! it comes.

use super::{
    super::figure::{Goal, Report, interval_95},
    plain,
};
use anyhow::{Context as _, Result};
use loqa_core::grammar::SpeechGrammar;
use loqa_inference::stt::{Ears, PocketSphinx};
use loqa_tests::{
    coffee::{self, Heard, Order},
    voices::{Clip, Noise, SPEAKERS, Speaker, Studio},
};
use std::sync::Arc;

/// Level of the noise below the speech, dB.
const SNR_DB: [f32; 3] = [20.0, 10.0, 6.0];

/// Reports on the recordings of people, on `orders` by synthetic speakers, and on `talk` open
/// sentences in each condition.
pub fn run(orders: usize, talk: usize, report: &mut Report) -> Result<()> {
    let studio = Studio::open()?;
    let speakers: Vec<Speaker> = (SPEAKERS.iter().copied())
        .filter(Speaker::is_recorded)
        .collect();
    let said: Vec<Clip> = studio.talk(&speakers).collect::<Result<_>>()?;
    let bench = Acceptance {
        ears: PocketSphinx::open(Ears::default(), 1).context("no recogniser")?,
        grammar: coffee::grammar()?,
        said: &said,
    };
    match coffee::folder() {
        Some(folder) => {
            let people = coffee::people(&folder)?;
            bench.orders("people", &people, report)?;
            bench.in_another_order(&people, report)?;
        }
        None => report.figure(
            "ears",
            "acceptance.people.clean.right",
            None,
            "share",
            Goal::None,
        ),
    }
    if orders > 0 {
        let synthetic = coffee::synthetic(&studio, &speakers, orders, 1)?;
        bench.orders("synthetic", &synthetic, report)?;
    }
    bench.talk(talk, report)
}

struct Acceptance<'a> {
    ears: PocketSphinx,
    grammar: Arc<SpeechGrammar>,
    /// What else is said, which is talk and, all at once, babble.
    said: &'a [Clip],
}

/// Where a clip is heard.
#[derive(Clone, Copy)]
struct Room<'a> {
    noise: Option<(&'static str, Noise<'a>, f32)>,
}

impl Room<'_> {
    fn clip(&self, clip: &Clip, seed: u64) -> Clip {
        match self.noise {
            None => clip.clone(),
            Some((_, noise, snr_db)) => clip.with_noise(noise, snr_db, seed),
        }
    }
}

impl std::fmt::Display for Room<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.noise {
            None => f.write_str("clean"),
            Some((name, _, snr_db)) => write!(f, "{name}_{snr_db}db"),
        }
    }
}

impl<'a> Acceptance<'a> {
    fn rooms(&self) -> impl Iterator<Item = Room<'a>> {
        let kinds = [("pink", Noise::Pink), ("babble", Noise::Babble(self.said))];
        let noisy = kinds.into_iter().flat_map(|(name, noise)| {
            SNR_DB.map(|snr_db| Room {
                noise: Some((name, noise, snr_db)),
            })
        });
        std::iter::once(Room { noise: None }).chain(noisy)
    }

    fn hear(&self, clip: &Clip) -> Result<Heard> {
        coffee::hear(&self.ears, &self.grammar, &clip.samples)
    }

    fn orders(&self, who: &str, orders: &[Order], report: &mut Report) -> Result<()> {
        for room in self.rooms() {
            eprintln!("{} orders of {who}, {room} …", orders.len());
            let clips: Vec<Clip> = (orders.iter().zip(0..))
                .map(|(order, seed)| room.clip(&order.clip, seed))
                .collect();
            let samples: Vec<Vec<f32>> = clips.iter().map(|clip| clip.samples.clone()).collect();
            let words = plain::transcribe(&coffee::jsgf(), &samples)?;
            let (mut right, mut refused, mut plain_right) = (0, 0, 0);
            for (number, (order, clip)) in orders.iter().zip(&clips).enumerate() {
                let heard = self.hear(clip)?;
                right += usize::from(order.is_met_by(&heard));
                refused += usize::from(heard.rejected);
                let plain = words.as_ref().map(|words| Heard {
                    text: words[number].clone(),
                    rejected: false,
                });
                plain_right += usize::from(plain.is_some_and(|plain| order.is_met_by(&plain)));
                if !order.is_met_by(&heard) {
                    let verdict = if heard.rejected { " (rejected)" } else { "" };
                    eprintln!("  {} was heard as “{}”{verdict}", order.name, heard.text);
                }
            }
            let count = orders.len();
            let share = |part: usize| part as f64 / count as f64;
            let plain = words.is_some().then(|| share(plain_right));
            let interval = interval_95(right, count);
            let goal = match (who, plain) {
                ("people", Some(plain)) if room.noise.is_none() => Goal::AtLeast(plain),
                _ => Goal::None,
            };
            let figures = [
                ("right", Some(share(right)), goal),
                ("right_low_95", interval.map(|at| at.0), Goal::None),
                ("right_high_95", interval.map(|at| at.1), Goal::None),
                ("refused", Some(share(refused)), Goal::None),
                ("right_by_the_plain_recogniser", plain, Goal::None),
            ];
            for (metric, value, goal) in figures {
                let metric = format!("acceptance.{who}.{room}.{metric}");
                report.figure("ears", &metric, value, "share", goal);
            }
            if let Some((_, _, snr_db)) = room.noise {
                let goal = if who == "people" && snr_db > 6.0 {
                    Goal::AtMost(0.5)
                } else {
                    Goal::None
                };
                let ratio = plain
                    .filter(|plain| *plain < 1.0)
                    .map(|plain| (1.0 - share(right)) / (1.0 - plain));
                let metric = format!("acceptance.{who}.{room}.errors_of_the_plain_recogniser");
                report.figure("ears", &metric, ratio, "ratio", goal);
            }
        }
        Ok(())
    }

    /// The same clips backwards: what was heard before must not matter.
    fn in_another_order(&self, orders: &[Order], report: &mut Report) -> Result<()> {
        let hear = |order: &Order| self.hear(&order.clip);
        let first: Vec<Heard> = orders.iter().map(hear).collect::<Result<_>>()?;
        let second: Vec<Heard> = orders.iter().rev().map(hear).collect::<Result<_>>()?;
        let pairs = first.iter().zip(second.iter().rev());
        let differ = pairs.filter(|(first, second)| first != second).count();
        report.figure(
            "ears",
            "acceptance.people.changed_by_order",
            Some(differ as f64),
            "clips",
            Goal::AtMost(0.0),
        );
        Ok(())
    }

    fn talk(&self, count: usize, report: &mut Report) -> Result<()> {
        for room in self.rooms() {
            let talk: Vec<&Clip> = self.said.iter().take(count).collect();
            if talk.is_empty() {
                continue;
            }
            eprintln!("{} open sentences, {room} …", talk.len());
            let mut refused = 0;
            for (clip, seed) in talk.iter().zip(0..) {
                let clip = room.clip(&clip.framed(300, 500).in_room(seed), seed);
                let heard = self.hear(&clip)?;
                refused += usize::from(heard.rejected || heard.text.is_empty());
            }
            let share = refused as f64 / talk.len() as f64;
            let metric = format!("acceptance.talk.{room}.refused");
            report.figure("ears", &metric, Some(share), "share", Goal::AtLeast(0.97));
        }
        Ok(())
    }
}
