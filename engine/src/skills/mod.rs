//! Skills in the hub: which are installed, what they read, and how their plans are carried out.

mod cards;
mod clock;
mod deeds;
mod effects;
mod executor;
mod host;
mod household;
mod own;
mod plans;
mod registry;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use clock::{HouseClock, SystemClock};
pub use executor::{Executor, OwnDevices};
pub use host::{Host, HostParts};
pub use household::{LiveHousehold, Moment};
pub use own::{patience as own_patience, volume as own_volume};
pub use registry::{Registry, RegistryError};
pub use view::civil;
