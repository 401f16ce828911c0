//! Which places may be gone to.

use super::{Address, EgressError};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};
use tokio::net::lookup_host;

/// Places that may be gone to.
pub(super) enum Reach {
    /// These.
    Named(Vec<Address>),
    /// Whatever is on the internet and encrypted; in the house, these alone.
    Internet {
        /// Places in the house.
        house: Vec<Address>,
    },
}

impl Reach {
    /// Where a connection to a place is to go: what is found there is what was looked at, whatever
    /// its name means a moment later.
    ///
    /// # Errors
    /// [`EgressError::NotPermitted`], or its name cannot be looked up.
    pub async fn resolve(&self, to: &Address) -> Result<Vec<SocketAddr>, EgressError> {
        let named = match self {
            Reach::Named(places) | Reach::Internet { house: places } => places,
        };
        let named = named.iter().any(|place| place.is_same_place(to));
        let internet = matches!(self, Reach::Internet { .. }) && to.is_encrypted();
        if !named && !internet {
            return Err(EgressError::NotPermitted(to.place()));
        }
        let found = lookup_host((to.host(), to.port())).await;
        let unreachable = |source| EgressError::Unreachable {
            host: to.place(),
            source,
        };
        let found: Vec<SocketAddr> = found.map_err(unreachable)?.collect();
        if found.is_empty() {
            return Err(unreachable(io::ErrorKind::NotFound.into()));
        }
        // One that is not is enough: nobody in earnest has both.
        if !named && !found.iter().all(|place| is_public(place.ip())) {
            return Err(EgressError::InTheHouse(to.place()));
        }
        Ok(found)
    }
}

/// Whether an address is on the internet, rather than in a house, a machine, or nowhere: the
/// registries of special addresses, <https://www.iana.org/assignments/iana-ipv4-special-registry> and
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        // Shared by the customers of a provider.
        || (a == 100 && b & 0xc0 == 64)
        || (a, b, c) == (192, 0, 0)
        // Relays to IPv6, and measurements.
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && b & 0xfe == 18)
        // Multicast, reserved, broadcast.
        || a >= 224;
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let parts = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // What stands for an IPv4 address is what that is: translated, 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        // Teredo, benchmarks, documentation.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_house_is_not_on_the_internet() {
        let public = [
            "1.1.1.1",
            "93.184.216.34",
            "100.63.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "2a00:1450:4001::200e",
            "64:ff9b::101:101",
        ];
        let not = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.251",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:93.184.216.34",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fd00::1",
            "fe80::1",
            "ff02::fb",
        ];
        for (addresses, expected) in [(&public[..], true), (&not[..], false)] {
            for address in addresses {
                assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
            }
        }
    }
}
