//! The way in for the house: by which names this machine is known there, and how it proves that it
//! is the one.

use super::{entrance::Entrance, serve::Encryption};
use crate::{
    gateway::problem,
    tasks::{TaskKind, Tasks},
};
use loqa_link::{Ca, CaError, Server};
use loqa_protocol::Problem;
use serde::Serialize;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};
use tokio_rustls::rustls::{
    ServerConfig,
    pki_types::{DnsName, ServerName, UnixTime},
};

/// How often is looked whether the network has given this machine another address.
const LOOK: Duration = Duration::from_secs(60);

/// Networks within a machine, which no tablet reaches.
const WITHIN: [&str; 5] = ["docker", "br-", "veth", "virbr", "podman"];

/// Where the house reaches the dashboard.
#[derive(Clone, Serialize, Debug)]
#[serde(into = "Shown")]
pub struct Household {
    names: watch::Receiver<Vec<String>>,
    port: u16,
    fingerprint: String,
}

/// The same as people and programs are told.
#[derive(Serialize)]
struct Shown {
    /// Such as `https://192.168.1.7:7443/`.
    address: String,
    /// The same by its other names.
    others: Vec<String>,
    /// Where the certificate is.
    certificate: String,
    /// SHA-256 of it.
    fingerprint: String,
}

impl From<Household> for Shown {
    fn from(household: Household) -> Shown {
        let names = household.names.borrow();
        let mut addresses = names
            .iter()
            .map(|name| format!("https://{name}:{}/", household.port));
        let address = addresses.next().unwrap_or_default();
        Shown {
            certificate: format!("{address}household.crt"),
            address,
            others: addresses.collect(),
            fingerprint: household.fingerprint.clone(),
        }
    }
}

impl Household {
    /// The address that a tablet is most likely to reach.
    pub fn address(&self) -> String {
        Shown::from(self.clone()).address
    }
}

/// All that is needed to let the house in.
pub struct Opened {
    /// Takes connections.
    pub listener: TcpListener,
    /// Encrypts them.
    pub encryption: Encryption,
    /// Knows this hub's names.
    pub entrance: Entrance,
    /// What people install, as PEM.
    pub certificate: String,
    /// What people are shown.
    pub shown: Household,
}

/// Opens it; looks after its names and certificate until `tasks` shut down.
///
/// # Errors
/// The port is taken; the household's certificate is damaged or cannot be made.
pub async fn open(port: u16, folder: &Path, tasks: &Tasks) -> Result<Opened, Problem> {
    let cannot = |error: io::Error| Problem {
        code: "dashboard".into(),
        message: format!(
            "the dashboard for the house cannot use port {port} of this machine: {error}"
        ),
        help: "set another `household_port` in [dashboard] of loqa.toml, or 0 for any".into(),
    };
    let of_ca = |error: CaError| problem("dashboard", &error);
    // One socket for both kinds of addresses, where there are both.
    let listener = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
            .await
            .map_err(cannot)?,
    };
    let port = listener.local_addr().map_err(cannot)?.port();
    let own = own_names();
    let ca = Ca::open(folder, &own).map_err(of_ca)?;
    let server = ca.server(&own, UnixTime::now()).map_err(of_ca)?;
    let (names, known) = watch::channel(shown(own, &ca, &server));
    let (encryption, current) = watch::channel(config(&server).map_err(of_ca)?);
    let opened = Opened {
        listener,
        encryption: Some(current),
        entrance: Entrance::household(known.clone(), port),
        certificate: ca.certificate_pem().to_owned(),
        shown: Household {
            names: known,
            port,
            fingerprint: ca.fingerprint(),
        },
    };
    let ca = Arc::new(ca);
    tasks.spawn(TaskKind::BACKGROUND, "household certificate", async move {
        let mut shows = server.certificate;
        loop {
            tokio::time::sleep(LOOK).await;
            let ca = ca.clone();
            let looked = tokio::task::spawn_blocking(move || {
                let own = own_names();
                let server = ca.server(&own, UnixTime::now())?;
                Ok::<_, CaError>((shown(own, &ca, &server), config(&server)?, server))
            });
            match looked.await {
                Ok(Ok((own, config, server))) => {
                    if server.certificate != shows {
                        shows = server.certificate;
                        encryption.send_replace(config);
                    }
                    names.send_replace(own);
                }
                Ok(Err(error)) => tracing::warn!(%error, "the certificate cannot be renewed"),
                Err(_) => return,
            }
        }
    });
    Ok(opened)
}

fn config(server: &Server) -> Result<Arc<ServerConfig>, CaError> {
    let mut config = server.config()?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The addresses that tablets reach, then the machine's name, then what only it reaches.
fn own_names() -> Vec<ServerName<'static>> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<(u8, IpAddr)> = interfaces
        .into_iter()
        .map(|interface| {
            let within = WITHIN.iter().any(|name| interface.name.starts_with(name));
            (distance(interface.ip(), within), interface.ip())
        })
        .filter(|(_, address)| match address {
            // Nobody can write these down: each machine numbers its networks in its own way.
            IpAddr::V6(address) => !address.is_unicast_link_local(),
            IpAddr::V4(_) => true,
        })
        .collect();
    addresses.sort();
    addresses.dedup();
    let host = host();
    let local = format!("{}.local", host.split('.').next().unwrap_or_default());
    let names = [local, host].into_iter().filter_map(|name| {
        let name = DnsName::try_from(name).ok()?;
        Some((NAME, ServerName::DnsName(name)))
    });
    let mut all: Vec<(u8, ServerName<'static>)> = addresses
        .into_iter()
        .map(|(distance, address)| (distance, address.into()))
        .chain(names)
        .collect();
    all.sort_by_key(|(distance, _)| *distance);
    all.into_iter().map(|(_, name)| name).collect()
}

/// Where other machines reach this one, the likeliest first; itself where there is no network.
pub(crate) fn own_addresses() -> Vec<IpAddr> {
    let names = own_names().into_iter();
    let addresses: Vec<IpAddr> = names
        .filter_map(|name| match name {
            ServerName::IpAddress(address) => Some(address.into()),
            _ => None,
        })
        .collect();
    let (own, others): (Vec<_>, Vec<_>) = addresses.into_iter().partition(IpAddr::is_loopback);
    if others.is_empty() { own } else { others }
}

/// Where names stand among addresses.
const NAME: u8 = 2;

fn distance(address: IpAddr, within: bool) -> u8 {
    match address {
        address if address.is_loopback() => 4,
        _ if within => 3,
        IpAddr::V4(address) if !address.is_link_local() => 0,
        _ => 1,
    }
}

/// This machine's name.
fn host() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .to_lowercase();
    if name.is_empty() { "loqa".into() } else { name }
}

/// As an address line has them; first those that no browser warns of.
fn shown(mut names: Vec<ServerName<'_>>, ca: &Ca, server: &Server) -> Vec<String> {
    let now = UnixTime::now();
    names.sort_by_key(|name| !ca.vouches(&server.certificate, std::slice::from_ref(name), now));
    let written = names.iter().map(|name| match name {
        ServerName::IpAddress(address) => match IpAddr::from(*address) {
            IpAddr::V6(address) => format!("[{address}]"),
            IpAddr::V4(address) => address.to_string(),
        },
        name => name.to_str().into_owned(),
    });
    written.collect()
}
