//! `loqa model recommend` and `loqa model use`.

use super::problem;
use crate::{
    cli::{Common, link::Link, output},
    config::Config,
    library::{Kind, Library, Machine, Model},
    models,
};
use loqa_protocol::{Choice, ClientFrame, Problem};
use serde_json::json;
use std::{path::Path, process::ExitCode};

/// The models that suit this machine, one of each kind.
pub fn recommend(common: &Common, config: &Config, library: &Library) -> Result<ExitCode, Problem> {
    let machine = Machine::here();
    let language = &config.hearing.language;
    let held = library.held()?;
    let kinds = [Kind::Stt, Kind::Llm].into_iter();
    let suit = kinds.filter_map(|kind| machine.recommended(kind, language, library.models()));
    let suit: Vec<&Model> = suit.collect();
    if suit.is_empty() {
        return Err(problem(
            &format!("no model suits a machine with {}", machine.described()),
            "commands are understood without one",
        ));
    }
    if common.json {
        let suit = suit.iter().map(|model| {
            json!({
                "name": model.name,
                "for": model.kind,
                "here": held.contains_key(&model.name),
                "mib": model.mib,
            })
        });
        output::print_json(&json!({
            "models": suit.collect::<Vec<_>>(),
            "memory": machine.memory,
            "processors": machine.processors,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    output::print_line(&format!("This machine has {}.", machine.described()));
    for model in suit {
        let name = &model.name;
        output::print_line(&format!("`{name}` {}", model.about));
        output::print_line(&match held.contains_key(name) {
            true => "  It is here.".into(),
            false => format!("  `loqa model pull {name}` fetches it, {} MiB", model.mib),
        });
    }
    Ok(ExitCode::SUCCESS)
}

/// Has the hub use a model: at once, where one runs.
pub async fn choose(
    common: &Common,
    config: &Config,
    library: &Library,
    name: &str,
    kind: Option<For>,
) -> Result<ExitCode, Problem> {
    let kind = match kind {
        Some(For::Stt) => Kind::Stt,
        Some(For::Llm) => Kind::Llm,
        None => kind_of(library, name),
    };
    let value = models::named(config, kind, name)?;
    match Link::beside(&config.hub.data).await {
        Some(mut hub) => {
            let choice = Choice::Model(kind.name().into(), value.clone());
            let choose = |id| ClientFrame::Choose {
                id,
                choice: choice.clone(),
            };
            hub.change(choose).await?;
        }
        None => models::use_model(config, kind, name)?,
    }
    let (does, not) = match kind {
        Kind::Llm => ("answers", "answered"),
        _ => ("hears", "understood"),
    };
    let said = match name {
        "auto" => format!("the largest model that is here and fits {does} what no command covers"),
        "none" => format!("what no command covers is not {not}"),
        _ => format!("`{name}` {does} what no command covers"),
    };
    output::print_line(&match common.json {
        true => json!({ "model": value }).to_string(),
        false => said,
    });
    Ok(ExitCode::SUCCESS)
}

/// What a model is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum For {
    /// To hear what no command covers
    Stt,
    /// To answer it
    Llm,
}

/// What a model of the catalogue is for, or a file; whisper's, where it does not show.
pub fn kind_of(library: &Library, name: &str) -> Kind {
    let known = library.models().iter().find(|model| model.name == name);
    let is_gguf = Path::new(name).extension().is_some_and(|it| it == "gguf");
    let unknown = if is_gguf { Kind::Llm } else { Kind::Stt };
    known.map_or(unknown, |model| model.kind)
}
