//! An entity of Home Assistant, as the device that it is here.

use super::colour;
use crate::config::Units;
use loqa_core::home::DeviceKind;
use loqa_skill_sdk::DeviceState;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What Home Assistant tells of an entity: state and attributes, in its compressed form.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
pub struct Entity {
    /// Such as `on`, `21.5` or `unavailable`.
    #[serde(rename = "s", default)]
    pub state: String,
    /// Such as `brightness`.
    #[serde(rename = "a", default)]
    pub attributes: Map<String, Value>,
}

/// Attributes that a device here is made of.
const IDENTITY: [&str; 5] = [
    "friendly_name",
    "device_class",
    "supported_features",
    "supported_color_modes",
    "unit_of_measurement",
];

/// What has changed of an entity.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Change {
    #[serde(rename = "+", default)]
    added: Added,
    #[serde(rename = "-", default)]
    removed: Removed,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Added {
    s: Option<String>,
    #[serde(default)]
    a: Map<String, Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Removed {
    #[serde(default)]
    a: Vec<String>,
}

/// Units of temperature, there and here.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Degrees {
    /// Home Assistant's.
    pub there: Units,
    /// The household's.
    pub here: Units,
}

impl Degrees {
    /// What Home Assistant tells, as the household says it.
    pub fn here(self, degrees: f64) -> f64 {
        rounded(converted(degrees, self.there, self.here))
    }

    /// What somebody has said, as Home Assistant is told it.
    pub fn there(self, degrees: f64) -> f64 {
        rounded(converted(degrees, self.here, self.there))
    }
}

fn converted(degrees: f64, from: Units, to: Units) -> f64 {
    match (from, to) {
        (Units::Metric, Units::Imperial) => degrees * 1.8 + 32.0,
        (Units::Imperial, Units::Metric) => (degrees - 32.0) / 1.8,
        _ => degrees,
    }
}

fn rounded(degrees: f64) -> f64 {
    (degrees * 10.0).round() / 10.0
}

/// Its domain: `light` of `light.kitchen`.
pub fn domain(id: &str) -> &str {
    id.split('.').next().unwrap_or_default()
}

/// What an entity is here; `None` for one that Loqa has no commands and no questions for.
pub fn kind(id: &str, entity: &Entity) -> Option<DeviceKind> {
    Some(match domain(id) {
        "light" => DeviceKind::Light,
        "switch" | "input_boolean" => DeviceKind::Switch,
        "cover" => DeviceKind::Cover,
        "lock" => DeviceKind::Lock,
        "climate" => DeviceKind::Climate,
        "fan" => DeviceKind::Fan,
        // Others tell words, or something that nobody asks for aloud.
        "sensor" if entity.has("unit_of_measurement") => DeviceKind::Sensor,
        "media_player" => DeviceKind::Media,
        "scene" => DeviceKind::Scene,
        "script" => DeviceKind::Script,
        _ => return None,
    })
}

impl Entity {
    /// Whether the device behind it answers at all.
    pub fn is_there(&self) -> bool {
        self.state != "unavailable" && !self.state.is_empty()
    }

    /// Whether its state is what Home Assistant has last told it, as it tells nothing itself.
    pub fn is_assumed(&self) -> bool {
        self.attributes.get("assumed_state") == Some(&Value::Bool(true))
    }

    /// Takes over what has changed; whether it is another device now, by its name or by what it can do.
    pub fn change(&mut self, change: Change) -> bool {
        let names = change.added.a.keys().chain(&change.removed.a);
        let other = names
            .into_iter()
            .any(|name| IDENTITY.contains(&name.as_str()));
        if let Some(state) = change.added.s {
            self.state = state;
        }
        self.attributes.extend(change.added.a);
        for name in change.removed.a {
            self.attributes.remove(&name);
        }
        other
    }

    /// Whether an attribute has a value.
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes
            .get(attribute)
            .is_some_and(|value| !value.is_null())
    }

    /// A number among its attributes.
    pub fn number(&self, attribute: &str) -> Option<f64> {
        self.attributes.get(attribute)?.as_f64()
    }

    /// A text among its attributes.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute)?.as_str()
    }

    fn can(&self, feature: u64) -> bool {
        let features = self.attributes.get("supported_features");
        features.and_then(Value::as_u64).unwrap_or_default() & feature != 0
    }

    fn colour_modes(&self) -> impl Iterator<Item = &str> {
        let modes = self.attributes.get("supported_color_modes");
        let modes = modes.and_then(Value::as_array).into_iter().flatten();
        modes.filter_map(Value::as_str)
    }

    /// What it can do beyond its kind's basics. Never empty where a kind has such a thing: a device
    /// that names nothing can do all of it.
    pub fn features(&self, kind: DeviceKind) -> Vec<String> {
        let mut features: Vec<&str> = Vec::new();
        match kind {
            DeviceKind::Light => {
                if self.colour_modes().any(|mode| mode != "onoff") {
                    features.push("brightness");
                }
                if self.colour_modes().any(colour::is_coloured) {
                    features.push("colour");
                }
            }
            // The numbers are Home Assistant's, of each domain's `supported_features`.
            DeviceKind::Cover => {
                if self.can(4) {
                    features.push("position");
                }
                features.extend(
                    self.text("device_class")
                        .filter(|class| ["garage", "gate"].contains(class)),
                );
            }
            DeviceKind::Fan if self.can(1) => features.push("speed"),
            DeviceKind::Media if self.can(4) => features.push("volume"),
            DeviceKind::Sensor => features.extend(
                self.text("device_class")
                    .filter(|class| *class == "temperature"),
            ),
            _ => {}
        }
        let basics_alone = features.is_empty()
            && matches!(
                kind,
                DeviceKind::Light | DeviceKind::Cover | DeviceKind::Fan | DeviceKind::Media
            );
        if basics_alone {
            features.push("basics");
        }
        features.into_iter().map(str::to_owned).collect()
    }

    /// Its state as skills read it: nothing of a device that does not answer.
    pub fn state(&self, kind: DeviceKind, degrees: Degrees) -> DeviceState {
        let mut now = DeviceState::default();
        if !self.is_there() || self.state == "unknown" {
            return now;
        }
        let is = |state: &str| self.state == state;
        let number = |attribute: &str| self.number(attribute);
        match kind {
            DeviceKind::Switch => now.power = Some(is("on")),
            DeviceKind::Light => {
                now.power = Some(is("on"));
                now.brightness = number("brightness").map(|level| percent(level / 2.55));
                now.colour = colour::of(self).map(str::to_owned);
            }
            DeviceKind::Fan => {
                now.power = Some(is("on"));
                now.speed = number("percentage").map(percent);
            }
            DeviceKind::Cover => {
                let known = number("current_position").map(percent);
                now.position = known.or(match self.state.as_str() {
                    "closed" => Some(0),
                    "open" => Some(100),
                    _ => None,
                });
            }
            DeviceKind::Lock => {
                now.locked = match self.state.as_str() {
                    "locked" | "unlocking" => Some(true),
                    "unlocked" | "locking" | "open" | "opening" => Some(false),
                    // A bolt that is jammed may be anywhere.
                    _ => None,
                };
            }
            DeviceKind::Climate => {
                now.power = Some(!is("off"));
                now.temperature = number("temperature").map(|it| degrees.here(it));
                now.reading = number("current_temperature").map(|it| degrees.here(it));
            }
            DeviceKind::Sensor => {
                let reading = self.state.parse::<f64>().ok().filter(|it| it.is_finite());
                now.reading = reading.map(|reading| match self.text("unit_of_measurement") {
                    Some("°C") => rounded(converted(reading, Units::Metric, degrees.here)),
                    Some("°F") => rounded(converted(reading, Units::Imperial, degrees.here)),
                    _ => reading,
                });
            }
            DeviceKind::Media => {
                now.power = Some(!is("off") && !is("standby"));
                now.playing = Some(is("playing"));
                let muted = self.attributes.get("is_volume_muted") == Some(&Value::Bool(true));
                let volume = number("volume_level").map(|level| percent(level * 100.0));
                now.volume = if muted { Some(0) } else { volume };
            }
            DeviceKind::Scene | DeviceKind::Script | DeviceKind::List => {}
        }
        now
    }
}

/// A whole percent in 0–100.
pub fn percent(value: f64) -> u8 {
    value.round().clamp(0.0, 100.0) as u8
}
