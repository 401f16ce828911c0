//! From the tree to the household, and what no shape can say: names that must not collide.

use super::{Area, Device, DeviceKind, Home, Routine};
use crate::document::{FileError, Node, Position, did_you_mean, shorten};

use crate::grammar::normalize;
use std::collections::HashMap;

/// Steps of a routine: more than "and" would ever join.
const MOST_STEPS: usize = 10;

/// Reads what is sound and reports what is not. The shape has been checked.
pub(super) fn home(file: &str, node: &Node, errors: &mut Vec<FileError>) -> Home {
    let nodes = |key| node.get(key).map(Node::items).unwrap_or_default();
    let areas: Vec<Area> = nodes("area").iter().map(area).collect();
    let devices: Vec<Device> = nodes("device").iter().map(device).collect();

    let mut ids = Unique::new(file, "area id");
    let mut names = Unique::new(file, "area");
    for node in nodes("area") {
        ids.insert_id(node, errors);
        names.insert_names(node, None, errors);
    }
    let mut ids = Unique::new(file, "device id");
    let mut names = Unique::new(file, "device");
    for node in nodes("device") {
        ids.insert_id(node, errors);
        let area = node.get("area").and_then(Node::text);
        names.insert_names(node, area, errors);
        if let (Some(id), Some(at)) = (area, node.get("area").map(|node| node.at))
            && !areas.iter().any(|area| area.id == id)
        {
            let help = did_you_mean(
                id,
                areas.iter().map(|area| area.id.as_str()),
                "areas of this file",
            );
            errors.push(FileError::new(
                file,
                at,
                format!("unknown area `{}`", shorten(id)),
                help,
            ));
        }
    }
    let mut ids = Unique::new(file, "routine id");
    let mut names = Unique::new(file, "routine");
    for node in nodes("routine") {
        ids.insert_id(node, errors);
        names.insert_names(node, None, errors);
        if let Some(steps) = node.get("steps")
            && !(1..=MOST_STEPS).contains(&steps.items().len())
        {
            let message = format!("a routine of {} steps", steps.items().len());
            let help = format!("write 1 to {MOST_STEPS} sentences, as you would say them");
            errors.push(FileError::new(file, steps.at, message, help));
        }
    }
    Home {
        areas,
        devices,
        routines: nodes("routine").iter().map(routine).collect(),
    }
}

fn area(node: &Node) -> Area {
    Area {
        id: node.text_of("id"),
        name: node.text_of("name"),
        aliases: node.texts_of("aliases"),
        floor: node.get("floor").and_then(Node::text).map(str::to_owned),
    }
}

fn device(node: &Node) -> Device {
    Device {
        id: node.text_of("id"),
        name: node.text_of("name"),
        aliases: node.texts_of("aliases"),
        area: node.get("area").and_then(Node::text).map(str::to_owned),
        // A kind that is none of them has been reported and goes no further.
        kind: DeviceKind::from_word(&node.text_of("kind")).unwrap_or(DeviceKind::Switch),
        confirm: node.get("confirm").is_some_and(Node::is_true),
        features: node.texts_of("features"),
    }
}

fn routine(node: &Node) -> Routine {
    Routine {
        id: node.text_of("id"),
        name: node.text_of("name"),
        aliases: node.texts_of("aliases"),
        steps: node.texts_of("steps"),
    }
}

/// Names in use, so that a second use can point at the first.
struct Unique<'f> {
    file: &'f str,
    what: &'static str,
    /// (area, folded name) → which entry of the file, and where.
    seen: HashMap<(Option<String>, String), (Position, Position)>,
}

impl<'f> Unique<'f> {
    fn new(file: &'f str, what: &'static str) -> Self {
        Unique {
            file,
            what,
            seen: HashMap::new(),
        }
    }

    fn insert_id(&mut self, node: &Node, errors: &mut Vec<FileError>) {
        if let Some(id) = node.get("id")
            && let Some(text) = id.text()
        {
            self.insert(node, id, None, text, text.to_owned(), errors);
        }
    }

    /// Name and aliases, as they sound: two that sound alike are one.
    fn insert_names(&mut self, node: &Node, area: Option<&str>, errors: &mut Vec<FileError>) {
        let aliases = node.get("aliases").map(Node::items).unwrap_or_default();
        for name in node.get("name").into_iter().chain(aliases) {
            let Some(text) = name.text().filter(|text| !text.trim().is_empty()) else {
                continue;
            };
            let folded = normalize(text).join(" ");
            if folded.is_empty() {
                let message = format!("nobody can say `{}`", shorten(text));
                errors.push(FileError::new(
                    self.file,
                    name.at,
                    message,
                    "use words or numbers",
                ));
                continue;
            }
            self.insert(node, name, area, text, folded, errors);
        }
    }

    fn insert(
        &mut self,
        owner: &Node,
        node: &Node,
        area: Option<&str>,
        text: &str,
        folded: String,
        errors: &mut Vec<FileError>,
    ) {
        let (first_owner, first) = *self
            .seen
            .entry((area.map(str::to_owned), folded))
            .or_insert((owner.at, node.at));
        // One that repeats its own name harms nobody.
        if first_owner == owner.at {
            return;
        }
        let place = match area {
            Some(area) => format!(" in area `{}`", shorten(area)),
            None => String::new(),
        };
        let message = format!("a second {} `{}`{place}", self.what, shorten(text));
        let help = format!(
            "the first is in line {}: give each one of its own",
            first.line
        );
        errors.push(FileError::new(self.file, node.at, message, help));
    }
}
