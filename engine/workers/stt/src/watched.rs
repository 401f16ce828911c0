//! A model that never ends reading ends the process: nothing else gets it out of native code.

use crate::decoder::{Ask, DecodeError, Decoded, Decoder};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// Nothing takes so long, on the slowest machine.
const STUCK: Duration = Duration::from_secs(60);
/// How often it is looked.
const LOOK: Duration = Duration::from_secs(5);

/// A decoder, and when it began to read.
pub struct Watched<D> {
    decoder: D,
    began: Arc<Mutex<Option<Instant>>>,
}

impl<D> Watched<D> {
    /// Starts to watch.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn new(decoder: D) -> io::Result<Watched<D>> {
        let began = Arc::new(Mutex::new(None));
        let watched = began.clone();
        let watch = move || {
            loop {
                thread::sleep(LOOK);
                let began: Option<Instant> =
                    *watched.lock().unwrap_or_else(PoisonError::into_inner);
                if began.is_some_and(|began| began.elapsed() > STUCK) {
                    eprintln!("loqa-stt-worker: the model does not end");
                    std::process::exit(1);
                }
            }
        };
        thread::Builder::new().name("watch".into()).spawn(watch)?;
        Ok(Watched { decoder, began })
    }

    fn note(&self, began: Option<Instant>) {
        *self.began.lock().unwrap_or_else(PoisonError::into_inner) = began;
    }
}

impl<D: Decoder> Decoder for Watched<D> {
    fn decode(
        &mut self,
        audio: &[f32],
        ask: &Ask<'_>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Decoded, DecodeError> {
        self.note(Some(Instant::now()));
        let decoded = self.decoder.decode(audio, ask, stop);
        self.note(None);
        decoded
    }
}
