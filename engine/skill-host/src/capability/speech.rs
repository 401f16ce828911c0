//! What is said aloud besides the reply.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use wasmtime::{Result, component::Linker};

/// What says it.
pub const WRITE: &str = interface!("speak-aloud");

/// Links what says it.
pub fn write(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(WRITE)?
        .func_wrap("speak", |mut store, (text,): (String,)| {
            let done: Result<(), String> = store.data_mut().ask(Import::Speak(text))?;
            Ok((done,))
        })
}
