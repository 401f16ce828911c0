//! Who says in the house's network that it is a part of Loqa, and where: DNS-SD over multicast DNS.
//!
//! Anybody may say anything here, so it is a hint of an address and no more: who is really there is
//! found out by [`crate::trust`] or [`crate::pairing`], and who says goodbye for another loses it no
//! connection.
//!
//! The service is [`SERVICE`], and its TXT record has:
//!
//! | key | |
//! |---|---|
//! | `v` | the versions of the link that it speaks, `1-1` |
//! | `id` | its [`NodeId`] |
//! | `role` | `hub` or `node` |
//! | `home` | which household: 16 digits, the beginning of SHA-256 of its authority; a node without one is new |
//! | `house` | the household's name, for people |
//! | `name` | its own, for people |
//! | `pair` | the port where it is paired, while that is open |

use crate::pairing::{MOST_NAME, Role, plain_name};
use loqa_protocol::NodeId;
use mdns_sd::{Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo};
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    net::{IpAddr, SocketAddr, SocketAddrV6},
    str::FromStr,
};

/// What is announced and looked for.
pub const SERVICE: &str = "_loqa._udp.local.";
/// How many are remembered; whoever comes then is not shown until another goes.
pub const MOST_SEEN: usize = 64;
/// How many addresses of one are.
pub const MOST_ADDRESSES: usize = 8;

/// The multicast of this machine does not work.
#[derive(Debug, thiserror::Error)]
#[error(
    "other machines cannot be found by themselves: {0}\n  help: name the hub's address instead"
)]
pub struct DiscoveryError(#[from] mdns_sd::Error);

/// Which household, so that two next to each other are kept apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Household(u64);

impl Household {
    /// That of an authority for nodes.
    pub fn of(authority: &CertificateDer<'_>) -> Household {
        let digest = Sha256::digest(authority);
        Household(
            digest[..8]
                .iter()
                .fold(0, |all, byte| all << 8 | u64::from(*byte)),
        )
    }
}

impl fmt::Display for Household {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Household {
    type Err = ();

    fn from_str(text: &str) -> Result<Household, ()> {
        let number = u64::from_str_radix(text, 16).map(Household).map_err(drop)?;
        (number.to_string() == text).then_some(number).ok_or(())
    }
}

/// What one says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Announcement {
    /// Who it says to be.
    pub node: NodeId,
    /// The versions of the link that it speaks, the lowest and the highest.
    pub versions: (u8, u8),
    /// What it is.
    pub role: Role,
    /// Its household and what that is called; `None`: it belongs to none yet.
    pub household: Option<(Household, String)>,
    /// What people call it.
    pub name: String,
    /// Where nodes are let in; a node lets nobody in, and says any.
    pub port: u16,
    /// Where it is paired, while that is open.
    pub pairing: Option<u16>,
}

impl Announcement {
    fn properties(&self) -> Vec<(&'static str, String)> {
        let mut properties = vec![
            ("v", format!("{}-{}", self.versions.0, self.versions.1)),
            ("id", self.node.to_string()),
            (
                "role",
                if self.role == Role::Hub {
                    "hub"
                } else {
                    "node"
                }
                .into(),
            ),
            ("name", self.name.clone()),
        ];
        if let Some((home, house)) = &self.household {
            properties.push(("home", home.to_string()));
            properties.push(("house", house.clone()));
        }
        if let Some(port) = self.pairing {
            properties.push(("pair", port.to_string()));
        }
        properties
    }

    /// Reads what somebody announces; keys that are unknown are of a later version. `None`: it is not
    /// as it should be, and is as good as silent.
    pub fn read<'a>(port: u16, value: impl Fn(&str) -> Option<&'a [u8]>) -> Option<Announcement> {
        let text = |key: &str| {
            let value = value(key)?;
            let short = value.len() <= MOST_NAME;
            short.then(|| std::str::from_utf8(value).ok()).flatten()
        };
        let name = |key: &str| text(key).filter(|name| plain_name(name)).map(str::to_owned);
        let (lowest, highest) = text("v")?.split_once('-')?;
        let versions = (number(lowest)?, number(highest)?);
        let household = match (value("home"), value("house")) {
            (None, None) => None,
            _ => Some((text("home")?.parse().ok()?, name("house")?)),
        };
        let pairing = match value("pair") {
            None => None,
            Some(_) => Some(number(text("pair")?).filter(|port| *port != 0)?),
        };
        let role = match text("role")? {
            "hub" => Role::Hub,
            "node" => Role::Node,
            _ => return None,
        };
        let sound = versions.0 <= versions.1 && port != 0;
        sound.then_some(Announcement {
            node: text("id")?.parse().ok()?,
            versions,
            role,
            household,
            name: name("name")?,
            port,
            pairing,
        })
    }
}

/// In its one form: `01` and `+1` are none.
fn number<N: FromStr + ToString>(text: &str) -> Option<N> {
    let number: N = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Somebody who was found, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// What it says of itself.
    pub announcement: Announcement,
    /// Where; with the port of the link. Never empty.
    pub addresses: Vec<SocketAddr>,
}

/// What has changed in the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Somebody was not there before.
    Found(Found),
    /// Somebody has another address, name or state.
    Changed(Found),
    /// Somebody has said goodbye, or was not heard for long.
    Gone(NodeId),
}

/// This machine in the network. Dropping it says goodbye.
pub struct Discovery {
    daemon: ServiceDaemon,
    announced: Option<String>,
}

impl Discovery {
    /// On every interface, those that come later too.
    ///
    /// # Errors
    /// There is no multicast on this machine.
    pub fn new() -> Result<Discovery, DiscoveryError> {
        Ok(Discovery {
            daemon: ServiceDaemon::new()?,
            announced: None,
        })
    }

    /// Says this from now on, in place of what it said before. Addresses follow those of the machine.
    ///
    /// # Errors
    /// The daemon has ended, or is too busy to be told.
    pub fn announce(&mut self, announcement: &Announcement) -> Result<(), DiscoveryError> {
        // Names are for people and may be alike; this one is not.
        let own = format!("loqa-{}", announcement.node.short());
        let properties = announcement.properties();
        let host = format!("{own}.local.");
        let port = announcement.port;
        let info = ServiceInfo::new(SERVICE, &own, &host, "", port, &properties[..])?;
        let info = info.enable_addr_auto();
        let full = info.get_fullname().to_owned();
        self.daemon.register(info)?;
        self.announced = Some(full);
        Ok(())
    }

    /// Looks who is there, and goes on looking.
    ///
    /// # Errors
    /// The daemon has ended, or is too busy to be told.
    pub fn browse(&self) -> Result<Browsing, DiscoveryError> {
        Ok(Browsing {
            events: self.daemon.browse(SERVICE)?,
            daemon: self.daemon.clone(),
            directory: Directory::default(),
            changes: VecDeque::new(),
        })
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        // Whoever cannot say goodbye is forgotten when its records are two minutes old.
        if let Some(full) = self.announced.take() {
            let _ = self.daemon.unregister(&full);
        }
        let _ = self.daemon.shutdown();
    }
}

/// Who is there, as it changes.
pub struct Browsing {
    events: Receiver<ServiceEvent>,
    daemon: ServiceDaemon,
    directory: Directory,
    changes: VecDeque<Change>,
}

impl Browsing {
    /// The next change. `None`: the [`Discovery`] was dropped. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.changes.pop_front() {
                return Some(change);
            }
            let Ok(event) = self.events.recv_async().await else {
                // It ends when nobody has listened for long: what was missed is told anew.
                self.events = self.daemon.browse(SERVICE).ok()?;
                continue;
            };
            let changed = match event {
                ServiceEvent::ServiceResolved(service) => {
                    self.directory.seen(&service.fullname, found(&service))
                }
                ServiceEvent::ServiceRemoved(_, full) => self.directory.seen(&full, None),
                _ => Vec::new(),
            };
            self.changes.extend(changed);
        }
    }
}

fn found(service: &ResolvedService) -> Option<Found> {
    let value = |key: &str| service.get_property_val(key).map(Option::unwrap_or_default);
    let announcement = Announcement::read(service.port, value)?;
    let addresses = service.addresses.iter().map(|address| match address {
        ScopedIp::V6(it) if it.addr().is_unicast_link_local() => {
            let scope = it.scope_id().index;
            SocketAddr::V6(SocketAddrV6::new(*it.addr(), service.port, 0, scope))
        }
        other => SocketAddr::new(other.to_ip_addr(), service.port),
    });
    let addresses = usable(addresses);
    (!addresses.is_empty()).then_some(Found {
        announcement,
        addresses,
    })
}

/// Those that lead to another machine; those that need no interface named first, and IPv4 before IPv6.
fn usable(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let leads = |address: &SocketAddr| match address.ip() {
        // Announced by others, it would be this machine.
        ip if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() => false,
        IpAddr::V4(ip) => !ip.is_broadcast(),
        IpAddr::V6(ip) => ip.to_ipv4_mapped().is_none(),
    };
    let local = |address: &SocketAddr| match address.ip() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    let mut addresses: Vec<SocketAddr> = addresses.filter(leads).collect();
    addresses.sort_by_key(|it| (local(it), it.is_ipv6(), *it));
    addresses.dedup();
    addresses.truncate(MOST_ADDRESSES);
    addresses
}

/// Who is there, by the name of their records, as two may say to be the same node: then one of them lies,
/// and whoever connects finds out which.
#[derive(Default)]
struct Directory {
    said: BTreeMap<String, (u64, Found)>,
    count: u64,
}

impl Directory {
    /// What has changed by what was heard. `found`: `None` for one who has gone, or whose announcement is
    /// not as it should be.
    fn seen(&mut self, full: &str, found: Option<Found>) -> Vec<Change> {
        let was = self.said.get(full).map(|(_, it)| it.announcement.node);
        let is = found.as_ref().map(|it| it.announcement.node);
        let concerned: BTreeSet<NodeId> = was.into_iter().chain(is).collect();
        let before: Vec<_> = concerned.iter().map(|node| self.view(*node)).collect();
        self.take(full, found);
        let changed = concerned.iter().zip(before);
        let changed = changed.filter_map(|(node, before)| match (before, self.view(*node)) {
            (Some(_), None) => Some(Change::Gone(*node)),
            (None, Some(now)) => Some(Change::Found(now)),
            (Some(before), Some(now)) if before != now => Some(Change::Changed(now)),
            _ => None,
        });
        changed.collect()
    }

    fn take(&mut self, full: &str, found: Option<Found>) {
        let Some(mut found) = found else {
            self.said.remove(full);
            return;
        };
        if let Some((_, before)) = self.said.get_mut(full) {
            let same = before.announcement.node == found.announcement.node
                && before.announcement.port == found.announcement.port;
            if same {
                // They come in several packets, one for each interface and family; and one that leads
                // nowhere any more costs an attempt.
                let news = found.addresses.iter();
                let mut all: Vec<_> = news
                    .filter(|it| !before.addresses.contains(it))
                    .copied()
                    .collect();
                all.extend(&before.addresses);
                all.truncate(MOST_ADDRESSES);
                found.addresses = all;
            }
            *before = found;
        } else if self.said.len() < MOST_SEEN {
            self.count += 1;
            self.said.insert(full.to_owned(), (self.count, found));
        }
    }

    /// What who was heard first says, and everywhere that it is said to be, of each in turn.
    fn view(&self, node: NodeId) -> Option<Found> {
        let all = self.said.values();
        let mut all: Vec<_> = all.filter(|(_, it)| it.announcement.node == node).collect();
        all.sort_by_key(|(number, _)| *number);
        let (_, first) = all.first()?;
        let turns = (0..MOST_ADDRESSES).flat_map(|turn| {
            let each = all.iter();
            each.filter_map(move |(_, it)| it.addresses.get(turn).copied())
        });
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for address in turns {
            if !addresses.contains(&address) && addresses.len() < MOST_ADDRESSES {
                addresses.push(address);
            }
        }
        Some(Found {
            announcement: first.announcement.clone(),
            addresses,
        })
    }
}

#[cfg(test)]
mod tests;
