//! `loqa audit`: whether what is kept is what was written, and what was done with it.

use super::{Common, link::Link, output, session::when};
use crate::chain::{CHANGES, WORDS};
use loqa_protocol::{ClientFrame, Problem};
use serde_json::Value;
use std::process::ExitCode;

/// What is in a chain: as the hub names it, and as people do.
const CHAINS: [(&str, &str); 2] = [
    (WORDS, "what was said"),
    (CHANGES, "people, skills and machines"),
];

/// Subcommands of `loqa audit`.
#[derive(clap::Subcommand)]
pub enum AuditCommand {
    /// Look whether all that is kept is what was written, and nothing is missing
    Verify {
        /// A head that you have written down elsewhere, as this command printed it
        #[arg(long, value_name = "WORD:ENTRIES:DIGITS")]
        head: Option<String>,
    },
    /// Print what was done with what is kept, and to people, skills and machines, as JSON lines
    Export,
}

/// Looks. Exit code 1 if something is not as it was written.
pub async fn run(common: &Common, command: AuditCommand) -> Result<ExitCode, Problem> {
    let noted = match &command {
        AuditCommand::Verify { head } => head.clone(),
        AuditCommand::Export => None,
    };
    let mut link = Link::open(common).await?;
    let audit = link.document(|id| ClientFrame::Audit { id, noted }).await;
    link.close().await;
    let audit = audit?;
    let broken = CHAINS.map(|(chain, _)| broken(&audit[chain]).len());
    match command {
        AuditCommand::Export => {
            for rows in ["deeds", "changed"] {
                let rows = audit[rows].as_array().map_or(&[][..], Vec::as_slice);
                rows.iter().for_each(output::print_json);
            }
        }
        AuditCommand::Verify { .. } if common.json => {
            let chains = CHAINS.map(|(chain, _)| (chain.to_owned(), audit[chain].clone()));
            output::print_json(&Value::Object(chains.into_iter().collect()));
        }
        AuditCommand::Verify { .. } => {
            for (chain, what) in CHAINS {
                show(chain, what, &audit[chain]);
            }
            if broken.iter().all(|broken| *broken == 0) {
                output::print_line(
                    "Write the heads down somewhere else: `loqa audit verify --head` will know if anything before one changes.",
                );
            }
        }
    }
    Ok(if broken.iter().all(|broken| *broken == 0) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn broken(verified: &Value) -> &[Value] {
    verified["broken"].as_array().map_or(&[], Vec::as_slice)
}

fn show(chain: &str, what: &str, verified: &Value) {
    if verified.is_null() {
        output::print_line(&format!("{what}: nothing was ever kept"));
        return;
    }
    let broken = broken(verified);
    for broken in broken {
        let says = broken["says"].as_str().unwrap_or_default();
        output::print_error(&format!("{what}: {says}"));
    }
    let head = &verified["head"];
    let (n, link) = (&head["n"], head["link"].as_str().unwrap_or_default());
    if broken.is_empty() {
        let (entries, erased) = (&verified["entries"], &verified["erased"]);
        output::print_line(&format!(
            "{what}: {entries} entries are what was written; {erased} are gone, as they should be"
        ));
        output::print_line(&format!(
            "head, {}: {chain}:{n}:{link}",
            when(&head["at_ms"])
        ));
    }
}
