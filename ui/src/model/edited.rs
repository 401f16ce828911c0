//! What became of something that the hub was asked to change.

use loqa_protocol::{Problem, ServerFrame};

/// What became of a change.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Edited {
    /// There was none.
    #[default]
    Nothing,
    /// The hub has it, as this request.
    Waiting(u32),
    /// It is so.
    Done,
    /// It is not, and why.
    Refused(Problem),
}

impl Edited {
    /// Takes the hub's answer, if the frame is one to this.
    pub(super) fn hear(&mut self, frame: &ServerFrame) -> bool {
        match (&*self, frame) {
            (Edited::Waiting(asked), ServerFrame::Problem { id, problem }) if asked == id => {
                *self = Edited::Refused(problem.clone());
            }
            (Edited::Waiting(asked), ServerFrame::Done { id }) if asked == id => {
                *self = Edited::Done;
            }
            _ => return false,
        }
        true
    }
}
