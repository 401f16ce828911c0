//! The time, here and elsewhere.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::Civil;
use wasmtime::{Result, component::Linker};

/// Links what reads.
pub fn read(linker: &mut Linker<Invocation>) -> Result<()> {
    linker.instance(interface!("read-clock"))?.func_wrap(
        "now",
        |mut store, (zone,): (Option<String>,)| {
            let now: Option<Civil> = store.data_mut().ask(Import::Now(zone))?;
            Ok((now,))
        },
    )
}
