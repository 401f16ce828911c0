//! Whether the desktop shows a tray: some never do, and at login Loqa may be there first.

#[cfg(target_os = "linux")]
pub use linux::watch;

/// The menu bar is always there.
#[cfg(not(target_os = "linux"))]
pub async fn watch(_: std::time::Duration, mut tell: impl FnMut(bool)) {
    tell(true);
}

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;
    use tokio::time::{Instant, sleep_until};
    use tokio_stream::StreamExt;
    use zbus::{
        Connection, MatchRule, MessageStream, Proxy, fdo::DBusProxy, message::Type,
        proxy::CacheProperties,
    };

    /// <https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/>
    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    /// Signals that may wait; when full, the bus keeps them.
    const SIGNALS: usize = 16;

    /// Tells whether there is a tray now, and whenever that changes; that there is none not before
    /// `patience` is over.
    pub async fn watch(patience: Duration, mut tell: impl FnMut(bool)) {
        if let Err(error) = watch_bus(Instant::now() + patience, &mut tell).await {
            tracing::debug!(%error, "no session bus");
            tell(false);
        }
    }

    async fn watch_bus(until: Instant, tell: &mut impl FnMut(bool)) -> zbus::Result<()> {
        let bus = Connection::session().await?;
        let watcher = [(0, WATCHER)];
        let names = DBusProxy::new(&bus).await?;
        let mut owners = names.receive_name_owner_changed_with_args(&watcher).await?;
        let signals = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface(WATCHER)?
            .build();
        let mut signals = MessageStream::for_match_rule(signals, &bus, Some(SIGNALS)).await?;
        let tray: Proxy<'_> = zbus::proxy::Builder::new(&bus)
            .destination(WATCHER)?
            .path("/StatusNotifierWatcher")?
            .interface(WATCHER)?
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let (mut before, mut patient) = (None, true);
        loop {
            let property = tray.get_property::<bool>("IsStatusNotifierHostRegistered");
            let shows = property.await.unwrap_or(false);
            patient &= !shows && Instant::now() < until;
            if !patient && before != Some(shows) {
                tell(shows);
                before = Some(shows);
            }
            tokio::select! {
                () = sleep_until(until), if patient => {}
                Some(_) = owners.next() => {}
                Some(_) = signals.next() => {}
                else => return Ok(()),
            }
        }
    }
}
