//! Whom Loqa listens to: which frames of the room reach a conversation, and when.
//!
//! Asleep, none does; a wake phrase (or a key) opens the gate at the end of the phrase, so that the
//! command may follow without a pause. It closes when the person has been answered, unless Loqa
//! has asked something.

use crate::seams::{AudioFrame, FRAME_SAMPLES, SAMPLE_RATE_HZ, Wake};
use std::collections::VecDeque;

/// Frames kept in case a wake phrase is noticed late: 500 ms.
const PREROLL_FRAMES: usize = 25;
/// Samples in which a command must begin after the wake phrase: 5 s.
const WINDOW: u64 = 5 * SAMPLE_RATE_HZ as u64;
/// Samples for which Loqa's own voice is still in the room after it left the speaker: 300 ms.
const ECHO: u64 = 3 * SAMPLE_RATE_HZ as u64 / 10;

/// What a conversation is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attention {
    /// Somebody speaks, or is being answered.
    pub busy: bool,
    /// Loqa has asked something and waits for the answer.
    pub asking: bool,
    /// A reply is audible.
    pub speaking: bool,
}

/// What became of the gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admitted {
    /// Nothing of the room goes to the conversation.
    Nothing,
    /// This frame does.
    Frame,
    /// It has just closed: the audio of the conversation ends here.
    Closed,
}

/// Decides on every frame, on the sample clock.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Open without a wake phrase?
    always: bool,
    open: bool,
    /// Sample at which it closes if nobody says anything.
    until: u64,
    /// Sample up to which Loqa may hear itself.
    echo_until: u64,
    /// What Loqa says is being silenced, and no longer its word.
    yielded: bool,
    /// Whoever called has finished: silence follows, whatever the room hears.
    finished: bool,
    preroll: VecDeque<AudioFrame>,
}

impl Gate {
    /// A gate that a wake phrase opens.
    pub fn closed() -> Gate {
        Gate {
            always: false,
            open: false,
            until: 0,
            echo_until: 0,
            yielded: false,
            finished: false,
            preroll: VecDeque::with_capacity(PREROLL_FRAMES + 1),
        }
    }

    /// A gate that is always open.
    pub fn open() -> Gate {
        Gate {
            always: true,
            open: true,
            ..Gate::closed()
        }
    }

    /// Is it open?
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether it is to be shown by what follows that this was a call; `doubting`: it is open for one of which that is not
    /// known either.
    pub fn doubts(&self, wake: &Wake, attention: Attention, doubting: bool) -> bool {
        // Whoever calls into a conversation most likely means it.
        let idle = !self.open && attention == Attention::default();
        wake.doubted && (idle || doubting)
    }

    /// Hears the next frame. While Loqa speaks, nobody can give it a command without a call: the
    /// frame is then silence. Who may interrupt it is decided in [`crate::barge_in`].
    pub fn hear(&mut self, frame: &mut AudioFrame, attention: Attention) -> Admitted {
        let now = frame.offset;
        self.yielded &= attention.speaking;
        if attention.speaking && !self.yielded {
            self.echo_until = now + ECHO;
        }
        self.preroll.push_back(frame.clone());
        if self.preroll.len() > PREROLL_FRAMES {
            self.preroll.pop_front();
        }
        if !self.open {
            return Admitted::Nothing;
        }
        if !self.always && !attention.busy && !attention.asking && now >= self.until {
            self.open = false;
            return Admitted::Closed;
        }
        // What Loqa asks then, anybody may answer.
        self.finished &= !attention.asking;
        if now < self.echo_until || self.finished {
            frame.samples = [0.0; FRAME_SAMPLES].into();
        }
        Admitted::Frame
    }

    /// Opens at sample `end`, where a wake phrase ended; the frames since then, which have been
    /// heard already. What Loqa is saying will be silenced.
    pub fn wake(&mut self, end: u64) -> Vec<AudioFrame> {
        self.open = true;
        self.finished = false;
        self.until = end + WINDOW;
        self.interrupted();
        self.since(end)
    }

    /// What Loqa is saying will be silenced: what is said from now on is admitted.
    pub fn interrupted(&mut self) {
        // Until it has heard so, it still counts as speaking.
        self.yielded = self.echo_until > 0;
        self.echo_until = 0;
    }

    /// What was heard from this sample on, for at most 500 ms.
    pub fn since(&self, sample: u64) -> Vec<AudioFrame> {
        let after = |frame: &&AudioFrame| frame.offset + FRAME_SAMPLES as u64 > sample;
        let cut = |frame: &AudioFrame| {
            let before = sample.saturating_sub(frame.offset) as usize;
            let samples = frame.samples.iter().enumerate();
            AudioFrame {
                offset: frame.offset,
                samples: samples
                    .map(|(index, sample)| if index < before { 0.0 } else { *sample })
                    .collect(),
            }
        };
        self.preroll.iter().filter(after).map(cut).collect()
    }

    /// Whoever called has said all: what the room hears until they are answered is not for Loqa.
    pub fn finished(&mut self) {
        self.finished = !self.always;
        self.until = 0;
    }

    /// A command was answered: what follows needs another wake phrase, unless Loqa has asked.
    pub fn answered(&mut self) {
        self.until = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Attention = Attention {
        busy: false,
        asking: false,
        speaking: false,
    };

    /// Seconds of a room in which everything is loud; what is admitted of them: `.` nothing, `#`
    /// sound, `_` silence, `|` closed; a character for each 100 ms.
    struct Room {
        gate: Gate,
        offset: u64,
    }

    impl Room {
        fn hears(&mut self, tenths: usize, attention: Attention) -> String {
            let mut admitted = String::new();
            for frame in 0..tenths * 5 {
                let mut heard = AudioFrame {
                    offset: self.offset,
                    samples: [0.5; FRAME_SAMPLES].into(),
                };
                self.offset += FRAME_SAMPLES as u64;
                let mark = match self.gate.hear(&mut heard, attention) {
                    Admitted::Nothing => '.',
                    Admitted::Closed => '|',
                    Admitted::Frame if heard.samples[0] == 0.0 => '_',
                    Admitted::Frame => '#',
                };
                if frame % 5 == 0 || mark == '|' {
                    admitted.push(mark);
                }
            }
            admitted
        }
    }

    #[test]
    fn asleep_nothing_is_admitted_and_a_command_may_follow_the_phrase_without_a_pause() {
        let mut room = Room {
            gate: Gate::closed(),
            offset: 0,
        };
        assert_eq!(room.hears(10, IDLE), "..........");
        // Noticed 210 ms after it ended.
        let end = room.offset - 3360;
        let since = room.gate.wake(end);
        assert_eq!(since.len(), 11);
        assert_eq!(since[0].samples[..160], [0.0; 160]);
        assert_eq!(since[0].samples[160..], [0.5; 160]);
        assert_eq!(room.hears(3, IDLE), "###");
        let busy = Attention { busy: true, ..IDLE };
        assert_eq!(room.hears(60, busy), "#".repeat(60));
        room.gate.answered();
        assert_eq!(room.hears(3, IDLE), "|..");
    }

    #[test]
    fn whoever_lets_the_key_go_has_finished_and_is_answered() {
        let mut room = Room {
            gate: Gate::closed(),
            offset: 0,
        };
        room.gate.wake(0);
        let busy = Attention { busy: true, ..IDLE };
        assert_eq!(room.hears(3, busy), "###");
        room.gate.finished();
        assert_eq!(room.hears(3, busy), "___");
        let asking = Attention {
            asking: true,
            ..busy
        };
        assert_eq!(room.hears(2, asking), "##", "the answer to a question");
        assert_eq!(room.hears(2, IDLE), "|.");
        // Nothing was said.
        let end = room.offset;
        room.gate.wake(end);
        room.gate.finished();
        assert_eq!(room.hears(2, IDLE), "|.");
        // Without calls there is none that could end.
        room.gate = Gate::open();
        room.gate.finished();
        assert_eq!(room.hears(2, IDLE), "##");
    }

    #[test]
    fn it_closes_when_nothing_follows_the_phrase() {
        let mut room = Room {
            gate: Gate::closed(),
            offset: 0,
        };
        room.gate.wake(0);
        assert_eq!(room.hears(52, IDLE), format!("{}|.", "#".repeat(50)));
    }

    #[test]
    fn after_a_question_no_phrase_is_needed_and_its_own_voice_is_not_heard() {
        let mut room = Room {
            gate: Gate::closed(),
            offset: 0,
        };
        room.gate.wake(0);
        let asking = Attention {
            busy: true,
            asking: true,
            speaking: true,
        };
        assert_eq!(room.hears(4, asking), "____");
        room.gate.answered();
        let waiting = Attention {
            asking: true,
            ..IDLE
        };
        assert_eq!(room.hears(80, waiting), format!("___{}", "#".repeat(77)));
        assert_eq!(room.hears(2, IDLE), "|.");
        // Addressed in the middle of a reply.
        room.hears(2, asking);
        let end = room.offset;
        room.gate.wake(end);
        assert_eq!(room.hears(2, IDLE), "##");
    }
}
