//! Sentences a person could say, drawn from the templates.

use super::{
    Context, Grammar,
    compile::key_of,
    network::{Kind, NetId},
    template::Node,
};
use std::collections::BTreeMap;

/// SplitMix64 (Steele, Lea, Flood, 2014): small, seeded, the same everywhere.
pub(super) struct Random(pub u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % n.max(1) as u64) as usize
    }
}

/// What free text is filled with where no vocabulary is given.
const SOMETHING: [&str; 3] = ["a new book", "something nice", "the blue one"];

/// `n` sentences, or fewer if few can be said. Every one is understood.
pub(super) fn sample(grammar: &Grammar, seed: u64, n: usize) -> Vec<String> {
    let mut random = Random(seed);
    let nets = &grammar.compiled.intent_nets;
    let mut sentences = Vec::with_capacity(n);
    for _ in 0..n * 20 {
        if sentences.len() == n || nets.is_empty() {
            break;
        }
        let net = nets[random.below(nets.len())];
        let Some(words) = of_net(grammar, net, &mut random) else {
            continue;
        };
        let text = words.join(" ");
        if grammar.parse(&Context::Commands, &text).is_some() {
            sentences.push(text);
        }
    }
    sentences
}

/// One way to say an automaton; `None` if it came to something nobody can say here.
pub(super) fn of_net(grammar: &Grammar, net: NetId, random: &mut Random) -> Option<Vec<String>> {
    let compiled = &grammar.compiled;
    let pick = |all: Vec<String>, random: &mut Random| -> Option<Vec<String>> {
        let one = all.get(random.below(all.len()))?;
        Some(one.split(' ').map(str::to_owned).collect())
    };
    match &compiled.network.nets[net as usize].kind {
        Kind::Devices(kinds) => pick(
            grammar.names.spoken(false, *kinds, &compiled.network),
            random,
        ),
        Kind::Areas => pick(
            grammar.names.spoken(true, u16::MAX, &compiled.network),
            random,
        ),
        Kind::Text(vocabulary) if vocabulary.is_empty() => {
            pick(SOMETHING.map(str::to_owned).to_vec(), random)
        }
        Kind::Text(vocabulary) => pick(vocabulary.to_vec(), random),
        _ => {
            let part = &compiled.parts[net as usize];
            let node = part.nodes.get(random.below(part.nodes.len()))?;
            let mut words = Vec::new();
            of_node(grammar, node, &part.calls, random, &mut words)?;
            Some(words)
        }
    }
}

fn of_node(
    grammar: &Grammar,
    node: &Node,
    calls: &BTreeMap<String, NetId>,
    random: &mut Random,
    words: &mut Vec<String>,
) -> Option<()> {
    match node {
        Node::Word(word) => words.push(word.clone()),
        Node::Sequence(nodes) => nodes
            .iter()
            .try_for_each(|node| of_node(grammar, node, calls, random, words))?,
        Node::Either(nodes) => of_node(
            grammar,
            nodes.get(random.below(nodes.len()))?,
            calls,
            random,
            words,
        )?,
        Node::Rule(_) | Node::List { .. } => {
            words.extend(of_net(grammar, *calls.get(&key_of(node))?, random)?)
        }
    }
    Some(())
}
