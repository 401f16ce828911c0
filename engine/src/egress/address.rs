//! Where something is.

use hyper::Uri;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A place on the network, as people write it: `http://homeassistant.local:8123`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    encrypted: bool,
    /// Lower case; an IPv6 address without brackets.
    host: String,
    port: u16,
    /// Without a slash at the end.
    path: String,
}

/// A text that is no address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is no address: write one such as http://homeassistant.local:8123")]
pub struct AddressError(String);

impl Address {
    /// Host name or IP address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS is spoken there.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Host and port, as they are written.
    pub fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Host and port as HTTP names them: without a port that goes without saying.
    pub fn authority(&self) -> String {
        let place = self.place();
        let usual = if self.encrypted { ":443" } else { ":80" };
        place
            .strip_suffix(usual)
            .map(str::to_owned)
            .unwrap_or(place)
    }

    /// Whether who may go to the one may go to the other.
    pub fn is_same_place(&self, other: &Address) -> bool {
        (self.encrypted, &self.host, self.port) == (other.encrypted, &other.host, other.port)
    }

    /// The path of something there.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.path)
    }

    /// The URL of something there; `scheme` is `http` or `ws`.
    pub fn url(&self, scheme: &str, path: &str) -> String {
        let secure = if self.encrypted { "s" } else { "" };
        format!("{scheme}{secure}://{}{}", self.place(), self.path(path))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let wrong = || AddressError(text.to_owned());
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .unwrap_or(("http", text.trim()));
        let whole = format!("{scheme}://{}", rest.trim_end_matches('/'));
        let uri: Uri = whole.parse().map_err(|_| wrong())?;
        let encrypted = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        let host = authority.host().trim_matches(['[', ']']);
        // A name before the host would be a secret in the settings.
        if host.is_empty() || authority.as_str().contains('@') || uri.query().is_some() {
            return Err(wrong());
        }
        let after_host = authority.as_str().get(authority.host().len()..);
        let port = match after_host.and_then(|rest| rest.strip_prefix(':')) {
            Some(port) => port.parse().map_err(|_| wrong())?,
            None if encrypted => 443,
            None => 80,
        };
        Ok(Address {
            encrypted,
            host: host.to_lowercase(),
            port,
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url("http", ""))
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Address, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}
