//! The recogniser's grammar: a deterministic, minimal automaton over words, made from the
//! matcher's network.
//!
//! A recogniser has no calls, so rules and short lists are copied to where they are used. A large
//! list is there once per intent and is entered and left without a word: were its entries merged
//! into every state before it, the automaton would be ten times as large. Sharing it lets a few
//! more word sequences through than the matcher; what it does not understand is never acted on.
//! JSGF says the same but its compiler copies every list to every use.

use super::{
    Grammar, SpeechGrammar, WordAutomaton,
    network::{Edge, Kind, NetId, StateId},
};
use std::collections::{BTreeSet, HashMap};

/// A list with more entries than this is shared by the sentences of an intent.
const SHARED: usize = 12;
/// Marks the "word" that stands for a shared list until the list is put in its place.
const LIST: u32 = 1 << 31;
/// What stands for a word that no vocabulary holds.
pub(super) const ANY_WORD: &str = "something";

/// Makes the recogniser's grammar.
pub(super) fn speech_grammar(grammar: &Grammar, version: u64) -> SpeechGrammar {
    let compiled = &grammar.compiled;
    let mut copy = Copy {
        grammar,
        words: Words::default(),
        states: Vec::new(),
        intents: HashMap::new(),
        lists: Vec::new(),
        list_ids: HashMap::new(),
        parts: HashMap::new(),
        large: HashMap::new(),
    };
    let mut automata = Vec::new();
    if let Some((context, root)) = compiled.roots.first() {
        let mut automaton = copy.whole(&[*root]);
        count(&mut automaton, &copy.words, &compiled.examples);
        automata.push((context.clone(), automaton));
    }
    for (context, nets) in &compiled.answers {
        automata.push((context.clone(), copy.whole(nets)));
    }
    let words = copy.words;
    // Words are numbered as they were met; the grammar lists them sorted.
    let mut order: Vec<u32> = (0..words.list.len() as u32).collect();
    order.sort_unstable_by(|a, b| words.list[*a as usize].cmp(&words.list[*b as usize]));
    let mut rank = vec![0; order.len()];
    for (place, id) in order.iter().enumerate() {
        rank[*id as usize] = place as u32;
    }
    let automata = automata
        .into_iter()
        .map(|(context, mut automaton)| {
            automaton
                .arcs
                .iter_mut()
                .for_each(|arc| arc.1 = rank[arc.1 as usize]);
            (context, automaton)
        })
        .collect();
    let mut list = words.list;
    list.sort_unstable();
    SpeechGrammar {
        version,
        automata,
        words: list,
    }
}

#[derive(Default)]
struct Words {
    ids: HashMap<String, u32>,
    list: Vec<String>,
}

impl Words {
    fn id(&mut self, word: &str) -> u32 {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        let id = self.list.len() as u32;
        self.ids.insert(word.to_owned(), id);
        self.list.push(word.to_owned());
        id
    }
}

#[derive(Default)]
struct Nfa {
    /// Word and target.
    words: Vec<(u32, u32)>,
    free: Vec<u32>,
}

struct Copy<'g> {
    grammar: &'g Grammar,
    words: Words,
    states: Vec<Nfa>,
    /// Entry and exit of intents: the second command is the first one again.
    intents: HashMap<NetId, (u32, u32)>,
    /// Lists that are shared within an intent; those in a list are of the intent that it is of.
    lists: Vec<List>,
    list_ids: HashMap<List, u32>,
    /// The automata of lists: a list is the same in every intent.
    parts: HashMap<NetId, WordAutomaton>,
    /// Whether a net is shared.
    large: HashMap<NetId, bool>,
}

/// A list, and the intent it is shared in.
type List = (Option<usize>, NetId);

impl Copy<'_> {
    /// The automaton of what any of the nets says.
    fn whole(&mut self, nets: &[NetId]) -> WordAutomaton {
        let whole = self.part(nets);
        let mut at = 0;
        while let Some((_, net)) = self.lists.get(at).copied() {
            if !self.parts.contains_key(&net) {
                let part = self.part(&[net]);
                self.parts.insert(net, part);
            }
            at += 1;
        }
        self.joined(whole)
    }

    /// The same, in which shared lists are still words.
    fn part(&mut self, nets: &[NetId]) -> WordAutomaton {
        self.states.clear();
        self.intents.clear();
        let (start, end) = (self.state(), self.state());
        for net in nets {
            self.net(*net, None, start, end);
        }
        minimal(&deterministic(&self.states, start, end))
    }

    /// Puts the lists in their places: what its words and theirs with the mark [`LIST`] stand for.
    fn joined(&self, whole: WordAutomaton) -> WordAutomaton {
        let mut all = WordAutomaton {
            states: whole.states,
            start: whole.start,
            ends: whole.ends.clone(),
            ..WordAutomaton::default()
        };
        let mut places: HashMap<List, u32> = HashMap::new();
        let mut todo = vec![(&whole, None, 0)];
        while let Some((part, intent, offset)) = todo.pop() {
            for (from, word, to, said) in &part.arcs {
                let (from, to) = (from + offset, to + offset);
                if word & LIST == 0 {
                    all.arcs.push((from, *word, to, *said));
                    continue;
                }
                let (of, net) = self.lists[(word & !LIST) as usize];
                let (of, list) = (of.or(intent), &self.parts[&net]);
                let place = *places.entry((of, net)).or_insert_with(|| {
                    todo.push((list, of, all.states));
                    all.states += list.states;
                    all.states - list.states
                });
                all.free.push((from, list.start + place, 0));
                let ends = list.ends.iter();
                all.free.extend(ends.map(|end| (end + place, to, 0)));
            }
        }
        // A list that is used twice before the same words would be left twice.
        all.free.sort_unstable();
        all.free.dedup();
        all
    }

    fn state(&mut self) -> u32 {
        self.states.push(Nfa::default());
        (self.states.len() - 1) as u32
    }

    fn free(&mut self, from: u32, to: u32) {
        self.states[from as usize].free.push(to);
    }

    fn phrase(&mut self, phrase: &str, from: u32, to: u32) {
        let words: Vec<&str> = phrase.split(' ').filter(|word| !word.is_empty()).collect();
        let mut at = from;
        for (place, word) in words.iter().enumerate() {
            let next = if place + 1 == words.len() {
                to
            } else {
                self.state()
            };
            let id = self.words.id(word);
            self.states[at as usize].words.push((id, next));
            at = next;
        }
    }

    /// Copies an automaton between two states.
    fn net(&mut self, net: NetId, intent: Option<usize>, from: u32, to: u32) {
        let compiled = &self.grammar.compiled;
        let intent = match compiled.network.nets[net as usize].kind {
            Kind::Intent(intent) => Some(intent),
            _ => intent,
        };
        match &compiled.network.nets[net as usize].kind {
            Kind::Devices(kinds) => self.phrases(
                &self.grammar.names.spoken(false, *kinds, &compiled.network),
                from,
                to,
            ),
            Kind::Areas => self.phrases(
                &self.grammar.names.spoken(true, u16::MAX, &compiled.network),
                from,
                to,
            ),
            Kind::Text(vocabulary) => {
                self.phrases(vocabulary, from, to);
                self.phrase(ANY_WORD, from, to);
            }
            _ => {
                let first = compiled.network.nets[net as usize].first;
                let mut copies: HashMap<StateId, u32> = HashMap::new();
                let entry = self.state();
                self.free(from, entry);
                copies.insert(first, entry);
                let mut todo = vec![first];
                while let Some(id) = todo.pop() {
                    let here = copies[&id];
                    let state = &self.grammar.compiled.network.states[id as usize];
                    if state.last {
                        self.free(here, to);
                    }
                    for (word, next) in &state.words {
                        let spelling = &self.grammar.compiled.network.spelling[*word as usize];
                        let id = self.words.id(spelling);
                        let next = self.copied(*next, &mut copies, &mut todo);
                        self.states[here as usize].words.push((id, next));
                    }
                    for edge in &state.edges {
                        match edge {
                            Edge::Free(next) => {
                                let next = self.copied(*next, &mut copies, &mut todo);
                                self.free(here, next);
                            }
                            Edge::End(_) => self.free(here, to),
                            Edge::Call { net, back, .. } => {
                                let back = self.copied(*back, &mut copies, &mut todo);
                                self.call(*net, intent, here, back);
                            }
                        }
                    }
                }
            }
        }
    }

    fn copied(
        &mut self,
        id: StateId,
        copies: &mut HashMap<StateId, u32>,
        todo: &mut Vec<StateId>,
    ) -> u32 {
        if let Some(copy) = copies.get(&id) {
            return *copy;
        }
        let copy = self.state();
        copies.insert(id, copy);
        todo.push(id);
        copy
    }

    fn call(&mut self, net: NetId, intent: Option<usize>, from: u32, to: u32) {
        if !self.is_large(net) {
            self.net(net, intent, from, to);
            return;
        }
        if !matches!(
            self.grammar.compiled.network.nets[net as usize].kind,
            Kind::Intent(_)
        ) {
            let lists = &mut self.lists;
            let list = *self.list_ids.entry((intent, net)).or_insert_with(|| {
                lists.push((intent, net));
                (lists.len() - 1) as u32
            });
            self.states[from as usize].words.push((LIST | list, to));
            return;
        }
        let (entry, exit) = match self.intents.get(&net) {
            Some(ends) => *ends,
            None => {
                let ends = (self.state(), self.state());
                self.intents.insert(net, ends);
                self.net(net, intent, ends.0, ends.1);
                ends
            }
        };
        self.free(from, entry);
        self.free(exit, to);
    }

    fn is_large(&mut self, net: NetId) -> bool {
        if let Some(large) = self.large.get(&net) {
            return *large;
        }
        let large = match &self.grammar.compiled.network.nets[net as usize].kind {
            Kind::Intent(_) | Kind::Typed(_) | Kind::Range(..) => true,
            Kind::Values(values) => values.len() > SHARED,
            Kind::Devices(kinds) => {
                self.grammar
                    .names
                    .spoken(false, *kinds, &self.grammar.compiled.network)
                    .len()
                    > SHARED
            }
            Kind::Areas => self.grammar.names.area_ids.len() > SHARED,
            Kind::Text(vocabulary) => vocabulary.len() > SHARED,
            _ => false,
        };
        self.large.insert(net, large);
        large
    }

    fn phrases(&mut self, phrases: &[String], from: u32, to: u32) {
        phrases
            .iter()
            .for_each(|phrase| self.phrase(phrase, from, to));
    }
}

/// Counts how often the examples use each arc.
fn count(automaton: &mut WordAutomaton, words: &Words, examples: &[Vec<String>]) {
    let mut ways = vec![Vec::new(); automaton.states as usize];
    for (place, (from, word, to, _)) in automaton.arcs.iter().enumerate() {
        ways[*from as usize].push((place, Some(*word), *to));
    }
    for (place, (from, to, _)) in automaton.free.iter().enumerate() {
        ways[*from as usize].push((place, None, *to));
    }
    for example in examples {
        // Another household has other names; what comes before them is said there as well.
        let known = example.iter().map_while(|word| words.ids.get(word));
        let known: Vec<u32> = known.copied().collect();
        for (place, word) in longest_path(&ways, automaton.start, &known) {
            match word {
                Some(_) => automaton.arcs[place].3 += 1,
                None => automaton.free[place].2 += 1,
            }
        }
    }
}

/// Index of an arc, its word (`None` for a free one), and where it leads.
type Way = (usize, Option<u32>, u32);

/// A state that words lead to.
struct Reached {
    state: u32,
    /// Words said on the way.
    said: usize,
    /// Where from (an index among those reached), and by which arc.
    by: Option<(usize, (usize, Option<u32>))>,
}

/// The arcs of a path that says as many of the words as any does.
fn longest_path(ways: &[Vec<Way>], start: u32, words: &[u32]) -> Vec<(usize, Option<u32>)> {
    let mut seen: BTreeSet<(u32, usize)> = BTreeSet::from([(start, 0)]);
    let mut reached = vec![Reached {
        state: start,
        said: 0,
        by: None,
    }];
    let (mut at, mut best) = (0, 0);
    while let Some(Reached { state, said, .. }) = reached.get(at) {
        let (state, said) = (*state, *said);
        if said > reached[best].said {
            best = at;
        }
        for (place, word, to) in &ways[state as usize] {
            let said = match word {
                None => said,
                Some(word) if words.get(said) == Some(word) => said + 1,
                Some(_) => continue,
            };
            if seen.insert((*to, said)) {
                reached.push(Reached {
                    state: *to,
                    said,
                    by: Some((at, (*place, *word))),
                });
            }
        }
        at += 1;
    }
    let mut path = Vec::new();
    while let Some((before, arc)) = reached[best].by {
        path.push(arc);
        best = before;
    }
    path
}

/// States with their words in order, and whether a sentence may end there; the first is the start.
type Dfa = Vec<(Vec<(u32, u32)>, bool)>;

/// What a state looks like from outside: its class, and for each word the class it leads to.
type Signature = (u32, Vec<(u32, u32)>);

/// The subset construction (Rabin and Scott, 1959).
fn deterministic(states: &[Nfa], start: u32, end: u32) -> Dfa {
    let close = |seeds: Vec<u32>| -> Vec<u32> {
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        let mut todo = seeds;
        while let Some(state) = todo.pop() {
            if seen.insert(state) {
                todo.extend(&states[state as usize].free);
            }
        }
        // Only states with words, and the end, tell sets apart.
        seen.into_iter()
            .filter(|state| *state == end || !states[*state as usize].words.is_empty())
            .collect()
    };
    let first = close(vec![start]);
    let mut known: HashMap<Vec<u32>, u32> = HashMap::from([(first.clone(), 0)]);
    let mut sets = vec![first];
    let mut dfa: Dfa = Vec::new();
    while dfa.len() < sets.len() {
        let set = sets[dfa.len()].clone();
        let words = set.iter().flat_map(|state| &states[*state as usize].words);
        let mut next: Vec<(u32, u32)> = words.copied().collect();
        next.sort_unstable();
        let arcs = next
            .chunk_by(|one, other| one.0 == other.0)
            .map(|same| {
                let set = close(same.iter().map(|(_, to)| *to).collect());
                let id = *known.entry(set.clone()).or_insert_with(|| {
                    sets.push(set);
                    (sets.len() - 1) as u32
                });
                (same[0].0, id)
            })
            .collect();
        dfa.push((arcs, set.binary_search(&end).is_ok()));
    }
    dfa
}

/// Merges states that nothing tells apart (Moore, 1956).
fn minimal(dfa: &Dfa) -> WordAutomaton {
    let mut class: Vec<u32> = dfa.iter().map(|(_, last)| u32::from(*last)).collect();
    let mut count = 0;
    loop {
        let mut classes: HashMap<Signature, u32> = HashMap::new();
        let refined: Vec<u32> = dfa
            .iter()
            .enumerate()
            .map(|(state, (arcs, _))| {
                let signature = (
                    class[state],
                    arcs.iter()
                        .map(|(word, to)| (*word, class[*to as usize]))
                        .collect(),
                );
                let next = classes.len() as u32;
                *classes.entry(signature).or_insert(next)
            })
            .collect();
        let found = classes.len();
        class = refined;
        if found == count {
            break;
        }
        count = found;
    }
    let mut automaton = WordAutomaton {
        states: count as u32,
        start: class.first().copied().unwrap_or(0),
        ..WordAutomaton::default()
    };
    let mut done = vec![false; count];
    for (state, (arcs, last)) in dfa.iter().enumerate() {
        let here = class[state];
        if std::mem::replace(&mut done[here as usize], true) {
            continue;
        }
        if *last {
            automaton.ends.push(here);
        }
        automaton.arcs.extend(
            arcs.iter()
                .map(|(word, to)| (here, *word, class[*to as usize], 0)),
        );
    }
    automaton
}
