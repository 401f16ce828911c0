//! Loqa beside its window: in the tray, in notifications, and what becomes of the window there.

use crate::{
    autostart::Autostart,
    follow::{News, Wish},
    mood::Mood,
    notices::{Notice, Notices},
    tray::Tray,
    words::words,
};
use std::{
    fs,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tauri::{AppHandle, Manager, Window};
use tokio::sync::mpsc;

/// What the whole program shares of it.
pub struct Desktop {
    wishes: mpsc::Sender<Wish>,
    notices: Notices,
    /// `None` where nothing can start it.
    autostart: Option<Autostart>,
    /// Whether the tray is there to be seen.
    has_tray: AtomicBool,
    shown: Mutex<Shown>,
}

struct Shown {
    tray: Option<Tray>,
    mood: Mood,
    muted: bool,
}

impl Desktop {
    /// Nothing shows yet; wishes go there.
    pub fn new(wishes: mpsc::Sender<Wish>, autostart: Option<Autostart>) -> Desktop {
        Desktop {
            wishes,
            notices: Notices::open(),
            autostart,
            has_tray: AtomicBool::new(false),
            shown: Mutex::new(Shown {
                tray: None,
                mood: Mood::Starting,
                muted: false,
            }),
        }
    }

    /// Wishes something of the hub; what it cannot take is dropped, as the next says it again.
    pub fn wish(&self, wish: Wish) {
        let _ = self.wishes.try_send(wish);
    }

    /// Whether it starts with the desktop.
    pub fn starts_with_desktop(&self) -> bool {
        self.autostart.as_ref().is_some_and(Autostart::is_on)
    }

    /// Has it do so from now on, or no longer; a person is told if that cannot be.
    pub fn start_with_desktop(&self, on: bool) {
        if let Some(Err(problem)) = self.autostart.as_ref().map(|it| it.set(on)) {
            self.notices
                .show(Notice::Said(problem.message, problem.help));
        }
    }

    /// Shows what the hub tells.
    pub fn tell(&self, app: &AppHandle, news: News) {
        match news {
            News::Mood(mood, muted) => {
                let mut shown = self.shown();
                if (&shown.mood, shown.muted) != (&mood, muted) {
                    (shown.mood, shown.muted) = (mood, muted);
                    refresh(app);
                }
            }
            News::Rang(id, name, late_s) => self.notices.show(Notice::Rang(id, name, late_s)),
            News::Due(id, text, time, late_s) => {
                self.notices.show(Notice::Due(id, text, time, late_s));
            }
            News::PinWanted(wanted) => self.notices.show(Notice::PinWanted(wanted)),
            News::Notice(skill, text) => self.notices.show(Notice::Said(text, skill)),
            News::Silenced(id) => self.notices.show(Notice::Silenced(id)),
            News::Refused(problem) => self
                .notices
                .show(Notice::Said(problem.message, problem.help)),
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows in the tray what is known. What draws it belongs to the main thread, which does so when it
/// comes to it.
pub fn refresh(app: &AppHandle) {
    let handle = app.clone();
    let _ = app.run_on_main_thread(move || {
        let desktop = handle.state::<Desktop>();
        let shown = desktop.shown();
        if let Some(tray) = &shown.tray {
            tray.show(&shown.mood, shown.muted, desktop.starts_with_desktop());
        }
    });
}

/// The desktop shows a tray from now on, or none.
pub fn tray_may_show(app: &AppHandle, may: bool) {
    let handle = app.clone();
    let _ = app.run_on_main_thread(move || {
        let outcome = if may {
            open_tray(&handle)
        } else {
            Err(NO_TRAY.into())
        };
        let has_tray = &handle.state::<Desktop>().has_tray;
        has_tray.store(outcome.is_ok(), Ordering::Relaxed);
        if let Err(why) = outcome {
            eprintln!("note: Loqa is not in the tray: {why}\n  help: closing the window ends it; `loqa hub` does without one");
            // It must be somewhere.
            show(&handle);
        }
    });
}

const NO_TRAY: &str = "this desktop shows none";

fn open_tray(app: &AppHandle) -> Result<(), String> {
    let desktop = app.state::<Desktop>();
    let mut shown = desktop.shown();
    if shown.tray.is_none() {
        let tray = Tray::open(app, &shown.mood, shown.muted);
        shown.tray = Some(tray.map_err(|error| error.to_string())?);
    }
    Ok(())
}

/// Brings the window to the front.
pub fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        // A window manager may refuse; the window is there all the same.
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

/// Somebody closes the window: whether it is hidden instead, as Loqa stays in the tray.
pub fn hide(window: &Window) -> bool {
    let desktop = window.state::<Desktop>();
    let hidden = desktop.has_tray.load(Ordering::Relaxed) && window.hide().is_ok();
    if hidden && is_first_time(window.app_handle()) {
        let notice = Notice::Said(words("tray-hidden"), words("tray-hidden-about"));
        desktop.notices.show(notice);
    }
    hidden
}

/// Whether nobody has been told yet what closing means; from now on, somebody has.
fn is_first_time(app: &AppHandle) -> bool {
    let Ok(folder) = app.path().app_config_dir() else {
        return true;
    };
    let told = folder.join("told-of-tray");
    let first = !told.exists();
    if fs::create_dir_all(folder)
        .and_then(|()| fs::write(told, ""))
        .is_err()
    {
        tracing::debug!("it will be told again");
    }
    first
}
