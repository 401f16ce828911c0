//! What calls of skills took, for as long as somebody looks.

use super::Model;
use loqa_protocol::{ClientFrame, ServerFrame};
use serde::Deserialize;

/// So many are shown.
const ROWS: usize = 50;

/// The latest calls.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Calls {
    /// Newest first.
    pub latest: Vec<Call>,
    /// Somebody looks.
    watched: bool,
    /// The request that is under way.
    asked: Option<u32>,
    /// A turn has ended since.
    stale: bool,
}

/// One call of a skill's code.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Call {
    /// When it was over: Unix time, ms.
    pub at_ms: i64,
    /// Whose.
    pub skill: String,
    /// `prepare` or `commit`.
    pub step: String,
    /// What it took in all, µs; this and the next two not of one that failed.
    pub total_us: Option<u64>,
    /// Questions to the hub.
    pub calls: Option<u32>,
    /// Most memory, bytes.
    pub memory: Option<u64>,
    /// Why there was no answer.
    pub fault: Option<String>,
}

impl Calls {
    /// Takes the hub's answer, if the frame is one to this.
    pub(super) fn hear(&mut self, frame: &ServerFrame) -> bool {
        match frame {
            ServerFrame::Json { id, json } if Some(*id) == self.asked => {
                self.latest = serde_json::from_str(json).unwrap_or_default();
                self.latest.reverse();
                self.latest.truncate(ROWS);
            }
            ServerFrame::Problem { id, .. } if Some(*id) == self.asked => {}
            _ => return false,
        }
        self.asked = None;
        true
    }

    /// Whether there may be more than what was answered.
    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    /// The connection is gone: nothing comes of what was asked.
    pub(super) fn close(&mut self) {
        self.asked = None;
    }
}

impl Model {
    /// Somebody looks at what calls took, or no longer does.
    pub fn watch_calls(&mut self, watched: bool) -> Option<ClientFrame> {
        self.calls.watched = watched;
        self.ask_calls()
    }

    /// A turn is over: asks again, one request at a time.
    pub(super) fn ask_calls(&mut self) -> Option<ClientFrame> {
        self.calls.stale = self.calls.asked.is_some();
        if self.calls.stale || !self.calls.watched {
            return None;
        }
        let id = self.next_id();
        self.calls.asked = Some(id);
        Some(ClientFrame::SkillCalls { id })
    }
}
