//! A screen whose windows are closed, and whose keyboard is used, as a person would.

use anyhow::{Context, Result};
use x11rb::{
    connection::Connection,
    protocol::{
        xproto::{ClientMessageEvent, ConnectionExt as _, EventMask, MapState, Window},
        xtest::ConnectionExt as _,
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

/// What X calls a key that goes down, and one that comes up.
const DOWN: u8 = 2;
const UP: u8 = 3;

/// A screen of X.
pub struct Screen {
    x: RustConnection,
    root: Window,
}

impl Screen {
    /// The one of this display.
    pub fn of(display: &str) -> Result<Screen> {
        let (x, number) = RustConnection::connect(Some(display))?;
        let root = x.setup().roots[number].root;
        Ok(Screen { x, root })
    }

    /// Whether Loqa's window can be seen.
    pub fn shows_window(&self) -> bool {
        let seen = |window| -> Result<bool> {
            let state = self.x.get_window_attributes(window)?.reply()?.map_state;
            Ok(state == MapState::VIEWABLE)
        };
        self.window().and_then(seen).unwrap_or(false)
    }

    /// Closes it, as the button in its corner does.
    pub fn close_window(&self) -> Result<()> {
        let atom = |name: &str| -> Result<u32> {
            Ok(self.x.intern_atom(false, name.as_bytes())?.reply()?.atom)
        };
        let data = [atom("WM_DELETE_WINDOW")?, 0, 0, 0, 0];
        let window = self.window()?;
        let message = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS")?, data);
        self.x
            .send_event(false, window, EventMask::NO_EVENT, message)?;
        Ok(self.x.sync()?)
    }

    /// Presses keys, or lets them go, which X knows by these symbols.
    pub fn keys(&self, down: bool, symbols: &[u32]) -> Result<()> {
        let setup = self.x.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let map = self.x.get_keyboard_mapping(first, last - first + 1)?;
        let map = map.reply()?;
        for symbol in symbols {
            let mut keys = map.keysyms.chunks(map.keysyms_per_keycode.into());
            let key = keys.position(|of_key| of_key.contains(symbol));
            let key = first + u8::try_from(key.context("no such key")?)?;
            let kind = if down { DOWN } else { UP };
            self.x.xtest_fake_input(kind, key, 0, self.root, 0, 0, 0)?;
        }
        Ok(self.x.sync()?)
    }

    /// The largest by that name: GTK has small ones of its own.
    fn window(&self) -> Result<Window> {
        let windows = self.x.query_tree(self.root)?.reply()?.children;
        let size = |window: &Window| -> Option<u32> {
            let name = self.x.get_property(false, *window, 39_u32, 31_u32, 0, 64);
            let is_ours = name.ok()?.reply().ok()?.value == b"Loqa";
            let size = self.x.get_geometry(*window).ok()?.reply().ok()?;
            is_ours.then(|| u32::from(size.width) * u32::from(size.height))
        };
        let window = windows.into_iter().max_by_key(size).context("no window")?;
        size(&window).context("no window")?;
        Ok(window)
    }
}
