//! Whisper in a process of its own: what it hears, and what its end costs. Its models are made here: one
//! says a given sentence, whatever it hears, so that what becomes of it can be told.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use futures::{FutureExt, StreamExt, channel::mpsc, stream::BoxStream};
use loqa_core::{
    grammar::{Context as Asked, Grammar},
    seams::{AudioFrame, FRAME_SAMPLES, ModelError, SpeechToText, TranscribeOptions},
};
use loqa_engine::workers::{Race, Whisper, Work};
use loqa_inference::wav;
use loqa_jobs::{Health, Process, Program};
use loqa_protocol::{Hypothesis, Verdict};
use loqa_tests::{
    process::until,
    program::{Home, children, loqa},
    voices::{Speaker, Studio},
    whisper_model::Model,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::timeout;

/// Longer than anything here takes that works.
const CEILING: Duration = Duration::from_secs(60);
/// How long whisper may take after the recogniser of commands.
const PATIENCE: Duration = Duration::from_millis(2500);
const SAYS: &str = "Turn off the kitchen light.";

fn worker() -> PathBuf {
    loqa().with_file_name("loqa-stt-worker")
}

/// A model that says [`SAYS`], and its process.
struct Ears {
    _folder: TempDir,
    process: Arc<Process>,
}

impl Ears {
    fn new() -> Result<Ears> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("says.bin");
        Model::saying(SAYS).write(&file)?;
        Ok(Ears {
            process: Arc::new(process(&file)),
            _folder: folder,
        })
    }

    fn whisper(&self) -> Result<Whisper> {
        let capability = "stt.whisper:says".parse();
        let capability = capability.map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Whisper::new(
            Work::here(self.process.clone(), capability),
            None,
        ))
    }

    fn id(&self) -> Result<Pid> {
        let id = self.process.id().context("it does not run")?;
        Pid::from_raw(i32::try_from(id)?).context("it has no id")
    }
}

fn process(model: &Path) -> Process {
    Process::of(Program {
        name: "whisper".into(),
        file: worker(),
        arguments: vec!["--model".into(), model.into()],
    })
}

/// Somebody says something that no command covers.
fn speech() -> Result<Vec<f32>> {
    let studio = Studio::open()?;
    let clip = studio.speak(
        Speaker::Flite("slt"),
        "would you please make it dark where we cook",
    )?;
    let mut samples = clip.framed(300, 600).samples;
    samples.truncate(samples.len() / FRAME_SAMPLES * FRAME_SAMPLES);
    Ok(samples)
}

fn frames(samples: &[f32]) -> Vec<AudioFrame> {
    wav::frames(samples).collect()
}

/// All that is heard.
async fn heard(
    stt: &dyn SpeechToText,
    samples: &[f32],
    options: TranscribeOptions,
) -> Result<Vec<Hypothesis>> {
    let audio = futures::stream::iter(frames(samples)).boxed();
    let all: Vec<_> = timeout(CEILING, stt.transcribe(audio, options).collect()).await?;
    Ok(all.into_iter().collect::<Result<_, ModelError>>()?)
}

async fn last(stt: &dyn SpeechToText, samples: &[f32]) -> Result<Hypothesis> {
    let all = heard(stt, samples, TranscribeOptions::default()).await?;
    all.into_iter().last().context("nothing was heard")
}

#[tokio::test]
async fn its_process_has_given_up_what_it_does_not_need() -> Result<()> {
    let ears = Ears::new()?;
    last(&ears.whisper()?, &speech()?).await?;
    let health = ears.process.health();
    let Health::Ready(told) = health.borrow().clone() else {
        anyhow::bail!("{health:?}");
    };
    let fences = told["confined_by"].as_array().context("no fences")?.len();
    assert!(fences >= 2, "{told}");
    Ok(())
}

/// An utterance under way: half of it has been said.
struct Half {
    audio: mpsc::Sender<AudioFrame>,
    rest: Vec<AudioFrame>,
    words: BoxStream<'static, Result<Hypothesis, ModelError>>,
}

impl Half {
    async fn say(stt: &dyn SpeechToText, speech: &[f32]) -> Result<Half> {
        let mut all = frames(speech);
        let rest = all.split_off(all.len() / 2);
        let (mut audio, incoming) = mpsc::channel(2000);
        for frame in all {
            audio.try_send(frame)?;
        }
        let mut words = stt.transcribe(incoming.boxed(), TranscribeOptions::default());
        // Until the process has heard it, and is in the middle of it.
        let first = timeout(CEILING, words.next()).await?;
        ensure!(first.is_some_and(|it| it.is_ok_and(|it| !it.is_final)));
        Ok(Half { audio, rest, words })
    }

    async fn go_on(mut self) -> Result<Hypothesis> {
        for frame in self.rest.drain(..) {
            self.audio.try_send(frame)?;
        }
        drop(self.audio);
        let mut last = None;
        while let Some(words) = timeout(CEILING, self.words.next()).await? {
            last = Some(words?);
        }
        last.context("it ended without a word")
    }
}

#[tokio::test]
async fn a_process_that_is_killed_or_stopped_in_the_middle_costs_a_retry() -> Result<()> {
    let ears = Ears::new()?;
    let (whisper, speech) = (ears.whisper()?, speech()?);
    for signal in [Signal::KILL, Signal::STOP] {
        let half = Half::say(&whisper, &speech).await?;
        let before = ears.id()?;
        kill_process(before, signal)?;
        let last = half.go_on().await?;
        assert_eq!(last.text(), "turn off the kitchen light", "{signal:?}");
        assert_eq!(last.through, speech.len() as u64 / 320 * 320, "all of it");
        assert_ne!(ears.id()?, before);
    }
    // Between two utterances.
    kill_process(ears.id()?, Signal::KILL)?;
    assert_eq!(
        last(&whisper, &speech).await?.text(),
        "turn off the kitchen light"
    );
    Ok(())
}

#[tokio::test]
async fn a_process_that_keeps_ending_is_left_alone() -> Result<()> {
    let program = Program {
        name: "whisper".into(),
        file: "/bin/false".into(),
        arguments: vec![],
    };
    let process = Arc::new(Process::of(program));
    let capability = "stt.whisper"
        .parse()
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let whisper = Whisper::new(Work::here(process.clone(), capability), None);
    let mut said = Vec::new();
    for _ in 0..4 {
        let audio = futures::stream::iter(frames(&[0.0; 640])).boxed();
        let mut words = whisper.transcribe(audio, TranscribeOptions::default());
        let Some(Err(error)) = timeout(CEILING, words.next()).await? else {
            anyhow::bail!("it heard something");
        };
        said.push(error);
    }
    let last = said.pop().context("nothing was said")?.to_string();
    assert!(last.contains("it ended 5 times within 60 s"), "{last}");
    assert_eq!(
        process.trouble().as_deref(),
        Some("it ended 5 times within 60 s")
    );
    Ok(())
}

#[test]
fn a_file_that_is_no_model_is_named_and_nothing_is_loaded() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("model.bin");
    let mut whole = Vec::new();
    Model::saying(SAYS).write(&file)?;
    whole.extend(fs::read(&file)?);
    let said = |bytes: &[u8]| -> Result<String> {
        fs::write(&file, bytes)?;
        let output = Command::new(worker())
            .args(["--model".as_ref(), file.as_os_str()])
            .args(["--memory", "2000000000"])
            .output()?;
        let out = String::from_utf8(output.stdout)?;
        ensure!(!output.status.success(), "it was loaded");
        // A native library may end its process over such a file; the hub then sees that it ended.
        Ok(if out.is_empty() { "ended".into() } else { out })
    };
    assert!(said(b"")?.contains("not a whisper file"));
    assert!(said(b"GGUF\0\0\0\x03")?.contains("not a whisper file"));
    assert!(said(&whole[..30])?.contains("cut off"));
    assert!(said(&whole[..whole.len() / 2])?.contains("cut off"));
    // Right in its beginning and its length, and wrong in between.
    let mut hostile = whole.clone();
    hostile[48..56].fill(0xff);
    said(&hostile)?;
    let mut hostile = whole.clone();
    let middle = hostile.len() / 2;
    hostile[64_372..middle].fill(0x7f);
    said(&hostile)?;
    let mut short = whole.clone();
    short.truncate(whole.len() - 5000);
    said(&short)?;
    let output = Command::new(worker())
        .args(["--model", "/nowhere/model.bin"])
        .output()?;
    let out = String::from_utf8(output.stdout)?;
    assert!(out.contains("/nowhere/model.bin cannot be read"), "{out}");
    Ok(())
}

/// Hears what it is told to have heard, once the audio has ended; or fails; or never hears anything.
struct Scripted(&'static str, Verdict);

impl SpeechToText for Scripted {
    fn transcribe(
        &self,
        audio: loqa_core::seams::AudioFrames,
        _: TranscribeOptions,
    ) -> BoxStream<'static, Result<Hypothesis, ModelError>> {
        if self.0 == "never" {
            return futures::stream::pending().boxed();
        }
        let (text, verdict) = (self.0.to_owned(), self.1);
        let last = audio.count().map(move |_| {
            if text == "fails" {
                return Err(ModelError::Backend(text));
            }
            Ok(Hypothesis {
                committed: text,
                is_final: true,
                verdict,
                ..Hypothesis::default()
            })
        });
        last.into_stream().boxed()
    }

    fn load_grammar(
        &self,
        _: Arc<loqa_core::grammar::SpeechGrammar>,
    ) -> futures::future::BoxFuture<'static, Result<Vec<loqa_core::seams::GuessedWord>, ModelError>>
    {
        async { Ok(Vec::new()) }.boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_commands_are_sure_of_is_not_waited_with_and_the_rest_is_decided_by_whisper()
-> Result<()> {
    let grammar = Arc::new(household()?);
    let options = TranscribeOptions {
        grammar: Some(grammar.speech()),
        context: Asked::Commands,
        household: Some(grammar),
        open: false,
        ..TranscribeOptions::default()
    };
    let race = |commands: Scripted, any_words: Box<dyn SpeechToText>| {
        let race = Race::new(Arc::new(commands), Arc::from(any_words), PATIENCE, || true);
        let options = options.clone();
        async move {
            let words = heard(&race, &[0.0; 640], options).await;
            words.map(|words| words.last().map(|last| (last.text(), last.verdict)))
        }
    };
    let (sure, not) = (Verdict::Accepted, Verdict::Rejected);
    let on = "turn on the kitchen light";
    let off = "turn off the kitchen light";
    let said = |text: &str, verdict| Some((text.to_owned(), verdict));
    let whisper = |text| Box::new(Scripted(text, Verdict::Unknown)) as Box<dyn SpeechToText>;

    assert_eq!(
        race(Scripted(on, sure), whisper("never")).await?,
        said(on, sure)
    );
    assert_eq!(
        race(Scripted(on, not), whisper(off)).await?,
        said(off, sure)
    );
    // What no skill understands stays what it was: nothing is done.
    assert_eq!(
        race(Scripted(on, not), whisper("it is a lovely day")).await?,
        said(on, not)
    );
    assert_eq!(
        race(Scripted(on, not), whisper("fails")).await?,
        said(on, not)
    );
    assert_eq!(
        race(Scripted("fails", not), whisper(off)).await?,
        said(off, sure)
    );
    assert_eq!(
        race(Scripted("fails", not), whisper("so what")).await?,
        said("so what", not)
    );
    assert!(
        race(Scripted("fails", not), whisper("fails"))
            .await
            .is_err()
    );
    // Where somebody answers any question, any words count; not where Loqa has asked one.
    for (context, heard_as) in [
        (Asked::Commands, said("it is a lovely day", sure)),
        (Asked::Confirm, said(on, not)),
    ] {
        let race = Race::new(
            Arc::new(Scripted(on, not)),
            Arc::from(whisper("it is a lovely day")),
            PATIENCE,
            || true,
        );
        let options = TranscribeOptions {
            open: true,
            context,
            ..options.clone()
        };
        let words = heard(&race, &[0.0; 640], options).await?;
        let last = words.last().map(|last| (last.text(), last.verdict));
        assert_eq!(last, heard_as);
    }
    let began = tokio::time::Instant::now();
    assert_eq!(
        race(Scripted(on, not), whisper("never")).await?,
        said(on, not)
    );
    assert_eq!(began.elapsed(), PATIENCE);
    Ok(())
}

/// The demo household, and what can be said in it.
fn household() -> Result<Grammar> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let registry = loqa_engine::skills::Registry::built_in()?;
    let text = fs::read_to_string(folder.join("engine/src/config/demo-home.toml"))?;
    let home = loqa_core::home::Home::parse("demo-home.toml", &text)
        .map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    Grammar::compile(registry.manifests(), &home).map_err(|errors| anyhow::anyhow!("{errors:?}"))
}

#[test]
fn a_household_that_has_a_model_is_understood_where_no_command_covers_it() -> Result<()> {
    let home = Home::new()?;
    let wav = home.path("please.wav");
    loqa_tests::voices::write_wav(&wav, &speech()?)?;
    let ask = || -> Result<serde_json::Value> {
        let ended = home.run(["ask", "--json", "--fast", "--wav", &wav.to_string_lossy()])?;
        let turns = ended.turns()?;
        turns
            .into_iter()
            .next()
            .with_context(|| format!("{ended:#?}"))
    };
    let hub = home.hub()?;
    let without = ask()?;
    assert_eq!(without["rejected"], true, "{without}");

    let model = home.path("says.bin");
    Model::saying(SAYS).write(&model)?;
    // The hub goes on meanwhile.
    let used = home.run(["model", "use", &model.to_string_lossy()])?;
    assert_eq!(used.code, Some(0), "{used:#?}");
    until("the hub has taken it up", || {
        let running = children(hub.id()).unwrap_or_default();
        running.iter().any(|(_, it)| it.contains("loqa-stt-worker"))
    })?;
    let with = ask()?;
    assert_eq!(with["text"], "turn off the kitchen light", "{with}");
    assert_eq!(with["reply"], "The kitchen lights are off.", "{with}");

    let running = children(hub.id())?;
    let found = running
        .iter()
        .find(|(_, command)| command.contains("loqa-stt-worker"));
    let (id, _) = found.with_context(|| format!("{running:?}"))?;
    kill_process(
        Pid::from_raw(i32::try_from(*id)?).context("no id")?,
        Signal::KILL,
    )?;
    assert_eq!(ask()?["text"], "turn off the kitchen light");
    let doctor = home.run(["doctor"])?.out;
    assert!(doctor.contains("stt.whisper:says"), "{doctor}");
    drop(hub);

    let whole = fs::read(&model)?;
    fs::write(&model, &whole[..whole.len() / 2])?;
    let doctor = home.run(["doctor"])?.out;
    assert!(doctor.contains("says.bin: it is cut off"), "{doctor}");
    assert_eq!(ask()?["rejected"], true, "commands are heard as ever");
    Ok(())
}
