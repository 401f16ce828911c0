//! What a puck shows of itself, and what can be pressed on it. A board with lights and keys is another [`Panel`].

use futures::future::BoxFuture;
use std::{
    future,
    io::{self, BufRead, IsTerminal},
    thread,
};
use tokio::sync::mpsc;

/// What it is at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Light {
    /// There is no hub.
    Offline,
    /// It waits to be called.
    Asleep,
    /// What is said is for Loqa.
    Listening,
    /// It was said.
    Thinking,
    /// It is answered.
    Speaking,
    /// What is said is thrown away.
    Muted,
    /// Something went wrong, in words.
    Trouble(String),
}

/// What somebody has pressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Button {
    /// Listen to me; or, while it does, I have finished; or, while it speaks, be quiet.
    Call,
    /// Hear nothing, or hear again.
    Mute,
}

/// Lights and keys.
pub trait Panel: Send {
    /// Shows it, if it is not what is shown already.
    fn show(&mut self, light: &Light);
    /// Resolves when something is pressed; never, where nothing can be. May be dropped and called again.
    fn pressed(&mut self) -> BoxFuture<'_, Button>;
}

/// Lines on a terminal, and its Enter key.
pub struct Terminal {
    shown: Option<Light>,
    buttons: Option<mpsc::Receiver<Button>>,
}

impl Terminal {
    /// Whatever this program was started from: with a terminal, Enter calls and `m` mutes.
    pub fn new() -> Terminal {
        let keys = io::stdin().is_terminal().then(|| {
            // What is pressed while nobody takes it is lost.
            let (presses, buttons) = mpsc::channel(1);
            let read = move || {
                for line in io::stdin().lock().lines().map_while(Result::ok) {
                    let button = match line.trim() {
                        "m" => Button::Mute,
                        _ => Button::Call,
                    };
                    if let Err(mpsc::error::TrySendError::Closed(_)) = presses.try_send(button) {
                        return;
                    }
                }
            };
            let reading = thread::Builder::new().name("loqa-keys".into()).spawn(read);
            reading.is_ok().then_some(buttons)
        });
        Terminal {
            shown: None,
            buttons: keys.flatten(),
        }
    }
}

impl Panel for Terminal {
    fn show(&mut self, light: &Light) {
        if self.shown.as_ref() == Some(light) {
            return;
        }
        self.shown = Some(light.clone());
        eprintln!(
            "[{}]",
            match light {
                Light::Offline => "no hub",
                Light::Asleep => "waiting to be called",
                Light::Listening => "listening",
                Light::Thinking => "thinking",
                Light::Speaking => "speaking",
                Light::Muted => "muted",
                Light::Trouble(words) => words,
            }
        );
    }

    fn pressed(&mut self) -> BoxFuture<'_, Button> {
        Box::pin(async {
            match &mut self.buttons {
                Some(buttons) => match buttons.recv().await {
                    Some(button) => button,
                    None => future::pending().await,
                },
                None => future::pending().await,
            }
        })
    }
}
