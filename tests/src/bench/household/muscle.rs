//! What other machines that hear any words cost a command, which the hub hears itself; and what it costs that one of them is
//! killed while somebody speaks. Real programs, in a network of their own.

use crate::figure::{Goal, Report, quantile};
use anyhow::{Context as _, Result, ensure};
use loqa_tests::{
    lan::{Family, Lan, refused},
    muscle::{Muscle, ready, until, works},
    program::{Ended, Home, Hub},
    whisper_model::Model,
};
use std::{path::Path, process::Stdio};

/// What the hub understands itself, and what it does not.
const COMMAND: &str = "turn on the kitchen lights";
const ODD: &str = "purple elephants dance all around the green garden";

/// Reports both, of so many turns each.
pub fn measure(turns: usize, report: &mut Report) -> Result<()> {
    if let Some(why) = refused() {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let mut lan = Lan::new(Family::Both)?;
    let (house, attic, cellar) = (lan.machine()?, lan.machine()?, lan.machine()?);
    let home = Home::new()?;
    let model = home.path("says.bin");
    Model::saying("turn off the kitchen lights").write(&model)?;
    let model = format!("whisper = {model:?}");
    for (name, words) in [("command.wav", COMMAND), ("odd.wav", ODD)] {
        let said = home.run(["say", words, "--out", name])?;
        ensure!(said.code == Some(0), "{said:#?}");
    }
    let _hub = Hub::start(house.run(&home.command(["hub"])))?;
    let command = || ask(&home, "command.wav", "result_ms");
    // The first to call a skill waits for its machine code.
    command()?;
    let alone = all(turns, command)?;

    let mut nodes = [
        Muscle::new(&home, "attic", &model, Some(attic))?,
        Muscle::new(&home, "cellar", &model, Some(cellar))?,
    ];
    let beside = all(turns, command)?;
    let mut figure = |metric: &str, value: Option<f64>, goal| {
        report.figure("household", metric, value, "ms", goal);
    };
    let median = |values: &[f64]| quantile(values, 0.5);
    figure("command_alone_p50", median(&alone), Goal::None);
    figure("command_beside_nodes_p50", median(&beside), Goal::None);
    let added = median(&beside).zip(median(&alone)).map(|(a, b)| a - b);
    figure("offload_adds", added, Goal::AtMost(5.0));

    // Each of them has done it before.
    let heard = || ask(&home, "odd.wav", "result_ms");
    for _ in 0..2 {
        heard()?;
    }
    let whole = all(turns, heard)?;
    let broken = all(turns, || death(&home, &mut nodes))?;
    let p95 = |values: &[f64]| quantile(values, 0.95);
    figure("any_words_p50", median(&whole), Goal::None);
    figure("any_words_p95", p95(&whole), Goal::None);
    figure("death_p50", median(&broken), Goal::None);
    figure("death_p95", p95(&broken), Goal::None);
    let added = p95(&broken).zip(p95(&whole)).map(|(a, b)| a - b);
    figure("death_adds_p95", added, Goal::AtMost(300.0));
    Ok(())
}

fn all(turns: usize, mut one: impl FnMut() -> Result<f64>) -> Result<Vec<f64>> {
    (0..turns).map(|_| one()).collect()
}

fn ask(home: &Home, file: impl AsRef<Path>, figure: &str) -> Result<f64> {
    let file = file.as_ref().to_str().context("no name")?;
    told(&home.run(["ask", "--json", "--wav", file])?, figure)
}

fn told(ended: &Ended, figure: &str) -> Result<f64> {
    let turns = ended.turns()?;
    ensure!(turns[0]["intent"].is_string(), "{turns:#?}");
    turns[0][figure].as_f64().context("no figure")
}

/// Somebody speaks, and whoever hears it is killed in the middle.
fn death(home: &Home, nodes: &mut [Muscle<'_>]) -> Result<f64> {
    until(home, |list| list.iter().all(ready))?;
    let mut asking = home.command(["ask", "--json", "--wav", "odd.wav"]);
    let asking = asking.stdout(Stdio::piped()).stderr(Stdio::piped());
    let asking = asking.spawn()?;
    let list = until(home, |list| list.iter().any(works))?;
    let working = list.iter().find(|node| works(node));
    let name = working.and_then(|node| node["name"].as_str());
    let mut named = nodes.iter_mut().filter(|node| Some(node.name) == name);
    let node = named.next().context("nobody works")?;
    node.kill();
    let took = told(&asking.wait_with_output()?.into(), "result_ms")?;
    node.start()?;
    Ok(took)
}
