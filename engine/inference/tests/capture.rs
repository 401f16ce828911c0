//! The microphone's callback neither allocates nor waits, whatever the reader does.

use loqa_inference::capture::ring;
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// Counts what each thread allocates and frees.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is handed on to the system's allocator as it came; the counter is a
// thread-local without a destructor or an initialiser, which needs no allocation itself.
#[allow(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_callback_does_not_allocate() {
    let (mut inlet, mut outlet) = ring(1_000, Some(std::thread::current()));
    let stereo = [0i16; 2 * 320];
    let mono = [0f32; 320];
    let before = COUNT.get();
    // Also when it overruns, and when there is room again.
    for _ in 0..5 {
        inlet.take(&stereo, 2);
        inlet.take(&mono, 1);
    }
    assert_eq!(COUNT.get(), before);
    let mut heard = Vec::with_capacity(1_000);
    outlet.read(&mut heard);
    let before = COUNT.get();
    inlet.take(&mono, 1);
    assert_eq!(COUNT.get(), before);
    assert_eq!(heard.len(), 1_000);
    // What is owed as silence goes first.
    assert_eq!(outlet.overrun(), 11 * 320 - 1_000);
}
