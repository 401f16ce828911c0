//! A room full of speech, in which Loqa is called: only what follows the call is for it.

use anyhow::{Context, Result};
use futures::{StreamExt, stream::BoxStream};
use loqa_core::seams::{
    AudioFrame, FRAME_SAMPLES, Microphone, MicrophoneEvent, SAMPLE_RATE_HZ, Wake, WakeWord,
};
use loqa_engine::{
    config::Flags,
    gateway::Client,
    hub::{Hub, HubOptions, Listening},
};
use loqa_protocol::{ClientFrame, Event, ServerFrame};
use loqa_tests::{
    program::Home,
    voices::{Speaker, Studio},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How late the detector notices the phrase.
const LATE: u64 = 3 * SAMPLE_RATE_HZ as u64 / 10;
const CEILING: Duration = Duration::from_secs(60);

/// A microphone that hears this, in real time, and then silence.
struct Script(Arc<[f32]>);

impl Microphone for Script {
    fn listen(&self) -> BoxStream<'static, MicrophoneEvent> {
        let (samples, began) = (self.0.clone(), Instant::now());
        let frames = futures::stream::iter(0..).map(move |number: usize| {
            let end = began + Duration::from_millis(20) * (number as u32 + 1);
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
            let mut frame = [0.0; FRAME_SAMPLES];
            let from = samples.len().min(number * FRAME_SAMPLES);
            let heard = &samples[from..samples.len().min(from + FRAME_SAMPLES)];
            frame[..heard.len()].copy_from_slice(heard);
            MicrophoneEvent::Frame(AudioFrame {
                offset: (number * FRAME_SAMPLES) as u64,
                samples: frame.into(),
            })
        });
        futures::stream::iter([MicrophoneEvent::Found("script".into())])
            .chain(frames)
            .boxed()
    }
}

/// Notices phrases that end at these samples.
struct Ends(Vec<u64>);

impl WakeWord for Ends {
    fn detect(&mut self, offset: u64, frame: &[f32; FRAME_SAMPLES]) -> Option<Wake> {
        let through = offset + frame.len() as u64;
        let noticed = |end: &u64| (offset..through).contains(&(end + LATE));
        self.0.iter().copied().find(noticed).map(|end| Wake {
            phrase: "hey loqa".into(),
            end,
            score: 1.0,
        })
    }

    fn reset(&mut self) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_the_call_is_answered_and_a_call_ends_a_reply() -> Result<()> {
    let home = Home::new()?;
    let settings = "[voice]\noutput = \"none\"\n[listen]\nmicrophone = \"none\"\n";
    let flags = Flags {
        config: Some(home.write("loqa.toml", settings)?),
        ..Flags::default()
    };
    // One that only reads has learnt to understand before it is up.
    let mut hub = Hub::start(HubOptions::new(flags).reading()).await?;
    let studio = Studio::in_folder(home.path("voices"))?;
    let say = |text: &str| studio.speak(Speaker::Flite("rms"), text);
    let mut room = vec![0.0; SAMPLE_RATE_HZ as usize];
    let mut calls = Vec::new();
    let silence = |room: &mut Vec<f32>, ms: usize| room.resize(room.len() + ms * 16, 0.0);
    room.extend_from_slice(say("open the blinds")?.speech());
    silence(&mut room, 600);
    for command in ["turn off the kitchen lights", "turn on the kitchen lights"] {
        room.extend_from_slice(say("hey loqa")?.speech());
        calls.push(room.len() as u64);
        silence(&mut room, 80);
        room.extend_from_slice(say(command)?.speech());
        // Loqa has begun to answer.
        silence(&mut room, 600);
    }
    let (mut asking, mut events) = Client::embedded(&hub).split();
    asking.send(ClientFrame::Subscribe { id: 0 }).await?;
    hub.listen(Arc::new(Script(room.into())), vec![Box::new(Ends(calls))]);
    let mut turns = Vec::new();
    while turns.len() < 2 {
        let frame = tokio::time::timeout(CEILING, events.recv()).await;
        let frame = frame.with_context(|| format!("only {turns:?}"))??;
        if let ServerFrame::Event { envelope, .. } = frame
            && let Event::TurnSummary(turn) = envelope.event
        {
            turns.push(turn.text);
        }
    }
    assert_eq!(
        turns,
        ["turn off the kitchen lights", "turn on the kitchen lights"]
    );
    let mut listening = hub.listening();
    let asleep = listening.wait_for(|state| matches!(state, Listening::Asleep(_)));
    tokio::time::timeout(CEILING, asleep).await??;
    hub.shutdown().await;
    Ok(())
}
