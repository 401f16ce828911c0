//! Models of this machine, at work for the hub: each stream is one job.

mod fetch;
mod hearing;
mod kokoro;
mod load;
mod measure;
mod speaking;
mod wanted;
mod worker;

pub use fetch::fetch;
pub use measure::measure;
use wanted::{Engine, Wanted, Weights};
use worker::Worker;

use crate::config;
use loqa_core::seams::{ModelError, SpeakOptions, SpeechToText, TextToSpeech, Voice};
use loqa_inference::{
    stt::{Ears, PocketSphinx},
    tts::{Kokoro, Voices},
};
use loqa_jobs::Process;
use loqa_link::{
    Shelf,
    wire::{Incoming, Link, LinkError, Reason, Receiver, Sender},
};
use loqa_protocol::{Capability, JobError, JobErrorKind, JobFrame, JobOptions, link::Offer};
use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

/// Who asks says at once what for.
const OPENING: Duration = Duration::from_secs(5);
/// A job is heard of at least this often, as long as it is worked on: as in a process of the hub's own.
const BEAT: Duration = Duration::from_millis(200);
/// How often it is looked how busy the machine is.
const LOOKING: Duration = Duration::from_secs(2);

/// In the data folder: models that came from the hub.
const FOLDER: &str = "models";

/// What there is.
#[derive(Default)]
pub struct Models {
    stt: Option<Model<dyn SpeechToText>>,
    /// Those that take turns are one.
    tts: Vec<Model<dyn TextToSpeech>>,
    /// One of those voices.
    kokoro: Option<Arc<Kokoro>>,
    /// Those in processes of their own; more come from the hub.
    workers: Mutex<Vec<Arc<Worker>>>,
    /// Those that the hub is asked for.
    of_hub: Vec<Wanted>,
    /// Where they are kept.
    shelf: Option<Shelf>,
    /// What was measured.
    offers: watch::Sender<Vec<Offer>>,
    /// What this machine can do besides.
    pub besides: Vec<Offer>,
    /// What it was measured with.
    said: OnceLock<Vec<f32>>,
    /// What should be there and is not, and what to do about it.
    pub missing: Vec<String>,
}

/// One that works.
struct Model<T: ?Sized> {
    model: Arc<T>,
    /// All that it does at a time.
    slots: u32,
    free: Arc<Semaphore>,
    capabilities: Vec<Capability>,
}

impl<T: ?Sized> Model<T> {
    fn new(model: Arc<T>, slots: u32, capabilities: Vec<Capability>) -> Model<T> {
        Model {
            model,
            slots,
            free: Arc::new(Semaphore::new(slots as usize)),
            capabilities,
        }
    }

    /// Whether it can do that: an engine that is offered as a whole has all its voices.
    fn can(&self, wanted: &Capability) -> bool {
        let alike = |it: &Capability| (&it.kind, &it.name) == (&wanted.kind, &wanted.name);
        let mut capabilities = self.capabilities.iter();
        capabilities.any(|it| alike(it) && (it.variant.is_empty() || it.variant == wanted.variant))
    }

    fn running(&self) -> u32 {
        self.slots
            .saturating_sub(self.free.available_permits() as u32)
    }
}

impl Models {
    /// Loads what the settings want and this machine has; what it has of its hub is in `folder`.
    pub fn load(config: &config::Inference, folder: &Path) -> Models {
        let shelf = Shelf::of(folder.join(FOLDER));
        let mut models = Models::default();
        if config.stt > 0 {
            match PocketSphinx::open(Ears::default(), config.stt as usize) {
                Ok(sphinx) => {
                    models = models.with_stt(Arc::new(sphinx), config.stt, "stt.pocketsphinx:en-us")
                }
                Err(error) => models.missing.push(error.to_string()),
            }
        }
        models.speak(config);
        for wanted in Wanted::of(config) {
            let file = match &wanted.weights {
                Weights::File(file) => Some(file.clone()),
                Weights::OfHub(name) => shelf.kept(name).map(|it| it.file),
                Weights::Neither(why) => {
                    models.missing.push(why.clone());
                    continue;
                }
            };
            match file.map(|file| Worker::of(&wanted, &file)) {
                Some(Ok(worker)) => models.add(worker),
                Some(Err(why)) => models.missing.push(why),
                None => {}
            }
            if matches!(wanted.weights, Weights::OfHub(_)) {
                models.of_hub.push(wanted);
            }
        }
        models.shelf = Some(shelf);
        models
    }

    /// With the voices of this machine, as far as the settings want them.
    fn speak(&mut self, config: &config::Inference) {
        if config.tts > 0 {
            let voices = Voices::load();
            let mut capabilities: Vec<Capability> = Vec::new();
            for voice in voices.available() {
                // espeak-ng has a voice for each of its hundred languages: it is offered as a whole.
                let text = match voice.0.split_once(':') {
                    Some((engine, _)) => format!("tts.{engine}"),
                    None => format!("tts.flite:{}", voice.0),
                };
                let capability = text.parse().ok();
                capabilities.extend(capability.filter(|it| !capabilities.contains(it)));
            }
            if capabilities.is_empty() {
                let error = voices.check(&Default::default()).err();
                self.missing.extend(error.map(|it| it.to_string()));
            } else {
                let model = Model::new(Arc::new(voices) as Arc<_>, config.tts, capabilities);
                self.tts.push(model);
            }
        }
        match config.kokoro.as_deref().map(kokoro::open) {
            Some(Ok(kokoro)) => {
                self.tts.push(kokoro::model(&kokoro));
                self.kokoro = Some(kokoro);
            }
            Some(Err(why)) => self.missing.push(why),
            None => {}
        }
    }

    /// Why Kokoro does not speak though it is here, as far as is known now.
    pub fn trouble(&self) -> Option<String> {
        self.kokoro.as_ref()?.state().trouble()
    }

    /// What the hub is asked for, and how much of it is here.
    pub fn of_hub(&self) -> Vec<String> {
        let Some(shelf) = &self.shelf else {
            return Vec::new();
        };
        let told = |wanted: &Wanted| {
            let model = wanted.capability().variant;
            match (shelf.kept(&model), shelf.begun(&model)) {
                (Some(kept), None) => format!("{model}: here, {}", wanted::mb(kept.bytes)),
                (kept, Some(begun)) => {
                    let percent = 100 * begun.here / begun.bytes.max(1);
                    let of = wanted::mb(begun.bytes);
                    let how = if kept.is_some() { "another one " } else { "" };
                    format!("{model}: {how}comes from the hub, {percent} % of {of} are here")
                }
                (None, None) => {
                    format!("{model}: not here yet, `loqa-node run` asks the hub for it")
                }
            }
        };
        self.of_hub.iter().map(told).collect()
    }

    /// It is there from now on, in the place of one that could do the same.
    fn add(&self, worker: Worker) {
        let mut workers = self.lock();
        workers.retain(|it| it.capability != worker.capability);
        workers.push(Arc::new(worker));
    }

    fn is_offered(&self, capability: &Capability) -> bool {
        let offers = self.offers.borrow();
        offers.iter().any(|it| it.capability == *capability)
    }

    fn remove(&self, capability: &Capability) {
        self.lock().retain(|it| it.capability != *capability);
    }

    fn workers(&self) -> Vec<Arc<Worker>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Worker>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// With this recogniser.
    pub fn with_stt(mut self, stt: Arc<dyn SpeechToText>, slots: u32, capability: &str) -> Models {
        let capabilities = capability.parse().into_iter().collect();
        self.stt = Some(Model::new(stt, slots, capabilities));
        self
    }

    /// With this voice.
    #[cfg(test)]
    pub fn with_tts(mut self, tts: Arc<dyn TextToSpeech>, slots: u32, capability: &str) -> Models {
        let capabilities = capability.parse().into_iter().collect();
        self.tts.push(Model::new(tts, slots, capabilities));
        self
    }

    /// The process that can do it.
    fn worker(&self, wanted: &Capability) -> Option<Arc<Worker>> {
        let workers = self.lock();
        workers.iter().find(|it| it.capability == *wanted).cloned()
    }

    /// Tells the hub what was measured, and how much of it is in use now.
    fn report(&self, link: &Link) {
        let stt = self.stt.as_ref().map_or(0, Model::running);
        let voice = |capability: &Capability| {
            let voice = self.tts.iter().find(|it| it.can(capability));
            voice.map_or(0, Model::running)
        };
        let now = |offer: &Offer| Offer {
            running: match self.worker(&offer.capability) {
                Some(worker) => worker.running(),
                None if offer.capability.kind == "stt" => stt,
                None => voice(&offer.capability),
            },
            ..offer.clone()
        };
        let mut offers: Vec<Offer> = self.offers.borrow().iter().map(now).collect();
        offers.extend(self.besides.iter().cloned());
        link.report(load::permille(), offers);
    }
}

/// Works on the jobs of a link, until that ends.
pub async fn serve(link: &Link, models: &Models) -> LinkError {
    let mut jobs = JoinSet::new();
    let mut offers = models.offers.subscribe();
    let mut look = interval(LOOKING);
    look.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            incoming = link.accept() => match incoming {
                Ok(Incoming::Job(says, hears)) => {
                    let job = Job { says, hears };
                    if let Some(work) = job.begin(models).await {
                        jobs.spawn(work);
                    }
                }
                // Nodes have no clients, and show no page to a hub.
                Ok(Incoming::Client(client)) => client.answers.cancel(Reason::UnknownKind),
                Ok(Incoming::Page(page)) => page.refuse(Reason::UnknownKind),
                Ok(Incoming::Model(request)) => request.too_many(),
                Err(error) => return error,
            },
            // It lives as long as the models.
            _ = offers.changed() => {}
            Some(_) = jobs.join_next() => {}
            _ = look.tick() => {}
        }
        models.report(link);
    }
}

/// Both ends of a job.
struct Job {
    says: Sender<JobFrame>,
    hears: Receiver<JobFrame>,
}

type Work = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Job {
    /// What it is about, and whether there is room for it; what is left to do.
    async fn begin(mut self, models: &Models) -> Option<Work> {
        let first = timeout(OPENING, self.hears.next()).await;
        let Ok(Ok(Some(
            ref open @ JobFrame::Open {
                ref capability,
                ref utterance,
                ref options,
            },
        ))) = first
        else {
            self.fail(JobErrorKind::Backend, "the first frame opens no job", "")
                .await;
            return None;
        };
        let absent = format!("this node has no {capability}");
        let (model, permit) = match options {
            _ if let Some(worker) = models.worker(capability) => (
                Chosen::Worker(worker.process.clone(), Box::new(open.clone())),
                worker.free.clone().try_acquire_owned(),
            ),
            JobOptions::Transcribe { jsgf: Some(_), .. } => {
                let words = "this node's recogniser takes no grammar";
                self.fail(JobErrorKind::Backend, words, "").await;
                return None;
            }
            JobOptions::Transcribe { .. } => match &models.stt {
                Some(stt) if stt.can(capability) => (
                    Chosen::Stt(stt.model.clone()),
                    stt.free.clone().try_acquire_owned(),
                ),
                _ => return self.absent(&absent).await,
            },
            JobOptions::Synthesize {
                voice,
                speed_permille,
            } => match models.tts.iter().find(|it| it.can(capability)) {
                Some(tts) => (
                    Chosen::Tts(
                        tts.model.clone(),
                        SpeakOptions {
                            voice: Voice(voice.clone()),
                            speed_permille: *speed_permille,
                            ..SpeakOptions::default()
                        },
                    ),
                    tts.free.clone().try_acquire_owned(),
                ),
                None => return self.absent(&absent).await,
            },
            JobOptions::Generate { .. } => return self.absent(&absent).await,
        };
        let Ok(permit) = permit else {
            let what = "waiting for a node that has enough to do";
            self.fail(JobErrorKind::Deadline, what, "").await;
            return None;
        };
        tracing::info!(%capability, %utterance, "a job begins");
        Some(Box::pin(self.work(model, permit)))
    }

    async fn absent(self, words: &str) -> Option<Work> {
        let help = "the node's page tells what it can do";
        self.fail(JobErrorKind::NotLoaded, words, help).await;
        None
    }

    async fn work(self, chosen: Chosen, _permit: OwnedSemaphorePermit) {
        match chosen {
            Chosen::Stt(stt) => hearing::work(self, &*stt).await,
            Chosen::Tts(tts, options) => speaking::work(self, &*tts, options).await,
            Chosen::Worker(process, open) => worker::work(self, &process, &open).await,
        }
    }

    async fn fail(self, kind: JobErrorKind, message: &str, help: &str) {
        fail(self.says, kind, message, help).await;
    }
}

enum Chosen {
    Stt(Arc<dyn SpeechToText>),
    Tts(Arc<dyn TextToSpeech>, SpeakOptions),
    Worker(Arc<Process>, Box<JobFrame>),
}

/// Says that a job has failed; the last frame.
async fn fail(mut says: Sender<JobFrame>, kind: JobErrorKind, message: &str, help: &str) {
    let error = JobError {
        kind,
        message: message.into(),
        help: help.into(),
    };
    // Whoever asked may be gone.
    if says.send(&JobFrame::Error { error }).await.is_ok() {
        says.finish();
    }
}

/// What a model could not do, for whoever asked.
async fn failed(says: Sender<JobFrame>, error: ModelError) {
    match error {
        ModelError::NotLoaded { what, help } => {
            let what = format!("{what} is not loaded");
            fail(says, JobErrorKind::NotLoaded, &what, &help).await;
        }
        ModelError::Deadline(what) => fail(says, JobErrorKind::Deadline, &what, "").await,
        ModelError::TooMuch(words) => fail(says, JobErrorKind::TooMuch, &words, "").await,
        error => fail(says, JobErrorKind::Backend, &error.to_string(), "").await,
    }
}
