//! Somebody who commands the hub until it dies, and remembers what it promised.

use super::{
    Fault,
    thing::{State, Thing, unix_ms},
};
use crate::{conversation::Conversation, voices::Random};
use anyhow::{Result, ensure};
use loqa_engine::store::{Household, TimerPhase};
use std::{collections::BTreeMap, path::Path};

/// A timer this long does not end while faults are looked for.
const HOURS: [&str; 4] = ["two", "three", "four", "five"];
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// More timers and items than this, and one of them has to go.
const PLENTY: usize = 8;

/// A sentence and what it makes of a thing.
struct Command {
    say: String,
    thing: Thing,
    /// `None`: it is gone.
    then: Option<State>,
}

/// See the module.
pub struct Person {
    syllable: &'static str,
    lamp: &'static str,
    named: usize,
    random: Random,
    /// What must be there.
    kept: BTreeMap<Thing, State>,
    /// What an unanswered command would have made.
    doubtful: Option<(Thing, Option<State>)>,
}

/// What the hub did with commands while somebody gave them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Given {
    /// Promised to be done.
    pub acknowledged: usize,
    /// Answered by something else, such as "that has just changed".
    pub refused: usize,
}

impl Given {
    /// Both together.
    pub fn and(self, other: Given) -> Given {
        Given {
            acknowledged: self.acknowledged + other.acknowledged,
            refused: self.refused + other.refused,
        }
    }
}

impl Person {
    /// Whose things are called by a syllable of its own.
    pub fn new(syllable: &'static str, lamp: &'static str, random: Random) -> Person {
        Person {
            syllable,
            lamp,
            named: 0,
            random,
            kept: BTreeMap::new(),
            doubtful: None,
        }
    }

    /// Gives the hub of a data folder commands, one after the other, until it is gone.
    pub async fn command_until_the_end(&mut self, data: &Path) -> Given {
        let mut given = Given::default();
        // It may be gone before the first word.
        let Ok(mut hub) = Conversation::open(data).await else {
            return given;
        };
        loop {
            let command = self.command();
            match self.give(&mut hub, command).await {
                Some(true) => given.acknowledged += 1,
                Some(false) => given.refused += 1,
                None => return given,
            }
        }
    }

    /// Starts a timer that ends in a second; when, at the latest, in Unix ms.
    ///
    /// # Errors
    /// The hub did not do it.
    pub async fn start_brief_timer(&mut self, hub: &mut Conversation) -> Result<(Thing, i64)> {
        let thing = Thing::Timer(self.name());
        let command = Command {
            say: format!("set a timer called {thing} for one second"),
            thing: thing.clone(),
            then: Some(State::ends_in(1_000)),
        };
        ensure!(
            self.give(hub, command).await == Some(true),
            "no timer of a second was started"
        );
        Ok((thing, unix_ms() + 1_000))
    }

    /// Cancels a timer.
    ///
    /// # Errors
    /// The hub did not do it.
    pub async fn cancel(&mut self, hub: &mut Conversation, timer: Thing) -> Result<()> {
        let say = format!("cancel the timer called {timer}");
        let cancelled = self
            .give(
                hub,
                Command {
                    say,
                    thing: timer,
                    then: None,
                },
            )
            .await;
        ensure!(cancelled == Some(true), "the timer was not cancelled");
        Ok(())
    }

    /// Compares the household with what was promised, and takes it as it is from now on.
    pub fn examine(&mut self, household: &Household) -> Vec<Fault> {
        let mut found = self.things_in(household);
        let doubtful = self.doubtful.take();
        let mut faults = Vec::new();
        let mut expected = std::mem::take(&mut self.kept);
        if let Some((thing, _)) = &doubtful
            && !expected.contains_key(thing)
            && let Some(states) = found.remove(thing)
        {
            // Done, though nobody was told any more.
            self.accept(thing, &states, doubtful.as_ref(), None, &mut faults);
        }
        while let Some((thing, state)) = expected.pop_first() {
            let states = found.remove(&thing).unwrap_or_default();
            self.accept(&thing, &states, doubtful.as_ref(), Some(state), &mut faults);
        }
        // What is left was cancelled, taken off, or never asked for.
        for (thing, states) in found {
            self.accept(&thing, &states, None, None, &mut faults);
        }
        faults
    }

    fn accept(
        &mut self,
        thing: &Thing,
        found: &[State],
        doubtful: Option<&(Thing, Option<State>)>,
        expected: Option<State>,
        faults: &mut Vec<Fault>,
    ) {
        let possible = doubtful
            .filter(|(about, _)| about == thing)
            .map(|(_, then)| then.as_ref());
        let right = match found {
            [] => expected.is_none() || possible == Some(None),
            [one] => [expected.as_ref(), possible.flatten()]
                .into_iter()
                .flatten()
                .any(|state| state.holds(one)),
            _ => false,
        };
        if !right {
            let told =
                format!("{thing}: promised {expected:?}, unanswered {possible:?}, found {found:?}");
            let beyond = found
                .first()
                .zip(expected.as_ref())
                .is_some_and(|(found, expected)| found.is_later_than(expected));
            faults.push(if found.len() > 1 || beyond {
                Fault::Doubled(told)
            } else {
                Fault::Lost(told)
            });
        }
        if let Some(state) = found.first() {
            self.kept.insert(thing.clone(), state.clone());
        }
    }

    fn things_in(&self, household: &Household) -> BTreeMap<Thing, Vec<State>> {
        let mut found: BTreeMap<Thing, Vec<State>> = BTreeMap::new();
        let mine = |name: &str| name.starts_with(self.syllable);
        for timer in household.timers.values() {
            let name = timer.name.clone().unwrap_or_default();
            let at_ms = match timer.state {
                TimerPhase::Running { ends_at_ms } => ends_at_ms,
                TimerPhase::Ringing { ended_at_ms } => ended_at_ms,
                TimerPhase::Paused { remaining_ms } => {
                    i64::try_from(remaining_ms).unwrap_or(i64::MAX)
                }
            };
            if mine(&name) {
                found
                    .entry(Thing::Timer(name))
                    .or_default()
                    .push(State::Ends(at_ms..=at_ms));
            }
        }
        for item in household.lists.values().flatten().filter(|item| mine(item)) {
            found
                .entry(Thing::Item(item.clone()))
                .or_default()
                .push(State::Listed);
        }
        let lamp = household.devices.get(&self.lamp.replace(' ', "_"));
        if let Some(percent) = lamp.and_then(|lamp| lamp.brightness) {
            found.insert(Thing::Lamp(self.lamp), vec![State::Bright(percent)]);
        }
        found
    }

    /// Whether it was done; `None` if the hub is gone.
    async fn give(&mut self, hub: &mut Conversation, command: Command) -> Option<bool> {
        let Command { say, thing, then } = command;
        let asked_ms = unix_ms();
        let answer = match hub.ask(&say).await {
            Ok(answer) => answer,
            Err(_) => {
                let then = then.map(|then| then.up_to(asked_ms));
                self.doubtful = Some((thing, then));
                return None;
            }
        };
        if !answer.done {
            return Some(false);
        }
        match then {
            Some(then) => drop(self.kept.insert(thing, then.up_to(asked_ms))),
            None => drop(self.kept.remove(&thing)),
        }
        Some(true)
    }

    fn command(&mut self) -> Command {
        let timers: Vec<Thing> = self
            .kept
            .keys()
            .filter(|thing| matches!(thing, Thing::Timer(_)))
            .cloned()
            .collect();
        let items: Vec<Thing> = self
            .kept
            .keys()
            .filter(|thing| matches!(thing, Thing::Item(_)))
            .cloned()
            .collect();
        match self.random.below(4) {
            0 if timers.len() < PLENTY => {
                let hours = self.random.below(HOURS.len());
                let thing = Thing::Timer(self.name());
                let then = Some(State::ends_in((hours as i64 + 2) * HOUR_MS));
                Command {
                    say: format!("set a timer called {thing} for {} hours", HOURS[hours]),
                    thing,
                    then,
                }
            }
            0 => {
                let thing = self.one_of(&timers);
                Command {
                    say: format!("cancel the timer called {thing}"),
                    thing,
                    then: None,
                }
            }
            1 if items.len() < PLENTY => {
                let thing = Thing::Item(self.name());
                Command {
                    say: format!("add {thing} to the shopping list"),
                    thing,
                    then: Some(State::Listed),
                }
            }
            1 => {
                let thing = self.one_of(&items);
                Command {
                    say: format!("remove {thing} from the shopping list"),
                    thing,
                    then: None,
                }
            }
            2 if !timers.is_empty() => {
                let thing = self.one_of(&timers);
                let then = self.kept.get(&thing).map(|state| state.later_by(MINUTE_MS));
                Command {
                    say: format!("add one minute to the timer called {thing}"),
                    thing,
                    then,
                }
            }
            _ => {
                let thing = Thing::Lamp(self.lamp);
                let now = self.kept.get(&thing);
                let percent = 1 + self.random.below(99) as u8;
                // To what it is already would be no effect.
                let percent = if now == Some(&State::Bright(percent)) {
                    100
                } else {
                    percent
                };
                Command {
                    say: format!("set the {thing} to {percent} percent"),
                    thing,
                    then: Some(State::Bright(percent)),
                }
            }
        }
    }

    fn one_of(&mut self, things: &[Thing]) -> Thing {
        things[self.random.below(things.len())].clone()
    }

    /// A word nobody has used before, and no language knows.
    fn name(&mut self) -> String {
        let mut rest = self.named;
        self.named += 1;
        let mut name = self.syllable.to_owned();
        for _ in 0..3 {
            name.push(char::from(b"bdfgkmnprvz"[rest % 11]));
            name.push(char::from(b"aiu"[rest / 11 % 3]));
            rest /= 33;
        }
        name
    }
}
