//! The turns of the last minutes, in memory only, for those who begin to watch.

use loqa_protocol::{Envelope, Event};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How far back it reaches: so many turns
const CAPACITY: usize = 250;
/// in so long.
const REACH: Duration = Duration::from_secs(15 * 60);

/// Finished turns, oldest first.
#[derive(Default)]
pub(super) struct Recent(Mutex<VecDeque<(Instant, Envelope)>>);

impl Recent {
    /// Remembers an event that ends a turn.
    pub fn note(&self, envelope: &Envelope) {
        if !matches!(envelope.event, Event::TurnSummary(_)) {
            return;
        }
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() == CAPACITY {
            turns.pop_front();
        }
        turns.push_back((Instant::now(), envelope.clone()));
    }

    /// What is remembered still.
    pub fn turns(&self) -> Vec<Envelope> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|(at, _)| at.elapsed() <= REACH);
        turns.iter().map(|(_, turn)| turn.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::{PrivacyScope, QosTier, SessionId, TurnSummary};

    fn envelope(seq: u64, event: Event) -> Envelope {
        Envelope {
            trace_id: 1,
            session_id: SessionId(1),
            turn: None,
            actor_id: String::new(),
            origin: "hub".into(),
            seq,
            at_ms: 0,
            capability_tier: QosTier::Fast,
            privacy_scope: PrivacyScope::Ephemeral,
            event,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_forgotten_after_a_quarter_of_an_hour_and_nothing_else_is_kept() {
        let recent = Recent::default();
        let turn = || Event::TurnSummary(TurnSummary::default());
        recent.note(&envelope(1, turn()));
        recent.note(&envelope(2, Event::SpeechStarted));
        tokio::time::advance(REACH / 2).await;
        (3..=3 + CAPACITY as u64).for_each(|seq| recent.note(&envelope(seq, turn())));
        assert_eq!(recent.turns().len(), CAPACITY);
        assert_eq!(recent.turns()[0].seq, 4, "the oldest give way");
        tokio::time::advance(REACH).await;
        assert_eq!(recent.turns().len(), CAPACITY, "just in time");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(recent.turns().is_empty());
    }
}
