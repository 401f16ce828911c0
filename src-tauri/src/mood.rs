//! What the tray tells: how Loqa is in one word, folded from what the hub shows.

use crate::words::{words, words_of_hub, words_with};
use loqa_protocol::{Event, Phase, ViewPart, view::Listening};

/// How Loqa is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mood {
    /// It waits to be called.
    Waiting,
    /// What it hears is for it.
    Listening,
    /// It finds out what was meant, and does it.
    Thinking,
    /// It answers.
    Speaking,
    /// It hears nothing, as somebody wants it.
    Muted,
    /// There is no hub yet.
    Starting,
    /// The hub is not there any more.
    Away,
    /// It is about to hear.
    Opening,
    /// It cannot hear, and why.
    Deaf(String),
    /// Something does not work as it should, and what, as the hub says it.
    Degraded(String),
}

impl Mood {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            Mood::Waiting => words("tray-waiting"),
            Mood::Listening => words("tray-listening"),
            Mood::Thinking => words("tray-thinking"),
            Mood::Speaking => words("tray-speaking"),
            Mood::Muted => words("tray-muted"),
            Mood::Starting => words("tray-starting"),
            Mood::Away => words("tray-away"),
            Mood::Opening => words("tray-opening"),
            Mood::Deaf(why) => words_with("tray-deaf", "why", words_of_hub(why)),
            Mood::Degraded(why) => words_of_hub(why),
        }
    }
}

/// All that the mood depends on.
#[derive(Debug, Default)]
pub struct Scene {
    ears: Listening,
    phase: Phase,
    trouble: Option<String>,
}

impl Scene {
    /// Takes in what the hub shows.
    pub fn see(&mut self, part: &ViewPart) {
        match part {
            ViewPart::House(_) | ViewPart::State(_) => {}
            ViewPart::Listening(ears) => self.ears = ears.clone(),
            ViewPart::Event(envelope) => self.happen(&envelope.event),
        }
    }

    fn happen(&mut self, event: &Event) {
        self.phase = self.phase.after(event);
        match event {
            Event::Degraded { message, .. } => self.trouble = Some(message.clone()),
            // The next turn may go better.
            Event::SpeechStarted | Event::NluResponse { .. } => self.trouble = None,
            _ => {}
        }
    }

    /// Whether what it hears is for it.
    pub fn listens(&self) -> bool {
        self.ears.awake
    }

    /// Whether it hears nothing, as somebody wants it.
    pub fn is_muted(&self) -> bool {
        self.ears.muted
    }

    /// What matters most of it.
    pub fn mood(&self) -> Mood {
        match (self.phase, &self.trouble) {
            (Phase::Speaking, _) => Mood::Speaking,
            (Phase::Thinking, _) => Mood::Thinking,
            (Phase::Hearing, _) => Mood::Listening,
            (Phase::Idle, Some(trouble)) => Mood::Degraded(trouble.clone()),
            _ if self.ears.muted => Mood::Muted,
            _ if self.ears.awake => Mood::Listening,
            _ if self.ears.microphone.is_some() => Mood::Waiting,
            _ if self.ears.why.is_empty() => Mood::Opening,
            _ => Mood::Deaf(self.ears.why.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::{Envelope, PrivacyScope, QosTier, SessionId, TurnSummary};

    fn event(event: Event) -> ViewPart {
        ViewPart::Event(Envelope {
            trace_id: 1,
            session_id: SessionId(1),
            turn: None,
            actor_id: String::new(),
            origin: "hub".into(),
            seq: 0,
            at_ms: 0,
            capability_tier: QosTier::Fast,
            privacy_scope: PrivacyScope::Ephemeral,
            event,
        })
    }

    fn ears(microphone: &str, awake: bool, muted: bool, why: &str) -> ViewPart {
        ViewPart::Listening(Listening {
            microphone: (!microphone.is_empty()).then(|| microphone.into()),
            awake,
            muted,
            why: why.into(),
        })
    }

    /// The moods that follow from each other.
    fn moods(parts: impl IntoIterator<Item = ViewPart>) -> Vec<String> {
        let mut scene = Scene::default();
        let mut moods = Vec::new();
        for part in parts {
            scene.see(&part);
            moods.push(scene.mood().words());
        }
        moods.dedup();
        moods
    }

    fn text() -> String {
        "turn off the light".into()
    }

    fn planned() -> ViewPart {
        event(Event::NluResponse {
            text: text(),
            intents: Vec::new(),
            reply: String::new(),
        })
    }

    #[test]
    fn a_spoken_turn_is_heard_thought_about_and_answered() {
        let ended = event(Event::SpeechEnded {
            endpoint_delay_ms: 40.0,
            state: "closed".into(),
        });
        let turn = [
            ears("usb", false, false, ""),
            ears("usb", true, false, ""),
            event(Event::SpeechStarted),
            planned(),
            ended,
            event(Event::ReplyStarted { text: text() }),
            event(Event::TurnSummary(TurnSummary::default())),
            ears("usb", false, false, ""),
            event(Event::ReplyEnded { heard_ms: 900 }),
        ];
        let expected = "Waits to be called, Listens, Thinks, Speaks, Waits to be called";
        assert_eq!(moods(turn).join(", "), expected);
    }

    #[test]
    fn what_is_missing_is_told_until_it_is_back() {
        let silent = event(Event::Degraded {
            what: "tts".into(),
            message: "no voice".into(),
            help: String::new(),
        });
        let day = [
            ears("", false, false, ""),
            ears("", false, false, "unplugged"),
            ears("usb", false, false, ""),
            ears("usb", false, true, ""),
            ears("usb", false, false, ""),
            silent,
            event(Event::TurnSummary(TurnSummary::default())),
            planned(),
            event(Event::TurnSummary(TurnSummary::default())),
        ];
        let expected = "Opens the microphone, Does not listen: unplugged, Waits to be called, \
             Muted, Waits to be called, no voice, Thinks, Waits to be called";
        assert_eq!(moods(day).join(", "), expected);
    }
}
