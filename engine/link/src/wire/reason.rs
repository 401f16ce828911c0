//! Why a link, or a stream of it, ended.

use loqa_protocol::Problem;
use quinn::{ConnectionError, ReadError, VarInt, WriteError};
use std::{fmt, io};

/// What is told to the other side: a number on the wire, and words beside it where a connection is closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// It is not needed any more.
    Done,
    /// Nobody wants the answer.
    Cancelled,
    /// What only another version knows.
    UnknownKind,
    /// What is no frame.
    Garbage,
    /// More at a time than is permitted.
    TooMany,
    /// What should have come did not.
    Late,
    /// The hub has told why.
    Refused,
    /// Nothing was heard any more.
    Silent,
    /// The node was removed from the household.
    Revoked,
    /// The same node came again.
    Replaced,
    /// With a new certificate: come again.
    Renewed,
    /// The program ends.
    Stopping,
    /// It was paired for something else.
    NotForThat,
    /// The hub's settings want no page.
    NoPage,
    /// A number that only another version knows.
    Other(u32),
}

const NUMBERED: [(Reason, u32, &str); 14] = [
    (Reason::Done, 0, "it is not needed any more"),
    (Reason::Cancelled, 1, "nobody wants the answer any more"),
    (
        Reason::UnknownKind,
        2,
        "that is a kind this version does not know",
    ),
    (Reason::Garbage, 3, "what came is no frame"),
    (
        Reason::TooMany,
        4,
        "that is more at a time than is permitted",
    ),
    (Reason::Late, 5, "what should have come did not"),
    (Reason::Refused, 6, "the hub refused"),
    (Reason::Silent, 7, "nothing was heard any more"),
    (
        Reason::Revoked,
        8,
        "this node was removed from the household",
    ),
    (Reason::Replaced, 9, "the same node came again"),
    (Reason::Renewed, 10, "come again with the new certificate"),
    (Reason::Stopping, 11, "the program ends"),
    (
        Reason::NotForThat,
        12,
        "this node was paired for something else",
    ),
    (Reason::NoPage, 13, "the hub shows no page"),
];

impl Reason {
    pub(super) fn code(self) -> VarInt {
        let known = NUMBERED.iter().find(|(reason, ..)| *reason == self);
        VarInt::from_u32(match (known, self) {
            (Some((_, number, _)), _) => *number,
            (None, Reason::Other(number)) => number,
            (None, _) => 0,
        })
    }

    pub(super) fn of_code(code: VarInt) -> Reason {
        let number = u32::try_from(code.into_inner()).unwrap_or(u32::MAX);
        let known = NUMBERED.iter().find(|(_, it, _)| *it == number);
        known.map_or(Reason::Other(number), |(reason, ..)| *reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NUMBERED.iter().find(|(reason, ..)| reason == self) {
            Some((_, _, words)) => f.write_str(words),
            None => write!(
                f,
                "for a reason that this version does not know: {:?}",
                self
            ),
        }
    }
}

/// Why there is no link, or no answer over it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LinkError {
    /// Nobody answers: try again later.
    #[error("{0} does not answer")]
    Unreachable(String),
    /// One does not trust the other: pair anew.
    #[error("the two do not trust each other: {0}\n  help: pair the node with the hub again")]
    NotTrusted(String),
    /// The hub has said why, and what to do.
    #[error("{0}")]
    Refused(Problem),
    /// The other side has closed the link: try again, unless it was removed.
    #[error("the other side closed the link: {words}")]
    Closed {
        /// By number.
        reason: Reason,
        /// What it said besides.
        words: String,
    },
    /// Nothing was heard for too long, or the other side has started anew: try again.
    #[error("the link was lost: {0}")]
    Lost(String),
    /// This stream was ended by the other side; the link goes on.
    #[error("the other side ended the stream: {0}")]
    Reset(Reason),
    /// What came is no frame, or not one that belongs there.
    #[error("{0}")]
    Garbage(String),
    /// This machine cannot.
    #[error("the link cannot be set up here: {0}")]
    Here(String),
}

impl LinkError {
    /// Whether a person has to do something before it can work.
    pub fn needs_somebody(&self) -> bool {
        match self {
            LinkError::NotTrusted(_) | LinkError::Refused(_) | LinkError::Here(_) => true,
            LinkError::Closed { reason, .. } => *reason == Reason::Revoked,
            _ => false,
        }
    }
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> LinkError {
        match error {
            ConnectionError::ApplicationClosed(close) => {
                let reason = Reason::of_code(close.error_code);
                let words = String::from_utf8_lossy(&close.reason);
                let words = match words.is_empty() {
                    true => reason.to_string(),
                    // They are shown to people: not whatever comes.
                    false => words
                        .chars()
                        .filter(|it| !it.is_control())
                        .take(200)
                        .collect(),
                };
                LinkError::Closed { reason, words }
            }
            // An alert of TLS is 0x100 and its number.
            ConnectionError::TransportError(error) if is_alert(u64::from(error.code)) => {
                LinkError::NotTrusted(error.reason)
            }
            ConnectionError::ConnectionClosed(close) if is_alert(u64::from(close.error_code)) => {
                LinkError::NotTrusted(String::from_utf8_lossy(&close.reason).into_owned())
            }
            error => LinkError::Lost(error.to_string()),
        }
    }
}

fn is_alert(code: u64) -> bool {
    (0x100..0x200).contains(&code)
}

impl From<ReadError> for LinkError {
    fn from(error: ReadError) -> LinkError {
        match error {
            ReadError::Reset(code) => LinkError::Reset(Reason::of_code(code)),
            ReadError::ConnectionLost(error) => error.into(),
            error => LinkError::Lost(error.to_string()),
        }
    }
}

impl From<WriteError> for LinkError {
    fn from(error: WriteError) -> LinkError {
        match error {
            WriteError::Stopped(code) => LinkError::Reset(Reason::of_code(code)),
            WriteError::ConnectionLost(error) => error.into(),
            error => LinkError::Lost(error.to_string()),
        }
    }
}

impl From<io::Error> for LinkError {
    fn from(error: io::Error) -> LinkError {
        LinkError::Here(error.to_string())
    }
}
