//! Kokoro (Apache-2.0), a voice that sounds alive: an ONNX graph of 82 million weights and tables of voices,
//! where somebody has fetched them.

mod graph;
mod phonemes;
mod tokens;

pub use self::graph::SAMPLE_RATE_HZ;

use self::{
    graph::{Graph, VoiceTable},
    phonemes::Phonemes,
};
use super::{
    clauses::{Speech, speak_in_turn},
    nearest,
    trim::Trimmer,
};
use crate::onnx;
use futures::{Stream, StreamExt, channel::mpsc, stream};
use loqa_core::seams::{ModelError, SpeakOptions, SpeechChunk, TextStream, TextToSpeech};
use ort::session::RunOptions;
use std::{
    collections::HashMap,
    fs, iter,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{self as sync_mpsc, SyncSender},
    },
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

/// What its voices have before their names, among all voices.
pub const PREFIX: &str = "kokoro:";
/// The voice that is spoken with unless another is named.
pub const DEFAULT_VOICE: &str = "af_heart";

/// Clauses that may wait for the thread. When full, a further one is an error, as with flite.
const QUEUE: usize = 64;
/// Chunks a clause may hold before its listener has taken one: the longest piece several times over. When
/// full, the clause is broken off with an error.
const CLAUSE_CHUNKS: usize = 6000;
/// Samples of one chunk: 20 ms.
const CHUNK_SAMPLES: usize = 480;
/// What its threads yield to the ears.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;
/// What is said to nobody, to see how fast it is: about 2.5 s.
const TRIAL: &str = "The kitchen lights are off, and the timer is set.";

/// Speaks through Kokoro on a thread of its own, which ends when this is dropped.
///
/// Clauses of several replies take turns. A clause is computed as a whole, so its first sound comes when
/// all of it is there. Dropping a reply's stream cancels it: a clause not yet begun is skipped, the one
/// being computed ends after the operator of the graph that is under way.
pub struct Kokoro {
    jobs: SyncSender<Asked>,
    state: Arc<Watched>,
    voices: Vec<String>,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The graph is being loaded and tried, or will be.
    Loading,
    /// It speaks; and how long it computes for a second of speech, in seconds.
    Ready(f64),
    /// It could speak, but not in time: seconds for a second of speech. Its memory is given back.
    TooSlow(f64),
    /// It cannot speak.
    Failed(ModelError),
}

impl State {
    /// Why it does not speak, if it does not.
    pub fn trouble(&self) -> Option<String> {
        match self {
            State::Ready(_) => None,
            State::Loading => Some("Kokoro is being loaded".into()),
            State::TooSlow(factor) => Some(format!(
                "Kokoro takes {factor:.1} s for a second of speech here"
            )),
            State::Failed(error) => Some(format!("Kokoro does not work: {error}")),
        }
    }
}

/// The speed it was trained at.
const TRAINED: f32 = 1.0;

/// What may be chosen about it.
#[derive(Clone, Debug, PartialEq)]
pub struct KokoroConfig {
    /// Threads that compute.
    pub threads: usize,
    /// Seconds for a second of speech beyond which it is [`State::TooSlow`].
    pub limit: f64,
}

impl Default for KokoroConfig {
    /// One thread less than there are processors, 1 to 4; slower than 0.7, a reply of several clauses
    /// stops between them where anything else wants the processors.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        KokoroConfig {
            threads: processors.saturating_sub(1).clamp(1, 4),
            limit: 0.7,
        }
    }
}

struct Watched {
    state: Mutex<State>,
    changed: Condvar,
}

impl Watched {
    fn get(&self) -> State {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clone()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.notify_all();
    }
}

/// What the thread is asked.
enum Asked {
    /// Load and try the graph, if that has not been done.
    Begin,
    /// Say something.
    Say(Job),
}

struct Job {
    voice: String,
    /// 1: as it was trained.
    speed: f32,
    clause: String,
    chunks: mpsc::Sender<Result<SpeechChunk, ModelError>>,
    cancel: Arc<RunOptions>,
}

impl Kokoro {
    /// Finds the model of a folder: one graph (`*.onnx`) and voices (`NAME.bin`). It is loaded and tried on a
    /// thread of its own once somebody wants it; [`Kokoro::state`] tells how that went.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] without ONNX Runtime, graph or voice, with where to get it.
    pub fn open(folder: &Path, config: KokoroConfig) -> Result<Self, ModelError> {
        let missing = |what: String| ModelError::NotLoaded {
            what,
            help: "type `loqa model pull kokoro`".into(),
        };
        let files = |ending: &str| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let files = entries.map(|entry| entry.path());
            let mut files: Vec<PathBuf> = files
                .filter(|path| path.extension().is_some_and(|it| it == ending))
                .collect();
            files.sort();
            files
        };
        let graphs = files("onnx");
        let [graph] = &graphs[..] else {
            return Err(missing(match graphs.len() {
                0 => "Kokoro".into(),
                _ => format!(
                    "one Kokoro: there are several graphs in {}",
                    folder.display()
                ),
            }));
        };
        let tables: HashMap<String, PathBuf> = files("bin")
            .into_iter()
            .filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)))
            .collect();
        let mut voices: Vec<String> = tables.keys().cloned().collect();
        voices.sort();
        if voices.is_empty() {
            return Err(missing(format!(
                "a voice of Kokoro in {}",
                folder.display()
            )));
        }
        onnx::available()?;
        let (jobs, queue) = sync_mpsc::sync_channel(QUEUE);
        let state = Arc::new(Watched {
            state: Mutex::new(State::Loading),
            changed: Condvar::new(),
        });
        let (watched, graph) = (state.clone(), graph.clone());
        thread::Builder::new()
            .name("loqa-kokoro".into())
            .spawn(move || {
                yield_to_the_ears();
                serve(&graph, tables, &config, &watched, &queue);
            })
            .map_err(|error| ModelError::Backend(format!("no thread for Kokoro: {error}")))?;
        Ok(Kokoro {
            jobs,
            state,
            voices,
        })
    }

    /// Has it loaded, if it is not yet.
    pub fn begin(&self) {
        // Where many are waiting, one of them has had it loaded.
        let _ = self.jobs.try_send(Asked::Begin);
    }

    /// How far it is.
    pub fn state(&self) -> State {
        self.state.get()
    }

    /// How far it is once it is loaded, or after so long. Blocks until then.
    pub fn loaded(&self, patience: Duration) -> State {
        self.begin();
        let state = self
            .state
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .state
            .changed
            .wait_timeout_while(state, patience, |state| *state == State::Loading);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.clone()
    }

    /// Voices that are here, by name.
    pub fn voices(&self) -> &[String] {
        &self.voices
    }

    /// Tells whether a voice is here, and of a language that Kokoro is given phonemes of.
    ///
    /// # Errors
    /// [`ModelError::Backend`] naming the nearest.
    pub fn knows(&self, voice: &str) -> Result<(), ModelError> {
        if !self.voices.iter().any(|name| name == voice) {
            let nearest = nearest(voice, self.voices.iter().map(String::as_str));
            return Err(ModelError::Backend(format!(
                "Kokoro has no voice `{voice}`{nearest}"
            )));
        }
        if british(voice).is_none() {
            return Err(ModelError::Backend(format!(
                "the voice `{voice}` is of another language: Loqa knows what English sounds like, whose voices begin with a or b"
            )));
        }
        Ok(())
    }

    /// Tells whether a voice can speak, as far as that is known.
    ///
    /// # Errors
    /// As [`Kokoro::knows`]; and what is wrong with the model.
    pub fn check(&self, voice: &str) -> Result<(), ModelError> {
        self.knows(voice)?;
        match self.state() {
            State::Failed(error) => Err(error),
            State::TooSlow(factor) => Err(too_slow(factor)),
            State::Loading | State::Ready(_) => Ok(()),
        }
    }

    fn speak(jobs: &SyncSender<Asked>, voice: &str, speed: f32, clause: String) -> Speech {
        let cancel = match RunOptions::new() {
            Ok(cancel) => Arc::new(cancel),
            Err(error) => return failure(ModelError::Backend(error.to_string())),
        };
        let (sender, chunks) = mpsc::channel(CLAUSE_CHUNKS);
        let job = Job {
            voice: voice.to_owned(),
            speed,
            clause,
            chunks: sender,
            cancel: cancel.clone(),
        };
        match jobs.try_send(Asked::Say(job)) {
            Ok(()) => Listening { chunks, cancel }.boxed(),
            Err(_) => failure(ModelError::Backend(format!(
                "Kokoro is stuck: {QUEUE} clauses are waiting"
            ))),
        }
    }
}

impl TextToSpeech for Kokoro {
    fn synthesize(&self, text: TextStream, options: SpeakOptions) -> Speech {
        let SpeakOptions {
            voice,
            speed_permille,
            ..
        } = options;
        if let Err(error) = self.check(&voice.0) {
            return failure(error);
        }
        let jobs = self.jobs.clone();
        let speed = match speed_permille {
            0 => TRAINED,
            permille => (permille as f32 / 1000.0).clamp(0.5, 2.0),
        };
        speak_in_turn(text, move |clause| {
            Self::speak(&jobs, &voice.0, speed, clause)
        })
    }
}

/// What the listener of a clause holds.
struct Listening {
    chunks: mpsc::Receiver<Result<SpeechChunk, ModelError>>,
    cancel: Arc<RunOptions>,
}

impl Stream for Listening {
    type Item = Result<SpeechChunk, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_next_unpin(context)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // An error means that nothing of it runs.
        let _ = self.cancel.terminate();
    }
}

/// Whether a voice speaks British English; `None` if it speaks no English. The first letter of its name
/// tells.
fn british(voice: &str) -> Option<bool> {
    match voice.as_bytes() {
        [b'a', b'f' | b'm', ..] => Some(false),
        [b'b', b'f' | b'm', ..] => Some(true),
        _ => None,
    }
}

fn too_slow(factor: f64) -> ModelError {
    ModelError::Deadline(format!("Kokoro ({factor:.1} s for a second of speech)"))
}

fn failure(error: ModelError) -> Speech {
    stream::iter([Err(error)]).boxed()
}

/// Every thread that the graph computes on is started by this one, and inherits it.
fn yield_to_the_ears() {
    #[cfg(target_os = "linux")]
    {
        // An error means that it is as important as everything else.
        let _ = rustix::process::nice(NICE);
    }
}

/// Loads, tries, and then says clause after clause until nobody can send another.
fn serve(
    graph: &Path,
    tables: HashMap<String, PathBuf>,
    config: &KokoroConfig,
    state: &Watched,
    queue: &sync_mpsc::Receiver<Asked>,
) {
    let Ok(first) = queue.recv() else { return };
    let mut mouth = match Mouth::load(graph, tables, config) {
        Ok(mouth) => mouth,
        Err(error) => {
            state.set(State::Failed(error.clone()));
            refuse(first, queue, &error);
            return;
        }
    };
    let factor = match mouth.try_out() {
        Ok(factor) => factor,
        Err(error) => {
            state.set(State::Failed(error.clone()));
            refuse(first, queue, &error);
            return;
        }
    };
    if factor > config.limit {
        drop(mouth);
        state.set(State::TooSlow(factor));
        refuse(first, queue, &too_slow(factor));
        return;
    }
    state.set(State::Ready(factor));
    for asked in iter::once(first).chain(queue) {
        if let Asked::Say(job) = asked {
            mouth.run(job);
        }
    }
}

/// Answers everybody with what is wrong.
fn refuse(first: Asked, queue: &sync_mpsc::Receiver<Asked>, error: &ModelError) {
    for asked in iter::once(first).chain(queue) {
        if let Asked::Say(mut job) = asked {
            let _ = job.chunks.try_send(Err(error.clone()));
        }
    }
}

/// What speaks, on its thread.
struct Mouth {
    graph: Graph,
    files: HashMap<String, PathBuf>,
    tables: HashMap<String, VoiceTable>,
    american: Option<Phonemes>,
    british: Option<Phonemes>,
}

impl Mouth {
    fn load(
        graph: &Path,
        files: HashMap<String, PathBuf>,
        config: &KokoroConfig,
    ) -> Result<Self, ModelError> {
        Ok(Mouth {
            graph: Graph::load(graph, config.threads)?,
            files,
            tables: HashMap::new(),
            american: None,
            british: None,
        })
    }

    /// Seconds of computing for a second of speech, warm.
    fn try_out(&mut self) -> Result<f64, ModelError> {
        let mut names: Vec<&String> = self.files.keys().collect();
        names.sort();
        let english = names.into_iter().find(|name| british(name).is_some());
        let Some(name) = english.cloned() else {
            return Err(ModelError::Backend(
                "Kokoro has no English voice here".into(),
            ));
        };
        let cancel = RunOptions::new().map_err(|error| ModelError::Backend(error.to_string()))?;
        let cancel = Arc::new(cancel);
        let pieces = tokens::pieces(&self.phonemes(&name).of(TRIAL));
        let mut factor = f64::MAX;
        // The first time it takes its memory.
        for _ in 0..2 {
            let before = Instant::now();
            let mut samples = 0;
            for piece in &pieces {
                samples += self.say(piece, &name, TRAINED, &cancel)?.len();
            }
            let speech = samples as f64 / f64::from(SAMPLE_RATE_HZ);
            factor = factor.min(before.elapsed().as_secs_f64() / speech);
        }
        Ok(factor)
    }

    fn phonemes(&mut self, voice: &str) -> &Phonemes {
        let british = british(voice).unwrap_or_default();
        let held = match british {
            true => &mut self.british,
            false => &mut self.american,
        };
        held.get_or_insert_with(|| Phonemes::new(british))
    }

    fn say(
        &mut self,
        piece: &[i64],
        voice: &str,
        speed: f32,
        cancel: &Arc<RunOptions>,
    ) -> Result<Vec<f32>, ModelError> {
        if !self.tables.contains_key(voice) {
            let file = self.files.get(voice);
            let file =
                file.ok_or_else(|| ModelError::Backend(format!("there is no voice `{voice}`")))?;
            self.tables
                .insert(voice.to_owned(), VoiceTable::read(file)?);
        }
        self.graph.say(piece, &self.tables[voice], speed, cancel)
    }

    /// Says one clause into its channel, until it is said or nobody listens.
    fn run(&mut self, mut job: Job) {
        if job.chunks.is_closed() {
            return;
        }
        let pieces = tokens::pieces(&self.phonemes(&job.voice).of(&job.clause));
        for piece in pieces {
            if job.chunks.is_closed() {
                return;
            }
            let samples = match self.say(&piece, &job.voice, job.speed, &job.cancel) {
                Ok(samples) => samples,
                Err(error) => {
                    let _ = job.chunks.try_send(Err(error));
                    return;
                }
            };
            let mut trimmer = Trimmer::new(SAMPLE_RATE_HZ);
            let mut said = trimmer.push(&samples);
            said.extend(trimmer.finish());
            for samples in said.chunks(CHUNK_SAMPLES) {
                let chunk = SpeechChunk {
                    sample_rate_hz: SAMPLE_RATE_HZ,
                    samples: samples.to_vec(),
                };
                if let Err(error) = job.chunks.try_send(Ok(chunk)) {
                    if error.is_full() {
                        let stopped = "a clause was too long, or its listener stopped taking it";
                        // Every sender has a slot of its own beside the shared ones.
                        let mut last = job.chunks.clone();
                        let _ = last.try_send(Err(ModelError::Backend(stopped.into())));
                    }
                    return;
                }
            }
        }
    }
}
