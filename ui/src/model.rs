//! What the dashboard knows: frames of the hub folded into one value. Pages only show it.

pub mod calls;
mod edited;
pub mod keeping;
pub mod kept;
pub mod models;
pub mod nodes;
mod owner;
pub mod people;
pub mod privacy;
pub mod skills;
mod waterfall;

pub use edited::Edited;
pub use waterfall::waterfall;

use crate::say;
use calls::Calls;
use keeping::Changes;
use kept::Kept;
use loqa_protocol::{
    Choice, ClientFrame, Envelope, Event, HomeEdit, Phase, ServerFrame, TurnSummary, View,
    ViewPart,
    card::Cards,
    view::{Alarm, Area, Device, DeviceState, House, List, Listening, NOTES, State, Timer},
};
use models::Models;
use nodes::Nodes;
use people::People;
use privacy::Privacy;
use serde::Deserialize;
use skills::Skills;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Turns that are kept, and shown at once: a page of many more is slow to scroll.
const TURNS: usize = 250;
/// Lines of the log that are kept, as the hub does.
const LINES: usize = 500;
/// As long as the hub remembers, ms.
const REACH_MS: i64 = 15 * 60 * 1000;

/// Everything that is shown.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Model {
    /// Rooms, devices, skills.
    pub house: House,
    /// Timers, states of devices, lists.
    pub state: State,
    /// When the state came, on the clock of [`Model::apply`].
    pub state_at_ms: f64,
    /// Whether the room is listened to.
    pub listening: Listening,
    /// What is being said and done.
    pub live: Live,
    /// When something was last said or done, on the same clock.
    pub live_at_ms: f64,
    /// What skills show.
    pub cards: Cards,
    /// Finished turns, newest first.
    pub turns: VecDeque<Arc<Turn>>,
    /// What works and what does not.
    pub checks: Vec<Check>,
    /// What went wrong last, until it is dismissed.
    pub trouble: Option<(String, String)>,
    /// Answers of the try-it box: what a sentence would mean.
    pub meaning: Option<serde_json::Value>,
    /// What became of the last change of the household.
    pub edited: Edited,
    /// What could be said to a device, by its id.
    pub ways: BTreeMap<String, Vec<String>>,
    /// How loud the microphone hears: dB of full scale, and the peak in [0, 1].
    pub loudness: Option<(f32, f32)>,
    /// Microphones and speakers.
    pub sounds: Vec<Side>,
    /// The last lines of the hub's log, oldest first.
    pub logs: VecDeque<LogLine>,
    /// What became of the last setting.
    pub chosen: Edited,
    /// What is known of skills, beyond those of the house.
    pub skills: Skills,
    /// What their calls took.
    pub calls: Calls,
    /// What is known of models.
    pub models: Models,
    /// What leaves the house.
    pub privacy: Privacy,
    /// What becomes of changes of what is kept.
    pub keeps: Changes,
    /// Conversations that are kept.
    pub kept: Kept,
    /// What is known of people.
    pub people: People,
    /// What is known of machines.
    pub nodes: Nodes,
    /// Whether the tablet may leave its page: [`Edited::Done`] if so.
    pub left: Edited,
    /// Is there a connection?
    pub connected: bool,
    last_id: u32,
    /// The subscription and the ordinal of what it shows next.
    watch: (u32, u64),
    doctor: u32,
    intent: u32,
    level: u32,
    sound: u32,
    log: u32,
    /// Whose ways are asked for, by request.
    asked_ways: BTreeMap<u32, String>,
}

/// Microphones, or speakers.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Side {
    /// `input` or `output`.
    pub direction: String,
    /// What the settings name: an id, `default` or `none`.
    pub chosen: String,
    /// By the hub, now.
    pub used: String,
    /// All there are.
    pub devices: Vec<SoundDevice>,
}

/// A microphone or speaker.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct SoundDevice {
    /// For the settings.
    pub id: String,
    /// For people.
    pub name: String,
}

/// A line of the hub's log.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct LogLine {
    /// From 1, without gaps.
    pub seq: u64,
    /// Unix time, ms.
    pub at_ms: i64,
    /// `ERROR` to `TRACE`.
    pub level: String,
    /// What happened.
    pub text: String,
}

/// The turn under way, or the last.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Live {
    /// How far it is.
    pub phase: Phase,
    /// What was heard, so far.
    pub heard: String,
    /// What Loqa says, or would say.
    pub reply: String,
    /// Something was done that can be taken back.
    pub acted: bool,
    /// Loqa waits for a yes or a no.
    pub asks: bool,
}

/// What Loqa is doing, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    /// Nobody knows.
    Offline,
    /// See [`Phase`].
    Hearing,
    /// See [`Phase`].
    Thinking,
    /// See [`Phase`].
    Speaking,
    /// What the microphone hears is for Loqa.
    Awake,
    /// It waits for a call.
    Asleep,
    /// What the microphone hears is thrown away.
    Muted,
    /// Nobody listens.
    Deaf,
}

/// A finished turn, which nothing changes any more.
#[derive(Debug)]
pub struct Turn {
    /// Conversation and turn.
    pub key: (u128, u32),
    /// Unix time, ms.
    pub at_ms: i64,
    /// What it was.
    pub summary: TurnSummary,
}

/// By its key alone: pages ask at every event.
impl PartialEq for Turn {
    fn eq(&self, other: &Turn) -> bool {
        self.key == other.key
    }
}

/// One thing that was looked at, as `loqa doctor` tells it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
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

impl Model {
    /// A connection was made: what to ask first.
    pub fn open(&mut self) -> Vec<ClientFrame> {
        self.connected = true;
        self.trouble = None;
        self.live = Live::default();
        self.turns.clear();
        self.cards = Cards::default();
        // A hub that has started anew counts its lines anew.
        self.logs.clear();
        vec![self.watch(), self.examine()]
    }

    /// The connection is gone. What was shown stays, as it was.
    pub fn close(&mut self) {
        self.connected = false;
        self.live.phase = Phase::Idle;
        self.edited = Edited::Nothing;
        self.chosen = Edited::Nothing;
        self.left = Edited::Nothing;
        self.skills.close();
        self.calls.close();
        self.models.outcome = Edited::Nothing;
        self.privacy.close();
        self.keeps.close();
        self.kept.close();
        self.people.close();
        self.nodes.close();
        self.loudness = None;
        self.asked_ways.clear();
    }

    fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    fn watch(&mut self) -> ClientFrame {
        let id = self.next_id();
        self.watch = (id, 0);
        ClientFrame::Watch { id }
    }

    /// Asks what works.
    pub fn examine(&mut self) -> ClientFrame {
        self.doctor = self.next_id();
        ClientFrame::Doctor { id: self.doctor }
    }

    /// Says something to Loqa.
    pub fn ask(&mut self, text: &str) -> ClientFrame {
        self.trouble = None;
        self.live = Live {
            phase: Phase::Thinking,
            heard: self.people.shown_of(text).into(),
            ..Live::default()
        };
        ClientFrame::Ask {
            id: self.next_id(),
            text: text.into(),
        }
    }

    /// Asks what a sentence would mean.
    pub fn try_out(&mut self, text: &str) -> ClientFrame {
        self.intent = self.next_id();
        ClientFrame::Intent {
            id: self.intent,
            text: text.into(),
        }
    }

    /// Changes the household that was seen at this revision.
    pub fn edit(&mut self, revision: u64, edit: HomeEdit) -> ClientFrame {
        let id = self.next_id();
        self.edited = Edited::Waiting(id);
        ClientFrame::EditHome { id, revision, edit }
    }

    /// Asks what could be said to a device.
    pub fn ask_ways(&mut self, device: &str) -> ClientFrame {
        let id = self.next_id();
        self.asked_ways.insert(id, device.into());
        ClientFrame::Ways {
            id,
            device: device.into(),
        }
    }

    /// Has Loqa say something aloud.
    pub fn speak(&mut self, text: &str) -> ClientFrame {
        ClientFrame::Say {
            id: self.next_id(),
            text: text.into(),
            voice: None,
            to_client: false,
        }
    }

    /// Wants to see how loud it is, or no longer.
    pub fn level(&mut self, on: bool) -> ClientFrame {
        self.level = self.next_id();
        self.loudness = None;
        ClientFrame::Level { id: self.level, on }
    }

    /// Asks for microphones and speakers.
    pub fn ask_sounds(&mut self) -> ClientFrame {
        self.sound = self.next_id();
        ClientFrame::Sounds { id: self.sound }
    }

    /// Asks for lines of the log that are not known yet.
    pub fn ask_logs(&mut self) -> ClientFrame {
        self.log = self.next_id();
        ClientFrame::Logs {
            id: self.log,
            after: self.logs.back().map_or(0, |line| line.seq),
        }
    }

    /// Changes a setting.
    pub fn choose(&mut self, choice: Choice) -> ClientFrame {
        let id = self.next_id();
        self.chosen = Edited::Waiting(id);
        ClientFrame::Choose { id, choice }
    }

    /// Wants to leave the page of the wall tablet.
    pub fn leave(&mut self, pin: &str) -> ClientFrame {
        let id = self.next_id();
        self.left = Edited::Waiting(id);
        ClientFrame::Leave {
            id,
            pin: pin.into(),
        }
    }

    /// Lets Loqa listen, as after a wake phrase.
    pub fn call(&mut self) -> ClientFrame {
        ClientFrame::Call { id: self.next_id() }
    }

    /// Mutes the microphone, or lets it hear again.
    pub fn mute(&mut self) -> ClientFrame {
        ClientFrame::Mute {
            id: self.next_id(),
            muted: !self.listening.muted,
        }
    }

    /// Takes what the hub says. `now_ms` is any clock that does not jump. Returns what to answer.
    pub fn apply(&mut self, frame: ServerFrame, now_ms: f64) -> Option<ClientFrame> {
        self.people.owner.notice(&frame);
        if self.chosen.hear(&frame) {
            // It may have been one of them.
            return (!self.sounds.is_empty()).then(|| self.ask_sounds());
        }
        if self.edited.hear(&frame) || self.left.hear(&frame) || self.models.hear(&frame) {
            return None;
        }
        if self.nodes.hear(&frame, now_ms) {
            return None;
        }
        if let Some(more) = self.privacy.hear(&frame) {
            return more.then(|| self.ask_connections());
        }
        if self.keeps.hear(&frame) {
            if self.keeps.wiped == Edited::Done {
                self.forget_all();
            }
            return None;
        }
        if let Some(changed) = self.kept.hear(&frame) {
            return changed.then(|| self.ask_kept());
        }
        if let Some(changed) = self.people.hear(&frame) {
            return changed.then(|| self.ask_people());
        }
        if self.calls.hear(&frame) {
            return self.calls.is_stale().then(|| self.ask_calls()).flatten();
        }
        if let Some(over) = self.skills.hear(&frame) {
            // It is written down.
            return over.then(|| self.ask_audit());
        }
        match frame {
            ServerFrame::View { id, view } if id == self.watch.0 => return self.show(view, now_ms),
            ServerFrame::Turn { summary, .. } => {
                self.live.asks = summary.asks();
                self.settle(&summary);
            }
            ServerFrame::Json { id, json } if id == self.doctor => {
                self.checks = serde_json::from_str(&json).unwrap_or_default();
            }
            ServerFrame::Json { id, json } if id == self.intent => {
                self.meaning = serde_json::from_str(&json).ok();
            }
            ServerFrame::Json { id, json } if id == self.sound => {
                self.sounds = serde_json::from_str(&json).unwrap_or_default();
            }
            ServerFrame::Json { id, json } if id == self.log => {
                let lines: Vec<LogLine> = serde_json::from_str(&json).unwrap_or_default();
                self.logs.extend(lines);
                let over = self.logs.len().saturating_sub(LINES);
                self.logs.drain(..over);
            }
            ServerFrame::Loudness { id, level_db, peak } if id == self.level => {
                self.loudness = Some((level_db, peak));
            }
            ServerFrame::Json { id, json } => {
                if let Some(device) = self.asked_ways.remove(&id) {
                    let ways = serde_json::from_str(&json).unwrap_or_default();
                    self.ways.insert(device, ways);
                }
            }
            ServerFrame::Problem { problem, .. } => {
                self.live.phase = Phase::Idle;
                self.trouble = Some((problem.message, problem.help));
            }
            _ => {}
        }
        None
    }

    fn show(&mut self, View { seq, part }: View, now_ms: f64) -> Option<ClientFrame> {
        if seq != self.watch.1 {
            // Something was lost: everything again.
            return Some(self.watch());
        }
        self.watch.1 += 1;
        if matches!(part, ViewPart::Event(_)) {
            self.live_at_ms = now_ms;
        }
        match part {
            ViewPart::House(house) => {
                self.house = house;
                self.ways.clear();
            }
            ViewPart::State(state) => {
                self.state = state;
                self.state_at_ms = now_ms;
                return self.people_may_differ();
            }
            ViewPart::Listening(listening) => self.listening = listening,
            ViewPart::Event(envelope) => {
                let over = matches!(envelope.event, Event::TurnSummary(_));
                self.cards.note(&envelope, now_ms as u64);
                self.happened(envelope);
                return over.then(|| self.ask_calls()).flatten();
            }
        }
        None
    }

    fn happened(&mut self, envelope: Envelope) {
        let live = &mut self.live;
        live.phase = live.phase.after(&envelope.event);
        match envelope.event {
            Event::SpeechStarted => {
                *live = Live {
                    phase: live.phase,
                    ..Live::default()
                };
            }
            Event::SttPartial { text } | Event::SttFinal { text, .. } => live.heard = text,
            Event::SkillResult {
                intent,
                effects,
                ok,
            } => {
                // Loqa's own skill takes back; that is not taken back again.
                live.acted = ok && !effects.is_empty() && !intent.starts_with("loqa.");
            }
            Event::ReplyStarted { text } => live.reply = text,
            Event::PinWanted { wanted } => self.people.want(envelope.session_id, wanted),
            Event::Degraded { message, help, .. } => self.trouble = Some((message, help)),
            Event::TurnSummary(summary) => {
                self.settle(&summary);
                let key = (
                    envelope.session_id.0,
                    envelope.turn.map_or(0, |turn| turn.0),
                );
                if !self.turns.iter().any(|turn| turn.key == key) {
                    let at_ms = envelope.at_ms;
                    let turn = Turn {
                        key,
                        at_ms,
                        summary,
                    };
                    self.turns.push_front(Arc::new(turn));
                    self.turns.truncate(TURNS);
                    self.turns.retain(|turn| at_ms - turn.at_ms <= REACH_MS);
                }
            }
            _ => {}
        }
    }

    /// A turn is over.
    fn settle(&mut self, summary: &TurnSummary) {
        self.live.phase = self.live.phase.over();
        if summary.rejected {
            return;
        }
        self.live.heard.clone_from(&summary.text);
        self.live.reply.clone_from(&summary.reply);
    }

    /// What Loqa is doing.
    pub fn mood(&self) -> Mood {
        match self.live.phase {
            _ if !self.connected => Mood::Offline,
            Phase::Hearing => Mood::Hearing,
            Phase::Thinking => Mood::Thinking,
            Phase::Speaking => Mood::Speaking,
            Phase::Idle if self.listening.muted => Mood::Muted,
            Phase::Idle if self.listening.awake => Mood::Awake,
            Phase::Idle if self.listening.microphone.is_some() => Mood::Asleep,
            Phase::Idle => Mood::Deaf,
        }
    }

    /// What is known of a device.
    pub fn state_of(&self, id: &str) -> DeviceState {
        let states = &self.state.devices;
        let found = states.iter().find(|state| state.id == id);
        found.cloned().unwrap_or_default()
    }

    /// Rooms with what can be touched in them, in the order of the house; what is in no room
    /// comes last, under an empty name.
    pub fn rooms(&self) -> Vec<(String, Vec<Device>)> {
        let shown = |device: &&Device| device.kind != "list";
        let of = |area: Option<&str>| -> Vec<Device> {
            let devices = self.house.devices.iter().filter(shown);
            devices
                .filter(|device| device.area.as_deref() == area)
                .cloned()
                .collect()
        };
        let areas = self.house.areas.iter();
        areas
            .map(|area| (area.name.clone(), of(Some(&area.id))))
            .chain([(String::new(), of(None))])
            .filter(|(_, devices)| !devices.is_empty())
            .collect()
    }

    /// Every room, even an empty one, with everything in it, in the order of the house; what is in
    /// no room comes last.
    pub fn places(&self) -> Vec<(Option<Area>, Vec<Device>)> {
        let of = |area: Option<&Area>| -> Vec<Device> {
            let id = area.map(|area| area.id.as_str());
            let devices = self.house.devices.iter();
            devices
                .filter(|device| device.area.as_deref() == id)
                .cloned()
                .collect()
        };
        let areas = self
            .house
            .areas
            .iter()
            .map(|area| (Some(area.clone()), of(Some(area))));
        let elsewhere = Some((None, of(None))).filter(|(_, devices)| !devices.is_empty());
        areas.chain(elsewhere).collect()
    }

    /// Lists by the names people use, with what is on them.
    pub fn lists(&self) -> Vec<(String, Vec<String>)> {
        let lists = self.house.devices.iter().filter(|it| it.kind == "list");
        lists
            .map(|device| {
                let known = self.state.lists.iter().find(|list| list.id == device.id);
                let items = known.map(|List { items, .. }| items.clone());
                (say::name(&self.house, device), items.unwrap_or_default())
            })
            .collect()
    }

    /// What somebody had written down, oldest first.
    pub fn notes(&self) -> Vec<String> {
        let mut lists = self.state.lists.iter();
        let notes = lists.find(|list| list.id == NOTES);
        notes.map(|list| list.items.clone()).unwrap_or_default()
    }

    /// Time that a timer has left at `now_ms`, ms.
    pub fn remaining_ms(&self, timer: &Timer, now_ms: f64) -> f64 {
        let since = if timer.paused {
            0.0
        } else {
            now_ms - self.state_at_ms
        };
        (timer.remaining_ms as f64 - since).max(0.0)
    }

    /// What does not work, the worst first.
    pub fn ailments(&self) -> Vec<Check> {
        let mut ailing: Vec<Check> = self.checks.iter().filter(|it| !it.ok).cloned().collect();
        ailing.sort_by_key(|check| !check.needed);
        ailing
    }

    /// A few sentences that work in this house, for somebody who does not know what to say.
    pub fn suggestions(&self, count: usize) -> Vec<String> {
        let mut skills: Vec<_> = self
            .house
            .skills
            .iter()
            .filter(|skill| skill.enabled && skill.wrong.is_empty() && skill.name != "loqa")
            .map(|skill| {
                let intents = skill.intents.iter();
                intents.filter_map(|intent| intent.examples.first())
            })
            .collect();
        let mut found = Vec::new();
        // One of each skill in turn.
        while found.len() < count {
            let round: Vec<_> = skills.iter_mut().filter_map(Iterator::next).collect();
            if round.is_empty() {
                break;
            }
            found.extend(round.into_iter().cloned());
        }
        found.truncate(count);
        found
    }
}

/// The alarm that rings, else the one that will first.
pub fn next_alarm(alarms: &[Alarm]) -> Option<&Alarm> {
    let rings = |alarm: &&Alarm| alarm.state != "missed" && alarm.does.is_none();
    let to_come = alarms.iter().filter(rings);
    to_come.min_by_key(|alarm| (alarm.state != "ringing", alarm.at_ms))
}

/// Days of the week on which an alarm recurs, 0 = Monday.
pub fn days(bits: u32) -> impl Iterator<Item = u8> {
    (0..7).filter(move |day| bits & 1 << day != 0)
}

/// A time as a clock shows it: `1:05:09`, `5:09`.
pub fn clock(ms: f64) -> String {
    let seconds = (ms / 1000.0).ceil() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A name at the beginning of a line: `Kitchen lights`.
pub fn headed(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests;
