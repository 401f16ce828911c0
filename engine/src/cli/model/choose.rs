//! `loqa model recommend` and `loqa model use`.

use super::problem;
use crate::{
    cli::{Common, output},
    config::Config,
    library::{Kind, Library, Machine},
    models,
};
use loqa_protocol::Problem;
use serde_json::json;
use std::process::ExitCode;

/// The model that suits this machine.
pub fn recommend(common: &Common, config: &Config, library: &Library) -> Result<ExitCode, Problem> {
    let machine = Machine::here();
    let language = &config.hearing.language;
    let Some(model) = machine.recommended(Kind::Stt, language, library.models()) else {
        return Err(problem(
            &format!("no model suits a machine with {}", machine.described()),
            "commands are understood without one",
        ));
    };
    let here = library.held()?.contains_key(&model.name);
    if common.json {
        output::print_json(&json!({
            "name": model.name,
            "here": here,
            "mib": model.mib,
            "memory": machine.memory,
            "processors": machine.processors,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let (name, described) = (&model.name, machine.described());
    output::print_line(&format!(
        "`{name}` {}: this machine has {described}",
        model.about
    ));
    output::print_line(&match here {
        true => format!("It is here: `loqa model bench {name}` measures how fast it is"),
        false => format!("`loqa model pull {name}` fetches it, {} MiB", model.mib),
    });
    Ok(ExitCode::SUCCESS)
}

/// Has the hub use a model from its next start on.
pub fn choose(common: &Common, config: &Config, name: &str) -> Result<ExitCode, Problem> {
    let value = models::use_model(config, Kind::Stt, name)?;
    let said = match name {
        "auto" => "the largest model that is here and fits hears what no command covers".into(),
        "none" => "what no command covers is not understood".into(),
        _ => format!("`{name}` hears what no command covers"),
    };
    output::print_line(&match common.json {
        true => json!({ "model": value }).to_string(),
        false => format!("{said}, from the hub's next start on"),
    });
    Ok(ExitCode::SUCCESS)
}
