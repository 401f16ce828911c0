//! Notifications of the desktop: what a person should know while the window is not looked at.

use crate::words::{words, words_of_hub, words_with};
use notify_rust::Notification;
use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
};

/// Notices that may wait for the desktop; one more is not shown.
const WAITING: usize = 16;

/// What a person is told.
#[derive(Debug)]
pub enum Notice {
    /// A timer of this id rings. Its name, how late it rings because the hub was off, s.
    Rang(u64, Option<String>, u64),
    /// An alarm of this id rings, or a reminder is said: what it is about, its time, how late, s.
    Due(u64, Option<String>, String, u64),
    /// It no longer does: nobody needs to know.
    Silenced(u64),
    /// Loqa has asked for a PIN; or wants it no longer.
    PinWanted(bool),
    /// Something else: in a few words, and in more.
    Said(String, String),
}

/// Where notices are handed in. They are shown on a thread of their own, as a desktop may take its
/// time.
#[derive(Clone)]
pub struct Notices(Option<SyncSender<Notice>>);

impl Notices {
    /// Begins; ends with the last clone.
    pub fn open() -> Notices {
        let (sender, coming) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("loqa-notices".into());
        Notices(thread.spawn(move || show(&coming)).ok().map(|_| sender))
    }

    /// Shows one, unless too many wait.
    pub fn show(&self, notice: Notice) {
        if let Some(sender) = &self.0 {
            let _ = sender.try_send(notice);
        }
    }
}

/// What is taken back once it is not so any more.
#[derive(PartialEq, Eq, Hash)]
enum Passing {
    Rings(u64),
    PinWanted,
}

fn show(coming: &Receiver<Notice>) {
    let mut passing = HashMap::new();
    for notice in coming {
        let over = match &notice {
            Notice::Silenced(id) => Some(Passing::Rings(*id)),
            Notice::PinWanted(false) => Some(Passing::PinWanted),
            _ => None,
        };
        if let Some(over) = over {
            if let Some(shown) = passing.remove(&over) {
                take_back(shown);
            }
            continue;
        }
        let passes = match &notice {
            Notice::Rang(id, ..) | Notice::Due(id, None, ..) => Some(Passing::Rings(*id)),
            Notice::PinWanted(_) => Some(Passing::PinWanted),
            // A reminder is soon said: who was away reads it later.
            Notice::Due(_, Some(_), ..) | Notice::Said(..) | Notice::Silenced(_) => None,
        };
        let (summary, body) = told(notice);
        let mut notification = Notification::new();
        notification.appname("Loqa").icon("loqa");
        // A desktop reads the body as markup, and the summary as it is: names belong there.
        let shown = notification.summary(&summary).body(&body).show();
        match (shown, passes) {
            (Ok(shown), Some(it)) => passing.insert(it, shown).into_iter().for_each(take_back),
            (Ok(_), None) => {}
            (Err(error), _) => tracing::warn!(%error, "the desktop shows no notifications"),
        }
    }
}

fn told(notice: Notice) -> (String, String) {
    match notice {
        Notice::Said(summary, body) => (words_of_hub(&summary), words_of_hub(&body)),
        Notice::Rang(_, name, late_s) => {
            let timer = words("timer");
            let summary = match name {
                Some(name) => format!("{timer}: {name}"),
                None => timer,
            };
            let body = match late_s / 60 {
                0 => words("timer-up"),
                minutes => words_with("timer-was-up", "minutes", minutes),
            };
            (summary, body)
        }
        Notice::Due(_, text, time, late_s) => {
            let body = match late_s / 60 {
                0 => time,
                minutes => words_with("timer-was-up", "minutes", minutes),
            };
            (text.unwrap_or_else(|| words("alarm")), body)
        }
        Notice::PinWanted(_) => (words("pin-wanted"), words("pin-wanted-about")),
        Notice::Silenced(_) => Default::default(),
    }
}

#[cfg(not(target_os = "macos"))]
fn take_back(shown: notify_rust::NotificationHandle) {
    shown.close();
}

/// macOS keeps what was shown until somebody has seen it.
#[cfg(target_os = "macos")]
fn take_back(_: notify_rust::NotificationHandle) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_told_by_its_name_and_how_late_it_is() {
        let told = |name: Option<&str>, late_s| {
            let (summary, body) = super::told(Notice::Rang(1, name.map(Into::into), late_s));
            format!("{summary} | {body}")
        };
        assert_eq!(told(None, 3), "Timer | The time is up.");
        assert_eq!(
            told(Some("<b>pizza"), 400),
            "Timer: <b>pizza | The time was up 6 minutes ago, while Loqa was off."
        );
    }

    #[test]
    fn a_reminder_is_told_by_what_it_is_about() {
        let told = |text: Option<&str>| {
            let due = Notice::Due(1, text.map(Into::into), "19:30".into(), 3);
            let (summary, body) = super::told(due);
            format!("{summary} | {body}")
        };
        assert_eq!(told(None), "Alarm | 19:30");
        assert_eq!(told(Some("call mom")), "call mom | 19:30");
    }
}
