//! `loqa config`: where each setting comes from and what it means.

use super::{Common, output};
use crate::config::{Config, Entry};
use loqa_protocol::Problem;
use serde_json::json;
use std::process::ExitCode;

/// Arguments of `loqa config`.
#[derive(clap::Args)]
pub struct ConfigArgs {
    /// Print every setting with its value, its source and its meaning
    #[arg(long)]
    explain: bool,
}

/// Prints the settings in force.
pub fn run(common: &Common, args: ConfigArgs) -> Result<ExitCode, Problem> {
    let config = Config::load(&common.hub_options().flags)?;
    if args.explain && !common.json {
        output::print_line(config.explain().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    for entry in config.entries() {
        let Entry {
            key,
            value,
            source,
            help,
        } = entry;
        if common.json {
            output::print_json(
                &json!({ "key": key, "value": value, "source": source.to_string(), "help": help }),
            );
        } else {
            output::print_line(&format!("{key} = {value}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
