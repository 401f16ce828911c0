//! What a skill can be given, one file each.

mod clock;
mod devices;
mod home;
mod lists;
mod timers;

use crate::{frames::StepKind, runtime::Invocation};
use wasmtime::{Result, component::Linker};

/// The package that all interfaces are of: `skills/wit/loqa.wit`.
macro_rules! interface {
    ($name:literal) => {
        concat!("loqa:skill/", $name, "@0.1.0")
    };
}
use interface;

/// Links what may be read and, for the step that commits, what `permissions` name; nothing else.
///
/// # Errors
/// None, but that an interface is linked twice.
pub fn link(linker: &mut Linker<Invocation>, step: StepKind, permissions: &[String]) -> Result<()> {
    clock::read(linker)?;
    timers::read(linker)?;
    home::read(linker)?;
    lists::read(linker)?;
    if step == StepKind::Commit {
        for permission in permissions {
            match permission.as_str() {
                "timer" => timers::write(linker)?,
                "device" => devices::write(linker)?,
                "list" => lists::write(linker)?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// The permission that an interface needs, of those a component may import.
pub fn permission(interface: &str) -> Option<&'static str> {
    [
        (timers::WRITE, "timer"),
        (devices::WRITE, "device"),
        (lists::WRITE, "list"),
    ]
    .into_iter()
    .find_map(|(name, permission)| (name == interface).then_some(permission))
}
