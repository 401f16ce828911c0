//! A thread that owns a recogniser and hears one utterance after the other. Where nobody has spoken
//! for a while the recogniser goes, with its 70 MB, and is opened again for the next.

use super::{ffi, recogniser::Recogniser};
use futures::channel::mpsc as hypotheses;
use loqa_core::{
    grammar::{Context, SpeechGrammar},
    seams::{AudioFrame, GuessedWord, ModelError},
};
use loqa_protocol::Hypothesis;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender},
    },
    thread,
    time::Duration,
};

/// How long a recogniser is kept for the next utterance. To open it again takes a tenth of a
/// second of somebody's speaking, and it has caught up long before they finish.
const KEPT: Duration = Duration::from_secs(30);

/// Frames that may be on their way to a worker: 1.28 s.
pub(super) const IN_FLIGHT: usize = 64;

/// What a transcription sends to its worker. Hanging up without [`Heard::End`] cancels.
pub(super) enum Heard {
    Frame(AudioFrame),
    End,
}

/// One utterance, as the worker sees it.
pub(super) struct Utterance {
    pub grammar: Option<Arc<SpeechGrammar>>,
    pub context: Context,
    pub audio: Receiver<Heard>,
    pub answers: hypotheses::Sender<Result<Hypothesis, ModelError>>,
}

enum Job {
    Hear(Utterance),
    /// Nothing but that it must be open.
    Prepare,
    Load(
        Arc<SpeechGrammar>,
        SyncSender<Result<Vec<GuessedWord>, ModelError>>,
    ),
}

/// A handle to the thread. It ends when the last handle is gone and its jobs are done.
#[derive(Clone)]
pub(super) struct Worker {
    jobs: Sender<Job>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Jobs that wait or run.
    load: AtomicUsize,
    /// Versions of the grammars it has.
    versions: Mutex<Vec<u64>>,
}

/// A worker whose recogniser is being opened.
pub(super) struct Starting {
    worker: Worker,
    opened: Receiver<Result<(), ModelError>>,
}

impl Starting {
    /// Waits for it.
    pub(super) fn wait(self) -> Result<Worker, ModelError> {
        self.opened.recv().unwrap_or_else(|_| Err(stopped()))?;
        Ok(self.worker)
    }

    /// Takes jobs at once; they wait until it is open, or fail with its error.
    pub(super) fn now(self) -> Worker {
        self.worker
    }
}

impl Worker {
    /// Starts a thread that opens a recogniser, again and again, and takes jobs.
    pub(super) fn spawn(
        name: String,
        open: impl Fn() -> Result<Recogniser, ModelError> + Send + 'static,
    ) -> Result<Starting, ModelError> {
        let (jobs, queue) = mpsc::channel();
        let (report, opened) = mpsc::sync_channel(1);
        let state = Arc::new(State::default());
        let worker = Worker {
            jobs,
            state: state.clone(),
        };
        thread::Builder::new()
            .name(name)
            .spawn(move || {
                let mut recogniser = open();
                let _ = report.send(recogniser.as_ref().map(|_| ()).map_err(Clone::clone));
                loop {
                    let job = match queue.recv_timeout(KEPT) {
                        Ok(job) => job,
                        Err(RecvTimeoutError::Disconnected) => break,
                        Err(RecvTimeoutError::Timeout) => {
                            drop(recogniser);
                            state.versions().clear();
                            ffi::give_back_memory();
                            let Ok(job) = queue.recv() else { break };
                            recogniser = open();
                            job
                        }
                    };
                    run(&mut recogniser, job, &state);
                    state.load.fetch_sub(1, Ordering::Relaxed);
                    if recogniser.is_err() {
                        break;
                    }
                }
            })
            .map_err(|error| {
                ModelError::Backend(format!("no thread for the recogniser: {error}"))
            })?;
        Ok(Starting { worker, opened })
    }

    /// Jobs that wait or run.
    pub(super) fn load(&self) -> usize {
        self.state.load.load(Ordering::Relaxed)
    }

    /// Whether the grammar of this version is compiled.
    pub(super) fn has(&self, version: u64) -> bool {
        self.state.versions().contains(&version)
    }

    /// False once its recogniser could not be opened.
    pub(super) fn is_alive(&self) -> bool {
        // The thread holds the only other reference to the state.
        Arc::strong_count(&self.state) > 1
    }

    /// Lets an utterance be expected, so that it need not wait.
    pub(super) fn prepare(&self) -> Result<(), ModelError> {
        self.send(Job::Prepare)
    }

    /// Queues an utterance.
    pub(super) fn hear(&self, utterance: Utterance) -> Result<(), ModelError> {
        self.send(Job::Hear(utterance))
    }

    /// Queues a grammar and waits until it is compiled.
    pub(super) fn load_grammar(
        &self,
        grammar: Arc<SpeechGrammar>,
    ) -> Result<Vec<GuessedWord>, ModelError> {
        let (done, loaded) = mpsc::sync_channel(1);
        self.send(Job::Load(grammar, done))?;
        loaded.recv().unwrap_or_else(|_| Err(stopped()))
    }

    fn send(&self, job: Job) -> Result<(), ModelError> {
        self.state.load.fetch_add(1, Ordering::Relaxed);
        self.jobs.send(job).map_err(|_| {
            self.state.load.fetch_sub(1, Ordering::Relaxed);
            stopped()
        })
    }
}

impl State {
    fn versions(&self) -> MutexGuard<'_, Vec<u64>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn stopped() -> ModelError {
    ModelError::NotLoaded {
        what: "the speech recogniser".into(),
        help: "it has stopped; restart the hub, and see `loqa doctor`".into(),
    }
}

fn run(recogniser: &mut Result<Recogniser, ModelError>, job: Job, state: &State) {
    let recogniser = match recogniser {
        Ok(recogniser) => recogniser,
        Err(error) => {
            match job {
                Job::Hear(mut utterance) => {
                    let _ = utterance.answers.try_send(Err(error.clone()));
                }
                Job::Load(_, done) => {
                    let _ = done.send(Err(error.clone()));
                }
                Job::Prepare => {}
            }
            return;
        }
    };
    match job {
        Job::Load(grammar, done) => {
            let loaded = recogniser.load(&grammar);
            *state.versions() = recogniser.versions();
            let _ = done.send(loaded);
        }
        Job::Prepare => {}
        Job::Hear(mut utterance) => {
            if let Err(error) = hear(recogniser, &mut utterance, state) {
                let _ = utterance.answers.try_send(Err(error));
            }
        }
    }
}

fn hear(
    recogniser: &mut Recogniser,
    utterance: &mut Utterance,
    state: &State,
) -> Result<(), ModelError> {
    match &utterance.grammar {
        Some(grammar) => {
            if !recogniser.has(grammar.version) {
                recogniser.load(grammar)?;
                *state.versions() = recogniser.versions();
            }
            recogniser.start(grammar.version, &utterance.context)?;
        }
        None => recogniser.start_open()?,
    }
    let mut through = 0;
    while let Ok(heard) = utterance.audio.recv() {
        let ended = matches!(heard, Heard::End);
        let mut hypothesis = match heard {
            Heard::Frame(frame) => {
                through = frame.offset + frame.samples.len() as u64;
                recogniser.feed(&frame.samples)?
            }
            Heard::End => recogniser.finish()?,
        };
        hypothesis.through = through;
        // Full cannot be: there is room for every frame in flight. Closed means cancelled.
        if utterance.answers.try_send(Ok(hypothesis)).is_err() || ended {
            break;
        }
    }
    Ok(())
}
