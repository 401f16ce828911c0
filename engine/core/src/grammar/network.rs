//! Templates compiled to a network of small automata that call each other: a list or rule is
//! compiled once, however many sentences use it. Sentences that begin alike share their beginning.

use super::{template::Node, typed::Typed};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// A word, numbered.
pub(super) type WordId = u32;
/// A state of the network.
pub(super) type StateId = u32;
/// An automaton.
pub(super) type NetId = u32;
/// A slot's name.
pub(super) type SlotId = u32;

/// Where one may go from a state.
#[derive(Clone, Debug)]
pub(super) enum Edge {
    /// Without a word.
    Free(StateId),
    /// Through another automaton, which may fill a slot.
    Call {
        net: NetId,
        slot: Option<SlotId>,
        back: StateId,
    },
    /// To the end: an entry of a list, or a sentence of an intent, has been said.
    End(u32),
}

/// A state: words first, since most states have only those.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// A word leads to one state. In order, once the network is [`Network::sorted`].
    pub words: Vec<(WordId, StateId)>,
    pub edges: Vec<Edge>,
    /// The automaton ends here.
    pub last: bool,
}

impl State {
    /// Where a word leads.
    pub fn after(&self, word: WordId) -> Option<StateId> {
        let at = self.words.binary_search_by_key(&word, |(word, _)| *word);
        Some(self.words[at.ok()?].1)
    }
}

/// What an automaton stands for.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A rule, or a sentence.
    Plain,
    /// A command: index of its intent.
    Intent(usize),
    /// The answer to a question.
    Answer,
    /// A yes (true) or a no.
    Confirm(bool),
    /// The digits of a PIN.
    Pin,
    /// A list of values.
    Values(Arc<[Value]>),
    /// A built-in type.
    Typed(Typed),
    /// Whole numbers from, to, in steps.
    Range(i64, i64, i64),
    /// Devices of these kinds (a bit each), or routines.
    Devices(u16),
    /// Areas.
    Areas,
    /// Any words; those expected.
    Text(Arc<Vec<String>>),
}

/// An automaton.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub first: StateId,
    pub kind: Kind,
}

/// All automata.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    pub states: Vec<State>,
    pub nets: Vec<Net>,
    pub words: HashMap<String, WordId>,
    pub spelling: Vec<String>,
    pub slots: Vec<String>,
}

/// Entries of a list that are still possible.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) enum Marks {
    #[default]
    None,
    One(u32),
    Several,
}

/// What is known of several ways, each a step.
pub(super) trait Ahead: Copy + Default + PartialEq {
    /// Of both together.
    fn or(self, other: Self) -> Self;
}

impl Ahead for bool {
    fn or(self, other: bool) -> bool {
        self || other
    }
}

impl Ahead for Marks {
    fn or(self, other: Marks) -> Marks {
        match (self, other) {
            (Marks::None, one) | (one, Marks::None) => one,
            (one, other) if one == other => one,
            _ => Marks::Several,
        }
    }
}

/// Finds the automaton that a rule or list stands for, and the slot it fills.
pub(super) type Resolve<'a> =
    dyn FnMut(&mut Network, &Node) -> Option<(NetId, Option<SlotId>)> + 'a;

impl Network {
    /// The number of a word, which is made if it is new.
    pub fn word(&mut self, word: &str) -> WordId {
        if let Some(id) = self.words.get(word) {
            return *id;
        }
        let id = self.spelling.len() as WordId;
        self.words.insert(word.to_owned(), id);
        self.spelling.push(word.to_owned());
        id
    }

    /// The number of a slot.
    pub fn slot(&mut self, name: &str) -> SlotId {
        let at = self.slots.iter().position(|slot| slot == name);
        at.unwrap_or_else(|| {
            self.slots.push(name.to_owned());
            self.slots.len() - 1
        }) as SlotId
    }

    /// A new state.
    pub fn state(&mut self) -> StateId {
        self.states.push(State::default());
        (self.states.len() - 1) as StateId
    }

    /// What an automaton stands for.
    pub fn kind(&self, net: NetId) -> &Kind {
        &self.nets[net as usize].kind
    }

    /// Sorted, so that a word is found by halving.
    pub fn sorted(mut self) -> Network {
        for state in &mut self.states {
            state.words.sort_unstable();
        }
        self
    }

    /// By state: whether a slot may be filled on the way from it to the end of its automaton.
    pub fn fills(&self) -> Vec<bool> {
        self.ahead(|edge, known| match edge {
            Edge::Free(to) => known[*to as usize],
            Edge::End(_) => false,
            Edge::Call { net, slot, back } => {
                let first = self.nets[*net as usize].first;
                slot.is_some() || known[first as usize] || known[*back as usize]
            }
        })
    }

    /// By state: which entries of its list may come of it.
    pub fn marks(&self) -> Vec<Marks> {
        self.ahead(|edge, known| match edge {
            Edge::End(mark) => Marks::One(*mark),
            Edge::Free(to) | Edge::Call { back: to, .. } => known[*to as usize],
        })
    }

    /// By state: what lies on the ways from it to the end of its automaton, an edge at a time.
    fn ahead<T: Ahead>(&self, of: impl Fn(&Edge, &[T]) -> T) -> Vec<T> {
        let mut known = vec![T::default(); self.states.len()];
        // Automata do not recurse, so that this ends; what is called was mostly made later.
        loop {
            let mut changed = false;
            for (id, state) in self.states.iter().enumerate().rev() {
                let words = state.words.iter().map(|(_, to)| known[*to as usize]);
                let edges = state.edges.iter().map(|edge| of(edge, &known));
                let all = words.chain(edges).fold(T::default(), T::or);
                changed |= all != std::mem::replace(&mut known[id], all);
            }
            if !changed {
                return known;
            }
        }
    }

    /// An automaton that does nothing yet.
    pub fn net(&mut self, kind: Kind) -> NetId {
        let first = self.state();
        self.nets.push(Net { first, kind });
        (self.nets.len() - 1) as NetId
    }

    /// Adds a way through `net` that says `node`; `call` finds the automaton of a rule or list.
    pub fn add(&mut self, net: NetId, node: &Node, mark: Option<u32>, call: &mut Resolve<'_>) {
        let first = self.nets[net as usize].first;
        let end = self.path(first, node, call);
        let end = &mut self.states[end as usize];
        match mark {
            Some(mark) => end.edges.push(Edge::End(mark)),
            None => end.last = true,
        }
    }

    /// Draws `node` from `from`, as far as it is not there; the state after it. That is reached in
    /// no other way, so that what follows is added to it.
    fn path(&mut self, from: StateId, node: &Node, call: &mut Resolve<'_>) -> StateId {
        match node {
            Node::Word(word) => {
                let word = self.word(word);
                let known = self.states[from as usize].words.iter();
                let known = known.copied().find(|(known, _)| *known == word);
                known.map_or_else(
                    || {
                        let to = self.state();
                        self.states[from as usize].words.push((word, to));
                        to
                    },
                    |(_, to)| to,
                )
            }
            Node::Sequence(nodes) => nodes
                .iter()
                .fold(from, |at, node| self.path(at, node, call)),
            Node::Either(nodes) => {
                let end = self.state();
                for node in nodes {
                    // A state of its own, so that a branch's words do not mingle with what came before.
                    let to = self.path(from, node, call);
                    self.states[to as usize].edges.push(Edge::Free(end));
                }
                end
            }
            Node::Rule(_) | Node::List { .. } => {
                let Some((net, slot)) = call(self, node) else {
                    return self.state();
                };
                let known = self.states[from as usize].edges.iter();
                let known = known.into_iter().find_map(|edge| match edge {
                    Edge::Call {
                        net: other,
                        slot: fills,
                        back,
                    } if (*other, *fills) == (net, slot) => Some(*back),
                    _ => None,
                });
                known.unwrap_or_else(|| {
                    let back = self.state();
                    self.states[from as usize]
                        .edges
                        .push(Edge::Call { net, slot, back });
                    back
                })
            }
        }
    }
}
