//! What programs of a household say to each other.

use super::target;
use loqa_protocol::{
    ClientFrame, Envelope, JobFrame, ServerFrame,
    link::LinkFrame,
    model::ModelFrame,
    wire::{FrameReader, StreamError, Wire},
};
use std::{fs, path::Path};

/// Every frame there is, of every released version.
fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/protocol/tests/golden");
    let files = fs::read_dir(folder).unwrap();
    let text: String = files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let frames = text.lines().filter_map(|line| line.split_once(' '));
    frames
        .map(|(_, digits)| hex::decode(digits).unwrap())
        .collect()
}

/// What is read is written in one form, which is no longer than what it takes, and means the same.
fn reads<F: Wire>(bytes: &[u8]) {
    let Ok(frame) = F::from_bytes(bytes) else {
        return;
    };
    let written = frame.to_bytes();
    // A message that is there and empty has two bytes.
    assert!(written.len() <= 2 * bytes.len() + 64, "{}", written.len());
    let again = F::from_bytes(&written).expect("what is written is read");
    assert_eq!(again.to_bytes(), written);
}

#[test]
fn frames_of_clients() {
    target!(seeds(), |bytes| reads::<ClientFrame>(bytes));
}

#[test]
fn frames_of_the_hub() {
    target!(seeds(), |bytes| reads::<ServerFrame>(bytes));
}

#[test]
fn events() {
    target!(seeds(), |bytes| reads::<Envelope>(bytes));
}

#[test]
fn frames_of_jobs() {
    target!(seeds(), |bytes| reads::<JobFrame>(bytes));
}

#[test]
fn hellos_beats_and_what_else_is_said_on_a_link() {
    target!(seeds(), |bytes| reads::<LinkFrame>(bytes));
}

#[test]
fn frames_of_models_on_their_way() {
    target!(seeds(), |bytes| reads::<ModelFrame>(bytes));
}

/// What is cut out of a stream does not depend on the pieces in which it comes, and no more is kept than a frame has.
#[test]
fn frames_in_a_stream() {
    const MOST: usize = 4 << 10;
    let framed = |frame: Vec<u8>| [&(frame.len() as u32).to_be_bytes()[..], &frame].concat();
    let seeds = seeds().into_iter().map(framed).collect();
    let read = |bytes: &[u8], cut: usize| {
        let mut reader = FrameReader::with_most(MOST);
        let mut said = Vec::new();
        for piece in bytes.chunks(cut) {
            reader.push(piece);
            loop {
                match reader.next_frame::<LinkFrame>() {
                    Ok(Some(frame)) => said.push(Ok(frame.to_bytes())),
                    Ok(None) => break,
                    Err(error @ StreamError::TooLong { .. }) => {
                        said.push(Err(error));
                        return said;
                    }
                    Err(error) => said.push(Err(error)),
                }
            }
        }
        said
    };
    target!(seeds, |bytes| {
        let whole = read(bytes, MOST);
        assert_eq!(read(bytes, 1), whole);
        assert_eq!(read(bytes, 7), whole);
    });
}
