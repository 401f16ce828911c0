//! Devices of the household: those that Home Assistant reaches, and the hub's own.

use super::{
    HomeAssistant,
    live::{Begun, Now, Ticket},
    service::{self, Progress},
};
use crate::skills::{Executor, OwnDevices};
use loqa_core::home::DeviceKind;
use loqa_skill_sdk::{Device, DeviceCommand, DeviceState, EffectError, wording};
use std::{
    sync::MutexGuard,
    time::{Duration, Instant},
};

/// How long a device may take to do what it is told, and one that can be seen to be at it, such as a
/// bolt that moves.
const PATIENCE: Duration = Duration::from_secs(2);
const MORE_PATIENCE: Duration = Duration::from_secs(5);

/// Commands what Home Assistant reaches through it, and keeps the states of all else itself.
pub struct Devices {
    /// Where the others are.
    pub home_assistant: HomeAssistant,
}

impl Executor for Devices {
    fn initial(&self, kind: &str) -> DeviceState {
        OwnDevices.initial(kind)
    }

    fn state(&self, device: &str) -> Option<DeviceState> {
        is_reached(device).then(|| {
            let now = self.home_assistant.0.now();
            now.states.get(device).cloned().unwrap_or_default()
        })
    }

    fn begin(&self, commands: &[(Device, DeviceCommand)]) {
        let mut now = self.home_assistant.0.now();
        // What was begun and not carried out is nobody's any more.
        now.begun.clear();
        now.answers.clear();
        for (device, command) in commands {
            if is_reached(&device.id) && device.check(command).is_ok() {
                let _ = self.send(&mut now, device, command);
            }
        }
    }

    fn execute(
        &self,
        device: &Device,
        command: &DeviceCommand,
    ) -> Result<DeviceState, EffectError> {
        if !is_reached(&device.id) {
            return OwnDevices.execute(device, command);
        }
        device.check(command)?;
        let mut now = self.home_assistant.0.now();
        let begun = match now.begun.remove(&device.id) {
            Some(begun) => begun,
            None => {
                self.send(&mut now, device, command)?;
                now.begun.remove(&device.id).ok_or_else(|| silent(device))?
            }
        };
        self.carried_out(now, device, command, &begun)
    }
}

impl Devices {
    /// Has Home Assistant carry a command out; the answers come later.
    fn send(
        &self,
        now: &mut Now,
        device: &Device,
        command: &DeviceCommand,
    ) -> Result<(), EffectError> {
        if now.sealed {
            return Err(EffectError(
                "The house is sealed, so I don't reach Home Assistant.".into(),
            ));
        }
        if !now.online {
            return Err(EffectError("I can't reach Home Assistant.".into()));
        }
        let entity = now.entities.get(&device.id).cloned();
        // A service for one that is not there succeeds, and does nothing.
        let entity = entity.filter(|entity| entity.is_there());
        let entity = entity.ok_or_else(|| silent(device))?;
        if let Some(cannot) = service::cannot(&entity, command) {
            return Err(said(device, cannot));
        }
        let calls = service::calls(&device.id, &entity, command, now.degrees);
        if calls.is_empty() {
            return Err(EffectError(format!(
                "I don't know how {} was before.",
                wording::the(&device.name)
            )));
        }
        let until = Instant::now() + PATIENCE;
        let mut numbers = Vec::with_capacity(calls.len());
        for call in calls {
            now.last_number += 1;
            let number = now.last_number;
            let ticket = Ticket {
                number,
                entity: device.id.clone(),
                call,
                until,
            };
            now.answers.insert(number, None);
            let sent = self.home_assistant.0.calls.try_send(ticket);
            sent.map_err(|_| silent(device))?;
            numbers.push(number);
        }
        let begun = Begun { numbers, until };
        now.begun.insert(device.id.clone(), begun);
        Ok(())
    }

    /// Waits for what comes of a command.
    fn carried_out(
        &self,
        mut now: MutexGuard<'_, Now>,
        device: &Device,
        command: &DeviceCommand,
        begun: &Begun,
    ) -> Result<DeviceState, EffectError> {
        let kind = DeviceKind::from_word(&device.kind).unwrap_or(DeviceKind::Switch);
        // It is seen to be at it, or done; the answer comes a moment later.
        let mut shows = false;
        loop {
            let mut answered = true;
            for number in &begun.numbers {
                match now.answers.get(number) {
                    Some(Some(Ok(()))) => {}
                    Some(Some(Err(refusal))) if refusal.code.is_empty() => {
                        return Err(silent(device));
                    }
                    Some(Some(Err(refusal))) => {
                        tracing::warn!(
                            device = device.id,
                            code = refusal.code,
                            reason = refusal.message,
                            "Home Assistant has refused a command"
                        );
                        return Err(EffectError(format!(
                            "Home Assistant refused to change {}.",
                            wording::the(&device.name)
                        )));
                    }
                    Some(None) | None => answered = false,
                }
            }
            let entity = now.entities.get(&device.id);
            let progress = entity.map(|entity| {
                match service::progress(kind, entity, &device.state, command, now.degrees) {
                    Progress::Nothing if entity.is_assumed() => {
                        Progress::Done(device.state.clone().after(command))
                    }
                    progress => progress,
                }
            });
            if let (true, Some(Progress::Done(state))) = (answered, &progress) {
                return Ok(state.clone());
            }
            shows |= !matches!(progress, Some(Progress::Nothing) | None);
            let until = match shows {
                true => begun.until + (MORE_PATIENCE - PATIENCE),
                false => begun.until,
            };
            match self.home_assistant.0.wait(now, until) {
                Some(again) => now = again,
                None if progress == Some(Progress::Moving) => {
                    let plural = wording::is_plural(&device.name);
                    let still = if plural { "are still" } else { "is still" };
                    let doing = match command {
                        DeviceCommand::Lock(true) => "locking",
                        DeviceCommand::Lock(false) => "unlocking",
                        _ => "moving",
                    };
                    return Err(said(device, &format!("{still} {doing}")));
                }
                None => return Err(silent(device)),
            }
        }
    }
}

fn silent(device: &Device) -> EffectError {
    said(device, "did not answer")
}

fn said(device: &Device, what: &str) -> EffectError {
    let device = wording::the(&device.name);
    EffectError(wording::sentence(&format!("{device} {what}.")))
}

/// Whether a device is reached through Home Assistant: its id is an entity's, with a dot, as none of
/// `home.toml` can be.
fn is_reached(device: &str) -> bool {
    device.contains('.')
}
