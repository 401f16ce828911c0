//! flite (BSD-like licence) in process: its voices `slt`, `rms`, `awb`, `kal` and `kal16`, and
//! its pronunciations.

use super::{
    clauses::{Speech, speak_in_turn},
    ffi, nearest,
    trim::Trimmer,
};
use futures::{StreamExt, channel::mpsc, stream};
use loqa_core::seams::{ModelError, SpeakOptions, SpeechChunk, TextStream, TextToSpeech};
use std::{ops::ControlFlow, sync::mpsc as sync_mpsc, thread};

/// Voices flite may have; `slt` is the one Loqa speaks with unless told otherwise.
pub const VOICES: [&str; 5] = ["slt", "rms", "awb", "kal", "kal16"];

/// Clauses that may wait for the worker. When full, a further one is an error: so many replies
/// at once mean that something is stuck.
const QUEUE: usize = 64;
/// Chunks a clause may hold before its listener has taken one: 60 s, more than any clause. When
/// full, the clause is broken off with an error, so that one stuck listener stops nobody else.
const CLAUSE_CHUNKS: usize = 3000;

/// Speaks through flite on a worker thread of its own, which ends when this is dropped.
///
/// Clauses of several replies take turns. Dropping a reply's stream cancels it: a clause not yet
/// begun is skipped, the one being spoken stops at its next 20 ms chunk (before its first chunk,
/// when its text analysis is done). Cost: `cargo xtask bench voice`.
pub struct Flite {
    jobs: sync_mpsc::SyncSender<Job>,
}

struct Job {
    voice: &'static str,
    clause: String,
    chunks: mpsc::Sender<Result<SpeechChunk, ModelError>>,
}

impl Flite {
    /// Loads flite and its voice `slt`, and says a word to nobody so that the first reply finds
    /// warm caches.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] with the command that installs what is missing.
    pub fn load() -> Result<Self, ModelError> {
        let flite = ffi::flite()?;
        flite.load_voice(VOICES[0])?;
        let (jobs, queue) = sync_mpsc::sync_channel::<Job>(QUEUE);
        thread::Builder::new()
            .name("loqa-flite".into())
            .spawn(move || {
                // A voice that fails here fails again, and then says so, when it is asked for.
                let _ = flite.speak(VOICES[0], "ready", &mut |_, _| ControlFlow::Continue(()));
                for job in queue {
                    run(flite, job);
                }
            })
            .map_err(|error| ModelError::Backend(format!("no thread for flite: {error}")))?;
        Ok(Self { jobs })
    }

    /// Tells whether `voice` can speak, loading it if need be.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] if its library is missing.
    pub fn check(&self, voice: &'static str) -> Result<(), ModelError> {
        ffi::flite()?.load_voice(voice)
    }

    fn speak(jobs: &sync_mpsc::SyncSender<Job>, voice: &'static str, clause: &str) -> Speech {
        let (chunks, speech) = mpsc::channel(CLAUSE_CHUNKS);
        let job = Job {
            voice,
            clause: sayable(clause),
            chunks,
        };
        match jobs.try_send(job) {
            Ok(()) => speech.boxed(),
            Err(_) => failure(ModelError::Backend(format!(
                "flite is stuck: {QUEUE} clauses are waiting"
            ))),
        }
    }
}

impl TextToSpeech for Flite {
    fn synthesize(&self, text: TextStream, SpeakOptions { voice, .. }: SpeakOptions) -> Speech {
        let Some(voice) = VOICES.into_iter().find(|name| *name == voice.0) else {
            let nearest = nearest(&voice.0, VOICES.into_iter());
            return failure(ModelError::Backend(format!(
                "flite has no voice `{}`{nearest}",
                voice.0
            )));
        };
        let jobs = self.jobs.clone();
        speak_in_turn(text, move |clause| Self::speak(&jobs, voice, &clause))
    }
}

fn failure(error: ModelError) -> Speech {
    stream::iter([Err(error)]).boxed()
}

/// Says one clause into its channel, until it is said or nobody listens.
fn run(flite: &ffi::Flite, mut job: Job) {
    if job.chunks.is_closed() {
        return;
    }
    let mut trimmer: Option<(u32, Trimmer)> = None;
    let mut full = false;
    let mut chunks = job.chunks.clone();
    let outcome = flite.speak(job.voice, &job.clause, &mut |sample_rate_hz, samples| {
        if chunks.is_closed() {
            return ControlFlow::Break(());
        }
        let (_, trimmer) =
            trimmer.get_or_insert_with(|| (sample_rate_hz, Trimmer::new(sample_rate_hz)));
        let samples: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
        let samples = trimmer.push(&samples);
        if samples.is_empty() {
            return ControlFlow::Continue(());
        }
        match chunks.try_send(Ok(SpeechChunk {
            sample_rate_hz,
            samples,
        })) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                full = error.is_full();
                ControlFlow::Break(())
            }
        }
    });
    // Every sender has a slot of its own beside the shared ones, so this last word gets through
    // even where the channel was full; where the listener has gone, nobody misses it.
    let last = match (outcome, trimmer) {
        (Err(error), _) => Err(error),
        (Ok(()), _) if full => Err(ModelError::Backend(
            "a clause was too long, or its listener stopped taking it".into(),
        )),
        (Ok(()), Some((sample_rate_hz, trimmer))) => Ok(SpeechChunk {
            sample_rate_hz,
            samples: trimmer.finish(),
        }),
        (Ok(()), None) => return,
    };
    let _ = job.chunks.try_send(last);
}

/// A clause as flite can say it: ASCII, accents dropped, what has no ASCII form left out.
///
/// "a m" is written "A M": in lower case flite takes the "a" for an article.
fn sayable(clause: &str) -> String {
    let mut ascii = String::with_capacity(clause.len());
    for letter in clause.chars() {
        match letter {
            ' '..='~' => ascii.push(letter),
            _ => ascii.push_str(unaccented(letter)),
        }
    }
    let words: Vec<&str> = ascii.split(' ').collect();
    let meridiem = |i: usize| {
        words[i] == "a"
            && words.get(i + 1).is_some_and(|next| {
                next.trim_end_matches(|c: char| c.is_ascii_punctuation()) == "m"
            })
    };
    let mut sayable = String::with_capacity(ascii.len());
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            sayable.push(' ');
        }
        if meridiem(i) {
            sayable.push('A');
        } else {
            sayable.push_str(word);
        }
    }
    sayable
}

/// The ASCII spelling of an accented Latin letter, else a space.
fn unaccented(letter: char) -> &'static str {
    match letter {
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => "A",
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'Æ' => "Ae",
        'æ' => "ae",
        'Ç' | 'Ć' | 'Č' => "C",
        'ç' | 'ć' | 'č' => "c",
        'Ď' | 'Đ' | 'Ð' => "D",
        'ď' | 'đ' | 'ð' => "d",
        'È'..='Ë' | 'Ē' | 'Ė' | 'Ę' | 'Ě' => "E",
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'Ğ' | 'Ģ' => "G",
        'ğ' | 'ģ' => "g",
        'Ì'..='Ï' | 'Ī' | 'Į' | 'İ' => "I",
        'ì'..='ï' | 'ī' | 'į' | 'ı' => "i",
        'Ķ' => "K",
        'ķ' => "k",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ł' => "L",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' => "N",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ő' => "O",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'Œ' => "Oe",
        'œ' => "oe",
        'Ŕ' | 'Ř' => "R",
        'ŕ' | 'ř' => "r",
        'Ś' | 'Ş' | 'Š' | 'Ș' => "S",
        'ś' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'Ţ' | 'Ť' | 'Ț' => "T",
        'ţ' | 'ť' | 'ț' => "t",
        'Þ' => "Th",
        'þ' => "th",
        'Ù'..='Ü' | 'Ū' | 'Ů' | 'Ű' | 'Ų' => "U",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'Ý' | 'Ÿ' => "Y",
        'ý' | 'ÿ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        '’' | '‘' => "'",
        _ => " ",
    }
}

/// How an English word is said, from flite's dictionary or by its letter-to-sound rules, in flite's
/// notation (`kitchen` → `k ih1 ch ax0 n`).
///
/// `None` if flite is not installed, or `word` is not in letters a to z. Safe from any thread.
pub(crate) fn phones(word: &str) -> Option<Vec<String>> {
    // The rules are made for words; a page of letters would recurse for long.
    if word.is_empty() || word.len() > 40 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let phones = ffi::flite().ok()?.phones(word);
    (!phones.is_empty()).then_some(phones)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use loqa_core::seams::Voice;
    use std::time::Instant;

    fn flite() -> Option<Flite> {
        match Flite::load() {
            Ok(flite) => Some(flite),
            Err(error) => {
                eprintln!("skipped: {error}");
                None
            }
        }
    }

    fn clauses(clauses: &[&str]) -> TextStream {
        let clauses: Vec<String> = clauses.iter().map(ToString::to_string).collect();
        stream::iter(clauses).boxed()
    }

    fn collect(speech: Speech) -> Vec<SpeechChunk> {
        block_on(speech.map(|chunk| chunk.expect("speech")).collect())
    }

    #[test]
    fn words_are_pronounced_by_dictionary_and_by_rule() {
        if flite().is_none() {
            return;
        }
        let said = |word| phones(word).map(|phones| phones.join(" "));
        assert_eq!(said("kitchen").as_deref(), Some("k ih1 ch ax0 n"));
        assert!(said("loqa").is_some_and(|phones| phones.starts_with("l ow")));
        assert_eq!(said("h200"), None);
        assert_eq!(said(""), None);
    }

    #[test]
    fn speech_begins_and_ends_at_once() {
        let Some(flite) = flite() else { return };
        // Behind the warm-up, so that this measures a warm voice.
        collect(flite.synthesize(clauses(&["Yes."]), Voice("slt".into()).into()));
        let before = Instant::now();
        let mut speech = flite.synthesize(
            clauses(&["The kitchen lights are off."]),
            Voice("slt".into()).into(),
        );
        let first = block_on(speech.next()).expect("a chunk").expect("speech");
        let first_ms = before.elapsed().as_secs_f64() * 1e3;
        let mut all = first.samples;
        all.extend(collect(speech).into_iter().flat_map(|chunk| chunk.samples));
        let seconds = all.len() as f64 / 16_000.0;
        println!(
            "slt: first chunk {first_ms:.1} ms, {seconds:.2} s of speech, RTF {:.4}",
            before.elapsed().as_secs_f64() / seconds
        );
        assert!((1.0..3.0).contains(&seconds), "{seconds} s");
        let audible = |samples: &[f32]| samples.iter().any(|s| s.abs() > 0.003);
        assert!(audible(&all[..200]), "silence is trimmed before");
        assert!(audible(&all[all.len() - 200..]), "silence is trimmed after");
    }

    #[test]
    fn a_sink_that_breaks_off_is_not_called_again() {
        if flite().is_none() {
            return;
        }
        let mut calls = 0;
        let text = "this sentence is long enough for dozens of chunks of twenty milliseconds";
        ffi::flite()
            .expect("loaded")
            .speak("slt", text, &mut |_, _| {
                calls += 1;
                if calls == 3 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .expect("spoken");
        assert_eq!(calls, 3);
    }

    #[test]
    fn morning_is_not_an_article() {
        assert_eq!(sayable("at seven a m. a man"), "at seven A m. a man");
        assert_eq!(sayable("Zoë’s café"), "Zoe's cafe");
    }
}
