//! What was opened, to where, and how much went over it. In memory alone, and no more than the
//! latest.

use super::Purpose;
use super::Request;
use loqa_protocol::PrivacyScope;
use serde::Serialize;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Connections that are remembered; the oldest goes first.
const LATEST: usize = 256;

/// One connection.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Entry {
    /// When it was wanted, Unix ms.
    pub at_ms: u64,
    /// What for.
    pub purpose: Purpose,
    /// Host and port.
    pub host: String,
    /// Over TLS?
    pub encrypted: bool,
    /// Scope of the conversation whose words went out; `None` where no words of a person did.
    pub scope: Option<PrivacyScope>,
    /// What became of it.
    pub outcome: Outcome,
    /// Bytes, before encryption.
    pub sent: u64,
    /// Bytes, after decryption.
    pub received: u64,
}

/// What became of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is being made, or is open.
    Open,
    /// It was open.
    Closed,
    /// Nobody answered there.
    Failed,
    /// It is not permitted.
    Refused,
}

/// All of them, oldest first.
#[derive(Default)]
pub(super) struct Record(Mutex<VecDeque<Arc<Open>>>);

/// A connection under way.
pub(super) struct Open {
    begun: Entry,
    outcome: Mutex<Outcome>,
    pub sent: AtomicU64,
    pub received: AtomicU64,
}

impl Record {
    pub fn begin(&self, request: &Request<'_>) -> Arc<Open> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let at_ms = since.map_or(0, |since| since.as_millis() as u64);
        let open = Arc::new(Open {
            begun: Entry {
                at_ms,
                purpose: request.purpose,
                host: request.to.place(),
                encrypted: request.to.is_encrypted(),
                scope: request.scope,
                outcome: Outcome::Open,
                sent: 0,
                received: 0,
            },
            outcome: Mutex::new(Outcome::Open),
            sent: AtomicU64::default(),
            received: AtomicU64::default(),
        });
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() >= LATEST {
            latest.pop_front();
        }
        latest.push_back(open.clone());
        open
    }

    pub fn entries(&self) -> Vec<Entry> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.iter().map(|open| open.entry()).collect()
    }
}

impl Open {
    pub fn end(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }

    fn entry(&self) -> Entry {
        Entry {
            outcome: *self.outcome.lock().unwrap_or_else(PoisonError::into_inner),
            sent: self.sent.load(Relaxed),
            received: self.received.load(Relaxed),
            ..self.begun.clone()
        }
    }
}
