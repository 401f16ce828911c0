//! Settings that a dashboard may change, and what they are now.

use super::{Shared, service::problem};
use crate::sounds::{Direction, MICROPHONE, SPEAKER, Side};
use loqa_inference::sound;
use loqa_protocol::{Choice, Problem};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// In the data folder, once somebody has been through the first steps.
const WELCOMED: &str = "welcomed";
/// Characters of a household's name.
pub(crate) const LONGEST_NAME: usize = 60;

/// Microphone and speaker that the settings name, for when the hub starts again.
pub struct Sounds(Mutex<[String; 2]>);

impl Sounds {
    /// As the settings are.
    pub fn of(config: &crate::config::Config) -> Sounds {
        let chosen = [&MICROPHONE, &SPEAKER].map(|side| side.chosen(config).to_owned());
        Sounds(Mutex::new(chosen))
    }
}

/// Whether somebody has been through the first steps of the household in this folder.
pub fn is_welcomed(folder: &Path) -> bool {
    folder.join(WELCOMED).exists()
}

impl Shared {
    /// Changes a setting, for now and for later. Blocks: it writes files.
    ///
    /// # Errors
    /// It cannot be so, or cannot be written.
    pub(super) fn choose(&self, choice: Choice) -> Result<(), Problem> {
        match choice {
            Choice::HouseholdName(name) => {
                let name = name.trim();
                if name.chars().count() > LONGEST_NAME {
                    let message =
                        format!("a household's name has at most {LONGEST_NAME} characters");
                    return Err(problem("household_name", message, "choose a shorter one"));
                }
                self.config.remember("household", "name", name)?;
                self.about.send_modify(|about| about.name = name.into());
            }
            Choice::Microphone(wanted) => {
                let id = MICROPHONE.id_of(&wanted)?;
                self.keep_sound(0, &MICROPHONE, &id)?;
                // Whether the room is listened to at all is decided at the start.
                if id != "none" && *self.microphone.borrow() != "none" {
                    self.microphone.send_replace(id);
                }
            }
            Choice::Speaker(wanted) => {
                let id = SPEAKER.id_of(&wanted)?;
                // Whether anything is to be heard at all is decided at the start.
                if id != "none"
                    && let Some(speaker) = &self.speaker
                    && speaker.name() != id
                {
                    let help = "the one before plays on: choose another";
                    speaker
                        .choose(&id)
                        .map_err(|error| problem("speaker", error.to_string(), help))?;
                }
                self.keep_sound(1, &SPEAKER, &id)?;
            }
            Choice::Welcomed(yes) => {
                let file = self.store.folder().path().join(WELCOMED);
                let kept = if yes {
                    fs::write(&file, "")
                } else {
                    fs::remove_file(&file)
                };
                if is_welcomed(self.store.folder().path()) != yes {
                    let why = kept
                        .err()
                        .map_or_else(String::new, |error| error.to_string());
                    let message = format!("cannot change {}: {why}", file.display());
                    return Err(problem("welcomed", message, "see who owns the data folder"));
                }
                self.about.send_modify(|about| about.welcomed = yes);
            }
            Choice::Model(kind, name) => self.choose_model(&kind, &name)?,
            Choice::KioskPin(pin) => {
                self.pin.keep(&pin)?;
                self.about
                    .send_modify(|about| about.kiosk_pin = self.pin.is_set());
            }
        }
        Ok(())
    }

    /// Something may soon be to be heard; a speaker that rests takes a while to open.
    pub(super) fn rouse_speaker(&self) {
        if let Some(speaker) = &self.speaker {
            speaker.rouse();
        }
    }

    /// The speaker that is used now: an id, a name, `default`, or `none` where nothing is heard.
    pub(super) fn speaker_name(&self) -> String {
        self.speaker
            .as_ref()
            .map_or_else(|| "none".into(), |speaker| speaker.name())
    }

    fn keep_sound(&self, place: usize, side: &Side, id: &str) -> Result<(), Problem> {
        self.config.remember(side.section, side.key, id)?;
        let mut chosen = self.sounds.0.lock().unwrap_or_else(PoisonError::into_inner);
        chosen[place] = id.to_owned();
        Ok(())
    }

    /// Every microphone and speaker, which is chosen and which is used now. Blocks: it asks the
    /// sound system.
    pub(super) fn all_sounds(&self) -> Value {
        let chosen = self.sounds.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sides = [&MICROPHONE, &SPEAKER].into_iter().zip(chosen.clone());
        drop(chosen);
        let document = |(side, chosen): (&Side, String)| {
            let devices = sound::devices(side.direction);
            let devices = devices.iter().map(|device| side.document(device, &chosen));
            json!({
                "direction": side.field,
                "chosen": chosen,
                "used": match side.direction {
                    Direction::Input => self.microphone.borrow().clone(),
                    Direction::Output => self.speaker_name(),
                },
                "devices": devices.collect::<Vec<_>>(),
            })
        };
        sides.map(document).collect()
    }
}
