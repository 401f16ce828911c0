//! The PocketSphinx library as it is: loaded at run time, wrapped so that nothing outside this
//! file can misuse a pointer.
//!
//! Two generations are understood: 0.8/5prealpha (Debian, Ubuntu: `libpocketsphinx.so.3` with
//! `libsphinxbase.so.3`), which all figures come from, and 5.x (Homebrew: one library,
//! `ps_config_*`, `ps_add_*`), which is written from its headers and unverified.
#![allow(
    unsafe_code,
    reason = "the one file that talks to PocketSphinx; every block says why it is sound"
)]

use super::features::Cepstrum;
use libloading::{Library, Symbol};
use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    path::Path,
    ptr::{self, NonNull},
    sync::Arc,
};

/// What went wrong inside the library, without a remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SphinxError {
    #[error("{0}")]
    Library(String),
    #[error("a text for the recogniser holds a zero byte")]
    ZeroByte,
    #[error("{0} failed")]
    Call(&'static str),
    #[error("no temporary file can be written: {0}")]
    File(String),
}

impl From<std::ffi::NulError> for SphinxError {
    fn from(_: std::ffi::NulError) -> Self {
        Self::ZeroByte
    }
}

type Config = c_void;
type Decoder = c_void;

/// How this generation of the library is configured and how it names its searches.
enum Generation {
    /// 0.8/5prealpha.
    Pre5 {
        args: unsafe extern "C" fn() -> *const c_void,
        parse: unsafe extern "C" fn(
            *mut Config,
            *const c_void,
            c_int,
            *mut *mut c_char,
            c_int,
        ) -> *mut Config,
        set_number: unsafe extern "C" fn(*mut Config, *const c_char, f64),
        free: unsafe extern "C" fn(*mut Config) -> c_int,
    },
    /// 5.x.
    Five {
        init: unsafe extern "C" fn(*const c_void) -> *mut Config,
        set_str: unsafe extern "C" fn(*mut Config, *const c_char, *const c_char) -> *const c_void,
        set_number: unsafe extern "C" fn(*mut Config, *const c_char, f64) -> *const c_void,
        free: unsafe extern "C" fn(*mut Config) -> c_int,
    },
}

/// The functions of a loaded library.
pub(super) struct Sphinx {
    generation: Generation,
    init: unsafe extern "C" fn(*mut Config) -> *mut Decoder,
    free: unsafe extern "C" fn(*mut Decoder) -> c_int,
    config: unsafe extern "C" fn(*mut Decoder) -> *mut Config,
    read_automaton: unsafe extern "C" fn(*const c_char, *mut c_void, f32) -> *mut c_void,
    free_automaton: unsafe extern "C" fn(*mut c_void) -> c_int,
    add_automaton: unsafe extern "C" fn(*mut Decoder, *const c_char, *mut c_void) -> c_int,
    logmath: unsafe extern "C" fn(*mut Decoder) -> *mut c_void,
    add_allphone: unsafe extern "C" fn(*mut Decoder, *const c_char, *const c_char) -> c_int,
    add_keyphrase: unsafe extern "C" fn(*mut Decoder, *const c_char, *const c_char) -> c_int,
    activate: unsafe extern "C" fn(*mut Decoder, *const c_char) -> c_int,
    remove: unsafe extern "C" fn(*mut Decoder, *const c_char) -> c_int,
    add_word: unsafe extern "C" fn(*mut Decoder, *const c_char, *const c_char, c_int) -> c_int,
    start: unsafe extern "C" fn(*mut Decoder) -> c_int,
    process: unsafe extern "C" fn(*mut Decoder, *mut *mut f32, c_int, c_int, c_int) -> c_int,
    end: unsafe extern "C" fn(*mut Decoder) -> c_int,
    hypothesis: unsafe extern "C" fn(*mut Decoder, *mut i32) -> *const c_char,
    segments: unsafe extern "C" fn(*mut Decoder) -> *mut c_void,
    next_segment: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    segment_word: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    segment_frames: unsafe extern "C" fn(*mut c_void, *mut c_int, *mut c_int),
    segment_score: unsafe extern "C" fn(*mut c_void, *mut i32, *mut i32, *mut i32) -> i32,
    // Last, so that they are unloaded after everything above is gone.
    _libraries: Vec<Library>,
}

/// Names under which the two generations are installed, most likely first.
const LIBRARIES: [&[&str]; 6] = [
    &["libsphinxbase.so.3", "libpocketsphinx.so.3"],
    &["libpocketsphinx.so.5"],
    &["libpocketsphinx.so"],
    &["/opt/homebrew/lib/libpocketsphinx.dylib"],
    &["/usr/local/lib/libpocketsphinx.dylib"],
    &["libpocketsphinx.dylib"],
];

impl Sphinx {
    /// Finds and loads the library. The error lists what was tried.
    pub(super) fn load() -> Result<Arc<Self>, SphinxError> {
        let mut tried = Vec::new();
        for names in LIBRARIES {
            match names.iter().map(|name| open(name)).collect() {
                Ok(libraries) => return Self::from_libraries(libraries).map(Arc::new),
                Err(error) => tried.push(error),
            }
        }
        let first = tried.first().map_or(String::new(), ToString::to_string);
        Err(SphinxError::Library(first))
    }

    fn from_libraries(libraries: Vec<Library>) -> Result<Self, SphinxError> {
        let all = Symbols(&libraries);
        // SAFETY: every type below is copied from the headers of the generation it belongs to
        // (pocketsphinx.h, ps_search.h, cmd_ln.h); `mfcc_t` is `float` in all
        // builds but fixed-point ones, which neither Debian nor Homebrew makes. The functions
        // are kept together with the libraries that hold them.
        unsafe {
            let pre5 = all.has(b"cmd_ln_parse_r\0") && all.has(b"ps_args\0");
            let generation = if pre5 {
                if let Ok(set_log) =
                    all.get::<unsafe extern "C" fn(*mut c_void)>(b"err_set_logfp\0")
                {
                    // Its log would go to stderr, line by line.
                    set_log(ptr::null_mut());
                }
                Generation::Pre5 {
                    args: all.get(b"ps_args\0")?,
                    parse: all.get(b"cmd_ln_parse_r\0")?,
                    set_number: all.get(b"cmd_ln_set_float_r\0")?,
                    free: all.get(b"cmd_ln_free_r\0")?,
                }
            } else {
                Generation::Five {
                    init: all.get(b"ps_config_init\0")?,
                    set_str: all.get(b"ps_config_set_str\0")?,
                    set_number: all.get(b"ps_config_set_float\0")?,
                    free: all.get(b"ps_config_free\0")?,
                }
            };
            let named = |old: &'static [u8], new: &'static [u8]| if pre5 { old } else { new };
            Ok(Self {
                generation,
                init: all.get(b"ps_init\0")?,
                free: all.get(b"ps_free\0")?,
                config: all.get(b"ps_get_config\0")?,
                read_automaton: all.get(b"fsg_model_readfile\0")?,
                free_automaton: all.get(b"fsg_model_free\0")?,
                add_automaton: all.get(named(b"ps_set_fsg\0", b"ps_add_fsg\0"))?,
                logmath: all.get(b"ps_get_logmath\0")?,
                add_allphone: all
                    .get(named(b"ps_set_allphone_file\0", b"ps_add_allphone_file\0"))?,
                add_keyphrase: all.get(named(b"ps_set_keyphrase\0", b"ps_add_keyphrase\0"))?,
                activate: all.get(named(b"ps_set_search\0", b"ps_activate_search\0"))?,
                remove: all.get(named(b"ps_unset_search\0", b"ps_remove_search\0"))?,
                add_word: all.get(b"ps_add_word\0")?,
                start: all.get(b"ps_start_utt\0")?,
                process: all.get(b"ps_process_cep\0")?,
                end: all.get(b"ps_end_utt\0")?,
                hypothesis: all.get(b"ps_get_hyp\0")?,
                segments: all.get(b"ps_seg_iter\0")?,
                next_segment: all.get(b"ps_seg_next\0")?,
                segment_word: all.get(b"ps_seg_word\0")?,
                segment_frames: all.get(b"ps_seg_frames\0")?,
                segment_score: all.get(b"ps_seg_prob\0")?,
                _libraries: libraries,
            })
        }
    }
}

fn open(name: &str) -> Result<Library, SphinxError> {
    // SAFETY: loading runs the library's initialisers; PocketSphinx and sphinxbase have none
    // beyond what the C runtime needs.
    unsafe { Library::new(name) }.map_err(|error| SphinxError::Library(error.to_string()))
}

/// Hands memory that has been freed back to the system. Searches are millions of small pieces, and
/// the C library would keep most of them for later.
pub(super) fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> c_int;
        }
        // SAFETY: glibc's own, with no condition to it; any thread may call it at any time.
        unsafe { malloc_trim(0) };
    }
}

struct Symbols<'a>(&'a [Library]);

impl Symbols<'_> {
    fn has(&self, name: &[u8]) -> bool {
        // SAFETY: the symbol is only looked up, not used.
        self.0
            .iter()
            .any(|library| unsafe { library.get::<*const c_void>(name) }.is_ok())
    }

    /// # Safety
    /// `T` must be the type of the function called `name`.
    unsafe fn get<T: Copy>(&self, name: &[u8]) -> Result<T, SphinxError> {
        for library in self.0.iter().rev() {
            // SAFETY: the caller vouches for the type.
            let symbol: Result<Symbol<'_, T>, _> = unsafe { library.get(name) };
            if let Ok(symbol) = symbol {
                return Ok(*symbol);
            }
        }
        let name = String::from_utf8_lossy(name.strip_suffix(b"\0").unwrap_or(name));
        Err(SphinxError::Library(format!(
            "the installed library has no function {name}"
        )))
    }
}

/// One word of a path through the search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawSegment {
    /// As in the dictionary, markers and `(2)` suffixes included.
    pub word: String,
    /// First and last step (10 ms), both included.
    pub steps: (u32, u32),
    /// Log likelihood of the audio (base 1.0001, in units of 1024), relative to the best state.
    pub acoustic: i32,
    /// Of a keyphrase: its log likelihood minus that of any phones, in the same units.
    pub certainty: i32,
}

/// A decoder: acoustic model, dictionary and named searches. One utterance at a time.
pub(super) struct RawDecoder {
    sphinx: Arc<Sphinx>,
    decoder: NonNull<Decoder>,
    in_utterance: bool,
}

// SAFETY: a decoder shares no unsynchronised state with others (each has its own configuration,
// model and dictionary); it may move between threads as long as one at a time uses it, which
// `&mut self` on every method ensures. The library's only globals are its log settings, set once.
unsafe impl Send for RawDecoder {}

impl RawDecoder {
    /// `settings` are the library's command-line options without the dash.
    pub(super) fn new(
        sphinx: Arc<Sphinx>,
        settings: &[(&str, String)],
    ) -> Result<Self, SphinxError> {
        let config = match &sphinx.generation {
            Generation::Pre5 { args, parse, .. } => {
                let mut words = Vec::new();
                for (name, value) in settings {
                    words.push(CString::new(format!("-{name}"))?);
                    words.push(CString::new(value.as_str())?);
                }
                let mut pointers: Vec<*mut c_char> =
                    words.iter().map(|word| word.as_ptr().cast_mut()).collect();
                let count = c_int::try_from(pointers.len())
                    .map_err(|_| SphinxError::Call("cmd_ln_parse_r"))?;
                // SAFETY: `pointers` holds `count` valid strings which the parser only reads
                // and copies; the definitions live as long as the library.
                unsafe { parse(ptr::null_mut(), args(), count, pointers.as_mut_ptr(), 1) }
            }
            Generation::Five { init, set_str, .. } => {
                // SAFETY: no definitions means the library's own.
                let config = unsafe { init(ptr::null()) };
                for (name, value) in settings {
                    let (name, value) = (CString::new(*name)?, CString::new(value.as_str())?);
                    if !config.is_null() {
                        // SAFETY: all three are valid; the strings are copied.
                        unsafe { set_str(config, name.as_ptr(), value.as_ptr()) };
                    }
                }
                config
            }
        };
        if config.is_null() {
            return Err(SphinxError::Call("reading the recogniser's settings"));
        }
        // SAFETY: a valid configuration; the decoder takes its own reference to it.
        let decoder = unsafe { (sphinx.init)(config) };
        // SAFETY: drops the reference that was created above, exactly once.
        unsafe {
            match &sphinx.generation {
                Generation::Pre5 { free, .. } | Generation::Five { free, .. } => free(config),
            }
        };
        let decoder = NonNull::new(decoder).ok_or(SphinxError::Call("ps_init"))?;
        Ok(Self {
            sphinx,
            decoder,
            in_utterance: false,
        })
    }

    /// Changes a setting that is a number, for searches that are added from now on.
    pub(super) fn set(&mut self, name: &str, value: f64) -> Result<(), SphinxError> {
        // SAFETY: valid decoder, which keeps its configuration for as long as it lives.
        let config = unsafe { (self.sphinx.config)(self.decoder.as_ptr()) };
        if config.is_null() {
            return Err(SphinxError::Call("reading the recogniser's settings"));
        }
        // SAFETY: valid configuration and strings; callers name settings that both generations have, as numbers.
        unsafe {
            match &self.sphinx.generation {
                Generation::Pre5 { set_number, .. } => {
                    let name = CString::new(format!("-{name}"))?;
                    set_number(config, name.as_ptr(), value);
                }
                Generation::Five { set_number, .. } => {
                    let name = CString::new(name)?;
                    set_number(config, name.as_ptr(), value);
                }
            }
        }
        Ok(())
    }

    /// Adds the automaton in `file` (FSG format) as the search `name`. All its words must be in
    /// the dictionary. Allowed during an utterance, except for the active search.
    pub(super) fn add_grammar(
        &mut self,
        name: &str,
        file: &Path,
        language_weight: f32,
    ) -> Result<(), SphinxError> {
        let name = CString::new(name)?;
        let file = CString::new(file.to_string_lossy().into_owned())?;
        // SAFETY: valid decoder and strings; the decoder's log-math table outlives the automaton,
        // which the decoder retains for itself, so that our reference is given back either way.
        let code = unsafe {
            let logmath = (self.sphinx.logmath)(self.decoder.as_ptr());
            let automaton = (self.sphinx.read_automaton)(file.as_ptr(), logmath, language_weight);
            if automaton.is_null() {
                return Err(SphinxError::Call("reading the recogniser's grammar"));
            }
            let code = (self.sphinx.add_automaton)(self.decoder.as_ptr(), name.as_ptr(), automaton);
            (self.sphinx.free_automaton)(automaton);
            code
        };
        check(code, "compiling the recogniser's grammar")
    }

    /// Adds a loop of all phones, weighted by the phone model in `file`, as the search `name`.
    pub(super) fn add_phone_loop(&mut self, name: &str, file: &Path) -> Result<(), SphinxError> {
        let name = CString::new(name)?;
        let file = CString::new(file.to_string_lossy().into_owned())?;
        // SAFETY: valid decoder and strings.
        let code = unsafe {
            (self.sphinx.add_allphone)(self.decoder.as_ptr(), name.as_ptr(), file.as_ptr())
        };
        check(code, "loading the phone model")
    }

    /// Adds a search `name` that listens for `phrase` against a loop of all phones. Its words must
    /// be in the dictionary.
    pub(super) fn add_keyphrase(&mut self, name: &str, phrase: &str) -> Result<(), SphinxError> {
        let (name, phrase) = (CString::new(name)?, CString::new(phrase)?);
        // SAFETY: valid decoder and strings, which are copied.
        let code = unsafe {
            (self.sphinx.add_keyphrase)(self.decoder.as_ptr(), name.as_ptr(), phrase.as_ptr())
        };
        check(code, "preparing the wake phrase")
    }

    /// Makes `name` the search of the next utterance. Fails during an utterance.
    pub(super) fn activate(&mut self, name: &str) -> Result<(), SphinxError> {
        if self.in_utterance {
            return Err(SphinxError::Call("changing the search during an utterance"));
        }
        let name = CString::new(name)?;
        // SAFETY: valid decoder and string; an unknown name is an error code.
        let code = unsafe { (self.sphinx.activate)(self.decoder.as_ptr(), name.as_ptr()) };
        check(code, "activating a search")
    }

    /// Forgets a search that is not active.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), SphinxError> {
        let name = CString::new(name)?;
        // SAFETY: valid decoder and string; callers never name the active search (see
        // `Decoder::forget`), so no pointer to it is left behind.
        let code = unsafe { (self.sphinx.remove)(self.decoder.as_ptr(), name.as_ptr()) };
        check(code, "removing a search")
    }

    /// Adds a word with its ARPAbet phones, separated by spaces.
    pub(super) fn add_word(&mut self, word: &str, phones: &str) -> Result<(), SphinxError> {
        let (word, phones) = (CString::new(word)?, CString::new(phones)?);
        // SAFETY: valid decoder and strings; searches are built after their words, so none needs
        // an update.
        let id = unsafe {
            (self.sphinx.add_word)(self.decoder.as_ptr(), word.as_ptr(), phones.as_ptr(), 0)
        };
        if id < 0 {
            return Err(SphinxError::Call("adding a word to the dictionary"));
        }
        Ok(())
    }

    /// Begins an utterance with the active search.
    pub(super) fn start(&mut self) -> Result<(), SphinxError> {
        // SAFETY: valid decoder; without an active search it returns an error code.
        let code = unsafe { (self.sphinx.start)(self.decoder.as_ptr()) };
        check(code, "starting an utterance")?;
        self.in_utterance = true;
        Ok(())
    }

    /// Hears normalised cepstra.
    pub(super) fn hear(&mut self, cepstra: &mut [Cepstrum]) -> Result<(), SphinxError> {
        if !self.in_utterance {
            return Err(SphinxError::Call("hearing outside of an utterance"));
        }
        if cepstra.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<*mut f32> = cepstra.iter_mut().map(|row| row.as_mut_ptr()).collect();
        let count = c_int::try_from(rows.len()).map_err(|_| SphinxError::Call("hearing"))?;
        // SAFETY: `rows` holds `count` pointers to 13 floats each, the model's vector size; the
        // library copies them (and may normalise in place, hence `mut`).
        let code =
            unsafe { (self.sphinx.process)(self.decoder.as_ptr(), rows.as_mut_ptr(), count, 0, 0) };
        check(code.min(0), "decoding")
    }

    /// Ends the utterance; the final hypothesis can be read until the next one starts.
    pub(super) fn end(&mut self) -> Result<(), SphinxError> {
        if !std::mem::take(&mut self.in_utterance) {
            return Ok(());
        }
        // SAFETY: valid decoder within an utterance.
        let code = unsafe { (self.sphinx.end)(self.decoder.as_ptr()) };
        check(code, "ending an utterance")
    }

    /// The words so far and the path's score; `None` if the search has none.
    pub(super) fn hypothesis(&mut self) -> Option<(String, i32)> {
        let mut score = 0;
        // SAFETY: valid decoder after its first `start`; the text belongs to the search and is
        // copied before anything else can change it.
        unsafe {
            let text = (self.sphinx.hypothesis)(self.decoder.as_ptr(), &raw mut score);
            (!text.is_null()).then(|| (CStr::from_ptr(text).to_string_lossy().into_owned(), score))
        }
    }

    /// The words so far with their times.
    pub(super) fn segments(&mut self) -> Vec<RawSegment> {
        let mut segments = Vec::new();
        // SAFETY: the iterator is advanced to its end, which frees it; words belong to the
        // dictionary and are copied.
        unsafe {
            let mut at = (self.sphinx.segments)(self.decoder.as_ptr());
            while !at.is_null() {
                let (mut first, mut last) = (0, 0);
                (self.sphinx.segment_frames)(at, &raw mut first, &raw mut last);
                let (mut acoustic, mut language, mut back) = (0, 0, 0);
                let certainty = (self.sphinx.segment_score)(
                    at,
                    &raw mut acoustic,
                    &raw mut language,
                    &raw mut back,
                );
                let word = (self.sphinx.segment_word)(at);
                if !word.is_null() {
                    segments.push(RawSegment {
                        word: CStr::from_ptr(word).to_string_lossy().into_owned(),
                        steps: (first.max(0) as u32, last.max(0) as u32),
                        acoustic,
                        certainty,
                    });
                }
                at = (self.sphinx.next_segment)(at);
            }
        }
        segments
    }
}

impl Drop for RawDecoder {
    fn drop(&mut self) {
        // SAFETY: the only reference to the decoder, released once; the library is still loaded
        // because `self.sphinx` holds it.
        unsafe { (self.sphinx.free)(self.decoder.as_ptr()) };
    }
}

fn check(code: c_int, call: &'static str) -> Result<(), SphinxError> {
    if code < 0 {
        return Err(SphinxError::Call(call));
    }
    Ok(())
}
