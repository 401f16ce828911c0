//! While Loqa speaks or rings, "stop" ends it without a call; a command without one does not act.

use anyhow::{Context, Result};
use futures::{StreamExt, stream::BoxStream};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, Microphone, MicrophoneEvent, SAMPLE_RATE_HZ};
use loqa_engine::{
    config::Flags,
    gateway::{Client, ClientReceiver},
    hub::{Hub, HubOptions, Listening},
};
use loqa_protocol::{ClientFrame, Event, ServerFrame};
use loqa_tests::{
    program::Home,
    voices::{Clip, Speaker, Studio},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const CEILING: Duration = Duration::from_secs(60);

/// A microphone that hears what is said into it, in real time, and silence otherwise.
#[derive(Clone, Default)]
struct Mouth(Arc<Mutex<VecDeque<f32>>>);

impl Mouth {
    /// After a silence.
    fn say(&self, pause_ms: usize, clip: &Clip) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = vec![0.0; pause_ms * SAMPLE_RATE_HZ as usize / 1000];
        waiting.extend(silence.iter().chain(clip.speech()));
    }
}

impl Microphone for Mouth {
    fn listen(&self) -> BoxStream<'static, MicrophoneEvent> {
        let (said, began) = (self.0.clone(), Instant::now());
        let frames = futures::stream::iter(0..).map(move |number: usize| {
            let end = began + Duration::from_millis(20) * (number as u32 + 1);
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            let samples = (0..FRAME_SAMPLES).map(|_| said.pop_front().unwrap_or_default());
            MicrophoneEvent::Frame(AudioFrame {
                offset: (number * FRAME_SAMPLES) as u64,
                samples: samples.collect(),
            })
        });
        futures::stream::iter([MicrophoneEvent::Found("mouth".into())])
            .chain(frames)
            .boxed()
    }
}

/// Waits for the event of which `wanted` makes something.
async fn until<T>(
    events: &mut ClientReceiver,
    what: &str,
    wanted: impl Fn(Event) -> Option<T>,
) -> Result<T> {
    loop {
        let frame = tokio::time::timeout(CEILING, events.recv()).await;
        if let ServerFrame::Event { envelope, .. } =
            frame.with_context(|| format!("no {what}"))??
            && let Some(found) = wanted(envelope.event)
        {
            return Ok(found);
        }
    }
}

fn turn(event: Event) -> Option<(String, Option<String>)> {
    match event {
        Event::TurnSummary(turn) if !turn.rejected => Some((turn.text, turn.intent)),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_ends_a_reply_and_a_ringing_timer_without_a_call() -> Result<()> {
    let home = Home::new()?;
    let settings = "[voice]\noutput = \"none\"\n[listen]\nmicrophone = \"none\"\nchime = false\n";
    let flags = Flags {
        config: Some(home.write("loqa.toml", settings)?),
        data: Some(home.path("data")),
        ..Flags::default()
    };
    let mut hub = Hub::start(HubOptions::new(flags)).await?;
    let studio = Studio::in_folder(home.path("voices"))?;
    let voice = |text: &str| studio.speak(Speaker::Flite("rms"), text);
    let (stop, help) = (voice("stop")?, voice("what can I say")?);
    let off = voice("turn off the kitchen lights")?;
    let (mut asking, mut events) = Client::embedded(&hub).split();
    asking.send(ClientFrame::Subscribe { id: 0 }).await?;
    let mouth = Mouth::default();
    hub.listen(Arc::new(mouth.clone()), Vec::new());
    let mut listening = hub.listening();
    let asleep = |state: &Listening| matches!(state, Listening::Asleep(_));
    tokio::time::timeout(CEILING, listening.wait_for(asleep)).await??;

    hub.call();
    mouth.say(200, &help);
    let started = |event| matches!(event, Event::ReplyStarted { .. }).then_some(());
    until(&mut events, "reply", started).await?;
    mouth.say(500, &stop);
    let heard = |event| match event {
        Event::ReplyEnded { heard_ms } => Some(heard_ms),
        _ => None,
    };
    let heard_ms = until(&mut events, "end of the reply", heard).await?;
    // It would have lasted seven seconds.
    assert!((500..2500).contains(&heard_ms), "{heard_ms} ms");
    let said = |words: &str, intent: &str| (words.to_owned(), Some(intent.to_owned()));
    let stopped = until(&mut events, "stop", turn).await?;
    assert_eq!(stopped, said("stop", "loqa.stop"));
    tokio::time::timeout(CEILING, listening.wait_for(asleep)).await??;

    let text = "set a timer for one second".to_owned();
    asking.send(ClientFrame::Ask { id: 1, text }).await?;
    let rings = |event| matches!(event, Event::TimerRang { .. }).then_some(());
    until(&mut events, "ringing", rings).await?;
    mouth.say(500, &off);
    mouth.say(800, &stop);
    // The command was not for Loqa: the next turn is the one that stops, and the ringing ends
    // shortly before or after it.
    let mut over = Vec::new();
    while over.len() < 2 {
        let next = |event| match event {
            Event::TimerSilenced { .. } => Some(None),
            event => turn(event).map(Some),
        };
        over.push(until(&mut events, "silence", next).await?);
    }
    assert!(over.contains(&None), "{over:?}");
    assert!(over.contains(&Some(said("stop", "loqa.stop"))), "{over:?}");
    hub.shutdown().await;
    Ok(())
}
