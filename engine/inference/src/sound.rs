//! The sound devices of this machine: which there are, and the one that a person means.

use cpal::{
    Device, ErrorKind, Host,
    traits::{DeviceTrait, HostTrait},
};

/// What ALSA lists that is no device of its own, by the beginning of its name: plugins, parts of
/// cards that `sysdefault` stands for, and servers that need something started first.
const NO_DEVICES: [&str; 18] = [
    "null",
    "lavrate",
    "samplerate",
    "speex",
    "upmix",
    "vdownmix",
    "oss",
    "jack",
    "a52",
    "dmix",
    "dsnoop",
    "front",
    "surround",
    "iec958",
    "usbstream",
    "hw:",
    "plughw:",
    "arcam",
];
/// The name that stands for the system's own choice.
pub const DEFAULT: &str = "default";

/// To hear, or to be heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Microphones.
    Input,
    /// Speakers.
    Output,
}

/// A device that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundDevice {
    /// What the system calls it, such as `sysdefault:CARD=PCH`; unique, and stays.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is the system's own choice.
    pub is_default: bool,
}

/// No device has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {} named `{name}`", match direction { Direction::Input => "microphone", Direction::Output => "speaker" })]
pub struct NoSuchDevice {
    /// As asked for.
    pub name: String,
    /// Among which.
    pub direction: Direction,
}

/// The devices that can be used now, the system's own choice first; none, if there are none.
pub fn devices(direction: Direction) -> Vec<SoundDevice> {
    let _quiet = quiet();
    let host = cpal::default_host();
    let default = default_device(&host, direction).map(|device| id(&device));
    let mut devices: Vec<SoundDevice> = every(&host, direction)
        .filter(|device| {
            let id = id(device);
            default.as_ref() == Some(&id) || !NO_DEVICES.iter().any(|plugin| id.starts_with(plugin))
        })
        .filter(|device| opens(device, direction))
        .map(|device| SoundDevice {
            id: id(&device),
            name: name(&device),
            is_default: default.as_ref() == Some(&id(&device)),
        })
        .collect();
    devices.sort_by_key(|device| !device.is_default);
    devices
}

/// The device of this id or name; the system's own choice for [`DEFAULT`].
pub(crate) fn find(
    host: &Host,
    direction: Direction,
    wanted: &str,
) -> Result<Device, NoSuchDevice> {
    let found = match wanted {
        DEFAULT => {
            // As it is listed: there it has its real name.
            let default = default_device(host, direction);
            let listed = every(host, direction).find(|device| {
                default
                    .as_ref()
                    .is_some_and(|default| id(default) == id(device))
            });
            listed.or(default)
        }
        _ => every(host, direction)
            .find(|device| id(device) == wanted || name(device).eq_ignore_ascii_case(wanted)),
    };
    found.ok_or_else(|| NoSuchDevice {
        name: wanted.into(),
        direction,
    })
}

/// What people call a device.
pub(crate) fn name(device: &Device) -> String {
    device
        .description()
        .map_or_else(|_| id(device), |description| description.name().to_owned())
}

fn id(device: &Device) -> String {
    device.id().map(|id| id.id().to_owned()).unwrap_or_default()
}

fn default_device(host: &Host, direction: Direction) -> Option<Device> {
    match direction {
        Direction::Input => host.default_input_device(),
        Direction::Output => host.default_output_device(),
    }
}

fn every(host: &Host, direction: Direction) -> impl Iterator<Item = Device> {
    let devices = host.devices().into_iter().flatten();
    devices.filter(move |device| match direction {
        Direction::Input => device.supports_input(),
        Direction::Output => device.supports_output(),
    })
}

/// Whether it is really there: ALSA also lists what its configuration only describes.
fn opens(device: &Device, direction: Direction) -> bool {
    let config = match direction {
        Direction::Input => device.default_input_config(),
        Direction::Output => device.default_output_config(),
    };
    match config {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::DeviceBusy,
    }
}

/// Keeps what ALSA would print about devices it did not find off this thread's stderr: the error
/// returned says it better.
#[cfg(target_os = "linux")]
pub(crate) fn quiet() -> impl Sized {
    alsa::Output::local_error_handler().ok()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn quiet() -> impl Sized {}
