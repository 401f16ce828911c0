//! The token that opens Home Assistant: in the keyring of the desktop, or, where there is none, in a
//! file of the data folder that its owner alone can read. In no settings and in no log.

use crate::{egress::Address, keyring, whole_file};
use loqa_protocol::Problem;
use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// In the data folder.
const FILE: &str = "home-assistant.token";

/// Where a token is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the keyring.
    Keyring,
    /// In this file, because there is no keyring.
    File(PathBuf),
}

/// The token for `address`, and where it is; `None` if nobody gave one. Blocks while the keyring is
/// asked.
pub fn find(data: &Path, address: &Address) -> Option<(String, Place)> {
    let file = data.join(FILE);
    if let Ok(text) = fs::read_to_string(&file)
        && let Some((place, token)) = text.trim().split_once('\n')
        && place == address.to_string()
    {
        return Some((token.trim().to_owned(), Place::File(file)));
    }
    let found = keyring::ask(&address.to_string(), |entry| entry.get_password());
    found.ok().map(|token| (token, Place::Keyring))
}

/// Keeps a token. Blocks.
///
/// # Errors
/// It can be kept nowhere.
pub fn keep(data: &Path, address: &Address, token: &str) -> Result<Place, Problem> {
    let secret = token.to_owned();
    let kept = keyring::ask(&address.to_string(), move |entry| {
        entry.set_password(&secret)?;
        // Some take it and have nothing afterwards.
        entry.get_password().map(drop)
    });
    let file = data.join(FILE);
    if kept.is_ok() {
        let _ = whole_file::remove(&file);
        return Ok(Place::Keyring);
    }
    let text = format!("{address}\n{token}\n");
    let kept = whole_file::write_secret(&file, &text);
    kept.map_err(|error| unkept(&file, &error))?;
    Ok(Place::File(file))
}

/// Forgets it, wherever it is; whether there was one. Blocks.
///
/// # Errors
/// The file cannot be removed.
pub fn forget(data: &Path, address: &Address) -> Result<bool, Problem> {
    let in_keyring = keyring::ask(&address.to_string(), |entry| entry.delete_credential()).is_ok();
    let file = data.join(FILE);
    let in_file = whole_file::remove(&file).map_err(|error| unkept(&file, &error))?;
    Ok(in_keyring || in_file)
}

fn unkept(file: &Path, error: &io::Error) -> Problem {
    Problem {
        code: "home_assistant_token".into(),
        message: format!("cannot change {}: {error}", file.display()),
        help: "see who owns the data folder".into(),
    }
}
