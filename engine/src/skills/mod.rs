//! Skills in the hub: which are installed, what they read, and how their plans are carried out.

mod cards;
mod clock;
mod code;
mod component;
mod deeds;
mod effects;
mod executor;
mod host;
mod household;
#[cfg(test)]
mod outside;
mod own;
mod plans;
mod process;
mod quarantine;
mod registry;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use clock::{HouseClock, SystemClock};
pub use code::{Code, Unanswered};
pub use component::Component;
pub use executor::{Executor, OwnDevices};
pub use host::{Host, HostParts};
pub use household::{LiveHousehold, Moment};
pub use own::{patience as own_patience, volume as own_volume};
pub use process::{CallError, Process};
pub use registry::{Machine, Registry, RegistryError};
pub use view::civil;
