//! How far a turn is, as everybody tells who shows what the hub does.

use crate::Event;

/// How far a turn is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Phase {
    /// It is over.
    #[default]
    Idle,
    /// Somebody speaks.
    Hearing,
    /// They have finished.
    Thinking,
    /// Loqa speaks.
    Speaking,
}

impl Phase {
    /// How far it is after this has happened.
    pub fn after(self, event: &Event) -> Phase {
        match event {
            Event::SpeechStarted | Event::SttPartial { .. } => Phase::Hearing,
            // Prepared while somebody still speaks.
            Event::NluResponse { .. } if self == Phase::Hearing => Phase::Hearing,
            Event::SpeechEnded { .. } | Event::SttFinal { .. } => Phase::Thinking,
            Event::NluResponse { .. } | Event::SkillInvoke { .. } => Phase::Thinking,
            Event::ReplyStarted { .. } => Phase::Speaking,
            Event::ReplyEnded { .. } => Phase::Idle,
            Event::TurnSummary(_) => self.over(),
            _ => self,
        }
    }

    /// How far it is after everything has been done, which may be before the reply has ended.
    pub fn over(self) -> Phase {
        match self {
            Phase::Speaking => Phase::Speaking,
            _ => Phase::Idle,
        }
    }
}
