//! The PIN that lets a tablet on the wall leave its page. Kept as a hash that is slow to guess, and
//! few guesses are looked at.

use super::service::problem;
use crate::{
    api::{
        attempts::Attempts,
        password::{hash, is_right},
    },
    whole_file,
};
use loqa_protocol::Problem;
use std::{
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

/// In the data folder, for nobody else's eyes.
const FILE: &str = "kiosk.pin";
/// Digits.
const LENGTH: RangeInclusive<usize> = 4..=12;
/// After so many wrong ones in a row
const GUESSES: u32 = 5;
/// none is looked at for so long.
const LOCKED: Duration = Duration::from_secs(60);

/// Whether this can be one.
pub(crate) fn is_pin(text: &str) -> bool {
    LENGTH.contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// The household's PIN, if it has one.
pub struct Pin {
    path: PathBuf,
    /// Of all tablets together.
    attempts: Attempts<()>,
}

impl Pin {
    /// The one in a data folder.
    pub fn in_folder(folder: &Path) -> Pin {
        Pin {
            path: folder.join(FILE),
            attempts: Attempts::new(GUESSES, LOCKED),
        }
    }

    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        self.path.exists()
    }

    /// Keeps a PIN in place of any before; an empty one is none. Takes some tens of milliseconds.
    ///
    /// # Errors
    /// It is no PIN, or cannot be written.
    pub fn keep(&self, pin: &str) -> Result<(), Problem> {
        let unwritten = |error: &dyn std::fmt::Display| {
            problem(
                "pin",
                format!("the PIN cannot be kept in {}: {error}", self.path.display()),
                "see who owns the data folder, and whether its disk is full",
            )
        };
        if pin.is_empty() {
            let removed = whole_file::remove(&self.path);
            return removed.map(drop).map_err(|error| unwritten(&error));
        }
        if !is_pin(pin) {
            return Err(problem("pin", "a PIN has 4 to 12 digits", "choose another"));
        }
        let hash = hash(pin).map_err(|error| unwritten(&error))?;
        whole_file::write_secret(&self.path, &hash).map_err(|error| unwritten(&error))
    }

    /// Whether this is the PIN; where there is none, anything is. Takes some tens of milliseconds.
    ///
    /// # Errors
    /// `wrong_pin`, or `pin_locked` after too many.
    pub fn check(&self, typed: &str) -> Result<(), Problem> {
        let Ok(hash) = fs::read_to_string(&self.path) else {
            return Ok(());
        };
        self.attempts.begin(()).map_err(|seconds| {
            let help = format!("wait {seconds} s, then try again");
            problem("pin_locked", "too many wrong PINs", &help)
        })?;
        if is_right(&hash, typed) {
            self.attempts.right(());
            return Ok(());
        }
        Err(problem("wrong_pin", "this is not the PIN", ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pin_is_kept_and_few_guesses_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let pin = Pin::in_folder(folder.path());
        assert!(!pin.is_set() && pin.check("").is_ok());
        for none in ["123", "12a4", "1234567890123"] {
            assert!(pin.keep(none).is_err() && !pin.is_set(), "{none}");
        }
        pin.keep("1815").unwrap();
        let kept = fs::read_to_string(&pin.path).unwrap();
        assert!(kept.starts_with("$argon2id$") && !kept.contains("1815"));
        assert!(pin.check("1815").is_ok());
        for _ in 0..GUESSES {
            assert_eq!(pin.check("1816").unwrap_err().code, "wrong_pin");
        }
        assert_eq!(pin.check("1815").unwrap_err().code, "pin_locked");
        tokio::time::advance(LOCKED).await;
        assert!(pin.check("1815").is_ok());
        pin.keep("").unwrap();
        assert!(!pin.is_set());
    }
}
