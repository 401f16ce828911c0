//! The backend through its trait, on flite's voices. Skipped with a message where PocketSphinx
//! or flite is missing; `cargo xtask test` installs both.

use super::*;
use crate::wav;
use futures::executor::{block_on, block_on_stream};
use loqa_core::{
    grammar::{Context, Grammar},
    home::Home,
    manifest::Manifest,
    seams::{AudioFrame, FRAME_SAMPLES},
};
use loqa_protocol::Verdict;
use std::{process::Command, sync::OnceLock};

const COMMANDS: &str = r#"
name: home
lists:
  item: { text: { vocabulary: [] } }
rules:
  light: "(kitchen light|lamp in the hall|zigbo)"
  n: "(one|two|three|five|ten|twenty)"
intents:
  all:
    sentences:
      - "turn (on|off) the <light>"
      - "set a timer for <n> minutes"
      - "add {item} to the shopping list"
      - stop
"#;

fn grammar(version: u64) -> Arc<SpeechGrammar> {
    let skill = Manifest::parse("skill.yaml", COMMANDS).unwrap();
    let grammar = Grammar::compile(&[skill], &Home::default())
        .map_err(|errors| format!("{errors:?}"))
        .unwrap();
    Arc::new(SpeechGrammar {
        version,
        ..(*grammar.speech()).clone()
    })
}

/// One backend for all tests: opening it takes longer than they do.
fn backend() -> Option<&'static PocketSphinx> {
    static BACKEND: OnceLock<Option<PocketSphinx>> = OnceLock::new();
    BACKEND
        .get_or_init(|| {
            let flite = Command::new("flite").arg("--version").output().is_ok();
            match PocketSphinx::open(Ears::default(), 2) {
                Ok(_) if !flite => eprintln!("skipped: flite is not installed"),
                Ok(backend) => return Some(backend),
                Err(error) => eprintln!("skipped: {error}"),
            }
            None
        })
        .as_ref()
}

fn speak(voice: &str, text: &str) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("speech.wav");
    let status = Command::new("flite")
        .args(["-voice", voice, "-t", text, "-o"])
        .arg(&file)
        .status()
        .unwrap();
    assert!(status.success());
    wav::read(file).unwrap()
}

fn options(grammar: Option<Arc<SpeechGrammar>>, context: Context) -> TranscribeOptions {
    TranscribeOptions {
        open: false,
        grammar,
        context,
        household: None,
        ..TranscribeOptions::default()
    }
}

fn transcribe(
    backend: &PocketSphinx,
    samples: &[f32],
    options: TranscribeOptions,
) -> Vec<Hypothesis> {
    let frames: Vec<AudioFrame> = wav::frames(samples).collect();
    let audio = stream::iter(frames).boxed();
    block_on_stream(backend.transcribe(audio, options))
        .collect::<Result<_, _>>()
        .unwrap()
}

fn last(backend: &PocketSphinx, samples: &[f32]) -> Hypothesis {
    transcribe(
        backend,
        samples,
        options(Some(grammar(1)), Context::Commands),
    )
    .pop()
    .unwrap()
}

#[test]
fn words_grow_frame_by_frame_and_one_final_comes_last() {
    let Some(backend) = backend() else { return };
    let samples = speak("rms", "turn on the kitchen light");
    let heard = transcribe(
        backend,
        &samples,
        options(Some(grammar(1)), Context::Commands),
    );
    let frames = samples.len().div_ceil(FRAME_SAMPLES);
    assert_eq!(heard.len(), frames + 1);
    let (last, partials) = heard.split_last().unwrap();
    assert!(partials.iter().all(|hypothesis| !hypothesis.is_final));
    for (i, hypothesis) in partials.iter().enumerate() {
        assert_eq!(hypothesis.through, ((i + 1) * FRAME_SAMPLES) as u64);
    }
    assert!(partials.iter().any(|partial| partial.text() == "turn on"));
    assert_eq!(last.text(), "turn on the kitchen light");
    assert!(last.is_final);
    assert_eq!(last.verdict, Verdict::Accepted);
    assert_eq!(last.through, (frames * FRAME_SAMPLES) as u64);
}

#[test]
fn the_same_clip_gives_the_same_words_and_verdict_in_any_order() {
    let Some(backend) = backend() else { return };
    let clips: Vec<Vec<f32>> = [
        ("slt", "set a timer for twenty minutes"),
        ("awb", "turn off the lamp in the hall"),
        ("kal16", "the museum is closed on mondays"),
        ("rms", "stop"),
    ]
    .into_iter()
    .map(|(voice, text)| speak(voice, text))
    .collect();
    let expected: Vec<Hypothesis> = clips.iter().map(|clip| last(backend, clip)).collect();
    for order in [[3, 2, 1, 0], [2, 2, 0, 1], [1, 3, 0, 2]] {
        for i in order {
            assert_eq!(last(backend, &clips[i]), expected[i]);
        }
    }
}

#[test]
fn speech_outside_of_the_grammar_is_rejected_at_any_loudness() {
    let Some(backend) = backend() else { return };
    let open = speak("slt", "my sister is coming over for dinner on friday");
    let command = speak("slt", "set a timer for five minutes");
    for gain in [0.1, 0.4, 1.0] {
        let louder = |samples: &[f32]| samples.iter().map(|s| s * gain).collect::<Vec<_>>();
        assert_eq!(last(backend, &louder(&open)).verdict, Verdict::Rejected);
        let heard = last(backend, &louder(&command));
        assert_eq!(heard.text(), "set a timer for five minutes", "at {gain}");
        assert_eq!(heard.verdict, Verdict::Accepted, "at {gain}");
    }
}

#[test]
fn a_context_hears_what_it_allows() {
    let Some(backend) = backend() else { return };
    let samples = speak("rms", "yes");
    let heard = transcribe(
        backend,
        &samples,
        options(Some(grammar(1)), Context::Confirm),
    );
    assert_eq!(heard.last().unwrap().text(), "yes");
}

#[test]
fn unknown_words_are_reported_with_their_guessed_pronunciation_and_heard() {
    let Some(backend) = backend() else { return };
    let guessed = block_on(backend.load_grammar(grammar(2))).unwrap();
    let zigbo = guessed.iter().find(|guess| guess.word == "zigbo").unwrap();
    assert!(
        zigbo
            .pronunciation
            .as_deref()
            .unwrap()
            .starts_with("Z IH G B OW")
    );
    let samples = speak("awb", "turn off the zigbo");
    assert_eq!(last(backend, &samples).text(), "turn off the zigbo");
}

#[test]
fn a_grammar_is_loaded_while_an_utterance_is_heard_with_another() {
    let Some(backend) = backend() else { return };
    let frames: Vec<AudioFrame> =
        wav::frames(&speak("slt", "turn off the kitchen light")).collect();
    let (first, rest) = frames.split_at(frames.len() / 2);
    let (mut microphone, audio) = futures::channel::mpsc::channel(frames.len());
    let mut heard = backend.transcribe(audio.boxed(), options(Some(grammar(1)), Context::Commands));
    first
        .iter()
        .for_each(|frame| microphone.try_send(frame.clone()).unwrap());
    block_on(heard.next()).unwrap().unwrap();
    // Two at once: the second must wait for the first, not for the speaker.
    let another = backend.load_grammar(grammar(4));
    block_on(backend.load_grammar(grammar(3))).unwrap();
    block_on(another).unwrap();
    rest.iter()
        .for_each(|frame| microphone.try_send(frame.clone()).unwrap());
    drop(microphone);
    let last = block_on_stream(heard).last().unwrap().unwrap();
    assert_eq!(last.text(), "turn off the kitchen light");
}

#[test]
fn free_text_is_decoded_with_open_vocabulary() {
    let Some(backend) = backend() else { return };
    let samples = speak("rms", "add orange juice to the shopping list");
    let heard = transcribe(
        backend,
        &samples,
        options(Some(grammar(1)), Context::Commands),
    );
    let (last, partials) = heard.split_last().unwrap();
    assert!(
        partials
            .iter()
            .any(|p| p.text().starts_with("add something"))
    );
    let text = last.text();
    assert!(
        text.starts_with("add ") && text.ends_with(" to the shopping list"),
        "{text}"
    );
    assert!(!text.contains("something") && !text.contains('_'), "{text}");
}

#[test]
fn without_a_grammar_any_words_are_heard() {
    let Some(backend) = backend() else { return };
    let samples = speak("slt", "the museum is closed on mondays");
    let heard = transcribe(backend, &samples, options(None, Context::Commands));
    let text = heard.last().unwrap().text();
    assert!(text.contains("museum"), "{text}");
}

#[test]
fn a_missing_model_says_what_to_install() {
    let ears = Ears {
        model: Some("/no/such/model".into()),
        ..Ears::default()
    };
    let Err(error) = PocketSphinx::open(ears, 1) else {
        panic!("opened without a model")
    };
    assert!(matches!(error, ModelError::NotLoaded { .. }));
    assert!(error.to_string().contains("install"), "{error}");
}
