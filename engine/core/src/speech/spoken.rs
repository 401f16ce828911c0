//! What has been said so far: words and the pauses between them.

/// Pauses from weak to strong; of several in a row the strongest counts.
const PAUSES: &str = ",;:.!?";

/// Builds speakable text: one space or one pause between words, none before the first.
#[derive(Default)]
pub(super) struct Spoken {
    text: String,
    pause: Option<char>,
    /// The last word as it stood in the text, lower case; empty after a number or a pause.
    previous: String,
}

impl Spoken {
    /// Adds one or several words.
    pub(super) fn word(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.extend(self.pause);
            self.text.push(' ');
        }
        self.pause = None;
        self.previous.clear();
        self.text.push_str(words);
    }

    /// Adds a word that the words after it may refer to: "March 5", "in 2026".
    pub(super) fn remembered_word(&mut self, words: &str, written: &str) {
        self.word(words);
        self.previous = written.to_lowercase();
    }

    /// Adds one of `. , ; : ! ?`.
    pub(super) fn pause(&mut self, mark: char) {
        let strength = |mark: char| PAUSES.find(mark);
        if self
            .pause
            .is_none_or(|pause| strength(pause) < strength(mark))
        {
            self.pause = Some(mark);
        }
        self.previous.clear();
    }

    /// The word before, if nothing stood between.
    pub(super) fn previous(&self) -> &str {
        &self.previous
    }

    /// The text, with the pause at its end if it ends a sentence.
    pub(super) fn finish(mut self) -> String {
        if !self.text.is_empty() {
            self.text
                .extend(self.pause.filter(|pause| matches!(pause, '.' | '!' | '?')));
        }
        self.text
    }
}
