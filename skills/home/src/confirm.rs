//! What must not happen by mistake.

use crate::reply;
use alloc::{format, string::String, vec::Vec};
use loqa_skill_sdk::{Device, DeviceCommand, wording};

/// The question to ask before commands that [must be confirmed](Device::must_confirm).
pub fn question(commands: &[(Device, DeviceCommand)]) -> Option<String> {
    let grave: Vec<&(Device, DeviceCommand)> = commands
        .iter()
        .filter(|(device, command)| device.must_confirm(command))
        .collect();
    let (_, command) = grave.first()?;
    let names: Vec<String> = grave
        .iter()
        .map(|(device, _)| wording::the(&device.name))
        .collect();
    Some(format!(
        "Shall I {}?",
        reply::request(command, &wording::join(&names))
    ))
}
