//! What is part of the house and not of its `home.toml`: Home Assistant's rooms and devices.

use super::{Shared, service::problem};
use crate::{
    config::Config,
    egress::Address,
    home_assistant::{self, Bridge, Devices, HomeAssistant, Status, Turns},
    skills::{Executor, OwnDevices},
    tasks::TaskKind,
};
use loqa_core::home::Home;
use loqa_protocol::{HomeEdit, Problem};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

/// How long an engine that answers one command waits for Home Assistant.
const PATIENCE: Duration = Duration::from_secs(5);

/// Home Assistant, if the household has one.
#[derive(Default)]
pub struct Neighbour {
    reached: Option<(Address, HomeAssistant)>,
    /// Its devices whose names are taken.
    hidden: Mutex<Vec<String>>,
}

/// Calls that are to be sent there.
pub type Calls = Option<home_assistant::Calls>;

impl Neighbour {
    /// The one of the settings, with what was last known of it.
    pub fn of(config: &Config) -> (Neighbour, Calls) {
        let Some(address) = config.home_assistant.address() else {
            return (Neighbour::default(), None);
        };
        let known = home_assistant::kept(&config.hub.data, &address);
        let (home_assistant, calls) = HomeAssistant::new(known, config.household.units);
        let neighbour = Neighbour {
            reached: Some((address, home_assistant)),
            hidden: Mutex::default(),
        };
        (neighbour, Some(calls))
    }

    /// The owner's household with the neighbour's beside it.
    pub fn joined(&self, own: &Home) -> Home {
        let Some((_, home_assistant)) = &self.reached else {
            return own.clone();
        };
        let joined = own.joined(&home_assistant.imported().borrow().home);
        *self.hidden.lock().unwrap_or_else(PoisonError::into_inner) = joined.hidden;
        joined.home
    }

    /// How the devices of both are reached.
    pub fn executor(&self) -> Box<dyn Executor> {
        match &self.reached {
            Some((_, home_assistant)) => Box::new(Devices {
                home_assistant: home_assistant.clone(),
            }),
            None => Box::new(OwnDevices),
        }
    }

    /// Where it is, whether it is there, how many of its devices are part of the house, and the names of
    /// those that are not.
    pub fn examined(&self) -> Option<(&Address, Status, usize, Vec<String>)> {
        let (address, home_assistant) = self.reached.as_ref()?;
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let devices = home_assistant.imported().borrow().home.devices.len();
        let status = home_assistant.status().borrow().clone();
        let shown = devices.saturating_sub(hidden.len());
        Some((address, status, shown, hidden.clone()))
    }

    /// Whether an edit is one of the owner's household.
    ///
    /// # Errors
    /// It is of something that the neighbour describes.
    pub fn may_edit(&self, own: &Home, edit: &HomeEdit) -> Result<(), Problem> {
        let Some((_, home_assistant)) = &self.reached else {
            return Ok(());
        };
        let imported = home_assistant.imported();
        let theirs = &imported.borrow().home;
        let device = |id: &str| theirs.device(id).filter(|_| own.device(id).is_none());
        let area = |id: &str| theirs.area(id).filter(|_| own.area(id).is_none());
        let named = |name: &str| format!("{name} comes from Home Assistant");
        let there = "rename it, move it or stop exposing it there: it is so here a moment later";
        match edit {
            HomeEdit::Device(edited) => {
                if let Some(device) = device(&edited.id) {
                    return Err(problem("home", named(&device.name), there));
                }
                if let Some(area) = edited.area.as_deref().and_then(area) {
                    let help = "add a room of that name here first: the two are one room then";
                    return Err(problem("home_area", named(&area.name), help));
                }
            }
            HomeEdit::RemoveDevice(id) => {
                if let Some(device) = device(id) {
                    return Err(problem("home", named(&device.name), there));
                }
            }
            HomeEdit::Area(view) => {
                if let Some(area) = area(&view.id) {
                    return Err(problem("home", named(&area.name), there));
                }
            }
            HomeEdit::RemoveArea(id) => {
                if let Some(area) = area(id) {
                    return Err(problem("home", named(&area.name), there));
                }
            }
        }
        Ok(())
    }
}

impl Shared {
    /// Follows the neighbour from now on. What is returned resolves once it was met, or could not be.
    pub(super) fn follow_neighbour(
        self: &Arc<Self>,
        calls: Calls,
    ) -> impl Future<Output = ()> + use<> {
        let (met, meeting) = oneshot::channel();
        if let (Some((address, home_assistant)), Some(calls)) = (&self.neighbour.reached, calls) {
            let bridge = Bridge {
                egress: self.border.to([address.clone()]),
                address: address.clone(),
                data: self.config.hub.data.clone(),
                units: self.config.household.units,
                calls,
            };
            let following = home_assistant::run(bridge, home_assistant.clone());
            let tasks = &self.tasks;
            tasks.spawn(TaskKind::BACKGROUND, "home assistant", following);
            let telling = self.clone().tell_of(home_assistant.clone(), met);
            tasks.spawn(TaskKind::BACKGROUND, "neighbour", telling);
        }
        async {
            // Nobody to meet is met.
            let _ = timeout(PATIENCE, meeting).await;
        }
    }

    /// Has everybody know what changes there.
    async fn tell_of(self: Arc<Self>, home_assistant: HomeAssistant, met: oneshot::Sender<()>) {
        let mut imported = home_assistant.imported();
        let mut turns = home_assistant.turns();
        let mut known = Turns::default();
        let mut status = home_assistant.status();
        imported.mark_unchanged();
        let mut met = Some(met);
        loop {
            tokio::select! {
                biased;
                Ok(()) = imported.changed() => {
                    imported.mark_unchanged();
                    let own = self.own_home.lock().await;
                    self.settle(&own).await;
                    self.about.send_modify(|_| {});
                }
                Ok(()) = turns.changed() => {
                    let now = *turns.borrow_and_update();
                    if now.states != known.states {
                        self.household.changed_outside();
                    } else {
                        self.household.look_again();
                    }
                    known = now;
                }
                Ok(()) = status.changed() => {
                    if let Some(met) = met.take_if(|_| *status.borrow_and_update() != Status::Connecting) {
                        // Nobody may wait for it.
                        let _ = met.send(());
                    }
                }
                else => return,
            }
        }
    }
}
