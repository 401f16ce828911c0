//! kill -9 of the real hub at random instants while people command it, and what is there afterwards:
//! everything that was promised, once, and nothing that cannot have been asked for.

mod person;
mod thing;

use crate::{conversation::Conversation, program::Home, voices::Random};
use anyhow::{Context, Result, ensure};
use futures::future::{join, join_all};
use loqa_engine::store::{Household, Store};
pub use person::Given;
use person::Person;
use std::{
    collections::BTreeMap,
    fs,
    process::Stdio,
    time::{Duration, Instant},
};
use thing::{Thing, unix_ms};
use tokio::{runtime::Runtime, time::sleep};

/// People lose patience, tests too: something that has not happened by then does not happen.
const PATIENCE: Duration = Duration::from_secs(100);
/// The hub lives up to this long.
const LIFE_MS: usize = 400;
/// In one of so many rounds it is killed again before it is up.
const STILLBIRTHS: usize = 4;
/// In one of so many rounds a timer ends while it is off.
const BELLS: usize = 5;

/// A household whose hub is killed again and again.
pub struct Trial {
    home: Home,
    runtime: Runtime,
    random: Random,
    people: Vec<Person>,
    /// What was on the disk after the last kill.
    before: Household,
    /// Ended while the hub was off.
    bell: Option<Thing>,
    rounds: usize,
}

/// What one life of the hub and its death showed.
#[derive(Debug)]
pub struct Round {
    /// What the hub did with the commands.
    pub given: Given,
    /// Must be none.
    pub faults: Vec<Fault>,
    /// From its start until it was up.
    pub start: Duration,
}

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// An effect that was acknowledged is not there.
    Lost(String),
    /// An effect is there more than once.
    Doubled(String),
}

impl Trial {
    /// An empty household. The same seed gives the same commands and waits.
    ///
    /// # Errors
    /// The machine refuses a folder or threads.
    pub fn new(seed: u64) -> Result<Trial> {
        let mut random = Random::new(seed);
        let mut person = |syllable, lamp| Person::new(syllable, lamp, Random::new(random.bits()));
        let people = vec![
            person("lu", "floor lamp"),
            person("vo", "desk lamp"),
            person("ge", "night light"),
        ];
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        Ok(Trial {
            home: Home::new()?.deaf()?,
            runtime,
            random,
            people,
            before: Household::default(),
            bell: None,
            rounds: 0,
        })
    }

    /// One life of the hub: it starts, finds everything, is commanded, and is killed.
    ///
    /// # Errors
    /// The hub does not start, or does not answer at all.
    pub fn round(&mut self) -> Result<Round> {
        self.rounds += 1;
        let started = Instant::now();
        let process = self
            .home
            .hub()
            .context("the data folder was refused after a kill")?;
        let start = started.elapsed();

        let data = self.home.path("data");
        let mut faults = Vec::new();
        let life = Duration::from_micros(self.random.below(LIFE_MS * 1000) as u64);
        let (people, before, bell) = (&mut self.people, &self.before, self.bell.take());
        let leave_a_bell = self.rounds.is_multiple_of(BELLS);
        let live = async {
            let mut hub = Conversation::open(&data).await?;
            if let Some(bell) = &bell {
                rings(&mut hub, bell).await?;
            }
            compare(before, &hub.timers().await?, &mut faults);
            if let Some(bell) = bell {
                people[0].cancel(&mut hub, bell).await?;
            }
            if leave_a_bell {
                let bell = people[0].start_brief_timer(&mut hub).await?;
                drop(process);
                return Ok((
                    Given {
                        acknowledged: 1,
                        refused: 0,
                    },
                    Some(bell),
                ));
            }
            let busy = people
                .iter_mut()
                .map(|person| person.command_until_the_end(&data));
            let death = async {
                sleep(life).await;
                drop(process);
            };
            let (each, ()) = join(join_all(busy), death).await;
            Ok::<_, anyhow::Error>((each.into_iter().fold(Given::default(), Given::and), None))
        };
        let (given, bell) = self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, live)
                .await
                .context("the hub does not answer")?
        })?;
        if self.random.below(STILLBIRTHS) == 0 {
            self.kill_while_it_starts(start)?;
        }

        let found = self.post_mortem()?;
        for person in &mut self.people {
            faults.extend(person.examine(&found));
        }
        self.before = found;
        if let Some((bell, at_ms)) = bell {
            let left = u64::try_from(at_ms - unix_ms()).unwrap_or_default();
            std::thread::sleep(Duration::from_millis(left));
            self.bell = Some(bell);
        }
        Ok(Round {
            given,
            faults,
            start,
        })
    }

    fn kill_while_it_starts(&mut self, usual: Duration) -> Result<()> {
        let mut command = self.home.command(["hub"]);
        let mut hub = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        std::thread::sleep(usual.mul_f64(self.random.below(1000) as f64 / 1000.0));
        hub.kill()?;
        hub.wait()?;
        Ok(())
    }

    /// What is on the disk, read from a copy: the next hub finds things as the dead one left them.
    fn post_mortem(&self) -> Result<Household> {
        let copy = tempfile::tempdir()?;
        for file in ["loqa.db", "loqa.db-wal"] {
            let from = self.home.path("data").join(file);
            if from.exists() {
                fs::copy(from, copy.path().join(file))?;
            }
        }
        for file in ["keys/hub.key", "keys/household.key"] {
            fs::create_dir_all(copy.path().join("keys"))?;
            let from = self.home.path("data").join(file);
            // A hub that was killed before it had kept anything has none.
            if from.exists() {
                fs::copy(from, copy.path().join(file))?;
            }
        }
        let store = Store::open(copy.path()).context("the data of a killed hub is refused")?;
        Ok((*store.snapshot()).clone())
    }
}

/// Waits until a timer that has ended rings.
async fn rings(hub: &mut Conversation, bell: &Thing) -> Result<()> {
    loop {
        let timers = hub.timers().await?;
        let timer = timers
            .iter()
            .find(|timer| timer["name"] == bell.to_string());
        ensure!(
            timer.is_some(),
            "the timer {bell} ended while the hub was off, and is gone"
        );
        if timer.is_some_and(|timer| timer["state"] == "ringing") {
            return Ok(());
        }
        // The ceiling is the trial's patience.
        sleep(Duration::from_millis(2)).await;
    }
}

/// The hub tells what the disk held.
fn compare(disk: &Household, told: &[serde_json::Value], faults: &mut Vec<Fault>) {
    let mut count: BTreeMap<String, i32> = BTreeMap::new();
    for timer in disk.timers.values() {
        *count
            .entry(timer.name.clone().unwrap_or_default())
            .or_default() -= 1;
    }
    for timer in told {
        *count
            .entry(timer["name"].as_str().unwrap_or_default().to_owned())
            .or_default() += 1;
    }
    for (name, count) in count {
        match count {
            ..0 => faults.push(Fault::Lost(format!(
                "the timer {name} is on the disk, but the hub does not tell it"
            ))),
            0 => {}
            1.. => faults.push(Fault::Doubled(format!(
                "the timer {name} is told more often than it is on the disk"
            ))),
        }
    }
}
