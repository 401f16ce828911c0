//! Secrets in the keyring of the system, which somebody's password opens.

use std::{sync::mpsc, thread, time::Duration};

/// What the keyring shows as the owner of its entries.
const SERVICE: &str = "Loqa";
/// How long it may take: a locked one asks somebody, who may not be there.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks it about the entry of this name, on a thread that nobody waits for longer than 20 s. Blocks.
///
/// # Errors
/// In plain words: there is no keyring, no such entry, or no answer.
pub fn ask<R: Send + 'static>(
    name: &str,
    ask: impl FnOnce(keyring::Entry) -> keyring::Result<R> + Send + 'static,
) -> Result<R, String> {
    let (answer, answered) = mpsc::sync_channel(1);
    let name = name.to_owned();
    let asking = move || {
        let result = keyring::Entry::new(SERVICE, &name).and_then(ask);
        // Whoever asked may have given up.
        let _ = answer.send(result.map_err(|error| error.to_string()));
    };
    let begun = thread::Builder::new().name("keyring".into()).spawn(asking);
    begun.map_err(|error| error.to_string())?;
    let patience = answered.recv_timeout(PATIENCE);
    patience.unwrap_or_else(|_| Err("it does not answer; it may be locked".into()))
}
