//! Proof that every command has one meaning.
//!
//! Walks all sentences of all intents at once, as far as two intents can still say the same words.
//! After each word it keeps what tells the futures of two beginnings apart: where each reading
//! stands, its intent, the slots it fills and by how much it is less literal than the best. There
//! are finitely many of those, so the walk ends, and what it has not met does not exist.
//!
//! Names and free text are tokens: one for the areas, one for each kind of device, one for any
//! text. So the proof is one of the skills, for every household. It does not see that a name is
//! also a word or a list's entry, that a device and an area are called alike, or that one intent's
//! free text holds the words of another; there the order of the readings decides. Courtesies around
//! a command and second commands after "and" are left out.

use super::{
    Context, Grammar,
    compile::Compiled,
    network::{Kind, NetId, SlotId, StateId, WordId},
    readings::{At, Calls, Thread},
};
use crate::manifest::{FileError, Manifest, Place};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Stands for free text: a word that belongs to no sentence.
const OTHER: &str = "{text}";

/// All that the future of a reading depends on, but for its cost.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Config {
    at: At,
    calls: Vec<(NetId, StateId)>,
    intent: Option<usize>,
    /// Each once, sorted.
    slots: Vec<SlotId>,
}

/// A beginning that several intents share.
struct Beginning {
    threads: Vec<Thread>,
    /// The one before it and the word between them.
    after: Option<(usize, Option<WordId>)>,
}

/// Sentences that two intents explain equally well, the shortest of each two intents. `grammar` is
/// one whose names are [`super::household::Names::tokens`].
pub(super) fn draws(grammar: &Grammar, manifests: &[Manifest]) -> Vec<FileError> {
    let mut walk = Walk {
        grammar,
        calls: Calls::default(),
        configs: HashMap::new(),
        seen: HashSet::new(),
        found: BTreeMap::new(),
        all: Vec::new(),
    };
    let mut first = grammar.beginning(&Context::Commands).into_iter().collect();
    let (waiting, _) = walk.close(&mut first);
    walk.meet(waiting, None);
    let mut at = 0;
    while at < walk.all.len() {
        walk.go_on(at);
        at += 1;
    }
    walk.found
        .values()
        .filter_map(|draw| error(&grammar.compiled, manifests, draw))
        .collect()
}

/// A sentence of an intent, both by their place.
type Sentence = (usize, usize);

/// Two sentences that say the same words.
struct Draw {
    of: [Sentence; 2],
    words: String,
}

struct Walk<'g> {
    grammar: &'g Grammar,
    calls: Calls,
    configs: HashMap<Config, u32>,
    seen: HashSet<Vec<(u32, u32)>>,
    all: Vec<Beginning>,
    /// By their intents.
    found: BTreeMap<(usize, usize), Draw>,
}

impl Walk<'_> {
    /// Says every next word.
    fn go_on(&mut self, at: usize) {
        let reader = self.grammar.reader();
        let threads = std::mem::take(&mut self.all[at].threads);
        let mut next: BTreeMap<Option<WordId>, Vec<Thread>> = BTreeMap::new();
        for thread in &threads {
            let words: BTreeSet<Option<WordId>> = match thread.at {
                At::State(state) => {
                    let words = &reader.network.states[state as usize].words;
                    words.iter().map(|(word, _)| Some(*word)).collect()
                }
                At::Name { node } => {
                    let kinds = self.calls.kinds(thread, reader.network);
                    reader.names.following(node, kinds).map(Some).collect()
                }
                At::Text(begun) => (!begun).then_some(None).into_iter().collect(),
            };
            for word in words {
                let threads = next.entry(word).or_default();
                threads.extend(reader.step(thread, word, &self.calls));
            }
        }
        for (word, mut threads) in next {
            if !self.is_shared(&threads) {
                continue;
            }
            let before = self.calls.len();
            let (waiting, ended) = self.close(&mut threads);
            self.compare(&ended, (at, word));
            if !self.meet(waiting, Some((at, word))) {
                self.calls.forget(before);
            }
        }
    }

    /// Threads that wait for a word, and those that have ended.
    fn close(&mut self, threads: &mut Vec<Thread>) -> (Vec<Thread>, Vec<Thread>) {
        let (mut waiting, mut ended) = (Vec::new(), Vec::new());
        let reader = self.grammar.reader();
        reader.close(threads, 0, &mut self.calls, (&mut waiting, &mut ended));
        (waiting, ended)
    }

    /// Whether several intents can still say it.
    fn is_shared(&self, threads: &[Thread]) -> bool {
        let mut intents = threads
            .iter()
            .map(|thread| intent(&self.grammar.compiled, &self.calls, thread));
        let first = intents.next();
        intents.any(|other| Some(other) != first)
    }

    /// Keeps a beginning that several intents share; false if it is not new.
    fn meet(&mut self, mut threads: Vec<Thread>, after: Option<(usize, Option<WordId>)>) -> bool {
        threads.retain(|thread| thread.steps == 1 && self.calls.inside_command(thread));
        if !self.is_shared(&threads) {
            return false;
        }
        let mut best: Vec<(u32, Thread)> = Vec::with_capacity(threads.len());
        for thread in threads {
            let config = config(&self.grammar.compiled, &self.calls, &thread);
            let new = self.configs.len() as u32;
            best.push((*self.configs.entry(config).or_insert(new), thread));
        }
        best.sort_unstable_by_key(|(id, thread)| (*id, thread.cost));
        best.dedup_by_key(|(id, _)| *id);
        let least = best
            .iter()
            .map(|(_, thread)| thread.cost)
            .min()
            .unwrap_or(0);
        let signature = best
            .iter()
            .map(|(id, thread)| (*id, thread.cost - least))
            .collect();
        let is_new = self.seen.insert(signature);
        if is_new {
            let threads = best.into_iter().map(|(_, thread)| thread).collect();
            self.all.push(Beginning { threads, after });
        }
        is_new
    }

    /// Looks for a draw between the readings of a sentence.
    fn compare(&mut self, ended: &[Thread], last: (usize, Option<WordId>)) {
        let compiled = &self.grammar.compiled;
        let single = ended.iter().filter(|thread| thread.steps == 1);
        let ranked: BTreeSet<(u32, usize, Sentence)> = single
            .filter_map(|thread| {
                let sentence = sentence(compiled, &self.calls, thread)?;
                let config = config(compiled, &self.calls, thread);
                let slots = count(compiled, sentence.0, &config.slots);
                Some((thread.cost, slots, sentence))
            })
            .collect();
        let Some(&(cost, slots, one)) = ranked.first() else {
            return;
        };
        let others = ranked
            .iter()
            .take_while(|other| (other.0, other.1) == (cost, slots));
        let Some(other) = others.map(|other| other.2).find(|other| other.0 != one.0) else {
            return;
        };
        if self.found.contains_key(&(one.0, other.0)) {
            return;
        }
        let mut words = Vec::new();
        let mut before = Some(last);
        while let Some((at, word)) = before {
            words.push(word.map_or(OTHER, |word| &compiled.network.spelling[word as usize]));
            before = self.all[at].after;
        }
        words.reverse();
        // It may still be two commands, or name a day that does not exist.
        let mut parse = self.grammar.start(&Context::Commands);
        words.iter().for_each(|word| parse.feed(word));
        if parse.is_drawn() {
            let draw = Draw {
                of: [one, other],
                words: words.join(" "),
            };
            self.found.insert((one.0, other.0), draw);
        }
    }
}

/// The calls a thread is in and those it has come back from.
fn calls<'c>(
    calls: &'c Calls,
    thread: &Thread,
) -> impl Iterator<Item = (NetId, Option<SlotId>)> + 'c {
    let frames = calls.frames(thread).map(|frame| (frame.net, frame.slot));
    let captures = calls.captures(thread);
    frames.chain(captures.map(|capture| (capture.net, capture.slot)))
}

/// Whose command it is.
fn intent(compiled: &Compiled, calls: &Calls, thread: &Thread) -> Option<usize> {
    let mut nets = self::calls(calls, thread).map(|(net, _)| compiled.network.kind(net));
    nets.find_map(|kind| match kind {
        Kind::Intent(intent) => Some(*intent),
        _ => None,
    })
}

fn config(compiled: &Compiled, calls: &Calls, thread: &Thread) -> Config {
    let frames = calls.frames(thread);
    let filled = self::calls(calls, thread).filter_map(|(_, slot)| slot);
    let mut slots: Vec<SlotId> = filled.collect();
    slots.sort_unstable();
    slots.dedup();
    Config {
        at: thread.at,
        calls: frames.map(|frame| (frame.net, frame.back)).collect(),
        intent: intent(compiled, calls, thread),
        slots,
    }
}

/// Which sentence has been said.
fn sentence(compiled: &Compiled, calls: &Calls, thread: &Thread) -> Option<Sentence> {
    let last = calls.captures(thread).next()?;
    match compiled.network.kind(last.net) {
        Kind::Intent(intent) => Some((*intent, last.mark? as usize)),
        _ => None,
    }
}

/// How many slots an intent has once these are filled.
fn count(compiled: &Compiled, intent: usize, slots: &[SlotId]) -> usize {
    let filled = |name: &String| {
        slots
            .iter()
            .any(|slot| compiled.network.slots[*slot as usize] == *name)
    };
    let constants = &compiled.intents[intent].constants;
    slots.len() + constants.iter().filter(|(name, _)| !filled(name)).count()
}

fn error(compiled: &Compiled, manifests: &[Manifest], draw: &Draw) -> Option<FileError> {
    let intents = draw.of.map(|(intent, _)| &compiled.intents[intent]);
    let manifest = |skill: &str| manifests.iter().find(|manifest| manifest.name == skill);
    let place = |at: usize| Place::Sentence {
        intent: intents[at].name.clone(),
        index: draw.of[at].1,
    };
    let (first, second) = (manifest(&intents[0].skill)?, manifest(&intents[1].skill)?);
    let message = format!(
        "“{}” would be both `{}.{}` and `{}.{}`",
        draw.words, intents[0].skill, intents[0].name, intents[1].skill, intents[1].name
    );
    let help = format!(
        "the other is said in {}:{}: change one of the two, so that every sentence has one meaning",
        first.places.file(),
        first.places.of(&place(0)).line
    );
    Some(second.places.error(&place(1), 0, message, help))
}
