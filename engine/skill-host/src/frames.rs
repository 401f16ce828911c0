//! What the hub and the process say to each other: a header as JSON, and bytes behind it.

use loqa_skill_sdk::{
    AlarmOp, DeviceCommand, EffectError, Effects, HttpRequest, ListOp, Plan, Prepared, Publication,
    Reads, Request, StorageOp, TimerOp,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};

/// Longest header, bytes: a house of a thousand devices takes a quarter of it.
const LONGEST_HEADER: u32 = 1 << 20;
/// Longest bytes behind one: a compiled component.
const LONGEST_BYTES: u32 = 64 << 20;

/// What the hub says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToHost {
    /// The bytes behind are a compiled component. It takes the place of one of the same name and
    /// step.
    Load {
        /// What it is called from now on.
        component: String,
        /// What it is for.
        step: StepKind,
        /// What its manifest asks for: nothing else is linked.
        permissions: Vec<String>,
        /// What one call of it may take.
        budget: Budget,
    },
    /// Forget a component.
    Unload {
        /// What it is called.
        component: String,
    },
    /// Have it prepare.
    Prepare {
        /// What it is called.
        component: String,
        /// What was understood.
        request: Request,
    },
    /// Have it commit.
    Commit {
        /// What it is called.
        component: String,
        /// What it had prepared.
        plan: Plan,
    },
    /// The bytes behind answer a [`FromHost::Import`].
    Answer,
}

/// What the process says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromHost {
    /// It is ready: what keeps it in, by name.
    Ready {
        /// Such as `landlock`, `seccomp`.
        confined_by: Vec<String>,
    },
    /// The component is loaded, or the skill forgotten.
    Done,
    /// A skill asks this; the hub must answer.
    Import(Import),
    /// What a skill has prepared.
    Prepared(Prepared, Cost),
    /// What a skill says it did, or that nothing was done and why.
    Committed(Result<String, EffectError>, Cost),
    /// The component could not be loaded or did not answer.
    Fault(Fault),
}

/// Which of a skill's two components.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The one that prepares.
    Prepare,
    /// The one that commits.
    Commit,
}

impl StepKind {
    /// Both, in their order.
    pub const ALL: [StepKind; 2] = [StepKind::Prepare, StepKind::Commit];

    /// `prepare` or `commit`.
    pub fn name(self) -> &'static str {
        match self {
            StepKind::Prepare => "prepare",
            StepKind::Commit => "commit",
        }
    }
}

/// So many times its budget a call may take where other work keeps it from computing.
pub const PATIENCE: u32 = 10;

/// What one call may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Budget {
    /// Memory of the skill, bytes.
    pub memory: usize,
    /// Time that it computes, ms. On a machine that is busy it may take [`PATIENCE`] times as long,
    /// without what the hub took to answer.
    pub time_ms: u64,
    /// Questions to the hub.
    pub calls: u32,
}

impl Default for Budget {
    /// 16 MiB, 50 ms, 1 000 questions: a hundred times what the skills that come with Loqa take.
    fn default() -> Self {
        Budget {
            memory: 16 << 20,
            time_ms: 50,
            calls: 1000,
        }
    }
}

/// What a call took.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// In all, µs.
    pub total_us: u64,
    /// Of it, the hub's answers, µs.
    pub waited_us: u64,
    /// Questions to the hub.
    pub calls: u32,
    /// Most memory, bytes.
    pub memory: usize,
}

/// Why a component could not be loaded, or a call ended without an answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It ran too long.
    #[error("it took longer than {0} ms")]
    Time(u64),
    /// It wanted more memory than its budget.
    #[error("it wanted more memory than {} MiB", .0 >> 20)]
    Memory(usize),
    /// It asked the hub too often.
    #[error("it asked for more than {0} things")]
    Calls(u32),
    /// What it said is too large.
    #[error("it said more than fits into {} kB", .0 >> 10)]
    Large(u32),
    /// It is no component, or one that imports what its manifest does not ask for.
    #[error("{0}")]
    Unfit(String),
    /// It crashed.
    #[error("it crashed: {0}")]
    Trap(String),
    /// Nobody has loaded it.
    #[error("it is not loaded")]
    Unknown,
}

/// What a skill asks the hub for. The answer is JSON of the type that the SDK's method returns.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Import {
    /// [`Reads::now`].
    Now(Option<String>),
    /// [`Reads::timers`].
    Timers,
    /// [`Reads::devices`].
    Devices,
    /// [`Reads::areas`].
    Areas,
    /// [`Reads::list`].
    List(String),
    /// [`Reads::setting`].
    Setting(String),
    /// [`Reads::stored`].
    Stored(String),
    /// [`Reads::stored_keys`].
    StoredKeys,
    /// [`Effects::timer`].
    Timer(TimerOp),
    /// [`Effects::device`].
    Device(String, DeviceCommand),
    /// [`Effects::change_list`].
    ChangeList(String, ListOp),
    /// [`Effects::store`].
    Store(StorageOp),
    /// [`Reads::alarms`].
    Alarms,
    /// [`Effects::alarm`].
    Alarm(AlarmOp),
    /// [`Effects::http`].
    Http(HttpRequest),
    /// [`Effects::notify`].
    Notify(String),
    /// [`Effects::speak`].
    Speak(String),
    /// [`Effects::publish`].
    Publish(Publication),
}

impl Import {
    /// The answer while a skill prepares: nothing for what would have an effect.
    pub fn read(&self, reads: &dyn Reads) -> Option<Vec<u8>> {
        match self {
            Import::Now(zone) => json(&reads.now(zone.as_deref())),
            Import::Timers => json(&reads.timers()),
            Import::Devices => json(&reads.devices()),
            Import::Areas => json(&reads.areas()),
            Import::List(list) => json(&reads.list(list)),
            Import::Setting(name) => json(&reads.setting(name)),
            Import::Stored(key) => json(&reads.stored(key)),
            Import::StoredKeys => json(&reads.stored_keys()),
            Import::Alarms => json(&reads.alarms()),
            Import::Timer(_)
            | Import::Device(..)
            | Import::ChangeList(..)
            | Import::Alarm(_)
            | Import::Http(_)
            | Import::Notify(_)
            | Import::Speak(_)
            | Import::Publish(_)
            | Import::Store(_) => None,
        }
    }

    /// The answer while a skill commits.
    pub fn act(&self, effects: &mut dyn Effects) -> Option<Vec<u8>> {
        match self.clone() {
            Import::Timer(op) => json(&effects.timer(op)),
            Import::Device(device, command) => json(&effects.device(&device, command)),
            Import::ChangeList(list, op) => json(&effects.change_list(&list, op)),
            Import::Store(op) => json(&effects.store(op)),
            Import::Alarm(op) => json(&effects.alarm(op)),
            Import::Http(request) => json(&effects.http(request)),
            Import::Notify(text) => json(&effects.notify(&text)),
            Import::Speak(text) => json(&effects.speak(&text)),
            Import::Publish(publication) => json(&effects.publish(publication)),
            _ => self.read(effects),
        }
    }
}

fn json(value: &impl Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(value).ok()
}

/// Writes a frame.
///
/// # Errors
/// `InvalidInput` if it is too long to be read, before anything is written; else the writer's.
pub fn write(to: &mut impl Write, header: &impl Serialize, bytes: &[u8]) -> io::Result<()> {
    let header = serde_json::to_vec(header)?;
    let length = |length: usize, longest: u32| {
        let short = u32::try_from(length)
            .ok()
            .filter(|length| *length <= longest);
        short.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the frame is too long"))
    };
    let mut frame = Vec::with_capacity(8 + header.len() + bytes.len());
    frame.extend(length(header.len(), LONGEST_HEADER)?.to_le_bytes());
    frame.extend(length(bytes.len(), LONGEST_BYTES)?.to_le_bytes());
    frame.extend(&header);
    frame.extend(bytes);
    to.write_all(&frame)
}

/// The longest that a header can be, bytes.
pub fn longest() -> u32 {
    LONGEST_HEADER
}

/// Reads a frame: its header, and the bytes behind.
///
/// # Errors
/// The reader's; `InvalidData` if it is not a frame.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<(T, Vec<u8>)> {
    let mut lengths = [0; 8];
    from.read_exact(&mut lengths)?;
    let [a, b, c, d, e, f, g, h] = lengths;
    let header = u32::from_le_bytes([a, b, c, d]);
    let bytes = u32::from_le_bytes([e, f, g, h]);
    if header > LONGEST_HEADER || bytes > LONGEST_BYTES {
        let long = format!("a frame of {header} + {bytes} bytes is too long");
        return Err(io::Error::new(io::ErrorKind::InvalidData, long));
    }
    // What is announced is not reserved: only what comes takes room.
    let mut frame = Vec::new();
    let whole = u64::from(header) + u64::from(bytes);
    if from.take(whole).read_to_end(&mut frame)? as u64 != whole {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let bytes = frame.split_off(header as usize);
    Ok((serde_json::from_slice(&frame)?, bytes))
}
