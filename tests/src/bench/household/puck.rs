//! `loqa-node` as a puck: what the program takes that a room's microphone and speaker need.

use super::{House, node_program};
use crate::{
    figure::{Goal, Report},
    memory::mib,
};
use anyhow::{Context as _, Result, ensure};
use loqa_tests::{process::Process, program::Home, voices::write_wav};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
    thread::sleep,
    time::Duration,
};

/// Until it hears the room as it will from then on.
const SETTLING: Duration = Duration::from_secs(5);
/// Longer than that, and no more: what is recorded lies in memory, which a microphone does not.
const SILENCE_S: usize = 8;

/// Reports its memory, linked and waiting to be called.
pub fn measure(folder: &Path, report: &mut Report) -> Result<()> {
    let house = House::open(folder, 1)?;
    let hub = super::hub(folder, 1, "127.0.0.1:0", None)?;
    let at = hub.address.context("the hub is nowhere")?;
    let home = Home::new()?;
    write_wav(&home.path("silence.wav"), &vec![0.0; SILENCE_S * 16_000])?;
    home.write("node.toml", "name = \"Kitchen puck\"\n")?;
    let mut node = std::process::Command::new(node_program()?);
    home.surround(&mut node);
    node.args(["run", "--wav", "silence.wav", "--out", "answered.wav"])
        .args(["--config", "node.toml", "--hub", &at.to_string(), "--data"])
        .arg(house.node_folder(0)?);
    let node = Process::start(node.stderr(Stdio::piped()))?;
    let used = linked(node)?;
    let mut figure = |metric: &str, value: f64, goal| {
        report.figure("household", metric, Some(value), "MiB", goal);
    };
    // 30 MB, as those who sell memory count.
    figure("puck_memory_all", used[0], Goal::AtMost(28.6));
    figure("puck_memory_own", used[1], Goal::None);
    Ok(())
}

/// All that it has in memory, and what no other could use as well.
fn linked(mut node: Process) -> Result<[f64; 2]> {
    let told = node.0.stderr.take().context("no output")?;
    let mut told = BufReader::new(told);
    let mut line = String::new();
    while !line.contains("Linked to") {
        line.clear();
        ensure!(told.read_line(&mut line)? > 0, "loqa-node has ended");
    }
    sleep(SETTLING);
    let id = node.0.id();
    Ok([mib(id, &["Rss"])?, mib(id, &["Anonymous"])?])
}
