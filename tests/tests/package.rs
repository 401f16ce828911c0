//! What the package installs works from where it is installed.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use loqa_tests::program::{Ended, Home};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// `PROGRAM ARGS…` as a person runs it.
fn run(home: &Home, program: &Path, args: &[&str]) -> Result<Ended> {
    let mut command = home.command_of(program, args);
    let output = command.stdin(Stdio::null()).output();
    Ok(output
        .with_context(|| program.display().to_string())?
        .into())
}

/// What somebody does first with what was installed below this folder.
fn try_it(root: &Path) -> Result<()> {
    let loqa = root.join("usr/bin/loqa");
    let home = Home::new()?;
    let asked = run(&home, &loqa, &["ask", "what time is it"])?;
    ensure!(asked.code == Some(0), "{}", asked.err);
    ensure!(asked.out.contains("It's"), "{}", asked.out);
    let doctor = run(&home, &loqa, &["doctor", "--json"])?;
    ensure!(doctor.out.contains("\"ok\""), "{}", doctor.err);

    let node = run(&home, &root.join("usr/bin/loqa-node"), &["--version"])?;
    ensure!(node.out.contains("loqa-node"), "{node:#?}");
    let window = run(&home, &root.join("usr/bin/loqa-desktop"), &["--version"])?;
    ensure!(window.code == Some(0), "{}", window.err);
    // The link leads to where the dashboard lies.
    let program = fs::canonicalize(&loqa)?;
    ensure!(program.with_file_name("ui").join("index.html").is_file());

    if root.join("usr/lib/loqa/libonnxruntime.so").exists() {
        let told = root.join("usr/share/doc/loqa/onnxruntime-LICENSE");
        ensure!(told.is_file(), "ONNX Runtime comes with its licence");
    }
    for file in [
        "usr/share/applications/loqa.desktop",
        "usr/share/icons/hicolor/256x256/apps/loqa.png",
        "usr/share/doc/loqa/copyright",
    ] {
        ensure!(root.join(file).is_file(), "{file} is not there");
    }
    let service = fs::read_to_string(root.join("usr/lib/systemd/user/loqa.service"))?;
    ensure!(service.contains("ExecStart=/usr/bin/loqa hub"));
    Ok(())
}

/// One field of what a package says about itself.
fn field(package: &Path, name: &str) -> Result<String> {
    let mut asking = Command::new("dpkg-deb");
    let told = asking.arg("--field").arg(package).arg(name).output()?;
    Ok(String::from_utf8(told.stdout)?.trim().to_owned())
}

#[test]
fn a_package_holds_all_that_loqa_needs() -> Result<()> {
    let package = ["LOQA_PACKAGE", "LOQA_INSTALL"].map(env::var_os);
    let Some(package) = package.into_iter().flatten().next().map(PathBuf::from) else {
        eprintln!("skipped: `cargo xtask test` makes a package where it can");
        return Ok(());
    };
    let depends = field(&package, "Depends")?;
    for needed in [
        "libc6 ",
        "libasound2",
        "libwebkit2gtk-4.1-0",
        "pocketsphinx",
        "flite",
    ] {
        ensure!(depends.contains(needed), "{needed} is not among {depends}");
    }
    ensure!(field(&package, "Version")? == env!("CARGO_PKG_VERSION"));
    let folder = tempfile::tempdir()?;
    let unpacked = Command::new("dpkg-deb")
        .arg("--extract")
        .args([&package, folder.path()])
        .status()?;
    ensure!(unpacked.success());
    try_it(folder.path())
}

#[test]
fn the_package_for_people_is_installed_works_and_is_removed() -> Result<()> {
    let is_root = Command::new("id").arg("-u").output()?.stdout == b"0\n";
    let (Some(package), true) = (env::var_os("LOQA_INSTALL"), is_root) else {
        eprintln!("skipped: `cargo xtask test --package`, by root, installs it for a while");
        return Ok(());
    };
    let apt = |args: &[&str]| -> Result<bool> {
        let mut apt = Command::new("apt-get");
        apt.args(["--yes", "--no-install-recommends"]).args(args);
        let apt = apt.env("DEBIAN_FRONTEND", "noninteractive").status();
        Ok(apt.context("apt-get")?.success())
    };
    let package = package.to_str().context("an odd path")?;
    ensure!(apt(&["install", package])?, "it cannot be installed");
    let outcome = try_it(Path::new("/"));
    ensure!(apt(&["remove", "loqa"])?, "it cannot be removed");
    ensure!(!Path::new("/usr/lib/loqa").exists(), "something stays");
    outcome
}
