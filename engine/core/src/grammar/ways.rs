//! How one would speak of a device: the plainest sentence of each intent, with its name.

use super::{
    Context, Grammar, SlotValue,
    compile::key_of,
    household::bit,
    network::{Kind, NetId},
    normalize,
    template::Node,
};
use crate::home::{Device, DeviceKind};
use std::collections::BTreeMap;

/// The sentences, in the order of the skills' intents.
pub(super) fn ways(grammar: &Grammar, device: &Device) -> Vec<String> {
    let names = grammar
        .names
        .spoken(false, bit(device.kind), &grammar.compiled.network);
    let name = normalize(&device.name).join(" ");
    // A name that two rooms share is said with its room.
    let with_room = names.iter().filter(|known| known.contains(&name));
    let candidates: Vec<&String> = [&name].into_iter().chain(with_room).collect();
    let nets = &grammar.compiled.intent_nets;
    let sentence = |net: &NetId| {
        let part = &grammar.compiled.parts[*net as usize];
        candidates.iter().find_map(|name| {
            let said = Said {
                grammar,
                kind: bit(device.kind),
                name,
            };
            part.nodes.iter().find_map(|node| {
                let sentence = said.node(node, &part.calls)?.join(" ");
                said.is_of(device, &sentence).then_some(sentence)
            })
        })
    };
    nets.iter().filter_map(sentence).collect()
}

/// One device under one of its names.
struct Said<'g> {
    grammar: &'g Grammar,
    kind: u16,
    name: &'g str,
}

impl Said<'_> {
    /// Whether a sentence speaks of the device and of no other.
    fn is_of(&self, device: &Device, sentence: &str) -> bool {
        let understood = self.grammar.parse(&Context::Commands, sentence);
        let slots = understood.iter().flat_map(|found| &found.steps);
        let mut is_of = false;
        for (_, value) in slots.flat_map(|step| &step.slots) {
            match value {
                SlotValue::Item(item) if item == "on" && !can_be_on(device.kind) => return false,
                SlotValue::Device(id) => is_of = *id == device.id,
                _ => {}
            }
        }
        is_of
    }

    /// The plainest way through a template; `None` if it needs a device of another kind.
    fn node(&self, node: &Node, calls: &BTreeMap<String, NetId>) -> Option<Vec<String>> {
        match node {
            Node::Word(word) => Some(vec![word.clone()]),
            Node::Sequence(nodes) => {
                let parts: Option<Vec<_>> =
                    nodes.iter().map(|node| self.node(node, calls)).collect();
                Some(parts?.concat())
            }
            Node::Either(nodes) => {
                let nothing = |node: &Node| *node == Node::Sequence(Vec::new());
                if nodes.iter().any(is_article) {
                    Some(vec!["the".into()])
                } else if nodes.iter().any(nothing) {
                    Some(Vec::new())
                } else {
                    nodes.iter().find_map(|node| self.node(node, calls))
                }
            }
            Node::Rule(_) | Node::List { .. } => self.net(*calls.get(&key_of(node))?),
        }
    }

    fn net(&self, net: NetId) -> Option<Vec<String>> {
        let compiled = &self.grammar.compiled;
        let part = &compiled.parts[net as usize];
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        match &compiled.network.nets[net as usize].kind {
            Kind::Devices(kinds) => (kinds & self.kind != 0).then(|| words(self.name)),
            Kind::Areas => None,
            Kind::Text(vocabulary) => vocabulary.first().map(|first| words(first)),
            // The middle of a range says more than its end, and a round number is soon said.
            Kind::Range(..) => {
                let upper = part.nodes.get(part.nodes.len() / 2..)?;
                let round =
                    |node: &&Node| matches!(node, Node::Sequence(words) if words.len() == 1);
                self.node(upper.iter().find(round).or(upper.first())?, &part.calls)
            }
            _ => part
                .nodes
                .iter()
                .find_map(|node| self.node(node, &part.calls)),
        }
    }
}

/// Whether "the" can be said here and nothing more.
fn is_article(node: &Node) -> bool {
    match node {
        Node::Word(word) => word == "the",
        Node::Sequence(nodes) => matches!(nodes.as_slice(), [node] if is_article(node)),
        Node::Either(nodes) => nodes.iter().any(is_article),
        _ => false,
    }
}

/// Whether a device of this kind can be on. No list or lock can, though a skill may understand who
/// asks.
fn can_be_on(kind: DeviceKind) -> bool {
    use DeviceKind::{Climate, Fan, Light, Media, Switch};
    matches!(kind, Light | Switch | Climate | Fan | Media)
}
