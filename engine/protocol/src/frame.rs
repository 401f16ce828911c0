//! What a client and the hub say to each other, on every transport.

use crate::{
    Called, Envelope, Keep, KeptLook, NodeEdit, PrivacyScope, SessionId, TurnSummary, View,
    view::{Area, Device},
};
use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// How pushed audio is encoded. Always mono.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AudioFormat {
    /// Samples per second; 16 000 for speech to the hub.
    pub sample_rate_hz: u32,
}

/// A client's request. `id` is chosen by the client and comes back in every answer to it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClientFrame {
    /// One typed turn of the client's session.
    Ask {
        /// Request id.
        id: u32,
        /// The sentence.
        text: String,
    },
    /// Opens one spoken turn of the client's session; `Audio` frames follow, then `AudioEnd`.
    AskAudio {
        /// Request id.
        id: u32,
        /// Name shown in the summary.
        file: Option<String>,
        /// Offset of the first sample after the last spoken word, if the stimulus knows it
        /// (samples at 16 kHz). Latency is counted from here; otherwise from the last voiced sample.
        speech_end: Option<u64>,
        /// Feed without waiting: the sample clock runs as fast as the machine.
        fast: bool,
        /// What a microphone that was called knows of the call. Of several that have heard the same one is
        /// `Chosen`; for the others the request is `Done` at once.
        called: Option<Called>,
    },
    /// Audio of an open request.
    Audio {
        /// Of the `AskAudio` or `Transcribe` it belongs to.
        id: u32,
        /// 16 kHz mono in [-1, 1]; at most [`ClientFrame::MAX_SAMPLES`].
        samples: Vec<f32>,
    },
    /// No more audio.
    AudioEnd {
        /// Of the `AskAudio` or `Transcribe` it belongs to.
        id: u32,
    },
    /// Words of a recording, without acting; its `Audio` frames follow, then `AudioEnd`.
    Transcribe {
        /// Request id.
        id: u32,
        /// Open vocabulary instead of the household's grammar.
        open: bool,
    },
    /// What a sentence means, without acting.
    Intent {
        /// Request id.
        id: u32,
        /// The sentence.
        text: String,
    },
    /// Speaks a text.
    Say {
        /// Request id.
        id: u32,
        /// The text.
        text: String,
        /// Voice name; the configured one if absent.
        voice: Option<String>,
        /// Return the audio as `Speech` frames instead of playing it.
        to_client: bool,
    },
    /// Running, paused and ringing timers.
    Timers {
        /// Request id.
        id: u32,
    },
    /// What is missing or degraded.
    Doctor {
        /// Request id.
        id: u32,
    },
    /// All events from now on.
    Subscribe {
        /// Request id.
        id: u32,
    },
    /// The house as it is, and whatever changes from now on, as `View`s.
    Watch {
        /// Request id.
        id: u32,
    },
    /// What the hub's microphone hears next is for Loqa, as after a wake phrase.
    Call {
        /// Request id.
        id: u32,
    },
    /// Whether what the hub's microphone hears is thrown away, until this is said again or the
    /// hub starts anew.
    Mute {
        /// Request id.
        id: u32,
        /// From now on.
        muted: bool,
    },
    /// Where the dashboard is, and the code that opens it.
    Dashboard {
        /// Request id.
        id: u32,
    },
    /// Changes the household's `home.toml`, and what can be said with it. Refused with
    /// `home_changed` if it is not as it was, and with `home_` and the name of a field for what
    /// that field cannot hold.
    EditHome {
        /// Request id.
        id: u32,
        /// Of the `House` that this was decided by.
        revision: u64,
        /// What changes.
        edit: HomeEdit,
    },
    /// What could be said to a device: a list of sentences.
    Ways {
        /// Request id.
        id: u32,
        /// The device's id.
        device: String,
    },
    /// How loud the hub's microphone hears, as `Loudness`, until this is said with `on: false`.
    Level {
        /// Request id.
        id: u32,
        /// From now on.
        on: bool,
    },
    /// The last lines of the hub's own log.
    Logs {
        /// Request id.
        id: u32,
        /// Ordinal of the last line that is known; 0 if none is.
        after: u64,
    },
    /// The microphones and speakers of the hub's machine, and which are used.
    Sounds {
        /// Request id.
        id: u32,
    },
    /// Changes a setting.
    Choose {
        /// Request id.
        id: u32,
        /// Which, and to what.
        choice: Choice,
    },
    /// Whether this PIN lets a tablet on the wall leave its page: `Done`, or `wrong_pin`.
    Leave {
        /// Request id.
        id: u32,
        /// As typed.
        pin: String,
    },
    /// Whoever called has finished: what was said since is all, and nothing more is for Loqa.
    CallEnd {
        /// Request id.
        id: u32,
    },
    /// Looks at a skill as one file, without installing it: what it is and wants to be allowed, and an
    /// `offer` to answer within some minutes; or why this household cannot have it.
    LookAtSkill {
        /// Request id: the same for all parts.
        id: u32,
        /// The next bytes; at most [`ClientFrame::MAX_PART`].
        part: Vec<u8>,
        /// There are no more.
        last: bool,
    },
    /// Has a skill that was looked at be installed, or forgotten.
    InstallSkill {
        /// Request id.
        id: u32,
        /// Of the look at it.
        offer: String,
        /// Somebody has agreed to what it wants.
        agreed: bool,
    },
    /// Changes whether a skill counts, and which version of it.
    ChangeSkill {
        /// Request id.
        id: u32,
        /// Its name.
        skill: String,
        /// How.
        change: SkillChange,
    },
    /// What was installed, granted and refused, oldest first.
    SkillAudit {
        /// Request id.
        id: u32,
        /// Rows, of the newest.
        most: u32,
    },
    /// What the latest calls of skills took, oldest first.
    SkillCalls {
        /// Request id.
        id: u32,
    },
    /// Models that are here or can be fetched, and which are used and why: now, and whenever that has
    /// changed, until this is said with `on: false`.
    Models {
        /// Request id.
        id: u32,
        /// From now on.
        on: bool,
    },
    /// Has something be done with a model. It is over once that has begun: `Models` tells how it goes on.
    ChangeModel {
        /// Request id.
        id: u32,
        /// Its name.
        model: String,
        /// What.
        change: ModelChange,
    },
    /// Conversations that are kept.
    Kept {
        /// Request id.
        id: u32,
        /// Which, or what is done with them.
        look: KeptLook,
    },
    /// A change of what is kept, and how long.
    Keep {
        /// Request id.
        id: u32,
        /// What.
        keep: Keep,
    },
    /// What was done with what is kept, and whether all of it is what was written.
    Audit {
        /// Request id.
        id: u32,
        /// A head that somebody has written down: entries and link, as `N:HEX`.
        noted: Option<String>,
    },
    /// A sealed copy of everything, in the data folder.
    BackUp {
        /// Request id.
        id: u32,
        /// Whom it is sealed for, as age writes it.
        recipient: String,
    },
    /// Every key is destroyed, and everything that is kept goes. The hub ends.
    Wipe {
        /// Request id.
        id: u32,
        /// [`ClientFrame::WIPE`], so that it is no accident.
        word: String,
    },
    /// Whether the house is sealed, where it may connect to, and what went there: now, and whenever that
    /// has changed, until this is said with `on: false`.
    Privacy {
        /// Request id.
        id: u32,
        /// From now on.
        on: bool,
    },
    /// The latest connections to elsewhere, refused ones too, oldest first.
    Egress {
        /// Request id.
        id: u32,
        /// Connections, of the latest.
        most: u32,
    },
    /// What a command has opened itself while a hub ran, for the hub's list of connections.
    WentOut {
        /// Request id.
        id: u32,
        /// A JSON document as [`ClientFrame::Egress`] is answered with.
        connections: String,
    },
    /// Has nothing go out of the house any more, or again what its settings permit. It is so when it is
    /// over, and stays so when the hub starts again.
    Seal {
        /// Request id.
        id: u32,
        /// From now on.
        sealed: bool,
    },
    /// The PIN that a conversation has asked for with `PinWanted`: `Done` once it was looked at, or
    /// `no_pin_wanted`.
    Pin {
        /// Request id.
        id: u32,
        /// Which.
        session: SessionId,
        /// As typed.
        pin: String,
    },
    /// For five minutes this client may do what needs the PIN of an owner. Refused with `wrong_pin` or
    /// `pin_locked`.
    Unlock {
        /// Request id.
        id: u32,
        /// As typed.
        pin: String,
    },
    /// Who lives here, whom microphones, screens and rooms speak for, and who may do what.
    People {
        /// Request id.
        id: u32,
    },
    /// Changes that. Refused with `owner_pin`, `wrong_pin` or `pin_locked` where an owner has a PIN and this is
    /// not it.
    EditPeople {
        /// Request id.
        id: u32,
        /// Of an owner, as typed; empty where none is needed, or was given with `Unlock`. Of
        /// [`PeopleEdit::Keeps`], the person's own, if they have one.
        pin: String,
        /// What changes.
        edit: PeopleEdit,
    },
    /// The household's nodes, and whether one is being paired: now, and whenever that has changed, until
    /// this is said with `on: false`.
    Nodes {
        /// Request id.
        id: u32,
        /// From now on.
        on: bool,
    },
    /// Changes that. Refused with `wrong_pin` or `pin_locked` where an owner has a PIN and this is not it.
    EditNodes {
        /// Request id.
        id: u32,
        /// Of an owner, as typed; empty where none is needed.
        pin: String,
        /// What changes.
        edit: NodeEdit,
    },
    /// From a puck: how loud it is to be and whether it is to hear, as `Puck`, now and whenever that has changed.
    Puck {
        /// Request id.
        id: u32,
        /// What somebody has chosen there, and the hub does not know yet.
        muted: Option<bool>,
    },
}

/// One change of who lives here and what they may do. Names of roles, risks and rulings are those of `People`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleEdit {
    /// A person as they are from now on.
    Person {
        /// 0: a new one.
        id: u64,
        /// As people call them.
        name: String,
        /// Which.
        role: String,
        /// When it ends, Unix ms.
        expires_ms: Option<i64>,
    },
    /// The person of this id goes.
    Remove(u64),
    /// A person's PIN from now on.
    NewPin {
        /// Whose.
        person: u64,
        /// 4 to 12 digits; empty: none.
        pin: String,
    },
    /// Whom a microphone, a screen or a room speaks for.
    Place {
        /// Which: as `People` calls it.
        place: String,
        /// As people call it; empty: as it is called by itself.
        name: String,
        /// A role, or the id of a person; empty: as if nobody had chosen.
        speaks_for: String,
    },
    /// A rule of the household's own, which counts before those there are.
    Rule {
        /// None: whoever.
        roles: Vec<String>,
        /// Empty: whatever.
        risk: String,
        /// `anywhere`, `shared`, `own`, or the id of a room.
        r#where: String,
        /// `HH:MM`; empty, with `to`: at any time.
        from: String,
        /// Likewise.
        to: String,
        /// Which.
        ruling: String,
    },
    /// The rule of this id goes.
    RemoveRule(u64),
    /// How long what a person says is kept from now on, at most. Whatever was kept of theirs is forgotten
    /// where that is less long than before.
    Keeps {
        /// Whose.
        person: u64,
        /// How long.
        scope: PrivacyScope,
        /// What they have read and agree to; empty for [`PrivacyScope::Ephemeral`].
        text: String,
    },
}

/// What may be done with a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelChange {
    /// It is fetched; what has come of it is gone on with.
    Pull,
    /// It is not fetched any more; what has come of it stays.
    Pause,
    /// It is looked whether it is what it was when it came.
    Verify,
    /// It goes, with what has come of it.
    Remove,
}

/// What may be done to a skill that is here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkillChange {
    /// Whether it counts.
    Enabled(bool),
    /// This version counts, whatever is installed later; `latest`: the latest, and later ones.
    Pin(String),
    /// The version before counts.
    Rollback,
    /// It goes, with all its versions. What it has done stays.
    Remove,
    /// A setting of it, by name, is this, as it is typed; nothing: as the skill has it.
    Set(String, Option<String>),
}

/// A setting that a dashboard can change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// What the household is called; empty if it has no name.
    HouseholdName(String),
    /// Id or name of a microphone, `default` or `none`; used at once, but for `none`, which counts
    /// when the hub starts again.
    Microphone(String),
    /// Id or name of a speaker, `default` or `none`; used at once, but for `none`, which counts
    /// when the hub starts again.
    Speaker(String),
    /// Whether somebody has been through the first steps.
    Welcomed(bool),
    /// 4 to 12 digits that let a tablet on the wall leave its page; empty: it needs none.
    KioskPin(String),
    /// What it is for, and the model of that kind: a name, `auto`, `none` or a file. Used from the hub's next
    /// start on.
    Model(String, String),
}

/// One change of a household.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HomeEdit {
    /// A device as it is from now on. Without an id it is a new one.
    Device(Device),
    /// A room as it is from now on. Without an id it is a new one.
    Area(Area),
    /// The device of this id goes.
    RemoveDevice(String),
    /// The room of this id goes; what is in it stays, and is in no room.
    RemoveArea(String),
}

impl ClientFrame {
    /// Samples one `Audio` frame may hold: 4 s, well below what a transport accepts.
    pub const MAX_SAMPLES: usize = 64_000;
    /// What must be sent with a `Wipe` frame.
    pub const WIPE: &'static str = "wipe";
    /// Bytes one `LookAtSkill` frame may hold, likewise.
    pub const MAX_PART: usize = 1 << 20;

    /// A skill as one file, to be looked at: what to send, in its order.
    pub fn look_at_skill(id: u32, file: &[u8]) -> Vec<ClientFrame> {
        let part = |part: &[u8], last| ClientFrame::LookAtSkill {
            id,
            part: part.to_vec(),
            last,
        };
        let parts = file.chunks(ClientFrame::MAX_PART);
        let mut parts: Vec<_> = parts.map(|bytes| part(bytes, false)).collect();
        parts.push(part(&[], true));
        parts
    }

    /// The request it makes or belongs to.
    pub fn id(&self) -> u32 {
        match self {
            ClientFrame::Ask { id, .. }
            | ClientFrame::AskAudio { id, .. }
            | ClientFrame::Audio { id, .. }
            | ClientFrame::AudioEnd { id }
            | ClientFrame::Transcribe { id, .. }
            | ClientFrame::Intent { id, .. }
            | ClientFrame::Say { id, .. }
            | ClientFrame::Timers { id }
            | ClientFrame::SkillCalls { id }
            | ClientFrame::Models { id, .. }
            | ClientFrame::ChangeModel { id, .. }
            | ClientFrame::Kept { id, .. }
            | ClientFrame::Keep { id, .. }
            | ClientFrame::Audit { id, .. }
            | ClientFrame::BackUp { id, .. }
            | ClientFrame::Wipe { id, .. }
            | ClientFrame::Privacy { id, .. }
            | ClientFrame::Egress { id, .. }
            | ClientFrame::WentOut { id, .. }
            | ClientFrame::Seal { id, .. }
            | ClientFrame::Pin { id, .. }
            | ClientFrame::People { id }
            | ClientFrame::EditPeople { id, .. }
            | ClientFrame::Nodes { id, .. }
            | ClientFrame::EditNodes { id, .. }
            | ClientFrame::Puck { id, .. }
            | ClientFrame::Doctor { id }
            | ClientFrame::Subscribe { id }
            | ClientFrame::Watch { id }
            | ClientFrame::Call { id }
            | ClientFrame::Mute { id, .. }
            | ClientFrame::Dashboard { id }
            | ClientFrame::EditHome { id, .. }
            | ClientFrame::Ways { id, .. }
            | ClientFrame::Level { id, .. }
            | ClientFrame::Logs { id, .. }
            | ClientFrame::Sounds { id }
            | ClientFrame::Choose { id, .. }
            | ClientFrame::Leave { id, .. }
            | ClientFrame::Unlock { id, .. }
            | ClientFrame::CallEnd { id }
            | ClientFrame::LookAtSkill { id, .. }
            | ClientFrame::InstallSkill { id, .. }
            | ClientFrame::ChangeSkill { id, .. }
            | ClientFrame::SkillAudit { id, .. } => *id,
        }
    }
}

/// The hub's answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Something happened in the turn or subscription.
    Event {
        /// Request id.
        id: u32,
        /// What.
        envelope: Envelope,
    },
    /// Reply audio (for `Say` with `to_client`, and for turns, beside playback).
    Speech {
        /// Request id.
        id: u32,
        /// Samples per second.
        format: AudioFormat,
        /// Mono PCM in [-1, 1].
        samples: Vec<f32>,
    },
    /// A turn ended.
    Turn {
        /// Request id.
        id: u32,
        /// What it was.
        summary: TurnSummary,
    },
    /// Answer to `Transcribe`.
    Transcript {
        /// Request id.
        id: u32,
        /// Words; empty if rejected.
        text: String,
        /// Not a command.
        rejected: bool,
        /// Time spent after the first sample was handed over, ms.
        decode_ms: f64,
    },
    /// Answer to `Watch`.
    View {
        /// Request id.
        id: u32,
        /// A part of the house.
        view: View,
    },
    /// Answer to `Level`, at most ten times a second.
    Loudness {
        /// Request id.
        id: u32,
        /// dB of full scale, at most 0.
        level_db: f32,
        /// In [0, 1]; 1 is too loud.
        peak: f32,
    },
    /// Answer to `Intent`, `Timers`, `Doctor`, `Dashboard`, `Ways`, `Logs`, `Sounds`, `LookAtSkill`,
    /// `SkillAudit`, `SkillCalls`, `Models`, `Privacy`, `Egress`: a JSON document.
    /// `SkillAudit`, `SkillCalls`, `Models`, `People`, `Nodes`: a JSON document.
    Json {
        /// Request id.
        id: u32,
        /// The document.
        json: String,
    },
    /// The request failed.
    Problem {
        /// Request id.
        id: u32,
        /// Why.
        problem: Problem,
    },
    /// Of all that have heard a call, the one that made this request answers.
    Chosen {
        /// Request id.
        id: u32,
    },
    /// Answer to `Puck`.
    Puck {
        /// Request id.
        id: u32,
        /// How loud it is, percent.
        volume: u8,
        /// It hears nothing.
        muted: bool,
    },
    /// Nothing more comes for this request.
    Done {
        /// Request id.
        id: u32,
    },
}

impl ServerFrame {
    /// The request it answers.
    pub fn id(&self) -> u32 {
        match self {
            ServerFrame::Event { id, .. }
            | ServerFrame::Speech { id, .. }
            | ServerFrame::Turn { id, .. }
            | ServerFrame::Transcript { id, .. }
            | ServerFrame::View { id, .. }
            | ServerFrame::Loudness { id, .. }
            | ServerFrame::Json { id, .. }
            | ServerFrame::Problem { id, .. }
            | ServerFrame::Chosen { id }
            | ServerFrame::Puck { id, .. }
            | ServerFrame::Done { id } => *id,
        }
    }
}

/// An error as a client shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, `snake_case`.
    pub code: String,
    /// What was wrong, and where.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl core::fmt::Display for Problem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.message)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

impl core::error::Error for Problem {}
