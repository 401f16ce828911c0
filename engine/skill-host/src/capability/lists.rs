//! The household's lists.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::ListOp;
use wasmtime::{Result, component::Linker};

/// What changes them.
pub const WRITE: &str = interface!("change-lists");

/// Links what reads.
pub fn read(linker: &mut Linker<Invocation>) -> Result<()> {
    linker.instance(interface!("read-lists"))?.func_wrap(
        "items",
        |mut store, (name,): (String,)| {
            let items: Vec<String> = store.data_mut().ask(Import::List(name))?;
            Ok((items,))
        },
    )
}

/// Links what changes them.
pub fn write(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(WRITE)?
        .func_wrap("change", |mut store, (name, op): (String, ListOp)| {
            let items: Result<Vec<String>, String> =
                store.data_mut().ask(Import::ChangeList(name, op))?;
            Ok((items,))
        })
}
