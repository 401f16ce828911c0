//! What waits to be told to one client.

use loqa_protocol::{ServerFrame, ViewPart};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// A client that lets this much pile up is not reading: about a minute of speech.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Beyond this, events are shed: they only tell what happens meanwhile.
const MAX_BYTES_FOR_EVENTS: usize = MAX_BYTES / 8;

/// The way to one client: never blocks. Clones lead to the same client.
///
/// When a client reads too slowly, events are shed first (their `seq` shows the gap). Everything
/// else is an answer it asked for and is never shed; when even those pile up, the client is told
/// so and disconnected.
#[derive(Clone)]
pub struct Answers {
    queue: Arc<Queue>,
}

/// The client is not there any more: what it asked for may stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the client is gone")]
pub struct ClientGone;

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    frames: VecDeque<ServerFrame>,
    bytes: usize,
    shed: u64,
    closed: bool,
    overflowed: bool,
}

/// The end that is read, by one reader.
pub(crate) struct Outbox {
    queue: Arc<Queue>,
}

/// A queue with both its ends.
pub(crate) fn answers() -> (Answers, Outbox) {
    let queue = Arc::new(Queue::default());
    (
        Answers {
            queue: queue.clone(),
        },
        Outbox { queue },
    )
}

impl Answers {
    /// Queues a frame.
    ///
    /// # Errors
    /// [`ClientGone`]: the frame will not arrive. An event that was shed is no error.
    pub fn send(&self, frame: ServerFrame) -> Result<(), ClientGone> {
        let mut state = self.queue.state();
        if state.closed || state.overflowed {
            return Err(ClientGone);
        }
        let bytes = state.bytes + weight(&frame);
        if is_event(&frame) && bytes > MAX_BYTES_FOR_EVENTS {
            state.shed += 1;
            return Ok(());
        }
        let fits = bytes <= MAX_BYTES;
        if fits {
            state.bytes = bytes;
            state.frames.push_back(frame);
        } else {
            state.overflowed = true;
        }
        drop(state);
        self.queue.changed.notify_one();
        if fits { Ok(()) } else { Err(ClientGone) }
    }

    /// Whether the client went away.
    pub fn is_closed(&self) -> bool {
        let state = self.queue.state();
        state.closed || state.overflowed
    }
}

/// Too much piled up; nothing more is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflow {
    /// Events that had been shed before.
    pub shed: u64,
}

impl Outbox {
    /// The next frame, as soon as there is one. Cancel-safe.
    pub async fn next(&mut self) -> Result<ServerFrame, Overflow> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            // A frame queued since then has left a permit, so it is not missed.
            self.queue.changed.notified().await;
        }
    }

    /// The next frame, if there is one.
    pub fn take(&mut self) -> Option<Result<ServerFrame, Overflow>> {
        let mut state = self.queue.state();
        if state.overflowed {
            return Some(Err(Overflow { shed: state.shed }));
        }
        let frame = state.frames.pop_front()?;
        state.bytes -= weight(&frame);
        Some(Ok(frame))
    }

    /// Resolves when too much has piled up. Cancel-safe; not to be waited for while
    /// [`Outbox::next`] is.
    pub async fn overflow(&self) {
        loop {
            if self.queue.state().overflowed {
                return;
            }
            self.queue.changed.notified().await;
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.closed = true;
        state.frames.clear();
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_event(frame: &ServerFrame) -> bool {
    match frame {
        ServerFrame::Event { .. } => true,
        ServerFrame::View { view, .. } => matches!(view.part, ViewPart::Event(_)),
        _ => false,
    }
}

/// About how many bytes a frame holds.
fn weight(frame: &ServerFrame) -> usize {
    const SMALL: usize = 512;
    match frame {
        ServerFrame::Speech { samples, .. } => SMALL + samples.len() * size_of::<f32>(),
        ServerFrame::Json { json, .. } => SMALL + json.len(),
        ServerFrame::View { view, .. } => match &view.part {
            ViewPart::House(house) => {
                SMALL * (1 + house.areas.len() + house.devices.len() + 4 * house.skills.len())
            }
            ViewPart::State(state) => {
                let items = state.lists.iter().flat_map(|list| &list.items);
                SMALL * (1 + state.timers.len() + state.devices.len())
                    + items.map(|item| item.len() + 32).sum::<usize>()
            }
            ViewPart::Listening(_) | ViewPart::Event(_) => SMALL,
        },
        ServerFrame::Turn { summary, .. } => SMALL + summary.text.len() + summary.reply.len(),
        _ => SMALL,
    }
}
