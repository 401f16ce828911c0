//! Colours: names here, numbers there.

use super::entity::Entity;
use serde_json::{Map, Value, json};

/// Every name that can be said, but for the whites. Lamps show hue and saturation, so each is as
/// bright as it can be, and no two are alike then.
const NAMES: [(&str, [u8; 3]); 19] = [
    ("red", [255, 0, 0]),
    ("orange", [255, 130, 0]),
    ("yellow", [255, 255, 0]),
    ("green", [0, 255, 0]),
    ("lime", [170, 255, 0]),
    ("cyan", [0, 255, 255]),
    ("turquoise", [64, 255, 210]),
    ("teal", [0, 255, 160]),
    ("blue", [0, 0, 255]),
    ("light blue", [130, 200, 255]),
    ("indigo", [80, 0, 255]),
    ("purple", [160, 0, 255]),
    ("violet", [215, 110, 255]),
    ("magenta", [255, 0, 255]),
    ("pink", [255, 130, 190]),
    ("gold", [255, 210, 0]),
    ("lavender", [200, 170, 255]),
    ("amber", [255, 170, 0]),
    ("coral", [255, 110, 80]),
];

/// Kelvin, and what a lamp shows that has no white of its own.
const WHITES: [(&str, f64, [u8; 3]); 3] = [
    ("warm white", 2700.0, [255, 214, 170]),
    ("white", 4000.0, [255, 255, 255]),
    ("cool white", 6500.0, [220, 235, 255]),
];

/// Whether a light of this mode shows colours.
pub fn is_coloured(mode: &str) -> bool {
    matches!(mode, "hs" | "rgb" | "rgbw" | "rgbww" | "xy")
}

/// What a colour is told as.
pub fn data(name: &str, entity: &Entity) -> Map<String, Value> {
    let has_white = || {
        let modes = entity.attributes.get("supported_color_modes");
        let modes = modes.and_then(Value::as_array);
        modes.is_some_and(|modes| modes.iter().any(|mode| mode == "color_temp"))
    };
    let white = WHITES.iter().find(|(white, ..)| *white == name);
    let data = match white {
        Some((_, kelvin, _)) if has_white() => json!({ "color_temp_kelvin": kelvin }),
        Some((_, _, rgb)) => json!({ "rgb_color": rgb }),
        None => {
            let known = NAMES.iter().find(|(colour, _)| *colour == name);
            json!({ "rgb_color": known.map_or([255; 3], |(_, rgb)| *rgb) })
        }
    };
    match data {
        Value::Object(data) => data,
        _ => Map::new(),
    }
}

/// The nearest name of what a light shows; `None` while it is off or has one colour.
pub fn of(entity: &Entity) -> Option<&'static str> {
    let mode = entity.text("color_mode")?;
    if mode == "color_temp" {
        let kelvin = entity.number("color_temp_kelvin")?;
        let off = |(_, white, _): &&(_, f64, _)| (white - kelvin).abs() as u64;
        return WHITES.iter().min_by_key(off).map(|(name, ..)| *name);
    }
    if !is_coloured(mode) {
        return None;
    }
    let shown: Vec<f64> = entity
        .attributes
        .get("rgb_color")?
        .as_array()?
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    let distance = |rgb: &[u8; 3]| -> u64 {
        let apart = shown
            .iter()
            .zip(rgb)
            .map(|(a, b)| (a - f64::from(*b)).powi(2));
        apart.sum::<f64>() as u64
    };
    let names = NAMES.iter().map(|(name, rgb)| (*name, *rgb));
    let whites = WHITES.iter().map(|(name, _, rgb)| (*name, *rgb));
    let nearest = names.chain(whites).min_by_key(|(_, rgb)| distance(rgb));
    nearest.map(|(name, _)| name)
}
