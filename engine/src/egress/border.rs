//! What all ways out of this process share: one ledger, and whether the house is sealed.

use super::{
    Address, Egress, Entry, Place,
    ledger::{Ledger, Open},
    reach::Reach,
    wire::Encryption,
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Between this process and everybody else. Every [`Egress`] is a way over it, so that all of them are
/// in one ledger and end together when the house is sealed. Clones are the same.
#[derive(Clone)]
pub struct Border(Arc<Inner>);

struct Inner {
    ledger: Ledger,
    encryption: Encryption,
    sealed: watch::Sender<bool>,
    /// Cancelled by the next sealing; what is opened holds one.
    until_sealed: Mutex<CancellationToken>,
}

impl Border {
    /// One that nobody has crossed yet.
    pub fn new(sealed: bool) -> Border {
        Border::with(sealed, Encryption::default())
    }

    pub(super) fn with(sealed: bool, encryption: Encryption) -> Border {
        let border = Border(Arc::new(Inner {
            ledger: Ledger::default(),
            encryption,
            sealed: watch::Sender::new(false),
            until_sealed: Mutex::default(),
        }));
        border.seal(sealed);
        border
    }

    /// A way to these places and to no other.
    pub fn to(&self, permitted: impl IntoIterator<Item = Address>) -> Egress {
        let permitted = permitted.into_iter().collect();
        Egress::within(self, Reach::Named(permitted))
    }

    /// A way to the internet, encrypted, and to these places in the house.
    pub fn to_internet(&self, house: impl IntoIterator<Item = Address>) -> Egress {
        let house = house.into_iter().collect();
        Egress::within(self, Reach::Internet { house })
    }

    /// Lets nobody out from now on, and ends what is open; or lets them out again.
    pub fn seal(&self, sealed: bool) {
        let mut until_sealed = self.until_sealed();
        let changed = self
            .0
            .sealed
            .send_if_modified(|was| std::mem::replace(was, sealed) != sealed);
        match sealed {
            true => until_sealed.cancel(),
            false if changed => *until_sealed = CancellationToken::new(),
            false => {}
        }
    }

    /// Whether nobody is let out.
    pub fn is_sealed(&self) -> bool {
        *self.0.sealed.borrow()
    }

    /// The same, and when that changes.
    pub fn sealed(&self) -> watch::Receiver<bool> {
        self.0.sealed.subscribe()
    }

    /// The latest connections, refused ones too, oldest first: so many at most.
    pub fn latest(&self, most: usize) -> Vec<Entry> {
        self.0.ledger.latest(most)
    }

    /// Takes in what another process of this household has opened.
    pub fn take(&self, entries: impl IntoIterator<Item = Entry>) {
        entries
            .into_iter()
            .for_each(|entry| self.0.ledger.take(entry));
    }

    /// Every place that somebody wanted to reach, with what came of it since the process began.
    pub fn places(&self) -> Vec<Place> {
        self.0.ledger.places()
    }

    /// Since when all this is counted, Unix ms.
    pub fn since_ms(&self) -> u64 {
        self.0.ledger.since_ms()
    }

    pub(super) fn begin(&self, request: &super::Request<'_>) -> Arc<Open> {
        self.0.ledger.begin(request)
    }

    pub(super) fn encryption(&self) -> &Encryption {
        &self.0.encryption
    }

    /// Cancelled when the house is sealed; at once, where it is.
    pub(super) fn until_sealed(&self) -> std::sync::MutexGuard<'_, CancellationToken> {
        let until_sealed = self.0.until_sealed.lock();
        until_sealed.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Border {
    fn default() -> Border {
        Border::new(false)
    }
}
