//! The PINs that conversations wait for, for screens that come while they do: any screen of the house may be nearer.

use loqa_protocol::{Envelope, Event, SessionId};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Which conversations wait for one.
#[derive(Default)]
pub(super) struct Wanted(Mutex<BTreeMap<SessionId, Envelope>>);

impl Wanted {
    /// Remembers that one is wanted, until it is not any more.
    pub fn note(&self, envelope: &Envelope) {
        let Event::PinWanted { wanted } = envelope.event else {
            return;
        };
        match wanted {
            true => drop(self.all().insert(envelope.session_id, envelope.clone())),
            false => drop(self.all().remove(&envelope.session_id)),
        }
    }

    /// The events that tell it to somebody who comes now, of conversations that are still there.
    pub fn events(&self, is_there: impl Fn(SessionId) -> bool) -> Vec<Envelope> {
        let mut all = self.all();
        all.retain(|session, _| is_there(*session));
        all.values().cloned().collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<SessionId, Envelope>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::{PrivacyScope, QosTier};

    #[test]
    fn who_comes_later_sees_that_a_pin_is_wanted_for_as_long_as_it_is() {
        let wanted = Wanted::default();
        let tell = |session, is_wanted| {
            wanted.note(&Envelope {
                trace_id: 1,
                session_id: SessionId(session),
                turn: None,
                actor_id: String::new(),
                origin: "hub".into(),
                seq: 0,
                at_ms: 0,
                capability_tier: QosTier::Fast,
                privacy_scope: PrivacyScope::Ephemeral,
                event: Event::PinWanted { wanted: is_wanted },
            });
        };
        let shown = |gone| {
            let events = wanted.events(|session| session != SessionId(gone));
            let sessions = events.into_iter().map(|event| event.session_id.0);
            sessions.collect::<Vec<_>>()
        };
        [1, 2, 3]
            .into_iter()
            .for_each(|session| tell(session, true));
        tell(2, false);
        assert_eq!(shown(0), [1, 3]);
        assert_eq!(shown(3), [1]);
        assert_eq!(shown(0), [1]);
    }
}
