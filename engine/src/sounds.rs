//! Which microphone and which speaker: what there is, and what somebody wants.

use crate::config::Config;
use loqa_core::document::nearest;
use loqa_inference::sound::{self, SoundDevice};
use loqa_protocol::Problem;
use serde_json::json;

pub use loqa_inference::sound::Direction;

/// Frames between two readings of the level: 100 ms.
pub const METER_FRAMES: usize = 5;
/// The quietest level that is told, dB of full scale.
pub const QUIET_DB: f32 = -60.0;

/// One direction as it is listed and chosen.
pub struct Side {
    /// To hear, or to be heard.
    pub direction: Direction,
    /// For people.
    pub name: &'static str,
    /// In documents.
    pub field: &'static str,
    /// Its setting: section
    pub section: &'static str,
    /// and key.
    pub key: &'static str,
}

/// Hears.
pub const MICROPHONE: Side = Side {
    direction: Direction::Input,
    name: "microphone",
    field: "input",
    section: "listen",
    key: "microphone",
};
/// Is heard.
pub const SPEAKER: Side = Side {
    direction: Direction::Output,
    name: "speaker",
    field: "output",
    section: "voice",
    key: "output",
};

impl Side {
    /// What the settings say.
    pub fn chosen<'c>(&self, config: &'c Config) -> &'c str {
        match self.direction {
            Direction::Input => &config.listen.microphone,
            Direction::Output => &config.voice.output,
        }
    }

    /// The id under which a device is remembered.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn id_of(&self, wanted: &str) -> Result<String, Problem> {
        if wanted == sound::DEFAULT || wanted == "none" {
            return Ok(wanted.into());
        }
        let devices = sound::devices(self.direction);
        if let Some(device) = devices.iter().find(|device| is_chosen(device, wanted)) {
            return Ok(device.id.clone());
        }
        let names = devices
            .iter()
            .flat_map(|device| [device.id.as_str(), device.name.as_str()]);
        let near = nearest(wanted, names);
        let help = near.map_or_else(
            || format!("`loqa devices` lists every {}", self.name),
            |near| format!("did you mean `{near}`?"),
        );
        Err(Problem {
            code: "no_such_device".into(),
            message: format!("there is no {} named `{wanted}`", self.name),
            help,
        })
    }

    /// A device as a document, given what is chosen.
    pub fn document(&self, device: &SoundDevice, chosen: &str) -> serde_json::Value {
        json!({
            "direction": self.field,
            "id": device.id,
            "name": device.name,
            "default": device.is_default,
            "chosen": is_chosen(device, chosen),
        })
    }
}

/// Whether it is the one that is meant.
pub fn is_chosen(device: &SoundDevice, chosen: &str) -> bool {
    match chosen {
        sound::DEFAULT => device.is_default,
        _ => device.id == chosen || device.name.eq_ignore_ascii_case(chosen),
    }
}

/// How loud some samples are: dB of full scale, not below [`QUIET_DB`]; and their peak, in [0, 1].
pub fn loudness(samples: &[f32]) -> (f32, f32) {
    let energy = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    let level_db = (10.0 * energy.max(1e-9).log10()).max(QUIET_DB);
    let peak = samples.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
    (level_db, peak)
}
