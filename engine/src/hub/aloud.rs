//! What skills say aloud besides the reply: once the reply has been said.

use loqa_protocol::{Envelope, Event, SessionId, TurnId};
use std::sync::{Mutex, PoisonError};

/// Sentences that wait for the end of their turn.
#[derive(Default)]
pub(super) struct Aloud(Mutex<Vec<(Turn, String)>>);

type Turn = (SessionId, Option<TurnId>);

/// Sentences that wait at most; the oldest goes first.
const MOST: usize = 32;

impl Aloud {
    /// Remembers a sentence, or tells what is to be said now that its turn has ended.
    pub fn note(&self, envelope: &Envelope) -> Vec<String> {
        let turn = (envelope.session_id, envelope.turn);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &envelope.event {
            Event::SkillNotice {
                text, aloud: true, ..
            } => {
                if waiting.len() == MOST {
                    waiting.remove(0);
                }
                waiting.push((turn, text.clone()));
                Vec::new()
            }
            Event::TurnSummary(_) => {
                let due = waiting.extract_if(.., |(whose, _)| *whose == turn);
                due.map(|(_, text)| text).collect()
            }
            _ => Vec::new(),
        }
    }
}
