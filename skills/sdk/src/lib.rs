//! What a skill is written against.
//!
//! A skill acts in two steps. [`Skill::prepare`] may only read and returns a [`Plan`] as data;
//! [`Skill::commit`] is given the plan back and alone can cause effects. What is said about an
//! effect is rendered in commit, from its result.
#![no_std]

extern crate alloc;

mod alarm;
mod civil;
#[cfg(target_arch = "wasm32")]
pub mod component;
mod device;
mod elsewhere;
mod list;
mod macros;
mod storage;
#[cfg(feature = "testing")]
pub mod testing;
mod value;
pub mod when;
pub mod wording;

pub use alarm::{Alarm, AlarmEvery, AlarmOp, AlarmSet, AlarmState, AlarmTime};
pub use elsewhere::{HttpMethod, HttpRequest, HttpResponse, Publication};
pub use list::same_item;
pub use storage::StorageOp;
pub use value::Value;

use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};
#[cfg(feature = "host")]
use wasmtime::component::{ComponentType, Lift, Lower};

/// A skill: one value per process, without state of its own.
pub trait Skill: Send + Sync {
    /// What would be done and said. Called many times while the person is still speaking; must
    /// depend on nothing but its arguments.
    fn prepare(&self, request: &Request, reads: &dyn Reads) -> Prepared;

    /// Does it. Called at most once per utterance, with a plan that `prepare` returned for the
    /// same state. Returns what to say, from the results.
    ///
    /// # Errors
    /// The whole plan is undone when an effect failed; the error says so to the person.
    fn commit(&self, plan: &Plan, effects: &mut dyn Effects) -> Result<String, EffectError>;
}

/// One understood command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Request {
    /// Intent name from the skill's manifest.
    pub intent: String,
    /// Slot names and their values.
    pub slots: Vec<(String, Value)>,
    /// Area id of the room the person is in.
    pub room: Option<String>,
}

impl Request {
    /// The value of a slot, if the sentence filled it.
    pub fn slot(&self, name: &str) -> Option<&Value> {
        self.slots
            .iter()
            .find(|(slot, _)| slot == name)
            .map(|(_, value)| value)
    }
}

/// Outcome of prepare.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum Prepared {
    /// Ready to commit.
    #[cfg_attr(feature = "host", component(name = "plan"))]
    Plan(Plan),
    /// Something is missing: say `question` and listen for `followup`; its slots are added to the
    /// request's and prepare is called again.
    #[cfg_attr(feature = "host", component(name = "ask"))]
    Ask(Ask),
    /// Nothing to do: say this. ("You have no timers.")
    #[cfg_attr(feature = "host", component(name = "say"))]
    Say(String),
}

/// A question that must be answered first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Ask {
    /// Name under `followups` in the manifest.
    pub followup: String,
    /// Spoken.
    pub question: String,
}

/// What commit will do, as data.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Plan {
    /// In order; all or none take place.
    pub effects: Vec<Effect>,
    /// What commit will say if everything goes as predicted: staged while the person still speaks.
    pub reply: String,
    /// Ask this first and commit only on "yes" (unlock, open a garage or gate).
    pub confirm: Option<String>,
    /// Shown on every dashboard once the plan has been committed.
    pub card: Option<Card>,
    /// What takes the effects back, besides what Loqa knows by itself: of timers, devices, lists,
    /// alarms and storage it does.
    pub undo: Vec<Effect>,
    /// How long it may be committed, ms; at most, and unless said, 2000.
    #[cfg_attr(feature = "host", component(name = "holds-ms"))]
    pub holds_ms: Option<u64>,
}

/// What a skill shows for a while. What is too long is cut: a title at 80 letters, a line at 200,
/// 12 lines, 4 sentences; of the cards of one skill, the latest 4 are shown.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Card {
    /// A newer card of the same skill and id takes its place.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// What it tells.
    pub lines: Vec<CardLine>,
    /// Sentences to touch: touching one says it.
    pub say: Vec<String>,
    /// How long it stays, s, at most a day.
    #[cfg_attr(feature = "host", component(name = "stays-s"))]
    pub stays_s: u64,
}

/// A line of a card.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct CardLine {
    /// What the text is about, if it does not speak for itself.
    pub name: Option<String>,
    /// What it tells.
    pub text: String,
}

/// Everything a skill can cause.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum Effect {
    /// Timers.
    #[cfg_attr(feature = "host", component(name = "timer"))]
    Timer(TimerOp),
    /// A command to a device.
    #[cfg_attr(feature = "host", component(name = "device"))]
    Device(DeviceEffect),
    /// A change to a list.
    #[cfg_attr(feature = "host", component(name = "list"))]
    List(ListEffect),
    /// A change to what the skill keeps for itself.
    #[cfg_attr(feature = "host", component(name = "storage"))]
    Storage(StorageOp),
    /// Alarms and reminders.
    #[cfg_attr(feature = "host", component(name = "alarm"))]
    Alarm(AlarmOp),
    /// Asks over HTTP.
    #[cfg_attr(feature = "host", component(name = "http"))]
    Http(HttpRequest),
    /// Shows a sentence on every screen.
    #[cfg_attr(feature = "host", component(name = "notify"))]
    Notify(String),
    /// Says a sentence aloud where the hub's speaker is, and shows it.
    #[cfg_attr(feature = "host", component(name = "speak"))]
    Speak(String),
    /// Tells programs something.
    #[cfg_attr(feature = "host", component(name = "publish"))]
    Publish(Publication),
}

/// A command to a device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct DeviceEffect {
    /// Device id.
    pub device: String,
    /// What it should do.
    pub command: DeviceCommand,
}

/// A change to a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct ListEffect {
    /// Device id of kind `list`.
    pub list: String,
    /// The change.
    pub op: ListOp,
}

/// An operation on timers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum TimerOp {
    /// Starts a timer.
    #[cfg_attr(feature = "host", component(name = "start"))]
    Start(TimerStart),
    /// Holds its remaining time.
    #[cfg_attr(feature = "host", component(name = "pause"))]
    Pause(u64),
    /// Goes on.
    #[cfg_attr(feature = "host", component(name = "resume"))]
    Resume(u64),
    /// Adds seconds to the timer of this id, or with a negative number takes them.
    #[cfg_attr(feature = "host", component(name = "add"))]
    Add((u64, i64)),
    /// Removes it; a ringing one falls silent.
    #[cfg_attr(feature = "host", component(name = "cancel"))]
    Cancel(u64),
    /// Puts a removed timer back (the compensator of `Cancel`).
    #[cfg_attr(feature = "host", component(name = "restore"))]
    Restore(Timer),
}

/// A timer to be started.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct TimerStart {
    /// What the person calls it.
    pub name: Option<String>,
    /// Its length, s, at least 1.
    pub seconds: u64,
}

/// A timer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Timer {
    /// Household-wide.
    pub id: u64,
    /// What the person calls it.
    pub name: Option<String>,
    /// Its full length, s.
    #[cfg_attr(feature = "host", component(name = "total-s"))]
    pub total_s: u64,
    /// Time left, ms, when it was read.
    #[cfg_attr(feature = "host", component(name = "remaining-ms"))]
    pub remaining_ms: u64,
    /// What it does.
    pub state: TimerState,
}

/// What a timer does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum TimerState {
    /// Counting down.
    #[cfg_attr(feature = "host", component(name = "running"))]
    Running,
    /// Holding.
    #[cfg_attr(feature = "host", component(name = "paused"))]
    Paused,
    /// Ended and ringing.
    #[cfg_attr(feature = "host", component(name = "ringing"))]
    Ringing,
}

/// A change to a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum ListOp {
    /// Adds an item at the end.
    #[cfg_attr(feature = "host", component(name = "add"))]
    Add(String),
    /// Removes the first item equal to it (ignoring case).
    #[cfg_attr(feature = "host", component(name = "remove"))]
    Remove(String),
    /// Removes all.
    #[cfg_attr(feature = "host", component(name = "clear"))]
    Clear,
    /// Replaces the whole list (the compensator of `Clear`).
    #[cfg_attr(feature = "host", component(name = "replace"))]
    Replace(Vec<String>),
}

/// What a device should do.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum DeviceCommand {
    /// Light, switch, fan, climate, media.
    #[cfg_attr(feature = "host", component(name = "power"))]
    Power(bool),
    /// Light: percent 0–100.
    #[cfg_attr(feature = "host", component(name = "brightness"))]
    Brightness(u8),
    /// Light: colour name.
    #[cfg_attr(feature = "host", component(name = "colour"))]
    Colour(String),
    /// Climate: target, °C or °F as the household's unit.
    #[cfg_attr(feature = "host", component(name = "temperature"))]
    Temperature(f64),
    /// Cover: percent open, 0 = closed.
    #[cfg_attr(feature = "host", component(name = "position"))]
    Position(u8),
    /// Lock: true = locked.
    #[cfg_attr(feature = "host", component(name = "lock"))]
    Lock(bool),
    /// Media: plays or pauses.
    #[cfg_attr(feature = "host", component(name = "play"))]
    Play(bool),
    /// Media: next track.
    #[cfg_attr(feature = "host", component(name = "next"))]
    Next,
    /// Media: previous track.
    #[cfg_attr(feature = "host", component(name = "previous"))]
    Previous,
    /// Media, voice: percent 0–100.
    #[cfg_attr(feature = "host", component(name = "volume"))]
    Volume(u8),
    /// Fan, voice (how soon Loqa answers): percent 0–100.
    #[cfg_attr(feature = "host", component(name = "speed"))]
    Speed(u8),
    /// Scene, script.
    #[cfg_attr(feature = "host", component(name = "activate"))]
    Activate,
    /// Puts a state back (the compensator of any of the above).
    #[cfg_attr(feature = "host", component(name = "restore"))]
    Restore(DeviceState),
}

/// What is known of a device. Absent = not known or not applicable.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct DeviceState {
    /// On or off; playing counts as on.
    pub power: Option<bool>,
    /// Percent.
    pub brightness: Option<u8>,
    /// Colour name.
    pub colour: Option<String>,
    /// Target temperature.
    pub temperature: Option<f64>,
    /// Measured value of a sensor or climate device.
    pub reading: Option<f64>,
    /// Percent open.
    pub position: Option<u8>,
    /// Locked.
    pub locked: Option<bool>,
    /// Playing.
    pub playing: Option<bool>,
    /// Percent.
    pub volume: Option<u8>,
    /// Percent.
    pub speed: Option<u8>,
}

/// A device of the household.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Device {
    /// Unique.
    pub id: String,
    /// As spoken.
    pub name: String,
    /// Area id.
    pub area: Option<String>,
    /// light, switch, cover, lock, climate, fan, sensor, media, scene, script, list; voice, for
    /// Loqa's own.
    pub kind: String,
    /// Always ask before commanding it.
    pub confirm: bool,
    /// What it can do beyond its kind's basics, such as `brightness`, `colour`, `position`, `garage`, `gate`.
    pub features: Vec<String>,
    /// Last known.
    pub state: DeviceState,
}

/// A room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Area {
    /// Unique.
    pub id: String,
    /// As spoken.
    pub name: String,
    /// As spoken.
    pub floor: Option<String>,
}

/// A wall-clock moment in some time zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Civil {
    /// Four digits.
    pub year: i16,
    /// 1–12.
    pub month: u8,
    /// 1–31.
    pub day: u8,
    /// 1 = Monday … 7 = Sunday.
    pub weekday: u8,
    /// 0–23.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
    /// 0–59.
    pub second: u8,
}

/// The imports of prepare: nothing here can change anything.
pub trait Reads {
    /// Now, at home (`None`) or in an IANA time zone; `None` for an unknown zone.
    fn now(&self, zone: Option<&str>) -> Option<Civil>;
    /// All timers, oldest first.
    fn timers(&self) -> Vec<Timer>;
    /// All devices with their states, in the order of `home.toml`, and Loqa's own voice.
    fn devices(&self) -> Vec<Device>;
    /// All areas, in the order of `home.toml`.
    fn areas(&self) -> Vec<Area>;
    /// Items of a list device, oldest first.
    fn list(&self, list: &str) -> Vec<String>;
    /// What the household has set for this skill; `None` for what `settings` of its manifest lacks.
    fn setting(&self, name: &str) -> Option<Value>;
    /// What this skill keeps under a key.
    fn stored(&self, key: &str) -> Option<String>;
    /// Keys under which this skill keeps something, sorted.
    fn stored_keys(&self) -> Vec<String>;
    /// All alarms and reminders, oldest first.
    fn alarms(&self) -> Vec<Alarm>;
}

/// The imports of commit.
pub trait Effects: Reads {
    /// Carries out a timer operation; returns the timer as it is now (as it was, if cancelled).
    ///
    /// # Errors
    /// Unknown timer.
    fn timer(&mut self, op: TimerOp) -> Result<Timer, EffectError>;
    /// Commands a device; returns its state now.
    ///
    /// # Errors
    /// Unknown device, or one that cannot do it, or that did not answer.
    fn device(&mut self, device: &str, command: DeviceCommand) -> Result<DeviceState, EffectError>;
    /// Changes a list; returns its items now.
    ///
    /// # Errors
    /// Unknown list; removing what is not there.
    fn change_list(&mut self, list: &str, op: ListOp) -> Result<Vec<String>, EffectError>;
    /// Changes what this skill keeps for itself.
    ///
    /// # Errors
    /// It keeps as much as its budget allows, or the key is too long.
    fn store(&mut self, op: StorageOp) -> Result<(), EffectError>;
    /// Carries out an operation on alarms; returns the alarm as it is now (as it was, if it is gone).
    ///
    /// # Errors
    /// Unknown alarm, or one that cannot do that now.
    fn alarm(&mut self, op: AlarmOp) -> Result<Alarm, EffectError>;
    /// The answer to a question over HTTP, which must stand in the plan.
    ///
    /// # Errors
    /// Nobody answers there, or it may not be asked.
    fn http(&mut self, request: HttpRequest) -> Result<HttpResponse, EffectError>;
    /// Shows a sentence on every screen.
    ///
    /// # Errors
    /// It is empty, or too long.
    fn notify(&mut self, text: &str) -> Result<(), EffectError>;
    /// Says a sentence aloud where the hub's speaker is, and shows it.
    ///
    /// # Errors
    /// As [`Effects::notify`].
    fn speak(&mut self, text: &str) -> Result<(), EffectError>;
    /// Tells programs something.
    ///
    /// # Errors
    /// It is not as [`Publication`] says.
    fn publish(&mut self, publication: Publication) -> Result<(), EffectError>;

    /// Carries effects out just as they are.
    ///
    /// # Errors
    /// The first that failed.
    fn carry_out(&mut self, effects: &[Effect]) -> Result<(), EffectError> {
        effects.iter().cloned().try_for_each(|effect| match effect {
            Effect::Timer(op) => self.timer(op).map(drop),
            Effect::Device(DeviceEffect { device, command }) => {
                self.device(&device, command).map(drop)
            }
            Effect::List(ListEffect { list, op }) => self.change_list(&list, op).map(drop),
            Effect::Storage(op) => self.store(op),
            Effect::Alarm(op) => self.alarm(op).map(drop),
            Effect::Http(request) => self.http(request).map(drop),
            Effect::Notify(text) => self.notify(&text),
            Effect::Speak(text) => self.speak(&text),
            Effect::Publish(publication) => self.publish(publication),
        })
    }
}

/// An effect that did not take place: a sentence for the person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EffectError(pub String);
