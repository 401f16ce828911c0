//! Voices: clauses in, sound out.

use crate::{CEILING, Table, linked::Linked, soon};
use anyhow::{Context, Result, ensure};
use futures::{
    FutureExt, StreamExt,
    channel::mpsc,
    future::{BoxFuture, join},
    stream,
};
use loqa_core::{
    seams::{ModelError, SpeechChunk, TextToSpeech, Voice},
    speech,
};
use loqa_engine::workers::{Mouths, Sites, Work};
use loqa_inference::{
    onnx,
    tts::{Espeak, Expressive, Flite, Kokoro, KokoroConfig, PhraseCache, Voices},
};
use loqa_tests::kokoro_model::{self, Shape};
use std::{path::Path, sync::Arc};

/// A voice, and how it is called.
struct Mouth {
    tts: Arc<dyn TextToSpeech>,
    voice: &'static str,
    /// A name that is almost its own.
    mistaken: &'static str,
}

impl Mouth {
    fn new(tts: Arc<dyn TextToSpeech>, voice: &'static str, mistaken: &'static str) -> Mouth {
        Mouth {
            tts,
            voice,
            mistaken,
        }
    }

    fn begin(&self, voice: &str, clauses: &[&str]) -> loqa_inference::tts::Speech {
        let clauses: Vec<String> = clauses.iter().map(ToString::to_string).collect();
        let text = stream::iter(clauses).boxed();
        self.tts.synthesize(text, Voice(voice.into()).into())
    }

    async fn say(&self, clauses: &[&str]) -> Result<Vec<SpeechChunk>> {
        let said = self.begin(self.voice, clauses).collect::<Vec<_>>();
        let said = soon("the end of a reply", said).await?;
        Ok(said.into_iter().collect::<Result<_, ModelError>>()?)
    }
}

fn samples(chunks: &[SpeechChunk]) -> Vec<f32> {
    let chunks = chunks.iter().flat_map(|chunk| &chunk.samples);
    chunks.copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_voice() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let voices = ["af_heart", "bm_george"];
    kokoro_model::write(folder.path(), Shape::Kokoro, &voices)?;
    // Patient with machines that are twenty times slower; or with none at all.
    let kokoro = |limit| kokoro(folder.path(), limit);
    let of_machine = |voice: &'static str, mistaken| {
        let voices = Voices::load();
        voices.check(&Voice(voice.into()))?;
        let voices = Arc::new(PhraseCache::new(Arc::new(voices), 1 << 20));
        Ok::<_, ModelError>(Mouth::new(voices, voice, mistaken))
    };
    let espeak = Espeak.check("en-us");
    let expressive = |limit| {
        let kokoro = kokoro(limit)?;
        let voices = Arc::new(Voices::load().with_kokoro(kokoro.clone()));
        voices.check(&Voice("slt".into()))?;
        let expressive = Expressive::new(kokoro, voices, Voice("slt".into()));
        Ok(Mouth::new(
            Arc::new(expressive),
            "kokoro:bm_george",
            "kokoro:bm_gorge",
        ))
    };
    let own = kokoro(f64::MAX).map(|kokoro| {
        let work = Work::of(Sites::new(|_| None), "tts", "kokoro").with_voice(kokoro.clone());
        let mouths = Mouths::new(Arc::new(work), Some(kokoro), "af_heart", Voices::load());
        Mouth::new(Arc::new(mouths), "kokoro:af_heart", "kokoro:af_hart")
    });
    let linked = match onnx::available() {
        Ok(()) => Linked::with(&format!("kokoro = {:?}", folder.path())).await,
        Err(error) => Err(error.into()),
    };
    let by_node = linked.as_ref().map(|linked| {
        let work = Work::of(linked.sites.clone(), "tts", "kokoro");
        let mouths = Mouths::new(Arc::new(work), None, "af_heart", Voices::load());
        Mouth::new(Arc::new(mouths), "kokoro:af_heart", "kokoro:af_hart")
    });
    Table::of([
        (
            "flite",
            Flite::load().map(|it| Mouth::new(Arc::new(it), "slt", "stl")),
        ),
        (
            "espeak-ng",
            espeak.map(|()| Mouth::new(Arc::new(Espeak), "en-us", "en-uss")),
        ),
        ("voices: flite", of_machine("slt", "sllt")),
        (
            "voices: espeak-ng",
            of_machine("espeak:en-gb+f3", "espeak:en-gb+f33"),
        ),
        (
            "kokoro",
            kokoro(f64::MAX).map(|it| Mouth::new(it, "af_heart", "af_hart")),
        ),
        ("expressive", expressive(f64::MAX)),
        ("expressive, too slow", expressive(0.0)),
        ("mouths", own),
        (
            "a node",
            by_node.map_err(|why| ModelError::Backend(format!("{why:#}"))),
        ),
    ])
    .hold([
        ("nothing is said of nothing", nothing),
        ("a reply has one rate, within bounds", bounds),
        ("a clause is heard before the next is there", in_turn),
        ("any text is survived", any_text),
        ("a reply that is dropped leaves it to the next", dropped),
        ("two replies do not mix", two_at_once),
        ("a voice that is not there names the nearest", mistaken),
    ])
    .await
}

fn kokoro(folder: &Path, limit: f64) -> Result<Arc<Kokoro>, ModelError> {
    let config = KokoroConfig {
        limit,
        ..KokoroConfig::default()
    };
    let kokoro = Kokoro::open(folder, config)?;
    kokoro.loaded(CEILING);
    Ok(Arc::new(kokoro))
}

fn nothing(mouth: &Mouth) -> BoxFuture<'_, Result<()>> {
    async {
        for clauses in [&[][..], &[""], &[" ", "\n"]] {
            let said = samples(&mouth.say(clauses).await?);
            ensure!(said.is_empty(), "{clauses:?}: {} samples", said.len());
        }
        Ok(())
    }
    .boxed()
}

fn bounds(mouth: &Mouth) -> BoxFuture<'_, Result<()>> {
    async {
        let reply = speech::clauses(&speech::speakable(
            "Okay, the kitchen lights are off, and the timer is set for 20 minutes. It's 21.5 °C.",
        ));
        let reply: Vec<&str> = reply.iter().map(String::as_str).collect();
        let chunks = mouth.say(&reply).await?;
        let first = chunks.first().context("silence")?;
        let rate = first.sample_rate_hz;
        ensure!(chunks.iter().all(|chunk| chunk.sample_rate_hz == rate));
        ensure!(
            first.samples.len() <= rate as usize / 10,
            "it begins with {} samples",
            first.samples.len()
        );
        let heard = samples(&chunks);
        let beyond = heard.iter().find(|it| !(-1.0..=1.0).contains(*it));
        ensure!(beyond.is_none(), "{beyond:?}");
        let seconds = heard.len() as f64 / f64::from(rate);
        ensure!((2.0..20.0).contains(&seconds), "{seconds} s");
        Ok(())
    }
    .boxed()
}

fn in_turn(mouth: &Mouth) -> BoxFuture<'_, Result<()>> {
    async {
        let (mut write, text) = mpsc::channel(2);
        let mut said = mouth
            .tts
            .synthesize(text.boxed(), Voice(mouth.voice.into()).into());
        write.try_send("It is on.".to_owned())?;
        let first = soon("the first clause", said.next()).await?;
        let first = first.context("silence")??.samples.len();
        write.try_send("And so is the other one.".to_owned())?;
        drop(write);
        let rest: Vec<_> = soon("the second clause", said.collect()).await?;
        let rest: Vec<_> = rest.into_iter().collect::<Result<_, ModelError>>()?;
        let alone = samples(&mouth.say(&["It is on."]).await?).len();
        let both = first + samples(&rest).len();
        ensure!(both > alone * 3 / 2, "{both} samples, {alone} of the first");
        Ok(())
    }
    .boxed()
}

fn any_text(mouth: &Mouth) -> BoxFuture<'_, Result<()>> {
    async {
        for text in [
            "…",
            "\0",
            "\u{7}\u{1b}[31m",
            "日本語",
            "🎉👩‍👩‍👧",
            "<speak>",
            "[x](/❓/)",
            "%s%n",
            "--help",
            "a\u{301}",
            "qzxwv Xyqlphthor",
        ] {
            mouth
                .say(&[text])
                .await
                .with_context(|| format!("{text:?}"))?;
        }
        // Somebody who stops listening to what has no end.
        for text in ["z".repeat(10_000), "ha ".repeat(4_000)] {
            let mut said = mouth.begin(mouth.voice, &[&text]);
            for _ in 0..5 {
                soon("a long word", said.next())
                    .await?
                    .context("silence")??;
            }
        }
        Ok(())
    }
    .boxed()
}

fn dropped(mouth: &Mouth) -> BoxFuture<'_, Result<()>> {
    async {
        let alone = samples(&mouth.say(&["Yes."]).await?).len();
        for _ in 0..20 {
            let mut heard = mouth.begin(
                mouth.voice,
                &["This is not going to be heard by anybody.", "Nor is this."],
            );
            soon("a reply", heard.next()).await?.context("silence")??;
            drop(mouth.begin(mouth.voice, &["Nor is this, not even its beginning."]));
        }
        let yes = samples(&mouth.say(&["Yes."]).await?).len();
        // Some voices never say it twice alike.
        ensure!(
            yes.abs_diff(alone) < alone / 2,
            "{yes} samples, {alone} before"
        );
        Ok(())
    }
    .boxed()
}

fn two_at_once(mouth: &Mouth) -> BoxFuture<'_, Result<()>> {
    async {
        let long = ["The kitchen lights are off,", "and the door is locked."];
        let alone = [mouth.say(&["Yes."]).await?, mouth.say(&long).await?];
        let (yes, reply) = join(mouth.say(&["Yes."]), mouth.say(&long)).await;
        for (alone, said) in alone.iter().zip([yes?, reply?]) {
            let (alone, said) = (samples(alone).len(), samples(&said).len());
            ensure!(
                said.abs_diff(alone) < alone / 2,
                "{said} samples, {alone} alone"
            );
        }
        Ok(())
    }
    .boxed()
}

fn mistaken(mouth: &Mouth) -> BoxFuture<'_, Result<()>> {
    async {
        let said = mouth.begin(mouth.mistaken, &["Yes."]).collect::<Vec<_>>();
        let said = soon("an error", said).await?;
        let [Err(error)] = &said[..] else {
            anyhow::bail!("{} was taken for a voice", mouth.mistaken);
        };
        let words = error.to_string();
        ensure!(words.contains("did you mean `"), "{words}");
        Ok(())
    }
    .boxed()
}
