//! The program as it is started, with a recording in place of a microphone, against a hub of this test.

use futures::{StreamExt, stream};
use loqa_core::seams::{TextToSpeech, Voice};
use loqa_inference::{resample::resample, tts::Voices, wav};
use loqa_link::{
    Authority, Hub, Identity, Roster,
    wire::{Incoming, Listener, Me, Settings},
};
use loqa_protocol::{AudioCodec, AudioFormat, ClientFrame, ServerFrame, TurnSummary};
use rustls::pki_types::UnixTime;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use tokio::time::timeout;

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A second of silence, the phrase, and a command.
async fn recording(file: &Path) {
    let voices = Voices::load();
    let mut all = vec![0.0; 16_000];
    for (text, pause) in [("hey loqa", 8_000), ("turn off the kitchen lights", 24_000)] {
        let text = stream::iter([text.to_owned()]).boxed();
        let mut speech = voices.synthesize(text, Voice("slt".into()).into());
        while let Some(chunk) = speech.next().await {
            let chunk = chunk.unwrap();
            all.extend(resample(&chunk.samples, chunk.sample_rate_hz, 16_000).unwrap());
        }
        all.extend(vec![0.0; pause]);
    }
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec).unwrap();
    for sample in all {
        writer.write_sample((sample * 20_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

#[tokio::test]
async fn a_recording_is_heard_by_the_hub_from_the_phrase_on_and_the_answer_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    recording(&file("said.wav")).await;
    let authority = Authority::open(folder.path()).unwrap();
    let now = UnixTime::now();
    let hub = Hub::new(
        Identity::passing().unwrap(),
        authority,
        Roster::new([]),
        now,
    )
    .unwrap();
    let node = file("node");
    fs::create_dir(&node).unwrap();
    let identity = Identity::open(&node).unwrap();
    hub.roster().pair(identity.node());
    let certificate = hub.issue(&identity.public(), now).unwrap();
    let kept = format!(
        "hub = \"{}\"\nhousehold = \"Home\"\nauthority = \"{}\"\ncertificate = \"{}\"\n",
        hub.node(),
        hex::encode(hub.authority()),
        hex::encode(&certificate)
    );
    fs::write(node.join("hub.toml"), kept).unwrap();
    fs::write(file("node.toml"), "name = \"kitchen\"\n").unwrap();
    let me = Me {
        name: "Home".into(),
        codecs: vec![AudioCodec::Opus, AudioCodec::Pcm16],
        ..Me::default()
    };
    let loopback = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(loopback, hub, me, Settings::default()).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_loqa-node"))
        .arg("run")
        .arg("--config")
        .arg(file("node.toml"))
        .arg("--data")
        .arg(&node)
        .arg("--hub")
        .arg(listener.address().unwrap().to_string())
        .arg("--wav")
        .arg(file("said.wav"))
        .arg("--out")
        .arg(file("answered.wav"))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let conversation = async {
        let link = listener.accept().await.unwrap();
        assert_eq!(link.hello().name, "kitchen");
        let Incoming::Client(mut client) = link.accept().await.unwrap() else {
            panic!("a puck is a client")
        };
        let (mut heard, mut answered) = (Vec::new(), false);
        // It ends as soon as it was answered.
        while let Ok(Some(frame)) = client.requests.next().await {
            match frame {
                ClientFrame::Puck { muted, .. } => assert_eq!(muted, None),
                ClientFrame::AskAudio { id, fast, .. } => assert_eq!((id, fast), (1, false)),
                ClientFrame::Audio { id, samples } => {
                    heard.extend(samples);
                    // Two seconds from the phrase on: that was the command.
                    if !answered && heard.len() > 32_000 {
                        answered = true;
                        let format = AudioFormat {
                            sample_rate_hz: 16_000,
                        };
                        let samples = vec![0.25; 8_000];
                        let speech = ServerFrame::Speech {
                            id,
                            format,
                            samples,
                        };
                        client.answers.send(&speech).await.unwrap();
                        let summary = TurnSummary {
                            reply: "The kitchen lights are off.".into(),
                            ..TurnSummary::default()
                        };
                        let turn = ServerFrame::Turn { id, summary };
                        client.answers.send(&turn).await.unwrap();
                    }
                }
                ClientFrame::AudioEnd { id } => {
                    client
                        .answers
                        .send(&ServerFrame::Done { id })
                        .await
                        .unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
        heard
    };
    let heard = timeout(PATIENCE, conversation).await;
    let status = program.wait().unwrap();
    let heard = heard.unwrap();
    assert!(status.success(), "{status}");
    let power = heard.iter().map(|it| it * it).sum::<f32>() / heard.len() as f32;
    assert!(power > 1e-4, "the command is heard: {power}");
    let answered = wav::read(file("answered.wav")).unwrap();
    assert_eq!(answered.len(), 8_000);
    // It has remembered where the hub was.
    let kept = fs::read_to_string(node.join("hub.toml")).unwrap();
    assert!(kept.contains("127.0.0.1"), "{kept}");
}
