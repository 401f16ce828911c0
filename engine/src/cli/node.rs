//! `loqa node`: the machines that belong to the household besides the hub.

use super::{Common, hidden, link::Link, output};
use jiff::{Timestamp, tz::TimeZone};
use loqa_protocol::{ClientFrame, Hears, NodeEdit, NodeId, NodeSettings, Problem};
use serde_json::Value;
use std::{
    io::{self, BufRead, Write},
    ops::ControlFlow,
    process::ExitCode,
};

/// Subcommands of `loqa node`. Where an owner has a PIN, it is asked for before anything is changed.
#[derive(clap::Subcommand)]
pub enum NodeCommand {
    /// Pair a node: shows a QR code and 8 digits to give to it, or takes what it shows
    Pair {
        /// The 8 digits that the node shows
        #[arg(long, value_name = "DIGITS", conflicts_with = "qr")]
        code: Option<String>,
        /// What the node's QR code holds
        #[arg(long, value_name = "TEXT")]
        qr: Option<String>,
    },
    /// Nodes that are paired
    List,
    /// Have a node belong to the household no more
    Revoke {
        /// Its name, or the first digits of its id
        node: String,
    },
    /// Call a node otherwise
    Rename {
        /// Its name, or the first digits of its id
        node: String,
        /// As people call it from now on
        name: String,
    },
    /// Tell which room a node is in
    Room {
        /// Its name, or the first digits of its id
        node: String,
        /// The room's id; empty: in none
        room: String,
    },
    /// Say how loud a puck is
    Volume {
        /// Its name, or the first digits of its id
        node: String,
        /// 0 to 100
        #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
    /// Have a puck hear nothing: its microphone is shut, and its light shows it
    Mute {
        /// Its name, or the first digits of its id
        node: String,
        /// Whether it is muted
        #[arg(default_value = "on", value_parser = ["on", "off"])]
        muted: String,
    },
    /// Say whose words may leave the hub for a node that runs models
    Hears {
        /// Its name, or the first digits of its id
        node: String,
        /// All that are said in the house, those that may be kept anyway, or none
        #[arg(value_parser = Hears::ALL.map(Hears::name))]
        words: String,
    },
}

/// Does it.
pub async fn run(common: &Common, command: NodeCommand) -> Result<ExitCode, Problem> {
    let mut link = match command {
        // A node that was paired looks for the hub next.
        NodeCommand::Pair { .. } => Link::to_hub(common).await?,
        _ => Link::open(common).await?,
    };
    let done = of(common, &mut link, command).await;
    link.close().await;
    done
}

async fn of(common: &Common, link: &mut Link, command: NodeCommand) -> Result<ExitCode, Problem> {
    let now = link.document(|id| ClientFrame::Nodes { id, on: true });
    let now = now.await?;
    let (edit, done) = match command {
        NodeCommand::List => {
            list(common, &now);
            return Ok(ExitCode::SUCCESS);
        }
        NodeCommand::Pair { code, qr } => {
            let pin = hidden::owners_pin(&now)?;
            return pair(common, link, &pin, code.or(qr)).await;
        }
        NodeCommand::Revoke { node } => {
            let (id, name) = find(&now, &node)?;
            let done = format!("{name} does not belong to this household any more.");
            (NodeEdit::Revoke(id), done)
        }
        NodeCommand::Rename { node, name } => {
            let (node, before) = find(&now, &node)?;
            let done = format!("{before} is called {name}.");
            let to = NodeSettings {
                name: Some(name),
                ..NodeSettings::default()
            };
            (NodeEdit::Set { node, to }, done)
        }
        NodeCommand::Room { node, room } => {
            let (node, name) = find(&now, &node)?;
            let done = match room.as_str() {
                "" => format!("{name} is in no room."),
                room => format!("{name} is in the room {room}."),
            };
            let to = NodeSettings {
                room: Some(room),
                ..NodeSettings::default()
            };
            (NodeEdit::Set { node, to }, done)
        }
        NodeCommand::Volume { node, percent } => {
            let (node, name) = find(&now, &node)?;
            let done = format!("{name} speaks at {percent} percent.");
            let to = NodeSettings {
                volume: Some(percent),
                ..NodeSettings::default()
            };
            (NodeEdit::Set { node, to }, done)
        }
        NodeCommand::Mute { node, muted } => {
            let (node, name) = find(&now, &node)?;
            let muted = muted == "on";
            let done = match muted {
                true => format!("{name} hears nothing."),
                false => format!("{name} hears its phrase again."),
            };
            let to = NodeSettings {
                muted: Some(muted),
                ..NodeSettings::default()
            };
            (NodeEdit::Set { node, to }, done)
        }
        NodeCommand::Hears { node, words } => {
            let (node, name) = find(&now, &node)?;
            let hears = Hears::ALL.into_iter().find(|it| it.name() == words);
            let done = match hears {
                Some(Hears::Nothing) => format!("{name} works on nobody's words."),
                Some(Hears::Kept) => format!("{name} works on words that may be kept."),
                _ => format!("{name} works on all that is said in the house."),
            };
            let to = NodeSettings {
                hears,
                ..NodeSettings::default()
            };
            (NodeEdit::Set { node, to }, done)
        }
    };
    let pin = hidden::owners_pin(&now)?;
    let changed = link.document(|id| ClientFrame::EditNodes { id, pin, edit });
    changed.await?;
    if !common.json {
        output::print_line(&done);
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens pairing, waits for a node, has the person compare its words, and tells what came of it.
async fn pair(
    common: &Common,
    link: &mut Link,
    pin: &str,
    given: Option<String>,
) -> Result<ExitCode, Problem> {
    let edit = |edit: NodeEdit| {
        let pin = pin.to_owned();
        |id| ClientFrame::EditNodes { id, pin, edit }
    };
    let shows = given.is_none();
    let opened = given.map_or(NodeEdit::Open, NodeEdit::Given);
    let opened = link.document(edit(opened)).await?;
    if common.json {
        output::print_json(&opened);
    } else {
        told(&opened, shows)
            .iter()
            .for_each(|line| output::print_line(line));
    }
    let waits = waiting(link).await?;
    let Some((node, words, name)) = waits else {
        return Err(Problem {
            code: "not_paired".into(),
            message: "no node was paired".into(),
            help:
                "begin again with `loqa node pair`: a code is good for three minutes and five tries"
                    .into(),
        });
    };
    eprintln!("\n{name} has come. It must show these words:\n\n    {words}\n");
    let answer = match agreed()? {
        true => NodeEdit::Accept(node),
        false => NodeEdit::Close,
    };
    let accepts = matches!(answer, NodeEdit::Accept(_));
    let paired = link.document(edit(answer)).await?;
    if !accepts {
        output::print_line("It was turned away.");
        return Ok(ExitCode::FAILURE);
    }
    if common.json {
        output::print_json(&paired);
    } else {
        let name = paired["name"].as_str().unwrap_or_default();
        output::print_line(&format!("{name} belongs to this household."));
    }
    Ok(ExitCode::SUCCESS)
}

/// Until a node has come, or none can any more.
async fn waiting(link: &mut Link) -> Result<Option<(NodeId, String, String)>, Problem> {
    let mut waits = None;
    link.documents(|id| ClientFrame::Nodes { id, on: true }, &mut |now| {
        let pairing = &now["pairing"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match pairing["state"].as_str() {
            Some("open") => ControlFlow::Continue(()),
            Some("compare") => {
                let words = pairing["words"].as_array().cloned().unwrap_or_default();
                let words: Vec<String> = words.iter().map(text).collect();
                let node = text(&pairing["node"]["id"]).parse();
                let name = text(&pairing["node"]["name"]);
                waits = node.ok().map(|node| (node, words.join("  "), name));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Break(()),
        }
    })
    .await?;
    Ok(waits)
}

/// For people: what the node needs.
fn told(opened: &Value, shows: bool) -> Vec<String> {
    let addresses = opened["addresses"].as_array().cloned().unwrap_or_default();
    let addresses: Vec<&str> = addresses.iter().filter_map(Value::as_str).collect();
    let at = format!("This hub is at {}.", addresses.join(", "));
    if !shows {
        return vec![at, "Waiting for the node …".into()];
    }
    let text = |key: &str| opened[key].as_str().unwrap_or_default().to_owned();
    vec![
        text("drawn"),
        text("qr"),
        String::new(),
        format!("Scan this at the node, or type there: {}", text("code")),
        format!("It is good for three minutes. {at}"),
    ]
}

/// Whether the person says that the words match. Blocks: nothing else goes on here.
fn agreed() -> Result<bool, Problem> {
    eprint!("Do they match? Type yes or no: ");
    let _ = io::stderr().flush();
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Problem {
        code: "not_paired".into(),
        message: format!("the answer cannot be read: {error}"),
        help: "type yes or no, or accept the node on the dashboard".into(),
    })?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "yes" | "y"))
}

/// The node of this name, or whose id begins so.
fn find(now: &Value, who: &str) -> Result<(NodeId, String), Problem> {
    let nodes = now["nodes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let text = |node: &Value, key: &str| node[key].as_str().unwrap_or_default().to_owned();
    let is = |node: &&Value| {
        let begins = who.len() >= 4 && text(node, "id").starts_with(&who.to_lowercase());
        begins || text(node, "name").to_lowercase() == who.to_lowercase()
    };
    let mut found = nodes.iter().filter(is);
    let problem = |message: String, help: &str| Problem {
        code: "no_node".into(),
        message,
        help: help.into(),
    };
    match (found.next(), found.next()) {
        (Some(node), None) => {
            let id = text(node, "id").parse();
            let id = id.map_err(|_| problem("the hub names a node as none is".into(), "update it"));
            Ok((id?, text(node, "name")))
        }
        (None, _) => {
            let message = format!("there is no node `{who}`");
            Err(problem(message, "`loqa node list` tells which there are"))
        }
        _ => {
            let message = format!("more than one node is meant by `{who}`");
            Err(problem(message, "name it by more digits of its id"))
        }
    }
}

/// How loud a puck is, and whether it hears.
fn sound(node: &Value) -> String {
    let roles = node["roles"].as_array().into_iter().flatten();
    let volume = node["volume"].as_u64().unwrap_or(100);
    match (
        roles.into_iter().any(|it| it == "puck"),
        node["muted"] == true,
    ) {
        (false, _) => String::new(),
        (true, false) => format!("{volume} %"),
        (true, true) => format!("{volume} %, muted"),
    }
}

fn list(common: &Common, now: &Value) {
    let nodes = now["nodes"].as_array().cloned().unwrap_or_default();
    if common.json {
        return output::print_json(&now["nodes"]);
    }
    if nodes.is_empty() {
        output::print_line("No node is paired: `loqa node pair` pairs one.");
    }
    for node in nodes {
        let text = |key: &str| node[key].as_str().unwrap_or_default();
        let roles = node["roles"].as_array().cloned().unwrap_or_default();
        let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
        let at = Timestamp::from_millisecond(node["paired_at_ms"].as_i64().unwrap_or_default());
        let at = at.unwrap_or_default().to_zoned(TimeZone::system());
        let line = format!(
            "{}  {:<20} {:<18} {:<12} {:<14} paired {}",
            &text("id").get(..8).unwrap_or_default(),
            text("name"),
            roles.join(", "),
            text("room"),
            sound(&node),
            at.strftime("%Y-%m-%d")
        );
        output::print_line(&line);
        for model in node["models"].as_array().into_iter().flatten() {
            output::print_line(&format!("          {}", fetched(model)));
        }
    }
}

/// How far a model is on its way to a node, or why it does not get there.
fn fetched(model: &Value) -> String {
    let name = model["model"].as_str().unwrap_or_default();
    let number = |key: &str| model[key].as_u64().unwrap_or_default();
    match model["problem"]["message"].as_str() {
        Some(why) => {
            let help = model["problem"]["help"].as_str().unwrap_or_default();
            format!("{name} does not get there: {why}; {help}")
        }
        None => {
            let percent = 100 * number("here") / number("bytes").max(1);
            format!("{name} comes from this hub: {percent} %")
        }
    }
}
