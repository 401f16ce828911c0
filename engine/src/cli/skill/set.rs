//! `loqa skill settings` and `loqa skill set`: what a household sets for a skill.

use super::{said, shelf};
use crate::cli::{Common, output};
use loqa_protocol::Problem;
use serde_json::json;
use std::process::ExitCode;

/// Tells what can be set, and what it is.
pub fn tell(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let (_, shelf) = shelf(common)?;
    let (manifest, settings) = shelf.settings(name)?;
    for setting in &manifest.settings {
        let value = settings.get(&setting.name).unwrap_or(&setting.default);
        if common.json {
            output::print_json(&json!({
                "name": setting.name,
                "title": setting.title,
                "value": value,
                "default": setting.default,
                "can_be": setting.can_be(),
            }));
        } else {
            let own = if *value == setting.default {
                ""
            } else {
                ", set here"
            };
            output::print_line(&format!(
                "{} = {value}  ({}; {}{own})",
                setting.name,
                setting.title,
                setting.can_be()
            ));
        }
    }
    if manifest.settings.is_empty() && !common.json {
        output::print_line(&format!("{name} has nothing to set."));
    }
    Ok(ExitCode::SUCCESS)
}

/// Sets one, or has it be as the skill has it. A hub that runs follows.
pub fn set(
    common: &Common,
    name: &str,
    key: &str,
    value: Option<&str>,
) -> Result<ExitCode, Problem> {
    let (_, shelf) = shelf(common)?;
    let value = shelf.set(name, key, value)?;
    let document = json!({ "name": name, "setting": key, "value": value });
    Ok(said(common, &format!("{key} = {value}"), &document))
}
