//! Somebody in a room: says what they have to say, answers what they are asked, and waits for an answer.

use super::{
    model::Words,
    world::{MS, Machine, Told, World},
};
use loqa_link::wire::audio::codec::Samples;
use std::{collections::VecDeque, time::Duration};

/// Frames of silence after the last word that are still sent.
const TAIL: usize = 60;
/// Nobody waits longer for an answer.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// What Loqa waits for.
const SILENCE: Duration = Duration::from_secs(10);

/// A sentence, and what is said if Loqa asks something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Talk {
    pub text: String,
    /// Frames that `…` lasts.
    pause: usize,
    /// Empty: silence.
    answer: String,
    /// So long after the question.
    answer_after: Duration,
    /// So long after the last.
    pub after: Duration,
}

impl Talk {
    pub fn new(text: &str) -> Talk {
        Talk {
            text: text.into(),
            pause: 0,
            answer: String::new(),
            answer_after: 600 * MS,
            after: Duration::ZERO,
        }
    }

    pub fn with_pause(self, pause: usize) -> Talk {
        Talk { pause, ..self }
    }

    pub fn answered(self, answer: &str) -> Talk {
        Talk {
            answer: answer.into(),
            ..self
        }
    }

    /// The answer comes when nobody waits for it any more.
    pub fn late(self) -> Talk {
        Talk {
            answer_after: SILENCE,
            ..self
        }
    }

    /// Whatever may be said of it.
    pub fn words(&self) -> [&str; 2] {
        [&self.text, &self.answer]
    }
}

enum State {
    Waits,
    Speaks(VecDeque<Samples>),
    Listens(Duration),
}

/// See the module.
pub struct Person {
    /// Where they are: a puck, or the hub's own microphone.
    pub at: Machine,
    talks: VecDeque<Talk>,
    state: State,
    answer: Option<(String, Duration)>,
    heard: String,
    over: bool,
}

/// What a person does next.
pub enum Does {
    /// Calls, and begins to speak.
    Calls,
    /// Goes on.
    Frame(Box<Samples>),
    /// Has said all.
    Silence,
    Nothing,
}

impl Person {
    pub fn new(at: Machine, talks: Vec<Talk>) -> Person {
        Person {
            at,
            talks: talks.into(),
            state: State::Waits,
            answer: None,
            heard: String::new(),
            over: false,
        }
    }

    /// When they begin.
    pub fn first(&self) -> Option<Duration> {
        self.talks.front().map(|talk| talk.after + 1000 * MS)
    }

    /// Whether they have said and heard all.
    pub fn is_done(&self) -> bool {
        self.talks.is_empty() && self.answer.is_none() && matches!(self.state, State::Waits)
    }

    /// What they do now, and when the next thing.
    pub fn goes_on(&mut self, words: &Words, world: &mut World) -> (Does, Option<Duration>) {
        let now = world.now;
        let at = self.at;
        match &mut self.state {
            State::Waits => {
                let (text, pause) = match self.answer.take() {
                    Some((answer, _)) => (answer, 0),
                    None => {
                        let Some(talk) = self.talks.pop_front() else {
                            return (Does::Nothing, None);
                        };
                        let answer = Some((talk.answer, talk.answer_after));
                        self.answer = answer.filter(|(it, _)| !it.is_empty());
                        (talk.text, talk.pause)
                    }
                };
                world.say(|| format!("{at:?} ← “{text}”"));
                world.witness.says(at, &text, now);
                self.heard.clear();
                self.over = false;
                self.state = State::Speaks(words.said(&text, pause, TAIL).into());
                (Does::Calls, Some(now + 20 * MS))
            }
            State::Speaks(frames) => match frames.pop_front() {
                Some(frame) if !self.over => (Does::Frame(Box::new(frame)), Some(now + 20 * MS)),
                _ if self.over => self.next(now),
                _ => {
                    self.state = State::Listens(now + PATIENCE);
                    (Does::Silence, Some(now + PATIENCE))
                }
            },
            State::Listens(until) => {
                if !self.over && *until > now {
                    return (Does::Nothing, None);
                }
                if !self.over {
                    world
                        .witness
                        .wrong(format!("nobody answers the person at {at:?}"));
                }
                self.next(now)
            }
        }
    }

    fn next(&mut self, now: Duration) -> (Does, Option<Duration>) {
        self.state = State::Waits;
        let asked = self.heard.ends_with('?');
        if let Some((_, after)) = self.answer.as_ref().filter(|_| asked) {
            return (Does::Silence, Some(now + *after));
        }
        // They were not asked, or say nothing.
        self.answer = None;
        let pause = if asked { SILENCE } else { Duration::ZERO };
        let next = self.talks.front().map(|talk| now + pause + talk.after);
        (Does::Silence, next)
    }

    /// What the machine in the room says. When to go on, if that changes it.
    pub fn hears(&mut self, told: Told, world: &mut World) -> Option<Duration> {
        let at = self.at;
        world.say(|| format!("{at:?} → {told:?}"));
        match told {
            Told::Words(words) => {
                if !self.heard.is_empty() {
                    self.heard.push(' ');
                }
                self.heard.push_str(&words);
                None
            }
            Told::Over | Told::Failed(_) => {
                if let Told::Failed(why) = &told {
                    self.heard = (*why).into();
                }
                self.over = true;
                matches!(self.state, State::Listens(_)).then_some(world.now)
            }
        }
    }
}
