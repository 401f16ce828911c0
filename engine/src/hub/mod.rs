//! The hub: everything that hears, understands, acts and answers in one house, put together.

mod aloud;
mod calls;
mod cards;
mod choices;
mod client_speaker;
mod conversation;
mod dashboard;
mod demonstration;
mod doctor;
mod floor;
mod home_file;
mod interruption;
mod keeping;
mod linked;
mod listening;
mod meter;
mod microphone;
mod models;
mod neighbour;
mod node_speaker;
mod nodes;
mod noted;
mod people;
mod pin;
mod privacy;
mod recent;
mod recording;
mod relief;
mod ringing;
mod service;
mod shelves;
mod skills;
mod understanding;
mod view;
mod wanted;
mod watched;

pub(crate) use choices::LONGEST_NAME;
pub use demonstration::{demonstration_examples, demonstration_grammar, demonstration_home};
pub use listening::Listening;
pub(crate) use pin::is_pin;
pub(crate) use service::LONGEST_SENTENCE;

use crate::{
    api::Dashboard,
    config::{Config, Flags},
    core_dumps,
    egress::Border,
    gateway::{Answers, Connection, Server, Service},
    models::{ExpressiveVoice, Models},
    nodes::Nodes,
    skills::{Elsewhere, Host, HostParts, LiveHousehold, SystemClock, own_volume},
    store::Store,
    tasks::{TaskKind, Tasks},
};
use aloud::Aloud;
use cards::Cards;
use choices::Sounds;
use floor::Floor;
use home_file::{About, HomeFile};
use jiff::tz::TimeZone;
use keeping::Keeper;
use linked::Linked;
use listening::Call;
use loqa_core::{
    home::Home,
    seams::{Microphone, ModelError, Speaker, WakeWord},
    turn::TurnConfig,
};
use loqa_inference::{
    capture::DeviceMicrophone,
    playback::{DeviceSpeaker, Pace, PacedSpeaker},
};
use loqa_protocol::{Envelope, Problem};
use meter::Loudness;
use microphone::Chosen;
use neighbour::Neighbour;
use people::Present;
use pin::Pin;
use recent::Recent;
use shelves::Shelves;
use skills::Offers;
use std::{
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{
    Mutex, broadcast,
    mpsc::{self, error::TrySendError},
    watch,
};
use understanding::Understanding;

/// Events a slow subscriber may lag behind before it misses some.
const EVENTS: usize = 1024;
/// How often unsaved changes are tried again.
const SAVE_AGAIN: Duration = Duration::from_secs(2);
/// A recogniser that has not told the last words by then, after the longest that it may wait, has failed.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// People a hub hears at a time; one more waits.
const HEARD_AT_ONCE: usize = 2;
/// Calls that wait for the microphone's next frame.
const CALLS: usize = 8;

/// Which engine to start.
#[derive(Clone, Debug, Default)]
pub struct HubOptions {
    /// What the command line says.
    pub flags: Flags,
    reading: bool,
    serving: bool,
    demonstration: bool,
    pace: Option<Unpaced>,
}

/// Replies take no time.
#[derive(Clone, Copy, Debug)]
struct Unpaced;

impl HubOptions {
    /// An engine that acts.
    pub fn new(flags: Flags) -> HubOptions {
        HubOptions {
            flags,
            ..HubOptions::default()
        }
    }

    /// An engine that also answers other programs, through its socket.
    pub fn serving(self) -> HubOptions {
        HubOptions {
            serving: true,
            ..self
        }
    }

    /// An engine that only reads: it does not touch the data folder, so it may run beside a hub.
    pub fn reading(self) -> HubOptions {
        HubOptions {
            reading: true,
            ..self
        }
    }

    /// An engine on the demo household and built-in skills, with its data in a folder of its own.
    pub fn demonstration(data: &Path) -> HubOptions {
        HubOptions {
            demonstration: true,
            ..HubOptions::new(Flags {
                data: Some(data.to_owned()),
                ..Flags::default()
            })
        }
    }

    /// Replies are synthesised but not waited for: time is the sample clock.
    pub fn unpaced(self) -> HubOptions {
        HubOptions {
            pace: Some(Unpaced),
            ..self
        }
    }
}

/// A running engine.
pub struct Hub {
    shared: Arc<Shared>,
    notes: Vec<String>,
}

/// What every part of the hub may need.
pub(crate) struct Shared {
    config: Config,
    zone: TimeZone,
    understanding: Understanding,
    home_file: HomeFile,
    /// What a dashboard is told of it.
    about: watch::Sender<About>,
    /// The household as its owner describes it; held while a grammar is learnt, one at a time.
    own_home: Mutex<Home>,
    /// What is beside it.
    neighbour: Neighbour,
    /// What every connection to elsewhere goes over.
    border: Border,
    /// What the settings name.
    sounds: Sounds,
    pin: Pin,
    /// Through which the room is heard: id, name, `default` or `none`.
    microphone: watch::Sender<String>,
    /// How loud the microphone hears, while somebody looks.
    level: watch::Sender<Loudness>,
    models: Models,
    /// Where everything sounds.
    floor: Arc<Floor>,
    /// Who answers a call that several have heard.
    claims: Arc<calls::Calls>,
    /// What it is heard through, if anything.
    speaker: Option<Arc<DeviceSpeaker>>,
    /// Why nothing is heard, if nothing is.
    silent_because: Option<String>,
    store: Arc<Store>,
    /// What is kept of conversations.
    keeper: Keeper,
    household: Arc<LiveHousehold>,
    host: Arc<Host>,
    nodes: Nodes,
    linked: Linked,
    /// Where its skills come from.
    shelves: Shelves,
    /// Skills that somebody looks at.
    offers: Offers,
    /// Models that are here or can be fetched.
    stock: models::Stock,
    events: broadcast::Sender<Envelope>,
    present: Present,
    recent: Recent,
    cards: Cards,
    aloud: Aloud,
    listening: watch::Sender<Listening>,
    /// Is what the microphone hears thrown away?
    muted: watch::Sender<bool>,
    /// Wakes it, where it listens.
    calls: OnceLock<mpsc::Sender<Call>>,
    /// Where it is, or why it is not; empty where none was asked for.
    dashboard: OnceLock<Result<Dashboard, Problem>>,
    /// Is the recogniser ready for what is said?
    learned: watch::Sender<bool>,
    /// Everything it kept is gone, and it ends.
    wiped: AtomicBool,
    tasks: Tasks,
    /// Holds a reading engine's empty data folder.
    scratch: Option<tempfile::TempDir>,
}

impl Hub {
    /// Starts an engine.
    ///
    /// # Errors
    /// Settings, household or skills that cannot be read, with every mistake in them; a data
    /// folder that cannot be used or belongs to another hub.
    pub async fn start(options: HubOptions) -> Result<Hub, Problem> {
        core_dumps::forbid();
        let mut config = Config::load(&options.flags)?;
        if options.demonstration {
            // The demonstration shows Loqa as it comes, whatever this house has set.
            let data = config.hub.data;
            config = Config::default();
            config.hub.data = data;
            config.hub.skills.clone_from(&options.flags.skills);
        }
        let mut notes = Vec::new();
        let scratch = if options.reading {
            Some(scratch_folder()?)
        } else {
            None
        };
        let data = scratch
            .as_ref()
            .map_or(config.hub.data.as_path(), |folder| folder.path())
            .to_owned();
        // One that goes with its scratch folder stays out of it.
        let keyring = config.hub.keyring && scratch.is_none() && !options.demonstration;
        let store = tokio::task::block_in_place(|| Store::open_with(&data, keyring))?;
        let store = Arc::new(store);
        let server = if options.serving {
            Some(Server::bind(store.folder())?)
        } else {
            None
        };

        let home_file = HomeFile::of(&config);
        let described = home_file.read()?;
        if described.demonstration && options.serving {
            notes.push("nobody has described this house yet, so a demo household is used: see docs/home-toml.md".into());
        }
        let shelves = Shelves::of(&config, &store);
        let pin = Pin::in_folder(&data);
        let about = watch::Sender::new(About {
            revision: described.revision,
            demonstration: described.demonstration,
            name: config.household.name.clone(),
            welcomed: choices::is_welcomed(&data),
            kiosk_pin: pin.is_set(),
        });
        let sounds = Sounds::of(&config);
        let microphone = watch::Sender::new(config.listen.microphone.clone());
        let (neighbour, calls) = Neighbour::of(&config);
        let border = Border::new(config.privacy.sealed);
        let home = neighbour.joined(&described.home);
        let mut registry = shelves.read()?;
        let grammar = Shelves::grammar(&mut registry, &home)?;
        shelves.know(&registry);
        let understanding = Understanding::new(home, grammar);
        let unfit = home_file.unfit_routines(&understanding.grammar());
        notes.extend(unfit.iter().map(ToString::to_string));
        for left_out in registry.left_out() {
            notes.push(format!("{left_out}\n  help: {}", doctor::LEFT_OUT_HELP));
        }
        let sites = linked::sites(&store);
        let models = tokio::task::block_in_place(|| {
            let utterances = if options.serving { HEARD_AT_ONCE } else { 1 };
            Models::load(&config, utterances, understanding.watch(), &sites)
        });
        if let Some(expressive) = models.expressive.as_ref().filter(|_| options.serving) {
            expressive.begin();
        }
        let absent = models.expressive.iter().filter(|it| !it.is_here());
        let checks = models.checks().into_iter();
        let checks = checks.chain(absent.map(ExpressiveVoice::check));
        for check in checks.filter(|check| !check.ok) {
            notes.push(format!("{}\n  help: {}", check.message, check.help));
        }
        let mouthpiece = mouthpiece(&config, &options);
        let zone = match config.household.timezone.as_str() {
            "system" => TimeZone::system(),
            name => TimeZone::get(name).unwrap_or_else(|_| TimeZone::system()),
        };
        let tasks = Tasks::new();
        let clock = Arc::new(SystemClock);
        let household = Arc::new(LiveHousehold::new(store.clone(), clock.clone()));
        let host = Arc::new(Host::new(HostParts {
            suggestions: registry.suggestions(&understanding.grammar()),
            registry,
            household: household.clone(),
            home: understanding.watch_home(),
            executor: neighbour.executor(),
            elsewhere: Elsewhere::by(border.to_internet(config.skills.addresses())),
            zone: zone.clone(),
            patience: config.endpoint.patience,
        }));
        let stock = models::Stock::of(&config);
        let (events, _) = broadcast::channel(EVENTS);
        let shared = Arc::new(Shared {
            config,
            zone,
            understanding,
            home_file,
            about,
            own_home: Mutex::new(described.home),
            neighbour,
            border,
            sounds,
            pin,
            microphone,
            level: watch::Sender::default(),
            models,
            floor: Arc::new(Floor::new(mouthpiece.speaker, {
                let household = household.clone();
                move || own_volume(&household.read().household)
            })),
            speaker: mouthpiece.device,
            silent_because: mouthpiece.silent_because,
            nodes: Nodes::in_folder(&data, &store.snapshot()),
            linked: Linked::of(sites),
            claims: Arc::default(),
            keeper: Keeper::new(store.clone(), data),
            store,
            household,
            host,
            shelves,
            offers: Offers::default(),
            stock,
            events,
            present: Present::default(),
            recent: Recent::default(),
            cards: Cards::default(),
            aloud: Aloud::default(),
            listening: listening::state(),
            muted: watch::Sender::new(false),
            calls: OnceLock::new(),
            dashboard: OnceLock::new(),
            learned: watch::Sender::new(false),
            wiped: AtomicBool::new(false),
            tasks,
            scratch,
        });
        if options.reading {
            shared
                .learn()
                .await
                .map_err(|error| service::model_problem(&error))?;
        } else {
            shared.ring_timers();
            if options.serving {
                shared.link_nodes();
            }
            let met = shared.follow_neighbour(calls);
            if !options.serving {
                met.await;
            }
            shared.save_when_possible();
            shared.watch_over_words();
            shared.start_skills();
            if options.serving {
                shared.follow_skills();
                shared.follow_models();
                shared.warm_up();
            }
            let hub = shared.clone();
            shared.tasks.spawn(
                TaskKind::BACKGROUND,
                "learn",
                async move { hub.learn().await },
            );
        }
        if let Some(server) = server {
            server.serve(Arc::new(Gateway(shared.clone())), &shared.tasks);
        }
        let mut hub = Hub { shared, notes };
        if options.serving {
            hub.open_dashboard().await;
            hub.listen_as_set();
        }
        Ok(hub)
    }

    /// Listens to the room through the microphone of the settings, if they name one.
    fn listen_as_set(&mut self) {
        let off = |why: &str| {
            self.shared
                .listening
                .send_replace(Listening::Off(why.into()));
        };
        let listen = &self.shared.config.listen;
        if listen.microphone == "none" {
            return off("the settings say so");
        }
        if self.shared.models.stt.is_none() {
            return off("no recogniser is installed");
        }
        let (detectors, missing) = Models::wake_words(listen, &self.shared.config.hub.data);
        self.notes.extend(missing);
        let chosen = self.shared.microphone.subscribe();
        let microphone = Chosen::new(chosen, |name| DeviceMicrophone::new(name).listen());
        self.listen(Arc::new(microphone), detectors);
    }

    /// Listens to the room through this microphone from now on, and wakes at these phrases; at
    /// every command, if the settings name no phrase.
    pub fn listen(&mut self, microphone: Arc<dyn Microphone>, detectors: Vec<Box<dyn WakeWord>>) {
        let always = self.shared.config.listen.wake.is_empty();
        // Full: somebody calls faster than can be listened to.
        let (calls, called) = mpsc::channel(CALLS);
        self.shared.listening.send_replace(Listening::Opening);
        match listening::listen(&self.shared, microphone, detectors, always, called) {
            // A second microphone would be another hub.
            Ok(()) => drop(self.shared.calls.set(calls)),
            Err(reason) => {
                self.shared.listening.send_replace(Listening::Off(reason));
            }
        }
    }

    /// Whether the room is listened to, and when that changes.
    pub fn listening(&self) -> watch::Receiver<Listening> {
        self.shared.listening.subscribe()
    }

    /// What follows is for Loqa, as after a wake phrase. Nothing happens where it does not listen.
    pub fn call(&self) {
        self.shared.call(Call::Begins);
    }

    /// What a person should know, each with its remedy.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where timers, lists and device states are kept.
    pub fn data_dir(&self) -> &Path {
        self.shared.store.folder().path()
    }

    /// Resolves when the engine cannot go on, to why.
    pub async fn failed(&self) -> String {
        self.shared.tasks.stopped().await
    }

    /// Whether it ends because somebody had everything wiped.
    pub fn is_wiped(&self) -> bool {
        self.shared.wiped.load(Ordering::Relaxed)
    }

    /// Lets every task finish what it is doing, for at most 5 s. Nothing is answered afterwards.
    pub async fn shutdown(&self) {
        self.shared.tasks.shutdown().await;
        if self.shared.wiped.load(Ordering::Relaxed) {
            self.shared.forget_leftovers();
            return;
        }
        self.shared.host.registry().flush_audit();
        self.shared.keeper.close();
        if let Err(reason) = self.shared.store.flush() {
            tracing::warn!(reason, "the household could not be saved");
        }
    }
}

impl Service for Hub {
    fn connect(&self, answers: Answers, place: &str) -> Box<dyn Connection> {
        Box::new(service::Client::new(self.shared.clone(), answers, place))
    }
}

/// The hub as other programs reach it.
struct Gateway(Arc<Shared>);

impl Service for Gateway {
    fn connect(&self, answers: Answers, place: &str) -> Box<dyn Connection> {
        linked::client(self.0.clone(), answers, place)
    }
}

impl Shared {
    /// Makes the recogniser ready; timers ring and typed commands are answered meanwhile.
    async fn learn(&self) -> Result<(), ModelError> {
        self.start_whisper();
        let _learning = self.own_home.lock().await;
        if let Some(stt) = &self.models.stt {
            self.understanding.teach(stt.as_ref()).await?;
        }
        self.learned.send_replace(true);
        Ok(())
    }

    /// Has what hears any words ready before anybody speaks.
    fn start_whisper(&self) {
        if let Some(whisper) = self.models.whisper()
            && let Err(error) = whisper.start()
        {
            tracing::warn!(%error, "what no command covers is not understood");
        }
    }

    /// Has the language model ready before anybody asks it something.
    fn warm_up(&self) {
        let llama = self.models.llama.clone();
        let grammar = self.understanding.watch();
        self.tasks
            .spawn(TaskKind::BACKGROUND, "language model", async move {
                relief::keep_warm(llama, grammar).await;
                Ok::<(), String>(())
            });
    }

    /// Tells everybody who wants to know, and remembers turns and cards for those who come later.
    fn announce(&self, envelope: Envelope) {
        self.recent.note(&envelope);
        self.keep(&envelope);
        self.cards.note(&envelope);
        self.present.wanted.note(&envelope);
        for text in self.aloud.note(&envelope) {
            self.say_aloud(text);
        }
        // Nobody subscribed is no error.
        let _ = self.events.send(envelope);
    }

    /// What follows is for Loqa, or no longer; false where it does not listen.
    fn call(&self, call: Call) -> bool {
        let calls = self.calls.get();
        // Full: it is being called.
        calls.is_some_and(|calls| !matches!(calls.try_send(call), Err(TrySendError::Closed(_))))
    }

    /// Has the skills' code ready before the first command needs it. What goes wrong shows when it
    /// does, and to the doctor.
    fn start_skills(&self) {
        let process = self.host.registry().process().cloned();
        self.tasks
            .spawn(TaskKind::BACKGROUND, "skills", async move {
                if let Some(process) = process {
                    let _ = tokio::task::spawn_blocking(move || process.start()).await;
                }
                Ok::<(), String>(())
            });
    }

    /// What a full disk refused is written as soon as there is room again.
    fn save_when_possible(&self) {
        let store = self.store.clone();
        self.tasks
            .spawn(TaskKind::BACKGROUND, "saving", async move {
                loop {
                    tokio::time::sleep(SAVE_AGAIN).await;
                    let store = store.clone();
                    // Nothing to do unless something is unsaved; a refusal is tried again.
                    let _ = tokio::task::spawn_blocking(move || store.flush()).await;
                }
                #[expect(unreachable_code, reason = "gives the loop a type")]
                Ok::<(), String>(())
            });
    }

    /// Whether it keeps its hands off the data folder of the settings.
    fn is_reading(&self) -> bool {
        self.scratch.is_some()
    }

    /// The room this hub stands in.
    fn room(&self) -> Option<String> {
        Some(self.config.household.room.clone()).filter(|room| !room.is_empty())
    }

    /// The room of whoever is heard through `place`: a node's own, else the hub's.
    fn room_of(&self, place: &str) -> Option<String> {
        let node = place.strip_prefix(crate::people::NODE);
        let own = node.and_then(|node| {
            let household = self.store.snapshot();
            household.nodes.get(node).map(|node| node.room.clone())
        });
        own.filter(|room| !room.is_empty()).or_else(|| self.room())
    }

    fn turn_config(&self) -> TurnConfig {
        TurnConfig {
            patience: Duration::from_secs(self.config.conversation.answer_s.into()),
            final_timeout: Duration::from_millis(self.config.hearing.wait_ms.into()) + LAST_WORDS,
            open_questions: self.answers_questions(),
            ..TurnConfig::default()
        }
    }

    /// The wall clock, here.
    fn now(&self) -> jiff::Zoned {
        self.household.read().wall.to_zoned(self.zone.clone())
    }
}

/// The household of these settings, with what is beside it.
///
/// # Errors
/// What is wrong in its file, all of it.
pub fn household(config: &Config) -> Result<Home, Problem> {
    let own = HomeFile::of(config).read()?.home;
    Ok(Neighbour::of(config).0.joined(&own))
}

fn scratch_folder() -> Result<tempfile::TempDir, Problem> {
    tempfile::Builder::new()
        .prefix("loqa-")
        .tempdir()
        .map_err(|error| Problem {
            code: "no_temp".into(),
            message: format!("cannot make a temporary folder: {error}"),
            help: "free some disk space, or set TMPDIR to a folder that can be written".into(),
        })
}

/// What replies leave through.
struct Mouthpiece {
    speaker: Arc<dyn Speaker>,
    /// The same, if it can be heard.
    device: Option<Arc<DeviceSpeaker>>,
    /// Why nothing can be heard, if it could not be helped.
    silent_because: Option<String>,
}

/// The sound device; without one, a speaker nobody hears.
fn mouthpiece(config: &Config, options: &HubOptions) -> Mouthpiece {
    let unheard = |pace, silent_because| Mouthpiece {
        speaker: Arc::new(PacedSpeaker::new(pace, None)),
        device: None,
        silent_because,
    };
    if options.pace.is_some() {
        return unheard(Pace::AsTheyCome, None);
    }
    if config.voice.output == "none" {
        return unheard(Pace::RealTime, None);
    }
    match DeviceSpeaker::open(&config.voice.output, None) {
        Ok(device) => {
            let device = Arc::new(device);
            Mouthpiece {
                speaker: device.clone(),
                device: Some(device),
                silent_because: None,
            }
        }
        Err(error) => unheard(Pace::RealTime, Some(error.to_string())),
    }
}
