//! Keeps silence from the decoder: it costs time, and short words are heard in it.

/// Steps of 10 ms that sound like speech in a row before the gate opens.
const OPENS_AFTER: usize = 10;
/// Steps let through from before it opened, besides those.
const BEFORE: usize = 20;
/// Steps in a row that do not, before what follows waits: the decoder hears that the words have
/// ended, and nothing of what others say then.
pub(super) const ENOUGH_SILENCE: usize = 20;
/// The same, before it closes, and what has waited is dropped.
pub(super) const CLOSES_AFTER: usize = 50;

/// Opens at speech, a little in retrospect.
pub(super) struct Gate<T> {
    /// Steps in a row without speech that pass.
    enough_silence: usize,
    open: bool,
    /// Steps in a row that speak against the present state.
    against: usize,
    /// What may still be let through.
    waiting: std::collections::VecDeque<T>,
}

impl<T> Gate<T> {
    /// Closed. So many steps without speech pass, at most [`CLOSES_AFTER`].
    pub(super) fn new(enough_silence: usize) -> Self {
        Self {
            enough_silence,
            open: false,
            against: 0,
            waiting: std::collections::VecDeque::new(),
        }
    }

    /// Forgets everything and closes.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.enough_silence);
    }

    /// Whether the next step would pass at once.
    pub(super) fn is_passing(&self) -> bool {
        self.open && self.against < self.enough_silence
    }

    /// Takes the next step; appends what passes to `through`.
    pub(super) fn push(&mut self, step: T, speech: bool, through: &mut Vec<T>) {
        self.against = if speech == self.open {
            0
        } else {
            self.against + 1
        };
        self.waiting.push_back(step);
        if self.open {
            if self.against <= self.enough_silence {
                through.extend(self.waiting.drain(..));
            }
            if self.against >= CLOSES_AFTER {
                (self.open, self.against) = (false, 0);
            }
        } else if self.against >= OPENS_AFTER {
            (self.open, self.against) = (true, 0);
            through.extend(self.waiting.drain(..));
        } else if self.waiting.len() > BEFORE + OPENS_AFTER {
            self.waiting.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_passes_with_its_beginning_and_silence_does_not() {
        let mut gate = Gate::new(ENOUGH_SILENCE);
        let mut through = Vec::new();
        let speech = |step: usize| (100..200).contains(&step) || (220..260).contains(&step);
        for step in 0..500 {
            gate.push(step, speech(step), &mut through);
        }
        assert_eq!(through, (79..280).collect::<Vec<_>>());
    }
}
