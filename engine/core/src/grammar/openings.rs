//! What an automaton may begin with, so that a word enters only those that begin with it.

use super::{
    household::Names,
    network::{Edge, Kind, NetId, Network, WordId},
};

/// What may come that is no word of the templates: kinds of devices (the bits below), areas,
/// anything or nothing.
const AREA: u32 = 1 << 16;
const ANYTHING: u32 = 1 << 17;

/// What each automaton may begin with.
#[derive(Clone, Debug, Default)]
pub(super) struct Openings {
    /// By automaton: what may come that is no word of the templates.
    other: Vec<u32>,
    /// By word: the automata that may begin with it, a bit each; so many numbers a word.
    nets: Vec<u64>,
    row: usize,
}

/// A word that is about to be said.
pub(super) struct Next<'o> {
    openings: &'o Openings,
    /// What else it may be.
    other: u32,
    nets: &'o [u64],
}

impl Next<'_> {
    /// Whether `net` may begin with the word, or be passed without one.
    pub fn may_open(&self, net: NetId) -> bool {
        let listed = self.nets.get(net as usize / 64);
        self.openings.other[net as usize] & self.other != 0
            || listed.is_some_and(|bits| bits >> (net % 64) & 1 != 0)
    }
}

impl Openings {
    pub fn new(network: &Network) -> Openings {
        let empty = empty(network);
        let is_empty = |net: usize| empty[network.nets[net].first as usize];
        let mut all: Vec<Option<Opening>> = vec![None; network.nets.len()];
        for net in 0..all.len() {
            opening(net, network, &is_empty, &mut all);
        }
        let row = all.len().div_ceil(64).max(1);
        let mut nets = vec![0; network.spelling.len() * row];
        let mut other = Vec::with_capacity(all.len());
        for (net, opening) in all.into_iter().map(Option::unwrap_or_default).enumerate() {
            for word in opening.words {
                nets[word as usize * row + net / 64] |= 1 << (net % 64);
            }
            other.push(opening.other | if is_empty(net) { ANYTHING } else { 0 });
        }
        Openings { other, nets, row }
    }

    /// What `word` may begin; `None` is a word that no template and no name has.
    pub fn next(&self, word: Option<WordId>, names: &Names) -> Next<'_> {
        let kinds = |root| word.and_then(|word| names.opens(root, word)).unwrap_or(0);
        let nets = word.and_then(|word| self.nets.chunks_exact(self.row).nth(word as usize));
        let area = if kinds(names.areas()) == 0 { 0 } else { AREA };
        Next {
            openings: self,
            other: u32::from(kinds(names.devices())) | area | ANYTHING,
            nets: nets.unwrap_or_default(),
        }
    }
}

/// What one automaton may begin with.
#[derive(Clone, Default)]
struct Opening {
    other: u32,
    words: Vec<WordId>,
}

/// Finds it for `net` and those it calls.
fn opening(
    net: usize,
    network: &Network,
    is_empty: &dyn Fn(usize) -> bool,
    all: &mut Vec<Option<Opening>>,
) {
    if all[net].is_some() {
        return;
    }
    let mut opening = Opening {
        other: match network.nets[net].kind {
            Kind::Devices(kinds) => u32::from(kinds),
            Kind::Areas => AREA,
            Kind::Text(_) => ANYTHING,
            _ => 0,
        },
        words: Vec::new(),
    };
    let mut todo = vec![network.nets[net].first];
    while let Some(state) = todo.pop() {
        let state = &network.states[state as usize];
        opening
            .words
            .extend(state.words.iter().map(|(word, _)| *word));
        for edge in &state.edges {
            match edge {
                Edge::Free(to) => todo.push(*to),
                Edge::End(_) => {}
                Edge::Call {
                    net: inner, back, ..
                } => {
                    let inner = *inner as usize;
                    self::opening(inner, network, is_empty, all);
                    if let Some(inner) = &all[inner] {
                        opening.other |= inner.other;
                        opening.words.extend(&inner.words);
                    }
                    if is_empty(inner) {
                        todo.push(*back);
                    }
                }
            }
        }
    }
    opening.words.sort_unstable();
    opening.words.dedup();
    all[net] = Some(opening);
}

/// By state: whether the end of its automaton can be reached without a word.
fn empty(network: &Network) -> Vec<bool> {
    let mut empty = vec![false; network.states.len()];
    loop {
        let mut changed = false;
        for (id, state) in network.states.iter().enumerate().rev() {
            let mut edges = state.edges.iter();
            let ends = state.last
                || edges.any(|edge| match edge {
                    Edge::Free(to) => empty[*to as usize],
                    Edge::End(_) => true,
                    Edge::Call { net, back, .. } => {
                        let first = network.nets[*net as usize].first;
                        empty[first as usize] && empty[*back as usize]
                    }
                });
            changed |= ends != std::mem::replace(&mut empty[id], ends);
        }
        if !changed {
            return empty;
        }
    }
}
