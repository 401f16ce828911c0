//! Commands to devices.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::{DeviceCommand, DeviceState};
use wasmtime::{Result, component::Linker};

/// What commands them.
pub const WRITE: &str = interface!("command-devices");

/// Links it.
pub fn write(linker: &mut Linker<Invocation>) -> Result<()> {
    linker.instance(WRITE)?.func_wrap(
        "command",
        |mut store, (device, command): (String, DeviceCommand)| {
            let state: Result<DeviceState, String> =
                store.data_mut().ask(Import::Device(device, command))?;
            Ok((state,))
        },
    )
}
