//! From manifests to a network.

use super::{
    Context, household,
    network::{Kind, Marks, NetId, Network, SlotId},
    numbers,
    openings::Openings,
    template::{self, Node},
    typed,
};
use crate::{
    home::DeviceKind,
    manifest::{FileError, List, Manifest, Place},
    policy::{Pin, Risk},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// An intent of some skill.
#[derive(Clone, Debug)]
pub(super) struct IntentInfo {
    pub skill: String,
    pub name: String,
    pub constants: Vec<(String, Value)>,
    /// How somebody would say it.
    pub example: String,
    /// What could go wrong.
    pub risk: Risk,
}

impl IntentInfo {
    /// `skill.intent`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.skill, self.name)
    }

    /// Whether it is about what has just been said, and nothing else.
    pub fn of_conversation(&self) -> bool {
        self.skill == "loqa" && ["never_mind", "repeat"].contains(&self.name.as_str())
    }
}

/// Rules in template syntax that every manifest may call and the recogniser hears as one.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// What it says; for lists, one node per entry.
    pub nodes: Vec<Node>,
    /// Automata its nodes call, by what they call them.
    pub calls: BTreeMap<String, NetId>,
}

/// Everything compiled.
#[derive(Clone, Debug, Default)]
pub(super) struct Compiled {
    pub network: Network,
    pub intents: Vec<IntentInfo>,
    /// What may be said, besides commands, once something has been asked.
    pub answers: Vec<(Context, Vec<NetId>)>,
    /// By automaton: what it says, for the recogniser's grammar.
    pub parts: Vec<Part>,
    pub intent_nets: Vec<NetId>,
    pub prefix: NetId,
    pub suffix: NetId,
    pub joint: NetId,
    /// By state: see [`Network::fills`].
    pub fills: Vec<bool>,
    /// By state: see [`Network::marks`].
    pub marks: Vec<Marks>,
    /// What each automaton may begin with.
    pub openings: Openings,
    /// The outermost automata.
    pub roots: Vec<(Context, NetId)>,
    /// The words of every example: how people say things.
    pub examples: Vec<Vec<String>>,
}

/// Said before a command without changing it.
const PREFIX: &str = "[hey loqa] [please|could you [please]|can you [please]|would you [please]|will you [please]|i want you to|i'd like you to]";
/// Said after it.
const SUFFIX: &str = "[please|for me|for me please|thanks|thank you]";
/// Between two commands.
const JOINT: &str = "(and|and then|then)";
const YES: &str =
    "(yes|yes please|yeah|yep|sure|ok|okay|do it|yes do it|go ahead|please do|confirm|of course)";
const NO: &str =
    "(no|no thanks|no thank you|nope|don't|do not|cancel|stop|never mind|no never mind)";

/// Four digits, and more as long as it may have.
fn pin_rule() -> String {
    let more = (Pin::FEWEST..Pin::MOST).fold(String::new(), |more, _| format!(" [<digit>{more}]"));
    format!("{}{more}", ["<digit>"; Pin::FEWEST].join(" "))
}

struct Compiler<'a> {
    manifest: &'a Manifest,
    /// A manifest of no rules.
    nothing: &'a Manifest,
    /// `skill/rule` and `skill/{list}` → automaton; `None` while it is being made.
    made: BTreeMap<String, Option<NetId>>,
    parts: Vec<Part>,
    /// What the part being made calls.
    errors: Vec<(String, String)>,
}

/// Compiles manifests.
pub(super) fn compile(manifests: &[Manifest]) -> Result<Compiled, Vec<FileError>> {
    let mut network = Network::default();
    let mut all = Compiled::default();
    let mut errors: Vec<FileError> = Vec::new();
    let nothing = Manifest::default();
    let mut compiler = Compiler {
        manifest: &nothing,
        nothing: &nothing,
        made: BTreeMap::new(),
        parts: Vec::new(),
        errors: Vec::new(),
    };
    let own = |compiler: &mut Compiler<'_>, network: &mut Network, kind: Kind, text: &str| {
        let net = compiler.begin(network, kind);
        if let Ok(node) = template::parse(text) {
            compiler.say(network, net, &node, None);
        }
        net
    };
    all.prefix = own(&mut compiler, &mut network, Kind::Plain, PREFIX);
    all.suffix = own(&mut compiler, &mut network, Kind::Plain, SUFFIX);
    all.joint = own(&mut compiler, &mut network, Kind::Plain, JOINT);
    let yes_or_no = vec![
        own(&mut compiler, &mut network, Kind::Confirm(true), YES),
        own(&mut compiler, &mut network, Kind::Confirm(false), NO),
    ];
    let no = yes_or_no[1];
    all.answers.push((Context::Confirm, yes_or_no));
    let digits = own(&mut compiler, &mut network, Kind::Pin, &pin_rule());
    all.answers.push((Context::Pin, vec![digits, no]));

    for manifest in manifests {
        compiler.manifest = manifest;
        for intent in &manifest.intents {
            let net = compiler.begin(&mut network, Kind::Intent(all.intents.len()));
            for (index, sentence) in intent.sentences.iter().enumerate() {
                let place = Place::Sentence {
                    intent: intent.name.clone(),
                    index,
                };
                compiler.sentence(&mut network, net, sentence, &place, &mut errors);
            }
            let examples = intent.examples.iter();
            all.examples
                .extend(examples.map(|example| super::normalize(&example.say)));
            all.intents.push(IntentInfo {
                skill: manifest.name.clone(),
                name: intent.name.clone(),
                constants: intent
                    .slots
                    .iter()
                    .map(|(slot, value)| (slot.clone(), value.clone()))
                    .collect(),
                example: intent.examples.first().map_or_else(
                    || intent.name.replace('_', " "),
                    |example| example.say.clone(),
                ),
                risk: intent.risk,
            });
            all.intent_nets.push(net);
        }
        for (name, followup) in &manifest.followups {
            let net = compiler.begin(&mut network, Kind::Answer);
            for (index, sentence) in followup.sentences.iter().enumerate() {
                let place = Place::FollowUp {
                    name: name.clone(),
                    index,
                };
                compiler.sentence(&mut network, net, sentence, &place, &mut errors);
            }
            let context = Context::FollowUp {
                skill: manifest.name.clone(),
                name: name.clone(),
            };
            all.answers.push((context, vec![net]));
        }
    }
    all.network = network.sorted();
    all.fills = all.network.fills();
    all.marks = all.network.marks();
    all.openings = Openings::new(&all.network);
    all.parts = compiler.parts;
    if errors.is_empty() {
        Ok(all)
    } else {
        Err(errors)
    }
}

impl Compiler<'_> {
    fn begin(&mut self, network: &mut Network, kind: Kind) -> NetId {
        let net = network.net(kind);
        self.parts.push(Part {
            nodes: Vec::new(),
            calls: BTreeMap::new(),
        });
        net
    }

    /// Adds a way through `net`.
    fn say(&mut self, network: &mut Network, net: NetId, node: &Node, mark: Option<u32>) {
        let mut calls = BTreeMap::new();
        network.add(net, node, mark, &mut |network, node| {
            let (net, slot) = self.call(network, node)?;
            calls.insert(key_of(node), net);
            Some((net, slot))
        });
        let part = &mut self.parts[net as usize];
        part.nodes.push(node.clone());
        part.calls.extend(calls);
    }

    fn sentence(
        &mut self,
        network: &mut Network,
        net: NetId,
        text: &str,
        place: &Place,
        errors: &mut Vec<FileError>,
    ) {
        let places = &self.manifest.places;
        let node = match template::parse(text) {
            Ok(node) => node,
            Err(error) => {
                errors.push(places.error(
                    place,
                    error.column - 1,
                    error.message,
                    format!("in the sentence `{text}`"),
                ));
                return;
            }
        };
        if can_be_empty(&node) {
            errors.push(places.error(
                place,
                0,
                format!("`{text}` is a sentence without a word"),
                "make at least one word necessary",
            ));
            return;
        }
        if matches!(place, Place::Sentence { .. }) && self.swallows_all(&node) {
            errors.push(places.error(
                place,
                0,
                format!("`{text}` is free text and nothing else, so it would swallow everything that is said"),
                "put a word before or after it",
            ));
            return;
        }
        if let Some(message) = self.unbounded(&node) {
            errors.push(places.error(
                place,
                0,
                message,
                format!("in the sentence `{text}`: put a word between them"),
            ));
            return;
        }
        let mark = match place {
            Place::Sentence { index, .. } => Some(*index as u32),
            _ => None,
        };
        self.say(network, net, &node, mark);
        for (message, help) in std::mem::take(&mut self.errors) {
            errors.push(self.manifest.places.error(place, 0, message, help));
        }
    }

    /// The automaton of a rule or list.
    fn call(&mut self, network: &mut Network, node: &Node) -> Option<(NetId, Option<SlotId>)> {
        match node {
            Node::Rule(name) => self.rule(network, name).map(|net| (net, None)),
            Node::List { list, slot } => {
                let net = self.list(network, list)?;
                Some((net, Some(network.slot(slot))))
            }
            _ => None,
        }
    }

    fn rule(&mut self, network: &mut Network, name: &str) -> Option<NetId> {
        let (key, text) = match self.manifest.rules.get(name) {
            Some(text) => (format!("{}/<{name}>", self.manifest.name), text.clone()),
            None => match built_in_rule(name) {
                Some(text) => (format!("<{name}>"), text.to_owned()),
                None => {
                    self.errors.push((
                        format!("there is no rule `<{name}>`"),
                        suggestion(name, self.manifest.rules.keys().map(String::as_str)),
                    ));
                    return None;
                }
            },
        };
        match self.made.get(&key) {
            Some(Some(net)) => return Some(*net),
            Some(None) => {
                self.errors.push((
                    format!("the rule `<{name}>` uses itself"),
                    "a rule must come to an end: write out what it may repeat".into(),
                ));
                return None;
            }
            None => {}
        }
        self.made.insert(key.clone(), None);
        let net = self.begin(network, Kind::Plain);
        match template::parse(&text) {
            Ok(node) if !self.manifest.rules.contains_key(name) => {
                self.say_built_in(network, net, &node);
            }
            Ok(node) => self.say(network, net, &node, None),
            Err(error) => self.errors.push((
                format!(
                    "in the rule `<{name}>`, column {}: {}",
                    error.column, error.message
                ),
                String::new(),
            )),
        }
        self.made.insert(key, Some(net));
        Some(net)
    }

    /// What Loqa's own rules say does not depend on what a skill calls its rules.
    fn say_built_in(&mut self, network: &mut Network, net: NetId, node: &Node) {
        let skill = std::mem::replace(&mut self.manifest, self.nothing);
        self.say(network, net, node, None);
        self.manifest = skill;
    }

    fn list(&mut self, network: &mut Network, name: &str) -> Option<NetId> {
        let own = self
            .manifest
            .lists
            .get(name)
            .cloned()
            .or_else(|| inline_range(name));
        let key = match &own {
            Some(_) => format!("{}/{{{name}}}", self.manifest.name),
            None => format!("{{{name}}}"),
        };
        match self.made.get(&key) {
            Some(Some(net)) => return Some(*net),
            Some(None) => {
                self.errors.push((
                    format!("the list `{{{name}}}` uses itself"),
                    "write out what it may repeat".into(),
                ));
                return None;
            }
            None => {}
        }
        self.made.insert(key.clone(), None);
        let net = match own {
            Some(List::Values(values)) => {
                let net = self.begin(
                    network,
                    Kind::Values(
                        values
                            .iter()
                            .map(|value| value.means.clone())
                            .collect::<Vec<_>>()
                            .into(),
                    ),
                );
                for value in &values {
                    // The first entry that means the same, so that equal values are equal.
                    let mark = values.iter().position(|first| first.means == value.means);
                    match template::parse(&value.said) {
                        Ok(node) if !can_be_empty(&node) => {
                            self.say(network, net, &node, mark.map(|mark| mark as u32))
                        }
                        Ok(_) => self.errors.push((
                            format!(
                                "`{}` in the list `{{{name}}}` can be said without a word",
                                value.said
                            ),
                            "make at least one word necessary".into(),
                        )),
                        Err(error) => self.errors.push((
                            format!(
                                "`{}` in the list `{{{name}}}`, column {}: {}",
                                value.said, error.column, error.message
                            ),
                            String::new(),
                        )),
                    }
                }
                net
            }
            Some(List::Range { from, to, step }) => {
                let net = self.begin(network, Kind::Range(from, to, step));
                if (to - from) / step.max(1) <= 120 {
                    let mut n = from;
                    while n <= to {
                        for spelling in numbers::spellings(n) {
                            let words = spelling
                                .split(' ')
                                .map(|word| Node::Word(word.to_owned()))
                                .collect();
                            self.say(network, net, &Node::Sequence(words), None);
                        }
                        n += step.max(1);
                    }
                } else {
                    let node = Node::Rule("whole".into());
                    self.say(network, net, &node, None);
                }
                net
            }
            Some(List::Text { vocabulary }) => self.begin(
                network,
                Kind::Text(Arc::new(
                    vocabulary
                        .iter()
                        .map(|phrase| super::normalize(phrase).join(" "))
                        .collect(),
                )),
            ),
            Some(List::Devices(kinds)) => self.begin(
                network,
                Kind::Devices(kinds.iter().map(|kind| household::bit(*kind)).sum()),
            ),
            None => match name {
                "device" => self.begin(network, Kind::Devices(household::ALL_DEVICES)),
                "routine" => self.begin(network, Kind::Devices(household::ROUTINES)),
                "area" => self.begin(network, Kind::Areas),
                "text" => self.begin(network, Kind::Text(Arc::default())),
                name => {
                    if let Some((_, typed, rule)) =
                        typed::TYPES.iter().find(|(list, ..)| *list == name)
                    {
                        let net = self.begin(network, Kind::Typed(*typed));
                        if let Ok(node) = template::parse(rule) {
                            self.say_built_in(network, net, &node);
                        }
                        net
                    } else if let Some(kind) = kind_named(name) {
                        self.begin(network, Kind::Devices(household::bit(kind)))
                    } else {
                        let known = self
                            .manifest
                            .lists
                            .keys()
                            .map(String::as_str)
                            .chain(["device", "area", "routine", "text"])
                            .chain(typed::TYPES.iter().map(|(list, ..)| *list));
                        self.errors.push((
                            format!("there is no list `{{{name}}}`"),
                            suggestion(name, known),
                        ));
                        self.made.remove(&key);
                        return None;
                    }
                }
            },
        };
        self.made.insert(key, Some(net));
        Some(net)
    }

    fn is_text(&self, node: &Node) -> bool {
        match node {
            Node::List { list, .. } => match self.manifest.lists.get(list) {
                Some(own) => matches!(own, List::Text { .. }),
                None => list == "text",
            },
            _ => false,
        }
    }

    /// Free text and nothing else: it would swallow everything that is said.
    fn swallows_all(&self, node: &Node) -> bool {
        match node {
            Node::Sequence(nodes) => nodes
                .iter()
                .all(|node| self.swallows_all(node) || can_be_empty(node)),
            Node::Either(nodes) => nodes.iter().any(|node| self.swallows_all(node)),
            node => self.is_text(node),
        }
    }

    /// Two texts in a row: nobody could tell where one ends.
    fn unbounded(&self, node: &Node) -> Option<String> {
        let is_text = |node: &Node| self.is_text(node);
        match node {
            Node::Sequence(nodes) => {
                if nodes
                    .windows(2)
                    .any(|pair| is_text(&pair[0]) && is_text(&pair[1]))
                {
                    return Some(
                        "two free texts stand side by side, so nobody could tell where one ends"
                            .into(),
                    );
                }
                nodes.iter().find_map(|node| self.unbounded(node))
            }
            Node::Either(nodes) => nodes.iter().find_map(|node| self.unbounded(node)),
            _ => None,
        }
    }
}

/// How a node calls its automaton.
pub(super) fn key_of(node: &Node) -> String {
    match node {
        Node::Rule(name) => format!("<{name}>"),
        Node::List { list, .. } => format!("{{{list}}}"),
        _ => String::new(),
    }
}

fn built_in_rule(name: &str) -> Option<&'static str> {
    typed::RULES
        .iter()
        .chain(numbers::RULES)
        .find(|(rule, _)| *rule == name)
        .map(|(_, text)| *text)
}

/// `{0..100:slot}` names its range itself.
fn inline_range(name: &str) -> Option<List> {
    let (from, to) = name.split_once("..")?;
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to).then_some(List::Range { from, to, step: 1 })
}

fn kind_named(name: &str) -> Option<DeviceKind> {
    serde_json::from_value(Value::String(name.to_owned())).ok()
}

fn suggestion<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|name| (strsim::damerau_levenshtein(name, wrong), name))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map_or_else(String::new, |(_, name)| format!("did you mean `{name}`?"))
}

/// Whether a template can be said without a word.
fn can_be_empty(node: &Node) -> bool {
    match node {
        Node::Word(_) | Node::Rule(_) | Node::List { .. } => false,
        Node::Sequence(nodes) => nodes.iter().all(can_be_empty),
        Node::Either(nodes) => nodes.iter().any(can_be_empty),
    }
}
