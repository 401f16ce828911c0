use super::*;
use std::fs;

/// Loads a `loqa.toml` with this text, in an environment with these variables.
fn load(text: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("loqa.toml");
    fs::write(&path, text).unwrap();
    let flags = Flags {
        config: flags.config.or(Some(path)),
        ..flags
    };
    let env = |name: &str| {
        let given = environment
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned());
        given.or((name == "HOME").then(|| "/home/ada".into()))
    };
    Config::load_with(&flags, &env).map_err(|error| {
        error
            .to_string()
            .replace(&format!("{}/", dir.path().display()), "")
    })
}

fn refused(text: &str) -> String {
    load(text, &[], Flags::default()).expect_err("is wrong")
}

#[test]
fn the_last_word_has_the_command_line_then_environment_then_file() {
    let text = "[voice]\nname = \"rms\"\n\n[hub]\ndata = \"kept\"\nskills = [\"skills\", \"~/more\"]\n[endpoint]\nclosed_ms = 50\n";
    let flags = Flags {
        only_skills: Some("/only".into()),
        ..Flags::default()
    };
    let config = load(
        text,
        &[
            ("LOQA_ENDPOINT_CLOSED_MS", "60"),
            ("LOQA_HOUSEHOLD_UNITS", "imperial"),
        ],
        flags,
    )
    .unwrap();
    assert_eq!(
        (
            config.voice.name.as_str(),
            config.endpoint.closed_ms,
            config.household.units
        ),
        ("rms", 60, Units::Imperial)
    );
    assert!(
        config.hub.data.is_absolute() && config.hub.data.ends_with("kept"),
        "relative to the file"
    );
    assert_eq!(config.hub.skills[1], Path::new("/home/ada/more"));
    let source = |key: &str| {
        config
            .entries()
            .into_iter()
            .find(|entry| entry.key == key)
            .unwrap()
            .source
            .to_string()
    };
    assert!(source("voice.name").ends_with("loqa.toml:2"));
    assert_eq!(
        source("endpoint.closed_ms"),
        "environment LOQA_ENDPOINT_CLOSED_MS"
    );
    assert_eq!(source("hub.only_skills"), "command line --only-skills");
    assert_eq!(source("timers.ring_min"), "default");
}

#[test]
fn without_any_file_everything_has_its_default() {
    let env = |name: &str| (name == "HOME").then(|| "/home/ada".to_owned());
    let config = Config::load_with(&Flags::default(), &env).unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(config.hub.data, Path::new("/home/ada/.local/share/loqa"));
        assert_eq!(
            config.file(),
            (Path::new("/home/ada/.config/loqa/loqa.toml"), false)
        );
    }
    assert_eq!(config.home_file(), None);
    let homeless = Config::load_with(&Flags::default(), &|_| None).unwrap_err();
    assert!(
        homeless.to_string().contains("HOME is not set"),
        "{homeless}"
    );
    let flags = Flags {
        data: Some("/data".into()),
        ..Flags::default()
    };
    assert_eq!(
        Config::load_with(&flags, &|_| None).unwrap().hub.data,
        Path::new("/data")
    );
}

#[test]
fn the_default_endpointing_is_that_of_the_endpointer() {
    use loqa_core::endpoint::EndpointConfig;
    let config = load("", &[], Flags::default()).unwrap();
    assert_eq!(
        EndpointConfig::from(&config.endpoint),
        EndpointConfig::default()
    );
    let patient = load(
        "[endpoint]\npatience = \"very patient\"\n",
        &[],
        Flags::default(),
    )
    .unwrap();
    let hangover = EndpointConfig::from(&patient.endpoint).hangover;
    assert_eq!(hangover.closed.as_millis(), 1540);
    assert_eq!(hangover.number.as_millis(), 2700);
}

#[test]
fn a_home_beside_the_settings_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("loqa.toml");
    fs::write(&path, "").unwrap();
    fs::write(dir.path().join("home.toml"), "").unwrap();
    let config = Config::load(&Flags {
        config: Some(path),
        ..Flags::default()
    })
    .unwrap();
    assert_eq!(
        config.home_file(),
        Some(dir.path().join("home.toml").as_path())
    );
}

#[test]
fn mistakes_are_named_with_their_place_and_the_nearest_key() {
    assert_eq!(
        refused("[voice]\nnmae = \"rms\"\n[endpont]\n"),
        "loqa.toml:2:1: unknown key `nmae` in [voice]\n  help: did you mean `name`?\n\
         loqa.toml:3:2: unknown section `endpont`\n  help: did you mean [endpoint]?"
    );
    assert_eq!(
        refused("[timers]\nxyz = 1\n"),
        "loqa.toml:2:1: unknown key `xyz` in [timers]\n  help: keys of [timers] are ring_min"
    );
    let message = refused("[endpoint]\nclosed_ms = \"soon\"\n");
    assert!(
        message.starts_with("loqa.toml:2:13: invalid type: string \"soon\""),
        "{message}"
    );
    let message = refused("[voice\n");
    assert!(message.starts_with("loqa.toml:1:7:"), "{message}");
    let message = refused("voice = 3\n");
    assert!(message.starts_with("loqa.toml:1:"), "{message}");
    assert_eq!(
        refused("[endpoint]\n\nclosed_ms = 3\n"),
        "loqa.toml:3:1: `endpoint.closed_ms` is 3, but must lie between 10 and 5000"
    );
    let set = |value: &'static str| {
        load(
            "",
            &[("LOQA_LISTEN_WAKE_THRESHOLD", value)],
            Flags::default(),
        )
    };
    assert_eq!(set("0.7").unwrap().listen.wake_threshold, 0.7);
    assert_eq!(
        set("7").unwrap_err(),
        "environment LOQA_LISTEN_WAKE_THRESHOLD: `listen.wake_threshold` is 7, but must lie between 0 and 1"
    );
    assert!(
        refused("[household]\ntimezone = \"Mars/Base\"\n")
            .contains("`Mars/Base` is not a time zone")
    );
    let message = load("", &[("LOQA_TIMERS_RING_MIN", "long")], Flags::default()).unwrap_err();
    assert!(
        message.starts_with("LOQA_TIMERS_RING_MIN: invalid type"),
        "{message}"
    );
    let flags = Flags {
        config: Some("/nowhere/loqa.toml".into()),
        ..Flags::default()
    };
    assert!(
        load("", &[], flags)
            .unwrap_err()
            .starts_with("cannot read the settings file /nowhere/loqa.toml: No such file")
    );
}

#[test]
fn what_explain_prints_gives_the_same_settings() {
    let flags = Flags {
        data: Some("/data".into()),
        skills: vec!["/a".into(), "/b".into()],
        ..Flags::default()
    };
    let config = load("[voice]\nname = \"it's \\\"me\\\"\"\n", &[], flags).unwrap();
    let explained = config.explain();
    let mut again = load(&explained, &[], Flags::default()).unwrap();
    again.origin = config.origin.clone();
    assert_eq!(again, config, "{explained}");
    assert!(
        explained.contains(
            "\n# Minutes a timer or an alarm rings if nobody says \"stop\".\nring_min = 10  # default\n"
        ),
        "{explained}"
    );
}

#[test]
fn the_demo_household_shows_every_kind_of_device() {
    let home = loqa_core::home::Home::parse("demo-home.toml", DEMO_HOME).unwrap();
    assert!(home.areas.len() >= 10 && home.devices.len() >= 25);
    let kinds: std::collections::BTreeSet<_> =
        home.devices.iter().map(|device| device.kind).collect();
    assert_eq!(kinds.len(), 11, "{kinds:?}");
    assert!(
        home.devices
            .iter()
            .any(|device| device.features.iter().any(|feature| feature == "garage"))
    );
}
