//! Builds the dashboard: a WebAssembly module, what loads it, and the files beside it.

use crate::{
    build::{self, Built},
    command::{Failed, cargo, note, run_quietly},
    place, wasm,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// Makes the module small. To Leptos's `erase_components`, what a component draws is of one type
/// however it is nested: a tenth of the module less.
const SMALL: [&str; 4] = [
    "--profile",
    "wasm",
    "--config",
    "target.wasm32-unknown-unknown.rustflags=['--cfg=erase_components']",
];

/// Of `loqa-ui.js` and `loqa-ui_bg.wasm`.
const NAME: &str = "loqa-ui";

/// Builds the dashboard into the folder `ui` beside a program, where a hub looks for it. A machine
/// that cannot build for browsers is told so, and its hub does without.
///
/// # Errors
/// [`Failed`] if it does not build although it could.
pub fn build_beside(program: &Path) -> Result<(), Failed> {
    let program = program
        .canonicalize()
        .unwrap_or_else(|_| program.to_owned());
    let folder = program.with_file_name("ui");
    if !folder.exists() {
        note("ui", "the dashboard: the first time takes several minutes");
    }
    let module = match build_module()? {
        Ok(module) => module,
        Err(why) => {
            note("ui", &format!("the dashboard is left out: {why}"));
            return Ok(());
        }
    };
    let files = files().map_err(|error| failed("read its files", &error))?;
    if !is_current(&folder, files.iter().chain([&module])) {
        fs::create_dir_all(&folder).map_err(|error| failed("make its folder", &error))?;
        bind(&module, &folder)?;
        for file in &files {
            let copy = folder.join(file.file_name().unwrap_or_default());
            fs::copy(file, copy).map_err(|error| failed("copy its files", &error))?;
        }
    }
    note("ui", "the dashboard is ready");
    Ok(())
}

/// Checks what only a browser runs, as `lints` does for everything else.
///
/// # Errors
/// [`Failed`] with what is wrong; nothing is checked where nothing can be built.
pub fn lint() -> Result<(), Failed> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--quiet"]).args(SMALL);
    clippy.args(["--target", wasm::TARGET, "--package", NAME]);
    clippy.args(["--", "--deny", "warnings"]);
    match wasm::prepare(&mut clippy) {
        Ok(()) => crate::command::run("lints", &mut clippy, "the lines above name each place"),
        Err(_) => Ok(()),
    }
}

/// The module as cargo leaves it, or why there is none.
fn build_module() -> Result<Result<PathBuf, String>, Failed> {
    let mut command = cargo();
    command.arg("build").args(SMALL);
    command.args(["--target", wasm::TARGET, "--package", NAME]);
    if let Err(why) = wasm::prepare(&mut command) {
        return Ok(Err(why));
    }
    build::run_command(&mut command)?.module().map(Ok)
}

/// Has the program that knows what a browser can load do its work.
fn bind(module: &Path, folder: &Path) -> Result<(), Failed> {
    let built: Built = build::run(&["build", "--profile", "xtask", "--package", "bindgen"])?;
    let mut bindgen = Command::new(built.program("bindgen")?);
    bindgen.args([module, folder, Path::new(NAME)]);
    run_quietly(
        "ui",
        &mut bindgen,
        "are both of the same version? Cargo.toml names it",
    )
}

/// The files that are served as they are.
fn files() -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(place::root().join("ui/files"))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

/// Whether the folder was made after all it is made of.
fn is_current<'a>(folder: &Path, sources: impl Iterator<Item = &'a PathBuf>) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let made = changed(&folder.join(format!("{NAME}_bg.wasm")));
    let newest = sources.map(|path| changed(path)).max().flatten();
    let whole = folder.join("index.html").exists();
    whole && made > newest.or(Some(SystemTime::now()))
}

fn failed(what: &str, error: &io::Error) -> Failed {
    Failed {
        step: "ui".into(),
        reason: format!("cannot {what}: {error}"),
        remedy: String::new(),
        code: 1,
    }
}
