//! Frames as bytes: protobuf (`proto/loqa/v1`), with a length before each on a byte stream.
//!
//! Whatever arrives, decoding ends in a frame or a [`DecodeError`]: a field that is missing and an
//! enum value of a later version are errors, never defaults.

mod client;
mod event;
mod job;
mod keep;
mod link;
mod model;
mod nodes;
mod people;
mod stream;
mod turn;
pub(crate) mod view;

/// Messages as prost generates them; `tests/generated.rs` keeps them current.
#[rustfmt::skip]
#[allow(missing_docs, clippy::all)]
mod generated;

pub use stream::{FrameReader, MAX_FRAME_BYTES, StreamError, write_frame};

use crate::{ClientFrame, Envelope, JobFrame, ServerFrame, link::LinkFrame, model::ModelFrame};
use alloc::{string::String, vec::Vec};
use core::fmt;
use generated as v1;
use prost::Message;

/// Something that travels between programs of a household.
pub trait Wire: Sized {
    /// Its bytes, without a length.
    fn to_bytes(&self) -> Vec<u8>;

    /// From exactly one frame's bytes.
    ///
    /// # Errors
    /// [`DecodeError`]; the bytes are not a frame this version understands.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError>;
}

macro_rules! wire {
    ($($Type:ident),*) => {$(
        impl Wire for $Type {
            fn to_bytes(&self) -> Vec<u8> {
                v1::$Type::from(self).encode_to_vec()
            }

            fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
                v1::$Type::decode(bytes).map_err(|error| DecodeError::Malformed(alloc::format!("{error}")))?.try_into()
            }
        }
    )*};
}

wire!(
    ClientFrame,
    ServerFrame,
    Envelope,
    JobFrame,
    LinkFrame,
    ModelFrame
);

/// Why bytes are not a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// Not protobuf, or cut off.
    Malformed(String),
    /// A field is missing, or holds a kind that only a later version knows.
    Missing(&'static str),
    /// An enum value that only a later version knows.
    UnknownValue {
        /// The field.
        field: &'static str,
        /// Its value.
        value: i32,
    },
    /// A value that cannot be.
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Malformed(reason) => write!(f, "not a frame: {reason}"),
            DecodeError::Missing(field) => write!(
                f,
                "`{field}` is missing or of a kind this version does not know"
            ),
            DecodeError::UnknownValue { field, value } => {
                write!(f, "`{field}` has the unknown value {value}")
            }
            DecodeError::Invalid { field, reason } => write!(f, "`{field}` is not valid: {reason}"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// Both directions between an enum here and one on the wire.
macro_rules! wire_enum {
    ($Type:ident, $field:literal, [$($Variant:ident),*]) => {
        impl From<crate::$Type> for v1::$Type {
            fn from(value: crate::$Type) -> Self {
                match value {
                    $(crate::$Type::$Variant => v1::$Type::$Variant,)*
                }
            }
        }

        impl FromWire for crate::$Type {
            fn from_wire(value: i32) -> Result<Self, DecodeError> {
                match v1::$Type::try_from(value) {
                    $(Ok(v1::$Type::$Variant) => Ok(crate::$Type::$Variant),)*
                    _ => Err(DecodeError::UnknownValue { field: $field, value }),
                }
            }
        }
    };
}
use wire_enum;

/// An enum read from its number.
trait FromWire: Sized {
    fn from_wire(value: i32) -> Result<Self, DecodeError>;
}

/// 128-bit ids travel as 16 bytes, big-endian.
fn id_to_wire(id: u128) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

fn id_from_wire(field: &'static str, bytes: &[u8]) -> Result<u128, DecodeError> {
    let bytes: [u8; 16] = bytes.try_into().map_err(|_| DecodeError::Invalid {
        field,
        reason: alloc::format!("{} bytes instead of 16", bytes.len()),
    })?;
    Ok(u128::from_be_bytes(bytes))
}
