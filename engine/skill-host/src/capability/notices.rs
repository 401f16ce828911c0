//! What everybody is shown.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use wasmtime::{Result, component::Linker};

/// What shows it.
pub const WRITE: &str = interface!("show-notices");

/// Links what shows it.
pub fn write(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(WRITE)?
        .func_wrap("notify", |mut store, (text,): (String,)| {
            let done: Result<(), String> = store.data_mut().ask(Import::Notify(text))?;
            Ok((done,))
        })
}
