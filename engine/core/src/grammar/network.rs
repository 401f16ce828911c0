//! Templates compiled to a network of small automata that call each other: a list or rule is
//! compiled once, however many sentences use it.

use super::{household::Names, template::Node, typed::Typed};
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
    /// An entry of a list, or a sentence of an intent, has been said.
    Mark(u32, StateId),
}

/// A state: words first, since most states have only those.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub words: Vec<(WordId, StateId)>,
    pub edges: Vec<Edge>,
    /// The automaton ends here.
    pub last: bool,
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
    /// A list of values.
    Values(Arc<[Value]>),
    /// A built-in type.
    Typed(Typed),
    /// Whole numbers from, to, in steps.
    Range(i64, i64, i64),
    /// Devices of these kinds (a bit each).
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

    /// By state: whether a slot may be filled on the way from it to the end of its automaton.
    pub fn fills(&self) -> Vec<bool> {
        self.ahead(|edge, known| match edge {
            Edge::Free(to) | Edge::Mark(_, to) => known[*to as usize],
            Edge::Call { net, slot, back } => {
                let first = self.nets[*net as usize].first;
                slot.is_some() || known[first as usize] || known[*back as usize]
            }
        })
    }

    /// By state: which entries of its list may come of it.
    pub fn marks(&self) -> Vec<Marks> {
        self.ahead(|edge, known| match edge {
            Edge::Mark(mark, _) => Marks::One(*mark),
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
        let mut end = self.path(first, node, call);
        if let Some(mark) = mark {
            let marked = self.state();
            self.states[end as usize]
                .edges
                .push(Edge::Mark(mark, marked));
            end = marked;
        }
        self.states[end as usize].last = true;
    }

    /// Draws `node` from `from`; the state after it.
    pub fn path(&mut self, from: StateId, node: &Node, call: &mut Resolve<'_>) -> StateId {
        match node {
            Node::Word(word) => {
                let (word, to) = (self.word(word), self.state());
                self.states[from as usize].words.push((word, to));
                to
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
                let back = self.state();
                if let Some((net, slot)) = call(self, node) {
                    self.states[from as usize]
                        .edges
                        .push(Edge::Call { net, slot, back });
                }
                back
            }
        }
    }
}

/// Where a thread stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum At {
    State(StateId),
    /// In the tree of names of devices or areas.
    Name {
        node: u32,
    },
    /// Inside free text; true once it has a word.
    Text(bool),
}

/// A call under way.
pub(super) struct Frame {
    pub net: NetId,
    pub slot: Option<SlotId>,
    pub back: StateId,
    /// Words before it.
    pub start: u32,
    /// Entry of the list, or sentence of the intent, that was said.
    pub mark: Option<u32>,
    pub up: Option<Arc<Frame>>,
}

/// A finished call that means something.
pub(super) struct Capture {
    pub net: NetId,
    pub slot: Option<SlotId>,
    pub start: u32,
    pub end: u32,
    pub mark: Option<u32>,
    pub before: Option<Arc<Capture>>,
}

/// One way of reading the words so far.
#[derive(Clone)]
pub(super) struct Thread {
    pub at: At,
    pub frame: Option<Arc<Frame>>,
    pub captures: Option<Arc<Capture>>,
    /// Lower is the more literal reading.
    pub cost: u32,
    /// Commands begun.
    pub steps: u8,
}

/// Cost of a word: said by the sentence itself, by a list, by a typed value, by free text. That is
/// more than all other words of a sentence cost together, so that it tells how many words are free.
const LITERAL: u32 = 0;
const LISTED: u32 = 1;
const TYPED: u32 = 2;
pub(super) const FREE: u32 = 64;

impl Thread {
    /// The kind of the innermost call that fills a slot.
    fn cost_of_word(&self, network: &Network) -> u32 {
        let mut frame = self.frame.as_ref();
        let mut cost = LITERAL;
        while let Some(call) = frame {
            cost = cost.max(match network.nets[call.net as usize].kind {
                Kind::Typed(_) | Kind::Range(..) => TYPED,
                Kind::Values(_) | Kind::Devices(_) | Kind::Areas => LISTED,
                _ => LITERAL,
            });
            frame = call.up.as_ref();
        }
        cost
    }

    /// Kinds of the devices it may name, a bit each.
    pub fn kinds(&self, network: &Network) -> u16 {
        match self
            .frame
            .as_ref()
            .map(|frame| &network.nets[frame.net as usize].kind)
        {
            Some(Kind::Devices(kinds)) => *kinds,
            _ => u16::MAX,
        }
    }

    /// Whether it stands inside a command (not in courtesy around it).
    pub fn inside_command(&self, network: &Network) -> bool {
        let mut frame = self.frame.as_ref();
        while let Some(call) = frame {
            if matches!(
                network.nets[call.net as usize].kind,
                Kind::Intent(_) | Kind::Answer
            ) {
                return true;
            }
            frame = call.up.as_ref();
        }
        false
    }
}

/// Follows everything that needs no word: `out` gets threads that wait for one, `ended` those that
/// reached the end of the outermost automaton.
pub(super) fn close(
    network: &Network,
    names: &Names,
    thread: Thread,
    position: u32,
    out: &mut Vec<Thread>,
    ended: &mut Vec<Thread>,
) {
    let mut todo = vec![thread];
    // Templates cannot recurse, but lists of optional parts can be long: a bound, not a limit.
    let mut left = 200_000;
    while let Some(thread) = todo.pop() {
        left -= 1;
        if left == 0 {
            return;
        }
        match thread.at {
            At::State(id) => {
                let state = &network.states[id as usize];
                for edge in &state.edges {
                    match edge {
                        Edge::Free(to) => todo.push(Thread {
                            at: At::State(*to),
                            ..thread.clone()
                        }),
                        Edge::Mark(mark, to) => {
                            let mut next = Thread {
                                at: At::State(*to),
                                ..thread.clone()
                            };
                            if let Some(frame) = &thread.frame {
                                next.frame = Some(Arc::new(Frame {
                                    mark: Some(*mark),
                                    up: frame.up.clone(),
                                    ..**frame
                                }));
                            }
                            todo.push(next);
                        }
                        Edge::Call { net, slot, back } => {
                            let kind = &network.nets[*net as usize].kind;
                            let frame = Frame {
                                net: *net,
                                slot: *slot,
                                back: *back,
                                start: position,
                                mark: None,
                                up: thread.frame.clone(),
                            };
                            let at = match kind {
                                Kind::Devices(_) => At::Name {
                                    node: names.devices(),
                                },
                                Kind::Areas => At::Name {
                                    node: names.areas(),
                                },
                                Kind::Text(_) => At::Text(false),
                                _ => At::State(network.nets[*net as usize].first),
                            };
                            let steps = thread.steps + u8::from(matches!(kind, Kind::Intent(_)));
                            todo.push(Thread {
                                at,
                                frame: Some(Arc::new(frame)),
                                steps,
                                ..thread.clone()
                            });
                        }
                    }
                }
                if state.last {
                    finish(network, &thread, None, position, &mut todo, ended);
                }
                if !state.words.is_empty() {
                    out.push(thread);
                }
            }
            At::Name { node } => {
                if let Some(frame) = &thread.frame {
                    let entries = match network.nets[frame.net as usize].kind {
                        Kind::Devices(kinds) => names.devices_at(node, kinds),
                        _ => names.area_at(node),
                    };
                    if let Some(mark) = entries {
                        finish(network, &thread, Some(mark), position, &mut todo, ended);
                    }
                }
                out.push(thread);
            }
            At::Text(begun) => {
                if begun {
                    finish(network, &thread, None, position, &mut todo, ended);
                }
                out.push(thread);
            }
        }
    }
}

/// Returns from the innermost call.
fn finish(
    network: &Network,
    thread: &Thread,
    mark: Option<u32>,
    position: u32,
    todo: &mut Vec<Thread>,
    ended: &mut Vec<Thread>,
) {
    let Some(frame) = &thread.frame else {
        ended.push(thread.clone());
        return;
    };
    let mut next = Thread {
        at: At::State(frame.back),
        frame: frame.up.clone(),
        ..thread.clone()
    };
    let meaningful =
        frame.slot.is_some() || !matches!(network.nets[frame.net as usize].kind, Kind::Plain);
    if meaningful {
        next.captures = Some(Arc::new(Capture {
            net: frame.net,
            slot: frame.slot,
            start: frame.start,
            end: position,
            mark: mark.or(frame.mark),
            before: thread.captures.clone(),
        }));
    }
    todo.push(next);
}

/// One word further; `None` if this reading does not go on with it.
pub(super) fn step(
    network: &Network,
    names: &Names,
    thread: &Thread,
    word: Option<WordId>,
    out: &mut Vec<Thread>,
) {
    match thread.at {
        At::State(id) => {
            let Some(word) = word else { return };
            for (label, to) in &network.states[id as usize].words {
                if *label == word {
                    out.push(Thread {
                        at: At::State(*to),
                        cost: thread.cost + thread.cost_of_word(network),
                        ..thread.clone()
                    });
                }
            }
        }
        At::Name { node } => {
            let Some(word) = word else { return };
            if let Some(node) = names.child(node, word, thread.kinds(network)) {
                out.push(Thread {
                    at: At::Name { node },
                    cost: thread.cost + LISTED,
                    ..thread.clone()
                });
            }
        }
        At::Text(_) => out.push(Thread {
            at: At::Text(true),
            cost: thread.cost + FREE,
            ..thread.clone()
        }),
    }
}
