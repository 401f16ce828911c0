//! Kokoro, on models that are made here: what it is given, what becomes of files that are something else, and who speaks
//! where it cannot.

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, executor::block_on, stream};
use loqa_core::seams::{ModelError, SpeakOptions, SpeechChunk, TextToSpeech, Voice};
use loqa_inference::{
    onnx,
    tts::{
        Expressive, Kokoro, KokoroConfig, Voices,
        kokoro::{SAMPLE_RATE_HZ, State},
    },
    vad::SileroModel,
    wav,
};
use loqa_tests::{
    kokoro_model::{self, Shape, TOKEN_SAMPLES, sound},
    program::Home,
};
use std::{env, fs, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;

/// Longer than anything here takes that works.
const CEILING: Duration = Duration::from_secs(60);
/// "Yes." in Kokoro's symbols, within its frame: jˈɛs.
const YES: [i64; 7] = [0, 52, 156, 86, 61, 4, 0];

/// Whether there is an ONNX Runtime; says so if not.
fn runs() -> bool {
    onnx::available()
        .inspect_err(|error| eprintln!("skipped: {error}"))
        .is_ok()
}

fn kokoro(shape: Shape, config: KokoroConfig) -> Result<(TempDir, Arc<Kokoro>)> {
    let folder = tempfile::tempdir()?;
    kokoro_model::write(
        folder.path(),
        shape,
        &["af_heart", "bm_george", "zf_xiaobei"],
    )?;
    let kokoro = Kokoro::open(folder.path(), config)?;
    kokoro.loaded(CEILING);
    Ok((folder, Arc::new(kokoro)))
}

/// Patient with machines that are twenty times slower.
fn patient() -> KokoroConfig {
    KokoroConfig {
        limit: f64::MAX,
        ..KokoroConfig::default()
    }
}

fn say(
    tts: &dyn TextToSpeech,
    voice: &str,
    clauses: &[&str],
) -> Result<Vec<SpeechChunk>, ModelError> {
    let clauses: Vec<String> = clauses.iter().map(ToString::to_string).collect();
    let said = tts.synthesize(stream::iter(clauses).boxed(), Voice(voice.into()).into());
    block_on(said.collect::<Vec<_>>()).into_iter().collect()
}

fn samples(chunks: &[SpeechChunk]) -> Vec<f32> {
    chunks
        .iter()
        .flat_map(|chunk| chunk.samples.clone())
        .collect()
}

#[test]
fn kokoro_is_given_what_it_was_trained_on() -> Result<()> {
    if !runs() {
        return Ok(());
    }
    for (shape, speed, expected) in [
        (Shape::Kokoro, 1.0, 1.0),
        (Shape::Kokoro, 2.0, 2.0),
        (Shape::WholeSpeed, 1.2, 1.0),
    ] {
        let (_folder, kokoro) = kokoro(shape, patient())?;
        let options = SpeakOptions {
            voice: Voice("af_heart".into()),
            speed_permille: (1000.0 * speed) as u32,
            ..SpeakOptions::default()
        };
        let said = kokoro.synthesize(stream::iter(["Yes.".to_owned()]).boxed(), options);
        let said: Vec<_> = block_on(said.collect());
        let heard = samples(&said.into_iter().collect::<Result<Vec<_>, _>>()?);
        ensure!(
            heard.len() == YES.len() * TOKEN_SAMPLES,
            "{} samples",
            heard.len()
        );
        // The row of a voice is chosen by what is said, without the frame.
        let made: Vec<f32> = YES
            .iter()
            .flat_map(|token| sound(*token, YES.len() - 2, expected))
            .collect();
        let worst = heard
            .iter()
            .zip(&made)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        ensure!(worst < 1e-3, "{shape:?} at {speed}: off by {worst}");
    }
    Ok(())
}

#[test]
fn what_kokoro_can_read_at_once_is_a_clause_of_510_symbols() -> Result<()> {
    if !runs() {
        return Ok(());
    }
    let (_folder, kokoro) = kokoro(Shape::Kokoro, patient())?;
    // Within what is given to a synthesiser at once, and longer in symbols than in letters.
    let clause = "77 777 777 ".repeat(14);
    let heard = samples(&say(&*kokoro, "af_heart", &[&clause])?);
    ensure!(heard.len() > 510 * TOKEN_SAMPLES, "{} samples", heard.len());
    Ok(())
}

#[test]
fn a_voice_that_is_not_there_names_the_nearest() -> Result<()> {
    if !runs() {
        return Ok(());
    }
    let (_folder, kokoro) = kokoro(Shape::Kokoro, patient())?;
    let told = |name: &str| kokoro.check(name).map_err(|error| error.to_string());
    ensure!(told("bm_george") == Ok(()));
    ensure!(
        told("af_hart") == Err("Kokoro has no voice `af_hart`: did you mean `af_heart`?".into())
    );
    ensure!(told("zf_xiaobei").is_err_and(|why| why.contains("another language")));
    Ok(())
}

/// How a model in a folder fails.
fn failure(prepare: impl FnOnce(&Path) -> Result<()>) -> Result<String> {
    let folder = tempfile::tempdir()?;
    kokoro_model::write(folder.path(), Shape::Kokoro, &["af_heart"])?;
    prepare(folder.path())?;
    let kokoro = match Kokoro::open(folder.path(), patient()) {
        Ok(kokoro) => kokoro,
        Err(error) => return Ok(error.to_string()),
    };
    match kokoro.loaded(CEILING) {
        State::Failed(error) => {
            // Who asks nevertheless is told the same.
            let said = say(&kokoro, "af_heart", &["Yes."]);
            ensure!(said == Err(error.clone()), "{said:?}");
            Ok(error.to_string())
        }
        state => anyhow::bail!("{state:?}"),
    }
}

#[test]
fn files_that_are_something_else_are_told() -> Result<()> {
    if !runs() {
        return Ok(());
    }
    let write = |name: &'static str, bytes: Vec<u8>| {
        move |folder: &Path| Ok(fs::write(folder.join(name), bytes)?)
    };
    let whole = kokoro_model::graph(Shape::Kokoro);
    for (bytes, expected) in [
        (vec![], "kokoro.onnx cannot be loaded: it is empty"),
        (
            whole[..whole.len() / 2].to_vec(),
            "kokoro.onnx cannot be loaded: ",
        ),
        (
            b"<html>not found</html>".to_vec(),
            "kokoro.onnx cannot be loaded: ",
        ),
        (vec![0xff; 10_000], "kokoro.onnx cannot be loaded: "),
        (
            kokoro_model::graph(Shape::Other),
            "is not Kokoro: it takes image i64 [1, ?], mask f32 [1, 256], threshold f32 [1] instead of",
        ),
        (
            kokoro_model::graph(Shape::NotANumber),
            "what it says is no sound",
        ),
    ] {
        let told = failure(write("kokoro.onnx", bytes))?;
        ensure!(told.contains(expected), "{told}");
    }
    for (bytes, expected) in [
        (
            vec![],
            "af_heart.bin is no voice of Kokoro: it is shorter than 522240 bytes",
        ),
        (vec![0; 522_240 + 1], "it is longer than 522240 bytes"),
        (vec![0xff; 522_240], "its numbers are none of a voice"),
    ] {
        let told = failure(write("af_heart.bin", bytes))?;
        ensure!(told.contains(expected), "{told}");
    }
    let told = failure(|folder| Ok(fs::remove_file(folder.join("kokoro.onnx"))?))?;
    ensure!(
        told == "Kokoro is not loaded: type `loqa model pull kokoro`",
        "{told}"
    );
    let told = failure(|folder| Ok(fs::remove_file(folder.join("af_heart.bin"))?))?;
    ensure!(told.starts_with("a voice of Kokoro in "), "{told}");
    let told = failure(|folder| {
        Ok(fs::copy(folder.join("kokoro.onnx"), folder.join("b.onnx")).map(drop)?)
    })?;
    ensure!(
        told.starts_with("one Kokoro: there are several graphs"),
        "{told}"
    );
    Ok(())
}

#[test]
fn a_graph_for_a_voice_does_not_listen() -> Result<()> {
    if !runs() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("silero_vad.onnx");
    let told = |bytes: &[u8]| -> Result<String> {
        fs::write(&file, bytes)?;
        let loaded = SileroModel::load(&file).map(drop);
        Ok(loaded.err().context("it was loaded")?.to_string())
    };
    let voice = told(&kokoro_model::graph(Shape::Kokoro))?;
    ensure!(
        voice.ends_with("is not Silero VAD of version 5 or later: it takes tokens i64 [1, ?], style f32 [1, 256], speed f32 [1]"),
        "{voice}"
    );
    if let Some(data) = env::var_os("LOQA_TEST_DATA") {
        let whole = fs::read(Path::new(&data).join("models/silero/silero_vad.onnx"))?;
        let cut = told(&whole[..whole.len() / 2])?;
        ensure!(cut.contains("silero_vad.onnx cannot be loaded: "), "{cut}");
    }
    Ok(())
}

#[test]
fn any_byte_of_a_model_may_be_wrong() -> Result<()> {
    if !runs() {
        return Ok(());
    }
    // The head holds all of the graph but its numbers.
    let whole = kokoro_model::graph(Shape::Kokoro);
    for place in (0..whole.len().min(900)).step_by(29) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        let folder = tempfile::tempdir()?;
        kokoro_model::write(folder.path(), Shape::Kokoro, &["af_heart"])?;
        fs::write(folder.path().join("kokoro.onnx"), bytes)?;
        let kokoro = Kokoro::open(folder.path(), patient())?;
        ensure!(kokoro.loaded(CEILING) != State::Loading, "byte {place}");
        // Some are as good as before.
        let _ = say(&kokoro, "af_heart", &["Yes."]);
    }
    Ok(())
}

#[test]
fn a_published_voice_is_read() -> Result<()> {
    let Some(data) = env::var_os("LOQA_TEST_DATA") else {
        eprintln!("skipped: LOQA_TEST_DATA is not set");
        return Ok(());
    };
    if !runs() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    fs::write(
        folder.path().join("kokoro.onnx"),
        kokoro_model::graph(Shape::Kokoro),
    )?;
    let published = Path::new(&data).join("models/kokoro/af_heart.bin");
    fs::copy(published, folder.path().join("af_heart.bin"))?;
    let kokoro = Kokoro::open(folder.path(), patient())?;
    let state = kokoro.loaded(CEILING);
    ensure!(matches!(state, State::Ready(_)), "{state:?}");
    ensure!(!say(&kokoro, "af_heart", &["Yes."])?.is_empty());
    Ok(())
}

#[test]
fn where_kokoro_cannot_the_fast_voice_speaks() -> Result<()> {
    let voices = Voices::load();
    if !runs() || voices.check(&Voice("slt".into())).is_err() {
        eprintln!("skipped: there is no fast voice");
        return Ok(());
    }
    let slow = KokoroConfig {
        limit: 0.0,
        ..KokoroConfig::default()
    };
    let (_folder, slow) = kokoro(Shape::Kokoro, slow)?;
    let state = slow.state();
    ensure!(
        matches!(state, State::TooSlow(factor) if factor > 0.0),
        "{state:?}"
    );
    let (_other, brittle) = kokoro(Shape::Brittle, patient())?;
    let state = brittle.state();
    ensure!(matches!(state, State::Ready(_)), "{state:?}");
    ensure!(say(&*brittle, "af_heart", &["Off."]).is_err());
    for kokoro in [slow, brittle] {
        let voices = Arc::new(Voices::load().with_kokoro(kokoro.clone()));
        let expressive = Expressive::new(kokoro, voices, Voice("slt".into()));
        let clauses = ["The kitchen lights are all off,", "now."];
        let chunks = say(&expressive, "kokoro:af_heart", &clauses)?;
        ensure!(
            chunks
                .iter()
                .all(|chunk| chunk.sample_rate_hz == SAMPLE_RATE_HZ)
        );
        let seconds = samples(&chunks).len() as f64 / f64::from(SAMPLE_RATE_HZ);
        ensure!((1.0..4.0).contains(&seconds), "{seconds} s");
        ensure!(say(&expressive, "kokoro:af_hart", &["Yes."]).is_err());
    }
    Ok(())
}

#[test]
fn a_hub_speaks_by_kokoro_and_says_why_if_it_does_not() -> Result<()> {
    if !runs() {
        return Ok(());
    }
    let home = Home::new()?.deaf()?;
    let doctor = |mode: &str| -> Result<String> {
        let mut doctor = home.command(["doctor", "--json"]);
        let told = doctor.env("LOQA_VOICE_MODE", mode).output()?;
        let told = String::from_utf8(told.stdout)?;
        let lines = told.lines().filter(|line| line.contains("\"kokoro\""));
        Ok(lines.collect())
    };
    ensure!(doctor("fast")?.is_empty(), "nobody wants it");
    let told = doctor("expressive")?;
    ensure!(
        told.contains("tts.flite:slt speaks: Kokoro is not installed"),
        "{told}"
    );
    ensure!(told.contains("loqa model pull kokoro"), "{told}");

    let folder = home.path("data/models/tts");
    kokoro_model::write(&folder, Shape::Kokoro, &["af_heart"])?;
    let told = doctor("expressive")?;
    ensure!(
        told.contains("tts.kokoro:af_heart on this machine"),
        "{told}"
    );
    let out = home.path("said.wav");
    let mut say = home.command(["say", "Yes."]);
    say.arg("--out").arg(&out);
    say.env("LOQA_VOICE_MODE", "expressive");
    let said = say.env("LOQA_LOG", "trace,misaki_rs=trace").output()?;
    let logged = String::from_utf8_lossy(&said.stderr);
    ensure!(!logged.is_empty() && !logged.contains("Yes"), "{logged}");
    ensure!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    // What the model says is as long as its tokens; 24 kHz is read as 16.
    let heard = wav::read(&out)?;
    let expected = YES.len() * TOKEN_SAMPLES * 2 / 3;
    ensure!(
        heard.len().abs_diff(expected) < 10,
        "{} samples",
        heard.len()
    );

    fs::write(folder.join("kokoro.onnx"), "GGUF")?;
    let told = doctor("expressive")?;
    ensure!(
        told.contains("tts.flite:slt on this machine: Kokoro does not work: "),
        "{told}"
    );
    Ok(())
}
