//! What a desktop shows as notifications:
//! <https://specifications.freedesktop.org/notification-spec/latest/>.

use anyhow::{Context, Result, ensure};
use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};
use zbus::{
    blocking::{Connection, connection::Builder},
    interface,
    zvariant::Value,
};

const CEILING: Duration = Duration::from_secs(100);

/// A desktop that shows them.
pub struct Notifications {
    _bus: Connection,
    shown: Receiver<String>,
}

struct Server {
    shown: SyncSender<String>,
    count: u32,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Server {
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    fn notify(
        &mut self,
        _program: &str,
        _replaces: u32,
        _icon: &str,
        summary: &str,
        body: &str,
        _actions: Vec<&str>,
        _hints: HashMap<&str, Value<'_>>,
        _timeout_ms: i32,
    ) -> u32 {
        let _ = self.shown.try_send(format!("{summary} | {body}"));
        self.count += 1;
        self.count
    }

    fn close_notification(&self, id: u32) {
        let _ = self.shown.try_send(format!("closed {id}"));
    }

    fn get_capabilities(&self) -> Vec<&str> {
        vec!["body"]
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("test", "loqa", "0", "1.2")
    }
}

impl Notifications {
    /// Opens one on this bus.
    pub fn open(bus: &str) -> Result<Notifications> {
        let (sender, shown) = sync_channel(16);
        let server = Server {
            shown: sender,
            count: 0,
        };
        let bus = Builder::address(bus)?
            .serve_at("/org/freedesktop/Notifications", server)?
            .name("org.freedesktop.Notifications")?
            .build()?;
        Ok(Notifications { _bus: bus, shown })
    }

    /// The next that is shown, or closed, must be this.
    pub fn shows(&self, expected: &str) -> Result<()> {
        let shown = self.shown.recv_timeout(CEILING);
        let shown = shown.with_context(|| format!("waited in vain for {expected}"))?;
        ensure!(shown.contains(expected), "{shown}, not {expected}");
        Ok(())
    }
}
