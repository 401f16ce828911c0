//! What was last read of Home Assistant's house, in a file of the data folder.

use super::Imported;
use crate::{egress::Address, whole_file};
use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path};

const FILE: &str = "home-assistant.json";

#[derive(Serialize, Deserialize)]
struct Kept {
    /// Whose it is.
    address: Address,
    imported: Imported,
}

/// What was read of the one at `address`; nothing if nobody has been there.
pub fn kept(data: &Path, address: &Address) -> Imported {
    let text = fs::read_to_string(data.join(FILE)).unwrap_or_default();
    // Written by another version, it is read anew soon.
    let kept = serde_json::from_str::<Kept>(&text).ok();
    let kept = kept.filter(|kept| kept.address == *address);
    kept.map(|kept| kept.imported).unwrap_or_default()
}

/// Keeps it for the next start.
pub(super) fn keep(data: &Path, address: &Address, imported: &Imported) -> io::Result<()> {
    let kept = Kept {
        address: address.clone(),
        imported: imported.clone(),
    };
    let text = serde_json::to_string(&kept).map_err(io::Error::other)?;
    whole_file::write_secret(&data.join(FILE), &text)
}

/// Forgets it.
///
/// # Errors
/// The file cannot be removed.
pub fn forget(data: &Path) -> io::Result<()> {
    whole_file::remove(&data.join(FILE)).map(drop)
}
