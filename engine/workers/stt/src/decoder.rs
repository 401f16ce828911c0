//! A model that reads a stretch of speech as words, as the rest of this program sees it.

/// A stretch of speech as words.
pub trait Decoder: Send {
    /// Reads `audio` (16 kHz mono, at most [`LONGEST`] samples). Ends early, with
    /// [`DecodeError::Stopped`], soon after `stop` begins to say so.
    fn decode(
        &mut self,
        audio: &[f32],
        ask: &Ask<'_>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Decoded, DecodeError>;
}

/// Samples of 16 kHz that are read at once: 29 s; whisper has room for 30.
pub const LONGEST: usize = 29 * 16_000;

/// How to read.
#[derive(Clone, Copy, Default)]
pub struct Ask<'a> {
    /// Words that are likely, the likeliest first.
    pub likely: &'a [String],
    /// ISO 639-1; `None`: detected.
    pub language: Option<&'a str>,
    /// Whether it matters when each word was said.
    pub times: bool,
}

/// What was read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Decoded {
    /// In order.
    pub words: Vec<Word>,
    /// P(nobody speaks), in [0, 1].
    pub no_speech: f32,
    /// Mean natural logarithm of the tokens' probabilities; 0 is certainty.
    pub mean_log_probability: f32,
    /// ISO 639-1, as asked for or detected.
    pub language: Option<String>,
}

/// A word, as it is written, with its punctuation.
#[derive(Clone, PartialEq, Debug)]
pub struct Word {
    pub text: String,
    /// First sample after it, from the beginning of the audio; 0 where times were not asked for.
    pub end: usize,
}

/// Why nothing was read.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// Nobody wants to know any more.
    #[error("it was stopped")]
    Stopped,
    /// The model failed.
    #[error("{0}")]
    Failed(String),
}
