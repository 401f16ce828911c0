use super::*;
use crate::inference::{self, Models};
use futures::{StreamExt, stream};
use loqa_core::{
    grammar::SpeechGrammar,
    seams::{
        AudioFrames, GuessedWord, ModelError, SpeakOptions, SpeechChunk, SpeechToText, TextStream,
        TextToSpeech, TranscribeOptions,
    },
};
use loqa_link::wire::{Receiver, Sender};
use loqa_protocol::{
    Hypothesis, JobError, JobErrorKind, JobFrame, JobOptions, SessionId, TurnId, UtteranceId,
    Verdict,
};
use tokio::time::timeout;

/// Tells how many frames it has heard, and in the end how many there were.
struct Counts;

impl SpeechToText for Counts {
    fn transcribe(
        &self,
        audio: AudioFrames,
        _: TranscribeOptions,
    ) -> stream::BoxStream<'static, Result<Hypothesis, ModelError>> {
        let words = |count: u64, is_final| {
            Ok(Hypothesis {
                committed: format!("{count} frames"),
                tentative: String::new(),
                through: count * 320,
                is_final,
                verdict: Verdict::Accepted,
            })
        };
        let last = stream::once(async move {
            let frames: Vec<_> = audio.collect().await;
            let in_order = frames
                .windows(2)
                .all(|it| it[0].offset + 320 == it[1].offset);
            assert!(
                in_order,
                "{:?}",
                frames.iter().map(|it| it.offset).collect::<Vec<_>>()
            );
            words(frames.len() as u64, true)
        });
        stream::iter([words(0, false)]).chain(last).boxed()
    }

    fn load_grammar(
        &self,
        _: Arc<SpeechGrammar>,
    ) -> futures::future::BoxFuture<'static, Result<Vec<GuessedWord>, ModelError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Says 100 samples for each letter.
struct Tone;

impl TextToSpeech for Tone {
    fn synthesize(
        &self,
        text: TextStream,
        _: SpeakOptions,
    ) -> stream::BoxStream<'static, Result<SpeechChunk, ModelError>> {
        let chunk = |clause: String| {
            Ok(SpeechChunk {
                sample_rate_hz: 16_000,
                samples: vec![0.5; 100 * clause.len()],
            })
        };
        text.map(chunk).boxed()
    }
}

async fn ask(
    link: &Link,
    capability: &str,
    options: JobOptions,
) -> (Sender<JobFrame>, Receiver<JobFrame>) {
    let open = JobFrame::Open {
        capability: capability.parse().unwrap(),
        utterance: UtteranceId {
            session: SessionId(1),
            turn: TurnId(1),
        },
        options,
    };
    link.job(&open).await.unwrap()
}

fn transcribe() -> JobOptions {
    JobOptions::Transcribe {
        jsgf: None,
        likely: Vec::new(),
        language: None,
        interim: true,
    }
}

/// What is answered besides signs of life.
async fn answers(mut hears: Receiver<JobFrame>) -> Vec<JobFrame> {
    let mut all = Vec::new();
    while let Some(frame) = timeout(PATIENCE, hears.next()).await.unwrap().unwrap() {
        if frame != JobFrame::Alive {
            all.push(frame);
        }
    }
    all
}

fn models() -> Models {
    Models::default()
        .with_stt(Arc::new(Counts), 1, "stt.whisper:base")
        .with_tts(Arc::new(Tone), 2, "tts.flite:slt")
}

#[tokio::test]
async fn a_node_hears_and_speaks_for_its_hub_and_tells_how_well() {
    let house = house(&Config::default()).await;
    let models = models();
    let measured = inference::measure(&models).await;
    let names: Vec<_> = measured
        .iter()
        .map(|it| it.capability.to_string())
        .collect();
    assert_eq!(names, ["stt.whisper:base", "tts.flite:slt"]);
    assert!(
        measured
            .iter()
            .all(|it| it.rtf_permille > 0 && it.first_ms > 0)
    );
    let at_node = house.at_node.clone();
    let serving = async { inference::serve(&at_node, &models).await };
    let asking = async {
        let (mut says, hears) = ask(&house.at_hub, "stt.whisper:base", transcribe()).await;
        // In pieces as they come; the last frame is filled up.
        for (at, samples) in [(0, 500), (500, 13), (513, 1000)] {
            let samples = vec![0.1; samples];
            says.send(&JobFrame::Audio {
                offset: at,
                samples,
            })
            .await
            .unwrap();
        }
        let mut health = house.at_hub.health();
        let busy = |offers: &[loqa_protocol::link::Offer]| {
            let running = offers.iter().find(|it| it.capability.kind == "stt");
            running.is_some_and(|it| it.running == 1)
        };
        let told = timeout(PATIENCE, health.wait_for(|it| busy(&it.offers))).await;
        drop(told.unwrap().unwrap());
        // It does one at a time, and says so.
        let (second, refused) = ask(&house.at_hub, "stt.whisper:base", transcribe()).await;
        let [JobFrame::Error { error }] = &answers(refused).await[..] else {
            panic!("it is refused")
        };
        assert_eq!(error.kind, JobErrorKind::Deadline);
        drop(second);
        says.send(&JobFrame::Finish).await.unwrap();
        says.finish();
        let all = answers(hears).await;
        let said: Vec<_> = all
            .iter()
            .map(|it| match it {
                JobFrame::Hypothesis { hypothesis } => hypothesis.committed.clone(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(said, ["0 frames", "5 frames", "Finish"]);

        let voice = JobOptions::Synthesize {
            voice: "slt".into(),
            speed_permille: 0,
        };
        let (mut says, hears) = ask(&house.at_hub, "tts.flite:slt", voice).await;
        for text in ["ten", "minutes"] {
            says.send(&JobFrame::Text { text: text.into() })
                .await
                .unwrap();
        }
        says.send(&JobFrame::Finish).await.unwrap();
        let lengths: Vec<_> = answers(hears)
            .await
            .iter()
            .map(|it| match it {
                JobFrame::Speech { samples, .. } => samples.len(),
                _ => 0,
            })
            .collect();
        assert_eq!(lengths, [300, 700, 0]);
    };
    tokio::select! {
        ended = serving => panic!("{ended}"),
        () = asking => {}
    }
}

/// Says "and so on" until it is dropped, without a sound.
struct Endless;

impl TextToSpeech for Endless {
    fn synthesize(
        &self,
        text: TextStream,
        options: SpeakOptions,
    ) -> stream::BoxStream<'static, Result<SpeechChunk, ModelError>> {
        let said = text.flat_map(move |clause| match clause.as_str() {
            "and so on" => stream::pending().boxed(),
            _ => Tone.synthesize(stream::iter([clause]).boxed(), options.clone()),
        });
        said.boxed()
    }
}

#[tokio::test]
async fn what_nobody_wants_to_hear_any_more_is_not_said_to_its_end() {
    let house = house(&Config::default()).await;
    let models = Models::default().with_tts(Arc::new(Endless), 1, "tts.kokoro:af_heart");
    inference::measure(&models).await;
    let serving = inference::serve(&house.at_node, &models);
    let asking = async {
        let voice = JobOptions::Synthesize {
            voice: "kokoro:af_heart".into(),
            speed_permille: 0,
        };
        let (mut says, hears) = ask(&house.at_hub, "tts.kokoro:af_heart", voice).await;
        let text = "and so on".into();
        says.send(&JobFrame::Text { text }).await.unwrap();
        says.send(&JobFrame::Finish).await.unwrap();
        let mut health = house.at_hub.health();
        let mut running = async |wanted: u32| {
            let so = health.wait_for(|it| it.offers.iter().any(|it| it.running == wanted));
            drop(timeout(PATIENCE, so).await.unwrap().unwrap());
        };
        running(1).await;
        // Somebody interrupts.
        drop((says, hears));
        running(0).await;
    };
    tokio::select! {
        ended = serving => panic!("{ended}"),
        () = asking => {}
    }
}

#[tokio::test]
async fn what_a_node_cannot_do_is_refused_by_name() {
    let house = house(&Config::default()).await;
    let models = models();
    let serving = inference::serve(&house.at_node, &models);
    let asking = async {
        let refused = async |capability: &str, options| {
            let (_says, hears) = ask(&house.at_hub, capability, options).await;
            match &answers(hears).await[..] {
                [
                    JobFrame::Error {
                        error: JobError { message, .. },
                    },
                ] => message.clone(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            refused("stt.whisper:large", transcribe()).await,
            "this node has no stt.whisper:large"
        );
        let grammar = JobOptions::Transcribe {
            jsgf: Some("#JSGF V1.0;".into()),
            likely: Vec::new(),
            language: None,
            interim: true,
        };
        assert_eq!(
            refused("stt.whisper:base", grammar).await,
            "this node's recogniser takes no grammar"
        );
    };
    tokio::select! {
        ended = serving => panic!("{ended}"),
        () = asking => {}
    }
}
