//! Commands spoken to a hub of their own, as a client speaks them.

use super::stimuli::Command;
use anyhow::{Result, anyhow};
use futures::future::try_join_all;
use loqa_core::{
    endpoint::Expectation,
    grammar::{Context, Grammar, normalize},
    seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ},
};
use loqa_engine::{
    gateway::Client,
    hub::{Hub, HubOptions},
};
use loqa_protocol::{ClientFrame, Event, LatencyClass, ServerFrame, TurnSummary};
use std::{thread::available_parallelism, time::Duration};
use tokio::time::{Instant, sleep_until};

/// How audio is fed.
#[derive(Clone, Copy, PartialEq)]
pub enum Pace {
    /// 20 ms every 20 ms, as a microphone would.
    RealTime,
    /// As fast as it is understood; time is counted in samples.
    SampleClock,
}

/// How a command was answered.
pub struct Answered {
    /// Class of what was said.
    pub class: LatencyClass,
    /// The hub's own account.
    pub summary: TurnSummary,
    /// What was understood means what was said: intents and slots.
    pub right: bool,
    /// Words of the command were lost: the hub says so, or acted on its beginning alone.
    pub cut_off: bool,
    /// Plans prepared on the way.
    pub plans: usize,
    /// It asked for confirmation, and so waited for a full silence by design.
    pub grave: bool,
}

/// The end of the utterance that the first turn came from.
#[derive(Default)]
struct End {
    /// What the grammar made of the words then.
    state: String,
    /// The words so far.
    words: String,
}

/// Timers and lists pile up, as nobody's do: so often all is put back.
const HOUSEKEEPING: usize = 50;

/// Speaks every command to a fresh hub, in order. On the sample clock, which no load can slow, a
/// hub per core shares the work.
pub async fn answer(grammar: &Grammar, commands: &[Command], pace: Pace) -> Result<Vec<Answered>> {
    let hubs = match pace {
        Pace::RealTime => 1,
        Pace::SampleClock => available_parallelism().map_or(1, |cores| cores.get()),
    };
    let share = commands.len().div_ceil(hubs).max(1);
    let parts = commands
        .chunks(share)
        .map(|part| answer_all(grammar, part, pace));
    let answered = try_join_all(parts).await?;
    Ok(answered.into_iter().flatten().collect())
}

async fn answer_all(grammar: &Grammar, commands: &[Command], pace: Pace) -> Result<Vec<Answered>> {
    let data = tempfile::tempdir()?;
    let options = HubOptions::demonstration(data.path());
    let options = if pace == Pace::SampleClock {
        options.unpaced()
    } else {
        options
    };
    let hub = Hub::start(options)
        .await
        .map_err(|problem| anyhow!("{problem}"))?;
    let mut answered = Vec::with_capacity(commands.len());
    let mut client = Client::embedded(&hub);
    for (number, command) in commands.iter().enumerate() {
        if number > 0 && number % HOUSEKEEPING == 0 {
            client = Client::embedded(&hub);
            typed(&mut client, "cancel all timers").await?;
        }
        answered.push(speak(&mut client, grammar, number as u32 + 10, command, pace).await?);
        if number % 100 == 99 {
            eprintln!("  {}", number + 1);
        }
    }
    drop(client);
    hub.shutdown().await;
    Ok(answered)
}

async fn typed(client: &mut Client, text: &str) -> Result<()> {
    client
        .send(ClientFrame::Ask {
            id: 1,
            text: text.into(),
        })
        .await
        .map_err(|problem| anyhow!("{problem}"))?;
    loop {
        match client
            .recv()
            .await
            .map_err(|problem| anyhow!("{problem}"))?
        {
            ServerFrame::Done { id: 1 } => return Ok(()),
            ServerFrame::Problem { problem, .. } => return Err(anyhow!("{problem}")),
            _ => {}
        }
    }
}

/// Speaks one command; how it was answered.
pub async fn speak(
    client: &mut Client,
    grammar: &Grammar,
    id: u32,
    command: &Command,
    pace: Pace,
) -> Result<Answered> {
    let fast = pace == Pace::SampleClock;
    let open = ClientFrame::AskAudio {
        id,
        file: None,
        speech_end: Some(command.clip.end as u64),
        fast,
        called: None,
    };
    client
        .send(open)
        .await
        .map_err(|problem| anyhow!("{problem}"))?;
    let start = Instant::now();
    let frame_time = Duration::from_secs_f64(FRAME_SAMPLES as f64 / f64::from(SAMPLE_RATE_HZ));
    for (number, samples) in command.clip.samples.chunks(FRAME_SAMPLES).enumerate() {
        if !fast {
            sleep_until(start + frame_time * (number as u32 + 1)).await;
        }
        client
            .send(ClientFrame::Audio {
                id,
                samples: samples.to_vec(),
            })
            .await
            .map_err(|problem| anyhow!("{problem}"))?;
    }
    client
        .send(ClientFrame::AudioEnd { id })
        .await
        .map_err(|problem| anyhow!("{problem}"))?;
    let mut plans = 0;
    let mut words_so_far = String::new();
    let mut end = End::default();
    let mut concluded = false;
    let mut first: Option<TurnSummary> = None;
    let mut turns = 0;
    loop {
        match client
            .recv()
            .await
            .map_err(|problem| anyhow!("{problem}"))?
        {
            ServerFrame::Event { envelope, .. } => match envelope.event {
                Event::NluResponse { .. } => plans += 1,
                Event::SttPartial { text } => words_so_far = text,
                // The last one before the words were final: earlier ones were taken back.
                Event::SpeechEnded { state, .. } if !concluded => {
                    end = End {
                        state,
                        words: words_so_far.clone(),
                    }
                }
                Event::SttFinal { .. } => concluded = true,
                _ => {}
            },
            ServerFrame::Turn { summary, .. } => {
                turns += 1;
                first.get_or_insert(summary);
            }
            ServerFrame::Problem { problem, .. } => {
                return Err(anyhow!("“{}”: {problem}", command.words));
            }
            ServerFrame::Done { id: done } if done == id => break,
            _ => {}
        }
    }
    let summary = first.ok_or_else(|| anyhow!("“{}” was not answered at all", command.words))?;
    let understood = grammar.parse(&Context::Commands, &summary.text);
    let as_meant = understood.is_some_and(|found| found.steps == command.meaning.steps);
    let words = normalize(&command.words).join(" ");
    let right = as_meant && !summary.rejected && (summary.text == words || turns == 1);
    // Acting on the beginning of a command is a loss even if the rest was heard as a turn of its
    // own; unless the rest would have changed nothing, as a "please".
    let beginning_only = !summary.rejected
        && summary.intent.is_some()
        && words.starts_with(&format!("{} ", summary.text));
    let cut_off = (summary.cut_off == Some(true) || beginning_only) && !as_meant;
    if !right || cut_off {
        tell_lost(command, &summary, &end, cut_off);
    }
    Ok(Answered {
        class: command.class,
        right,
        cut_off,
        plans,
        grave: end.state == Expectation::Grave.name(),
        summary,
    })
}

/// Says what went wrong, and where the end of the utterance was taken to be.
fn tell_lost(command: &Command, summary: &TurnSummary, end: &End, cut_off: bool) {
    let Command { words, speaker, .. } = command;
    let what = match (cut_off, summary.rejected) {
        (true, _) => " (cut off)",
        (false, true) => " (rejected)",
        (false, false) => "",
    };
    let late_ms = summary
        .endpoint_delay_ms
        .map_or("?".into(), |ms| format!("{ms:+.0}"));
    let (heard, state, so_far) = (&summary.text, &end.state, &end.words);
    eprintln!(
        "  {speaker}, {}: “{words}” was heard as “{heard}”{what}; ended {late_ms} ms from the end, {state} after “{so_far}”",
        command.manner
    );
}
