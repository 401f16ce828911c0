//! What Loqa does in a room where nobody talks to it, while it takes all that it hears for
//! commands: with the wake phrase off.

use super::super::figure::{Goal, Report, upper_bound_95};
use anyhow::Result;
use loqa_core::seams::FRAME_SAMPLES;
use loqa_engine::{
    gateway::Client,
    hub::{Hub, HubOptions},
};
use loqa_protocol::{Called, ClientFrame, ServerFrame};
use loqa_tests::voices::{Clip, Noise, SAMPLE_RATE_HZ, SPEAKERS, Studio, rms};

/// Level of babble and music, and of a room in which nobody is: root mean squares.
const LOUD: f32 = 0.05;
const SILENT: f32 = 0.0005;

/// Reports on `minutes` of each kind of room.
pub fn run(minutes: usize, report: &mut Report) -> Result<()> {
    let studio = Studio::open()?;
    let said: Vec<Clip> = studio.talk(&SPEAKERS).collect::<Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let rooms = [
        ("babble", Noise::Babble(&said), LOUD),
        ("music", Noise::Music, LOUD),
        ("silence", Noise::Pink, SILENT),
    ];
    for (name, noise, level) in rooms {
        eprintln!("{minutes} minutes of {name}, the wake phrase off …");
        let (mut acts, mut spoken_to) = (0, 0);
        for minute in 0..minutes {
            let mut samples = noise.render(60 * SAMPLE_RATE_HZ, minute as u64);
            let gain = level / rms(&samples).max(1e-9);
            samples.iter_mut().for_each(|sample| *sample *= gain);
            let heard = runtime.block_on(hear(&samples))?;
            acts += heard.acts;
            spoken_to += heard.replies;
        }
        let metric = |what: &str| format!("room.{name}.{what}");
        let most = upper_bound_95(acts, minutes * 60).map(|share| share * 3_600.0);
        let figures = [
            ("acts", Some(acts as f64), "acts", Goal::AtMost(0.0)),
            ("acts_at_most_95", most, "per hour", Goal::None),
            ("replies", Some(spoken_to as f64), "replies", Goal::None),
        ];
        for (what, value, unit, goal) in figures {
            report.figure("ears", &metric(what), value, unit, goal);
        }
    }
    Ok(())
}

#[derive(Default)]
pub struct Heard {
    /// Turns in which something was understood, and so done.
    acts: usize,
    /// Turns in which anything was said.
    replies: usize,
    /// Turns in all.
    pub turns: usize,
}

/// A hub of its own hears this on the sample clock.
async fn hear(samples: &[f32]) -> Result<Heard> {
    let data = tempfile::tempdir()?;
    let hub = Hub::start(HubOptions::demonstration(data.path()).unpaced()).await?;
    let heard = hear_at(&hub, samples, None).await?;
    hub.shutdown().await;
    Ok(heard)
}

/// The same at this hub, by somebody who has called so.
pub async fn hear_at(hub: &Hub, samples: &[f32], called: Option<Called>) -> Result<Heard> {
    const ID: u32 = 1;
    let mut client = Client::embedded(hub);
    let open = ClientFrame::AskAudio {
        id: ID,
        file: None,
        speech_end: None,
        fast: true,
        called,
    };
    client.send(open).await?;
    for frame in samples.chunks(FRAME_SAMPLES) {
        let audio = ClientFrame::Audio {
            id: ID,
            samples: frame.to_vec(),
        };
        client.send(audio).await?;
    }
    let end = ClientFrame::AudioEnd { id: ID };
    client.send(end).await?;
    let mut heard = Heard::default();
    loop {
        match client.recv().await? {
            ServerFrame::Turn { summary, .. } => {
                heard.turns += 1;
                if let Some(intent) = &summary.intent {
                    eprintln!("  “{}” was done: {intent}", summary.text);
                    heard.acts += 1;
                }
                heard.replies += usize::from(!summary.reply.is_empty());
            }
            ServerFrame::Problem { problem, .. } => return Err(problem.into()),
            ServerFrame::Done { id: ID } => break,
            _ => {}
        }
    }
    Ok(heard)
}
