//! Rooms, devices and their states.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::{Area, Device};
use wasmtime::{Result, component::Linker};

/// Links what reads.
pub fn read(linker: &mut Linker<Invocation>) -> Result<()> {
    let mut home = linker.instance(interface!("read-home"))?;
    home.func_wrap("devices", |mut store, ()| {
        let devices: Vec<Device> = store.data_mut().ask(Import::Devices)?;
        Ok((devices,))
    })?;
    home.func_wrap("areas", |mut store, ()| {
        let areas: Vec<Area> = store.data_mut().ask(Import::Areas)?;
        Ok((areas,))
    })
}
