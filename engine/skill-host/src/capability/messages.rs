//! What programs are told.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::Publication;
use wasmtime::{Result, component::Linker};

/// What tells them.
pub const WRITE: &str = interface!("publish-messages");

/// Links what tells them.
pub fn write(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(WRITE)?
        .func_wrap("publish", |mut store, (publication,): (Publication,)| {
            let done: Result<(), String> = store.data_mut().ask(Import::Publish(publication))?;
            Ok((done,))
        })
}
