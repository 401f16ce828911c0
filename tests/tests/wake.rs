//! A room full of speech, in which Loqa is called: only what follows the call is for it.

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, stream::BoxStream};
use loqa_core::seams::{
    AudioFrame, FRAME_SAMPLES, Microphone, MicrophoneEvent, SAMPLE_RATE_HZ, Wake, WakeWord,
};
use loqa_engine::{
    config::Flags,
    gateway::Client,
    hub::{Hub, HubOptions, Listening},
};
use loqa_protocol::{ClientFrame, Event, ServerFrame, TurnSummary};
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

/// Notices phrases that end at these samples, and whether it doubts them.
struct Ends(Vec<(u64, bool)>);

impl WakeWord for Ends {
    fn detect(&mut self, offset: u64, frame: &[f32; FRAME_SAMPLES]) -> Option<Wake> {
        let through = offset + frame.len() as u64;
        let noticed = |(end, _): &(u64, bool)| (offset..through).contains(&(end + LATE));
        let found = self.0.iter().copied().find(noticed);
        found.map(|(end, doubted)| Wake {
            phrase: "hey loqa".into(),
            end,
            score: 1.0,
            doubted,
            detector: "ends",
        })
    }

    fn reset(&mut self) {}
}

/// What is said in a room, and where calls end in it.
struct Spoken {
    studio: Studio,
    samples: Vec<f32>,
    calls: Vec<(u64, bool)>,
}

impl Spoken {
    fn new(home: &Home) -> Result<Spoken> {
        Ok(Spoken {
            studio: Studio::in_folder(home.path("voices"))?,
            samples: vec![0.0; SAMPLE_RATE_HZ as usize],
            calls: Vec::new(),
        })
    }

    /// Words, and so much silence.
    fn say(&mut self, words: &str, then_ms: usize) -> Result<()> {
        let clip = self.studio.speak(Speaker::Flite("rms"), words)?;
        self.samples.extend_from_slice(clip.speech());
        self.samples.resize(self.samples.len() + then_ms * 16, 0.0);
        Ok(())
    }

    fn call(&mut self, command: &str, then_ms: usize) -> Result<()> {
        self.say("hey loqa", 0)?;
        self.calls.push((self.samples.len() as u64, false));
        self.samples.resize(self.samples.len() + 80 * 16, 0.0);
        self.say(command, then_ms)
    }

    /// Words that may have been a call, and more.
    fn perhaps_call(&mut self, words: &str, more: &str, then_ms: usize) -> Result<()> {
        self.say(words, 0)?;
        self.calls.push((self.samples.len() as u64, true));
        self.say(more, then_ms)
    }

    /// A hub that hears all this, its turns until one has these words, and how much of each reply was heard until then, ms.
    async fn heard(self, home: &Home, last: &str) -> Result<(Hub, Vec<TurnSummary>, Vec<u64>)> {
        let settings = "[voice]\noutput = \"none\"\n[listen]\nmicrophone = \"none\"\n";
        let flags = Flags {
            config: Some(home.write("loqa.toml", settings)?),
            ..Flags::default()
        };
        // One that only reads has learnt to understand before it is up.
        let mut hub = Hub::start(HubOptions::new(flags).reading()).await?;
        let (mut asking, mut events) = Client::embedded(&hub).split();
        asking.send(ClientFrame::Subscribe { id: 0 }).await?;
        let room = Arc::new(Script(self.samples.into()));
        hub.listen(room, vec![Box::new(Ends(self.calls))]);
        let mut turns: Vec<TurnSummary> = Vec::new();
        let mut replies_ms = Vec::new();
        while turns.last().is_none_or(|turn| turn.text != last) {
            let frame = tokio::time::timeout(CEILING, events.recv()).await;
            let frame = frame.with_context(|| format!("only {turns:?}"))??;
            let ServerFrame::Event { envelope, .. } = frame else {
                continue;
            };
            match envelope.event {
                Event::TurnSummary(turn) => turns.push(turn),
                Event::ReplyEnded { heard_ms } => replies_ms.push(heard_ms),
                _ => {}
            }
        }
        Ok((hub, turns, replies_ms))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_the_call_is_answered_and_a_call_ends_a_reply() -> Result<()> {
    let home = Home::new()?;
    let mut room = Spoken::new(&home)?;
    room.say("open the blinds", 600)?;
    // A silence that ends words whether or not they are understood by then; the answer takes longer.
    room.call("what can you do", 1_200)?;
    room.call("turn on the kitchen lights", 600)?;
    let (hub, turns, replies_ms) = room.heard(&home, "turn on the kitchen lights").await?;
    let texts: Vec<&str> = turns.iter().map(|turn| turn.text.as_str()).collect();
    assert_eq!(texts, ["what can you do", "turn on the kitchen lights"]);
    let studio = Studio::in_folder(home.path("voices"))?;
    let whole = studio.speak(Speaker::Flite("slt"), &turns[0].reply)?;
    let whole_ms = whole.speech().len() as u64 / 16;
    ensure!(
        replies_ms.first().is_some_and(|heard| *heard < whole_ms),
        "the call did not end it: {replies_ms:?} of {whole_ms} ms"
    );
    let mut listening = hub.listening();
    let asleep = listening.wait_for(|state| matches!(state, Listening::Asleep(_)));
    tokio::time::timeout(CEILING, asleep).await??;
    hub.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_a_call_is_noticed_only_if_a_command_follows() -> Result<()> {
    let home = Home::new()?;
    let mut room = Spoken::new(&home)?;
    room.perhaps_call(
        "the lights",
        "of the city were visible from the hill",
        2_000,
    )?;
    room.perhaps_call("hey loqa", "turn on the kitchen lights", 2_000)?;
    // A call that is one comes before the talk is over.
    room.perhaps_call("the lights", "of the city were", 0)?;
    room.call("turn off the kitchen lights", 600)?;
    let (hub, turns, _) = room.heard(&home, "turn off the kitchen lights").await?;
    let texts: Vec<&str> = turns.iter().map(|turn| turn.text.as_str()).collect();
    assert_eq!(
        texts,
        ["turn on the kitchen lights", "turn off the kitchen lights"]
    );
    hub.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_answer_to_a_question_leaves_it_open() -> Result<()> {
    let home = Home::new()?;
    let mut room = Spoken::new(&home)?;
    // Loqa waits for a full silence, and asks.
    room.call("unlock the front door", 4000)?;
    room.call("yes", 0)?;
    let (hub, turns, _) = room.heard(&home, "yes").await?;
    let intents: Vec<&str> = turns
        .iter()
        .filter_map(|turn| turn.intent.as_deref())
        .collect();
    assert_eq!(intents, ["home.unlock", "home.unlock"]);
    hub.shutdown().await;
    Ok(())
}
