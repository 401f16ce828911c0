//! Whether words were said, or made up: whisper writes sentences into silence, music and noise.
//!
//! Thresholds of probability and compression are those of OpenAI's `whisper/transcribe.py`; the others are
//! looser than any speech.

use crate::decoder::Decoded;
use miniz_oxide::deflate::compress_to_vec_zlib;
use std::time::Duration;

/// Less voice than this is a click or a breath.
const LEAST_VOICE: Duration = Duration::from_millis(120);
/// P(nobody speaks) above which an uncertain reading is none.
const NO_SPEECH: f32 = 0.6;
/// Mean logarithm of probabilities below which a reading is uncertain.
const UNCERTAIN: f32 = -1.0;
/// What is this unlikely was not said, whoever speaks.
const HOPELESS: f32 = -2.0;
/// A text that compresses better repeats itself.
const COMPRESSION: f64 = 2.4;
/// Characters below which compression tells nothing.
const COMPRESSIBLE: usize = 60;
/// Nobody says more letters in a second of voice: a third more than an auctioneer.
const LETTERS_PER_S: f64 = 45.0;
/// So many words the same, or the same two or three, one after the other.
const REPEATED: usize = 4;
/// What training on subtitles has left; believed only where little speaks against it.
const SUBTITLES: [&str; 8] = [
    "thank you for watching",
    "thanks for watching",
    "thank you so much for watching",
    "please subscribe",
    "subscribe to my channel",
    "subtitles by the amara org community",
    "untertitel der amara org community",
    "untertitel im auftrag des zdf",
];
/// P(nobody speaks) above which they are not.
const SUBTITLED: f32 = 0.2;

/// Why these words, read from audio with so much voice in it, were not said; `None` if they were.
pub fn made_up(read: &Decoded, voice: Duration) -> Option<&'static str> {
    let texts: Vec<String> = read.words.iter().map(|word| letters(&word.text)).collect();
    let texts: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .filter(|it| !it.is_empty())
        .collect();
    if texts.is_empty() {
        return Some("there are no words");
    }
    let text = texts.join(" ");
    if voice < LEAST_VOICE {
        return Some("nobody spoke");
    }
    if read.no_speech > NO_SPEECH && read.mean_log_probability < UNCERTAIN {
        return Some("probably nobody spoke");
    }
    if read.mean_log_probability < HOPELESS {
        return Some("the words are too unlikely");
    }
    let unsure = read.no_speech > SUBTITLED || read.mean_log_probability < UNCERTAIN;
    if unsure && SUBTITLES.contains(&text.as_str()) {
        return Some("it is what subtitles say");
    }
    if text.chars().count() as f64 > LETTERS_PER_S * (voice.as_secs_f64() + 0.3) {
        return Some("there are more words than anybody could have said");
    }
    if text.len() >= COMPRESSIBLE {
        let squeezed = compress_to_vec_zlib(text.as_bytes(), 6).len();
        if text.len() as f64 / squeezed as f64 > COMPRESSION {
            return Some("the words repeat themselves");
        }
    }
    (1..=3)
        .any(|length| repeats(&texts, length))
        .then_some("the words repeat themselves")
}

/// Are the same so many words said again and again?
fn repeats(words: &[&str], length: usize) -> bool {
    words.windows(length * REPEATED).any(|window| {
        window
            .chunks(length)
            .all(|chunk| chunk == &window[..length])
    })
}

/// Lower case, without punctuation.
fn letters(word: &str) -> String {
    let spaced = word.chars().map(|it| {
        if it.is_alphanumeric() || it == '\'' {
            it
        } else {
            ' '
        }
    });
    let text: String = spaced.flat_map(char::to_lowercase).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::Word;

    fn read(text: &str, no_speech: f32, mean_log_probability: f32) -> Decoded {
        let word = |text: &str| Word {
            text: text.into(),
            end: 0,
        };
        Decoded {
            words: text.split_whitespace().map(word).collect(),
            no_speech,
            mean_log_probability,
            language: None,
        }
    }

    #[test]
    fn what_was_said_passes() {
        let second = Duration::from_secs(1);
        for (text, voice) in [
            ("Turn off the kitchen lights.", second * 2),
            ("No.", second / 4),
            ("Yes, yes, yes!", second),
            (
                "Thank you for watching the dog, see you tomorrow at ten.",
                second * 4,
            ),
            (
                "And so my fellow Americans ask not what your country can do for you ask what you can do for your country",
                second * 9,
            ),
            ("Was ist das für ein Geräusch?", second * 2),
        ] {
            assert_eq!(made_up(&read(text, 0.05, -0.3), voice), None, "{text}");
        }
        // Sure of itself although the first token had its doubts, and the other way round.
        assert_eq!(made_up(&read("Stop.", 0.7, -0.4), second / 2), None);
        assert_eq!(made_up(&read("Stop it.", 0.1, -1.3), second / 2), None);
        // Somebody may say it, clearly.
        assert_eq!(
            made_up(&read("Thanks for watching!", 0.02, -0.2), second),
            None
        );
    }

    #[test]
    fn what_was_made_up_does_not() {
        let second = Duration::from_secs(1);
        for (text, no_speech, probability, voice) in [
            ("♪ ♪", 0.1, -0.2, second),
            ("Thank you for watching.", 0.4, -0.5, second),
            ("Untertitel der Amara.org-Community", 0.3, -0.4, second * 2),
            ("Turn off the lights.", 0.1, -0.2, second / 20),
            ("...", 0.1, -0.2, second),
            ("so I think that", 0.9, -1.2, second),
            ("b w9 xk t22 w8", 0.1, -4.0, second * 3),
            (
                "I'm going to go to the store and buy some bread and milk",
                0.1,
                -0.3,
                second / 2,
            ),
            ("you you you you", 0.1, -0.3, second * 3),
            (
                "I don't know. I don't know. I don't know. I don't know. I don't know. I don't know. I don't know.",
                0.1,
                -0.3,
                second * 9,
            ),
        ] {
            let why = made_up(&read(text, no_speech, probability), voice);
            assert!(why.is_some(), "{text}");
        }
    }
}
