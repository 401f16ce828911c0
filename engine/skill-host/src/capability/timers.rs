//! Timers.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::{Timer, TimerOp};
use wasmtime::{Result, component::Linker};

/// What sets them.
pub const WRITE: &str = interface!("set-timers");

/// Links what reads.
pub fn read(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(interface!("read-timers"))?
        .func_wrap("timers", |mut store, ()| {
            let timers: Vec<Timer> = store.data_mut().ask(Import::Timers)?;
            Ok((timers,))
        })
}

/// Links what sets them.
pub fn write(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(WRITE)?
        .func_wrap("apply", |mut store, (op,): (TimerOp,)| {
            let timer: Result<Timer, String> = store.data_mut().ask(Import::Timer(op))?;
            Ok((timer,))
        })
}
