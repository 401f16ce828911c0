//! What the house looks like in answers. These shapes stay as they are while `/api/v1` does, whatever
//! the gateway's frames become.

use super::guest::Seen;
use loqa_protocol::view::{self, NOTES};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What changes by itself.
#[derive(Serialize, ToSchema)]
pub struct Now {
    /// Oldest first.
    timers: Vec<Timer>,
    /// Oldest first.
    alarms: Vec<Alarm>,
    /// In the order of home.toml; then notes, where there are any.
    lists: Vec<List>,
    /// Whether the room is listened to.
    listening: Listening,
}

/// A timer.
#[derive(Serialize, ToSchema)]
pub struct Timer {
    id: u64,
    name: Option<String>,
    total_s: u64,
    /// When it was asked for; 0: it rings.
    remaining_ms: u64,
    paused: bool,
}

/// An alarm, a reminder, or a command that is done at a time of day.
#[derive(Serialize, ToSchema)]
pub struct Alarm {
    id: u64,
    /// What it reminds of; null: it is an alarm, or a command.
    text: Option<String>,
    /// The sentence that is done then; null: it rings, or is said.
    does: Option<String>,
    /// When it rings next, Unix time; when it was due, if it rings or was missed.
    at_ms: i64,
    /// The same on the household's clock, `HH:MM`.
    time: String,
    /// Weekdays on which it recurs, 1 = Monday; none: it rings once.
    days: Vec<u8>,
    /// `waiting`, `snoozed`, `ringing` or `missed`.
    state: String,
}

/// A list, with what is on it.
#[derive(Serialize, ToSchema)]
pub struct List {
    /// Of its device.
    id: String,
    name: String,
    /// Oldest first.
    items: Vec<String>,
}

/// The hub's microphone.
#[derive(Serialize, ToSchema)]
pub struct Listening {
    /// Its name; null: there is none that hears.
    microphone: Option<String>,
    /// What it hears is for Loqa.
    awake: bool,
    /// What it hears is thrown away.
    muted: bool,
    /// Why nobody listens, if nobody does.
    why: String,
}

impl From<Seen> for Now {
    fn from(seen: Seen) -> Now {
        let timers = seen.state.timers.into_iter().map(|timer| Timer {
            id: timer.id,
            name: timer.name,
            total_s: timer.total_s,
            remaining_ms: timer.remaining_ms,
            paused: timer.paused,
        });
        let alarms = seen.state.alarms.into_iter().map(|alarm| Alarm {
            id: alarm.id,
            text: alarm.text,
            does: alarm.does,
            at_ms: alarm.at_ms,
            time: alarm.time,
            days: (1..=7)
                .filter(|day| alarm.days & 1 << (day - 1) != 0)
                .collect(),
            state: alarm.state,
        });
        let lists = seen
            .house
            .devices
            .into_iter()
            .filter(|it| it.kind == "list");
        let mut items: BTreeMap<String, Vec<String>> = seen
            .state
            .lists
            .into_iter()
            .map(|list| (list.id, list.items))
            .collect();
        let notes = items.remove(NOTES).unwrap_or_default();
        let notes = (!notes.is_empty()).then(|| List {
            id: NOTES.into(),
            name: "notes".into(),
            items: notes,
        });
        Now {
            timers: timers.collect(),
            alarms: alarms.collect(),
            lists: lists
                .map(|device| List {
                    items: items.remove(&device.id).unwrap_or_default(),
                    id: device.id,
                    name: device.name,
                })
                .chain(notes)
                .collect(),
            listening: Listening {
                microphone: seen.listening.microphone,
                awake: seen.listening.awake,
                muted: seen.listening.muted,
                why: seen.listening.why,
            },
        }
    }
}

/// Rooms, and what is in them.
#[derive(Serialize, ToSchema)]
pub struct Home {
    /// Of home.toml: an edit names it. Another text has another one.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    revision: String,
    areas: Vec<Area>,
    devices: Vec<Device>,
}

/// A room, or another part of the house.
#[derive(Serialize, ToSchema)]
pub struct Area {
    id: String,
    name: String,
    /// Other names that people use.
    aliases: Vec<String>,
    floor: Option<String>,
}

/// Something that can be commanded, or asked about.
#[derive(Serialize, ToSchema)]
pub struct Device {
    id: String,
    /// As spoken; unique within its area.
    name: String,
    /// Other names that people use.
    aliases: Vec<String>,
    /// Its area's id.
    area: Option<String>,
    /// As in home.toml: `light`, `switch`, …
    kind: String,
    /// Loqa asks before it is commanded.
    confirm: bool,
    features: Vec<String>,
    state: DeviceState,
}

/// How a device is. What is not known, or not of its kind, is left out.
#[derive(Serialize, ToSchema, Default)]
#[serde(default)]
pub struct DeviceState {
    #[serde(skip_serializing_if = "Option::is_none")]
    power: Option<bool>,
    /// Percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    brightness: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colour: Option<String>,
    /// Wanted, °C.
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    /// Measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<f64>,
    /// Percent open.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    playing: Option<bool>,
    /// Percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<u32>,
    /// Percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<u32>,
}

impl From<Seen> for Home {
    fn from(seen: Seen) -> Home {
        let mut states: BTreeMap<String, view::DeviceState> = seen
            .state
            .devices
            .into_iter()
            .map(|state| (state.id.clone(), state))
            .collect();
        let areas = seen.house.areas.into_iter().map(|area| Area {
            id: area.id,
            name: area.name,
            aliases: area.aliases,
            floor: area.floor,
        });
        let devices = seen.house.devices.into_iter().map(|device| Device {
            state: states.remove(&device.id).unwrap_or_default().into(),
            id: device.id,
            name: device.name,
            aliases: device.aliases,
            area: device.area,
            kind: device.kind,
            confirm: device.confirm,
            features: device.features,
        });
        Home {
            revision: format!("{:016x}", seen.house.revision),
            areas: areas.collect(),
            devices: devices.collect(),
        }
    }
}

impl From<view::DeviceState> for DeviceState {
    fn from(state: view::DeviceState) -> DeviceState {
        DeviceState {
            power: state.power,
            brightness: state.brightness,
            colour: state.colour,
            temperature: state.temperature,
            reading: state.reading,
            position: state.position,
            locked: state.locked,
            playing: state.playing,
            volume: state.volume,
            speed: state.speed,
        }
    }
}

/// Something Loqa can do.
#[derive(Serialize, ToSchema)]
pub struct Skill {
    pub name: String,
    description: String,
    intents: Vec<Intent>,
    /// That counts, or would.
    version: String,
    /// `loqa`: it comes with it; `folder`: it is in one that the settings name; `installed`; empty:
    /// Loqa's own, which always counts.
    from: String,
    /// It counts, unless something is wrong with it.
    enabled: bool,
    /// Its version stays, whatever is installed.
    pinned: bool,
    /// That are here, earliest first.
    versions: Vec<String>,
    /// What it may do, in sentences.
    permissions: Vec<String>,
    /// Why it does not work now; empty: it does.
    wrong: String,
    /// What to do about that.
    help: String,
    /// What can be set for it.
    settings: Vec<SkillSetting>,
}

/// Something that a household can set for a skill.
#[derive(Serialize, ToSchema)]
pub struct SkillSetting {
    name: String,
    /// What it is, for a person.
    title: String,
    /// As it is typed: a text, a number, true or false.
    value: String,
    /// What it can be, in words.
    can_be: String,
    /// Somebody has set it: it is not as the skill has it.
    set: bool,
}

/// One of the things that a skill understands.
#[derive(Serialize, ToSchema)]
pub struct Intent {
    name: String,
    /// Templates, as in skill.yaml.
    sentences: Vec<String>,
    /// What people say.
    examples: Vec<String>,
}

impl From<view::Skill> for Skill {
    fn from(skill: view::Skill) -> Skill {
        let intents = skill.intents.into_iter().map(|intent| Intent {
            name: intent.name,
            sentences: intent.sentences,
            examples: intent.examples,
        });
        let settings = skill.settings.into_iter().map(|setting| SkillSetting {
            name: setting.name,
            title: setting.title,
            value: setting.value,
            can_be: setting.can_be,
            set: setting.set,
        });
        Skill {
            name: skill.name,
            description: skill.description,
            intents: intents.collect(),
            version: skill.version,
            from: skill.from,
            enabled: skill.enabled,
            pinned: skill.pinned,
            versions: skill.versions,
            permissions: skill.permissions,
            wrong: skill.wrong,
            help: skill.help,
            settings: settings.collect(),
        }
    }
}
