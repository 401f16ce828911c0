//! Skills in the hub: which are installed, what they read, and how their plans are carried out.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod attacks;
mod bounds;
mod cards;
mod clock;
mod code;
mod component;
#[cfg(test)]
mod counting;
mod deeds;
mod effects;
mod elsewhere;
mod executor;
mod host;
mod household;
mod installed;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod outside;
mod own;
mod package;
pub mod permissions;
mod plans;
mod process;
#[cfg(test)]
mod pucks;
mod quarantine;
mod registry;
mod schedule;
mod settings;
mod shelf;
#[cfg(test)]
pub(crate) mod tests;
mod trace;
mod view;

pub use clock::{HouseClock, SystemClock};
pub use code::{Code, Unanswered};
pub use component::Component;
pub use elsewhere::Elsewhere;
pub use executor::{Executor, OwnDevices};
pub use host::{Host, HostParts};
pub use household::{LiveHousehold, Moment};
pub use installed::{Current, Held, Installed};
pub use own::{
    NAME as OWN_NAME, patience as own_patience, voice_at, volume as own_volume, volume_of,
};
pub use package::{ENDING, LARGEST_PACKED, Package, PackageError, version};
pub use process::{CallError, Process};
pub use registry::{LeftOut, Machine, Registry, RegistryError, installed_manifest};
pub use settings::Settings;
pub use shelf::{From, Known, Looked, Offer, Shelf, known};
pub use trace::{Call, Trace};
pub use view::{Own, civil};

pub(crate) use shelf::{mistakes, problem};
