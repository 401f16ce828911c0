//! Recognisers: frames in, words out.

use crate::{Table, linked::Linked, process, soon};
use anyhow::{Context, Result, ensure};
use futures::{
    FutureExt, StreamExt,
    channel::mpsc,
    future::{BoxFuture, join_all},
    stream::{self, BoxStream},
};
use loqa_core::{
    grammar::{Grammar, SpeechGrammar},
    home::Home,
    manifest::Manifest,
    seams::{AudioFrame, AudioFrames, FRAME_SAMPLES, ModelError, SpeechToText, TranscribeOptions},
};
use loqa_engine::workers::{Race, Whisper, Work};
use loqa_inference::{
    stt::{Ears, PocketSphinx},
    wav,
};
use loqa_protocol::{Hypothesis, Verdict};
use loqa_tests::{
    voices::{Noise, Speaker, Studio},
    whisper_model::Model,
};
use std::{sync::Arc, time::Duration};

/// Whisper's time after the commands: its words are looked at, not how soon they come.
const PATIENCE: Duration = Duration::from_secs(20);
const COMMANDS: &str = r#"
name: home
intents:
  all:
    sentences:
      - "turn (on|off) the (kitchen light|lamp in the hall)"
      - "set a timer for (five|ten|twenty) minutes"
      - stop
"#;
/// What is said, and heard, in each clip.
const SAID: &str = "turn off the kitchen light";

/// A recogniser, and what it is told.
struct Ear {
    stt: Arc<dyn SpeechToText>,
    options: TranscribeOptions,
    /// It knows words that the clip does not hold as well: it may be mistaken, though not by much.
    vague: bool,
}

impl Ear {
    async fn all(&self, audio: AudioFrames) -> Result<Vec<Hypothesis>> {
        let heard = self.begin(audio).collect::<Vec<_>>();
        let heard = soon("the last words", heard).await?;
        Ok(heard.into_iter().collect::<Result<_, ModelError>>()?)
    }

    fn begin(&self, audio: AudioFrames) -> BoxStream<'static, Result<Hypothesis, ModelError>> {
        self.stt.transcribe(audio, self.options.clone())
    }

    async fn last(&self, samples: &[f32]) -> Result<Hypothesis> {
        let mut all = self.all(frames(samples)).await?;
        all.pop().context("it ended without a word")
    }

    /// Whether these are the words of the clip.
    fn is_right(&self, last: &Hypothesis) -> Result<()> {
        let text = last.text();
        let heard = match self.vague {
            true => text.contains("kitchen") && last.verdict != Verdict::Rejected,
            false => text == SAID && last.verdict != Verdict::Rejected,
        };
        ensure!(heard && last.is_final, "{last:?}");
        Ok(())
    }

    fn is_nothing(last: &Hypothesis) -> Result<()> {
        let nothing = last.is_final && last.verdict == Verdict::Rejected;
        ensure!(nothing && last.text().is_empty(), "{last:?}");
        Ok(())
    }
}

fn frames(samples: &[f32]) -> AudioFrames {
    let frames: Vec<AudioFrame> = wav::frames(samples).collect();
    stream::iter(frames).boxed()
}

/// Frames of another length.
fn pieces(samples: &[f32], length: usize) -> AudioFrames {
    let pieces = samples.chunks(length).enumerate();
    let pieces = pieces.map(|(at, samples)| AudioFrame {
        offset: (at * length) as u64,
        samples: samples.into(),
    });
    stream::iter(pieces.collect::<Vec<_>>()).boxed()
}

fn speech() -> Result<Vec<f32>> {
    let clip = Studio::open()?.speak(Speaker::Flite("rms"), SAID)?;
    let mut samples = clip.framed(300, 600).samples;
    samples.truncate(samples.len() / FRAME_SAMPLES * FRAME_SAMPLES);
    Ok(samples)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recogniser() -> Result<()> {
    let skill = Manifest::parse("skill.yaml", COMMANDS).map_err(|it| anyhow::anyhow!("{it:?}"))?;
    let grammar = Grammar::compile(&[skill], &Home::default());
    let grammar = Arc::new(grammar.map_err(|it| anyhow::anyhow!("{it:?}"))?);
    let speech: Arc<SpeechGrammar> = grammar.speech();
    let commands = TranscribeOptions {
        grammar: Some(speech),
        household: Some(grammar),
        ..TranscribeOptions::default()
    };
    let ear = |stt, options: &TranscribeOptions| Ear {
        stt,
        options: options.clone(),
        vague: false,
    };
    let any = TranscribeOptions::default();
    let folder = tempfile::tempdir()?;
    let model = folder.path().join("says.bin");
    Model::saying("Turn off the kitchen light.").write(&model)?;
    let sphinx = PocketSphinx::open(Ears::default(), 2).map(Arc::new);
    let here = process("whisper", "loqa-stt-worker", &model, &[]);
    let whisper = || -> Result<Arc<Whisper>> {
        let work = here.as_ref().map_err(|why| anyhow::anyhow!("{why:#}"))?;
        Ok(Arc::new(Whisper::new(work.clone(), None)))
    };
    let race = || -> Result<Race> {
        let commands = sphinx.as_ref().map_err(Clone::clone)?;
        Ok(Race::new(commands.clone(), whisper()?, PATIENCE, || true))
    };
    let linked = Linked::with(&format!("whisper = {model:?}")).await;
    let by_node = linked.as_ref().map(|linked| {
        let work = Arc::new(Work::of(linked.sites.clone(), "stt", "whisper"));
        ear(Arc::new(Whisper::new(work, None)), &any)
    });
    let sphinx_of = |options: &TranscribeOptions| {
        let sphinx = sphinx.as_ref().map_err(Clone::clone)?;
        Ok(ear(sphinx.clone(), options))
    };
    Table::of([
        ("pocketsphinx", sphinx_of(&commands)),
        (
            "pocketsphinx, any words",
            sphinx_of(&any).map(|ear| Ear { vague: true, ..ear }),
        ),
        ("whisper", whisper().map(|it| ear(it, &any))),
        ("race", race().map(|it| ear(Arc::new(it), &commands))),
        ("race, any words", race().map(|it| ear(Arc::new(it), &any))),
        ("a node", by_node.map_err(|why| anyhow::anyhow!("{why:#}"))),
    ])
    .hold([
        ("one final comes, and last", one_final),
        ("nobody said anything in silence or noise", nothing),
        ("the same is heard in the same", the_same),
        ("however it is cut", any_frames),
        ("samples that are none are silence", no_numbers),
        ("whoever stops speaking leaves it to the next", dropped),
        ("several at once do not mix", at_once),
    ])
    .await
}

fn one_final(ear: &Ear) -> BoxFuture<'_, Result<()>> {
    async {
        let speech = speech()?;
        let all = ear.all(frames(&speech)).await?;
        let (last, partial) = all.split_last().context("it ended without a word")?;
        ear.is_right(last)?;
        ensure!(partial.iter().all(|it| !it.is_final));
        ensure!(all.iter().map(|it| it.through).is_sorted());
        ensure!(last.through == speech.len() as u64, "{last:?}");
        ensure!(last.tentative.is_empty(), "{last:?}");
        for two in all.windows(2) {
            let stays = two[1].committed.starts_with(&two[0].committed);
            ensure!(stays, "{two:#?}");
        }
        // Which stream it is a part of changes nothing but the clock.
        let from = 16_000 * 60;
        let later = frames(&speech).map(move |frame| AudioFrame {
            offset: frame.offset + from,
            ..frame
        });
        let later = ear.all(later.boxed()).await?.pop().context("nothing")?;
        ensure!(later.through == last.through + from, "{later:?}");
        ensure!(later.committed == last.committed, "{later:?}");
        Ok(())
    }
    .boxed()
}

fn nothing(ear: &Ear) -> BoxFuture<'_, Result<()>> {
    async {
        let noise = |noise: Noise<'_>, loudness: f32| -> Vec<f32> {
            let noise = noise.render(32_000, 1);
            let power = noise.iter().map(|it| it * it).sum::<f32>() / noise.len() as f32;
            let gain = loudness / power.sqrt();
            noise.iter().map(|it| it * gain).collect()
        };
        for (what, samples) in [
            ("no audio", vec![]),
            ("a few samples", vec![0.0; 100]),
            ("silence", vec![0.0; 32_000]),
            ("hiss", noise(Noise::White, 0.003)),
            ("a fan", noise(Noise::Pink, 0.01)),
        ] {
            Ear::is_nothing(&ear.last(&samples).await?).context(what)?;
        }
        Ok(())
    }
    .boxed()
}

fn the_same(ear: &Ear) -> BoxFuture<'_, Result<()>> {
    async {
        let (speech, hiss) = (speech()?, Noise::White.render(16_000, 2));
        let first = ear.last(&speech).await?;
        let soft: Vec<f32> = hiss.iter().map(|it| it * 0.01).collect();
        ear.last(&soft).await?;
        ensure!(ear.last(&speech).await? == first);
        Ok(())
    }
    .boxed()
}

fn any_frames(ear: &Ear) -> BoxFuture<'_, Result<()>> {
    async {
        let speech = speech()?;
        let whole = ear.last(&speech).await?;
        for length in [97, 441, 16_000] {
            let mut all = ear.all(pieces(&speech, length)).await?;
            let last = all.pop().context("it ended without a word")?;
            ensure!(last.text() == whole.text(), "{length}: {last:?}");
            ensure!(last.verdict == whole.verdict, "{length}: {last:?}");
            ensure!(last.through == whole.through, "{length}: {last:?}");
        }
        Ok(())
    }
    .boxed()
}

fn no_numbers(ear: &Ear) -> BoxFuture<'_, Result<()>> {
    async {
        for none in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            Ear::is_nothing(&ear.last(&[none; 16_000]).await?)?;
            let mut speech = speech()?;
            speech[..1600].fill(none);
            ear.is_right(&ear.last(&speech).await?)?;
        }
        Ok(())
    }
    .boxed()
}

fn dropped(ear: &Ear) -> BoxFuture<'_, Result<()>> {
    async {
        let speech = speech()?;
        let half: Vec<AudioFrame> = wav::frames(&speech[..speech.len() / 2]).collect();
        // More than any of them hears at a time: one that stayed would starve the last.
        for _ in 0..20 {
            let (mut say, audio) = mpsc::channel(half.len());
            let mut heard = ear.begin(audio.boxed());
            for frame in &half {
                say.try_send(frame.clone())?;
            }
            let first = soon("its first words", heard.next()).await?;
            ensure!(first.is_some_and(|it| it.is_ok_and(|it| !it.is_final)));
        }
        ear.is_right(&ear.last(&speech).await?)
    }
    .boxed()
}

fn at_once(ear: &Ear) -> BoxFuture<'_, Result<()>> {
    async {
        let (speech, silence) = (speech()?, vec![0.0; 32_000]);
        let both = [&speech, &silence].into_iter().cycle().take(6);
        let both = join_all(both.map(|samples| ear.last(samples))).await;
        for (place, last) in both.into_iter().enumerate() {
            match place % 2 {
                0 => ear.is_right(&last?)?,
                _ => Ear::is_nothing(&last?)?,
            }
        }
        Ok(())
    }
    .boxed()
}
