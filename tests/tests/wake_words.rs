//! Wake phrases: any phrase in synthetic voices; models, with their features against microWakeWord's
//! own, and recordings of real people.

use loqa_core::seams::{ModelError, Wake, WakeWord};
use loqa_inference::{
    stt::Ears,
    wake::{Keyphrase, KeyphraseConfig, MicroFeatures, MicroWakeWord, TensorFlowLite, models_in},
    wav,
};
use loqa_tests::voices::{Clip, Noise, Speaker, Studio, write_wav};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The variable's path, or a word on standard error that something is skipped.
fn path(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    path
}

#[test]
fn features_are_those_the_models_were_trained_on() {
    let (Some(python), Some(_)) = (path("LOQA_PYTHON"), path("LOQA_TENSORFLOW_LITE")) else {
        return;
    };
    // Noise and chords from silence to full scale, so that every rounding takes part.
    let music = Clip {
        samples: Noise::Music.render(64_000, 1),
        onset: 0,
        end: 64_000,
    };
    let mut samples = music.with_noise(Noise::Pink, 20.0, 2).samples;
    for (i, sample) in samples.iter_mut().enumerate() {
        *sample *= 10f32.powf(-4.0 + i as f32 / 16_000.0);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("music.wav");
    write_wav(&file, &samples).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/micro_features.py");
    let output = Command::new(python)
        .arg(script)
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let theirs: Vec<f32> = String::from_utf8(output.stdout)
        .unwrap()
        .split_whitespace()
        .map(|value| value.parse().unwrap())
        .collect();
    let mut ours = Vec::new();
    MicroFeatures::default().push(&wav::read(&file).unwrap(), &mut ours);
    let ours: Vec<f32> = ours.into_iter().flatten().collect();
    assert_eq!(ours.len(), theirs.len());
    // They differ where the reference's transform of 16 bits rounds in between.
    let off: f32 = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).sum();
    let mean = off / ours.len() as f32;
    assert!(mean < 0.1, "{mean} of at most 26 on average");
}

#[test]
fn real_people_wake_the_model_of_their_phrase_and_no_other() {
    let (Some(data), Some(library)) = (path("LOQA_TEST_DATA"), path("LOQA_TENSORFLOW_LITE")) else {
        return;
    };
    let library = TensorFlowLite::load(&library).unwrap();
    let mut clips = 0;
    for manifest in models_in(&data.join("models/microwakeword")).unwrap() {
        let mut model = MicroWakeWord::open(&library, &manifest).unwrap();
        let own = manifest.file_stem().unwrap();
        for phrase in data.join("audio/wake").read_dir().unwrap() {
            let phrase = phrase.unwrap();
            for clip in phrase.path().read_dir().unwrap() {
                let clip = clip.unwrap().path();
                let woke = !wakes(&mut model, &wav::read(&clip).unwrap()).is_empty();
                assert_eq!(woke, phrase.file_name() == own, "{own:?} and {clip:?}");
                clips += 1;
            }
        }
    }
    assert_eq!(clips, 4 * 12);
}

#[test]
fn what_is_missing_or_wrong_is_said_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    if let Err(error) = TensorFlowLite::load(folder.path()) {
        assert!(matches!(error, ModelError::NotLoaded { .. }), "{error}");
        assert!(error.to_string().contains("pymicro-wakeword"), "{error}");
    }
    let Some(library) = path("LOQA_TENSORFLOW_LITE") else {
        return;
    };
    let library = TensorFlowLite::load(&library).unwrap();
    let refused = |manifest: &str, model: &str| {
        let file = folder.path().join("hey.json");
        std::fs::write(&file, manifest).unwrap();
        std::fs::write(folder.path().join("hey.tflite"), model).unwrap();
        MicroWakeWord::open(&library, &file)
            .err()
            .unwrap()
            .to_string()
    };
    let manifest = r#"{ "wake_word": "Hey", "model": "hey.tflite",
        "micro": { "probability_cutoff": 0.9, "sliding_window_size": 5 } }"#;
    for (manifest, model, wrong) in [
        ("{}", "", "missing field `wake_word`"),
        (&manifest.replace("0.9", "9"), "", "`probability_cutoff`"),
        (manifest, "not a model", "is not a TensorFlow Lite model"),
        (manifest, "\u{1c}\0\0\0TFL3 and nothing more", "is damaged"),
    ] {
        let error = refused(manifest, model);
        assert!(error.contains("hey.") && error.contains(wrong), "{error}");
    }
}

/// Every wake in these samples, the detector being new to them.
fn wakes(word: &mut dyn WakeWord, samples: &[f32]) -> Vec<Wake> {
    word.reset();
    wav::frames(samples)
        .filter_map(|frame| word.detect(frame.offset, (&*frame.samples).try_into().unwrap()))
        .collect()
}

#[test]
fn a_phrase_is_heard_where_it_ends_and_other_talk_is_not() {
    let studio = Studio::open().unwrap();
    let mut word = Keyphrase::open(&Ears::default(), KeyphraseConfig::default()).unwrap();
    for (seed, speaker) in [
        (1, Speaker::Flite("slt")),
        (2, Speaker::Espeak("en-us", 150)),
    ] {
        let call = studio.speak(speaker, "hey loqa").unwrap().framed(1_000, 0);
        let end = call.end;
        let command = studio
            .speak(speaker, "set a timer for ten minutes")
            .unwrap();
        // The command follows at once.
        let heard = call
            .then(100, &command)
            .in_room(seed)
            .with_noise(Noise::Pink, 40.0, seed);
        let [wake] = &wakes(&mut word, &heard.samples)[..] else {
            panic!("{speaker} is not heard, or more than once");
        };
        let off_ms = (wake.end as i64 - end as i64) / 16;
        assert!((-250..=150).contains(&off_ms), "{speaker}: {off_ms} ms");
        let talk = studio
            .speak(speaker, "they walked home along the river")
            .unwrap();
        let talk = talk.framed(500, 500).in_room(seed).samples;
        assert_eq!(wakes(&mut word, &talk), []);
    }
    let silence = Noise::Pink
        .render(80_000, 3)
        .iter()
        .map(|s| s * 1e-3)
        .collect::<Vec<_>>();
    assert_eq!(wakes(&mut word, &silence), []);
}

#[test]
fn a_phrase_that_cannot_be_said_is_refused_with_its_word() {
    for (phrase, wrong) in [("hey 東京", "`東京`"), ("", "is empty")] {
        let config = KeyphraseConfig {
            phrase: phrase.into(),
            ..KeyphraseConfig::default()
        };
        let error = Keyphrase::open(&Ears::default(), config).err().unwrap();
        assert!(error.to_string().contains(wrong), "{error}");
    }
}
