use super::*;
use hound::{WavSpec, WavWriter};
use std::io::Cursor;

fn bytes(spec: WavSpec, samples: impl Iterator<Item = f32>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    for sample in samples {
        match spec.sample_format {
            SampleFormat::Float => writer.write_sample(sample).unwrap(),
            SampleFormat::Int => {
                let full = (1i64 << (spec.bits_per_sample - 1)) as f32 - 1.0;
                writer.write_sample((sample * full) as i32).unwrap();
            }
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn spec(rate: u32, channels: u16, bits: u16) -> WavSpec {
    WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: bits,
        sample_format: SampleFormat::Int,
    }
}

fn read_bytes(bytes: &[u8]) -> Result<Vec<f32>, WavError> {
    decode(Path::new("clip.wav"), bytes)
}

fn check_error(bytes: &[u8], expected: &str) {
    let error = read_bytes(bytes).expect_err("must fail").to_string();
    assert!(error.starts_with("clip.wav: "), "{error}");
    assert!(error.contains(expected), "{error:?} lacks {expected:?}");
}

#[test]
fn every_width_rate_and_channel_count_is_the_same_sound() {
    let float = WavSpec {
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
        ..spec(96_000, 2, 32)
    };
    for spec in [
        spec(8_000, 1, 8),
        spec(16_000, 1, 16),
        spec(22_050, 1, 24),
        spec(44_100, 2, 32),
        spec(48_000, 8, 16),
        spec(96_000, 1, 16),
        float,
    ] {
        let rate = spec.sample_rate as f32;
        let tone = (0..spec.sample_rate / 2).flat_map(|i| {
            let sample = 0.5 * (std::f32::consts::TAU * 100.0 * i as f32 / rate).sin();
            std::iter::repeat_n(sample, spec.channels.into())
        });
        let out = read_bytes(&bytes(spec, tone)).unwrap();
        assert_eq!(out.len(), 8_000, "{spec:?}");
        for i in [1_000, 4_000, 7_000] {
            let expected = 0.5 * (std::f32::consts::TAU * 100.0 * i as f32 / 16_000.0).sin();
            assert!((out[i] - expected).abs() < 0.04, "{spec:?} at {i}");
        }
    }
}

#[test]
fn broken_files_say_what_is_wrong_and_what_to_do() {
    let good = bytes(spec(16_000, 1, 16), (0..1600).map(|_| 0.1));
    check_error(b"", "not a WAV file");
    check_error(b"RIFF", "not a WAV file");
    check_error(
        b"OggS\0\0\0\0 and so on and so forth, for a while",
        "not a WAV file",
    );
    check_error(&good[..good.len() / 2], "cut short after 0.05 of 0.10 s");
    check_error(
        &bytes(spec(16_000, 1, 16), std::iter::empty()),
        "holds no samples",
    );
    check_error(
        &bytes(spec(1_000, 1, 16), (0..10).map(|_| 0.0)),
        "1000 samples per second",
    );

    let mut adpcm = good.clone();
    adpcm[20] = 2;
    check_error(&adpcm, "convert it to 16-bit PCM");

    let float = WavSpec {
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
        ..spec(16_000, 1, 32)
    };
    let nan = bytes(float, [0.0, 0.0, f32::NAN].into_iter());
    check_error(&nan, "sample 2 (at 0.000 s) is not a finite number");
    let infinite = bytes(float, [f32::INFINITY].into_iter());
    check_error(&infinite, "not a finite number");
}

#[test]
fn paths_that_are_no_recordings_are_named() {
    let folder = std::env::temp_dir();
    let error = read(&folder).unwrap_err().to_string();
    assert!(error.contains("not a file"), "{error}");
    let error = read(folder.join("no such clip.wav"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("no such clip.wav"), "{error}");
}

#[test]
fn a_header_that_promises_hours_is_refused_before_any_memory_is_taken() {
    let mut huge = bytes(spec(16_000, 1, 16), (0..16).map(|_| 0.0));
    let size = (16_000u32 * 2 * 3 * 3600).to_le_bytes();
    huge[40..44].copy_from_slice(&size);
    check_error(&huge, "10800 s long");
}

#[test]
fn frames_carry_their_offset_and_the_last_is_filled_up() {
    let cut: Vec<_> = frames(&[0.5; 700]).collect();
    assert_eq!(cut.len(), 3);
    assert_eq!(cut[2].offset, 640);
    assert!(cut.iter().all(|frame| frame.samples.len() == FRAME_SAMPLES));
    assert_eq!((cut[2].samples[59], cut[2].samples[60]), (0.5, 0.0));
}
