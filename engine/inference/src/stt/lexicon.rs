//! flite's letter-to-sound trees, from the lexicon library that comes with its voices.
#![allow(
    unsafe_code,
    reason = "talks to flite's lexicon; every block says why it is sound"
)]

use libloading::Library;
use std::{
    ffi::{CStr, CString, c_char, c_void},
    ptr::{self, NonNull},
};

type Value = c_void;

/// CMU's lexicon as compiled into flite.
pub(super) struct Lexicon {
    lexicon: NonNull<c_void>,
    lookup: unsafe extern "C" fn(
        *const c_void,
        *const c_char,
        *const c_char,
        *const c_void,
    ) -> *mut Value,
    first: unsafe extern "C" fn(*const Value) -> *const Value,
    rest: unsafe extern "C" fn(*const Value) -> *const Value,
    text: unsafe extern "C" fn(*const Value) -> *const c_char,
    delete: unsafe extern "C" fn(*mut Value),
    // Last, so that they are unloaded after everything above is gone.
    _libraries: [Library; 2],
}

// SAFETY: the lexicon is a constant table; lookups allocate their own results. `&mut self` keeps
// lookups apart all the same.
unsafe impl Send for Lexicon {}

/// Where the two libraries are, by system.
const LIBRARIES: [[&str; 2]; 4] = [
    ["libflite.so.1", "libflite_cmulex.so.1"],
    ["libflite.so", "libflite_cmulex.so"],
    [
        "/opt/homebrew/lib/libflite.dylib",
        "/opt/homebrew/lib/libflite_cmulex.dylib",
    ],
    [
        "/usr/local/lib/libflite.dylib",
        "/usr/local/lib/libflite_cmulex.dylib",
    ],
];

impl Lexicon {
    /// `None` if flite is not installed.
    pub(super) fn load() -> Option<Self> {
        // SAFETY: flite's libraries run no code when loaded; the functions have the types of
        // cst_lexicon.h and cst_val.h (flite 2.x) and live as long as the libraries beside them.
        unsafe {
            let libraries = LIBRARIES.iter().find_map(|[flite, lexicon]| {
                Some([Library::new(*flite).ok()?, Library::new(*lexicon).ok()?])
            })?;
            let [flite, cmulex] = &libraries;
            let init: unsafe extern "C" fn() -> *mut c_void =
                *cmulex.get(b"cmu_lex_init\0").ok()?;
            let lexicon = NonNull::new(init())?;
            Some(Self {
                lexicon,
                lookup: *flite.get(b"lex_lookup\0").ok()?,
                first: *flite.get(b"val_car\0").ok()?,
                rest: *flite.get(b"val_cdr\0").ok()?,
                text: *flite.get(b"val_string\0").ok()?,
                delete: *flite.get(b"delete_val\0").ok()?,
                _libraries: libraries,
            })
        }
    }

    /// Phones in flite's notation (`k ih1 ch ax n`); `word` is in letters a to z.
    pub(super) fn phones(&mut self, word: &str) -> Option<Vec<String>> {
        // The trees are made for words; a page of letters would recurse for long.
        if word.is_empty() || word.len() > 40 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
            return None;
        }
        let word = CString::new(word).ok()?;
        let mut phones = Vec::new();
        // SAFETY: a valid lexicon and string; part of speech and features may be null. The list
        // that comes back is walked within its bounds (null ends it), its texts are copied, and
        // it is deleted once.
        unsafe {
            let list = (self.lookup)(
                self.lexicon.as_ptr(),
                word.as_ptr(),
                ptr::null(),
                ptr::null(),
            );
            let mut at = list.cast_const();
            while !at.is_null() {
                let text = (self.text)((self.first)(at));
                if !text.is_null() {
                    phones.push(CStr::from_ptr(text).to_string_lossy().into_owned());
                }
                at = (self.rest)(at);
            }
            if !list.is_null() {
                (self.delete)(list);
            }
        }
        (!phones.is_empty()).then_some(phones)
    }
}
