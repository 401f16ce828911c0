//! `src/wire/generated.rs` is what `proto/loqa/v1` says. After changing a .proto file:
//! `UPDATE=1 cargo test -p loqa-protocol --test generated`.

use std::{fs, path::Path};

/// Messages that have no other type in Rust.
const PLAIN: [&str; 14] = [
    "House",
    "Area",
    "Device",
    "Skill",
    "SkillIntent",
    "State",
    "Timer",
    "DeviceState",
    "List",
    "Listening",
    "Card",
    "CardLine",
    "Alarm",
    "SkillSetting",
];

#[test]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let proto = root.join("proto");
    let mut files: Vec<_> = fs::read_dir(proto.join("loqa/v1"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let descriptors = protox::compile(files, [&proto]).unwrap_or_else(|error| panic!("{error:?}"));
    let mut config = prost_build::Config::new();
    // These are used as they are, and frames can be shown as JSON.
    for message in PLAIN {
        config.type_attribute(
            format!(".loqa.v1.{message}"),
            "#[derive(serde::Serialize, serde::Deserialize)]",
        );
    }
    let mut sources = config
        .generate(
            descriptors
                .file
                .into_iter()
                .map(|file| {
                    (
                        prost_build::Module::from_protobuf_package_name(file.package()),
                        file,
                    )
                })
                .collect(),
        )
        .unwrap();
    assert_eq!(sources.len(), 1, "one package");
    let wanted = sources.drain().next().map(|(_, source)| source).unwrap();
    let path = root.join("src/wire/generated.rs");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{} is out of date: UPDATE=1 cargo test -p loqa-protocol --test generated",
        path.display()
    );
}
