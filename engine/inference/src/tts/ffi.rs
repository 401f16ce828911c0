//! The few functions of flite 2.x that Loqa calls, looked up at run time. All of the mouth's
//! `unsafe` is in this file.
//!
//! Declarations follow `flite.h`, `cst_audio.h`, `cst_wave.h` and `cst_lexicon.h` of flite 2.2
//! (Debian `flite1-dev`); the layouts used here are the same in 2.1 and 2.2.
#![allow(unsafe_code)]

use libloading::Library;
use loqa_core::seams::ModelError;
use std::{
    collections::HashMap,
    ffi::{CStr, CString, c_char, c_int, c_void},
    ops::ControlFlow,
    sync::{Mutex, OnceLock, PoisonError},
};

/// What to type where flite is missing.
#[cfg(target_os = "macos")]
pub(super) const REMEDY: &str = "type `brew install flite`";
/// What to type where flite is missing.
#[cfg(not(target_os = "macos"))]
pub(super) const REMEDY: &str = "type `sudo apt-get install flite1-dev`";

/// Samples per callback: 20 ms at 16 kHz, so that the first chunk of a clause is small.
const CHUNK_SAMPLES: c_int = 320;

const STREAM_CONTINUE: c_int = 0;
const STREAM_STOP: c_int = -1;

/// `cst_wave`.
#[repr(C)]
struct Wave {
    kind: *const c_char,
    sample_rate: c_int,
    num_samples: c_int,
    num_channels: c_int,
    samples: *mut i16,
}

type StreamCallback =
    unsafe extern "C" fn(*const Wave, c_int, c_int, c_int, *mut StreamingInfo) -> c_int;

/// `cst_audio_streaming_info`.
#[repr(C)]
struct StreamingInfo {
    min_buffsize: c_int,
    callback: StreamCallback,
    utterance: *const c_void,
    item: *const c_void,
    userdata: *mut c_void,
}

/// The head of `cst_voice`: all that is read.
#[repr(C)]
struct VoiceHead {
    name: *const c_char,
    features: *mut c_void,
}

/// `cst_val`, opaque.
#[repr(C)]
struct Val(c_void);

/// `cst_utterance`, opaque.
#[repr(C)]
struct Utterance(c_void);

/// flite's entry points and the pronouncing dictionary; loaded once and never unloaded.
pub(super) struct Flite {
    synth_text: unsafe extern "C" fn(*const c_char, *mut VoiceHead) -> *mut Utterance,
    delete_utterance: unsafe extern "C" fn(*mut Utterance),
    new_streaming_info: unsafe extern "C" fn() -> *mut StreamingInfo,
    streaming_info_val: unsafe extern "C" fn(*mut StreamingInfo) -> *mut Val,
    feat_set: unsafe extern "C" fn(*mut c_void, *const c_char, *const Val),
    lex_lookup: unsafe extern "C" fn(
        *const c_void,
        *const c_char,
        *const c_char,
        *const c_void,
    ) -> *mut Val,
    val_car: unsafe extern "C" fn(*const Val) -> *const Val,
    val_cdr: unsafe extern "C" fn(*const Val) -> *const Val,
    val_string: unsafe extern "C" fn(*const Val) -> *const c_char,
    delete_val: unsafe extern "C" fn(*mut Val),
    lexicon: *const c_void,
    /// Voices registered so far. The lock is held while one speaks: flite's voices are globals.
    voices: Mutex<HashMap<&'static str, VoiceHandle>>,
}

// SAFETY: the function pointers are plain code addresses; `lexicon` points to a static of the
// dictionary library that nothing writes after `load`, and whose look-ups only read it and
// allocate; the voices' pointers are used under their lock alone.
unsafe impl Send for Flite {}
// SAFETY: as above.
unsafe impl Sync for Flite {}

#[derive(Clone, Copy)]
struct VoiceHandle {
    voice: *mut VoiceHead,
    streaming: *mut StreamingInfo,
}

/// Where a clause's samples go: the rate in Hz and some samples; `Break` stops the synthesis.
type Sink<'a> = dyn FnMut(u32, &[i16]) -> ControlFlow<()> + 'a;

/// Returns flite, loading it on the first call.
///
/// # Errors
/// [`ModelError::NotLoaded`] with the command that installs it; the answer is kept for the life
/// of the process.
pub(super) fn flite() -> Result<&'static Flite, ModelError> {
    static FLITE: OnceLock<Result<Flite, ModelError>> = OnceLock::new();
    FLITE.get_or_init(load).as_ref().map_err(Clone::clone)
}

impl Flite {
    /// Makes a voice (`slt`, `rms`, …) ready.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] if its library is missing.
    pub(super) fn load_voice(&self, name: &'static str) -> Result<(), ModelError> {
        let mut voices = self.voices.lock().unwrap_or_else(PoisonError::into_inner);
        self.voice(&mut voices, name).map(|_| ())
    }

    /// Speaks `text` as one utterance, handing samples to `sink` while they are made.
    ///
    /// Blocks until all is said or the sink broke off (which takes effect within one callback,
    /// but not during the text analysis before the first: keep the text to a clause). `text`
    /// must be ASCII without NUL; anything else is not said.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] if the voice's library is missing.
    pub(super) fn speak(
        &self,
        name: &'static str,
        text: &str,
        sink: &mut Sink<'_>,
    ) -> Result<(), ModelError> {
        let mut voices = self.voices.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = self.voice(&mut voices, name)?;
        let Ok(text) = CString::new(text) else {
            return Ok(());
        };
        let mut sink: &mut Sink<'_> = sink;
        // SAFETY: `handle` holds the live pointers made in `voice`; the lock excludes any other
        // use of this voice. `userdata` points to `sink`, a local that outlives the call, and is
        // cleared before it goes; flite calls back on this thread only, inside `synth_text`.
        // The utterance is owned by us and deleted exactly once.
        unsafe {
            (*handle.streaming).userdata = (&raw mut sink).cast();
            let utterance = (self.synth_text)(text.as_ptr(), handle.voice);
            (*handle.streaming).userdata = std::ptr::null_mut();
            if !utterance.is_null() {
                (self.delete_utterance)(utterance);
            }
        }
        Ok(())
    }

    /// Looks a word up in the dictionary, else applies the letter-to-sound rules; phones as the
    /// dictionary writes them (`k ih1 ch ax0 n`). `word` must be lower-case ASCII letters.
    pub(super) fn phones(&self, word: &str) -> Vec<String> {
        let Ok(word) = CString::new(word) else {
            return Vec::new();
        };
        let mut phones = Vec::new();
        // SAFETY: the lexicon is a static that is only read here; part of speech and features may
        // be null (the look-up tests both). The list returned is ours: walked with the library's
        // own accessors, whose results live as long as the list, and deleted once.
        unsafe {
            let list = (self.lex_lookup)(
                self.lexicon,
                word.as_ptr(),
                std::ptr::null(),
                std::ptr::null(),
            );
            let mut rest: *const Val = list;
            while !rest.is_null() {
                let phone = (self.val_string)((self.val_car)(rest));
                if !phone.is_null() {
                    phones.push(CStr::from_ptr(phone).to_string_lossy().into_owned());
                }
                rest = (self.val_cdr)(rest);
            }
            if !list.is_null() {
                (self.delete_val)(list);
            }
        }
        phones
    }

    fn voice(
        &self,
        voices: &mut HashMap<&'static str, VoiceHandle>,
        name: &'static str,
    ) -> Result<VoiceHandle, ModelError> {
        if let Some(handle) = voices.get(name) {
            return Ok(*handle);
        }
        let library = open(&format!("flite_cmu_us_{name}"))?;
        let symbol = format!("register_cmu_us_{name}");
        // SAFETY: every voice library exports `cst_voice *register_<voice>(const char *)`, which
        // takes null for the built-in data and returns a voice that lives until unregistered. It
        // is called under the voices' lock. The library is leaked, so the code stays mapped.
        let voice = unsafe {
            let register: unsafe extern "C" fn(*const c_char) -> *mut VoiceHead =
                lookup(library, &symbol)?;
            register(std::ptr::null())
        };
        // SAFETY: plain allocation in the library.
        let streaming = unsafe { (self.new_streaming_info)() };
        if voice.is_null() || streaming.is_null() {
            return Err(ModelError::Backend(format!(
                "flite could not set up its voice `{name}`"
            )));
        }
        // SAFETY: both pointers were checked; the fields are those of `cst_audio.h`. `feat_set`
        // copies the name's pointer only for the life of the voice: it is a static string.
        unsafe {
            (*streaming).min_buffsize = CHUNK_SAMPLES;
            (*streaming).callback = on_samples;
            (*streaming).userdata = std::ptr::null_mut();
            (self.feat_set)(
                (*voice).features,
                c"streaming_info".as_ptr(),
                (self.streaming_info_val)(streaming),
            );
        }
        let handle = VoiceHandle { voice, streaming };
        voices.insert(name, handle);
        Ok(handle)
    }
}

/// flite's streaming callback: `size` samples from `start` on are ready.
unsafe extern "C" fn on_samples(
    wave: *const Wave,
    start: c_int,
    size: c_int,
    _last: c_int,
    info: *mut StreamingInfo,
) -> c_int {
    // SAFETY: flite passes the wave being filled and the structure made in `voice`. `userdata`
    // is null or the `&mut &mut Sink` of the `speak` call that is running on this very thread.
    // The range is checked against the wave's own length before a slice is made of it.
    unsafe {
        let userdata = (*info).userdata.cast::<&mut Sink<'_>>();
        if userdata.is_null() {
            return STREAM_STOP;
        }
        let (Ok(from), Ok(count), Ok(total), Ok(rate)) = (
            usize::try_from(start),
            usize::try_from(size),
            usize::try_from((*wave).num_samples),
            u32::try_from((*wave).sample_rate),
        ) else {
            return STREAM_STOP;
        };
        if (*wave).samples.is_null() || from + count > total || rate == 0 {
            return STREAM_STOP;
        }
        let samples = std::slice::from_raw_parts((*wave).samples.add(from), count);
        match (*userdata)(rate, samples) {
            ControlFlow::Continue(()) => STREAM_CONTINUE,
            ControlFlow::Break(()) => STREAM_STOP,
        }
    }
}

fn load() -> Result<Flite, ModelError> {
    let flite = open("flite")?;
    // The voices need both; opened here so that a missing one is named.
    open("flite_usenglish")?;
    let cmulex = open("flite_cmulex")?;
    // SAFETY: the types are those of flite 2.x's headers, named at the top; `flite_init` and
    // `cmu_lex_init` take no argument, run once (inside the caller's `OnceLock`) and the latter
    // returns a static. The libraries are leaked, so every address stays valid.
    unsafe {
        let init: unsafe extern "C" fn() -> c_int = lookup(flite, "flite_init")?;
        init();
        let lex_init: unsafe extern "C" fn() -> *const c_void = lookup(cmulex, "cmu_lex_init")?;
        Ok(Flite {
            synth_text: lookup(flite, "flite_synth_text")?,
            delete_utterance: lookup(flite, "delete_utterance")?,
            new_streaming_info: lookup(flite, "new_audio_streaming_info")?,
            streaming_info_val: lookup(flite, "audio_streaming_info_val")?,
            feat_set: lookup(flite, "feat_set")?,
            lex_lookup: lookup(flite, "lex_lookup")?,
            val_car: lookup(flite, "val_car")?,
            val_cdr: lookup(flite, "val_cdr")?,
            val_string: lookup(flite, "val_string")?,
            delete_val: lookup(flite, "delete_val")?,
            lexicon: lex_init(),
            voices: Mutex::new(HashMap::new()),
        })
    }
}

/// Opens `lib<name>` under the names Debian and Homebrew give it, for good. The Homebrew names
/// and folders are unverified.
fn open(name: &str) -> Result<&'static Library, ModelError> {
    let candidates = if cfg!(target_os = "macos") {
        ["", "/opt/homebrew/lib/", "/usr/local/lib/"]
            .iter()
            .flat_map(|folder| {
                [
                    format!("{folder}lib{name}.1.dylib"),
                    format!("{folder}lib{name}.dylib"),
                ]
            })
            .collect()
    } else {
        vec![format!("lib{name}.so.1"), format!("lib{name}.so")]
    };
    for candidate in &candidates {
        // SAFETY: these are flite's libraries, whose initialisers do nothing but relocate.
        if let Ok(library) = unsafe { Library::new(candidate) } {
            return Ok(Box::leak(Box::new(library)));
        }
    }
    Err(ModelError::NotLoaded {
        what: format!("the speech library `{}`", candidates[0]),
        help: REMEDY.into(),
    })
}

/// Looks a function up.
///
/// # Safety
/// `T` must be the function's true type.
unsafe fn lookup<T: Copy>(library: &'static Library, symbol: &str) -> Result<T, ModelError> {
    // SAFETY: by this function's own contract; the library is never closed.
    unsafe { library.get::<T>(symbol) }
        .map(|found| *found)
        .map_err(|_| ModelError::NotLoaded {
            what: format!("flite's function `{symbol}`"),
            help: format!("Loqa needs flite 2.1 or later: {REMEDY}"),
        })
}
