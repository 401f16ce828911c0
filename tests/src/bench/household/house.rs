//! Keys of a hub and its pucks, in a folder that all processes of a run share: who opens it has what pairing would have left.

use anyhow::Result;
use loqa_link::{Authority, Hub, Identity, Member, Roster};
use rustls::pki_types::UnixTime;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A hub with so many pucks.
pub struct House {
    folder: PathBuf,
    /// As its pucks see it.
    pub hub: Hub,
}

impl House {
    /// The one of `folder`; what is missing of it is made.
    pub fn open(folder: &Path, pucks: usize) -> Result<House> {
        let own = folder.join("hub");
        fs::create_dir_all(&own)?;
        let identity = Identity::open(&own)?;
        let authority = Authority::open(&own)?;
        let nodes: Result<Vec<_>> = (0..pucks)
            .map(|puck| Ok(self::identity(folder, puck)?.node()))
            .collect();
        let hub = Hub::new(identity, authority, Roster::new(nodes?), UnixTime::now())?;
        Ok(House {
            folder: folder.to_owned(),
            hub,
        })
    }

    /// One of its pucks.
    pub fn member(&self, puck: usize) -> Result<Member> {
        let identity = identity(&self.folder, puck)?;
        let certificate = self.hub.issue(&identity.public(), UnixTime::now())?;
        let (hub, authority) = (self.hub.node(), self.hub.authority());
        Ok(Member::new(identity, hub, authority, certificate)?)
    }

    /// Its folder, as `loqa-node --data` takes it.
    pub fn node_folder(&self, puck: usize) -> Result<PathBuf> {
        let folder = folder_of(&self.folder, puck);
        let identity = identity(&self.folder, puck)?;
        let certificate = self.hub.issue(&identity.public(), UnixTime::now())?;
        let kept = format!(
            "hub = \"{}\"\nhousehold = \"Home\"\nauthority = \"{}\"\ncertificate = \"{}\"\n",
            self.hub.node(),
            hex::encode(self.hub.authority()),
            hex::encode(&certificate)
        );
        fs::write(folder.join("hub.toml"), kept)?;
        Ok(folder)
    }
}

fn folder_of(folder: &Path, puck: usize) -> PathBuf {
    folder.join(format!("puck-{puck}"))
}

fn identity(folder: &Path, puck: usize) -> Result<Identity> {
    let folder = folder_of(folder, puck);
    fs::create_dir_all(&folder)?;
    Ok(Identity::open(&folder)?)
}
