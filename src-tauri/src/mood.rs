//! What the tray tells: how Loqa is in one word, folded from what the hub shows.

use loqa_protocol::{Event, ViewPart, view::Listening};

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
    /// Something does not work as it should, and what.
    Degraded(String),
}

impl Mood {
    /// For people.
    pub fn words(&self) -> &str {
        match self {
            Mood::Waiting => "Waits to be called",
            Mood::Listening => "Listens",
            Mood::Thinking => "Thinks",
            Mood::Speaking => "Speaks",
            Mood::Muted => "Muted",
            Mood::Degraded(why) => why,
        }
    }
}

/// All that the mood depends on.
#[derive(Debug, Default)]
pub struct Scene {
    ears: Listening,
    act: Act,
    trouble: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Act {
    #[default]
    Nothing,
    Hearing,
    Thinking,
    Speaking,
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
        self.act = match event {
            Event::SpeechStarted | Event::SttPartial { .. } => Act::Hearing,
            // Prepared while somebody still speaks.
            Event::NluResponse { .. } if self.act == Act::Hearing => Act::Hearing,
            Event::SpeechEnded { .. } | Event::NluResponse { .. } | Event::SkillInvoke { .. } => {
                Act::Thinking
            }
            Event::ReplyStarted { .. } => Act::Speaking,
            Event::ReplyEnded { .. } => Act::Nothing,
            // It may come before the reply has ended.
            Event::TurnSummary(_) if self.act != Act::Speaking => Act::Nothing,
            _ => self.act,
        };
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
        match (self.act, &self.trouble) {
            (Act::Speaking, _) => Mood::Speaking,
            (Act::Thinking, _) => Mood::Thinking,
            (Act::Hearing, _) => Mood::Listening,
            (Act::Nothing, Some(trouble)) => Mood::Degraded(trouble.clone()),
            _ if self.ears.muted => Mood::Muted,
            _ if self.ears.awake => Mood::Listening,
            _ if self.ears.microphone.is_some() => Mood::Waiting,
            _ if self.ears.why.is_empty() => Mood::Degraded("Opens the microphone".into()),
            _ => Mood::Degraded(format!("Does not listen: {}", self.ears.why)),
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
            moods.push(scene.mood().words().to_owned());
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
