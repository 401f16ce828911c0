//! What somebody says that no command covers, and which boxes hear it.

use super::Scene;
use crate::{
    muscle, nodes,
    process::CEILING,
    program::{Home, Listener},
    voices::write_wav,
    whisper_model::Model,
};
use anyhow::{Context, Result, ensure};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// What was said is done so many ms after the last word, whatever becomes of those who hear it: 20 times of what a death may
/// add.
const LATEST_MS: f64 = 20.0 * 300.0;
/// Whoever has something to say does so by then.
const SOON: Duration = Duration::from_millis(5);
/// What somebody says now, and who hears it.
#[derive(Default)]
pub(super) struct Words {
    /// `loqa ask`, if they say it to the hub itself.
    asking: Option<Listener>,
    /// Boxes, and under which name each of them knows it.
    heard: Vec<(String, String)>,
    /// The last of them that was waited for.
    pub it: Option<String>,
}

impl Words {
    /// Somebody says something else now.
    pub fn begin(&mut self, asking: Option<Listener>) {
        (self.asking, self.heard) = (asking, Vec::new());
    }
}

impl Scene {
    pub(super) fn say(&mut self, hub: &str, said: &str) -> Result<()> {
        let house = self.hub(hub)?;
        write_wav(&house.home.path("heard.wav"), &nodes::said(said)?)?;
        let ask = house.home.command(["ask", "--json", "--wav", "heard.wav"]);
        let asking = Listener::start(house.machine.run(&ask))?;
        self.words.begin(Some(asking));
        Ok(())
    }

    /// Which boxes have begun to hear what is said, since it was looked.
    fn look(&mut self) {
        for (name, node) in self.nodes.iter_mut().filter(|(_, node)| node.hears) {
            while let Some(line) = node.running.as_mut().and_then(|it| it.next(SOON)) {
                if let Some((_, utterance)) = line
                    .split_once("a job begins")
                    .and_then(|(_, job)| job.split_once("utterance="))
                {
                    self.words.heard.push((name.clone(), utterance.to_owned()));
                }
            }
        }
    }

    /// Waits until words are heard, and until one more box hears them.
    pub(super) fn hearing(&mut self, hub: &str) -> Result<()> {
        let before = self.words.heard.len();
        if let Some(asking) = &mut self.words.asking
            && before == 0
        {
            asking.until("words", |it| it["subject"] == "stt.text.partial")?;
        }
        let deadline = Instant::now() + CEILING;
        while self.words.heard.len() == before {
            ensure!(Instant::now() < deadline, "nobody hears it");
            self.look();
        }
        self.words.it = self.words.heard.last().map(|(name, _)| name.clone());
        self.tell(&format!("a box hears it for {hub}"))
    }

    /// Waits for what comes of what was said to a hub itself.
    pub(super) fn heard(&mut self, hub: &str) -> Result<()> {
        let asking = self
            .words
            .asking
            .as_mut()
            .context("nobody has said anything")?;
        let turn = asking.until("the end", |it| it["subject"] == "turn.summary")?;
        self.same()?;
        if turn["rejected"] == true {
            return self.tell(&format!("{hub} has understood nothing"));
        }
        let took_ms = turn["result_ms"].as_f64();
        ensure!(
            took_ms.is_some_and(|it| it < LATEST_MS),
            "too late: {turn:#}"
        );
        let reply = turn["reply"].as_str().context("no reply")?;
        self.tell(&format!("{hub} says: {reply}"))
    }

    /// Whoever heard what was said knew it by the same name.
    pub(super) fn same(&mut self) -> Result<()> {
        self.look();
        let heard = &self.words.heard;
        let same = heard.windows(2).all(|two| two[0].1 == two[1].1);
        ensure!(same, "not the same utterance: {heard:#?}");
        Ok(())
    }

    /// Waits until so many boxes would take work.
    pub(super) fn ready(&self, hub: &str, count: usize) -> Result<()> {
        // Who has died often rests for two minutes.
        let deadline = Instant::now() + 2 * CEILING;
        loop {
            let list = self.hub(hub)?.nodes()?;
            let boxes = list.iter().filter(|node| node["roles"][0] == "inference");
            if boxes.filter(|node| muscle::ready(node)).count() >= count {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "fewer than {count}: {list:#?}");
        }
    }
}

/// A model that hears these words, whatever is said; its file.
pub(super) fn whisper(home: &Home, words: &str) -> Result<PathBuf> {
    let file = home.path("says.bin");
    Model::saying(words).write(&file)?;
    Ok(file)
}
