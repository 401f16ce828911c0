//! A package for Debian and its kin, made with nothing but their own tools.

use crate::{
    build,
    command::{Failed, note, program, quiet, run, run_quietly},
    place,
    setup::{Tools, python::ONNX_RUNTIME_LIBRARY},
    skills, ui, window,
};
use std::{
    ffi::OsStr,
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

/// What Loqa loads or runs, which no list of linked libraries holds. Programs are named, as in
/// `setup`: they pull in the right library.
const DEPENDS: &str = "pocketsphinx, pocketsphinx-en-us, flite";
/// What it does less without.
const RECOMMENDS: &str = "espeak-ng, libspeexdsp1";
/// Where the programs lie with what they look for beside themselves.
const HOUSE: &str = "usr/lib/loqa";

/// How hard a package is pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// For people.
    Small,
    /// For a test, at once.
    Quick,
}

/// Builds the programs for use, and their package; where it lies.
///
/// # Errors
/// [`Failed`] if one does not build, or a tool is missing.
pub fn build(tools: &Tools) -> Result<PathBuf, Failed> {
    if !window::can_be_built() {
        return Err(failed("the window cannot be built here", SETUP));
    }
    let loqa = build::hub(true)?;
    build::onnx_runtime_beside(&loqa, tools.onnx_runtime())?;
    skills::build_beside(&loqa)?;
    ui::build_beside(&loqa)?;
    let out = place::root().join("target");
    if cfg!(target_os = "macos") {
        let programs = loqa.canonicalize().unwrap_or(loqa);
        let mut script = program(place::root().join("installers/macos/package"));
        script.args([programs.with_file_name(""), out.clone()]);
        run(
            "package",
            &mut script,
            "the lines above say why; docs/unverified.md tells what nobody has tried yet",
        )?;
        return Ok(out.join("Loqa.dmg"));
    }
    let package = make(
        &loqa,
        &loqa.with_file_name(window::NAME),
        &out,
        Press::Small,
    )?;
    note("package", &format!("{} is ready", package.display()));
    Ok(package)
}

const SETUP: &str = "`cargo xtask setup` installs what is missing, on Debian and Ubuntu";

/// Makes a package of these programs, and of the dashboard beside the first, in the folder `out`.
///
/// # Errors
/// [`Failed`] if a file or a tool is missing.
pub fn make(loqa: &Path, desktop: &Path, out: &Path, press: Press) -> Result<PathBuf, Failed> {
    let architecture = quiet(Command::new("dpkg").arg("--print-architecture"))
        .ok_or_else(|| failed("dpkg is not installed", SETUP))?;
    let architecture = architecture.trim();
    let root = out.join("package");
    let loqa = loqa.canonicalize().unwrap_or_else(|_| loqa.to_owned());
    let unwritten = |error: io::Error| failed(&format!("{}: {error}", root.display()), "");
    lay_out(&root, &loqa, desktop).map_err(unwritten)?;
    let house = root.join(HOUSE);
    let names = ["loqa", window::NAME, build::NODE];
    let names = names.into_iter().chain(build::BESIDE);
    let programs: Vec<PathBuf> = names.map(|name| house.join(name)).collect();
    run_quietly("package", program("strip").args(&programs), SETUP)?;
    let version = env!("CARGO_PKG_VERSION");
    let control = format!(
        "Package: loqa\nVersion: {version}\nArchitecture: {architecture}\n\
         Maintainer: the authors of Loqa\nSection: utils\nPriority: optional\n\
         Depends: {}, {DEPENDS}\nRecommends: {RECOMMENDS}\n\
         Description: voice assistant that stays in the home\n \
         Understands and does what is said, within a tenth of a second, without a cloud: timers,\n \
         lists, lights and everything else in the house. Includes its window and its dashboard.\n",
        libraries(&root, &programs)?
    );
    let about = root.join("DEBIAN");
    fs::create_dir_all(&about)
        .and_then(|()| fs::write(about.join("control"), control))
        .map_err(unwritten)?;
    let package = out.join(format!("loqa_{version}_{architecture}.deb"));
    let press = if press == Press::Small {
        "-Zxz"
    } else {
        "-Znone"
    };
    let mut build = program("dpkg-deb");
    build.args(["--root-owner-group", press, "--build"]);
    run_quietly("package", build.args([&root, &package]), SETUP)?;
    Ok(package)
}

/// Puts every file where it will be installed.
fn lay_out(root: &Path, loqa: &Path, desktop: &Path) -> io::Result<()> {
    if root.exists() {
        fs::remove_dir_all(root)?;
    }
    let put = |from: &Path, to: &str, mode: u32| -> io::Result<()> {
        let to = root.join(to);
        fs::create_dir_all(to.parent().unwrap_or(root))?;
        fs::copy(from, &to)?;
        fs::set_permissions(&to, fs::Permissions::from_mode(mode))
    };
    let share = |from: &str, to: &str| put(&place::root().join(from), to, 0o644);
    share(
        "installers/debian/loqa.desktop",
        "usr/share/applications/loqa.desktop",
    )?;
    share(
        "installers/debian/loqa.service",
        "usr/lib/systemd/user/loqa.service",
    )?;
    share(
        "installers/debian/loqa-node.service",
        "usr/lib/systemd/user/loqa-node.service",
    )?;
    share(
        "installers/debian/copyright",
        "usr/share/doc/loqa/copyright",
    )?;
    let icons = "usr/share/icons/hicolor/256x256/apps/loqa.png";
    share("src-tauri/icons/icon.png", icons)?;
    let mut beside = vec!["ui".to_owned()];
    for skill in fs::read_dir(loqa.with_file_name("skills"))? {
        beside.push(format!("skills/{}", skill?.file_name().to_string_lossy()));
    }
    for folder in beside {
        for file in fs::read_dir(loqa.with_file_name(&folder))? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            put(&file.path(), &format!("{HOUSE}/{folder}/{name}"), 0o644)?;
        }
    }
    for name in build::BESIDE {
        put(
            &loqa.with_file_name(name),
            &format!("{HOUSE}/{name}"),
            0o755,
        )?;
    }
    let library = loqa.with_file_name(ONNX_RUNTIME_LIBRARY);
    if let Ok(library) = library.canonicalize() {
        put(&library, &format!("{HOUSE}/{ONNX_RUNTIME_LIBRARY}"), 0o644)?;
        for name in ["LICENSE", "ThirdPartyNotices.txt"] {
            let notice = format!("usr/share/doc/loqa/onnxruntime-{name}");
            put(&library.with_file_name(name), &notice, 0o644)?;
        }
    }
    fs::create_dir_all(root.join("usr/bin"))?;
    let node = loqa.with_file_name(build::NODE);
    for (name, from) in [
        ("loqa", loqa),
        (window::NAME, desktop),
        (build::NODE, &node),
    ] {
        put(from, &format!("{HOUSE}/{name}"), 0o755)?;
        // A program finds what lies beside it by its own place, not by the link's.
        symlink(
            format!("../lib/loqa/{name}"),
            root.join("usr/bin").join(name),
        )?;
    }
    // Folders as they will be, whatever this person's mask is.
    for folder in folders(root)? {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

fn folders(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![root.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        next += 1;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// The packages of the libraries that the programs are linked with.
fn libraries(root: &Path, programs: &[PathBuf]) -> Result<String, Failed> {
    // It works only in a folder that looks like a source package's.
    let folder = root.with_extension("shlibs");
    fs::create_dir_all(folder.join("debian"))
        .and_then(|()| {
            fs::write(
                folder.join("debian/control"),
                "Source: loqa\n\nPackage: loqa\nArchitecture: any\n",
            )
        })
        .map_err(|error| failed(&error.to_string(), ""))?;
    let mut asking = Command::new("dpkg-shlibdeps");
    asking.arg("-O").args(programs.iter().map(OsStr::new));
    let told = quiet(asking.current_dir(&folder)).unwrap_or_default();
    let told = told.trim().strip_prefix("shlibs:Depends=");
    told.map(str::to_owned)
        .ok_or_else(|| failed("dpkg-shlibdeps does not name the libraries", SETUP))
}

fn failed(reason: &str, remedy: &str) -> Failed {
    Failed {
        step: "package".into(),
        reason: reason.into(),
        remedy: remedy.into(),
        code: 1,
    }
}
