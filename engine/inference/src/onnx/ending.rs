//! Nothing runs in ONNX Runtime while the process ends: its library would be taken down under the threads that
//! compute, which is a fault (seen with a hub that was stopped while Kokoro was loaded).
#![allow(
    unsafe_code,
    reason = "the one call that has something done at the end of the process"
)]

use ort::session::{RunOptions, builder::LoadCanceler};
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Longer than what is cancelled goes on, also on a busy machine; what takes longer has hung.
const PATIENCE: Duration = Duration::from_secs(3);

/// How something under way is given up.
pub(super) enum Cancel {
    /// A run.
    Run(Arc<RunOptions>),
    /// A session that is made.
    Load(LoadCanceler),
    /// It is short.
    Nothing,
}

struct UnderWay {
    ending: bool,
    next: u64,
    work: Vec<(u64, Cancel)>,
}

static UNDER_WAY: Mutex<UnderWay> = Mutex::new(UnderWay {
    ending: false,
    next: 0,
    work: Vec::new(),
});
static CHANGED: Condvar = Condvar::new();

fn under_way() -> MutexGuard<'static, UnderWay> {
    // Each change is one call of a vector's.
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something in ONNX Runtime, unless the process ends; `None` then.
pub(super) fn meanwhile<T>(cancel: Cancel, work: impl FnOnce() -> T) -> Option<T> {
    struct Noted(u64);
    impl Drop for Noted {
        fn drop(&mut self) {
            under_way().work.retain(|(number, _)| *number != self.0);
            CHANGED.notify_all();
        }
    }
    let _noted = {
        let mut all = under_way();
        if all.ending {
            return None;
        }
        all.next += 1;
        let number = all.next;
        all.work.push((number, cancel));
        Noted(number)
    };
    Some(work())
}

/// Has the end of the process wait for what is under way, in programs that do not call [`end`] themselves. It
/// comes too late for what is being loaded just then: what the library has made meanwhile is taken down first.
pub(super) fn watch() {
    // SAFETY: `at_exit` is a function of this program, which is never unloaded, takes nothing and does not unwind.
    // A failure (no memory) leaves things as they were.
    let _ = unsafe { libc::atexit(at_exit) };
}

extern "C" fn at_exit() {
    end();
}

/// Gives up what is under way in ONNX Runtime, waits for it (3 s at most), and begins nothing more. The last
/// that a program does: graphs fail from here on.
pub fn end() {
    let mut all = under_way();
    all.ending = true;
    for (_, cancel) in &all.work {
        // An error means that it has ended.
        let _ = match cancel {
            Cancel::Run(run) => run.terminate(),
            Cancel::Load(load) => load.cancel(),
            Cancel::Nothing => Ok(()),
        };
    }
    let ended = CHANGED.wait_timeout_while(all, PATIENCE, |all| !all.work.is_empty());
    drop(ended);
}
