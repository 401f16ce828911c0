//! A node at work for this test as for its hub: `loqa-node`, over the link.

use crate::{program, soon};
use anyhow::{Context, Result};
use loqa_engine::workers::{Known, Sites};
use loqa_link::{
    Authority, Hub, Identity, Roster,
    wire::{Listener, Me, Settings},
};
use loqa_protocol::PrivacyScope;
use loqa_tests::process::Process;
use rustls::pki_types::UnixTime;
use std::{
    fs,
    net::Ipv4Addr,
    process::{Command, Stdio},
    sync::Arc,
};
use tempfile::TempDir;

/// The node, for as long as this is.
pub struct Linked {
    /// Who it works for.
    pub sites: Arc<Sites>,
    _node: Process,
    _listener: Listener,
    _folder: TempDir,
}

impl Linked {
    /// One whose settings say this of models, once it offers one of them.
    pub async fn with(models: &str) -> Result<Linked> {
        let folder = tempfile::tempdir()?;
        let [hub, data, settings] = ["hub", "data", "node.toml"].map(|it| folder.path().join(it));
        fs::create_dir_all(&hub)?;
        fs::create_dir_all(&data)?;
        let node = Identity::open(&data)?;
        let (now, roster) = (UnixTime::now(), Roster::new([node.node()]));
        let hub = Hub::new(Identity::passing()?, Authority::open(&hub)?, roster, now)?;
        let certificate = hub.issue(&node.public(), now)?;
        let listener = Listener::bind(
            (Ipv4Addr::LOCALHOST, 0).into(),
            hub.clone(),
            Me {
                name: "Test".into(),
                ..Me::default()
            },
            Settings::default(),
        )?;
        // As pairing leaves it.
        let membership = format!(
            "hub = \"{}\"\nhousehold = \"Test\"\nauthority = \"{}\"\ncertificate = \"{}\"\naddresses = [\"{}\"]\n",
            hub.node(),
            hex::encode(hub.authority()),
            hex::encode(certificate),
            listener.address()?,
        );
        fs::write(data.join("hub.toml"), membership)?;
        let roles = "name = \"attic\"\nroles = [\"inference\"]";
        let inference = format!("{roles}\n[inference]\nstt = 0\ntts = 0\n{models}\n");
        fs::write(&settings, inference)?;
        let mut command = Command::new(program("loqa-node")?);
        command.arg("run").arg("--config").arg(&settings);
        command.arg("--data").arg(&data).stdin(Stdio::null());
        let running = Process::start(&mut command)?;
        let link = soon("a node is linked", listener.accept()).await?;
        let link = link.context("nobody can come any more")?;
        let mut health = link.health();
        let offers = health.wait_for(|health| !health.offers.is_empty());
        soon("a node offers its model", offers).await??;
        let sites = Sites::new(|_| {
            Some(Known {
                name: "attic".into(),
                hears: Some(PrivacyScope::Ephemeral),
            })
        });
        sites.came(&link);
        Ok(Linked {
            sites,
            _node: running,
            _listener: listener,
            _folder: folder,
        })
    }
}
