//! Who may use the model: one at a time, in the order they came.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How soon somebody who waits notices that nobody waits for them.
const LOOK: Duration = Duration::from_millis(20);

/// Those who wait, and whether somebody is in.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_taken: bool,
    waiting: VecDeque<u64>,
    next: u64,
}

/// The model is yours until this is dropped.
pub struct Pass<'a> {
    queue: &'a Queue,
}

impl Queue {
    /// Waits for a pass; `None` once `gives_up`.
    pub fn enter(&self, gives_up: impl Fn() -> bool) -> Option<Pass<'_>> {
        let mut state = self.lock();
        let mine = state.next;
        state.next += 1;
        state.waiting.push_back(mine);
        loop {
            if gives_up() {
                state.waiting.retain(|other| *other != mine);
                // It may have been the first.
                self.changed.notify_all();
                return None;
            }
            if !state.is_taken && state.waiting.front() == Some(&mine) {
                state.waiting.pop_front();
                state.is_taken = true;
                return Some(Pass { queue: self });
            }
            state = self
                .changed
                .wait_timeout(state, LOOK)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// A pass, if nobody has one or waits for one: for what may as well be done later.
    pub fn enter_if_free(&self) -> Option<Pass<'_>> {
        let mut state = self.lock();
        if state.is_taken || !state.waiting.is_empty() {
            return None;
        }
        state.is_taken = true;
        Some(Pass { queue: self })
    }

    /// Whether somebody waits.
    pub fn is_wanted(&self) -> bool {
        !self.lock().waiting.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.queue.lock().is_taken = false;
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{
            atomic::{AtomicBool, Ordering},
            mpsc,
        },
        thread,
    };

    #[test]
    fn one_is_in_and_whoever_gives_up_holds_up_nobody() {
        let queue = Queue::default();
        let first = queue.enter(|| false).unwrap();
        assert!(queue.enter_if_free().is_none());
        let gone = AtomicBool::new(false);
        let (entered, enters) = mpsc::channel();
        thread::scope(|scope| {
            let second = scope.spawn(|| queue.enter(|| gone.load(Ordering::SeqCst)).is_none());
            while !queue.is_wanted() {
                thread::yield_now();
            }
            scope.spawn(|| entered.send(queue.enter(|| false).is_some()).unwrap());
            while queue.lock().waiting.len() < 2 {
                thread::yield_now();
            }
            gone.store(true, Ordering::SeqCst);
            assert!(second.join().unwrap());
            assert!(enters.try_recv().is_err(), "the first is still in");
            drop(first);
            assert_eq!(enters.recv(), Ok(true));
        });
        assert!(queue.enter_if_free().is_some());
    }
}
