//! Ways of reading the words so far: where each stands, what has been said on its way, and how it
//! goes on.

use super::{
    household::Names,
    network::{Edge, Kind, NetId, Network, SlotId, StateId, WordId},
    openings::Openings,
};
use std::iter::successors;

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
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub net: NetId,
    pub slot: Option<SlotId>,
    pub back: StateId,
    /// Words before it.
    pub start: u32,
    /// What a word costs here.
    cost: u32,
    /// Whether this is part of a command (not of courtesy around it).
    inside_command: bool,
    up: Option<u32>,
}

/// A finished call that means something.
#[derive(Clone, Copy)]
pub(super) struct Capture {
    pub net: NetId,
    pub slot: Option<SlotId>,
    pub start: u32,
    pub end: u32,
    /// Entry of the list, or sentence of the intent, that was said.
    pub mark: Option<u32>,
    before: Option<u32>,
}

/// One way of reading the words so far. Its calls are in [`Calls`].
#[derive(Clone, Copy)]
pub(super) struct Thread {
    pub at: At,
    frame: Option<u32>,
    captures: Option<u32>,
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
    /// A reading of no words.
    pub fn new(first: StateId) -> Thread {
        Thread {
            at: At::State(first),
            frame: None,
            captures: None,
            cost: 0,
            steps: 0,
        }
    }
}

/// The calls of all threads of a sentence. Threads that part share what they had in common.
#[derive(Clone, Default)]
pub(super) struct Calls {
    frames: Vec<Frame>,
    captures: Vec<Capture>,
}

impl Calls {
    /// Calls under way, the innermost first.
    pub fn frames<'c>(&'c self, thread: &Thread) -> impl Iterator<Item = &'c Frame> + use<'c> {
        let at = move |at: u32| &self.frames[at as usize];
        successors(thread.frame.map(at), move |frame| frame.up.map(at))
    }

    /// Calls that are finished, the last first.
    pub fn captures<'c>(&'c self, thread: &Thread) -> impl Iterator<Item = &'c Capture> + use<'c> {
        let at = move |at: u32| &self.captures[at as usize];
        successors(thread.captures.map(at), move |capture| {
            capture.before.map(at)
        })
    }

    fn frame(&self, thread: &Thread) -> Option<&Frame> {
        thread.frame.map(|at| &self.frames[at as usize])
    }

    /// Kinds of the devices it may name, a bit each.
    pub fn kinds(&self, thread: &Thread, network: &Network) -> u16 {
        match self.frame(thread).map(|frame| network.kind(frame.net)) {
            Some(Kind::Devices(kinds)) => *kinds,
            _ => u16::MAX,
        }
    }

    /// Whether it stands inside a command (not in courtesy around it).
    pub fn inside_command(&self, thread: &Thread) -> bool {
        self.frame(thread).is_some_and(|frame| frame.inside_command)
    }

    /// How much there is; see [`Self::forget`].
    pub fn len(&self) -> (usize, usize) {
        (self.frames.len(), self.captures.len())
    }

    /// Forgets what has been added since `len`.
    pub fn forget(&mut self, len: (usize, usize)) {
        self.frames.truncate(len.0);
        self.captures.truncate(len.1);
    }

    /// `thread` once it has entered an automaton.
    fn enter(
        &mut self,
        thread: &Thread,
        kind: &Kind,
        (net, slot, back): (NetId, Option<SlotId>, StateId),
        (at, start): (At, u32),
    ) -> Thread {
        let up = self.frame(thread);
        let cost = match kind {
            Kind::Typed(_) | Kind::Range(..) => TYPED,
            Kind::Values(_) | Kind::Devices(_) | Kind::Areas => LISTED,
            _ => LITERAL,
        };
        let is_intent = matches!(kind, Kind::Intent(_));
        let frame = Frame {
            net,
            slot,
            back,
            start,
            cost: cost.max(up.map_or(LITERAL, |up| up.cost)),
            inside_command: is_intent
                || matches!(kind, Kind::Answer)
                || up.is_some_and(|up| up.inside_command),
            up: thread.frame,
        };
        self.frames.push(frame);
        Thread {
            at,
            frame: Some((self.frames.len() - 1) as u32),
            steps: thread.steps + u8::from(is_intent),
            ..*thread
        }
    }

    /// `thread` once it has come back from the innermost automaton; `None` from the outermost.
    fn leave(
        &mut self,
        thread: &Thread,
        mark: Option<u32>,
        end: u32,
        network: &Network,
    ) -> Option<Thread> {
        let frame = *self.frame(thread)?;
        let mut next = Thread {
            at: At::State(frame.back),
            frame: frame.up,
            ..*thread
        };
        if frame.slot.is_some() || !matches!(network.kind(frame.net), Kind::Plain) {
            self.captures.push(Capture {
                net: frame.net,
                slot: frame.slot,
                start: frame.start,
                end,
                mark,
                before: thread.captures,
            });
            next.captures = Some((self.captures.len() - 1) as u32);
        }
        Some(next)
    }
}

/// What can be said, to take threads further in.
#[derive(Clone, Copy)]
pub(super) struct Reader<'g> {
    pub network: &'g Network,
    pub names: &'g Names,
    pub openings: &'g Openings,
}

impl Reader<'_> {
    /// Follows everything that needs no word: `waiting` gets threads that wait for one, `ended`
    /// those that reached the end of the outermost automaton. `position` is the number of words so
    /// far; `todo` is emptied.
    pub fn close(
        &self,
        todo: &mut Vec<Thread>,
        position: u32,
        calls: &mut Calls,
        (waiting, ended): (&mut Vec<Thread>, &mut Vec<Thread>),
    ) {
        let waits = |_: &Calls, thread: Thread| waiting.push(thread);
        let ends = |thread: Thread| ended.push(thread);
        self.follow(todo, position, calls, |_| true, waits, ends);
    }

    /// Follows only what `word` may come of, and then says it. `position` is the number of words
    /// before it; `todo` is emptied.
    pub fn say(
        &self,
        todo: &mut Vec<Thread>,
        word: Option<WordId>,
        position: u32,
        calls: &mut Calls,
        out: &mut Vec<Thread>,
    ) {
        let next = self.openings.next(word, self.names);
        let waits = |calls: &Calls, thread: Thread| out.extend(self.step(&thread, word, calls));
        let opens = |net: NetId| next.may_open(net);
        self.follow(todo, position, calls, opens, waits, |_| ());
    }

    /// One word further; `None` if this reading, which waits for a word, does not go on with it.
    pub fn step(&self, thread: &Thread, word: Option<WordId>, calls: &Calls) -> Option<Thread> {
        let (at, cost) = match thread.at {
            At::State(id) => {
                let to = self.network.states[id as usize].after(word?)?;
                let cost = calls.frame(thread).map_or(LITERAL, |frame| frame.cost);
                (At::State(to), cost)
            }
            At::Name { node } => {
                let kinds = calls.kinds(thread, self.network);
                let node = self.names.child(node, word?, kinds)?;
                (At::Name { node }, LISTED)
            }
            At::Text(_) => (At::Text(true), FREE),
        };
        Some(Thread {
            at,
            cost: thread.cost + cost,
            ..*thread
        })
    }

    fn follow(
        &self,
        todo: &mut Vec<Thread>,
        position: u32,
        calls: &mut Calls,
        opens: impl Fn(NetId) -> bool,
        mut waits: impl FnMut(&Calls, Thread),
        mut ends: impl FnMut(Thread),
    ) {
        // Templates cannot recurse, but lists of optional parts can be long: a bound, not a limit.
        let mut left = 200_000;
        while let Some(thread) = todo.pop() {
            left -= 1;
            if left == 0 {
                todo.clear();
                return;
            }
            let mut finish = |mark, calls: &mut Calls, todo: &mut Vec<Thread>| match calls.leave(
                &thread,
                mark,
                position,
                self.network,
            ) {
                Some(next) => todo.push(next),
                None => ends(thread),
            };
            match thread.at {
                At::State(id) => {
                    let state = &self.network.states[id as usize];
                    for edge in &state.edges {
                        match edge {
                            Edge::Free(to) => todo.push(Thread {
                                at: At::State(*to),
                                ..thread
                            }),
                            Edge::End(mark) => finish(Some(*mark), calls, todo),
                            Edge::Call { net, slot, back } => {
                                if !opens(*net) {
                                    continue;
                                }
                                let kind = self.network.kind(*net);
                                let at = match kind {
                                    Kind::Devices(_) => At::Name {
                                        node: self.names.devices(),
                                    },
                                    Kind::Areas => At::Name {
                                        node: self.names.areas(),
                                    },
                                    Kind::Text(_) => At::Text(false),
                                    _ => At::State(self.network.nets[*net as usize].first),
                                };
                                let call = (*net, *slot, *back);
                                todo.push(calls.enter(&thread, kind, call, (at, position)));
                            }
                        }
                    }
                    if state.last {
                        finish(None, calls, todo);
                    }
                    if !state.words.is_empty() {
                        waits(calls, thread);
                    }
                }
                At::Name { node } => {
                    let entries = match calls
                        .frame(&thread)
                        .map(|frame| self.network.kind(frame.net))
                    {
                        Some(Kind::Devices(kinds)) => self.names.devices_at(node, *kinds),
                        _ => self.names.area_at(node),
                    };
                    if entries.is_some() {
                        finish(entries, calls, todo);
                    }
                    waits(calls, thread);
                }
                At::Text(begun) => {
                    if begun {
                        finish(None, calls, todo);
                    }
                    waits(calls, thread);
                }
            }
        }
    }
}
