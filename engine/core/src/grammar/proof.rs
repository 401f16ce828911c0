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
    network::{self, At, Kind, NetId, SlotId, StateId, Thread, WordId},
};
use crate::manifest::{FileError, Manifest, Place};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    iter::successors,
};

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
        configs: HashMap::new(),
        seen: HashSet::new(),
        found: BTreeMap::new(),
        all: Vec::new(),
    };
    let first = grammar.beginnings(&Context::Commands);
    walk.meet(first.to_vec(), None);
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
    configs: HashMap<Config, u32>,
    seen: HashSet<Vec<(u32, u32)>>,
    all: Vec<Beginning>,
    /// By their intents.
    found: BTreeMap<(usize, usize), Draw>,
}

impl Walk<'_> {
    /// Says every next word.
    fn go_on(&mut self, at: usize) {
        let (network, names) = (&self.grammar.compiled.network, &self.grammar.names);
        let threads = std::mem::take(&mut self.all[at].threads);
        let mut next: BTreeMap<Option<WordId>, Vec<Thread>> = BTreeMap::new();
        for thread in &threads {
            let words: BTreeSet<Option<WordId>> = match thread.at {
                At::State(state) => {
                    let words = &network.states[state as usize].words;
                    words.iter().map(|(word, _)| Some(*word)).collect()
                }
                At::Name { node } => {
                    let following = names.following(node, thread.kinds(network));
                    following.map(Some).collect()
                }
                At::Text(begun) => (!begun).then_some(None).into_iter().collect(),
            };
            for word in words {
                network::step(network, names, thread, word, next.entry(word).or_default());
            }
        }
        for (word, threads) in next {
            if !self.is_shared(&threads) {
                continue;
            }
            let (mut waiting, mut ended) = (Vec::new(), Vec::new());
            for thread in threads {
                network::close(network, names, thread, 0, &mut waiting, &mut ended);
            }
            self.compare(&ended, (at, word));
            self.meet(waiting, Some((at, word)));
        }
    }

    /// Whether several intents can still say it.
    fn is_shared(&self, threads: &[Thread]) -> bool {
        let mut intents = threads
            .iter()
            .map(|thread| intent(&self.grammar.compiled, thread));
        let first = intents.next();
        intents.any(|other| Some(other) != first)
    }

    /// Keeps a beginning that is new and that several intents share.
    fn meet(&mut self, mut threads: Vec<Thread>, after: Option<(usize, Option<WordId>)>) {
        let network = &self.grammar.compiled.network;
        threads.retain(|thread| thread.steps == 1 && thread.inside_command(network));
        if !self.is_shared(&threads) {
            return;
        }
        let mut best: Vec<(u32, Thread)> = Vec::with_capacity(threads.len());
        for thread in threads {
            let config = config(&self.grammar.compiled, &thread);
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
        if self.seen.insert(signature) {
            let threads = best.into_iter().map(|(_, thread)| thread).collect();
            self.all.push(Beginning { threads, after });
        }
    }

    /// Looks for a draw between the readings of a sentence.
    fn compare(&mut self, ended: &[Thread], last: (usize, Option<WordId>)) {
        let compiled = &self.grammar.compiled;
        let single = ended.iter().filter(|thread| thread.steps == 1);
        let ranked: BTreeSet<(u32, usize, Sentence)> = single
            .filter_map(|thread| {
                let sentence = sentence(compiled, thread)?;
                let slots = count(compiled, sentence.0, &config(compiled, thread).slots);
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
fn calls(thread: &Thread) -> impl Iterator<Item = (NetId, Option<SlotId>)> {
    let frames = successors(thread.frame.as_ref(), |frame| frame.up.as_ref());
    let captures = successors(thread.captures.as_ref(), |capture| capture.before.as_ref());
    frames
        .map(|frame| (frame.net, frame.slot))
        .chain(captures.map(|capture| (capture.net, capture.slot)))
}

/// Whose command it is.
fn intent(compiled: &Compiled, thread: &Thread) -> Option<usize> {
    calls(thread).find_map(|(net, _)| match compiled.network.nets[net as usize].kind {
        Kind::Intent(intent) => Some(intent),
        _ => None,
    })
}

fn config(compiled: &Compiled, thread: &Thread) -> Config {
    let frames = successors(thread.frame.as_ref(), |frame| frame.up.as_ref());
    let mut slots: Vec<SlotId> = calls(thread).filter_map(|(_, slot)| slot).collect();
    slots.sort_unstable();
    slots.dedup();
    Config {
        at: thread.at,
        calls: frames.map(|frame| (frame.net, frame.back)).collect(),
        intent: intent(compiled, thread),
        slots,
    }
}

/// Which sentence has been said.
fn sentence(compiled: &Compiled, thread: &Thread) -> Option<Sentence> {
    let last = thread.captures.as_ref()?;
    match compiled.network.nets[last.net as usize].kind {
        Kind::Intent(intent) => Some((intent, last.mark? as usize)),
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
