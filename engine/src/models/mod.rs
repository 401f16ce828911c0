//! The models of this machine, picked by placement: nothing else in the engine chooses one.

mod candidate;
mod choice;
mod expressive;
mod listening;
mod llama;
mod prompt;
mod seat;
mod whisper;

pub use candidate::Chosen;
pub use choice::{chosen, named, use_model};
pub use expressive::ExpressiveVoice;
pub use llama::{by_name as answering, named as language_model};
pub use prompt::prompts;
pub use whisper::by_name;

use self::seat::Seat;
use crate::{
    config::{Config, Listen},
    library::{Kind, Library},
    session::VadFactory,
    workers::{Llama, Race, Remembered, Sites, Whisper},
};
use loqa_core::{
    grammar::Grammar,
    placement::{self, Candidate, Choice, Wanted},
    seams::{LanguageModel, ModelError, SpeechToText, TextToSpeech, Voice, WakeWord},
};
use loqa_inference::{
    onnx,
    stt::{Ears, PocketSphinx},
    tts::{DEFAULT_VOICE, Expressive, PhraseCache, Voices},
    wake,
};
use loqa_jobs::Process;
use loqa_protocol::{Capability, Placement, PrivacyScope};
use serde::Serialize;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Synthesised phrases kept in memory: about ten minutes of speech.
const PHRASE_CACHE_BYTES: usize = 40 << 20;

/// Time to first output on a small machine, until real turns have been measured
/// (`cargo xtask bench voice`).
const STT_PRIOR: Duration = Duration::from_millis(5);
const FLITE_PRIOR: Duration = Duration::from_millis(25);
/// Whisper has its last word, and a language model its first, on a machine that they fit.
const WHISPER_PRIOR: Duration = Duration::from_millis(700);
const LLAMA_PRIOR: Duration = Duration::from_millis(400);
/// espeak-ng answers sooner than flite once it runs, but each phrase starts a process.
const ESPEAK_PRIOR: Duration = Duration::from_millis(40);

/// One thing that was looked at, for `loqa doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// Whether it works.
    pub ok: bool,
    /// Whether Loqa can do its job without.
    pub needed: bool,
    /// How it is.
    pub message: String,
    /// What to do about it; empty if nothing.
    pub help: String,
}

/// What this machine hears and speaks with.
pub struct Models {
    /// `None`: typed commands only.
    pub stt: Option<Arc<dyn SpeechToText>>,
    /// Any voice by name; `None`: replies are only written.
    pub tts: Option<Arc<dyn TextToSpeech>>,
    /// The voice replies are spoken with.
    pub voice: Voice,
    /// Answers what no command covers, if anybody is there who can.
    pub llama: Arc<Llama>,
    /// The same, with its last answers.
    pub llm: Arc<dyn LanguageModel>,
    /// Kokoro, within `tts`, where it is wanted.
    pub expressive: Option<ExpressiveVoice>,
    /// Tells voices from everything else.
    pub vad: VadFactory,
    /// What hears commands and the fast voice, and why.
    placements: Vec<Placement>,
    /// Who hears any words, within `stt`.
    hearing: Seat,
    /// Who answers.
    thinking: Seat,
    /// Every choice that stays as it is, and what is missing.
    checks: Vec<Check>,
}

impl Models {
    /// Loads what is there, for so many utterances at a time, and chooses. Missing libraries are named in `checks`, never an
    /// error. What no command covers, others of the household's machines may do as well, and speak: `sites`. Within a
    /// runtime.
    pub fn load(
        config: &Config,
        utterances: usize,
        grammar: watch::Receiver<Arc<Grammar>>,
        sites: &Arc<Sites>,
    ) -> Models {
        let mut checks = Vec::new();
        let recogniser = PocketSphinx::open(Ears::default(), utterances);
        let hearing = [Model::new(
            "stt.pocketsphinx:en-us",
            STT_PRIOR,
            recogniser.as_ref().err(),
        )];
        let heard = choose(
            &hearing,
            "stt",
            config.hearing.engine.name(),
            config,
            &mut checks,
        );
        let mut placements: Vec<_> = heard
            .iter()
            .map(|choice| hearing[choice.index].placed(choice))
            .collect();
        let commands = heard
            .and(recogniser.ok())
            .map(|recogniser| Arc::new(recogniser) as Arc<dyn SpeechToText>);
        let hearing = Seat::new(sites, "stt", "whisper", WHISPER_PRIOR);
        let language = config.hearing.language.clone();
        let language = (language != "auto").then_some(language);
        let there = hearing.work.clone();
        let any_words = Arc::new(Whisper::new(there.clone(), language));

        let vad = listening::choose(&config.hearing, &config.hub.data, &mut checks);
        let prompts = prompt::prompts(grammar.clone(), config.thinking.context);
        let thinking = Seat::new(sites, "llm", "llama", LLAMA_PRIOR);
        let llama = Arc::new(Llama::new(thinking.work.clone(), prompts));
        let version = move || grammar.borrow().version();
        let llm = Arc::new(Remembered::new(llama.clone(), version));

        let voices = Voices::load();
        let own = Voice(match config.voice.name.strip_prefix("kokoro:") {
            // That is chosen beside the fast one.
            Some(_) => DEFAULT_VOICE.into(),
            None => config.voice.name.clone(),
        });
        let flite = Voice(if config.voice.engine.name() == Some("espeak") {
            String::new()
        } else {
            own.0.clone()
        });
        let espeak = match config.voice.engine.name() {
            Some("espeak") => Voice(format!("espeak:{}", own.0.trim_start_matches("espeak:"))),
            _ => Voice("espeak:en-us".into()),
        };
        let speaking = [
            Model::new(
                &format!("tts.flite:{}", flite.0),
                FLITE_PRIOR,
                voices.check(&flite).err().as_ref(),
            ),
            Model::new(
                &format!("tts.espeak:{}", espeak.0.trim_start_matches("espeak:")),
                ESPEAK_PRIOR,
                voices.check(&espeak).err().as_ref(),
            ),
        ];
        // "auto" still means the voice of the settings where it is there.
        let wanted = config.voice.engine.name().or(Some("flite"));
        let spoken = choose(&speaking, "tts", wanted, config, &mut checks);
        placements.extend(
            spoken
                .iter()
                .map(|choice| speaking[choice.index].placed(choice)),
        );
        let spoken = spoken.map(|choice| choice.index);
        let voice = if spoken == Some(1) { espeak } else { flite };
        let fast = placements.iter().find(|placement| speaks(placement));
        let expressive =
            fast.and_then(|fast| ExpressiveVoice::choose(config, fast, sites, &mut checks));
        let (tts, voice) = match &expressive {
            Some(expressive) => {
                let mouths = Arc::new(expressive.mouths(voices));
                let tts = Expressive::new(mouths.clone(), cached(mouths), voice);
                (
                    Some(Arc::new(tts) as Arc<dyn TextToSpeech>),
                    expressive.voice(),
                )
            }
            None => (spoken.map(|_| cached(Arc::new(voices))), voice),
        };
        let mut models = Models {
            stt: None,
            tts,
            voice,
            expressive,
            vad,
            llama,
            llm,
            placements,
            hearing,
            thinking,
            checks,
        };
        models.take_up(config);
        models.stt = match commands {
            Some(commands) => {
                let patience = Duration::from_millis(config.hearing.wait_ms.into());
                let race = Race::new(commands, any_words, patience, move || there.is_there());
                Some(Arc::new(race))
            }
            None => models.whisper().map(|_| any_words as Arc<dyn SpeechToText>),
        };
        models
    }

    /// Has what no command covers be heard and answered by the models that these settings name, or that are here, from now
    /// on; whether anything is otherwise than before. Blocks: it reads files.
    pub fn take_up(&self, config: &Config) -> bool {
        let (data, mut checks) = (&config.hub.data, Vec::new());
        let chosen = whisper::choose(&config.hearing, data, &mut checks);
        let wanted = config.hearing.model != "none";
        let heard = self.hearing.take(wanted, chosen, checks);
        let mut checks = Vec::new();
        let chosen = llama::choose(&config.thinking, data, &mut checks);
        let wanted = config.thinking.model != "none";
        self.thinking.take(wanted, chosen, checks) || heard
    }

    /// What hears any words on this machine, if anything does.
    pub fn whisper(&self) -> Option<Arc<Process>> {
        self.hearing.work.own()
    }

    /// Every choice, and what is missing.
    pub fn checks(&self) -> Vec<Check> {
        [
            &self.checks[..],
            &self.hearing.checks(),
            &self.thinking.checks(),
        ]
        .concat()
    }

    /// Which models of this machine were chosen, and why; of voices, the fast one.
    fn chosen_here(&self) -> Vec<Placement> {
        let mut placements = self.placements.clone();
        placements.extend(self.hearing.placement());
        placements.extend(self.thinking.placement());
        placements
    }

    /// Which models work now, and why.
    pub fn placements(&self) -> Vec<Placement> {
        let mut placements = self.chosen_here();
        let spoken = placements.iter_mut().find(|placement| speaks(placement));
        if let (Some(expressive), Some(spoken)) = (&self.expressive, spoken) {
            *spoken = expressive.placement();
        }
        // What went to a node the last time.
        let work = [&self.hearing.work, &self.thinking.work];
        for elsewhere in work.into_iter().filter_map(|work| work.placement()) {
            let engine = |capability: &str| capability.split(':').next().map(str::to_owned);
            let same =
                |it: &&mut Placement| engine(&it.capability) == engine(&elsewhere.capability);
            match placements.iter_mut().find(same) {
                Some(placed) => *placed = elsewhere,
                None => placements.push(elsewhere),
            }
        }
        placements
    }
}

/// Has what computes in libraries of others come to an end, 3 s at most. The last that a program does: they would
/// be taken down under it.
pub fn end() {
    onnx::end();
}

fn speaks(placement: &Placement) -> bool {
    placement.capability.starts_with("tts.")
}

fn cached(voices: Arc<dyn TextToSpeech>) -> Arc<dyn TextToSpeech> {
    Arc::new(PhraseCache::new(voices, PHRASE_CACHE_BYTES))
}

impl Models {
    /// Detectors of the phrases that the settings name; and what to do about those without one.
    pub fn wake_words(listen: &Listen, data: &Path) -> (Vec<Box<dyn WakeWord>>, Vec<String>) {
        let pulled = Library::folder(data, Kind::Wake);
        let named = &listen.wake_models;
        let folder = match named.as_os_str().is_empty() {
            false => Some(named.as_path()),
            true => pulled.is_dir().then_some(pulled.as_path()),
        };
        let (mut words, mut missing) = (Vec::new(), Vec::new());
        for phrase in &listen.wake {
            match wake::listen_for(phrase, listen.wake_threshold, folder) {
                Ok(word) => words.push(word),
                Err(error) => missing.push(format!(
                    "the wake phrase “{phrase}” cannot be heard: {error}\n  help: until then press Enter here and speak"
                )),
            }
        }
        (words, missing)
    }
}

/// A model that could be chosen, and what to do if it is not there.
struct Model {
    candidate: Candidate,
    remedy: Option<String>,
}

impl Model {
    fn new(capability: &str, first_output: Duration, error: Option<&ModelError>) -> Model {
        let (kind, rest) = capability.split_once('.').unwrap_or((capability, ""));
        let (name, variant) = rest.split_once(':').unwrap_or((rest, ""));
        let (unavailable, remedy) = match error {
            None => (None, None),
            Some(ModelError::NotLoaded { what, help }) => {
                (Some(format!("{what} is not installed")), Some(help.clone()))
            }
            Some(error) => (Some(error.to_string()), None),
        };
        let candidate = Candidate {
            capability: Capability {
                kind: kind.into(),
                name: name.into(),
                variant: variant.into(),
            },
            node: None,
            may_hear: PrivacyScope::Ephemeral,
            first_output,
            unavailable,
        };
        Model { candidate, remedy }
    }

    /// That it was chosen.
    fn placed(&self, choice: &Choice) -> Placement {
        Placement {
            capability: self.candidate.capability.to_string(),
            reason: choice.reason.clone(),
        }
    }
}

/// Chooses, and notes the choice or its absence.
fn choose(
    models: &[Model],
    kind: &str,
    name: Option<&str>,
    config: &Config,
    checks: &mut Vec<Check>,
) -> Option<Choice> {
    let wanted = Wanted {
        kind: kind.into(),
        name: name.map(Into::into),
        tier: config.conversation.tier,
        scope: config.conversation.privacy,
        beside: None,
    };
    let candidates: Vec<Candidate> = models.iter().map(|model| model.candidate.clone()).collect();
    let choice = placement::choose(&candidates, &wanted);
    // The first is the one to have.
    let remedy = models.iter().find_map(|model| model.remedy.as_deref());
    let (ok, message, help) = match &choice {
        Ok(choice) => {
            let asked_for = Some(&candidates[choice.index].capability.name) == wanted.name.as_ref();
            let remedy = remedy.filter(|_| !asked_for).unwrap_or_default();
            (true, choice.reason.clone(), remedy.to_owned())
        }
        Err(none) => {
            let help = remedy.into_iter().chain([without(kind)]);
            (false, none.to_string(), help.collect::<Vec<_>>().join("; "))
        }
    };
    checks.push(Check {
        what: kind.into(),
        ok,
        needed: true,
        message,
        help,
    });
    choice.ok()
}

/// What still works without a kind of model.
fn without(kind: &str) -> &'static str {
    match kind {
        "stt" => "until then typed commands work: loqa ask \"set a timer for ten minutes\"",
        _ => "until then replies are shown, not spoken",
    }
}
