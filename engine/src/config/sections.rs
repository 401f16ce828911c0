//! Every setting with its meaning and its default: one struct per section of `loqa.toml`.

use crate::egress::Address;
use loqa_core::endpoint::{EndpointConfig, Hangover};
use loqa_inference::wake::KeyphraseConfig;
use loqa_protocol::{PrivacyScope, QosTier};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// A setting as `loqa config --explain` shows it.
pub(super) struct Key {
    pub name: &'static str,
    /// The doc comment of the field.
    pub help: &'static str,
}

/// A section: its doc comments are its documentation for developers and for users alike.
macro_rules! section {
    ($(#[doc = $about:literal])+ pub struct $Section:ident { $($(#[doc = $help:literal])+ pub $key:ident: $Type:ty = $default:expr,)* }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $Section { $($(#[doc = $help])+ pub $key: $Type,)* }

        impl Default for $Section {
            fn default() -> Self {
                $Section { $($key: $default,)* }
            }
        }

        impl $Section {
            pub(super) const ABOUT: &'static str = concat!($($about, "\n"),+);
            pub(super) const KEYS: &'static [Key] = &[$(Key { name: stringify!($key), help: concat!($($help, "\n"),+) }),*];
        }
    };
}

section! {
    /// Where the hub keeps things and finds skills.
    pub struct Hub {
        /// Folder of timers, lists, device states and the hub's socket; one hub per folder.
        pub data: PathBuf = PathBuf::new(),
        /// Folders of skills, added to the built-in ones.
        pub skills: Vec<PathBuf> = Vec::new(),
        /// A folder of skills in place of the built-in ones (but for "undo that", "stop" and the
        /// like) and of `skills`; empty for none.
        pub only_skills: PathBuf = PathBuf::new(),
        /// Loqa's own key is kept in the keyring of the system, where there is one; else in a file that
        /// only this account can read. Counts when the key is made, at the first start.
        pub keyring: bool = true,
    }
}

section! {
    /// The house.
    pub struct Household {
        /// What the household is called, as the dashboard shows it; empty if it has no name.
        pub name: String = String::new(),
        /// Rooms and devices: a home.toml. Empty: the one beside loqa.toml, else a demo household.
        pub home: PathBuf = PathBuf::new(),
        /// IANA time zone such as Europe/Berlin; "system" for this machine's.
        pub timezone: String = "system".into(),
        /// "metric" or "imperial": how temperatures are said and understood.
        pub units: Units = Units::Metric,
        /// Area id of the room this hub stands in; empty if none.
        pub room: String = String::new(),
    }
}

section! {
    /// When a hub listens to the room.
    pub struct Listen {
        /// "default", "none" (the room is not listened to) or the name of a microphone, as
        /// `loqa devices` lists them.
        pub microphone: String = "default".into(),
        /// Phrases that call Loqa. With none, it answers every command that it hears.
        pub wake: Vec<String> = vec!["hey loqa".into()],
        /// How sure Loqa must be that it was called, 0 to 1: higher misses more calls and is fooled
        /// less. `loqa wake test` measures a phrase and recommends one. From 0.5 on it listens
        /// without a sign, and answers if what follows is a command.
        pub wake_threshold: f64 = KeyphraseConfig::default().threshold,
        /// A folder of microWakeWord models (NAME.json beside NAME.tflite) and of TensorFlow
        /// Lite's library, libtensorflowlite_c.so. A phrase that a model was trained on is heard
        /// by it, others by the recogniser. Empty: those that `loqa model pull` has brought.
        pub wake_models: PathBuf = PathBuf::new(),
        /// Whether a short sound tells that Loqa was called.
        pub chime: bool = true,
    }
}

section! {
    /// How Loqa hears.
    pub struct Hearing {
        /// Recogniser of commands: "auto" or "pocketsphinx".
        pub engine: HearingEngine = HearingEngine::Auto,
        /// Whisper model for what no command covers: "auto" (the largest that `loqa model pull` has
        /// brought and this machine has the memory for), "none", a name that `loqa model list`
        /// tells, or a file of whisper.cpp.
        pub model: String = "auto".into(),
        /// Language that whisper hears, ISO 639-1 such as "en" or "de"; "auto": whichever is spoken.
        pub language: String = "en".into(),
        /// Milliseconds that whisper is waited for once the recogniser of commands is done; after
        /// that, what no command covers is not understood. More where a large model takes long.
        pub wait_ms: u32 = 2500,
        /// Who tells voices from everything else: "auto" or "earshot", which comes with Loqa, or
        /// "silero", if `loqa model pull silero-vad` has brought it.
        pub vad: VadEngine = VadEngine::Auto,
    }
}

section! {
    /// How Loqa answers what no command covers.
    pub struct Thinking {
        /// Language model: "auto" (the largest that `loqa model pull` has brought and this machine has
        /// the memory for), "none", a name that `loqa model list` tells, or a file in the format GGUF.
        pub model: String = "auto".into(),
        /// Tokens it keeps in mind: what it is told of the household, and of what was said before.
        pub context: u32 = 4096,
    }
}

section! {
    /// How Loqa speaks.
    pub struct Voice {
        /// "fast" (flite or espeak-ng: an answer begins within a tenth of a second) or "expressive"
        /// (Kokoro, if `loqa model pull kokoro` has brought it and this machine is quick enough, or a
        /// node of the household has it; what it cannot say is said fast).
        pub mode: VoiceMode = VoiceMode::Fast,
        /// Synthesiser of what is said fast: "auto", "flite" or "espeak".
        pub engine: VoiceEngine = VoiceEngine::Auto,
        /// Voice of that engine, such as slt, rms or en-us; or of Kokoro, such as kokoro:af_heart.
        pub name: String = "slt".into(),
        /// How fast the expressive voice speaks, 0.5 to 2: 1 as it was trained.
        pub speed: f64 = 1.0,
        /// Where replies go: "default", "none" (nothing is played) or the name of a sound device.
        pub output: String = "default".into(),
    }
}

section! {
    /// How long a silence ends a command; by how much more could still come.
    pub struct Endpoint {
        /// Milliseconds of silence after a command that nothing could continue.
        pub closed_ms: u32 = whole_ms(Hangover::default().closed),
        /// Milliseconds of silence after a command that could go on.
        pub extendable_ms: u32 = whole_ms(Hangover::default().extendable),
        /// Milliseconds of silence within free text, such as an item of a list.
        pub open_ms: u32 = whole_ms(Hangover::default().open),
        /// Milliseconds of silence after an unfinished command.
        pub incomplete_ms: u32 = whole_ms(Hangover::default().incomplete),
        /// Milliseconds of silence in the middle of a number: "ten ... minutes".
        pub number_ms: u32 = whole_ms(Hangover::default().number),
        /// "normal", "patient" or "very patient": for somebody who needs more time to speak, every
        /// one of these silences is half a second or one and a half seconds longer. Until somebody
        /// says "give me more time" or "answer faster".
        pub patience: Patience = Patience::Normal,
        /// Seconds after which a command is over in any case.
        pub max_utterance_s: u32 = whole_ms(EndpointConfig::default().max_utterance) / 1000,
    }
}

section! {
    /// How conversations go.
    pub struct Conversation {
        /// How soon an answer is due: "fast" (200 ms), "balanced" (400 ms) or "rich" (1 s).
        pub tier: QosTier = QosTier::Fast,
        /// How long words may be kept: "ephemeral" (memory only), "session" or "persistent".
        pub privacy: PrivacyScope = PrivacyScope::Ephemeral,
        /// Seconds to wait for the answer to a question; silence is "no".
        pub answer_s: u32 = 8,
    }
}

section! {
    /// Timers.
    pub struct Timers {
        /// Minutes a timer or an alarm rings if nobody says "stop".
        pub ring_min: u32 = 10,
    }
}

section! {
    /// Home Assistant, whose rooms and devices become part of the house.
    pub struct HomeAssistant {
        /// Its address, such as "http://homeassistant.local:8123"; empty for none. `loqa
        /// home-assistant connect` sets it, and keeps the token elsewhere.
        pub url: String = String::new(),
    }
}

section! {
    /// What skills may do beyond what they are allowed when they are installed.
    pub struct Skills {
        /// Addresses in the house, such as "http://192.168.1.20:8080", that skills whose `hosts` name
        /// them may ask over HTTP. On the internet they may ask what their `hosts` name.
        pub house: Vec<String> = Vec::new(),
    }
}

section! {
    /// Models that are fetched.
    pub struct Models {
        /// Where they are had instead of from their publishers: a folder such as "/media/stick", or an
        /// address such as "http://nas.local/models", under which their files lie; empty for their
        /// publishers. `loqa model pull --from` names another for once.
        pub from: String = String::new(),
    }
}

section! {
    /// What leaves this machine.
    pub struct Privacy {
        /// Whether the house is sealed: nothing is connected to, neither on the internet nor in the
        /// house, whatever other settings permit. `loqa privacy seal` and `unseal` change it at once.
        pub sealed: bool = false,
    }
}

section! {
    /// The dashboard, in any browser on this machine and, if you want, in the house.
    pub struct Dashboard {
        /// Port on 127.0.0.1; 0 for any that is free; "none" for no dashboard.
        pub port: Port = Port::Number(7380),
        /// Whether tablets and phones in the house may open it as well, encrypted; `loqa dashboard`
        /// shows them how.
        pub household: bool = false,
        /// Port for those, on every address of this machine; 0 for any that is free.
        pub household_port: u16 = 7443,
        /// Folder of the dashboard's files. Empty: the folder `ui` beside the program, or among the
        /// resources of its app on macOS.
        pub files: PathBuf = PathBuf::new(),
    }
}

section! {
    /// Other machines that belong to the household.
    pub struct Nodes {
        /// Where they come, on every address of this machine: UDP, and TCP while one is paired. Open once one is
        /// paired or to be; another that is free where this one is taken.
        pub port: u16 = 7613,
    }
}

section! {
    /// The window's program, `loqa-desktop`.
    pub struct Desktop {
        /// A key that calls Loqa wherever you are working, such as "Ctrl+Alt+Space"; "none" for
        /// none.
        pub push_to_talk: String = "Ctrl+Alt+Space".into(),
        /// "hold" (what you say while it is held is for Loqa) or "toggle" (it calls, and pressed
        /// again before you are answered it ends what you say).
        pub push_to_talk_mode: PushToTalk = PushToTalk::Hold,
    }
}

impl Skills {
    /// Where they may go in the house.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        self.house.iter().filter_map(|url| url.parse().ok())
    }
}

impl HomeAssistant {
    /// Where it is, if the household has one.
    pub fn address(&self) -> Option<Address> {
        self.url.parse().ok()
    }
}

impl From<&Endpoint> for EndpointConfig {
    fn from(endpoint: &Endpoint) -> Self {
        let longer = endpoint.patience.longer();
        let ms = |ms: u32| Duration::from_millis(ms.into()) + longer;
        EndpointConfig {
            hangover: Hangover {
                closed: ms(endpoint.closed_ms),
                extendable: ms(endpoint.extendable_ms),
                open: ms(endpoint.open_ms),
                incomplete: ms(endpoint.incomplete_ms),
                number: ms(endpoint.number_ms),
                grave: Hangover::default().grave + longer,
            },
            max_utterance: Duration::from_secs(endpoint.max_utterance_s.into()),
            ..EndpointConfig::default()
        }
    }
}

/// The defaults live where they were measured.
fn whole_ms(duration: Duration) -> u32 {
    duration.as_millis().try_into().unwrap_or(u32::MAX)
}

/// How long a person is given to go on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Patience {
    /// As long as most people need.
    #[serde(rename = "normal")]
    Normal,
    /// 500 ms longer.
    #[serde(rename = "patient")]
    Patient,
    /// 1500 ms longer.
    #[serde(rename = "very patient")]
    VeryPatient,
}

impl Patience {
    /// The next longer one, if there is one.
    pub fn more(self) -> Patience {
        match self {
            Patience::Normal => Patience::Patient,
            Patience::Patient | Patience::VeryPatient => Patience::VeryPatient,
        }
    }

    /// The next shorter one, if there is one.
    pub fn less(self) -> Patience {
        match self {
            Patience::VeryPatient => Patience::Patient,
            Patience::Patient | Patience::Normal => Patience::Normal,
        }
    }

    fn longer(self) -> Duration {
        Duration::from_millis(match self {
            Patience::Normal => 0,
            Patience::Patient => 500,
            Patience::VeryPatient => 1500,
        })
    }
}

/// What the key of push to talk does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushToTalk {
    /// Calls while it is held.
    Hold,
    /// Calls, and ends what is said when it is pressed again.
    Toggle,
}

/// A TCP port, if any.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "toml::Value", into = "toml::Value")]
pub enum Port {
    /// This one; 0 for any that is free.
    Number(u16),
    /// None.
    None,
}

impl TryFrom<toml::Value> for Port {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Port, String> {
        let number = value.as_integer().map(u16::try_from);
        match (number, value.as_str()) {
            (Some(Ok(number)), _) => Ok(Port::Number(number)),
            (_, Some("none")) => Ok(Port::None),
            _ => Err(format!(
                "{value} is not a port: write a number from 0 to 65535, or \"none\""
            )),
        }
    }
}

impl From<Port> for toml::Value {
    fn from(port: Port) -> toml::Value {
        match port {
            Port::Number(number) => i64::from(number).into(),
            Port::None => "none".into(),
        }
    }
}

/// How temperatures are said and understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// °C.
    Metric,
    /// °F.
    Imperial,
}

/// Which recogniser hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HearingEngine {
    /// The best that is there.
    Auto,
    /// PocketSphinx.
    Pocketsphinx,
}

impl HearingEngine {
    /// The capability name asked for, if any.
    pub fn name(self) -> Option<&'static str> {
        match self {
            HearingEngine::Auto => None,
            HearingEngine::Pocketsphinx => Some("pocketsphinx"),
        }
    }
}

/// Who tells voices from everything else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VadEngine {
    /// The one that costs less.
    Auto,
    /// Comes with Loqa.
    Earshot,
    /// Through ONNX Runtime.
    Silero,
}

/// How soon and how well Loqa speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoiceMode {
    /// At once.
    Fast,
    /// As people do.
    Expressive,
}

/// Which synthesiser speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoiceEngine {
    /// The best that is there.
    Auto,
    /// flite, in process.
    Flite,
    /// espeak-ng, in a process of its own.
    Espeak,
}

impl VoiceEngine {
    /// The capability name asked for, if any.
    pub fn name(self) -> Option<&'static str> {
        match self {
            VoiceEngine::Auto => None,
            VoiceEngine::Flite => Some("flite"),
            VoiceEngine::Espeak => Some("espeak"),
        }
    }
}
