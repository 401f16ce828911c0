//! Which of the words so far will stay: those that two readings in a row agree on, as LocalAgreement-2 of
//! Macháček, Dabre and Bojar, "Turning Whisper into Real-Time Transcription System" (2023), has it.

use crate::decoder::Word;

/// How far apart the same word may stand in two readings.
const SHIFT: usize = 2;

/// Words of one utterance, as readings of it come in.
#[derive(Default)]
pub struct Agreement {
    committed: Vec<Word>,
    tentative: Vec<Word>,
}

impl Agreement {
    /// Takes the next reading of the same audio, or of more of it.
    pub fn read(&mut self, words: &[Word]) {
        let rest = words[self.after_committed(words)..].to_vec();
        let agreed = self
            .tentative
            .iter()
            .zip(&rest)
            .take_while(|(before, now)| alike(before, now))
            .count();
        self.committed.extend(rest[..agreed].iter().cloned());
        self.tentative = rest[agreed..].to_vec();
    }

    /// Takes the last reading: all of it stays.
    pub fn conclude(&mut self, words: &[Word]) {
        let rest = words[self.after_committed(words)..].to_vec();
        self.committed.extend(rest);
        self.tentative.clear();
    }

    /// Words that will not change, whatever is read.
    pub fn committed(&self) -> &[Word] {
        &self.committed
    }

    /// Words that may.
    pub fn tentative(&self) -> &[Word] {
        &self.tentative
    }

    /// The audio of the first so many committed words is not read again.
    pub fn forget(&mut self, words: usize) -> Vec<Word> {
        self.committed.drain(..words).collect()
    }

    /// So many samples at the beginning of the audio have gone.
    pub fn shift(&mut self, samples: usize) {
        for word in self.committed.iter_mut().chain(&mut self.tentative) {
            word.end = word.end.saturating_sub(samples);
        }
    }

    /// Where in a reading what comes after the committed words begins: after the last of them, if it
    /// stands near where it should, or after as many words.
    fn after_committed(&self, words: &[Word]) -> usize {
        let expected = self.committed.len();
        let Some(last) = self.committed.last() else {
            return 0;
        };
        (expected.saturating_sub(SHIFT).max(1)..=expected + SHIFT)
            .filter(|end| words.get(end - 1).is_some_and(|word| alike(word, last)))
            .min_by_key(|end| end.abs_diff(expected))
            .unwrap_or(expected)
            .min(words.len())
    }
}

/// The same word, whatever stands around it.
fn alike(one: &Word, other: &Word) -> bool {
    let letters = |word: &Word| -> String {
        let letters = word.text.chars().filter(|letter| letter.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        let word = |text: &str| Word {
            text: text.into(),
            end: 0,
        };
        text.split_whitespace().map(word).collect()
    }

    /// Readings one after the other; what is committed and what is not, after each.
    fn read(readings: &[&str]) -> Vec<String> {
        let mut agreement = Agreement::default();
        let line = |words: &[Word]| {
            let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
            texts.join(" ")
        };
        let mut said = Vec::new();
        for reading in readings {
            agreement.read(&words(reading));
            said.push(format!(
                "{} | {}",
                line(agreement.committed()),
                line(agreement.tentative())
            ));
        }
        said
    }

    #[test]
    fn what_two_readings_agree_on_stays() {
        assert_eq!(
            read(&[
                "Turn",
                "Turn of",
                "Turn off the",
                "Turn off the kitchen",
                "Turn off the kitchen lights."
            ]),
            [
                " | Turn",
                "Turn | of",
                "Turn | off the",
                "Turn off the | kitchen",
                "Turn off the kitchen | lights.",
            ]
        );
    }

    #[test]
    fn a_reading_that_goes_back_on_its_word_changes_nothing_that_stays() {
        assert_eq!(
            read(&[
                "call me",
                "call me later",
                "tall knee later on",
                "later",
                ""
            ]),
            [
                " | call me",
                "call me | later",
                "call me later | on",
                "call me later | ",
                "call me later | ",
            ]
        );
        // A word more before what is known: the rest is found by its neighbour.
        assert_eq!(
            read(&["set a timer", "set a timer", "So, set a timer for ten"])[2],
            "set a timer | for ten"
        );
    }

    #[test]
    fn the_last_reading_is_taken_as_it_is() {
        let mut agreement = Agreement::default();
        agreement.read(&words("what is"));
        agreement.read(&words("what is the"));
        agreement.conclude(&words("what is the weather"));
        assert_eq!(agreement.committed(), words("what is the weather"));
        assert!(agreement.tentative().is_empty());
    }
}
