//! `loqa audit`: whether what is kept is what was written, and what was done with it.

use super::{Common, link::Link, output, session::when};
use loqa_protocol::{ClientFrame, Problem};
use serde_json::Value;
use std::process::ExitCode;

/// Subcommands of `loqa audit`.
#[derive(clap::Subcommand)]
pub enum AuditCommand {
    /// Look whether all that is kept is what was written, and nothing is missing
    Verify {
        /// A head that you have written down elsewhere, as this command printed it
        #[arg(long, value_name = "ENTRIES:DIGITS")]
        head: Option<String>,
    },
    /// Print what was done with what is kept, consents included, as JSON lines
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
    let broken = audit["verified"]["broken"].as_array().map_or(0, Vec::len);
    match command {
        AuditCommand::Export => {
            let deeds = audit["deeds"].as_array().map_or(&[][..], Vec::as_slice);
            deeds.iter().for_each(output::print_json);
        }
        AuditCommand::Verify { .. } if common.json => output::print_json(&audit["verified"]),
        AuditCommand::Verify { .. } => show(&audit["verified"]),
    }
    Ok(if broken == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn show(verified: &Value) {
    if verified.is_null() {
        output::print_line("nothing was ever kept");
        return;
    }
    let broken = verified["broken"].as_array().map_or(&[][..], Vec::as_slice);
    for broken in broken {
        output::print_error(&broken["says"].as_str().unwrap_or_default());
    }
    let head = &verified["head"];
    let (n, link) = (&head["n"], head["link"].as_str().unwrap_or_default());
    if broken.is_empty() {
        let (entries, erased) = (&verified["entries"], &verified["erased"]);
        output::print_line(&format!(
            "{entries} entries are what was written; {erased} were erased, as noted"
        ));
        output::print_line(&format!("head, {}: {n}:{link}", when(&head["at_ms"])));
        output::print_line(
            "Write the head down somewhere else: `loqa audit verify --head` will know if anything before it changes.",
        );
    }
}
