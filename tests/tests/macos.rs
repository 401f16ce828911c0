//! What a Mac asks of a bundle, as far as it can be read anywhere: the files in `installers/macos`.

use anyhow::{Context, Result, ensure};
use plist::{Dictionary, Value};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(name: &str) -> Result<Dictionary> {
    let path = root().join("installers/macos").join(name);
    let value = Value::from_file(&path).with_context(|| path.display().to_string())?;
    value.into_dictionary().context("no dictionary")
}

fn text<'a>(document: &'a Dictionary, key: &str) -> Result<&'a str> {
    let value = document.get(key).and_then(Value::as_string);
    value.with_context(|| format!("no {key}"))
}

#[test]
fn the_app_says_what_it_wants_and_why() -> Result<()> {
    let info = read("Info.plist")?;
    for key in [
        "NSMicrophoneUsageDescription",
        "NSLocalNetworkUsageDescription",
    ] {
        // macOS ends a program that asks without a reason.
        ensure!(text(&info, key)?.ends_with('.'), "{key} is no sentence");
    }
    let services = info.get("NSBonjourServices").and_then(Value::as_array);
    ensure!(services.is_some_and(|all| all[..] == ["_loqa._udp".into()]));

    let window = fs::read_to_string(root().join("src-tauri/tauri.conf.json"))?;
    let window: serde_json::Value = serde_json::from_str(&window)?;
    ensure!(window["identifier"] == text(&info, "CFBundleIdentifier")?);
    ensure!(window["productName"] == text(&info, "CFBundleName")?);
    for key in ["CFBundleShortVersionString", "CFBundleVersion"] {
        ensure!(text(&info, key)? == env!("CARGO_PKG_VERSION"), "{key}");
    }
    ensure!(text(&info, "CFBundlePackageType")? == "APPL");
    Ok(())
}

#[test]
fn it_is_given_the_microphone_and_what_loading_its_voice_needs_and_no_more() -> Result<()> {
    let given = read("loqa.entitlements")?;
    let names: Vec<&str> = given.keys().map(String::as_str).collect();
    let expected = [
        "com.apple.security.device.audio-input",
        "com.apple.security.cs.disable-library-validation",
    ];
    ensure!(names == expected, "{names:?}");
    ensure!(given.values().all(|value| value.as_boolean() == Some(true)));
    Ok(())
}

#[test]
fn every_file_of_the_app_is_put_where_another_looks_for_it() -> Result<()> {
    let script = root().join("installers/macos/package");
    ensure!(
        Command::new("sh")
            .arg("-n")
            .arg(&script)
            .status()?
            .success()
    );
    let script = fs::read_to_string(script)?;
    let info = read("Info.plist")?;
    let program = text(&info, "CFBundleExecutable")?;
    let icon = format!("Resources/{}.icns", text(&info, "CFBundleIconFile")?);
    let agent = read("loqa.hub.plist")?;
    for part in [program, &icon, "loqa.entitlements", "--options runtime"] {
        ensure!(script.contains(part), "{part} is not in the script");
    }
    let command = agent.get("ProgramArguments").and_then(Value::as_array);
    let command = command.context("no command")?;
    let hub = "/Applications/Loqa.app/Contents/MacOS/loqa";
    ensure!(command[..] == [hub.into(), "hub".into()], "{command:?}");
    ensure!(text(&agent, "Label")? == "loqa.hub");
    Ok(())
}
