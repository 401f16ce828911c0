//! Households of any size whose names sound like real ones, and what is said in them.

use loqa_core::home::{Area, Device, DeviceKind, Home};

/// A household and its speech.
pub struct Household {
    /// All names are different.
    pub home: Home,
}

const AREAS: [&str; 10] = [
    "kitchen",
    "bedroom",
    "bathroom",
    "hallway",
    "attic",
    "cellar",
    "garage",
    "office",
    "nursery",
    "living room",
];
const WORDS: [&str; 20] = [
    "left", "right", "small", "big", "old", "new", "red", "white", "round", "square", "corner",
    "window", "wall", "desk", "door", "upper", "lower", "front", "back", "spare",
];
const THINGS: [(&str, DeviceKind); 10] = [
    ("lamp", DeviceKind::Light),
    ("spotlight", DeviceKind::Light),
    ("ceiling light", DeviceKind::Light),
    ("plug", DeviceKind::Switch),
    ("blind", DeviceKind::Cover),
    ("curtain", DeviceKind::Cover),
    ("heater", DeviceKind::Climate),
    ("fan", DeviceKind::Fan),
    ("speaker", DeviceKind::Media),
    ("lock", DeviceKind::Lock),
];
/// Names that [`Household::new`] can tell apart.
const NAMES: usize = AREAS.len() * WORDS.len() * THINGS.len();

impl Household {
    /// Ten areas, a shopping list, and devices of ten sorts: `devices` in all. Beyond 2,000 names
    /// end in letters.
    pub fn new(devices: usize) -> Household {
        let areas = AREAS.iter().map(|name| Area {
            id: name.replace(' ', "_"),
            name: (*name).into(),
            aliases: vec![],
            floor: None,
        });
        let list = Device {
            id: "shopping_list".into(),
            name: "shopping list".into(),
            area: None,
            kind: DeviceKind::List,
            ..device(0)
        };
        let devices = std::iter::once(list).chain((1..devices).map(device));
        Household {
            home: Home {
                areas: areas.collect(),
                devices: devices.collect(),
                ..Home::default()
            },
        }
    }

    /// The same with one more device.
    pub fn with_one_more(&self) -> Home {
        let mut home = self.home.clone();
        home.devices.push(device(self.home.devices.len()));
        home
    }

    /// Commands that the bench's skill understands: about 200, of all its intents.
    pub fn commands(&self) -> Vec<String> {
        let mut commands = Vec::new();
        let step = (self.home.devices.len() / 40).max(1);
        for (n, device) in self.home.devices.iter().step_by(step).enumerate() {
            let (name, area) = (&device.name, AREAS[n % AREAS.len()]);
            let percent = 5 * (n % 20) + 5;
            match device.kind {
                DeviceKind::Light => {
                    commands.push(format!(
                        "set the brightness of the {name} to {percent} percent"
                    ));
                    commands.push(format!(
                        "make the {name} {}",
                        ["blue", "yellow", "red"][n % 3]
                    ));
                    commands.push(format!("dim the {area} lights to {percent} percent"));
                }
                DeviceKind::Cover => {
                    commands.push(format!("open the {name}"));
                    commands.push(format!("set {name} to {percent} percent"));
                }
                DeviceKind::Lock => commands.push(format!("is the {name} locked right now")),
                DeviceKind::Climate => {
                    commands.push(format!("set the {name} to {} degrees", 15 + n % 10))
                }
                DeviceKind::Media => commands.push(format!("next song on the {name}")),
                DeviceKind::List => commands.push(format!("what is on my {name}")),
                _ => {}
            }
            if matches!(
                device.kind,
                DeviceKind::Light | DeviceKind::Switch | DeviceKind::Fan
            ) {
                commands.push(format!("turn on the {name}"));
                commands.push(format!("switch {name} off"));
            }
            commands.push(format!("is the {name} on"));
            commands.push(format!("turn off all the lights in the {area}"));
            commands.push(format!(
                "add {} to the shopping list",
                ["milk", "brown bread", "a dozen eggs"][n % 3]
            ));
        }
        commands
    }

    /// Speech that means nothing to the skill: beside the point, begun rightly, ended wrongly.
    pub fn other_speech(&self) -> Vec<String> {
        let mut speech: Vec<String> = [
            "tell me a story about dragons",
            "i think we should leave now",
            "what did you have for lunch yesterday",
            "the lamp is nice",
            "",
            "lights",
            "set the shopping list to blue",
            "turn on the elephant",
        ]
        .map(str::to_owned)
        .to_vec();
        let step = (self.home.devices.len() / 20).max(1);
        for device in self.home.devices.iter().step_by(step) {
            let name = &device.name;
            speech.push(format!("turn on the {name} as soon as she comes home"));
            speech.push(format!("set the brightness of the {name} to blue"));
            speech.push(format!("i really like the {name}"));
            speech.push(format!("turn the {name}"));
        }
        speech
    }
}

/// The `n`-th device: a stride without a common divisor mixes the sorts.
fn device(n: usize) -> Device {
    let at = n * 463 % NAMES;
    let (thing, kind) = THINGS[at % THINGS.len()];
    let word = WORDS[at / THINGS.len() % WORDS.len()];
    let area = AREAS[at / THINGS.len() / WORDS.len()];
    let mut name = format!("{area} {word} {thing}");
    for letter in (n / NAMES).to_string().bytes().filter(|_| n >= NAMES) {
        name.extend([' ', char::from(b'a' + (letter - b'0'))]);
    }
    Device {
        id: format!("device_{n}"),
        name,
        aliases: vec![],
        area: Some(area.replace(' ', "_")),
        kind,
        confirm: false,
        features: vec![],
    }
}
