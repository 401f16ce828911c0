//! Tells Tauri which commands the page may be allowed: `capabilities/main.json` allows them.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let commands = tauri_build::AppManifest::new().commands(&["connect", "send"]);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))?;
    Ok(())
}
