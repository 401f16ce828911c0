//! From the tree to the manifest, and what no shape can say.

use super::card::CardTemplate;
use super::{
    Budget, Example, FollowUp, Intent, LONGEST_TOPIC, List, ListValue, Manifest, Payload, Place,
    Places, Setting, SettingKind,
};
use crate::document::{Entry, FileError, Node, Position, Value};
use crate::home::DeviceKind;
use crate::policy::Risk;
use loqa_protocol::card;
use std::collections::BTreeMap;

/// Furthest number of a range from zero: more than anyone says, and none overflows.
const MAX_NUMBER: i64 = 1_000_000_000;

/// Reads what is sound and reports what is not. The shape has been checked.
pub(super) fn manifest(
    file: &str,
    source: &str,
    node: &Node,
    errors: &mut Vec<FileError>,
) -> Manifest {
    let lines: Vec<&str> = source
        .strip_prefix('\u{feff}')
        .unwrap_or(source)
        .lines()
        .collect();
    let mut reader = Reader {
        file,
        lines,
        places: Places::new(file),
        errors,
    };
    Manifest {
        name: node.text_of("name"),
        version: node
            .get("version")
            .and_then(Node::text)
            .unwrap_or("0.1.0")
            .to_owned(),
        description: node.text_of("description"),
        lists: reader.lists(node),
        rules: reader.rules(node),
        intents: reader.intents(node),
        permissions: permissions(node),
        followups: reader.followups(node),
        settings: reader.settings(node),
        payloads: reader.payloads(node),
        budget: reader.budget(node),
        places: reader.places,
    }
}

/// Each host is a permission of its own, so that a new one is asked for like any other.
fn permissions(node: &Node) -> Vec<String> {
    let hosts = node.texts_of("hosts").into_iter();
    let mut permissions = node.texts_of("permissions");
    permissions.extend(hosts.map(|host| format!("http:{host}")));
    permissions
}

struct Reader<'r> {
    file: &'r str,
    lines: Vec<&'r str>,
    places: Places,
    errors: &'r mut Vec<FileError>,
}

impl Reader<'_> {
    fn lists(&mut self, node: &Node) -> BTreeMap<String, List> {
        let mut lists = BTreeMap::new();
        for entry in entries(node, "lists") {
            self.places.insert(Place::List(entry.key.clone()), entry.at);
            lists.insert(
                entry.key.clone(),
                self.list(&entry.key, entry.at, &entry.value),
            );
        }
        lists
    }

    fn list(&mut self, name: &str, at: Position, node: &Node) -> List {
        if let Value::List(values) = &node.value {
            return self.values(name, at, values);
        }
        let given: Vec<&str> = ["values", "range", "text", "devices"]
            .into_iter()
            .filter(|key| node.get_even_null(key).is_some())
            .collect();
        if matches!(node.value, Value::Table(_)) && given.len() != 1 {
            let message = match given.as_slice() {
                [] => format!("list `{name}` is empty"),
                _ => format!(
                    "list `{name}` is several things at once: {}",
                    given.join(", ")
                ),
            };
            self.error(at, message, "give it one of: values, range, text, devices");
        }
        match given.first() {
            Some(&"range") => self.range(node.get("range").unwrap_or(node)),
            Some(&"text") => List::Text {
                vocabulary: node
                    .get("text")
                    .map(|text| text.texts_of("vocabulary"))
                    .unwrap_or_default(),
            },
            Some(&"devices") => {
                let kinds: Vec<DeviceKind> = node
                    .texts_of("devices")
                    .iter()
                    .filter_map(|word| DeviceKind::from_word(word))
                    .collect();
                List::Devices(kinds)
            }
            Some(_) => self.values(
                name,
                at,
                node.get("values").map(Node::items).unwrap_or_default(),
            ),
            None => List::Values(Vec::new()),
        }
    }

    fn values(&mut self, name: &str, at: Position, nodes: &[Node]) -> List {
        if nodes.is_empty() {
            self.error(
                at,
                format!("list `{name}` has no values"),
                "give it at least one, or remove it",
            );
        }
        let mut values = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let said = node.get("in").unwrap_or(node);
            self.places.insert(
                Place::ListValue {
                    list: name.to_owned(),
                    index,
                },
                self.content(said.at),
            );
            let text = said.text().unwrap_or_default().to_owned();
            if node.get("out").is_none() && text.contains(['[', '(', '|', '<', '{', ';']) {
                self.error(
                    said.at,
                    "this value is a template: nobody knows what it stands for",
                    "give it an `out`: { in: \"(big|large)\", out: big }",
                );
            }
            let means = node
                .get("out")
                .map_or_else(|| text.as_str().into(), Node::to_json);
            values.push(ListValue { said: text, means });
        }
        List::Values(values)
    }

    fn range(&mut self, node: &Node) -> List {
        let number = |key: &str, default| match node.get(key).map(|node| &node.value) {
            Some(Value::Integer(number)) => *number,
            _ => default,
        };
        let (from, to, step) = (number("from", 0), number("to", 0), number("step", 1));
        if [from, to].iter().any(|end| end.abs() > MAX_NUMBER) {
            self.error(
                node.at,
                "this range is too wide",
                format!("stay within ±{MAX_NUMBER}"),
            );
        } else if from > to {
            self.error(
                node.at,
                format!("this range is empty: it runs from {from} to {to}"),
                "swap the two",
            );
        } else if step < 1 {
            self.error(
                node.at,
                format!("a step of {step} never arrives"),
                "use 1 or more",
            );
        }
        List::Range {
            from,
            to,
            step: step.max(1),
        }
    }

    fn rules(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut rules = BTreeMap::new();
        for entry in entries(node, "rules") {
            self.places
                .insert(Place::Rule(entry.key.clone()), self.content(entry.value.at));
            rules.insert(
                entry.key.clone(),
                entry.value.text().unwrap_or_default().to_owned(),
            );
        }
        rules
    }

    fn intents(&mut self, node: &Node) -> Vec<Intent> {
        let mut intents = Vec::new();
        for entry in entries(node, "intents") {
            let (name, node) = (&entry.key, &entry.value);
            self.places.insert(Place::Intent(name.clone()), entry.at);
            let sentences = self.sentences(node, name, |index| Place::Sentence {
                intent: name.clone(),
                index,
            });
            let examples = node.get("examples").map(Node::items).unwrap_or_default();
            for (index, example) in examples.iter().enumerate() {
                let say = example.get("say").unwrap_or(example);
                self.places.insert(
                    Place::Example {
                        intent: name.clone(),
                        index,
                    },
                    self.content(say.at),
                );
            }
            for (index, negative) in node
                .get("negatives")
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .enumerate()
            {
                self.places.insert(
                    Place::Negative {
                        intent: name.clone(),
                        index,
                    },
                    self.content(negative.at),
                );
            }
            for slot in entries(node, "slots") {
                self.places.insert(
                    Place::Slot {
                        intent: name.clone(),
                        slot: slot.key.clone(),
                    },
                    slot.at,
                );
            }
            if let Some(reply) = node.get("reply") {
                self.template(reply, Place::Reply(name.clone()));
            }
            let card = node.get("card").map(|card| self.card(card, name));
            intents.push(Intent {
                name: name.clone(),
                sentences,
                slots: values(node, "slots").unwrap_or_default(),
                reply: node.get("reply").and_then(Node::text).map(str::to_owned),
                card,
                examples: examples
                    .iter()
                    .map(|example| Example {
                        say: example
                            .get("say")
                            .unwrap_or(example)
                            .text()
                            .unwrap_or_default()
                            .to_owned(),
                        slots: values(example, "slots"),
                    })
                    .collect(),
                negatives: node.texts_of("negatives"),
                confirm: node.get("confirm").is_some_and(Node::is_true),
                // What is no risk is told by the shape.
                risk: node
                    .get("risk")
                    .and_then(Node::text)
                    .and_then(Risk::named)
                    .unwrap_or_default(),
            });
        }
        intents
    }

    fn card(&mut self, node: &Node, intent: &str) -> CardTemplate {
        let mut index = 0;
        let mut read = |reader: &mut Self, node: &Node| {
            let intent = intent.to_owned();
            let place = Place::Card { intent, index };
            index += 1;
            reader.template(node, place)
        };
        let title = node.get("title").map(|title| read(self, title));
        let mut lines = Vec::new();
        for line in node.get("lines").map(Node::items).unwrap_or_default() {
            let name = line.get("name").map(|name| read(self, name));
            lines.push((name, read(self, line.get("text").unwrap_or(line))));
        }
        let say = node.get("say").map(Node::items).unwrap_or_default();
        let say: Vec<String> = say.iter().map(|sentence| read(self, sentence)).collect();
        for (key, what, count, most) in [
            ("lines", "lines", lines.len(), card::MAX_LINES),
            ("say", "sentences", say.len(), card::MAX_SAY),
        ] {
            if let Some(list) = node.get(key).filter(|_| count > most) {
                let message = format!("{count} {what} are too many for a card");
                let help = format!("keep the {most} that matter most");
                self.error(list.at, message, help);
            }
        }
        let stays = node.get("stays");
        let stays_min = stays.map_or(card::STAYS_MIN, |stays| self.stays(stays));
        CardTemplate {
            title: title.unwrap_or_default(),
            lines,
            say,
            stays_min,
        }
    }

    fn stays(&mut self, node: &Node) -> u64 {
        let Value::Integer(given) = node.value else {
            return card::STAYS_MIN;
        };
        let minutes = u64::try_from(given).unwrap_or_default();
        if !(1..=card::MAX_STAYS_MIN).contains(&minutes) {
            let help = format!("name 1 to {} minutes", card::MAX_STAYS_MIN);
            self.error(node.at, format!("a card cannot stay {given} minutes"), help);
        }
        minutes
    }

    /// A text with slots in braces.
    fn template(&mut self, node: &Node, place: Place) -> String {
        let at = self.content(node.at);
        self.places.insert(place, at);
        let text = node.text().unwrap_or_default();
        if let Err((offset, message)) = super::reply::pieces(text) {
            let at = Position {
                line: at.line,
                column: at.column + offset,
            };
            self.error(at, message, "a slot is written `{name}` or `{name|words}`");
        }
        text.to_owned()
    }

    fn settings(&mut self, node: &Node) -> Vec<Setting> {
        let mut settings = Vec::new();
        for entry in entries(node, "settings") {
            let node = &entry.value;
            let number = |key: &str, usual| match node.get(key).map(|node| &node.value) {
                Some(Value::Integer(number)) => *number,
                _ => usual,
            };
            let kind = match node.get("type").and_then(Node::text) {
                Some("number") => SettingKind::Number {
                    from: number("from", 0),
                    to: number("to", 100),
                },
                Some("switch") => SettingKind::Switch,
                Some("choice") => SettingKind::Choice(node.texts_of("choices")),
                _ => SettingKind::Text,
            };
            let nothing = match &kind {
                SettingKind::Choice(words) if words.is_empty() => Some("list its `choices`"),
                SettingKind::Number { from, to } if from > to => Some("swap `from` and `to`"),
                _ => None,
            };
            if let Some(help) = nothing {
                let message = format!("`{}` can be nothing at all", entry.key);
                self.error(entry.at, message, help);
            }
            let default = node.get("default").filter(|_| nothing.is_none());
            let setting = Setting {
                name: entry.key.clone(),
                title: node.text_of("title"),
                kind,
                default: default.map(Node::to_json).unwrap_or_default(),
            };
            if let Some(default) = default
                && let Err(can_be) = setting.check(&setting.default)
            {
                let message = format!("`{}` cannot be this", entry.key);
                self.error(default.at, message, format!("give it {can_be}"));
            }
            settings.push(setting);
        }
        settings
    }

    fn payloads(&mut self, node: &Node) -> BTreeMap<String, Payload> {
        let may = node
            .texts_of("permissions")
            .iter()
            .any(|it| it == "publish");
        let topics = entries(node, "payloads");
        if may == topics.is_empty() {
            let at = node.get(if may { "permissions" } else { "payloads" });
            let (message, help) = match may {
                true => (
                    "nothing is said of what it publishes",
                    "add `payloads`, with a JSON Schema for each topic",
                ),
                false => (
                    "it publishes this without the permission to",
                    "add `publish` to `permissions`",
                ),
            };
            let at = at.map_or(Position::START, |node| node.at);
            self.error(at, message, help);
        }
        let mut payloads = BTreeMap::new();
        let schema = |entry: &&Entry| matches!(entry.value.value, Value::Table(_));
        for entry in topics.iter().filter(schema) {
            if entry.key.len() > LONGEST_TOPIC {
                let message = format!("a topic has at most {LONGEST_TOPIC} letters");
                self.error(entry.at, message, "give it a shorter one");
            }
            match Payload::read(&entry.value) {
                Ok(payload) => {
                    payloads.insert(entry.key.clone(), payload);
                }
                Err((at, message)) => self.error(
                    at,
                    message,
                    "write it as for JSON: type: object, and its `properties`",
                ),
            }
        }
        payloads
    }

    fn budget(&mut self, node: &Node) -> Budget {
        let usual = Budget::default();
        let Some(node) = node.get("budget") else {
            return usual;
        };
        let usual = [
            usual.memory_mib,
            usual.time_ms,
            usual.storage_kb,
            usual.http_per_minute,
        ];
        let mut given = usual;
        for ((key, least, most), given) in Budget::RANGES.iter().zip(&mut given) {
            let Some(node) = node.get(key) else { continue };
            let Value::Integer(number) = node.value else {
                continue;
            };
            match u32::try_from(number) {
                Ok(number) if (*least..=*most).contains(&number) => *given = number,
                _ => self.error(
                    node.at,
                    format!("a skill cannot have {number} for its {key}"),
                    format!("name {least} to {most}"),
                ),
            }
        }
        let [memory_mib, time_ms, storage_kb, http_per_minute] = given;
        Budget {
            memory_mib,
            time_ms,
            storage_kb,
            http_per_minute,
        }
    }

    fn followups(&mut self, node: &Node) -> BTreeMap<String, FollowUp> {
        let mut followups = BTreeMap::new();
        for entry in entries(node, "followups") {
            let sentences = self.sentences(&entry.value, &entry.key, |index| Place::FollowUp {
                name: entry.key.clone(),
                index,
            });
            followups.insert(
                entry.key.clone(),
                FollowUp {
                    ask: entry.value.text_of("ask"),
                    sentences,
                },
            );
        }
        followups
    }

    fn sentences(&mut self, node: &Node, of: &str, place: impl Fn(usize) -> Place) -> Vec<String> {
        let Some(list) = node.get("sentences") else {
            return Vec::new();
        };
        if list.value == Value::List(Vec::new()) {
            self.error(
                list.at,
                format!("`{of}` has no sentences"),
                "write at least one, or remove it",
            );
        }
        for (index, sentence) in list.items().iter().enumerate() {
            self.places.insert(place(index), self.content(sentence.at));
        }
        node.texts_of("sentences")
    }

    /// The first character of a text whose first character or quote is at `at`.
    fn content(&self, at: Position) -> Position {
        let first = self
            .lines
            .get(at.line - 1)
            .and_then(|line| line.chars().nth(at.column - 1));
        Position {
            line: at.line,
            column: at.column + usize::from(matches!(first, Some('"' | '\''))),
        }
    }

    fn error(&mut self, at: Position, message: impl Into<String>, help: impl Into<String>) {
        self.errors
            .push(FileError::new(self.file, at, message, help));
    }
}

fn entries<'n>(node: &'n Node, key: &str) -> &'n [Entry] {
    node.get(key).map(Node::entries).unwrap_or_default()
}

fn values(node: &Node, key: &str) -> Option<BTreeMap<String, serde_json::Value>> {
    let entries = node.get(key)?.entries();
    Some(
        entries
            .iter()
            .map(|entry| (entry.key.clone(), entry.value.to_json()))
            .collect(),
    )
}
