//! Which language model answers what no command covers.

use super::{
    Check,
    candidate::{Candidate, Chosen, Sort},
    prompt::prompts,
};
use crate::{
    config::Thinking,
    library::Kind,
    workers::{Llama, Work},
};
use loqa_core::grammar::Grammar;
use loqa_jobs::{ModelFile, Process, Program};
use loqa_protocol::{Capability, Placement};
use std::{path::Path, sync::Arc};
use tokio::sync::watch;

const GGUF: Sort = Sort {
    kind: Kind::Llm,
    check: "llm",
    without: "what no command covers is not answered",
    read: ModelFile::llama,
};

/// The model that the settings name, or the largest that is here and fits; `None` if there is none, or none is
/// wanted. What was looked at goes to `checks`.
pub fn choose(thinking: &Thinking, data: &Path, checks: &mut Vec<Check>) -> Option<Chosen> {
    let (model, why) = GGUF.choose(&thinking.model, data, checks)?;
    let capability = capability(&model);
    let placement = Placement {
        reason: format!("{capability} on this machine, for what no command covers: {why}"),
        capability: capability.to_string(),
    };
    checks.push(Check {
        what: GGUF.check.into(),
        ok: true,
        needed: false,
        message: placement.reason.clone(),
        help: String::new(),
    });
    Some(Chosen {
        process: Arc::new(Process::of(program(&model, thinking.context))),
        capability,
        placement,
        file: model.file,
    })
}

/// The model of this name that was fetched, or of this file, and its process.
///
/// # Errors
/// Why it cannot be run.
pub fn by_name(
    thinking: &Thinking,
    data: &Path,
    grammar: watch::Receiver<Arc<Grammar>>,
) -> Result<(Arc<Process>, Llama), String> {
    let (model, _) = GGUF.by_name(&thinking.model, data)?;
    let process = Arc::new(Process::of(program(&model, thinking.context)));
    let prompts = prompts(grammar, thinking.context);
    let llama = Llama::new(Work::here(process.clone(), capability(&model)), prompts);
    Ok((process, llama))
}

fn capability(model: &Candidate) -> Capability {
    Capability {
        kind: "llm".into(),
        name: "llama".into(),
        variant: model.name.clone(),
    }
}

/// What this model, fetched or of a file, is called by the settings.
///
/// # Errors
/// Why it cannot be run.
pub fn named(name: &str, data: &Path) -> Result<String, String> {
    GGUF.by_name(name, data).map(|(model, _)| model.name)
}

fn program(model: &Candidate, context: u32) -> Program {
    Program::llama(&model.file, model.memory, context)
}
