//! `loqa ask`: turns of one conversation, typed or from recordings.

use super::{
    Common,
    link::{Link, Stimulus},
    output,
};
use loqa_inference::wav;
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use std::{path::PathBuf, process::ExitCode};

/// Arguments of `loqa ask`.
#[derive(clap::Args)]
pub struct AskArgs {
    /// Sentences, one turn each: quote a sentence of several words
    #[arg(value_name = "TEXT", required_unless_present = "wav")]
    text: Vec<String>,
    /// Recordings of one spoken command each, fed in real time
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "text")]
    wav: Vec<PathBuf>,
    /// Feed recordings as fast as they can be understood
    #[arg(long, requires = "wav")]
    fast: bool,
}

/// Asks; fails if a recording could not be read or the engine could not work.
pub async fn run(common: &Common, args: AskArgs) -> Result<ExitCode, Problem> {
    let mut link = Link::open(common).await?;
    let mut code = ExitCode::SUCCESS;
    for text in args.text {
        let frame = |id| ClientFrame::Ask { id, text };
        if let Err(problem) = ask(&mut link, common.json, None, Turn::Typed(frame)).await {
            output::print_error(&problem);
            code = ExitCode::FAILURE;
        }
    }
    for path in args.wav {
        let name = path.display().to_string();
        let recording = match wav::read(&path) {
            Ok(samples) => samples,
            Err(error) => {
                output::print_error(&error);
                code = ExitCode::FAILURE;
                continue;
            }
        };
        let stimulus = Stimulus {
            file: Some(name.clone()),
            samples: recording,
            speech_end: None,
            fast: args.fast,
        };
        if let Err(problem) = ask(
            &mut link,
            common.json,
            Some(name),
            Turn::<fn(u32) -> ClientFrame>::Spoken(stimulus),
        )
        .await
        {
            output::print_error(&problem);
            code = ExitCode::FAILURE;
        }
    }
    link.close().await;
    Ok(code)
}

enum Turn<F: FnOnce(u32) -> ClientFrame> {
    Typed(F),
    Spoken(Stimulus),
}

async fn ask<F: FnOnce(u32) -> ClientFrame>(
    link: &mut Link,
    json: bool,
    file: Option<String>,
    turn: Turn<F>,
) -> Result<(), Problem> {
    let mut live = output::LiveTurn::default();
    if let (Some(file), false) = (&file, json) {
        output::print_line(&format!("{file}:"));
    }
    let mut show = |frame: ServerFrame| match frame {
        ServerFrame::Event { envelope, .. } if json => output::print_json(&envelope.document()),
        ServerFrame::Event { envelope, .. } => live.show(&envelope),
        ServerFrame::Turn { summary, .. } if json => {
            output::print_json(&output::summary_json(&summary))
        }
        ServerFrame::Turn { summary, .. } => live.end(&summary),
        _ => {}
    };
    match turn {
        Turn::Typed(frame) => link.request(frame, &mut show).await,
        Turn::Spoken(stimulus) => link.speak(stimulus, &mut show).await,
    }
}
