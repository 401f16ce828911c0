//! What a skill can be given, one file each.

mod alarms;
mod clock;
mod devices;
mod home;
mod http;
mod lists;
mod messages;
mod notices;
mod settings;
mod speech;
mod storage;
mod timers;

use crate::{frames::StepKind, permission::permits, runtime::Invocation};
use wasmtime::{Result, component::Linker};

/// Whose interfaces they are, and which version: what changes a type changes the version.
const PACKAGE: (&str, &str) = ("loqa:skill/", "@0.3.0");

/// Whether an interface is Loqa's, but not one of these.
pub fn is_of_another_version(interface: &str) -> bool {
    let (package, version) = PACKAGE;
    interface.starts_with(package) && !interface.ends_with(version)
}

/// The package that all interfaces are of: `skills/wit/loqa.wit`.
macro_rules! interface {
    ($name:literal) => {
        concat!("loqa:skill/", $name, "@0.3.0")
    };
}
use interface;

/// What changes something: linked to what commits, where the manifest asks for it.
struct Write {
    permission: &'static str,
    interface: &'static str,
    link: fn(&mut Linker<Invocation>) -> Result<()>,
}

const WRITES: [Write; 9] = [
    Write {
        permission: "timer",
        interface: timers::WRITE,
        link: timers::write,
    },
    Write {
        permission: "device",
        interface: devices::WRITE,
        link: devices::write,
    },
    Write {
        permission: "list",
        interface: lists::WRITE,
        link: lists::write,
    },
    Write {
        permission: "alarm",
        interface: alarms::WRITE,
        link: alarms::write,
    },
    Write {
        permission: "storage",
        interface: storage::WRITE,
        link: storage::write,
    },
    Write {
        permission: "http",
        interface: http::WRITE,
        link: http::write,
    },
    Write {
        permission: "notify",
        interface: notices::WRITE,
        link: notices::write,
    },
    Write {
        permission: "speak",
        interface: speech::WRITE,
        link: speech::write,
    },
    Write {
        permission: "publish",
        interface: messages::WRITE,
        link: messages::write,
    },
];

/// Links what may be read and, for the step that commits, what `permissions` name; nothing else.
///
/// # Errors
/// None, but that an interface is linked twice.
pub fn link(linker: &mut Linker<Invocation>, step: StepKind, permissions: &[String]) -> Result<()> {
    clock::read(linker)?;
    timers::read(linker)?;
    home::read(linker)?;
    lists::read(linker)?;
    alarms::read(linker)?;
    settings::read(linker)?;
    storage::read(linker)?;
    if step == StepKind::Commit {
        let granted = WRITES
            .iter()
            .filter(|write| permits(permissions, write.permission));
        for write in granted {
            (write.link)(linker)?;
        }
    }
    Ok(())
}

/// The permission that an interface needs, of those a component may import.
pub fn permission(interface: &str) -> Option<&'static str> {
    let write = WRITES.iter().find(|write| write.interface == interface)?;
    Some(write.permission)
}
