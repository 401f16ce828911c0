//! Barge-in: somebody speaks while Loqa speaks or rings. Two frames that may be a voice lower its
//! own; 200 ms of voice end the reply; after a cough the volume returns. Whatever it is doing,
//! "stop" ends it.

use crate::{
    grammar::{Context, Grammar},
    seams::FRAME_SAMPLES,
};

/// What a voice is lowered to while it is not sure that somebody interrupts, dB.
pub const DUCKED_DB: f32 = -18.0;

/// Frames in a row that lower the voice.
const ONSET: u32 = 2;
/// Voiced frames that end a reply: 200 ms. A cough has fewer.
const CONFIRMED: u32 = 10;
/// Unvoiced frames in a row after which it is over: 240 ms, longer than the gap in "stop it".
const OVER: u32 = 12;
/// Frames after which it is no "stop" any more, but talk: 4 s.
const TALK: u32 = 200;
/// Samples before the onset that belong to what is said: 200 ms.
const PREROLL: u64 = 10 * FRAME_SAMPLES as u64;
/// P(speech) of a voiced frame.
const VOICED: f32 = 0.6;
/// P(speech) of a frame that may be the first of a voice. The score takes 60–100 ms to rise over
/// the first consonant, the level none.
const LIKELY: f32 = 0.5;
/// The same where the frame stands clear of the echo and of the room's noise. Lower ones let what
/// is left of an echo, or the noise in its pauses, lower the voice several times a minute.
const LIKELY_CLEAR: f32 = 0.35;
/// How far a voice stands above what may be left of Loqa's own, dB: the rest of an echo comes this
/// close to its usual level one frame in a hundred.
const ABOVE_ECHO_DB: f32 = 7.0;
/// How far a clear one stands above it, and above the noise, dB.
const CLEAR_OF_ECHO_DB: f32 = 15.0;
const CLEAR_OF_NOISE_DB: f32 = 12.0;
/// How the noise is followed, dB a frame: down at once, up by 5 dB a second.
const NOISE_DOWN_DB: f32 = 6.0;
const NOISE_UP_DB: f32 = 0.1;

/// What may be interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sounding {
    /// Nothing: silence.
    Nothing,
    /// Something that "stop" alone ends: a timer that rings, the answer to somebody else.
    Ring,
    /// The reply to whoever is listened to.
    Reply,
}

/// One frame of the room, its echo removed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ear {
    /// First sample, on the microphone's clock.
    pub offset: u64,
    /// P(speech) in [0, 1].
    pub score: f32,
    /// Its level, dBFS.
    pub level_db: f32,
    /// How far it stands above what may be left in it of Loqa's own voice, dB; −∞ where the two
    /// cannot be told from each other.
    pub above_echo_db: f32,
}

impl Ear {
    /// A frame whose first sample is `offset`.
    pub fn new(offset: u64, samples: &[f32], score: f32, above_echo_db: f32) -> Ear {
        let square = samples.iter().map(|sample| sample * sample).sum::<f32>();
        let level_db = 10.0 * (square / samples.len().max(1) as f32).max(1e-12).log10();
        Ear {
            offset,
            score,
            level_db,
            above_echo_db,
        }
    }
}

/// What to do about it, in this order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Lower the voice to [`DUCKED_DB`].
    Duck,
    /// Recognise what is said from this sample on, in case it is "stop".
    Listen {
        /// First sample.
        from: u64,
    },
    /// Somebody has the word, from this sample on: be silent at once.
    Yield {
        /// First sample.
        from: u64,
    },
    /// They have finished.
    Finish,
    /// The volume returns.
    Restore,
}

/// Decides on every frame. Feed each once and in order.
#[derive(Clone, Debug, Default)]
pub struct BargeIn {
    speech: Option<Speech>,
    /// Frames in a row that may be a voice.
    row: u32,
    /// Level of the room's noise, dBFS; full scale until the first frames have told.
    noise_db: f32,
}

#[derive(Clone, Copy, Debug)]
struct Speech {
    from: u64,
    frames: u32,
    voiced: u32,
    unvoiced: u32,
    yielded: bool,
}

impl BargeIn {
    /// Hears the next frame while this sounds.
    pub fn hear(&mut self, ear: Ear, sounding: Sounding, acts: &mut Vec<Act>) {
        let above_echo = ear.above_echo_db >= ABOVE_ECHO_DB;
        let voiced = above_echo && ear.score >= VOICED;
        let above_noise_db = ear.level_db - self.noise_db;
        let clear = ear.above_echo_db >= CLEAR_OF_ECHO_DB && above_noise_db >= CLEAR_OF_NOISE_DB;
        let likely = above_echo && ear.score >= if clear { LIKELY_CLEAR } else { LIKELY };
        self.noise_db += (0.3 * above_noise_db).clamp(-NOISE_DOWN_DB, NOISE_UP_DB);
        self.row = if likely { self.row + 1 } else { 0 };
        let Some(speech) = &mut self.speech else {
            // Talk that goes on since before is no interruption: it must pause first.
            if self.row == ONSET && sounding != Sounding::Nothing {
                let onset = ear.offset.saturating_sub(FRAME_SAMPLES as u64);
                let from = onset.saturating_sub(PREROLL);
                acts.extend([Act::Duck, Act::Listen { from }]);
                self.speech = Some(Speech {
                    from,
                    frames: ONSET,
                    voiced: ONSET,
                    unvoiced: 0,
                    yielded: false,
                });
            }
            return;
        };
        speech.frames += 1;
        speech.voiced += u32::from(voiced);
        speech.unvoiced = if voiced { 0 } else { speech.unvoiced + 1 };
        if speech.voiced >= CONFIRMED && sounding == Sounding::Reply && !speech.yielded {
            speech.yielded = true;
            acts.push(Act::Yield { from: speech.from });
        }
        if speech.unvoiced >= OVER || speech.frames >= TALK {
            self.speech = None;
            acts.extend([Act::Finish, Act::Restore]);
        }
    }
}

/// Do these words ask for silence, and for nothing else?
pub fn is_stop(grammar: &Grammar, words: &str) -> bool {
    grammar
        .parse(&Context::Commands, words)
        .is_some_and(|matched| match matched.steps.as_slice() {
            [only] => only.skill == "loqa" && only.intent == "stop",
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        home::Home,
        manifest::{Intent, Manifest},
    };
    use Sounding::{Nothing, Reply, Ring};
    use expect_test::{Expect, expect};

    /// What comes of a room: `#` somebody speaks, `<` begins to, `=` Loqa's own voice, `x` both,
    /// `.` silence, `~` noise; a character for each frame. Milliseconds at which frames were complete.
    #[track_caller]
    fn check(room: &str, sounding: Sounding, expect: Expect) {
        let mut barge_in = BargeIn::default();
        let mut told = Vec::new();
        for (number, mark) in (0..).zip(room.chars()) {
            let (score, level_db, above_echo_db) = match mark {
                '#' => (0.9, -20.0, f32::INFINITY),
                '<' => (0.4, -35.0, 20.0),
                'x' => (0.9, -20.0, 14.0),
                '=' => (0.9, -50.0, 2.0),
                '~' => (0.4, -40.0, f32::INFINITY),
                _ => (0.1, -60.0, f32::INFINITY),
            };
            let mut acts = Vec::new();
            let offset = number * FRAME_SAMPLES as u64;
            let ear = Ear {
                offset,
                score,
                level_db,
                above_echo_db,
            };
            barge_in.hear(ear, sounding, &mut acts);
            let ms = (number + 1) * 20;
            told.extend(acts.into_iter().map(|act| match act {
                Act::Listen { from } => format!("{ms} listen from {}", from / 16),
                Act::Yield { from } => format!("{ms} yield from {}", from / 16),
                act => format!("{ms} {act:?}").to_lowercase(),
            }));
        }
        expect.assert_eq(&told.join("\n"));
    }

    fn row(marks: &[(&str, usize)]) -> String {
        marks
            .iter()
            .map(|(mark, frames)| mark.repeat(*frames))
            .collect()
    }

    #[test]
    fn a_cough_lowers_the_voice_and_does_not_end_the_reply() {
        check(
            &row(&[("=", 20), ("x", 7), ("=", 30)]),
            Reply,
            expect![[r#"
                440 duck
                440 listen from 200
                780 finish
                780 restore"#]],
        );
    }

    #[test]
    fn a_command_ends_the_reply_after_two_hundred_milliseconds() {
        check(
            &row(&[
                ("=", 20),
                ("x", 6),
                ("=", 2),
                ("x", 4),
                ("#", 20),
                (".", 20),
            ]),
            Reply,
            expect![[r#"
                440 duck
                440 listen from 200
                640 yield from 200
                1280 finish
                1280 restore"#]],
        );
    }

    #[test]
    fn the_first_consonant_lowers_the_voice_but_a_fan_does_not() {
        check(
            &row(&[(".", 20), ("<", 4), ("#", 8), (".", 20)]),
            Reply,
            expect![[r#"
                440 duck
                440 listen from 200
                640 yield from 200
                880 finish
                880 restore"#]],
        );
        check(&row(&[("~", 200)]), Reply, expect![""]);
    }

    #[test]
    fn a_timer_rings_on_until_the_words_are_known() {
        check(
            &row(&[(".", 20), ("#", 18), (".", 20)]),
            Ring,
            expect![[r#"
                440 duck
                440 listen from 200
                1000 finish
                1000 restore"#]],
        );
    }

    #[test]
    fn its_own_echo_a_click_and_talk_over_silence_are_nothing() {
        check(&row(&[("=", 200)]), Reply, expect![""]);
        check(&row(&[("=", 20), ("x", 1), ("=", 20)]), Reply, expect![""]);
        check(&row(&[("#", 200)]), Nothing, expect![""]);
    }

    #[test]
    fn talk_that_does_not_end_is_left_alone() {
        check(
            &row(&[("#", 500)]),
            Ring,
            expect![[r#"
                40 duck
                40 listen from 0
                4000 finish
                4000 restore"#]],
        );
    }

    #[test]
    fn only_stop_is_stop() {
        let intent = |name: &str, sentence: &str| Intent {
            name: name.into(),
            sentences: vec![sentence.into()],
            ..Intent::default()
        };
        let loqa = Manifest {
            name: "loqa".into(),
            intents: vec![intent("stop", "stop [it]"), intent("undo", "undo that")],
            ..Manifest::default()
        };
        let grammar = Grammar::compile(&[loqa], &Home::default()).expect("it compiles");
        let stops = [
            "stop",
            "stop it",
            "undo that",
            "stop and undo that",
            "",
            "st",
        ];
        assert_eq!(
            stops.map(|words| is_stop(&grammar, words)),
            [true, true, false, false, false, false]
        );
    }
}
