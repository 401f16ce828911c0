//! A model, and what it has read: what two prompts begin with in common is read once.

use crate::{
    model::{Model, Stop, Token},
    pace::{Pace, STEADY},
    prompt::common,
};
use std::time::{Duration, Instant};

/// A model with an account of its cache.
pub struct Reader<M> {
    model: M,
    /// What the cache holds.
    read: Vec<Token>,
    pace: Pace,
}

/// How far reading has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Read {
    /// All is read.
    All,
    /// A batch is read, and there is more.
    Some,
    /// It was stopped.
    Stopped,
}

impl<M: Model> Reader<M> {
    /// With nothing read yet.
    pub fn new(model: M) -> Self {
        Reader {
            model,
            read: Vec::new(),
            pace: Pace::default(),
        }
    }

    /// The model, to ask it what changes nothing.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Its next token: see [`Model::choose`].
    ///
    /// # Errors
    /// See [`Model::choose`].
    pub fn choose(&mut self, sampler: &mut M::Sampler) -> Result<Token, String> {
        self.model.choose(sampler)
    }

    /// Reads one batch of what `prompt` holds beyond what is read already, which takes about `time`.
    ///
    /// # Errors
    /// The model failed; it has read nothing then.
    pub fn read(
        &mut self,
        prompt: &[Token],
        time: Duration,
        stop: Stop<'_>,
    ) -> Result<Read, String> {
        let known = common(&self.read, prompt);
        if known == prompt.len() {
            return Ok(Read::All);
        }
        self.keep(known);
        let rest = &prompt[self.read.len()..];
        let batch = &rest[..rest.len().min(self.pace.batch(time))];
        let is_last = batch.len() == rest.len();
        Ok(match self.feed(batch, stop)? {
            false => Read::Stopped,
            true if is_last => Read::All,
            true => Read::Some,
        })
    }

    /// Reads all of `prompt`, so that the next token can be chosen; `false` if it was stopped.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_all(&mut self, prompt: &[Token], stop: Stop<'_>) -> Result<bool, String> {
        // The last one again, even if it is known: only after reading can be chosen.
        let known = common(&self.read, prompt);
        self.keep(known.min(prompt.len().saturating_sub(1)));
        loop {
            match self.read(prompt, STEADY, stop)? {
                Read::All => return Ok(true),
                Read::Stopped => return Ok(false),
                Read::Some => {}
            }
        }
    }

    /// Reads on after all that is read; `false` if it was stopped.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn feed(&mut self, tokens: &[Token], stop: Stop<'_>) -> Result<bool, String> {
        if stop() {
            return Ok(false);
        }
        let begun = Instant::now();
        match self.model.feed(tokens, stop) {
            Ok(true) => {
                self.pace.took(tokens.len(), begun.elapsed());
                self.read.extend_from_slice(tokens);
                Ok(true)
            }
            Ok(false) => {
                self.keep(self.read.len());
                Ok(false)
            }
            Err(error) => {
                self.keep(0);
                Err(error)
            }
        }
    }

    fn keep(&mut self, count: usize) {
        let kept = self.model.keep(count);
        self.read.truncate(kept.min(count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Script, letters};
    use std::sync::atomic::{AtomicUsize, Ordering};

    const GO: Stop<'_> = &|| false;

    #[test]
    fn what_is_known_is_not_read_again() {
        let mut reader = Reader::new(Script::default());
        assert_eq!(reader.read_all(&letters("turn on the light"), GO), Ok(true));
        assert_eq!(reader.read(&letters("turn on"), STEADY, GO), Ok(Read::All));
        assert_eq!(reader.read_all(&letters("turn on the radio"), GO), Ok(true));
        // From the first letter that differs.
        assert_eq!(reader.model.fed.concat(), "turn on the lightradio");
        assert_eq!(reader.read_all(&letters("turn on the radio"), GO), Ok(true));
        assert_eq!(reader.model.fed.last().unwrap(), "o", "to choose after it");
        assert_eq!(reader.model.cache, letters("turn on the radio"));
    }

    #[test]
    fn what_was_stopped_or_failed_is_not_counted_as_read() {
        let mut reader = Reader::new(Script::default());
        let asked = AtomicUsize::new(0);
        // Before the first batch and in it, before the second and in it.
        let stop = || asked.fetch_add(1, Ordering::SeqCst) == 3;
        let all = letters("turn on the light");
        assert_eq!(reader.read_all(&all, &stop), Ok(false));
        assert_eq!(reader.read, letters("turn on "));
        assert_eq!(reader.model.cache, letters("turn on "));
        reader.model.fails = true;
        assert!(reader.read_all(&all, GO).is_err());
        assert!(reader.read.is_empty() && reader.model.cache.is_empty());
        reader.model.fails = false;
        assert_eq!(reader.read_all(&all, GO), Ok(true));
        assert_eq!(reader.model.cache, all);
    }

    #[test]
    fn a_model_that_cannot_forget_a_part_reads_all_again() {
        let mut reader = Reader::new(Script {
            forgets_all: true,
            ..Script::default()
        });
        assert_eq!(reader.read_all(&letters("abcd"), GO), Ok(true));
        assert_eq!(reader.read_all(&letters("abxy"), GO), Ok(true));
        assert_eq!(reader.model.fed, ["abcd", "abxy"]);
        assert_eq!(reader.read_all(&letters("abxyz"), GO), Ok(true));
        assert_eq!(reader.model.fed.last().unwrap(), "z");
    }
}
