//! Frames on the wire: their exact bytes, what older versions wrote, and any bytes at all.

mod samples;

use loqa_protocol::{
    ClientFrame, Envelope, JobFrame, ServerFrame,
    link::LinkFrame,
    model::ModelFrame,
    wire::{DecodeError, FrameReader, MAX_FRAME_BYTES, StreamError, Wire, write_frame},
};
use proptest::prelude::*;
use samples::Frame;
use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

fn golden(version: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/golden", version]
        .iter()
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The bytes of today. They change only when the protocol grows: then keep the old file, and
/// write a new one with `UPDATE=1 cargo test -p loqa-protocol --test wire`.
const CURRENT: &str = "0.3.txt";

#[test]
fn every_frame_has_the_bytes_it_had() {
    let mut text = String::new();
    for (name, frame) in samples::all() {
        writeln!(text, "{name} {}", hex(&frame.to_bytes())).unwrap();
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(golden(CURRENT), &text).unwrap();
    }
    expect_test::expect_file![golden(CURRENT)].assert_eq(&text);
}

#[test]
fn frames_of_every_released_version_still_mean_the_same() {
    let samples: BTreeMap<_, _> = samples::all().into_iter().collect();
    for version in fs::read_dir(golden("")).unwrap() {
        let path = version.unwrap().path();
        let mut count = 0;
        for line in fs::read_to_string(&path).unwrap().lines() {
            let (name, bytes) = line.split_once(' ').unwrap();
            let expected = samples
                .get(name)
                .unwrap_or_else(|| panic!("{name} is gone"));
            assert_eq!(
                &expected.decode_alike(&unhex(bytes)).unwrap(),
                expected,
                "{name} of {}",
                path.display()
            );
            count += 1;
        }
        assert!(count > 30, "{}", path.display());
    }
}

#[test]
fn what_a_later_version_adds_is_ignored_or_refused_but_never_guessed() {
    let mut bytes = ClientFrame::Ask {
        id: 7,
        text: "hello".into(),
    }
    .to_bytes();
    bytes.extend([0xfa, 0x3f, 2, b'h', b'i']); // field 1023, unknown
    assert_eq!(
        ClientFrame::from_bytes(&bytes),
        Ok(ClientFrame::Ask {
            id: 7,
            text: "hello".into()
        })
    );

    let unknown_kind = [0x08, 7, 0xfa, 0x3f, 0]; // id, then a kind nobody knows
    assert_eq!(
        ClientFrame::from_bytes(&unknown_kind),
        Err(DecodeError::Missing("client_frame.kind"))
    );
    assert_eq!(
        ServerFrame::from_bytes(&[]),
        Err(DecodeError::Missing("server_frame.kind"))
    );

    let verdict = [0x1a, 2, 0x28, 9]; // JobHypothesis { verdict: 9 }
    let error = JobFrame::from_bytes(&verdict).unwrap_err();
    assert_eq!(
        error,
        DecodeError::UnknownValue {
            field: "verdict",
            value: 9
        }
    );
    assert_eq!(error.to_string(), "`verdict` has the unknown value 9");
    // Field 1 of JobOpen is there, the rest is not.
    assert_eq!(
        JobFrame::from_bytes(&[0x0a, 2, 0x0a, 0]),
        Err(DecodeError::Missing("job_open.utterance"))
    );
    // An envelope whose ids are 3 bytes long.
    let short = [0x0a, 3, 1, 2, 3, 0x52, 2, 0x0a, 0];
    let error = Envelope::from_bytes(&short).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`envelope.trace_id` is not valid: 3 bytes instead of 16"
    );
}

#[test]
fn a_frame_may_be_as_long_as_allowed_and_no_longer() {
    let frame = |length: usize| ClientFrame::Ask {
        id: 1,
        text: "x".repeat(length),
    };
    let mut bytes = vec![9];
    let overhead = frame(MAX_FRAME_BYTES).to_bytes().len() - MAX_FRAME_BYTES;
    assert!(write_frame(&frame(MAX_FRAME_BYTES - overhead + 1), &mut bytes).is_err());
    assert_eq!(bytes, [9], "nothing was written");
    bytes.clear();
    write_frame(&frame(MAX_FRAME_BYTES - overhead), &mut bytes).unwrap();
    let mut reader = FrameReader::default();
    reader.push(&bytes);
    assert_eq!(
        reader.next_frame(),
        Ok(Some(frame(MAX_FRAME_BYTES - overhead)))
    );
    reader.push(&(MAX_FRAME_BYTES as u32 + 1).to_be_bytes());
    assert_eq!(
        reader.next_frame::<ClientFrame>(),
        Err(StreamError::TooLong {
            bytes: MAX_FRAME_BYTES + 1,
            most: MAX_FRAME_BYTES
        })
    );
    let longest_audio = ClientFrame::Audio {
        id: u32::MAX,
        samples: vec![-1.0; ClientFrame::MAX_SAMPLES],
    };
    assert!(longest_audio.to_bytes().len() < MAX_FRAME_BYTES);
}

#[test]
fn a_stream_survives_a_frame_it_cannot_read() {
    let mut bytes = vec![0, 0, 0, 2, 0xff, 0xff];
    let good = ClientFrame::Timers { id: 3 };
    write_frame(&good, &mut bytes).unwrap();
    let mut reader = FrameReader::default();
    reader.push(&bytes);
    assert!(matches!(
        reader.next_frame::<ClientFrame>(),
        Err(StreamError::Frame(DecodeError::Malformed(_)))
    ));
    assert_eq!(reader.next_frame(), Ok(Some(good)));
    assert!(!reader.is_cut_off());
}

proptest! {
    #[test]
    fn every_frame_comes_back_as_it_was(frame in samples::any_frame()) {
        let bytes = frame.to_bytes();
        prop_assert_eq!(frame.decode_alike(&bytes).unwrap(), frame);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ClientFrame::from_bytes(&bytes);
        let _ = ServerFrame::from_bytes(&bytes);
        let _ = Envelope::from_bytes(&bytes);
        let _ = JobFrame::from_bytes(&bytes);
        let _ = ModelFrame::from_bytes(&bytes);
        let mut reader = FrameReader::default();
        reader.push(&bytes);
        while let Ok(Some(_)) = reader.next_frame::<ServerFrame>() {}
    }

    /// Close to a frame, where a careless decoder would trip.
    #[test]
    fn a_damaged_frame_is_a_frame_or_an_error(
        frame in samples::any_frame(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = frame.to_bytes();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = frame.decode_alike(&bytes);
            let _ = frame.decode_alike(&bytes[..cut.index(bytes.len())]);
        }
    }

    #[test]
    fn frames_come_out_of_a_stream_cut_anywhere(
        frames in prop::collection::vec(samples::any_client_frame(), 1..6), pieces in prop::collection::vec(1_usize..40, 1..50),
    ) {
        let mut bytes = Vec::new();
        for frame in &frames {
            write_frame(frame, &mut bytes).unwrap();
        }
        let mut reader = FrameReader::default();
        let mut found = Vec::new();
        let mut rest = bytes.as_slice();
        for length in pieces.iter().cycle() {
            let (piece, after) = rest.split_at((*length).min(rest.len()));
            reader.push(piece);
            while let Some(frame) = reader.next_frame::<ClientFrame>().unwrap() {
                found.push(frame);
            }
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert!(!reader.is_cut_off());
        prop_assert_eq!(found, frames);
    }
}

impl Frame {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Frame::Client(frame) => frame.to_bytes(),
            Frame::Server(frame) => frame.to_bytes(),
            Frame::Job(frame) => frame.to_bytes(),
            Frame::Link(frame) => frame.to_bytes(),
            Frame::Model(frame) => frame.to_bytes(),
        }
    }

    /// Decodes bytes as the kind of frame this is.
    fn decode_alike(&self, bytes: &[u8]) -> Result<Frame, DecodeError> {
        Ok(match self {
            Frame::Client(_) => Frame::Client(ClientFrame::from_bytes(bytes)?),
            Frame::Server(_) => Frame::Server(ServerFrame::from_bytes(bytes)?),
            Frame::Job(_) => Frame::Job(JobFrame::from_bytes(bytes)?),
            Frame::Link(_) => Frame::Link(LinkFrame::from_bytes(bytes)?),
            Frame::Model(_) => Frame::Model(ModelFrame::from_bytes(bytes)?),
        })
    }
}
