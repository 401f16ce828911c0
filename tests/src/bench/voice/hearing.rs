//! What the recogniser alone makes of commands, of talk that is none, and of real people.

use super::{
    super::figure::{Goal, Report},
    stimuli::{Corpus, Room},
};
use anyhow::{Context as _, Result};
use loqa_core::grammar::Context;
use loqa_inference::stt::{Ears, PocketSphinx};
use loqa_tests::coffee;

/// Reports how many commands are understood and how many open sentences refused, clean and in
/// noise, and what becomes of the recordings of real people.
pub fn run(corpus: &Corpus, count: usize, report: &mut Report) -> Result<()> {
    let ears = PocketSphinx::open(Ears::default(), 1).context("no recogniser")?;
    let grammar = corpus.grammar();
    let speech = grammar.speech();
    for room in [Room::Clean, Room::Noisy, Room::Formant] {
        eprintln!("{count} commands and {count} open sentences, {room} …");
        let (mut right, mut refused) = (0, 0);
        for command in corpus.commands(room, count)? {
            let heard = coffee::hear(&ears, &speech, &command.clip.samples)?;
            let understood = grammar.parse(&Context::Commands, &heard.text);
            refused += usize::from(heard.rejected);
            if understood.is_some_and(|found| found.steps == command.meaning.steps)
                && !heard.rejected
            {
                right += 1;
            } else {
                let verdict = if heard.rejected { " (rejected)" } else { "" };
                let (voice, words) = (command.speaker, &command.words);
                eprintln!(
                    "  {voice}: “{words}” was heard as “{}”{verdict}",
                    heard.text
                );
            }
        }
        let mut ignored = 0;
        for (speaker, sentence, clip) in corpus.talk(room, count)? {
            let heard = coffee::hear(&ears, &speech, &clip.samples)?;
            if heard.rejected || heard.text.is_empty() {
                ignored += 1;
            } else {
                eprintln!("  {speaker}: “{sentence}” was taken for “{}”", heard.text);
            }
        }
        let share = |part: usize| Some(part as f64 / count as f64);
        // The goals are for clean speech of people; the rest is reported beside it.
        let goal = |goal| {
            if room == Room::Clean {
                goal
            } else {
                Goal::None
            }
        };
        for (metric, part, goal) in [
            ("commands_right", right, goal(Goal::AtLeast(0.96))),
            ("commands_refused", refused, goal(Goal::AtMost(0.02))),
            ("talk_refused", ignored, goal(Goal::AtLeast(0.97))),
        ] {
            let metric = format!("hearing.{room}.{metric}");
            report.figure("voice", &metric, share(part), "share", goal);
        }
    }
    people(&ears, report)
}

/// What real people order.
fn people(ears: &PocketSphinx, report: &mut Report) -> Result<()> {
    let (mut clips, mut right, mut refused) = (0, 0, 0);
    if let Some(folder) = coffee::folder() {
        let grammar = coffee::grammar()?;
        for order in coffee::people(&folder)? {
            let heard = coffee::hear(ears, &grammar, &order.clip.samples)?;
            clips += 1;
            right += usize::from(order.is_met_by(&heard));
            refused += usize::from(heard.rejected);
            if !order.is_met_by(&heard) {
                eprintln!("  {}: {heard:?}, expected {:?}", order.name, order.said);
            }
        }
    }
    let share = |part: usize| (clips > 0).then(|| part as f64 / clips as f64);
    for (metric, part, goal) in [
        ("right", right, Goal::AtLeast(0.96)),
        ("refused", refused, Goal::None),
    ] {
        let metric = format!("hearing.people.{metric}");
        report.figure("voice", &metric, share(part), "share", goal);
    }
    Ok(())
}
