//! `loqa devices`: the microphones and speakers of this machine, which are used, and how loud it is.

use super::{Common, hub::interrupted, link::Link, output};
use crate::{
    config::Config,
    sounds::{Direction, METER_FRAMES, MICROPHONE, QUIET_DB, SPEAKER, Side, is_chosen, loudness},
};
use futures::StreamExt;
use loqa_core::seams::{Microphone, MicrophoneEvent};
use loqa_inference::{capture::DeviceMicrophone, sound};
use loqa_protocol::{Choice, ClientFrame, Problem};
use serde_json::json;
use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

/// Characters of the meter.
const WIDTH: usize = 40;

/// Arguments of `loqa devices`.
#[derive(clap::Args)]
pub struct DevicesArgs {
    /// Listen through this microphone from now on ("default": the system's own choice; "none")
    #[arg(long, value_name = "NAME")]
    input: Option<String>,
    /// Speak through this speaker from now on ("default": the system's own choice; "none")
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// Show how loud the microphone hears, until Ctrl-C
    #[arg(long)]
    level: bool,
}

const SIDES: [Side; 2] = [MICROPHONE, SPEAKER];

/// Lists, chooses or measures.
pub async fn run(common: &Common, args: DevicesArgs) -> Result<ExitCode, Problem> {
    let flags = common.hub_options().flags;
    let mut config = Config::load(&flags)?;
    for (side, wanted) in SIDES.iter().zip([&args.input, &args.output]) {
        if let Some(wanted) = wanted {
            let id = side.id_of(wanted)?;
            tell_hub(common, side, &id).await?;
            config.remember(side.section, side.key, &id)?;
        }
    }
    if args.input.is_some() || args.output.is_some() {
        config = Config::load(&flags)?;
    }
    if args.level {
        return level(&config, common.json).await;
    }
    for side in &SIDES {
        list(side, &config, common.json);
    }
    Ok(ExitCode::SUCCESS)
}

/// A hub that is running uses it at once, or says why it cannot.
async fn tell_hub(common: &Common, side: &Side, id: &str) -> Result<(), Problem> {
    let Ok(mut link) = Link::to_hub(common).await else {
        return Ok(());
    };
    let choice = match side.direction {
        Direction::Input => Choice::Microphone(id.into()),
        Direction::Output => Choice::Speaker(id.into()),
    };
    let told = link
        .request(|id| ClientFrame::Choose { id, choice }, &mut |_| {})
        .await;
    link.close().await;
    told
}

fn list(side: &Side, config: &Config, json: bool) {
    let devices = sound::devices(side.direction);
    let chosen = side.chosen(config);
    if json {
        for device in &devices {
            output::print_json(&side.document(device, chosen));
        }
        return;
    }
    if devices.is_empty() {
        let still = match side.direction {
            Direction::Input => "typed commands work, and the hub looks for one every second",
            Direction::Output => "replies are shown, not heard",
        };
        output::print_line(&format!("There is no {}: {still}.", side.name));
        return;
    }
    output::print_line(&format!("{}s:", capital(side.name)));
    for device in &devices {
        let mark = if is_chosen(device, chosen) { '*' } else { ' ' };
        let default = if device.is_default { " (default)" } else { "" };
        output::print_line(&format!("  {mark} {}{default}  {}", device.id, device.name));
    }
    if chosen == "none" {
        output::print_line("    none is used: the settings say so");
    } else if !devices.iter().any(|device| is_chosen(device, chosen)) {
        output::print_line(&format!(
            "  * {chosen}  chosen, but not there; it is used when it is back"
        ));
    }
}

/// Shows the level until Ctrl-C, or until nobody reads.
async fn level(config: &Config, json: bool) -> Result<ExitCode, Problem> {
    let name = match config.listen.microphone.as_str() {
        "none" => sound::DEFAULT,
        name => name,
    };
    let mut events = DeviceMicrophone::new(name).listen();
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    let mut heard: Vec<f32> = Vec::new();
    let mut there = false;
    loop {
        let event = tokio::select! {
            () = &mut interrupted => {
                if !json {
                    output::print_line("");
                }
                return Ok(ExitCode::SUCCESS);
            }
            event = events.next() => event,
        };
        match event {
            None => return Ok(ExitCode::SUCCESS),
            Some(MicrophoneEvent::Found(name)) => {
                there = true;
                if !json {
                    output::print_line(&format!("Listening on “{name}”; Ctrl-C stops it."));
                }
            }
            Some(MicrophoneEvent::Lost(reason)) => {
                there = false;
                eprintln!(
                    "note: there is no microphone: {reason}\n  help: connect one; it is looked for every second"
                );
            }
            Some(MicrophoneEvent::Frame(frame)) if there => heard.extend(frame.samples.iter()),
            Some(MicrophoneEvent::Frame(_)) => {}
        }
        if heard.len() >= METER_FRAMES * loqa_core::seams::FRAME_SAMPLES {
            show(&heard, json);
            heard.clear();
        }
    }
}

fn show(samples: &[f32], json: bool) {
    let (level_db, peak) = loudness(samples);
    if json {
        output::print_json(&json!({ "level_db": level_db.round(), "peak": peak }));
        return;
    }
    let bars = (WIDTH as f32 * (1.0 - level_db / QUIET_DB)).round() as usize;
    let meter = format!("{:<WIDTH$}", "#".repeat(bars));
    let loud = if peak >= 0.99 { "  too loud" } else { "" };
    let line = format!("  [{meter}] {level_db:4.0} dB{loud}");
    if std::io::stdout().is_terminal() {
        print!("\r\x1b[2K{line}");
        let _ = std::io::stdout().flush();
    } else {
        output::print_line(&line);
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
