//! Loqa in the tray: how it is, and what can be asked of it without the window.

use crate::{
    desktop::{self, Desktop},
    follow::Wish,
    mood::Mood,
    words::words,
};
use tauri::{
    AppHandle, Manager, Wry,
    image::Image,
    include_image,
    menu::{CheckMenuItem, Menu, MenuItem, PredefinedMenuItem},
    tray::{TrayIcon, TrayIconBuilder},
};

/// The icon with its menu.
pub struct Tray {
    icon: TrayIcon,
    mood: MenuItem<Wry>,
    mute: CheckMenuItem<Wry>,
    autostart: CheckMenuItem<Wry>,
}

impl Tray {
    /// Puts it there. On the main thread.
    ///
    /// # Errors
    /// The desktop refuses.
    pub fn open(app: &AppHandle, mood: &Mood, muted: bool) -> tauri::Result<Tray> {
        let item = |id: &str, key: &str| MenuItem::with_id(app, id, words(key), true, None::<&str>);
        let line = || PredefinedMenuItem::separator(app);
        let told = MenuItem::new(app, mood.words(), false, None::<&str>)?;
        let mute = CheckMenuItem::with_id(app, "mute", words("mute"), true, muted, None::<&str>)?;
        let starts = app.state::<Desktop>().starts_with_desktop();
        let autostart = words("tray-autostart");
        let autostart =
            CheckMenuItem::with_id(app, "autostart", autostart, true, starts, None::<&str>)?;
        let menu = Menu::with_items(
            app,
            &[
                &told,
                &line()?,
                &item("open", "tray-open")?,
                &item("talk", "tray-talk")?,
                &mute,
                &line()?,
                &autostart,
                &item("quit", "tray-quit")?,
            ],
        )?;
        let mut icon = TrayIconBuilder::with_id("loqa").icon(picture(mood));
        if cfg!(target_os = "linux") {
            // Elsewhere it would be written beside the icon.
            icon = icon.title("Loqa");
        }
        let icon = icon
            .menu(&menu)
            .tooltip(mood.words())
            .on_menu_event(|app, event| chosen(app, event.id().as_ref()))
            .build(app)?;
        Ok(Tray {
            icon,
            mood: told,
            mute,
            autostart,
        })
    }

    /// Shows how Loqa is. What the desktop refuses stays as it was.
    pub fn show(&self, mood: &Mood, muted: bool, starts: bool) {
        let _ = self.icon.set_icon(Some(picture(mood)));
        let _ = self.icon.set_tooltip(Some(mood.words()));
        let _ = self.mood.set_text(mood.words());
        let _ = self.mute.set_checked(muted);
        let _ = self.autostart.set_checked(starts);
    }
}

fn chosen(app: &AppHandle, id: &str) {
    let desktop = app.state::<Desktop>();
    match id {
        "open" => desktop::show(app),
        "talk" => desktop.wish(Wish::Toggle),
        "mute" => desktop.wish(Wish::Mute),
        "autostart" => desktop.start_with_desktop(!desktop.starts_with_desktop()),
        "quit" => app.exit(0),
        _ => {}
    }
    // An item that is touched checks itself; whether it is so is told now.
    desktop::refresh(app);
}

fn picture(mood: &Mood) -> Image<'static> {
    match mood {
        Mood::Waiting => include_image!("icons/tray/waiting.png"),
        Mood::Listening => include_image!("icons/tray/listening.png"),
        Mood::Thinking => include_image!("icons/tray/thinking.png"),
        Mood::Speaking => include_image!("icons/tray/speaking.png"),
        Mood::Muted => include_image!("icons/tray/muted.png"),
        Mood::Starting | Mood::Away | Mood::Opening | Mood::Deaf(_) | Mood::Degraded(_) => {
            include_image!("icons/tray/degraded.png")
        }
    }
}
