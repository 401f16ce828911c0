//! A desktop's tray, as Loqa's icon finds it on the bus:
//! <https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/>.

use anyhow::{Context, Result, bail};
use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};
use zbus::{
    blocking::{Connection, Proxy, connection::Builder},
    interface,
    message::Header,
    proxy::CacheProperties,
    zvariant::{Dict, OwnedValue, Structure, Value},
};

/// Longer than a window that works takes to come up, also on a machine under load.
const CEILING: Duration = Duration::from_secs(100);

/// A tray that is there to be seen.
pub struct Tray {
    bus: Connection,
    icons: Receiver<(String, String)>,
}

/// An icon in it.
pub struct Icon<'a> {
    icon: Proxy<'a>,
    menu: Proxy<'a>,
}

/// An item of its menu.
#[derive(Debug)]
pub struct Item {
    id: i32,
    pub text: String,
    pub checked: bool,
}

struct Watcher(SyncSender<(String, String)>);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, place: &str, #[zbus(header)] header: Header<'_>) {
        // It names its place on the connection that it speaks from, or a connection.
        let sender = header.sender().map(ToString::to_string);
        let icon = if place.starts_with('/') {
            (sender.unwrap_or_default(), place.to_owned())
        } else {
            (place.to_owned(), "/StatusNotifierItem".into())
        };
        let _ = self.0.try_send(icon);
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

impl Tray {
    /// Opens one on this bus.
    pub fn open(bus: &str) -> Result<Tray> {
        let (told, icons) = sync_channel(8);
        let bus = Builder::address(bus)?
            .serve_at("/StatusNotifierWatcher", Watcher(told))?
            .name("org.kde.StatusNotifierWatcher")?
            .build()?;
        Ok(Tray { bus, icons })
    }

    /// The next icon that comes.
    pub fn icon(&self) -> Result<Icon<'_>> {
        let icon = self.icons.recv_timeout(CEILING);
        let (owner, place) = icon.context("no icon came")?;
        let icon: Proxy<'_> = zbus::blocking::proxy::Builder::new(&self.bus)
            .destination(owner.clone())?
            .path(place)?
            .interface("org.kde.StatusNotifierItem")?
            .cache_properties(CacheProperties::No)
            .build()?;
        let place: zbus::zvariant::OwnedObjectPath = icon.get_property("Menu")?;
        let menu = Proxy::new(&self.bus, owner, place, "com.canonical.dbusmenu")?;
        Ok(Icon { icon, menu })
    }
}

impl Icon<'_> {
    /// The picture that is drawn: width, height and pixels, in each size.
    pub fn picture(&self) -> Result<Vec<(i32, i32, Vec<u8>)>> {
        Ok(self.icon.get_property("IconPixmap")?)
    }

    /// Its menu as it is now, but for lines between items.
    pub fn menu(&self) -> Result<Vec<Item>> {
        type Node = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);
        let every = (0, -1, Vec::<String>::new());
        let (_, root): (u32, Node) = self.menu.call("GetLayout", &every)?;
        let items = root.2.iter().map(|item| read(item).context("an odd item"));
        let mut items = items.collect::<Result<Vec<Item>>>()?;
        items.retain(|item| !item.text.is_empty());
        Ok(items)
    }

    /// How Loqa is.
    pub fn mood(&self) -> Result<String> {
        let mut items = self.menu()?;
        Ok(items.swap_remove(0).text)
    }

    /// Touches an item.
    pub fn touch(&self, text: &str) -> Result<()> {
        let items = self.menu()?;
        let Some(item) = items.iter().find(|item| item.text == text) else {
            bail!("no {text} in {items:?}");
        };
        let nothing = Value::from(0);
        self.menu
            .call_method("Event", &(item.id, "clicked", nothing, 0_u32))?;
        Ok(())
    }
}

fn read(item: &OwnedValue) -> Option<Item> {
    let fields = item.downcast_ref::<Structure<'_>>().ok()?;
    let [id, properties, _] = fields.fields() else {
        return None;
    };
    let properties = properties.downcast_ref::<Dict<'_, '_>>().ok()?;
    let text: Option<String> = properties.get(&"label").ok()?;
    let checked: Option<i32> = properties.get(&"toggle-state").ok()?;
    Some(Item {
        id: id.downcast_ref().ok()?,
        text: text.unwrap_or_default(),
        checked: checked == Some(1),
    })
}
