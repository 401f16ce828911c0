//! What sounds in the house besides replies.

use super::Shared;
use crate::{
    alarm::{self, Alarm, RingVoice},
    tasks::TaskKind,
};
use loqa_protocol::{Envelope, Event, PrivacyScope, SessionId};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

impl Shared {
    /// Rings timers from now on.
    pub(super) fn ring_timers(self: &Arc<Self>) {
        let session = SessionId(rand::random());
        let seq = AtomicU64::new(0);
        let hub = Arc::downgrade(self);
        let alarm = Alarm {
            household: self.household.clone(),
            voice: Some(self.voice()),
            ring_for: Duration::from_secs(u64::from(self.config.timers.ring_min) * 60),
            zone: self.zone.clone(),
            announce: Arc::new(move |event| {
                let Some(hub) = hub.upgrade() else { return };
                let seq = seq.fetch_add(1, Ordering::Relaxed);
                hub.announce(hub.own_event(session, seq, event));
            }),
            does: {
                let hub = Arc::downgrade(self);
                Arc::new(move |sentence| {
                    if let Some(hub) = hub.upgrade() {
                        hub.say_to_itself(sentence);
                    }
                })
            },
        };
        self.tasks.spawn(
            TaskKind::ESSENTIAL,
            "alarm",
            alarm::run(alarm, self.tasks.cancelled()),
        );
    }

    /// An event of the house that is no part of a conversation, and that nobody keeps.
    pub(super) fn own_event(&self, session: SessionId, seq: u64, event: Event) -> Envelope {
        Envelope {
            trace_id: session.0,
            session_id: session,
            turn: None,
            actor_id: String::new(),
            origin: "hub".into(),
            seq,
            at_ms: self.household.read().wall.as_millisecond(),
            capability_tier: self.config.conversation.tier,
            privacy_scope: PrivacyScope::Ephemeral,
            event,
        }
    }

    /// Says what a skill wants everybody to hear.
    pub(super) fn say_aloud(&self, text: String) {
        let said = alarm::say(self.voice(), text);
        self.tasks.spawn(TaskKind::BACKGROUND, "aloud", said);
    }

    /// What sounds that is no reply.
    fn voice(&self) -> RingVoice {
        RingVoice {
            speaker: self.floor.clone(),
            tts: self.models.tts.clone(),
            voice: self.models.voice.clone(),
        }
    }
}
