//! The recogniser as it comes, for comparison: its own front end, its own noise removal, the mean
//! of each whole recording, one compact grammar of the same sentences, nothing rejected.

use anyhow::{Context as _, Result, ensure};
use loqa_tests::voices::write_wav;
use std::{fs, path::Path, process::Command};

const MODEL: &str = "/usr/share/pocketsphinx/model/en-us";

/// The words in every clip; `None`, with the reason on stderr, where the program is not installed.
///
/// # Errors
/// It fails.
pub fn transcribe(grammar: &str, clips: &[Vec<f32>]) -> Result<Option<Vec<String>>> {
    let model = Path::new(MODEL);
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    fs::write(file("grammar.jsgf"), grammar)?;
    let mut list = String::new();
    for (number, samples) in clips.iter().enumerate() {
        write_wav(&file(&format!("{number}.wav")), samples)?;
        list += &format!("{number}\n");
    }
    fs::write(file("list"), list)?;
    let program = Command::new("pocketsphinx_batch")
        .args(["-adcin", "yes", "-adchdr", "44", "-cepext", ".wav"])
        .arg("-cepdir")
        .arg(folder.path())
        .arg("-ctl")
        .arg(file("list"))
        .arg("-hyp")
        .arg(file("words"))
        .arg("-jsgf")
        .arg(file("grammar.jsgf"))
        .arg("-hmm")
        .arg(model.join("en-us"))
        .arg("-dict")
        .arg(model.join("cmudict-en-us.dict"))
        .output();
    let Ok(ran) = program else {
        eprintln!("skipped: no pocketsphinx_batch (apt-get install pocketsphinx)");
        return Ok(None);
    };
    ensure!(
        ran.status.success(),
        "pocketsphinx_batch: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let words = fs::read_to_string(file("words")).context("pocketsphinx_batch wrote no words")?;
    // A line a clip: words, then its name and score in parentheses.
    let words: Vec<String> = words
        .lines()
        .map(|line| line.rsplit_once('(').map_or(line, |(words, _)| words))
        .map(|words| words.trim().to_owned())
        .collect();
    ensure!(words.len() == clips.len(), "pocketsphinx_batch lost clips");
    Ok(Some(words))
}
