//! A key that calls Loqa from wherever the person is working.

use crate::{desktop::Desktop, follow::Wish};
use global_hotkey::{GlobalHotKeyEvent, GlobalHotKeyManager, HotKeyState, hotkey::HotKey};
use loqa_engine::config::{self, PushToTalk};
use loqa_protocol::Problem;
use std::env;
use tauri::{AppHandle, Manager};

/// The key is heard until this is dropped.
pub struct Key(#[expect(dead_code, reason = "held")] GlobalHotKeyManager);

/// Listens for the key of the settings; `None` if they name none. On the main thread.
///
/// # Errors
/// The desktop lets no program hear keys, this one is taken, or it is no key.
pub fn listen(app: &AppHandle, settings: &config::Desktop) -> Result<Option<Key>, Problem> {
    if settings.push_to_talk == "none" {
        return Ok(None);
    }
    if env::var_os("WAYLAND_DISPLAY").is_some_and(|display| !display.is_empty()) {
        return Err(Problem {
            code: "wayland".into(),
            message: "Wayland lets no program hear a key that is pressed elsewhere, so there is no push to talk".into(),
            help: "have the desktop's keyboard settings run `loqa-desktop --push-to-talk`".into(),
        });
    }
    let named = |error: &dyn std::error::Error| Problem {
        code: "push_to_talk".into(),
        message: format!(
            "`desktop.push_to_talk` is \"{}\", which cannot be: {error}",
            settings.push_to_talk
        ),
        help: "write a key such as \"Ctrl+Alt+Space\", or \"none\"".into(),
    };
    let key: HotKey = settings
        .push_to_talk
        .parse()
        .map_err(|error| named(&error))?;
    let manager = GlobalHotKeyManager::new().map_err(|error| named(&error))?;
    manager.register(key).map_err(|error| named(&error))?;
    let (app, mode) = (app.clone(), settings.push_to_talk_mode);
    GlobalHotKeyEvent::set_event_handler(Some(move |event: GlobalHotKeyEvent| {
        let wish = match (mode, event.state) {
            (PushToTalk::Hold, HotKeyState::Pressed) => Wish::Talk,
            (PushToTalk::Hold, HotKeyState::Released) => Wish::Finish,
            (PushToTalk::Toggle, HotKeyState::Pressed) => Wish::Toggle,
            (PushToTalk::Toggle, HotKeyState::Released) => return,
        };
        app.state::<Desktop>().wish(wish);
    }));
    Ok(Some(Key(manager)))
}
