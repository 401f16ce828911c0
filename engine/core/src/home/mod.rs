//! The household as `home.toml` describes it: areas and devices, and what people call them.
//! Reference: `docs/home-toml.md`.

mod edit;
mod join;
mod read;
mod routines;
mod shape;

pub use edit::{Unfit, edited};
pub use join::Joined;
pub use routines::unfit_routines;
pub use shape::HOME;
pub(crate) use shape::KINDS;

use crate::document::{FileError, Node};

/// The household. Names are unique after folding (lower case, punctuation away).
#[derive(Clone, Debug, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Home {
    /// In file order.
    pub areas: Vec<Area>,
    /// In file order.
    pub devices: Vec<Device>,
    /// In file order.
    #[serde(default)]
    pub routines: Vec<Routine>,
}

/// A room or place.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Area {
    /// Unique; lower-case letters, digits, `_`.
    pub id: String,
    /// As spoken.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Such as `upstairs`.
    pub floor: Option<String>,
}

/// Something that can be commanded or asked.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Device {
    /// Unique; lower-case letters, digits, `_`.
    pub id: String,
    /// As spoken. Unique within its area.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Area id.
    pub area: Option<String>,
    /// What it is.
    pub kind: DeviceKind,
    /// Always ask before commanding it.
    pub confirm: bool,
    /// What it can do beyond its kind's basics.
    pub features: Vec<String>,
}

/// Several commands under one name.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Routine {
    /// Unique; lower-case letters, digits, `_`.
    pub id: String,
    /// As spoken.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Sentences that a person could say, 1 to 10.
    pub steps: Vec<String>,
}

/// What a device is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words of home.toml, as they are")]
pub enum DeviceKind {
    Light,
    Switch,
    Cover,
    Lock,
    Climate,
    Fan,
    Sensor,
    Media,
    Scene,
    Script,
    List,
}

impl DeviceKind {
    /// All kinds, in the order of the reference.
    pub const ALL: [DeviceKind; 11] = [
        DeviceKind::Light,
        DeviceKind::Switch,
        DeviceKind::Cover,
        DeviceKind::Lock,
        DeviceKind::Climate,
        DeviceKind::Fan,
        DeviceKind::Sensor,
        DeviceKind::Media,
        DeviceKind::Scene,
        DeviceKind::Script,
        DeviceKind::List,
    ];

    /// As written in `home.toml` and in sentences (`{light}`).
    pub const fn as_str(self) -> &'static str {
        match self {
            DeviceKind::Light => "light",
            DeviceKind::Switch => "switch",
            DeviceKind::Cover => "cover",
            DeviceKind::Lock => "lock",
            DeviceKind::Climate => "climate",
            DeviceKind::Fan => "fan",
            DeviceKind::Sensor => "sensor",
            DeviceKind::Media => "media",
            DeviceKind::Scene => "scene",
            DeviceKind::Script => "script",
            DeviceKind::List => "list",
        }
    }

    /// The kind written `word`.
    pub fn from_word(word: &str) -> Option<DeviceKind> {
        DeviceKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

impl Home {
    /// Reads a `home.toml`. `file_name` only names the file in errors. An empty file is a home
    /// without areas and devices.
    ///
    /// # Errors
    /// Everything that is wrong with the file, in the order of its lines.
    pub fn parse(file_name: &str, text: &str) -> Result<Home, Vec<FileError>> {
        let node = Node::from_toml(file_name, text)?;
        let mut errors = Vec::new();
        HOME.check(file_name, &node, &mut errors);
        let home = read::home(file_name, &node, &mut errors);
        if errors.is_empty() {
            return Ok(home);
        }
        errors.sort_by_key(FileError::position);
        Err(errors)
    }

    /// The device with this id.
    pub fn device(&self, id: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == id)
    }

    /// The area with this id.
    pub fn area(&self, id: &str) -> Option<&Area> {
        self.areas.iter().find(|area| area.id == id)
    }

    /// The routine with this id.
    pub fn routine(&self, id: &str) -> Option<&Routine> {
        self.routines.iter().find(|routine| routine.id == id)
    }
}

#[cfg(test)]
mod tests;
