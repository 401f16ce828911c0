//! How the endpointer listens: every threshold and where it comes from.

use std::time::Duration;

/// What the words so far let one expect, and so how much silence ends the utterance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub enum Expectation {
    /// Nothing more: no continuation could change what was said.
    Closed,
    /// Complete, but it may go on.
    Extendable,
    /// Complete, and any words may follow.
    Open,
    /// It must go on, or no words are known yet.
    #[default]
    Incomplete,
    /// The rest of a number: "ten … minutes". People stop there to think.
    Number,
    /// What was said must not be done in haste: unlocking, opening a garage.
    Grave,
}

impl Expectation {
    /// Is the sentence not complete, or not known to be?
    pub fn is_unfinished(self) -> bool {
        matches!(self, Expectation::Incomplete | Expectation::Number)
    }

    /// Its word in events and logs.
    pub fn name(self) -> &'static str {
        match self {
            Expectation::Closed => "closed",
            Expectation::Extendable => "extendable",
            Expectation::Open => "open",
            Expectation::Incomplete => "incomplete",
            Expectation::Number => "number",
            Expectation::Grave => "grave",
        }
    }
}

/// Silence that ends an utterance, by expectation.
///
/// The figures come from the latency design (closed 30–40 ms, extendable 160–180, open 250–350,
/// incomplete 700); `cargo xtask bench voice` shows what they cost in delay and lost words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hangover {
    /// After a closed sentence.
    pub closed: Duration,
    /// After an extendable one.
    pub extendable: Duration,
    /// Inside free text.
    pub open: Duration,
    /// In the middle of a sentence.
    pub incomplete: Duration,
    /// In the middle of a number.
    pub number: Duration,
    /// Before something that asks for confirmation.
    pub grave: Duration,
}

impl Default for Hangover {
    fn default() -> Self {
        Hangover {
            closed: Duration::from_millis(40),
            extendable: Duration::from_millis(165),
            open: Duration::from_millis(300),
            incomplete: Duration::from_millis(700),
            number: Duration::from_millis(1200),
            grave: Duration::from_millis(700),
        }
    }
}

impl Hangover {
    /// Silence that ends the utterance.
    pub fn of(&self, expectation: Expectation) -> Duration {
        match expectation {
            Expectation::Closed => self.closed,
            Expectation::Extendable => self.extendable,
            Expectation::Open => self.open,
            Expectation::Incomplete => self.incomplete,
            Expectation::Number => self.number,
            Expectation::Grave => self.grave,
        }
    }
}

/// When quiet is believed.
///
/// Before a consonant such as the `t` of "light" the mouth is closed for 40–100 ms, and the level
/// as low as after a word. But P(speech) then stays above 0.7 (three quarters of such closures),
/// while 40 ms after a word it has fallen below 0.65 (three quarters of the ends), 100 ms after it
/// below 0.4 (earshot, on the twelve synthetic voices of the tests).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Calm {
    /// P(speech) below which it is.
    pub score: f32,
    /// Time beyond the hangover after which it is, whatever the score says.
    pub doubt: Duration,
}

/// How the endpointer listens.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EndpointConfig {
    /// Silence that ends an utterance.
    pub hangover: Hangover,
    /// P(speech) from which a frame may begin an utterance.
    pub onset_score: f32,
    /// P(speech) below which a frame is not speech, whatever its level.
    pub offset_score: f32,
    /// When quiet is believed to be the end of a closed sentence.
    pub calm: Calm,
    /// The same where the sentence may go on: the first sounds of a word raise the score before
    /// the level.
    pub calm_unsure: Calm,
    /// An utterance no longer than this may be the first syllable of a longer one…
    pub brief: Duration,
    /// …and ends after this much silence at the earliest.
    pub brief_hangover: Duration,
    /// Voiced time that makes an onset; shorter is a click.
    pub onset: Duration,
    /// Audio before the onset that belongs to the utterance: soft consonants come first.
    pub preroll: Duration,
    /// Unvoiced time that counts as a pause inside the utterance.
    pub pause: Duration,
    /// Longest utterance, onset to forced endpoint.
    pub max_utterance: Duration,
    /// A block this far above the noise floor can be voiced, dB.
    pub above_noise_db: f32,
    /// A block this far below the utterance's own level is not voiced, dB.
    pub below_speech_db: f32,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        EndpointConfig {
            hangover: Hangover::default(),
            onset_score: 0.5,
            offset_score: 0.3,
            calm: Calm {
                score: 0.65,
                doubt: Duration::from_millis(50),
            },
            calm_unsure: Calm {
                score: 0.4,
                doubt: Duration::from_millis(30),
            },
            brief: Duration::from_millis(400),
            brief_hangover: Duration::from_millis(100),
            onset: Duration::from_millis(60),
            preroll: Duration::from_millis(300),
            pause: Duration::from_millis(20),
            max_utterance: Duration::from_secs(15),
            above_noise_db: 6.0,
            below_speech_db: 48.0,
        }
    }
}
