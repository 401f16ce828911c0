//! The cards that skills show, in memory only, for those who begin to watch.

use loqa_protocol::{Envelope, card};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The cards that are shown.
pub(super) struct Cards {
    started: Instant,
    shown: Mutex<card::Cards>,
}

impl Default for Cards {
    fn default() -> Self {
        Cards {
            started: Instant::now(),
            shown: Mutex::default(),
        }
    }
}

impl Cards {
    /// Remembers the card of an event that has one.
    pub fn note(&self, envelope: &Envelope) {
        self.shown().note(envelope, self.now_ms());
    }

    /// The events that show them to somebody who comes now.
    pub fn events(&self) -> Vec<Envelope> {
        self.shown().events(self.now_ms()).collect()
    }

    fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Whole whenever the lock is free, even after a panic.
    fn shown(&self) -> MutexGuard<'_, card::Cards> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::{Event, PrivacyScope, QosTier, SessionId, card::Card};
    use std::time::Duration;

    fn event(id: &str, title: &str, minutes: u64) -> Envelope {
        Envelope {
            trace_id: 1,
            session_id: SessionId(1),
            turn: None,
            actor_id: String::new(),
            origin: "hub".into(),
            seq: 0,
            at_ms: 0,
            capability_tier: QosTier::Fast,
            privacy_scope: PrivacyScope::Ephemeral,
            event: Event::VisualCardUpdate(Card {
                skill: "tea".into(),
                id: id.into(),
                title: title.into(),
                stays_ms: minutes * 60_000,
                ..Card::default()
            }),
        }
    }

    fn told(cards: &Cards) -> Vec<(String, u64)> {
        let events = cards.events().into_iter();
        let card = |envelope: Envelope| match envelope.event {
            Event::VisualCardUpdate(card) => Some((card.title, card.stays_ms / 60_000)),
            _ => None,
        };
        events.filter_map(card).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_later_is_shown_what_stays_still_and_for_how_long() {
        let cards = Cards::default();
        cards.note(&event("brew", "green", 3));
        cards.note(&event("serve", "cake", 10));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(told(&cards), [("green".into(), 2), ("cake".into(), 9)]);
        cards.note(&event("brew", "black", 3));
        assert_eq!(told(&cards), [("cake".into(), 9), ("black".into(), 3)]);
        tokio::time::advance(Duration::from_secs(3 * 60)).await;
        assert_eq!(told(&cards), [("cake".into(), 6)]);
        tokio::time::advance(Duration::from_secs(6 * 60)).await;
        assert_eq!(told(&cards), []);
    }
}
