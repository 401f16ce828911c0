//! Files that people write, and that they were given.

use super::target;
use loqa_core::{
    document::FileError,
    home::Home,
    manifest::Manifest,
    model_file::{GgufFile, WhisperFile},
};
use loqa_engine::config::{Config, Flags};
use loqa_inference::wav;
use std::{fs, path::Path};

/// All files of the repository with this name.
fn written(name: &str, folders: &[&str]) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            found.extend(fs::read(entry.unwrap().path().join(name)).ok());
        }
    }
    assert!(!found.is_empty(), "no {name}");
    found
}

/// Each error names a place within the text, whose lines end as those of YAML do.
fn placed(text: &str, errors: &[FileError]) {
    assert!(!errors.is_empty());
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.lines().count().max(1) + 1;
    for error in errors {
        assert!((1..=lines).contains(&error.line), "{error} of {lines}");
        assert!(error.column >= 1, "{error}");
    }
}

#[test]
fn skills() {
    let seeds = written("skill.yaml", &["skills"]);
    target!(seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Err(errors) = Manifest::parse("skill.yaml", &text) {
            placed(&text, &errors);
        }
    });
}

#[test]
fn households() {
    let home = r#"
        [[area]]
        id = "kitchen"
        name = "kitchen"
        aliases = ["cooking room"]
        [[device]]
        id = "kitchen_lights"
        name = "kitchen lights"
        area = "kitchen"
        kind = "light"
        features = ["brightness"]
        [[device]]
        id = "front_door"
        name = "front door"
        kind = "lock"
        [[routine]]
        id = "morning"
        name = "good morning"
        steps = ["turn on the kitchen lights"]
    "#;
    target!(vec![home.as_bytes().to_vec()], |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Err(errors) = Home::parse("home.toml", &text) {
            placed(&text, &errors);
        }
    });
}

/// What is understood is explained, and understood again.
#[test]
fn settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loqa.toml");
    fs::write(&file, "").unwrap();
    let flags = Flags {
        config: Some(file.clone()),
        ..Flags::default()
    };
    let all = Config::load(&flags).unwrap().to_toml();
    let few =
        "[endpoint]\nclosed_ms = 200\n[listen]\nwake = [\"hey loqa\"]\n[nodes]\nport = 7613\n";
    target!(vec![all.clone().into_bytes(), few.into()], |bytes| {
        fs::write(&file, bytes).unwrap();
        if let Ok(config) = Config::load(&flags) {
            let text = config.to_toml();
            fs::write(&file, &text).unwrap();
            let again = Config::load(&flags).expect("what is written is read");
            assert_eq!(again.to_toml(), text);
        }
    });
}

/// Samples, and no more of them than there may be of so many bytes.
#[test]
fn recordings() {
    let recorded = |channels: u16, rate: u32, bits: u16, float: bool| {
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: bits,
            sample_format: match float {
                true => hound::SampleFormat::Float,
                false => hound::SampleFormat::Int,
            },
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for at in 0..200 * i32::from(channels) {
            match float {
                true => writer.write_sample(at as f32 / 1e3).unwrap(),
                false => writer.write_sample(at % 100).unwrap(),
            }
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    };
    let seeds = vec![
        recorded(1, 16_000, 16, false),
        recorded(2, 48_000, 24, false),
        recorded(1, 8_000, 8, false),
        recorded(2, 44_100, 32, true),
    ];
    target!(seeds, |bytes| {
        if let Ok(samples) = wav::decode(Path::new("said.wav"), bytes) {
            assert!(samples.iter().all(|it| it.abs() <= 1.0));
            // At the lowest rate a byte is four samples; the filter adds a few.
            assert!(
                samples.len() <= 4 * bytes.len() + 4_096,
                "{}",
                samples.len()
            );
        }
    });
}

/// A model's file is known by its head, whatever it says of its length.
#[test]
fn heads_of_models() {
    let whisper = [0x6767_6d6c, 51_864, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1];
    let whisper = whisper
        .iter()
        .flat_map(|it: &u32| it.to_le_bytes())
        .collect();
    let gguf = [&b"GGUF\x03\0\0\0"[..], &[1; 16]].concat();
    target!(vec![whisper, gguf], |bytes| {
        for length in [bytes.len() as u64, 1 << 30, u64::MAX] {
            if let Ok(read) = WhisperFile::read(bytes, length) {
                assert!(bytes.len() >= WhisperFile::HEAD && !read.size().is_empty());
                assert!(WhisperFile::memory(length) >= length / 2);
            }
            if GgufFile::read(bytes, length).is_ok() {
                assert!(bytes.starts_with(b"GGUF") && GgufFile::memory(length) >= length);
            }
        }
    });
}
