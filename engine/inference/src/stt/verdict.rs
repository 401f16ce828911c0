//! Was it a command at all? A grammar forces whatever it hears into its sentences, so a second
//! decoder listens in step to nothing but phones. Where the words explain the audio much worse
//! than free phones do, they were not said.

use super::{
    decoder::{Decoder, Path},
    ears::{Ears, Model},
    features::Cepstrum,
    free_text,
};
use loqa_core::seams::ModelError;
use loqa_protocol::Verdict;

/// When words are not believed.
///
/// Chosen on orders and open sentences of recorded voices (flite, festival): of those that were
/// heard rightly clean or in noise at 20 dB 0 to 2 % are rejected, in pink noise at 10 dB 15 %; of
/// the open sentences 97 to 100 %. `cargo xtask bench voice` measures it again on other sentences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Least [`Evidence::trust`].
    pub least_trust: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { least_trust: -18.0 }
    }
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Evidence {
    /// Score of the words (free text aside) minus that of free phones in the whole utterance's
    /// silences and words, per 10 ms of words; higher is better.
    pub fit: f64,
    /// The same within the words alone.
    pub word_fit: f64,
    /// The same of the word that fits worst.
    pub worst_fit: f64,
    /// Duration of the words, in steps of 10 ms.
    pub word_steps: u32,
    /// Number of words.
    pub words: u32,
    /// Share of the spoken phones' steps that lie outside of words.
    pub unexplained: f64,
    /// Whether the words are a whole sentence of the grammar.
    pub ends_a_sentence: bool,
}

impl Evidence {
    /// One number for all of it; higher is better.
    pub fn trust(&self) -> f64 {
        let whole = if self.ends_a_sentence { 25.0 } else { 0.0 };
        // One short word is heard worse than a sentence, and rarely by mistake.
        let brief = 20.0 / f64::from(self.words.max(1));
        self.fit + 0.3 * self.worst_fit + whole + brief - 20.0 * self.unexplained
    }
}

/// Listens to phones beside the grammar.
pub(super) struct Judge {
    phones: Decoder,
    thresholds: Thresholds,
    evidence: Evidence,
}

impl Judge {
    pub(super) fn open(model: &Model, ears: &Ears) -> Result<Self, ModelError> {
        Ok(Self {
            phones: Decoder::open(model, &ears.phone_loop.settings())?.with_phone_loop(model)?,
            thresholds: ears.thresholds,
            evidence: Evidence::default(),
        })
    }

    pub(super) fn start(&mut self) -> Result<(), ModelError> {
        self.phones.start()
    }

    pub(super) fn hear(&mut self, cepstra: &mut [Cepstrum]) -> Result<(), ModelError> {
        self.phones.hear(cepstra)
    }

    /// Ends the utterance and compares.
    pub(super) fn finish(
        &mut self,
        words: &Path,
        ends_a_sentence: bool,
    ) -> Result<Verdict, ModelError> {
        self.phones.end()?;
        let phones = self.phones.path().unwrap_or_default();
        self.evidence = weigh(words, &phones, ends_a_sentence);
        let believed =
            self.evidence.words > 0 && self.evidence.trust() >= self.thresholds.least_trust;
        Ok(if believed {
            Verdict::Accepted
        } else {
            Verdict::Rejected
        })
    }

    pub(super) fn evidence(&self) -> Evidence {
        self.evidence
    }
}

/// Compares the words with free phones, stretch by stretch.
pub(super) fn weigh(words: &Path, phones: &Path, ends_a_sentence: bool) -> Evidence {
    let mut evidence = Evidence {
        ends_a_sentence,
        worst_fit: f64::INFINITY,
        ..Evidence::default()
    };
    // Free text is spelled in phones itself, and would explain anything.
    let free: Vec<(u32, u32)> = free_text::spans(&words.words)
        .into_iter()
        .map(|span| {
            let words = &words.words[span];
            (words[0].steps.start, words[words.len() - 1].steps.end)
        })
        .collect();
    let is_free = |steps: (u32, u32)| free.iter().any(|f| f.0 <= steps.0 && steps.1 <= f.1);
    let (mut all, mut within, mut explained) = (0.0, 0.0, 0.0);
    for stretch in &words.stretches {
        let length = f64::from(stretch.steps.1 - stretch.steps.0);
        let (score, spoken) = within_steps(phones, stretch.steps);
        if stretch.spoken {
            explained += spoken;
        }
        if is_free(stretch.steps) || length == 0.0 {
            continue;
        }
        let difference = stretch.acoustic - score;
        all += difference;
        if stretch.spoken {
            within += difference;
            evidence.words += 1;
            evidence.word_steps += stretch.steps.1 - stretch.steps.0;
            // Five steps more, so that a short "a" or "the" does not decide alone.
            evidence.worst_fit = evidence.worst_fit.min(difference / (length + 5.0));
        }
    }
    if evidence.words == 0 {
        evidence.worst_fit = 0.0;
    }
    let steps = f64::from(evidence.word_steps.max(1));
    evidence.fit = all / steps;
    evidence.word_fit = within / steps;
    let spoken: f64 = phones
        .stretches
        .iter()
        .filter(|stretch| stretch.spoken)
        .map(|stretch| f64::from(stretch.steps.1 - stretch.steps.0))
        .sum();
    evidence.unexplained = if spoken > 0.0 {
        1.0 - explained / spoken
    } else {
        0.0
    };
    evidence
}

/// Score of a path between two steps, and how many of them are spoken; a stretch that is cut
/// counts in proportion.
fn within_steps(path: &Path, steps: (u32, u32)) -> (f64, f64) {
    let (mut score, mut spoken) = (0.0, 0.0);
    for stretch in &path.stretches {
        let first = stretch.steps.0.max(steps.0);
        let end = stretch.steps.1.min(steps.1);
        if first < end {
            let common = f64::from(end - first);
            score += stretch.acoustic * common / f64::from(stretch.steps.1 - stretch.steps.0);
            spoken += if stretch.spoken { common } else { 0.0 };
        }
    }
    (score, spoken)
}
