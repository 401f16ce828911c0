//! What a command makes of a device, and whether it can carry it out at all.

use crate::{Device, DeviceCommand, DeviceState, EffectError, wording};
use alloc::format;

impl DeviceState {
    /// The state of a device that has carried `command` out, if it does just what it is told: how
    /// a skill predicts a result, and how the hub keeps devices of its own.
    pub fn after(mut self, command: &DeviceCommand) -> DeviceState {
        match command {
            DeviceCommand::Power(on) => self.power = Some(*on),
            DeviceCommand::Brightness(percent) => {
                self.power = Some(*percent > 0);
                self.brightness = Some(*percent);
            }
            DeviceCommand::Colour(colour) => {
                self.power = Some(true);
                self.colour = Some(colour.clone());
            }
            DeviceCommand::Temperature(degrees) => self.temperature = Some(*degrees),
            DeviceCommand::Position(percent) => self.position = Some(*percent),
            DeviceCommand::Lock(locked) => self.locked = Some(*locked),
            DeviceCommand::Play(playing) => {
                self.playing = Some(*playing);
                if *playing {
                    self.power = Some(true);
                }
            }
            DeviceCommand::Next | DeviceCommand::Previous => {
                self.power = Some(true);
                self.playing = Some(true);
            }
            DeviceCommand::Volume(percent) => self.volume = Some(*percent),
            DeviceCommand::Speed(percent) => {
                self.power = Some(*percent > 0);
                self.speed = Some(*percent);
            }
            DeviceCommand::Activate => {}
            DeviceCommand::Restore(state) => return state.clone(),
        }
        if self.power == Some(false) && self.playing.is_some() {
            self.playing = Some(false);
        }
        self
    }
}

impl Device {
    /// Whether a command makes sense for it: its kind must know it, and if `home.toml` names
    /// features, those count; a device that names none can do whatever its kind can.
    ///
    /// # Errors
    /// A sentence that says what it cannot do.
    pub fn check(&self, command: &DeviceCommand) -> Result<(), EffectError> {
        let (kinds, feature, what): (&[&str], Option<&str>, &str) = match command {
            DeviceCommand::Power(_) => (
                &["light", "switch", "fan", "climate", "media"],
                None,
                "be turned on or off",
            ),
            DeviceCommand::Brightness(_) => (&["light"], Some("brightness"), "be dimmed"),
            DeviceCommand::Colour(_) => (&["light"], Some("colour"), "change colour"),
            DeviceCommand::Temperature(_) => (&["climate"], None, "be set to a temperature"),
            DeviceCommand::Position(0 | 100) => (&["cover"], None, "be opened or closed"),
            DeviceCommand::Position(_) => (&["cover"], Some("position"), "stop halfway"),
            DeviceCommand::Lock(_) => (&["lock"], None, "be locked or unlocked"),
            DeviceCommand::Play(_) => (&["media"], None, "play anything"),
            DeviceCommand::Next | DeviceCommand::Previous => (&["media"], None, "change tracks"),
            DeviceCommand::Volume(_) => (&["media", "voice"], Some("volume"), "change its volume"),
            DeviceCommand::Speed(_) => (&["fan", "voice"], Some("speed"), "change its speed"),
            DeviceCommand::Activate => (&["scene", "script"], None, "be activated"),
            DeviceCommand::Restore(_) => return Ok(()),
        };
        let knows = kinds.contains(&self.kind.as_str());
        let able = feature.is_none_or(|feature| {
            self.features.is_empty() || self.features.iter().any(|own| own == feature)
        });
        if knows && able {
            return Ok(());
        }
        Err(EffectError(format!(
            "{} can't {what}.",
            wording::sentence(&wording::the(&self.name))
        )))
    }

    /// Whether a person must say "yes" to this command first: what unlocks, opens a garage or a
    /// gate, or concerns a device that always wants to be asked for.
    pub fn must_confirm(&self, command: &DeviceCommand) -> bool {
        let opens = match command {
            DeviceCommand::Position(percent) => *percent > 0,
            DeviceCommand::Restore(state) => state.position.is_some_and(|percent| percent > 0),
            _ => false,
        };
        let unlocks = match command {
            DeviceCommand::Lock(locked) => !locked,
            DeviceCommand::Restore(state) => state.locked == Some(false),
            _ => false,
        };
        self.confirm || unlocks || (opens && self.is_gate())
    }

    /// Whether it closes a way into the house: `home.toml` says so, or its name does.
    fn is_gate(&self) -> bool {
        let gate = |word: &str| matches!(word, "garage" | "gate");
        let named = self.name.to_lowercase().split([' ', '-']).any(gate);
        self.kind == "cover" && (named || self.features.iter().any(|feature| gate(feature)))
    }
}
