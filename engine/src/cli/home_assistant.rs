//! `loqa home-assistant`: which Home Assistant the house has.

use super::{Common, hidden, outgoing::Outgoing, output};
use crate::{
    config::Config,
    egress::Address,
    gateway::Client,
    home_assistant::{self, Found, Place, Trouble, token},
};
use loqa_protocol::Problem;
use serde_json::json;
use std::process::ExitCode;

/// Subcommands of `loqa home-assistant`.
#[derive(clap::Subcommand)]
pub enum HomeAssistantCommand {
    /// Have the house of a Home Assistant be part of this one: asks for a long-lived access token
    Connect {
        /// What Home Assistant is opened with, such as http://homeassistant.local:8123
        url: String,
    },
    /// Tell whether Home Assistant is there and lets Loqa in
    Status,
    /// Forget Home Assistant, its token and its house
    Disconnect,
}

/// Runs one of them.
pub async fn run(common: &Common, command: HomeAssistantCommand) -> Result<ExitCode, Problem> {
    let config = Config::load(&common.flags())?;
    match command {
        HomeAssistantCommand::Connect { url } => connect(common, &config, &url).await,
        HomeAssistantCommand::Status => status(common, &config).await,
        HomeAssistantCommand::Disconnect => disconnect(common, &config).await,
    }
}

async fn connect(common: &Common, config: &Config, url: &str) -> Result<ExitCode, Problem> {
    let address: Address = url.parse().map_err(|error| Problem {
        code: "home_assistant_url".into(),
        message: format!("{error}"),
        help: String::new(),
    })?;
    let token = hidden::ask("token", "Long-lived access token: ")?;
    let token = token.trim();
    if token.is_empty() {
        return Err(Trouble::NoToken.into());
    }
    let found = try_out(config, &address, token).await?;
    let data = &config.hub.data;
    let place = tokio::task::block_in_place(|| token::keep(data, &address, token))?;
    config.remember("home_assistant", "url", &address.to_string())?;
    if common.json {
        output::print_json(&document(&address, &place, &found));
        return Ok(ExitCode::SUCCESS);
    }
    output::print_line(&told(&address, &found));
    output::print_line(&match place {
        Place::Keyring => "The token is in the keyring.".into(),
        Place::File(file) => format!(
            "There is no keyring: the token is in {}, which only you can read.",
            file.display()
        ),
    });
    tell_hub(config, "so that it knows these rooms and devices").await;
    Ok(ExitCode::SUCCESS)
}

async fn status(common: &Common, config: &Config) -> Result<ExitCode, Problem> {
    let Some(address) = config.home_assistant.address() else {
        if common.json {
            output::print_json(&json!({ "url": null }));
        } else {
            output::print_line(
                "none; `loqa home-assistant connect URL` makes one part of this house",
            );
        }
        return Ok(ExitCode::SUCCESS);
    };
    let token = tokio::task::block_in_place(|| token::find(&config.hub.data, &address));
    let (token, place) = token.ok_or(Trouble::NoToken)?;
    let found = try_out(config, &address, &token).await?;
    if common.json {
        output::print_json(&document(&address, &place, &found));
    } else {
        output::print_line(&told(&address, &found));
    }
    Ok(ExitCode::SUCCESS)
}

async fn disconnect(common: &Common, config: &Config) -> Result<ExitCode, Problem> {
    let data = &config.hub.data;
    let mut was = false;
    if let Some(address) = config.home_assistant.address() {
        was = true;
        tokio::task::block_in_place(|| token::forget(data, &address))?;
        config.remember("home_assistant", "url", "")?;
    }
    home_assistant::forget(data).map_err(|error| Problem {
        code: "home_assistant".into(),
        message: format!("cannot forget its house: {error}"),
        help: "see who owns the data folder".into(),
    })?;
    if common.json {
        output::print_json(&json!({ "url": null }));
    } else if was {
        output::print_line(
            "Home Assistant is forgotten here. Delete the token there as well (your profile, Security).",
        );
        tell_hub(config, "so that it forgets these rooms and devices").await;
    } else {
        output::print_line("There was none.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn try_out(config: &Config, address: &Address, token: &str) -> Result<Found, Problem> {
    let mut outgoing = Outgoing::of(config);
    let egress = outgoing.border().to([address.clone()]);
    let found = home_assistant::try_out(&egress, address, token).await;
    outgoing.tell().await;
    Ok(found?)
}

fn told(address: &Address, found: &Found) -> String {
    let Found { version, exposed } = found;
    let what = match exposed {
        0 => "exposes nothing to voice assistants yet: choose what it does in its settings, under Voice assistants".to_owned(),
        1 => "exposes 1 entity to voice assistants".to_owned(),
        _ => format!("exposes {exposed} entities to voice assistants"),
    };
    format!("Home Assistant {version} at {address} {what}.")
}

fn document(address: &Address, place: &Place, found: &Found) -> serde_json::Value {
    json!({
        "url": address.to_string(),
        "version": found.version,
        "exposed": found.exposed,
        "token": place,
    })
}

/// What a hub that runs was told at its start stays until its end.
async fn tell_hub(config: &Config, why: &str) {
    if Client::connect(&config.hub.data).await.is_some() {
        output::print_line(&format!("A hub is running: start it again, {why}."));
    }
}
