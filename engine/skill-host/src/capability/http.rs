//! Questions over HTTP.

use super::interface;
use crate::{frames::Import, runtime::Invocation};
use loqa_skill_sdk::{HttpRequest, HttpResponse};
use wasmtime::{Result, component::Linker};

/// What asks them.
pub const WRITE: &str = interface!("ask-over-http");

/// Links what asks them.
pub fn write(linker: &mut Linker<Invocation>) -> Result<()> {
    linker
        .instance(WRITE)?
        .func_wrap("send", |mut store, (request,): (HttpRequest,)| {
            let answer: Result<HttpResponse, String> =
                store.data_mut().ask(Import::Http(request))?;
            Ok((answer,))
        })
}
