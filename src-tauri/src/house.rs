//! The hub that the window shows: inside this program, or beside it on the same data folder.

use loqa_engine::{
    config::Config,
    gateway::Client,
    hub::{Hub, HubOptions},
};
use loqa_protocol::Problem;
use std::{future, path::PathBuf};
use tokio::sync::OnceCell;

/// One house, whoever runs its hub.
pub struct House {
    options: HubOptions,
    hub: OnceCell<Place>,
}

enum Place {
    Inside(Hub),
    /// The data folder of the one that was there first. The window stays with it: it may be on its
    /// way back when it is away.
    Beside(PathBuf),
}

impl House {
    /// The one that `options` describe; nothing runs yet.
    pub fn new(options: HubOptions) -> House {
        House {
            options,
            hub: OnceCell::new(),
        }
    }

    /// Finds the hub, or starts it. Who calls meanwhile waits for the same.
    ///
    /// # Errors
    /// As [`Hub::start`]; the next call tries again.
    pub async fn open(&self) -> Result<(), Problem> {
        self.place().await.map(drop)
    }

    /// A way to talk to it.
    ///
    /// # Errors
    /// As [`House::open`], and `hub_gone` while one beside is away.
    pub async fn client(&self) -> Result<Client, Problem> {
        match self.place().await? {
            Place::Inside(hub) => Ok(Client::embedded(hub)),
            Place::Beside(data) => Client::connect(data).await.ok_or_else(|| Problem {
                code: "hub_gone".into(),
                message: format!("the hub on {} is away", data.display()),
                help: "start it again with `loqa hub`".into(),
            }),
        }
    }

    /// Resolves when a hub inside cannot go on, to why.
    pub async fn failed(&self) -> String {
        match self.hub.get() {
            Some(Place::Inside(hub)) => hub.failed().await,
            _ => future::pending().await,
        }
    }

    /// Ends a hub inside, which finishes what it is doing, for at most 5 s.
    pub async fn close(&self) {
        if let Some(Place::Inside(hub)) = self.hub.get() {
            hub.shutdown().await;
        }
    }

    async fn place(&self) -> Result<&Place, Problem> {
        let find = || async {
            let data = Config::load(&self.options.flags)?.hub.data;
            if Client::connect(&data).await.is_some() {
                return Ok(Place::Beside(data));
            }
            let hub = Hub::start(self.options.clone().serving()).await?;
            for note in hub.notes() {
                eprintln!("note: {note}");
            }
            Ok(Place::Inside(hub))
        };
        self.hub.get_or_try_init(find).await
    }
}
