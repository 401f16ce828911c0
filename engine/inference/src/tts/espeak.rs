//! espeak-ng as a separate process: it is GPL, so Loqa never links it.

use super::{
    clauses::{Speech, speak_in_turn},
    trim::Trimmer,
};
use futures::{SinkExt, Stream};
use futures::{StreamExt, channel::mpsc, executor::block_on, stream};
use loqa_core::seams::{ModelError, SpeakOptions, SpeechChunk, TextStream, TextToSpeech};
use std::{
    io::{Read, Write},
    pin::Pin,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll},
    thread,
};

#[cfg(target_os = "macos")]
const REMEDY: &str = "type `brew install espeak-ng`";
#[cfg(not(target_os = "macos"))]
const REMEDY: &str = "type `sudo apt-get install espeak-ng`";

/// Bytes of the WAV header that `--stdout` begins with.
const HEADER_BYTES: usize = 44;
/// Samples read at once: about 20 ms at espeak-ng's 22 050 Hz.
const CHUNK_SAMPLES: usize = 441;
/// Chunks that may wait for a listener. When full, the reader waits, and espeak-ng with it.
const CLAUSE_CHUNKS: usize = 256;

/// Speaks through one `espeak-ng` process per clause, killed when the reply's stream is dropped.
///
/// Voices are espeak-ng's own: a language (`en-us`, `en-gb-scotland`, `de`), with a variant after
/// a `+` (`en-gb+f3`).
#[derive(Clone, Debug, Default)]
pub struct Espeak;

impl Espeak {
    /// Tells whether espeak-ng is installed and knows the voice.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] with the command that installs it; [`ModelError::Backend`]
    /// naming the nearest voice.
    pub fn check(&self, voice: &str) -> Result<(), ModelError> {
        let known = languages()?;
        let (language, variant) = voice.split_once('+').unwrap_or((voice, ""));
        if !known.iter().any(|name| name == language) {
            let nearest = super::nearest(language, known.iter().map(String::as_str));
            return Err(ModelError::Backend(format!(
                "espeak-ng has no voice `{language}`{nearest}"
            )));
        }
        // It would say nothing of it, and speak without.
        let variants = variants()?;
        if voice.contains('+') && !variants.iter().any(|name| name == variant) {
            let nearest = super::nearest(variant, variants.iter().map(String::as_str));
            return Err(ModelError::Backend(format!(
                "espeak-ng has no variant `{variant}` of its voices{nearest}"
            )));
        }
        Ok(())
    }

    /// The languages espeak-ng can speak.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] if it is not installed.
    pub fn languages(&self) -> Result<&'static [String], ModelError> {
        languages()
    }
}

impl TextToSpeech for Espeak {
    fn synthesize(&self, text: TextStream, SpeakOptions { voice, .. }: SpeakOptions) -> Speech {
        if let Err(error) = self.check(&voice.0) {
            return stream::iter([Err(error)]).boxed();
        }
        speak_in_turn(text, move |clause| {
            start(&voice.0, &clause).unwrap_or_else(|error| stream::iter([Err(error)]).boxed())
        })
    }
}

fn languages() -> Result<&'static [String], ModelError> {
    static LANGUAGES: OnceLock<Result<Vec<String>, ModelError>> = OnceLock::new();
    let language = |line: &str| line.split_whitespace().nth(1).map(str::to_string);
    LANGUAGES
        .get_or_init(|| listed("--voices", language))
        .as_deref()
        .map_err(Clone::clone)
}

fn variants() -> Result<&'static [String], ModelError> {
    static VARIANTS: OnceLock<Result<Vec<String>, ModelError>> = OnceLock::new();
    let variant = |line: &str| Some(line.split_once("!v/")?.1.trim().to_string());
    VARIANTS
        .get_or_init(|| listed("--voices=variant", variant))
        .as_deref()
        .map_err(Clone::clone)
}

/// What espeak-ng tells of its voices: "Pty Language Age/Gender VoiceName File Other", one a line below a heading.
fn listed(which: &str, name: fn(&str) -> Option<String>) -> Result<Vec<String>, ModelError> {
    let mut command = Command::new("espeak-ng");
    let listing = command.arg(which).stderr(Stdio::null()).output();
    let listing = listing.map_err(missing)?;
    let lines = String::from_utf8_lossy(&listing.stdout);
    Ok(lines.lines().skip(1).filter_map(name).collect())
}

fn missing(error: std::io::Error) -> ModelError {
    if error.kind() == std::io::ErrorKind::NotFound {
        ModelError::NotLoaded {
            what: "the program `espeak-ng`".into(),
            help: REMEDY.into(),
        }
    } else {
        ModelError::Backend(format!("espeak-ng could not be started: {error}"))
    }
}

/// A running espeak-ng. Reaped by its reader; killed when its listener goes.
struct Process(Arc<Mutex<Child>>);

impl Process {
    fn kill(&self) {
        // An error means that it has ended already.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }
}

/// What the listener holds.
struct Listening {
    chunks: mpsc::Receiver<Result<SpeechChunk, ModelError>>,
    process: Process,
}

impl Stream for Listening {
    type Item = Result<SpeechChunk, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_next_unpin(context)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.process.kill();
    }
}

fn start(voice: &str, clause: &str) -> Result<Speech, ModelError> {
    let mut child = Command::new("espeak-ng")
        .args(["-v", voice, "--stdin", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(missing)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    if let Some(mut stdin) = stdin {
        // A clause is shorter than a pipe's buffer, so this does not wait. If espeak-ng has died,
        // its empty output tells.
        let _ = stdin.write_all(clause.as_bytes());
    }
    let child = Arc::new(Mutex::new(child));
    let listened = Process(child.clone());
    let process = Process(child);
    let (mut sender, chunks) = mpsc::channel(CLAUSE_CHUNKS);
    thread::Builder::new()
        .name("loqa-espeak".into())
        .spawn(move || {
            if let Some(Err(error)) = stdout.map(|stdout| read(stdout, &mut sender)) {
                let error = ModelError::Backend(format!("espeak-ng stopped speaking: {error}"));
                let _ = block_on(sender.send(Err(error)));
            }
            process.kill();
            let _ = process
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .wait();
        })
        .map_err(|error| ModelError::Backend(format!("no thread for espeak-ng: {error}")))?;
    Ok(Listening {
        chunks,
        process: listened,
    }
    .boxed())
}

/// Passes the WAV on `stdout` on as chunks, until it ends or nobody listens.
fn read(
    mut stdout: ChildStdout,
    sender: &mut mpsc::Sender<Result<SpeechChunk, ModelError>>,
) -> std::io::Result<()> {
    let mut header = [0; HEADER_BYTES];
    match stdout.read_exact(&mut header) {
        Ok(()) => {}
        // Nothing to say (an empty text) makes no WAV at all.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
        Err(error) => return Err(error),
    }
    let sample_rate_hz = u32::from_le_bytes([header[24], header[25], header[26], header[27]]);
    if !(8_000..=96_000).contains(&sample_rate_hz) {
        return Err(std::io::Error::other("its output is not a WAV"));
    }
    let mut trimmer = Trimmer::new(sample_rate_hz);
    let mut bytes = Vec::with_capacity(CHUNK_SAMPLES * 2);
    loop {
        bytes.clear();
        (&mut stdout)
            .take(CHUNK_SAMPLES as u64 * 2)
            .read_to_end(&mut bytes)?;
        let samples: Vec<f32> = bytes
            .chunks_exact(2)
            .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0)
            .collect();
        let ended = samples.is_empty();
        let samples = if ended {
            std::mem::replace(&mut trimmer, Trimmer::new(sample_rate_hz)).finish()
        } else {
            trimmer.push(&samples)
        };
        let chunk = SpeechChunk {
            sample_rate_hz,
            samples,
        };
        let gone = !chunk.samples.is_empty() && block_on(sender.send(Ok(chunk))).is_err();
        if ended || gone {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_core::seams::Voice;

    fn installed() -> bool {
        let installed = languages().is_ok();
        if !installed {
            eprintln!("skipped: espeak-ng is not installed");
        }
        installed
    }

    fn say(clause: &str, voice: &str) -> Speech {
        Espeak.synthesize(
            stream::iter([clause.to_string()]).boxed(),
            Voice(voice.into()).into(),
        )
    }

    #[test]
    fn a_voice_with_a_variant_speaks() {
        if !installed() {
            return;
        }
        let chunks: Vec<_> = block_on(say("It is half past seven.", "en-gb+f3").collect());
        let samples: usize = chunks
            .iter()
            .map(|chunk| chunk.as_ref().expect("speech").samples.len())
            .sum();
        assert!((0.5..4.0).contains(&(samples as f64 / 22_050.0)));
        assert!(block_on(say("--help", "en-us").collect::<Vec<_>>()).len() > 1);
    }

    #[test]
    fn a_dropped_reply_ends_its_process() {
        if !installed() {
            return;
        }
        let mut child = Command::new("espeak-ng")
            .args(["--stdin", "--stdout"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        // Its stdin stays open, so it would wait for ever.
        let _stdin = child.stdin.take();
        let child = Arc::new(Mutex::new(child));
        let (_sender, chunks) = mpsc::channel(1);
        drop(Listening {
            chunks,
            process: Process(child.clone()),
        });
        let status = child.lock().expect("lock").wait().expect("reaped");
        assert!(!status.success());
    }
}
