//! The PIN of an owner, which some changes need where an owner has one.

use super::{Edited, Model};
use loqa_protocol::{ClientFrame, ServerFrame};

/// What the hub wants an owner's PIN for, it says with this code.
const WANTED: &str = "owner_pin";

/// Whether it was given.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Owner {
    /// It was, and counts for some minutes.
    pub unlocked: bool,
    /// Something was refused without it.
    pub wanted: bool,
    /// What became of the one that was typed.
    pub outcome: Edited,
}

impl Owner {
    /// Sees whether something is refused without it, whatever that was.
    pub(super) fn notice(&mut self, frame: &ServerFrame) {
        if let ServerFrame::Problem { problem, .. } = frame
            && problem.code == WANTED
        {
            (self.unlocked, self.wanted) = (false, true);
        }
    }

    /// Takes the hub's answer, if the frame is one to this.
    pub(super) fn hear(&mut self, frame: &ServerFrame) -> bool {
        let heard = self.outcome.hear(frame);
        if heard && self.outcome == Edited::Done {
            self.given();
        }
        heard
    }

    /// The hub has taken it.
    pub(super) fn given(&mut self) {
        (self.unlocked, self.wanted) = (true, false);
    }
}

impl Model {
    /// Types it.
    pub fn unlock(&mut self, pin: &str) -> ClientFrame {
        let id = self.next_id();
        self.people.owner.outcome = Edited::Waiting(id);
        ClientFrame::Unlock {
            id,
            pin: pin.into(),
        }
    }
}
