//! What this machine keeps of having been paired: `hub.toml` beside its key.

use anyhow::Context;
use loqa_link::{Identity, Member, pairing::Joined};
use loqa_protocol::NodeId;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    net::SocketAddr,
    path::Path,
};

const FILE: &str = "hub.toml";

/// The household that this machine belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// The hub.
    pub hub: NodeId,
    /// As people call it.
    pub household: String,
    /// Who vouches for its nodes.
    pub authority: CertificateDer<'static>,
    /// Vouches for this one.
    pub certificate: CertificateDer<'static>,
    /// Where the hub was when it was last reached.
    pub addresses: Vec<SocketAddr>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    hub: String,
    household: String,
    authority: String,
    certificate: String,
    #[serde(default)]
    addresses: Vec<SocketAddr>,
}

impl Membership {
    /// Of a pairing, with the hub at this address.
    pub fn of(joined: Joined, address: SocketAddr) -> Membership {
        Membership {
            hub: joined.hub,
            household: joined.household,
            authority: joined.authority,
            certificate: joined.certificate,
            addresses: vec![address],
        }
    }

    /// What is kept in `folder`; `None`: it is not paired.
    pub fn load(folder: &Path) -> anyhow::Result<Option<Membership>> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", path.display()));
            }
        };
        let read = || -> anyhow::Result<Membership> {
            let kept: Kept = toml::from_str(&text)?;
            Ok(Membership {
                hub: kept.hub.parse()?,
                household: kept.household,
                authority: hex::decode(&kept.authority)?.into(),
                certificate: hex::decode(&kept.certificate)?.into(),
                addresses: kept.addresses,
            })
        };
        let read = read();
        let damaged = || {
            format!(
                "{} is damaged\n  help: pair this machine again",
                path.display()
            )
        };
        Ok(Some(read.with_context(damaged)?))
    }

    /// Keeps it in `folder`: the whole of it or what was there before.
    pub fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        let kept = Kept {
            hub: self.hub.to_string(),
            household: self.household.clone(),
            authority: hex::encode(&self.authority),
            certificate: hex::encode(&self.certificate),
            addresses: self.addresses.clone(),
        };
        let text = toml::to_string(&kept)?;
        write_whole(folder, FILE, &text)
    }

    /// How it is reached, as this machine.
    pub fn member(&self, folder: &Path) -> anyhow::Result<Member> {
        let identity = identity(folder)?;
        let (authority, certificate) = (&self.authority, self.certificate.clone());
        let member = Member::new(identity, self.hub, authority, certificate);
        member.context("what was kept of the pairing does not belong together\n  help: pair this machine again")
    }
}

/// Writes a file of `folder`: the whole of it, or what was there before stays.
pub fn write_whole(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    let written = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        File::open(folder)?.sync_all()
    };
    written().with_context(|| format!("{} cannot be written", path.display()))
}

/// This machine's key, made if there is none.
pub fn identity(folder: &Path) -> anyhow::Result<Identity> {
    fs::create_dir_all(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    Ok(Identity::open(folder)?)
}
