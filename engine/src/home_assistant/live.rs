//! What the bridge knows at this moment, shared between who follows Home Assistant and who commands
//! its devices.

use super::{
    Trouble,
    client::Refusal,
    entity::{Degrees, Entity},
    import::Imported,
    service::Call,
    token::Place,
};
use crate::config::Units;
use loqa_skill_sdk::DeviceState;
use serde::Serialize;
use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::sync::{mpsc, watch};

/// Calls that wait to be sent; when so many do, the next is refused like one that is not answered.
const WAITING: usize = 256;

/// Whether Home Assistant is there.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Status {
    /// It is being reached for the first time.
    #[default]
    Connecting,
    /// It is followed.
    Connected {
        /// Its version.
        version: String,
        /// Where the token was.
        token: Place,
    },
    /// It is not there, or does not let us in.
    Away {
        /// Why.
        why: String,
        /// What to do.
        help: &'static str,
    },
}

/// How often something has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Turns {
    /// What a sensor reads, which changes all the time and is only told.
    pub readings: u64,
    /// Anything else of a device: what is prepared may be wrong now.
    pub states: u64,
}

/// Home Assistant as the hub sees it. Clones are the same.
#[derive(Clone)]
pub struct HomeAssistant(pub(super) Arc<Live>);

/// What is shared.
pub struct Live {
    now: Mutex<Now>,
    /// Something of it has changed: for threads that wait for a device.
    changed: Condvar,
    pub status: watch::Sender<Status>,
    /// Areas and devices, as last read; not yet those of the household.
    pub imported: watch::Sender<Arc<Imported>>,
    /// What has changed so far.
    pub turns: watch::Sender<Turns>,
    pub calls: mpsc::Sender<Ticket>,
}

/// Calls that are to be sent, for the bridge.
pub struct Calls(pub(super) mpsc::Receiver<Ticket>);

/// A call on its way to Home Assistant.
#[derive(Debug)]
pub struct Ticket {
    pub number: u64,
    pub entity: String,
    pub call: Call,
    /// Nobody waits for it afterwards.
    pub until: Instant,
}

/// Answers and states.
pub struct Now {
    /// Whether Home Assistant is there.
    pub online: bool,
    /// It is not, because the house is sealed.
    pub sealed: bool,
    pub degrees: Degrees,
    /// Exposed entities, while it is there.
    pub entities: HashMap<String, Entity>,
    /// What each of the household's devices was last told to be.
    pub states: HashMap<String, DeviceState>,
    /// Calls by number; `None` until answered.
    pub answers: HashMap<u64, Option<Result<(), Refusal>>>,
    /// Devices that were commanded ahead.
    pub begun: HashMap<String, Begun>,
    pub last_number: u64,
}

/// A command that is under way.
#[derive(Clone, Debug)]
pub struct Begun {
    pub numbers: Vec<u64>,
    pub until: Instant,
}

impl HomeAssistant {
    /// One that nobody has reached yet, with what was known of it, and the calls that are to be sent
    /// there; `units` are the household's.
    pub fn new(known: Imported, units: Units) -> (HomeAssistant, Calls) {
        let degrees = Degrees {
            there: units,
            here: units,
        };
        let (calls, waiting) = mpsc::channel(WAITING);
        let live = Live {
            now: Mutex::new(Now {
                online: false,
                sealed: false,
                degrees,
                entities: HashMap::new(),
                states: HashMap::new(),
                answers: HashMap::new(),
                begun: HashMap::new(),
                last_number: 0,
            }),
            changed: Condvar::new(),
            status: watch::Sender::default(),
            imported: watch::Sender::new(Arc::new(known)),
            turns: watch::Sender::default(),
            calls,
        };
        (HomeAssistant(Arc::new(live)), Calls(waiting))
    }

    /// Whether it is there, and when that changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.0.status.subscribe()
    }

    /// Its areas and devices, and when they change.
    pub fn imported(&self) -> watch::Receiver<Arc<Imported>> {
        self.0.imported.subscribe()
    }

    /// How often its devices have changed, and when they change again.
    pub fn turns(&self) -> watch::Receiver<Turns> {
        self.0.turns.subscribe()
    }

    /// It is away from now on: nothing is known of its devices.
    pub(super) fn lose(&self, trouble: &Trouble) {
        {
            let mut now = self.0.now();
            now.online = false;
            now.sealed = *trouble == Trouble::Sealed;
            now.entities.clear();
            for answer in now.answers.values_mut().filter(|answer| answer.is_none()) {
                *answer = Some(Err(Refusal::default()));
            }
        }
        self.0.status.send_replace(Status::Away {
            why: trouble.to_string(),
            help: trouble.help(),
        });
        self.0.tell();
    }
}

impl Live {
    pub fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something has changed, at most until `until`; the guard again, or nothing when it is
    /// later than that.
    pub fn wait<'n>(
        &self,
        now: MutexGuard<'n, Now>,
        until: Instant,
    ) -> Option<MutexGuard<'n, Now>> {
        let left = until.checked_duration_since(Instant::now())?;
        let waited = self.changed.wait_timeout(now, left);
        Some(waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Something has changed: those who wait for a device look again, and, if a device is no longer as
    /// it was, everybody is told who has read the household.
    pub fn tell(&self) {
        let mut now = self.now();
        let imported = self.imported.borrow().clone();
        let devices = imported.home.devices.iter();
        let states: HashMap<String, DeviceState> = devices
            .filter_map(|device| {
                let entity = now.entities.get(&device.id)?;
                Some((device.id.clone(), entity.state(device.kind, now.degrees)))
            })
            .collect();
        let read = states != now.states;
        let blind = |state: &DeviceState| DeviceState {
            reading: None,
            ..state.clone()
        };
        let turned = read
            && (states.len() != now.states.len()
                || states
                    .iter()
                    .any(|(id, state)| now.states.get(id).map(blind) != Some(blind(state))));
        now.states = states;
        drop(now);
        self.changed.notify_all();
        if turned {
            self.turns.send_modify(|turns| turns.states += 1);
        } else if read {
            self.turns.send_modify(|turns| turns.readings += 1);
        }
    }
}
