//! `loqa dashboard`: where to look at the house in a browser.

mod password;
mod token;

use super::{Common, link::Link, output};
use loqa_protocol::{ClientFrame, Problem};
use qrcode::{QrCode, render::unicode::Dense1x2};
use serde_json::Value;
use std::process::ExitCode;

/// Arguments of `loqa dashboard`.
#[derive(clap::Args)]
pub struct DashboardArgs {
    #[command(subcommand)]
    command: Option<DashboardCommand>,
}

#[derive(clap::Subcommand)]
enum DashboardCommand {
    /// Choose a password that signs a browser in, beside the code that the hub shows
    Password(password::PasswordArgs),
    /// Make the token that lets programs in, and show it, this once
    Token(token::TokenArgs),
}

/// Shows the address with its code, and the same for a camera.
pub async fn run(common: &Common, args: DashboardArgs) -> Result<ExitCode, Problem> {
    match args.command {
        Some(DashboardCommand::Password(args)) => return password::run(common, &args),
        Some(DashboardCommand::Token(args)) => return token::run(common, &args),
        None => {}
    }
    let mut link = Link::to_hub(common).await?;
    let dashboard = link.document(|id| ClientFrame::Dashboard { id }).await?;
    link.close().await;
    if common.json {
        output::print_json(&dashboard);
        return Ok(ExitCode::SUCCESS);
    }
    output::print_line(&told(&dashboard));
    Ok(ExitCode::SUCCESS)
}

/// An address, for a camera.
pub fn drawn(address: &str) -> String {
    let drawn = QrCode::new(address).map(|code| {
        // Terminals are dark, mostly; what is drawn on them is the code's light part.
        let (light, dark) = (Dense1x2::Dark, Dense1x2::Light);
        code.render().light_color(light).dark_color(dark).build()
    });
    drawn.unwrap_or_default()
}

/// For people: what to open, the same for a camera, and what a tablet needs to trust it.
fn told(dashboard: &Value) -> String {
    let part = |name: &str| dashboard[name].as_str().unwrap_or_default();
    let (local, code) = (part("address"), part("code"));
    let house = |name: &str| dashboard["household"][name].as_str().unwrap_or_default();
    let (address, more) = match house("state") {
        "open" => (
            house("address"),
            format!(
                "\nOn this machine alone: {local}\n\n\
                 A browser warns of this address until it trusts the household's certificate:\n{}\n\
                 Only trust one with this SHA-256 fingerprint:\n{}\n",
                house("certificate"),
                house("fingerprint"),
            ),
        ),
        "failed" => (
            local,
            format!(
                "\nThe house cannot open it: {}\n  help: {}\n",
                house("message"),
                house("help")
            ),
        ),
        _ => (local, String::new()),
    };
    let link = format!("{address}#{code}");
    let drawn = drawn(&link);
    format!("{link}\n\nor {address} with the code {code}\n{more}\n{drawn}")
}
