//! What the household asked to be kept: timers, alarms, device states, lists, what skills keep.

use super::keeping::Keeping;
use super::nodes::PairedNode;
use super::people::{Person, Place};
use loqa_core::policy::Rule;
use loqa_skill_sdk::{AlarmEvery, DeviceState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything skills read and change, at one moment.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Household {
    /// By id, so oldest first.
    pub timers: BTreeMap<u64, TimerRecord>,
    /// Alarms and reminders by id, so oldest first. No timer has the id of one.
    pub alarms: BTreeMap<u64, AlarmRecord>,
    /// Device id → last known state. A device that was never commanded has no entry.
    pub devices: BTreeMap<String, DeviceState>,
    /// List device id → its items, oldest first.
    pub lists: BTreeMap<String, Vec<String>>,
    /// Skill and key → what it keeps there for itself.
    pub storage: BTreeMap<(String, String), String>,
    /// How long words live.
    pub keeping: Keeping,
    /// By id, so oldest first.
    pub people: BTreeMap<u64, Person>,
    /// Microphone, screen or room → whom it speaks for. What is missing speaks for the household.
    pub places: BTreeMap<String, Place>,
    /// The household's own rules by id, so oldest first.
    pub rules: BTreeMap<u64, Rule>,
    /// Nodes that were paired, by their [`NodeId`](loqa_protocol::NodeId).
    pub nodes: BTreeMap<String, PairedNode>,
    /// Goes up with every commit, across restarts: a plan made in another epoch is
    /// made anew before it is carried out.
    pub epoch: u64,
    /// The id the next timer, alarm, person or rule gets; never reused, so that "cancel it" cannot hit a newer
    /// timer.
    pub next_timer_id: u64,
}

/// A timer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerRecord {
    /// Its key in [`Household::timers`].
    pub id: u64,
    /// What the person calls it.
    pub name: Option<String>,
    /// Its full length, s.
    pub total_s: u64,
    /// What it does.
    pub state: TimerPhase,
}

/// What a timer does, and when. Instants are Unix time, so they mean something after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerPhase {
    /// Counting down.
    Running {
        /// When it will ring, Unix ms.
        ends_at_ms: i64,
    },
    /// Holding.
    Paused {
        /// Time left, ms.
        remaining_ms: u64,
    },
    /// Ringing.
    Ringing {
        /// When it ended, Unix ms.
        ended_at_ms: i64,
    },
}

/// An alarm or a reminder as it is kept. Instants are Unix time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmRecord {
    /// Its key in [`Household::alarms`].
    pub id: u64,
    /// What it reminds of; nothing if it is an alarm.
    pub text: Option<String>,
    /// The sentence that is done when it is due. Such a one never rings: it waits, or is gone.
    pub does: Option<String>,
    /// When it recurs, if it does.
    pub every: Option<AlarmEvery>,
    /// When it rings next, Unix ms; if it rings once, when it rings or was to.
    pub due_ms: i64,
    /// What it does.
    pub phase: AlarmPhase,
}

/// What an alarm does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmPhase {
    /// It waits until it is due.
    Waiting,
    /// It has rung, and will again.
    Snoozed {
        /// When, Unix ms.
        until_ms: i64,
    },
    /// Ringing.
    Ringing {
        /// When it was due, Unix ms.
        since_ms: i64,
    },
    /// It was due, and nobody has stopped it.
    Missed {
        /// When it was, Unix ms.
        since_ms: i64,
    },
}

impl Household {
    /// Hands out an id for a timer, an alarm, a person or a rule.
    pub fn take_timer_id(&mut self) -> u64 {
        let id = self.next_timer_id.max(1);
        self.next_timer_id = id + 1;
        id
    }
}
