//! The few functions of SpeexDSP 1.2 that Loqa calls, looked up at run time.
//!
//! Declarations follow `speex_echo.h` (Debian `libspeexdsp-dev`).
#![allow(unsafe_code)]

use libloading::Library;
use loqa_core::seams::{FRAME_SAMPLES, ModelError, SAMPLE_RATE_HZ};
use std::{
    ffi::{c_int, c_void},
    ptr::NonNull,
    sync::OnceLock,
};

/// What to type where SpeexDSP is missing.
#[cfg(target_os = "macos")]
const REMEDY: &str = "type `brew install speexdsp`";
/// What to type where SpeexDSP is missing.
#[cfg(not(target_os = "macos"))]
const REMEDY: &str = "type `sudo apt-get install libspeexdsp1`";

const LIBRARIES: [&str; 4] = [
    "libspeexdsp.so.1",
    "libspeexdsp.1.dylib",
    "/opt/homebrew/lib/libspeexdsp.1.dylib",
    "/usr/local/lib/libspeexdsp.1.dylib",
];

/// `SPEEX_ECHO_SET_SAMPLING_RATE`.
const SET_SAMPLING_RATE: c_int = 24;

/// `SPEEX_ECHO_GET_IMPULSE_RESPONSE_SIZE` and `SPEEX_ECHO_GET_IMPULSE_RESPONSE`.
const GET_RESPONSE_SIZE: c_int = 27;
const GET_RESPONSE: c_int = 29;

/// 20 ms at 16 kHz. Blocks of 10 ms remove 1 to 4 dB less.
pub(super) type Block = [i16; FRAME_SAMPLES];

pub(super) struct Speex {
    init: unsafe extern "C" fn(c_int, c_int) -> *mut c_void,
    destroy: unsafe extern "C" fn(*mut c_void),
    cancel: unsafe extern "C" fn(*mut c_void, *const i16, *const i16, *mut i16),
    control: unsafe extern "C" fn(*mut c_void, c_int, *mut c_void) -> c_int,
    _library: Library,
}

/// Loads it on the first call; the answer is kept for the life of the process.
pub(super) fn speex() -> Result<&'static Speex, ModelError> {
    static SPEEX: OnceLock<Option<Speex>> = OnceLock::new();
    SPEEX
        .get_or_init(load)
        .as_ref()
        .ok_or_else(|| ModelError::NotLoaded {
            what: "SpeexDSP, which takes Loqa's own voice out of what it hears,".into(),
            help: REMEDY.into(),
        })
}

fn load() -> Option<Speex> {
    // SAFETY: SpeexDSP's initialisers do nothing but what the loader does; the declared types are
    // those of its header, and the library is kept for as long as its functions.
    unsafe {
        let library = LIBRARIES.iter().find_map(|name| Library::new(*name).ok())?;
        Some(Speex {
            init: *library.get(b"speex_echo_state_init\0").ok()?,
            destroy: *library.get(b"speex_echo_state_destroy\0").ok()?,
            cancel: *library.get(b"speex_echo_cancellation\0").ok()?,
            control: *library.get(b"speex_echo_ctl\0").ok()?,
            _library: library,
        })
    }
}

/// An adaptive filter that learns how the loudspeaker sounds in the microphone.
pub(super) struct Filter {
    speex: &'static Speex,
    state: NonNull<c_void>,
}

// SAFETY: a state has no ties to a thread, and is used through `&mut` alone.
unsafe impl Send for Filter {}

impl Filter {
    /// One for echoes that last this many samples.
    pub(super) fn new(tail: usize) -> Result<Self, ModelError> {
        let speex = speex()?;
        let mut rate = SAMPLE_RATE_HZ as c_int;
        // SAFETY: the state is checked before use; the rate is an `int`, which the call reads.
        unsafe {
            let state = (speex.init)(FRAME_SAMPLES as c_int, tail as c_int);
            let state = NonNull::new(state)
                .ok_or_else(|| ModelError::Backend("SpeexDSP has no memory left".into()))?;
            (speex.control)(state.as_ptr(), SET_SAMPLING_RATE, (&raw mut rate).cast());
            Ok(Filter { speex, state })
        }
    }

    /// What was heard without what was played.
    pub(super) fn cancel(&mut self, heard: &Block, played: &Block) -> Block {
        let mut cleaned = [0; FRAME_SAMPLES];
        // SAFETY: the state was made for blocks of this length.
        unsafe {
            let (heard, played) = (heard.as_ptr(), played.as_ptr());
            (self.speex.cancel)(self.state.as_ptr(), heard, played, cleaned.as_mut_ptr());
        }
        cleaned
    }

    /// The impulse response of the room as far as it is learned, at any scale; empty if it does not tell.
    pub(super) fn response(&mut self) -> Vec<f32> {
        let mut size: c_int = 0;
        // SAFETY: the size is an `int`, which the call writes; the response is as many of 32 bits.
        unsafe {
            let state = self.state.as_ptr();
            (self.speex.control)(state, GET_RESPONSE_SIZE, (&raw mut size).cast());
            let mut response = vec![0i32; usize::try_from(size).unwrap_or_default()];
            if !response.is_empty() {
                (self.speex.control)(state, GET_RESPONSE, response.as_mut_ptr().cast());
            }
            response.into_iter().map(|tap| tap as f32).collect()
        }
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        // SAFETY: made by `init`, destroyed once.
        unsafe { (self.speex.destroy)(self.state.as_ptr()) }
    }
}
