//! whisper.cpp, by whisper-rs.
#![allow(unsafe_code, reason = "whisper.cpp asks a callback whether to go on")]

use crate::decoder::{Ask, DecodeError, Decoded, Decoder, LONGEST, Word};
use std::{
    ffi::c_void,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
    get_lang_str,
};

/// Samples of one step of the encoder: 20 ms.
const STEP: usize = 320;
/// Steps the encoder sees beyond the end of the audio: words at the very end are heard better with
/// silence behind them.
const MARGIN: usize = 25;
/// The fewest steps it sees; with fewer, whisper repeats itself more often.
const FEWEST: usize = 256;
/// The most: what it was trained on.
const MOST: usize = 1500;
/// Samples that are read at least: 1.1 s, of which the rest is silence. Less than a second was not trained on.
const SHORTEST: usize = 17_600;
/// Tokens a second that nobody exceeds, and some for a start.
const TOKENS_PER_S: usize = 8;
const TOKENS: usize = 12;
/// Tokens of likely words that are looked at; each takes its time, before every reading.
const LIKELY_TOKENS: usize = 48;

/// A model, loaded.
pub struct Whisper {
    context: WhisperContext,
    state: WhisperState,
    threads: i32,
    /// The likely words that were asked for last, and their tokens.
    likely: (Vec<String>, Vec<i32>),
}

impl Whisper {
    /// Loads a model's file, to compute with so many threads.
    ///
    /// # Errors
    /// whisper.cpp cannot load it.
    pub fn load(file: &Path, threads: i32) -> Result<Whisper, String> {
        // Without it whisper.cpp writes to standard error by itself.
        whisper_rs::install_logging_hooks();
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(cfg!(target_os = "macos"));
        parameters.flash_attn(true);
        let failed = |error| format!("whisper.cpp cannot load it ({error})");
        let context = WhisperContext::new_with_params(file, parameters).map_err(failed)?;
        let state = context.create_state().map_err(failed)?;
        Ok(Whisper {
            context,
            state,
            threads,
            likely: Default::default(),
        })
    }

    /// Does it know other languages than English?
    pub fn is_multilingual(&self) -> bool {
        self.context.is_multilingual()
    }

    /// Likely words as tokens of a text that came before.
    fn prompt(&mut self, likely: &[String]) -> Vec<i32> {
        if self.likely.0 != likely {
            let mut tokens = Vec::new();
            for word in likely {
                let text = format!(" {},", word.replace('\0', ""));
                let more = self.context.tokenize(&text, LIKELY_TOKENS);
                let more = more.unwrap_or_default();
                if tokens.len() + more.len() > LIKELY_TOKENS {
                    break;
                }
                // The likeliest come last, next to what is to be read.
                tokens.splice(0..0, more);
            }
            self.likely = (likely.to_vec(), tokens);
        }
        self.likely.1.clone()
    }
}

impl Decoder for Whisper {
    fn decode(
        &mut self,
        audio: &[f32],
        ask: &Ask<'_>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Decoded, DecodeError> {
        let mut samples = audio[..audio.len().min(LONGEST)].to_vec();
        let steps = (samples.len().div_ceil(STEP) + MARGIN).clamp(FEWEST, MOST);
        let tokens = samples.len() * TOKENS_PER_S / 16_000 + TOKENS;
        samples.resize(samples.len().max(SHORTEST), 0.0);
        let prompt = self.prompt(ask.likely);
        let english = (!self.is_multilingual()).then_some("en");
        let language = english.or(ask.language);
        if let Some(language) = language
            && whisper_rs::get_lang_id(language).is_none()
        {
            let why = format!("whisper does not know the language `{language}`");
            return Err(DecodeError::Failed(why));
        }

        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(self.threads);
        params.set_audio_ctx(steps as i32);
        params.set_max_tokens(tokens as i32);
        params.set_language(language);
        params.set_tokens(&prompt);
        params.set_single_segment(true);
        params.set_no_context(true);
        params.set_no_timestamps(!ask.times);
        params.set_token_timestamps(ask.times);
        params.set_suppress_nst(true);
        // A second try at another temperature would take as long again.
        params.set_temperature_inc(0.0);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_timestamps(false);
        params.set_print_special(false);
        let stopper = Stopper {
            stop,
            stopped: AtomicBool::new(false),
        };
        // SAFETY: the callback is called with this pointer, from within `full` only, during which
        // `stopper` lives and is not moved; all that it does is safe from several threads at once.
        unsafe {
            params.set_abort_callback(Some(is_stopped));
            params.set_abort_callback_user_data((&raw const stopper).cast_mut().cast::<c_void>());
        }
        let outcome = self.state.full(params, &samples);
        if stopper.stopped.load(Ordering::Relaxed) || stop() {
            return Err(DecodeError::Stopped);
        }
        outcome.map_err(|error| DecodeError::Failed(format!("whisper.cpp failed ({error})")))?;
        Ok(self.said(audio.len()))
    }
}

impl Whisper {
    /// What the state holds after a reading of so many samples.
    fn said(&self, samples: usize) -> Decoded {
        let (mut words, mut bytes) = (Vec::new(), Vec::new());
        let (mut probabilities, mut count, mut no_speech, mut end) = (0.0, 0_u32, 0.0_f32, 0);
        let mut finish = |bytes: &mut Vec<u8>, end| {
            // Pieces of a letter that never came whole are no word.
            let text = String::from_utf8_lossy(bytes)
                .trim()
                .replace('\u{fffd}', "");
            if !text.is_empty() {
                words.push(Word { text, end });
            }
            bytes.clear();
        };
        for segment in self.state.as_iter() {
            no_speech = no_speech.max(segment.no_speech_probability());
            for at in 0..segment.n_tokens() {
                let Some(token) = segment.get_token(at) else {
                    continue;
                };
                let data = token.token_data();
                if data.id >= self.context.token_eot() {
                    continue;
                }
                let Ok(piece) = token.to_bytes() else {
                    continue;
                };
                probabilities += data.p.max(f32::MIN_POSITIVE).ln();
                count += 1;
                if piece.first() == Some(&b' ') {
                    finish(&mut bytes, end);
                }
                bytes.extend_from_slice(piece);
                // Hundredths of a second.
                end = usize::try_from(data.t1)
                    .unwrap_or(0)
                    .saturating_mul(160)
                    .min(samples);
            }
        }
        finish(&mut bytes, end);
        let language = get_lang_str(self.state.full_lang_id_from_state());
        Decoded {
            words,
            no_speech,
            mean_log_probability: if count == 0 {
                0.0
            } else {
                probabilities / count as f32
            },
            language: language.map(str::to_owned),
        }
    }
}

/// Whether to go on, for whisper.cpp's threads.
struct Stopper<'a> {
    stop: &'a (dyn Fn() -> bool + Sync),
    stopped: AtomicBool,
}

/// whisper.cpp asks this between the parts of its graph.
///
/// # Safety
/// `stopper` points to a [`Stopper`] that lives.
unsafe extern "C" fn is_stopped(stopper: *mut c_void) -> bool {
    // SAFETY: as above.
    let stopper = unsafe { &*stopper.cast_const().cast::<Stopper<'_>>() };
    let stops = stopper.stopped.load(Ordering::Relaxed) || (stopper.stop)();
    stopper.stopped.store(stops, Ordering::Relaxed);
    stops
}
