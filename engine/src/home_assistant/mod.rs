//! The bridge to Home Assistant: its areas and devices are part of the household, their states are
//! followed while they change, and commands to them are its services.
//!
//! What it knows of the house is kept in the data folder, so that names are understood before it is
//! reached and while it is away. Documentation: `docs/home-assistant.md`.

mod bridge;
mod client;
mod colour;
mod devices;
mod entity;
mod import;
mod kept;
mod live;
mod service;
#[cfg(test)]
mod tests;
pub mod token;

pub use bridge::{Bridge, run};
pub use bridge::{Found, try_out};
pub use devices::Devices;
pub use import::Imported;
pub use kept::{forget, kept};
pub use live::{Calls, HomeAssistant, Status, Turns};
pub use token::Place;

use loqa_protocol::Problem;

/// Why there is nothing to talk to.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Trouble {
    /// The house is sealed.
    #[error("the house is sealed: nothing goes out, to Home Assistant either")]
    Sealed,
    /// It does not answer, or no longer.
    #[error("{0}")]
    Unreachable(String),
    /// Its certificate is not one that this machine trusts.
    #[error("{0}")]
    Untrusted(String),
    /// It does not know the token.
    #[error("Home Assistant does not accept the token")]
    WrongToken,
    /// It answers nothing from this machine any more.
    #[error("Home Assistant has banned this machine")]
    Banned,
    /// Something else answers.
    #[error("what answers there is not Home Assistant: {0}")]
    NotHomeAssistant(String),
    /// A version that lacks what the bridge needs.
    #[error("this is Home Assistant {0}, which is too old")]
    TooOld(String),
    /// The token is somebody's who may not see what is exposed.
    #[error("the token is of a user of Home Assistant who is no administrator")]
    NotAdmin,
    /// Nobody gave a token.
    #[error("there is no token for Home Assistant")]
    NoToken,
}

impl Trouble {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Trouble::Sealed => "`loqa privacy unseal`, or the dashboard's page Privacy, opens it",
            Trouble::Unreachable(_) => {
                "see that Home Assistant runs and that its address is right: `loqa home-assistant status`"
            }
            Trouble::NotAdmin => {
                "make the token as an administrator, then `loqa home-assistant connect URL`"
            }
            Trouble::Untrusted(_) => {
                "add the authority that signed its certificate to those that this machine trusts, and use the name that the certificate is for"
            }
            Trouble::WrongToken | Trouble::NoToken => {
                "make a long-lived access token in Home Assistant (your profile, Security), then `loqa home-assistant connect URL`"
            }
            Trouble::Banned => {
                "remove this machine from ip_bans.yaml of Home Assistant and start that again"
            }
            Trouble::NotHomeAssistant(_) => {
                "give the address that you open Home Assistant with, such as http://homeassistant.local:8123"
            }
            Trouble::TooOld(_) => "update Home Assistant to 2023.5 or newer",
        }
    }

    /// Whether trying again could help before somebody has done something.
    fn passes(&self) -> bool {
        matches!(
            self,
            Trouble::Sealed
                | Trouble::Unreachable(_)
                | Trouble::Untrusted(_)
                | Trouble::NotHomeAssistant(_)
                | Trouble::TooOld(_)
        )
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Problem {
        Problem {
            code: "home_assistant".into(),
            message: trouble.to_string(),
            help: trouble.help().into(),
        }
    }
}
