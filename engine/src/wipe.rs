//! The red button: every key is destroyed, so that nothing that was kept can be read again, and then
//! what was kept goes. It needs no hub, and no key.

use crate::{
    keys::{self, KeptEntry},
    library,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What a wipe leaves in the data folder: models, which are nobody's words, and the lock of the folder.
const STAYS: [&str; 2] = [library::FOLDER, "loqa.lock"];

/// What a wipe could not take away. None of it can be read, or opens anything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Left {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// What the keyring keeps: the key to keys that are destroyed.
    pub keyring: Option<KeptEntry>,
}

/// Destroys every key of a data folder, durably, then takes away what they sealed and everything else
/// that Loqa kept there but models.
///
/// # Errors
/// A key may still be there.
pub fn wipe(data: &Path) -> io::Result<Left> {
    let keyring = keys::destroy_all(data)?;
    let paths = remove_rest(data);
    Ok(Left { paths, keyring })
}

/// Takes away what is left once the keys are gone: also what a hub has written while it ended.
pub fn remove_rest(data: &Path) -> Vec<PathBuf> {
    let mut left = Vec::new();
    let Ok(entries) = fs::read_dir(data) else {
        return left;
    };
    for entry in entries.flatten() {
        if STAYS.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let path = entry.path();
        let removed = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
        if removed.is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
            left.push(path);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn nothing_but_models_is_left_and_a_new_household_begins() {
        let data = tempfile::tempdir().unwrap();
        let model = data.path().join(library::FOLDER).join("whisper.bin");
        let store = Store::open(data.path()).unwrap();
        let before = *store.keys().unwrap().household().bytes();
        fs::create_dir_all(model.parent().unwrap()).unwrap();
        fs::create_dir_all(data.path().join("skills/tea")).unwrap();
        for file in ["loqa/whatever", "skills/tea/skill.yaml", "kiosk.pin"] {
            let path = data.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "words").unwrap();
        }
        fs::write(&model, "model").unwrap();
        drop(store);
        assert_eq!(wipe(data.path()).unwrap(), Left::default());
        let mut left: Vec<_> = fs::read_dir(data.path())
            .unwrap()
            .flatten()
            .map(|it| it.file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["loqa.lock", library::FOLDER]);
        assert!(model.exists());
        let store = Store::open(data.path()).unwrap();
        assert_ne!(*store.keys().unwrap().household().bytes(), before);
        assert_eq!(wipe(&data.path().join("nowhere")).unwrap(), Left::default());
    }
}
