//! One utterance, from its frames to its last words: when to read it again, and what of it stays.

use crate::{
    agreement::Agreement,
    decoder::{Decoded, LONGEST, Word},
    gate::made_up,
    heard::{Heard, RATE},
};
use loqa_protocol::{Hypothesis, Verdict};
use std::time::Duration;

/// Samples that must have come before what is spoken is read again: 0.6 s.
const STEP: usize = RATE * 6 / 10;
/// A machine that takes longer to read does so in pauses only, and at the end.
const SLOW: Duration = Duration::from_millis(700);
/// Voice that is too short to be a word.
const NO_WORD: Duration = Duration::from_millis(40);
/// Samples from which on the beginning is let go of, as soon as its words stay: 16 s.
const ENOUGH: usize = 16 * RATE;
/// Samples before the end that are kept in any case: 5 s.
const CONTEXT: usize = 5 * RATE;

/// What has been heard and read.
#[derive(Default)]
pub struct Listener {
    heard: Heard,
    agreement: Agreement,
    /// Words whose audio has gone.
    gone: Vec<Word>,
    /// The latest reading, where it was not made up, and the sample up to which it goes.
    latest: Option<(Option<Decoded>, usize)>,
    language: Option<String>,
    /// What the latest reading took, and when it was done.
    took: Duration,
    done: Duration,
}

impl Listener {
    /// Hears samples that begin at `offset` on the stream's clock.
    pub fn hear(&mut self, offset: u64, samples: &[f32]) {
        self.heard.hear(offset, samples);
    }

    /// Is there something to be read, while somebody may still speak?
    ///
    /// In a pause at once, so that the words are known by the time it turns out to be the end. Within
    /// speech, where interim words are wanted at all, no more than half of the time goes into reading, and
    /// none on a slow machine.
    pub fn is_due(&self, interim: bool, now: Duration) -> bool {
        if self.is_settled() || self.heard.voice_since(0).is_zero() {
            return false;
        }
        if self.heard.pauses() || self.heard.samples().len() > ENOUGH + CONTEXT {
            return true;
        }
        let new = self.heard.samples().len() - self.read_through();
        interim && new >= STEP && self.took <= SLOW && now >= self.done + self.took
    }

    /// What is to be read: from the beginning of what is kept on.
    pub fn part(&self) -> &[f32] {
        let samples = self.heard.samples();
        &samples[..samples.len().min(LONGEST)]
    }

    /// Does it matter when each word was said?
    pub fn wants_times(&self) -> bool {
        self.part().len() > ENOUGH - CONTEXT
    }

    /// The language that is spoken, once it is known.
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// Takes a reading of the first `through` samples that are kept, from `began` to `done`.
    pub fn read(&mut self, read: Decoded, through: usize, began: Duration, done: Duration) {
        (self.took, self.done) = (done.saturating_sub(began), done);
        let read = self.believed(read);
        if let Some(read) = &read {
            self.agreement.read(&read.words);
        }
        self.latest = Some((read, through));
        if self.heard.samples().len() > ENOUGH {
            self.let_go();
        }
    }

    /// Is all that was said read already?
    pub fn is_settled(&self) -> bool {
        let read = self.latest.as_ref().map(|(_, through)| *through);
        read.is_some_and(|through| self.heard.voice_since(through) < NO_WORD)
    }

    /// Did nobody speak at all?
    pub fn is_silent(&self) -> bool {
        self.gone.is_empty() && self.heard.voice_since(0) < NO_WORD
    }

    /// Is there more than can be read at once?
    pub fn is_too_long(&self) -> bool {
        self.heard.samples().len() > LONGEST
    }

    /// Takes the reading of [`part`](Self::part) as the last one of it.
    pub fn conclude_part(&mut self, read: Decoded) {
        let through = self.part().len();
        if let Some(read) = self.believed(read) {
            self.agreement.conclude(&read.words);
        }
        self.gone
            .extend(self.agreement.forget(self.agreement.committed().len()));
        self.agreement = Agreement::default();
        self.heard.forget(through);
        self.latest = None;
    }

    /// The last words, with the last reading, or with the latest where it is settled.
    pub fn conclude(&mut self, read: Option<Decoded>) -> Hypothesis {
        let read = match read {
            Some(read) => self.believed(read),
            None => self.latest.take().and_then(|(read, _)| read),
        };
        self.agreement
            .conclude(read.as_ref().map_or(&[], |read| &read.words));
        let mut hypothesis = self.hypothesis();
        hypothesis.is_final = true;
        if hypothesis.committed.is_empty() {
            hypothesis.verdict = Verdict::Rejected;
        }
        hypothesis
    }

    /// The words so far.
    pub fn hypothesis(&self) -> Hypothesis {
        let line = |words: &mut dyn Iterator<Item = &Word>| {
            let texts: Vec<&str> = words.map(|word| word.text.as_str()).collect();
            texts.join(" ")
        };
        Hypothesis {
            committed: line(&mut self.gone.iter().chain(self.agreement.committed())),
            tentative: line(&mut self.agreement.tentative().iter()),
            through: self.heard.through(),
            is_final: false,
            verdict: Verdict::Unknown,
        }
    }

    fn read_through(&self) -> usize {
        self.latest.as_ref().map_or(0, |(_, through)| *through)
    }

    /// A reading, unless it was made up.
    fn believed(&mut self, read: Decoded) -> Option<Decoded> {
        if made_up(&read, self.heard.voice_since(0)).is_some() {
            return None;
        }
        self.language = self.language.take().or_else(|| read.language.clone());
        Some(read)
    }

    /// Lets go of audio whose words stay; of all of it, where too much would be kept otherwise.
    fn let_go(&mut self) {
        let kept_from = self.heard.samples().len().saturating_sub(CONTEXT);
        let stays = self.agreement.committed().iter();
        let old = stays.take_while(|word| word.end > 0 && word.end <= kept_from);
        let count = old.count();
        if let Some(last) = count.checked_sub(1) {
            let end = self.agreement.committed()[last].end;
            self.gone.extend(self.agreement.forget(count));
            let went = self.heard.forget(end);
            self.agreement.shift(went);
            self.latest = None;
        } else if self.heard.samples().len() > LONGEST - 2 * RATE
            && let Some((read, through)) = self.latest.take()
        {
            self.agreement
                .conclude(read.as_ref().map_or(&[], |read| &read.words));
            self.gone
                .extend(self.agreement.forget(self.agreement.committed().len()));
            self.heard.forget(through);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heard::RATE;

    const MS: Duration = Duration::from_millis(1);

    /// A voice, roughly: pulses of a pitch that wanders, through formants, in syllables.
    fn voice(seconds: f32) -> Vec<f32> {
        let mut state = [[0.0_f32; 2]; 3];
        let formants = [(700.0, 0.98), (1200.0, 0.97), (2600.0, 0.95)];
        let (mut next, turn) = (0.0, 2.0 * std::f32::consts::PI);
        (0..(seconds * RATE as f32) as usize)
            .map(|at| {
                let now = at as f32 / RATE as f32;
                let pulses = at as f32 >= next;
                if pulses {
                    next += 130.0 + 30.0 * (turn * 1.7 * now).sin();
                }
                let mut sum = 0.0;
                for ((frequency, radius), [last, before]) in formants.iter().zip(&mut state) {
                    let around = 2.0 * radius * (turn * frequency / RATE as f32).cos();
                    let out = f32::from(pulses) + around * *last - radius * radius * *before;
                    (*before, *last) = (*last, out);
                    sum += out;
                }
                sum * 0.1 * (0.55 - 0.45 * (turn * 4.0 * now).cos())
            })
            .collect()
    }

    fn reading(text: &str) -> Decoded {
        let count = text.split_whitespace().count();
        Decoded {
            words: text
                .split_whitespace()
                .enumerate()
                .map(|(at, word)| Word {
                    text: word.into(),
                    end: (at + 1) * RATE * 3 / 10 * usize::from(count > 12),
                })
                .collect(),
            mean_log_probability: -0.2,
            ..Decoded::default()
        }
    }

    fn hear(listener: &mut Listener, samples: &[f32]) {
        let offset = listener.heard.through();
        listener.hear(offset, samples);
    }

    #[test]
    fn what_is_spoken_is_read_in_steps_and_at_once_in_a_pause() {
        let mut listener = Listener::default();
        hear(&mut listener, &[0.0; RATE]);
        assert!(
            !listener.is_due(true, Duration::ZERO),
            "silence is not read"
        );
        assert!(listener.is_silent());
        hear(&mut listener, &voice(1.0));
        assert!(!listener.is_silent());
        assert!(listener.is_due(true, 1000 * MS));
        listener.read(
            reading("turn off"),
            listener.part().len(),
            1000 * MS,
            1200 * MS,
        );
        hear(&mut listener, &voice(0.7));
        assert!(
            !listener.is_due(true, 1300 * MS),
            "as much time is left as was taken"
        );
        assert!(listener.is_due(true, 1400 * MS));
        assert!(
            !listener.is_due(false, 1400 * MS),
            "nobody wants to know yet"
        );
        listener.read(
            reading("turn off the"),
            listener.part().len(),
            1400 * MS,
            1500 * MS,
        );
        let partial = listener.hypothesis();
        assert_eq!(
            (partial.committed.as_str(), partial.tentative.as_str()),
            ("turn off", "the")
        );
        hear(&mut listener, &voice(0.3));
        assert!(!listener.is_due(true, 1800 * MS), "too little has come");
        hear(&mut listener, &[0.0; RATE / 2]);
        assert!(listener.is_due(true, 1800 * MS), "a pause");
        assert!(!listener.is_settled());
        listener.read(
            reading("turn off the lamp"),
            listener.part().len(),
            1800 * MS,
            1900 * MS,
        );
        assert!(listener.is_settled() && !listener.is_due(true, 9000 * MS));
        let last = listener.conclude(None);
        assert_eq!(last.committed, "turn off the lamp");
        assert!(last.is_final && last.verdict == Verdict::Unknown);
        assert_eq!(last.through, 16_000 + 16_000 + 11_200 + 4800 + 8000);
    }

    #[test]
    fn a_slow_machine_reads_in_pauses_only() {
        let mut listener = Listener::default();
        hear(&mut listener, &voice(1.0));
        listener.read(
            reading("turn"),
            listener.part().len(),
            Duration::ZERO,
            900 * MS,
        );
        hear(&mut listener, &voice(3.0));
        assert!(!listener.is_due(true, 20_000 * MS));
        hear(&mut listener, &[0.0; RATE / 2]);
        assert!(listener.is_due(true, 20_000 * MS));
    }

    #[test]
    fn what_was_made_up_is_no_word() {
        let mut listener = Listener::default();
        hear(&mut listener, &voice(1.0));
        let mut subtitles = reading("Thank you for watching.");
        subtitles.no_speech = 0.5;
        listener.read(subtitles.clone(), listener.part().len(), Duration::ZERO, MS);
        assert_eq!(listener.hypothesis().text(), "");
        let last = listener.conclude(Some(subtitles));
        assert_eq!(
            (last.text().as_str(), last.verdict),
            ("", Verdict::Rejected)
        );
    }

    #[test]
    fn a_minute_is_read_piece_by_piece_and_no_word_is_lost_or_said_twice() {
        // Words that do not look like each other, which would be taken for made up.
        let words: Vec<String> = (0..200_u32)
            .map(|at| format!("{:x}", at.wrapping_mul(2_654_435_761) >> 12))
            .collect();
        // One word each 0.3 s of the stream.
        let spoken = |listener: &Listener| {
            let (each, length) = (RATE * 3 / 10, listener.part().len());
            let begins = listener.heard.through() as usize - listener.heard.samples().len();
            let (first, last) = (begins.div_ceil(each), (begins + length) / each);
            let mut read = reading(&words[first..last].join(" "));
            for (at, word) in read.words.iter_mut().enumerate() {
                word.end = (first + at + 1) * each - begins;
            }
            read
        };
        let mut listener = Listener::default();
        let (mut longest, mut now) = (0, Duration::ZERO);
        for _ in 0..60 {
            hear(&mut listener, &voice(1.0));
            now += 1000 * MS;
            if listener.is_due(true, now) {
                let through = listener.part().len();
                longest = longest.max(through);
                listener.read(spoken(&listener), through, now, now + 10 * MS);
            }
        }
        assert!(longest < LONGEST, "{longest}");
        let read = (!listener.is_settled()).then(|| spoken(&listener));
        let last = listener.conclude(read).committed;
        assert_eq!(last, words.join(" "));
    }
}
