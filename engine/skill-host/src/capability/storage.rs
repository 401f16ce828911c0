//! What the skill keeps for itself.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::StorageOp;
use wasmtime::{Result, component::Linker};

/// What changes it.
pub const WRITE: &str = interface!("write-storage");

/// Links what reads.
pub fn read(linker: &mut Linker<Invocation>) -> Result<()> {
    let mut storage = linker.instance(interface!("read-storage"))?;
    storage.func_wrap("get", |mut store, (key,): (String,)| {
        let text: Option<String> = store.data_mut().ask(Import::Stored(key))?;
        Ok((text,))
    })?;
    storage.func_wrap("keys", |mut store, ()| {
        let keys: Vec<String> = store.data_mut().ask(Import::StoredKeys)?;
        Ok((keys,))
    })
}

/// Links what changes it.
pub fn write(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(WRITE)?
        .func_wrap("apply", |mut store, (op,): (StorageOp,)| {
            let done: Result<(), String> = store.data_mut().ask(Import::Store(op))?;
            Ok((done,))
        })
}
