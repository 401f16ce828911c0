//! Whether everything that is kept is what was written, and nothing is missing.

use super::{deed, schema};
use crate::{
    chain::{self, Broken, Head, Verified},
    keys::Key,
};
use rusqlite::Connection;

/// Looks at all of it: the chain, its heads, and each entry that is there.
pub(super) fn verify(
    connection: &Connection,
    seed: &Key,
    household: &Key,
    anchor: Option<&Head>,
) -> rusqlite::Result<Verified> {
    let (head, mut broken) = chain::verify(connection, seed, anchor)?;
    let last = usize::try_from(head.n).unwrap_or(usize::MAX);
    // By number: is something there, or known to be erased?
    let mut accounted = vec![false; last.saturating_add(1)];
    let mut account = |n: u64| match usize::try_from(n).ok().and_then(|n| accounted.get_mut(n)) {
        Some(seen) => !std::mem::replace(seen, true),
        None => false,
    };
    let mut entries = 0;
    let mut erased = 0;
    let mut leaf = connection.prepare("SELECT hash FROM leaf WHERE n = ?")?;
    let mut hash_of = |n: u64| -> rusqlite::Result<Option<Vec<u8>>> {
        leaf.query_row([n.cast_signed()], |row| row.get(0))
            .map(Some)
            .or_else(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(None),
                other => Err(other),
            })
    };
    for noted in deed::all(connection, household)? {
        let sealed: Vec<u8> = connection.query_row(
            "SELECT sealed FROM deed WHERE leaf = ?",
            [noted.n.cast_signed()],
            |row| row.get(0),
        )?;
        let same =
            hash_of(noted.n)?.is_some_and(|hash| hash == deed::hash(noted.n, noted.at_ms, &sealed));
        if !same || !account(noted.n) {
            broken.push(Broken::Changed {
                n: noted.n,
                of: "what was done".into(),
            });
            continue;
        }
        entries += 1;
        if let Some(deed::Deed::Forgot { entries, .. }) = noted.deed {
            for (from, to) in entries {
                erased += (from..=to.min(head.n)).filter(|n| account(*n)).count() as u64;
            }
        }
    }
    for conversation in schema::all(connection)? {
        let session = conversation.id.to_string();
        let mut found = 0;
        let mut times: Option<(i64, i64)> = None;
        let mut failed = Ok(());
        let read = schema::each_event(connection, conversation.number, |event| {
            found += 1;
            let (first, last) = times.unwrap_or((event.at_ms, event.at_ms));
            times = Some((first, last.max(event.at_ms)));
            let hash = match hash_of(event.leaf) {
                Ok(hash) => hash,
                Err(error) => {
                    failed = Err(error);
                    return;
                }
            };
            let same = hash.is_some_and(|hash| hash == event.hash(&conversation));
            let session = session.clone();
            if !same {
                let n = event.leaf;
                let of = format!("conversation {session}");
                broken.push(Broken::Changed { n, of });
            } else if !account(event.leaf) {
                broken.push(Broken::Foreign { session });
            } else {
                entries += 1;
            }
            broken.truncate(chain::MOST);
        });
        if let Err(error) = read.and(failed) {
            let reason = format!("conversation {session}: {error}");
            broken.push(Broken::Unreadable { reason });
        } else if found < conversation.events {
            let missing = conversation.events - found;
            let of = format!("conversation {session}");
            broken.push(Broken::Removed { missing, of });
        } else if found != conversation.events
            || times != Some((conversation.begun_ms, conversation.last_ms))
        {
            broken.push(Broken::Times { session });
        }
    }
    let missing = accounted.iter().skip(1).filter(|seen| !**seen).count();
    if missing > 0 && broken.is_empty() {
        broken.push(Broken::Removed {
            missing: missing as u64,
            of: "all of it".into(),
        });
    }
    Ok(Verified::new(head, entries, erased, broken))
}
