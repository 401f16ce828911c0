//! Files that change, in folders that somebody watches.

use notify::{Event, EventKind, RecommendedWatcher};
use std::{path::PathBuf, time::Duration};

/// Files change one after the other: so long after the first of them all are looked at.
pub const SETTLE: Duration = Duration::from_millis(200);

/// Tells which paths have changed, of the folders that it is then given to watch; none, where that got
/// lost. Called on a thread of its own.
///
/// # Errors
/// Nothing can be watched here.
pub fn watcher(
    mut told: impl FnMut(&[PathBuf]) + Send + 'static,
) -> notify::Result<RecommendedWatcher> {
    notify::recommended_watcher(move |event: notify::Result<Event>| match event {
        // Reading is no change.
        Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
        Ok(event) => told(&event.paths),
        Err(_) => told(&[]),
    })
}
