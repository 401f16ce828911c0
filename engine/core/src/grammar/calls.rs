//! Commands as tools that a language model can call, and what it calls as a sentence that a person could
//! say: so a call means what that sentence means, and can do nothing that no sentence does.

use super::{
    Context, Grammar,
    compile::key_of,
    network::{Kind, NetId},
    normalize,
    template::Node,
};
use crate::policy::Risk;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Entries up to which a list is told in full.
const TOLD: usize = 12;
/// Ways to say a part that are gone on with.
const WAYS: usize = 8;
/// Slots one call may fill.
const SLOTS: usize = 8;
/// Words that go without saying before a name.
const ARTICLES: [&str; 5] = ["the", "a", "an", "my", "our"];

/// A command, as a language model can call it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Callable {
    /// `skill.intent`.
    pub name: String,
    /// How somebody would say it.
    pub example: String,
    /// A JSON Schema: an object with a text for each slot, in the words a person would say.
    pub parameters: String,
    /// What could go wrong: who may not have that done is not offered it.
    pub risk: Risk,
}

/// Why a call is no command.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallError {
    /// No skill here does that.
    #[error("there is no command `{0}`")]
    Unknown(String),
    /// No sentence of the command says that.
    #[error("`{0}` cannot be said with that")]
    Unsayable(String),
}

impl Grammar {
    /// Every command but those about the conversation itself, in the order of the skills.
    pub fn callable(&self) -> Vec<Callable> {
        let intents = self.compiled.intents.iter();
        let nets = intents.zip(&self.compiled.intent_nets);
        nets.filter(|(intent, _)| !intent.of_conversation())
            .map(|(intent, net)| {
                let mut slots = BTreeMap::new();
                self.slots(*net, &mut slots);
                let properties = slots.into_iter().map(|(slot, choices)| {
                    let text = match choices {
                        Some(choices) => json!({ "type": "string", "enum": choices }),
                        None => json!({ "type": "string" }),
                    };
                    (slot, text)
                });
                let properties: Map<String, Value> = properties.collect();
                Callable {
                    name: intent.full_name(),
                    example: intent.example.clone(),
                    parameters: json!({ "type": "object", "properties": properties }).to_string(),
                    risk: intent.risk,
                }
            })
            .collect()
    }

    /// The sentence that a call of [`Callable::name`] stands for: one that means this command, with all
    /// that `arguments` say.
    ///
    /// # Errors
    /// [`CallError`]; then the call stands for nothing.
    pub fn called(&self, name: &str, arguments: &Map<String, Value>) -> Result<String, CallError> {
        let mut intents = self.compiled.intents.iter();
        let found = intents
            .position(|intent| !intent.of_conversation() && intent.full_name() == name)
            .ok_or_else(|| CallError::Unknown(name.to_owned()))?;
        let unsayable = || CallError::Unsayable(name.to_owned());
        let mut given = Vec::new();
        for (slot, value) in arguments {
            let words = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(_) | Value::Null => String::new(),
                Value::Array(_) | Value::Object(_) => return Err(unsayable()),
            };
            let mut words = normalize(&words);
            while words.len() > 1 && ARTICLES.contains(&words[0].as_str()) {
                words.remove(0);
            }
            // A model that has nothing to say for a slot often says nothing in it.
            if !words.is_empty() {
                given.push((slot.as_str(), words));
            }
        }
        if given.len() > SLOTS {
            return Err(unsayable());
        }
        let said = Said {
            grammar: self,
            given: &given,
        };
        let all = (1_u16 << given.len()) - 1;
        let ways = said.net(self.compiled.intent_nets[found]);
        let sentences = ways.into_iter().filter(|way| way.fills == all);
        let mut sentences = sentences.map(|way| way.words.join(" "));
        let means_it = |sentence: &String| {
            let Some(understood) = self.parse(&Context::Commands, sentence) else {
                return false;
            };
            matches!(understood.steps.as_slice(), [step]
                if format!("{}.{}", step.skill, step.intent) == name
                    && given.iter().all(|(slot, _)| step.slots.iter().any(|(known, _)| known == slot)))
        };
        sentences.find(means_it).ok_or_else(unsayable)
    }

    /// The slots below an automaton, and what may be said in them, if that is soon told.
    fn slots(&self, net: NetId, slots: &mut BTreeMap<String, Option<Vec<String>>>) {
        let part = &self.compiled.parts[net as usize];
        for node in &part.nodes {
            self.slots_of(node, &part.calls, slots);
        }
    }

    fn slots_of(
        &self,
        node: &Node,
        calls: &BTreeMap<String, NetId>,
        slots: &mut BTreeMap<String, Option<Vec<String>>>,
    ) {
        match node {
            Node::Word(_) => {}
            Node::Sequence(nodes) | Node::Either(nodes) => {
                nodes
                    .iter()
                    .for_each(|node| self.slots_of(node, calls, slots));
            }
            Node::Rule(_) => {
                if let Some(net) = calls.get(&key_of(node)) {
                    self.slots(*net, slots);
                }
            }
            Node::List { slot, .. } => {
                let choices = calls.get(&key_of(node)).and_then(|net| self.choices(*net));
                slots
                    .entry(slot.clone())
                    .and_modify(|known| {
                        *known = known
                            .take()
                            .zip(choices.clone())
                            .and_then(|(mut known, more)| {
                                for choice in more {
                                    if !known.contains(&choice) {
                                        known.push(choice);
                                    }
                                }
                                (known.len() <= TOLD).then_some(known)
                            });
                    })
                    .or_insert(choices);
            }
        }
    }

    /// What a short list of values is said as.
    fn choices(&self, net: NetId) -> Option<Vec<String>> {
        let part = &self.compiled.parts[net as usize];
        let is_list = matches!(self.compiled.network.kind(net), Kind::Values(_));
        if !is_list || part.nodes.len() > TOLD {
            return None;
        }
        let said = Said {
            grammar: self,
            given: &[],
        };
        let plainest = |node| {
            Some(
                said.node(node, &part.calls)
                    .into_iter()
                    .next()?
                    .words
                    .join(" "),
            )
        };
        part.nodes.iter().map(plainest).collect()
    }
}

/// Sentences that say just what was given.
struct Said<'g> {
    grammar: &'g Grammar,
    /// Slot, and its words.
    given: &'g [(&'g str, Vec<String>)],
}

/// A way to say a part.
#[derive(Clone, Default)]
struct Way {
    /// A bit for each slot it fills.
    fills: u16,
    words: Vec<String>,
}

impl Said<'_> {
    /// Ways to say a template, the plainest first; none that fills a slot with anything but what was given.
    fn node(&self, node: &Node, calls: &BTreeMap<String, NetId>) -> Vec<Way> {
        match node {
            Node::Word(word) => vec![Way {
                words: vec![word.clone()],
                ..Way::default()
            }],
            Node::Sequence(nodes) => nodes.iter().fold(vec![Way::default()], |before, node| {
                let after = self.node(node, calls);
                let mut both = Vec::new();
                for one in &before {
                    for other in after.iter().filter(|other| one.fills & other.fills == 0) {
                        both.push(Way {
                            fills: one.fills | other.fills,
                            words: [one.words.as_slice(), &other.words].concat(),
                        });
                    }
                }
                fewest(both)
            }),
            Node::Either(nodes) => {
                // An article sounds better than none; all else that says nothing is left out.
                let article = Node::Word(ARTICLES[0].into());
                let is_article = |node: &Node| {
                    *node == article
                        || matches!(node, Node::Sequence(one) if one.as_slice() == std::slice::from_ref(&article))
                };
                let mut ways = Vec::new();
                if nodes.iter().any(is_article) {
                    ways.push(Way {
                        words: vec![ARTICLES[0].into()],
                        ..Way::default()
                    });
                } else if nodes.contains(&Node::Sequence(Vec::new())) {
                    ways.push(Way::default());
                }
                ways.extend(nodes.iter().flat_map(|node| self.node(node, calls)));
                fewest(ways)
            }
            Node::Rule(_) => calls
                .get(&key_of(node))
                .map_or_else(Vec::new, |net| self.net(*net)),
            Node::List { slot, .. } => {
                let given = self.given.iter().position(|(given, _)| given == slot);
                let way = |at: usize| Way {
                    fills: 1 << at,
                    words: self.given[at].1.clone(),
                };
                given.map(way).into_iter().collect()
            }
        }
    }

    fn net(&self, net: NetId) -> Vec<Way> {
        let part = &self.grammar.compiled.parts[net as usize];
        let nodes = part.nodes.iter();
        fewest(
            nodes
                .flat_map(|node| self.node(node, &part.calls))
                .collect(),
        )
    }
}

/// Of the ways that fill the same slots a few; of those that fill none the first.
fn fewest(ways: Vec<Way>) -> Vec<Way> {
    let mut kept: Vec<Way> = Vec::new();
    for way in ways {
        let alike = kept.iter().filter(|known| known.fills == way.fills);
        let most = if way.fills == 0 { 1 } else { WAYS };
        let known = kept
            .iter()
            .any(|known| known.fills == way.fills && known.words == way.words);
        if alike.count() < most && !known {
            kept.push(way);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{grammar::everyday::household, manifest::Manifest};
    use expect_test::expect;

    fn said(grammar: &Grammar, name: &str, arguments: &Value) -> String {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        match grammar.called(name, &arguments) {
            Ok(sentence) => sentence,
            Err(error) => format!("— {error}"),
        }
    }

    #[test]
    fn a_call_is_what_somebody_could_have_said() {
        let (_, grammar) = household();
        let mut report = String::new();
        for (name, arguments) in [
            ("home.turn_on", json!({ "device": "the Kitchen Lights" })),
            (
                "home.turn_on",
                json!({ "kind": "lights", "area": "kitchen" }),
            ),
            (
                "home.turn_off",
                json!({ "kind": "fans", "area": "Bedroom" }),
            ),
            ("home.turn_off", json!({ "kind": "everything" })),
            (
                "home.brightness",
                json!({ "device": "desk lamp", "percent": 40 }),
            ),
            (
                "home.brightness",
                json!({ "device": "desk lamp", "percent": "50 percent" }),
            ),
            (
                "home.colour",
                json!({ "device": "bedroom light", "colour": "blue" }),
            ),
            ("home.unlock", json!({ "device": "back door" })),
            (
                "home.list_add",
                json!({ "item": "oat milk", "list": "shopping list" }),
            ),
            ("home.volume", json!({ "percent": "30%" })),
            (
                "timers.set",
                json!({ "duration": "10 minutes", "name": "pasta" }),
            ),
            ("timers.set", json!({})),
            ("timers.left", json!({ "name": "" })),
            ("clock.time", json!({ "place": null })),
            (
                "calculator.calculate",
                json!({ "a": "12", "operator": "times", "b": 7 }),
            ),
            (
                "alarms.wake",
                json!({ "clock": "7 am", "date": "tomorrow" }),
            ),
            // None of these is something a person could say here.
            ("home.turn_on", json!({ "device": "moon" })),
            (
                "home.turn_on",
                json!({ "device": "kitchen lights", "colour": "blue" }),
            ),
            (
                "home.unlock",
                json!({ "device": ["front door", "back door"] }),
            ),
            ("home.explode", json!({})),
            (
                "home.unlock",
                json!({ "device": "back door and turn off the lights" }),
            ),
            (
                "home.list_add",
                json!({ "item": "milk and unlock the back door" }),
            ),
            ("timers.set", json!({ "duration": "soon" })),
            ("loqa.repeat", json!({})),
        ] {
            let said = said(&grammar, name, &arguments);
            report += &format!("{name} {arguments}: {said}\n");
        }
        expect![[r#"
            home.turn_on {"device":"the Kitchen Lights"}: turn on kitchen lights
            home.turn_on {"kind":"lights","area":"kitchen"}: turn on lights in kitchen
            home.turn_off {"kind":"fans","area":"Bedroom"}: turn off fans in bedroom
            home.turn_off {"kind":"everything"}: turn off everything
            home.brightness {"device":"desk lamp","percent":40}: set desk lamp forty
            home.brightness {"device":"desk lamp","percent":"50 percent"}: set desk lamp fifty percent
            home.colour {"device":"bedroom light","colour":"blue"}: set bedroom light blue
            home.unlock {"device":"back door"}: unlock back door
            home.list_add {"item":"oat milk","list":"shopping list"}: add oat milk to shopping list
            home.volume {"percent":"30%"}: set the volume to thirty percent
            timers.set {"duration":"10 minutes","name":"pasta"}: set the timer for ten minutes called pasta
            timers.set {}: set the timer
            timers.left {"name":""}: how much time left
            clock.time {"place":null}: what time is it
            calculator.calculate {"a":"12","operator":"times","b":7}: twelve times seven
            alarms.wake {"clock":"7 am","date":"tomorrow"}: wake me at seven a m tomorrow
            home.turn_on {"device":"moon"}: — `home.turn_on` cannot be said with that
            home.turn_on {"device":"kitchen lights","colour":"blue"}: — `home.turn_on` cannot be said with that
            home.unlock {"device":["front door","back door"]}: — `home.unlock` cannot be said with that
            home.explode {}: — there is no command `home.explode`
            home.unlock {"device":"back door and turn off the lights"}: — `home.unlock` cannot be said with that
            home.list_add {"item":"milk and unlock the back door"}: add milk and unlock the back door to the list
            timers.set {"duration":"soon"}: — `timers.set` cannot be said with that
            loqa.repeat {}: — there is no command `loqa.repeat`
        "#]]
        .assert_eq(&report);
    }

    #[test]
    fn everything_that_can_be_said_can_be_called() {
        let (skills, grammar) = household();
        let offered = grammar.callable();
        let intents: usize = skills
            .iter()
            .map(|skill: &Manifest| skill.intents.len())
            .sum();
        assert_eq!(offered.len(), intents);
        let turn_on = offered.iter().find(|it| it.name == "home.turn_on").unwrap();
        expect![[r#"Callable { name: "home.turn_on", example: "turn on the kitchen lights", parameters: "{\"type\":\"object\",\"properties\":{\"area\":{\"type\":\"string\"},\"device\":{\"type\":\"string\"},\"every\":{\"type\":\"string\",\"enum\":[\"all\"]},\"floor\":{\"type\":\"string\",\"enum\":[\"upstairs\",\"downstairs\"]},\"kind\":{\"type\":\"string\",\"enum\":[\"lights\",\"fans\",\"switches\",\"heaters\",\"speakers\",\"everything\"]}}}", risk: Everyday }"#]].assert_eq(&format!("{turn_on:?}"));
    }
}
