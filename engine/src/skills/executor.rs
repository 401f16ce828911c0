//! Carrying commands out to devices.

use loqa_skill_sdk::{Device, DeviceCommand, DeviceState, EffectError};

/// Whatever devices are reached through.
pub trait Executor: Send + Sync {
    /// State of a device nobody has commanded yet.
    fn initial(&self, kind: &str) -> DeviceState;

    /// Carries a command out; returns the device's state then. Runs while a commit is under way,
    /// so it must answer within milliseconds.
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
