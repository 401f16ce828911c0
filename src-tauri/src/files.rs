//! The dashboard's files, from the same folder that a hub serves to browsers.

use std::{
    borrow::Cow,
    env, fs, iter,
    path::{Path, PathBuf},
};
use tauri::{
    Assets, Runtime,
    utils::assets::{AssetKey, AssetsIter, CspHash},
};

/// What is shown when they were not built.
const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Loqa</title>\
    <h1>There is no dashboard beside this program</h1><p><code>cargo xtask run</code> builds both.";

/// A folder without folders.
pub struct Files(PathBuf);

impl Files {
    /// Those of the settings' folder; if that is empty, of `ui` beside the program.
    pub fn new(set: &Path) -> Files {
        if !set.as_os_str().is_empty() {
            return Files(set.to_owned());
        }
        Files(env::current_exe().unwrap_or_default().with_file_name("ui"))
    }
}

impl<R: Runtime> Assets<R> for Files {
    /// Pages have addresses and no files: Tauri asks for `/index.html` in their place.
    fn get(&self, key: &AssetKey) -> Option<Cow<'_, [u8]>> {
        let name = key.as_ref().trim_start_matches('/');
        if name.contains(['/', '\\']) {
            return None;
        }
        match fs::read(self.0.join(name)) {
            Ok(bytes) => Some(bytes.into()),
            Err(_) => (name == "index.html").then(|| NOT_BUILT.as_bytes().into()),
        }
    }

    fn iter(&self) -> Box<AssetsIter<'_>> {
        Box::new(iter::empty())
    }

    fn csp_hashes(&self, _: &AssetKey) -> Box<dyn Iterator<Item = CspHash<'_>> + '_> {
        Box::new(iter::empty())
    }
}
