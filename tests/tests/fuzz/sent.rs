//! What somebody may send.

use bolero::TypeGenerator;
use std::{
    panic::{AssertUnwindSafe, RefUnwindSafe},
    time::Duration,
};

/// Inputs of each target.
pub const TIMES: usize = 4_000;
/// A slow machine tries fewer.
pub const LONGEST: Duration = Duration::from_secs(5);

/// Bytes.
#[derive(Clone, Debug, TypeGenerator)]
pub enum Sent {
    /// Any.
    Any(Vec<u8>),
    /// Those of a seed, changed.
    Changed(
        u8,
        #[generator(bolero::produce_with::<Vec<Edit>>().len(0..6usize))] Vec<Edit>,
    ),
}

/// One change.
#[derive(Clone, Debug, TypeGenerator)]
pub enum Edit {
    /// One bit.
    Flip(u16, u8),
    /// One byte.
    Set(u16, u8),
    /// Four bytes: a number at a border, as it is written by most.
    Number(u16, u8, bool),
    /// Something more.
    Insert(u16, [u8; 3]),
    /// Something less.
    Remove(u16, u8),
    /// A piece again and again.
    Repeat(u16, u8, u8),
    /// The rest is missing.
    Cut(u16),
    /// From here on it is another seed.
    Graft(u16, u8),
}

/// What is left of a target that has panicked is looked at by nobody.
pub fn apart(body: impl Fn(&Sent)) -> impl Fn(&Sent) + RefUnwindSafe {
    let body = AssertUnwindSafe(body);
    move |sent| {
        let body = &body;
        body(sent);
    }
}

/// Where lengths and numbers are mistaken.
const BORDERS: [u32; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0xffff,
    0x0100_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
];
/// No input is longer, whatever is repeated in it.
const MOST: usize = 64 << 10;

impl Sent {
    /// What is sent, where these are right.
    pub fn bytes(&self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let seed = |which: u8| seeds.get(usize::from(which) % seeds.len().max(1));
        match self {
            Sent::Any(bytes) => bytes.clone(),
            Sent::Changed(which, edits) => {
                let mut bytes = seed(*which).cloned().unwrap_or_default();
                for edit in edits {
                    edit.change(&mut bytes, |which| seed(which).cloned().unwrap_or_default());
                    bytes.truncate(MOST);
                }
                bytes
            }
        }
    }
}

impl Edit {
    fn change(&self, bytes: &mut Vec<u8>, seed: impl Fn(u8) -> Vec<u8>) {
        let length = bytes.len();
        let place = |at: u16| usize::from(at) % length.max(1);
        let piece = |at: u16, count: u8| {
            let from = place(at).min(length);
            from..(from + usize::from(count)).min(length)
        };
        match self {
            Edit::Flip(at, bit) => {
                if let Some(byte) = bytes.get_mut(place(*at)) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Edit::Set(at, value) => {
                if let Some(byte) = bytes.get_mut(place(*at)) {
                    *byte = *value;
                }
            }
            Edit::Number(at, which, big) => {
                let number = BORDERS[usize::from(*which) % BORDERS.len()];
                let number = match big {
                    true => number.to_be_bytes(),
                    false => number.to_le_bytes(),
                };
                let there = bytes[piece(*at, 4)].iter_mut();
                there.zip(number).for_each(|(byte, it)| *byte = it);
            }
            Edit::Insert(at, more) => {
                let at = place(*at).min(length);
                bytes.splice(at..at, *more);
            }
            Edit::Remove(at, count) => drop(bytes.drain(piece(*at, *count))),
            Edit::Repeat(at, count, times) => {
                let range = piece(*at, *count);
                let (end, again) = (range.end, bytes[range].repeat(usize::from(*times)));
                bytes.splice(end..end, again);
            }
            Edit::Cut(at) => bytes.truncate(place(*at)),
            Edit::Graft(at, which) => {
                let at = place(*at).min(length);
                bytes.truncate(at);
                bytes.extend(seed(*which).into_iter().skip(at));
            }
        }
    }
}
