//! Carrying commands out to devices.

use loqa_skill_sdk::{Device, DeviceCommand, DeviceState, EffectError};

/// Whatever devices are reached through.
pub trait Executor: Send + Sync {
    /// State of a device nobody has commanded yet.
    fn initial(&self, kind: &str) -> DeviceState;

    /// State of a device that keeps it itself; `None` for one whose state the hub keeps.
    fn state(&self, _device: &str) -> Option<DeviceState> {
        None
    }

    /// Told of all commands of a plan before the first is executed, so that those which take their
    /// time can be under way beside each other. Ones of an earlier plan that were not executed are
    /// forgotten.
    fn begin(&self, _commands: &[(Device, DeviceCommand)]) {}

    /// Carries a command out; returns the device's state then. Runs while a commit is under way, on
    /// a thread that serves nobody else; other commits wait, for at most some seconds.
    ///
    /// # Errors
    /// The device cannot do it, or did not: a sentence for the person.
    fn execute(&self, device: &Device, command: &DeviceCommand)
    -> Result<DeviceState, EffectError>;
}

/// Devices that exist in the hub alone: they do what they are told. At first everything is off,
/// closed and locked.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnDevices;

impl Executor for OwnDevices {
    fn initial(&self, kind: &str) -> DeviceState {
        let unknown = DeviceState::default();
        match kind {
            "light" | "switch" | "fan" | "media" => DeviceState {
                power: Some(false),
                ..unknown
            },
            "cover" => DeviceState {
                position: Some(0),
                ..unknown
            },
            "lock" => DeviceState {
                locked: Some(true),
                ..unknown
            },
            _ => unknown,
        }
    }

    fn execute(
        &self,
        device: &Device,
        command: &DeviceCommand,
    ) -> Result<DeviceState, EffectError> {
        device.check(command)?;
        Ok(device.state.clone().after(command))
    }
}
