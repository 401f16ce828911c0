//! The clock that ends skills which run too long: it stands still while none runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};
use wasmtime::Engine;

/// How exact it is.
const TICK: Duration = Duration::from_millis(2);
/// Ticks without a call after which it stands still.
const PATIENCE: u32 = 250;

/// Ticks while skills run.
pub struct Ticker {
    calls: Arc<AtomicU32>,
    asleep: Arc<AtomicBool>,
    thread: thread::Thread,
}

/// Something that runs until this is dropped.
pub struct Running<'t>(&'t Ticker);

impl Ticker {
    pub fn new(engine: Engine) -> Ticker {
        let calls = Arc::new(AtomicU32::new(0));
        let asleep = Arc::new(AtomicBool::new(false));
        let shared = (calls.clone(), asleep.clone());
        // It ends with the process, or when the engine has nobody else.
        let handle = thread::spawn(move || tick(&engine.weak(), &shared.0, &shared.1));
        Ticker {
            calls,
            asleep,
            thread: handle.thread().clone(),
        }
    }

    pub fn run(&self) -> Running<'_> {
        self.calls.fetch_add(1, Relaxed);
        if self.asleep.swap(false, Relaxed) {
            self.thread.unpark();
        }
        Running(self)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Relaxed);
    }
}

fn tick(engine: &wasmtime::EngineWeak, calls: &AtomicU32, asleep: &AtomicBool) {
    let mut idle = 0;
    while let Some(engine) = engine.upgrade() {
        engine.increment_epoch();
        drop(engine);
        idle = if calls.load(Relaxed) == 0 {
            idle + 1
        } else {
            0
        };
        if idle > PATIENCE {
            asleep.store(true, Relaxed);
            // A call that began in between is seen by one of the two.
            while asleep.load(Relaxed) && calls.load(Relaxed) == 0 {
                thread::park_timeout(Duration::from_secs(60));
            }
            asleep.store(false, Relaxed);
            idle = 0;
        }
        thread::sleep(TICK);
    }
}
