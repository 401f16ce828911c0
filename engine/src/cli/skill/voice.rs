//! `loqa skill test --voice`: a skill's examples in synthetic voices, through what a microphone's words
//! go through.

use super::trial::{Trial, meaning};
use crate::{
    cli::{
        demo::{meant, synthesise},
        link::Link,
        output,
    },
    hub::HubOptions,
};
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use std::path::Path;

/// Voices of flite, which differ from each other as people do.
const VOICES: [&str; 2] = ["slt", "rms"];

/// Says `sentences` to an engine of its own; how many it was, and how many of them were not heard as
/// they are meant.
///
/// # Errors
/// A [`Problem`] when the engine cannot hear or speak at all.
pub async fn run(
    folder: &Path,
    trial: &Trial,
    sentences: &[String],
) -> Result<(usize, usize), Problem> {
    let scratch = super::scratch_folder()?;
    let mut options = HubOptions::demonstration(scratch.path()).unpaced();
    options.flags.skills = vec![folder.to_owned()];
    let mut link = Link::embed(options).await?;
    let (mut said, mut failed) = (0, 0);
    for text in sentences {
        let wanted = trial.steps(text).unwrap_or_default();
        let wanted: Vec<String> = wanted.iter().map(meaning).collect();
        let wanted = wanted.join(" + ");
        for voice in VOICES {
            let mut stimulus = synthesise(&mut link, voice, text).await?;
            stimulus.fast = true;
            let mut heard = None;
            let on = &mut |frame| {
                if let ServerFrame::Turn { summary, .. } = frame {
                    heard = Some(summary);
                }
            };
            link.speak(stimulus, on).await?;
            said += 1;
            let line = match &heard {
                Some(summary) if !summary.rejected && meant(summary) == wanted => "well".into(),
                Some(summary) if summary.rejected || summary.text.is_empty() => {
                    "NOT WELL: nothing that Loqa is sure of".into()
                }
                Some(summary) => format!("NOT WELL: “{}”, {}", summary.text, meant(summary)),
                None => "NOT WELL: no answer".to_owned(),
            };
            failed += usize::from(line != "well");
            output::print_line(&format!("{text}\n    heard  {line}  ({voice})"));
            // Whatever it asks is not answered by the next example.
            let text = "never mind".to_owned();
            let ask = |id| ClientFrame::Ask { id, text };
            if heard.is_some_and(|summary| summary.asks()) {
                link.request(ask, &mut |_| {}).await?;
            }
        }
    }
    link.close().await;
    Ok((said, failed))
}
