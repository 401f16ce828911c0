//! Alarms and reminders.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::{Alarm, AlarmOp};
use wasmtime::{Result, component::Linker};

/// What sets them.
pub const WRITE: &str = interface!("set-alarms");

/// Links what reads.
pub fn read(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(interface!("read-alarms"))?
        .func_wrap("alarms", |mut store, ()| {
            let alarms: Vec<Alarm> = store.data_mut().ask(Import::Alarms)?;
            Ok((alarms,))
        })
}

/// Links what sets them.
pub fn write(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(WRITE)?
        .func_wrap("apply", |mut store, (op,): (AlarmOp,)| {
            let alarm: Result<Alarm, String> = store.data_mut().ask(Import::Alarm(op))?;
            Ok((alarm,))
        })
}
