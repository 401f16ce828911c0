//! What the household has set for the skill.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::Value;
use wasmtime::{Result, component::Linker};

/// Links what reads.
pub fn read(linker: &mut Linker<Invocation>) -> Result<()> {
    linker.instance(interface!("read-settings"))?.func_wrap(
        "get",
        |mut store, (name,): (String,)| {
            let value: Option<Value> = store.data_mut().ask(Import::Setting(name))?;
            Ok((value,))
        },
    )
}
