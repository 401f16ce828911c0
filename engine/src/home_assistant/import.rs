//! What Home Assistant knows of the house, as a household: areas with their floors, and what it
//! exposes to voice assistants.

use super::entity::{Entity, kind};
use loqa_core::home::{Area, Device, Home};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// A household as Home Assistant has it. Ids of devices are its entity ids, which hold a dot as no id
/// of a `home.toml` can.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Imported {
    /// Areas and devices.
    pub home: Home,
    /// Exposed entities of kinds that Loqa does not know.
    pub others: usize,
}

/// What is read of Home Assistant's registries.
#[derive(Debug, Default)]
pub struct Registries {
    /// `config/area_registry/list`
    pub areas: Vec<AreaEntry>,
    /// `config/floor_registry/list`; none where it is too old for floors.
    pub floors: Vec<FloorEntry>,
    /// `config/device_registry/list`
    pub devices: Vec<DeviceEntry>,
    /// `config/entity_registry/get_entries`, of those that are exposed; `None` for what is in no
    /// registry.
    pub entities: BTreeMap<String, Option<EntityEntry>>,
}

#[derive(Debug, Deserialize)]
pub struct AreaEntry {
    pub area_id: String,
    pub name: String,
    #[serde(default)]
    pub aliases: Vec<String>,
    #[serde(default)]
    pub floor_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct FloorEntry {
    pub floor_id: String,
    pub name: String,
    #[serde(default)]
    pub aliases: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct DeviceEntry {
    pub id: String,
    #[serde(default)]
    pub area_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct EntityEntry {
    #[serde(default)]
    pub area_id: Option<String>,
    #[serde(default)]
    pub device_id: Option<String>,
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// The household of these registries, with the entities that are exposed.
pub fn import(registries: &Registries, entities: &HashMap<String, Entity>) -> Imported {
    let floor = |id: &String| {
        let floor = registries
            .floors
            .iter()
            .find(|floor| floor.floor_id == *id)?;
        // As it is said, if it is one that can be.
        let names = || [&floor.name].into_iter().chain(&floor.aliases);
        let said =
            names().find(|name| ["upstairs", "downstairs"].contains(&name.to_lowercase().as_str()));
        Some(said.map_or_else(|| floor.name.clone(), |name| name.to_lowercase()))
    };
    let area = |area: &AreaEntry| Area {
        id: area.area_id.clone(),
        name: area.name.trim().to_owned(),
        aliases: area.aliases.clone(),
        floor: area.floor_id.as_ref().and_then(floor),
    };
    let mut others = 0;
    let mut devices = Vec::new();
    for (id, entry) in &registries.entities {
        let Some(entity) = entities.get(id) else {
            continue;
        };
        let Some(kind) = kind(id, entity) else {
            others += 1;
            continue;
        };
        let of_device = |id: &String| {
            let device = registries.devices.iter().find(|device| device.id == *id);
            device.and_then(|device| device.area_id.clone())
        };
        let area = entry.as_ref().and_then(|entry| {
            let own = entry.area_id.clone();
            own.or_else(|| entry.device_id.as_ref().and_then(of_device))
        });
        devices.push(Device {
            id: id.clone(),
            name: entity.text("friendly_name").unwrap_or(id).trim().to_owned(),
            aliases: entry
                .as_ref()
                .map(|entry| entry.aliases.clone())
                .unwrap_or_default(),
            area,
            kind,
            confirm: false,
            features: entity.features(kind),
        });
    }
    let areas = registries.areas.iter().map(area).collect();
    Imported {
        home: Home {
            areas,
            devices,
            ..Home::default()
        },
        others,
    }
}
