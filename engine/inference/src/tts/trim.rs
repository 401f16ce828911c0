//! Removes the silence that synthesisers put around an utterance: before, it delays the first
//! audible sample; after, it makes replies drag. Pauses are made by `clauses` instead.

/// Amplitude below which a sample counts as silent (−50 dB of full scale).
const QUIET: f32 = 0.003;
/// Silence kept before the first and after the last audible sample, in milliseconds.
const MARGIN_MS: u32 = 10;

/// Trims one utterance, chunk by chunk.
pub(super) struct Trimmer {
    margin: usize,
    /// Whether anything audible has passed.
    begun: bool,
    /// Quiet samples whose fate depends on what comes: the last `margin` before the beginning,
    /// all of them afterwards.
    quiet: Vec<f32>,
}

impl Trimmer {
    pub(super) fn new(sample_rate_hz: u32) -> Self {
        Self {
            margin: (sample_rate_hz * MARGIN_MS / 1000) as usize,
            begun: false,
            quiet: Vec::new(),
        }
    }

    /// Returns the samples that are certain to be kept: possibly none.
    pub(super) fn push(&mut self, samples: &[f32]) -> Vec<f32> {
        let Some(last) = samples.iter().rposition(|sample| sample.abs() >= QUIET) else {
            self.quiet.extend_from_slice(samples);
            self.bound_lead();
            return Vec::new();
        };
        let mut kept = Vec::with_capacity(self.quiet.len() + samples.len());
        let mut heard = &samples[..=last];
        if !self.begun {
            let first = heard
                .iter()
                .position(|sample| sample.abs() >= QUIET)
                .unwrap_or(0);
            self.quiet.extend_from_slice(&heard[..first]);
            self.bound_lead();
            heard = &heard[first..];
            self.begun = true;
        }
        kept.append(&mut self.quiet);
        kept.extend_from_slice(heard);
        self.quiet.extend_from_slice(&samples[last + 1..]);
        kept
    }

    /// Returns the end of the utterance: the margin after the last audible sample.
    pub(super) fn finish(mut self) -> Vec<f32> {
        if !self.begun {
            return Vec::new();
        }
        self.quiet.truncate(self.margin);
        self.quiet
    }

    fn bound_lead(&mut self) {
        if !self.begun && self.quiet.len() > self.margin {
            self.quiet.drain(..self.quiet.len() - self.margin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trim(samples: &[f32], chunk: usize) -> Vec<f32> {
        let mut trimmer = Trimmer::new(1000);
        let mut kept: Vec<f32> = samples
            .chunks(chunk)
            .flat_map(|c| trimmer.push(c))
            .collect();
        kept.extend(trimmer.finish());
        kept
    }

    #[test]
    fn keeps_ten_milliseconds_around_and_all_within() {
        let mut speech = vec![0.0; 55];
        speech.extend([0.5; 20]);
        speech.extend([0.001; 70]);
        speech.extend([0.5; 20]);
        speech.extend([0.0; 90]);
        let expected = &speech[45..55 + 110 + 10];
        for chunk in [1, 7, 50, 1000] {
            assert_eq!(trim(&speech, chunk), expected, "in chunks of {chunk}");
        }
    }

    #[test]
    fn silence_alone_leaves_nothing() {
        assert_eq!(trim(&[0.0; 100], 7), [0.0; 0]);
    }
}
